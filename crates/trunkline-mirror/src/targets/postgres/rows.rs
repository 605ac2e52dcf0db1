//! How rows get into a table: copied in at once, compared there, and only those that differ written.
//!
//! The one rule: memory holds a chunk, whatever the table's size; everything else is the server's.

use std::fmt::Write as _;

use bytes::Bytes;
use futures::{SinkExt as _, pin_mut};
use tokio_postgres::{Client, Error};

use super::{CellKind, failed, quote, text};
use crate::targets::{Chunk, Chunks, Counts, Extent, TableShape, TargetError};

/// One table being written.
pub(super) struct Writing<'a> {
    pub(super) client: &'a Client,
    pub(super) target: &'a str,
    pub(super) table: String,
    pub(super) shape: &'a TableShape,
    pub(super) kinds: &'a [CellKind],
}

/// Where rows wait to be compared.
const WAITING: &str = "pg_temp._trunkline_rows";

impl Writing<'_> {
    pub(super) async fn run(&self, extent: Extent, chunks: Chunks) -> Result<Counts, TargetError> {
        if extent == Extent::Whole && self.is_empty().await? {
            let inserted = self.copy(&self.table, chunks, &mut Counts::default()).await?;
            return Ok(Counts {
                inserted,
                ..Counts::default()
            });
        }
        let columns = self.columns();
        self.sql(&format!(
            "CREATE TEMP TABLE _trunkline_rows ON COMMIT DROP AS SELECT {columns} FROM {} WITH NO DATA",
            self.table
        ))
        .await?;
        let mut counts = Counts::default();
        let copied = self.copy(WAITING, chunks, &mut counts).await?;
        if copied > 0 {
            self.sql(&format!("ANALYZE {WAITING}")).await?;
            let row = self
                .client
                .query_one(&self.upsert(), &[])
                .await
                .map_err(|error| self.fail(&error))?;
            counts.inserted += row.get::<_, i64>(0).unsigned_abs();
            counts.updated += row.get::<_, i64>(1).unsigned_abs();
        }
        if extent == Extent::Whole {
            let same: Vec<String> = self
                .shape
                .key_names()
                .map(|name| format!("held.{0} = given.{0}", quote(name)))
                .collect();
            counts.deleted += self
                .client
                .execute(
                    &format!(
                        "DELETE FROM {} AS held WHERE NOT EXISTS (SELECT 1 FROM {WAITING} AS given WHERE {})",
                        self.table,
                        same.join(" AND ")
                    ),
                    &[],
                )
                .await
                .map_err(|error| self.fail(&error))?;
        }
        self.sql(&format!("DROP TABLE {WAITING}")).await?;
        Ok(counts)
    }

    async fn is_empty(&self) -> Result<bool, TargetError> {
        let row = self
            .client
            .query_opt(&format!("SELECT 1 FROM {} LIMIT 1", self.table), &[])
            .await
            .map_err(|error| self.fail(&error))?;
        Ok(row.is_none())
    }

    /// Copies the rows of the chunks into a table, and takes what is gone away from the real one; how many were copied.
    async fn copy(&self, into: &str, mut chunks: Chunks, counts: &mut Counts) -> Result<u64, TargetError> {
        let statement = format!("COPY {into} ({}) FROM STDIN", self.columns());
        let sink = self
            .client
            .copy_in::<_, Bytes>(&statement)
            .await
            .map_err(|error| self.fail(&error))?;
        pin_mut!(sink);
        let mut gone = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            let Chunk { rows, gone: keys } = chunk?;
            gone.extend(keys);
            if rows.is_empty() {
                continue;
            }
            let mut lines = String::new();
            for row in &rows {
                text::line(&mut lines, self.kinds, row);
            }
            sink.send(Bytes::from(lines))
                .await
                .map_err(|error| self.fail(&error))?;
        }
        let copied = sink.finish().await.map_err(|error| self.fail(&error))?;
        counts.deleted += self.remove(&gone).await?;
        Ok(copied)
    }

    async fn remove(&self, keys: &[Vec<String>]) -> Result<u64, TargetError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let mut arrays = Vec::new();
        let mut names = String::new();
        let mut same = Vec::new();
        for (place, name) in self.shape.key_names().enumerate() {
            arrays.push(
                keys.iter()
                    .filter_map(|key| key.get(place).map(|value| text::without_nul(value).into_owned()))
                    .collect::<Vec<String>>(),
            );
            let separator = if place == 0 { "" } else { ", " };
            // Writing to a text cannot fail.
            let _ = write!(names, "{separator}${}::text[]", place + 1);
            same.push(format!("held.{} = gone.k{place}", quote(name)));
        }
        let columns: Vec<String> = (0..arrays.len()).map(|place| format!("k{place}")).collect();
        let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            arrays.iter().map(|array| array as _).collect();
        self.client
            .execute(
                &format!(
                    "DELETE FROM {} AS held USING unnest({names}) AS gone({}) WHERE {}",
                    self.table,
                    columns.join(", "),
                    same.join(" AND ")
                ),
                &values,
            )
            .await
            .map_err(|error| self.fail(&error))
    }

    fn columns(&self) -> String {
        let names: Vec<String> = self
            .shape
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        names.join(", ")
    }

    /// Inserts what is new, updates what differs, and counts both.
    fn upsert(&self) -> String {
        let columns = self.columns();
        let key: Vec<String> = self.shape.key_names().map(quote).collect();
        let others: Vec<String> = self
            .shape
            .columns
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.shape.key.contains(place))
            .map(|(_, column)| quote(&column.name))
            .collect();
        let action = if others.is_empty() {
            "DO NOTHING".to_owned()
        } else {
            let prefixed = |prefix: &str| {
                let names: Vec<String> = others.iter().map(|name| format!("{prefix}.{name}")).collect();
                names.join(", ")
            };
            let sets: Vec<String> = others
                .iter()
                .map(|name| format!("{name} = excluded.{name}"))
                .collect();
            format!(
                "DO UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})",
                sets.join(", "),
                prefixed("held"),
                prefixed("excluded")
            )
        };
        format!(
            "WITH written AS (INSERT INTO {} AS held ({columns}) SELECT {columns} FROM {WAITING} \
             ON CONFLICT ({}) {action} RETURNING xmax = 0 AS is_new) \
             SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written",
            self.table,
            key.join(", ")
        )
    }

    async fn sql(&self, sql: &str) -> Result<(), TargetError> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|error| self.fail(&error))
    }

    fn fail(&self, error: &Error) -> TargetError {
        failed(
            self.target,
            &format!("write the table `{}`", self.shape.name),
            error,
        )
    }
}
