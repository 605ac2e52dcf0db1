//! A table of PostgreSQL that grows with what comes.
//!
//! The one rule: all happens in one transaction that holds the table against others' changes of its columns. A batch goes out
//! without waiting between its rows; where a row is refused, it goes again row by row, each with a way back.

use std::collections::HashMap;

use futures::future::join_all;
use tokio_postgres::{Client, Error, Statement, Transaction, types::ToSql};
use trunkline_flow::ComponentError;

use crate::sql::{
    postgres::{failed, is_about_values},
    quoted,
    shape::{self, Kind},
    table::{Change, Columns, Growth, Held, KEY, Place, grow},
};

/// What was refused, by its place in the list.
pub(super) type Refused = HashMap<usize, ComponentError>;

/// The table's name as it stands in statements.
fn name(schema: Option<&str>, place: &Place) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&place.name)),
        None => quoted(&place.name),
    }
}

/// Brings changes into the table.
pub(super) async fn keep(
    client: &mut Client,
    changes: &[(usize, Change)],
    schema: Option<&str>,
    place: &Place,
) -> Result<Refused, ComponentError> {
    match attempt(client, changes, schema, place, false).await {
        // One row or the other was refused, and all with it.
        Err(Trouble::Values) => match attempt(client, changes, schema, place, true).await {
            Ok(refused) => Ok(refused),
            Err(Trouble::Other(error)) => Err(error),
            Err(Trouble::Values) => Err(ComponentError::retry(
                "TL0867",
                format!("{place} refused rows that it had taken one by one"),
                "It is tried again.",
            )),
        },
        Err(Trouble::Other(error)) => Err(error),
        Ok(refused) => Ok(refused),
    }
}

enum Trouble {
    Values,
    Other(ComponentError),
}

impl From<ComponentError> for Trouble {
    fn from(error: ComponentError) -> Self {
        Self::Other(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Other(failed(&error))
    }
}

async fn attempt(
    client: &mut Client,
    changes: &[(usize, Change)],
    schema: Option<&str>,
    place: &Place,
    is_careful: bool,
) -> Result<Refused, Trouble> {
    let table = name(schema, place);
    let mut transaction = client.transaction().await?;
    let mut columns = open(&transaction, &table, schema, place).await?;
    let (growth, mut refused) = grow(&columns, changes, place);
    if !growth.is_empty() {
        grow_table(&transaction, &mut columns, &growth, &table).await?;
    }
    let ours: Vec<(&String, Kind)> = columns
        .iter()
        .filter_map(|(name, held)| match held {
            Held::Ours(kind) => Some((name, *kind)),
            Held::Foreign(_) => None,
        })
        .collect();
    let put = transaction.prepare(&insertion(&table, &ours)).await?;
    let delete = format!("delete from {table} where {} = $1", quoted(KEY));
    let delete = transaction.prepare(&delete).await?;
    let taken: Vec<&(usize, Change)> = changes
        .iter()
        .filter(|(at, _)| !refused.contains_key(at))
        .collect();
    if is_careful {
        for (at, change) in taken {
            let point = transaction.transaction().await?;
            match one(&point, change, &ours, &put, &delete).await {
                Ok(()) => point.commit().await?,
                Err(error) if is_about_values(&error) => {
                    point.rollback().await?;
                    refused.insert(*at, refusal(change, place, &error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    } else {
        let sent = taken
            .iter()
            .map(|(_, change)| one(&transaction, change, &ours, &put, &delete));
        for result in join_all(sent).await {
            match result {
                Ok(()) => {}
                Err(error) if is_about_values(&error) => return Err(Trouble::Values),
                Err(error) => return Err(error.into()),
            }
        }
    }
    transaction.commit().await?;
    Ok(refused)
}

fn refusal(change: &Change, place: &Place, error: &Error) -> ComponentError {
    let told = error.as_db_error();
    let code = error.code().map_or("", |code| code.code());
    let why = told.map_or_else(
        || error.to_string(),
        |told| format!("{} [{code}]", told.message()),
    );
    ComponentError::reject(
        "TL0869",
        format!("{place} takes no such row: {why}"),
        "Mend the record, or the rule of the table that it breaks.",
    )
    .with_exchange(Some(change.shown(&place.name)), None)
}

/// Makes the table where it is not there, holds it, and says what columns it has.
async fn open(
    transaction: &Transaction<'_>,
    table: &str,
    schema: Option<&str>,
    place: &Place,
) -> Result<Columns, Trouble> {
    // Two that make the same table at once would disturb each other.
    transaction
        .query(
            "select pg_advisory_xact_lock(hashtextextended($1, 7126))",
            &[&table],
        )
        .await?;
    let is_there = transaction
        .query_one("select to_regclass($1) is not null", &[&table])
        .await?
        .get::<_, bool>(0);
    if !is_there {
        if let Some(schema) = schema {
            let create = format!("create schema if not exists {}", quoted(schema));
            transaction.batch_execute(&create).await?;
        }
        let create = format!("create table {table} ({} text primary key)", quoted(KEY));
        transaction.batch_execute(&create).await?;
    }
    transaction
        .batch_execute(&format!("lock table {table} in row exclusive mode"))
        .await?;
    let found = transaction
        .query(
            "select a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(i.indisprimary, false) and i.indnkeyatts = 1
             from pg_attribute a
             left join pg_index i on i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)
             where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
             order by a.attnum",
            &[&table],
        )
        .await?;
    let has_key = found.iter().any(|row| {
        let (name, kind, is_key) = (
            row.get::<_, &str>(0),
            row.get::<_, &str>(1),
            row.get::<_, Option<bool>>(2),
        );
        name == KEY && kind == "text" && is_key == Some(true)
    });
    if !has_key {
        let names: Vec<String> = found.iter().map(|row| row.get(0)).collect();
        return Err(place.is_not_ours(&names).into());
    }
    let columns = found
        .iter()
        .filter(|row| row.get::<_, &str>(0) != KEY)
        .map(|row| {
            let kind = row.get::<_, &str>(1);
            let held = match kind {
                "boolean" => Held::Ours(Kind::Boolean),
                "bigint" => Held::Ours(Kind::Integer),
                "double precision" => Held::Ours(Kind::Real),
                "text" => Held::Ours(Kind::Text),
                "jsonb" => Held::Ours(Kind::Json),
                _ => Held::Foreign(kind.to_owned()),
            };
            (row.get(0), held)
        });
    Ok(columns.collect())
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Real => "double precision",
        Kind::Text => "text",
        Kind::Json => "jsonb",
    }
}

async fn grow_table(
    transaction: &Transaction<'_>,
    columns: &mut Columns,
    growth: &Growth,
    table: &str,
) -> Result<(), Trouble> {
    let mut steps = Vec::new();
    for (name, kind) in &growth.add {
        steps.push(format!("add column {} {}", quoted(name), type_of(*kind)));
        columns.insert(name.clone(), Held::Ours(*kind));
    }
    for (name, kind) in &growth.widen {
        let column = quoted(name);
        let mut kind = *kind;
        if kind == Kind::Real && columns.get(name) == Some(&Held::Ours(Kind::Integer)) {
            let many = format!(
                "select exists (select from {table} where abs({column}::numeric) > 9007199254740992)"
            );
            if transaction.query_one(&many, &[]).await?.get(0) {
                kind = Kind::Text;
            }
        }
        let old = match kind {
            Kind::Json => format!("to_jsonb({column})"),
            other => format!("{column}::{}", type_of(other)),
        };
        steps.push(format!(
            "alter column {column} type {} using {old}",
            type_of(kind)
        ));
        columns.insert(name.clone(), Held::Ours(kind));
    }
    transaction
        .batch_execute(&format!("alter table {table} {}", steps.join(", ")))
        .await?;
    Ok(())
}

fn insertion(table: &str, columns: &[(&String, Kind)]) -> String {
    let key = quoted(KEY);
    let (mut names, mut marks, mut sets) = (vec![key.clone()], vec!["$1".to_owned()], Vec::new());
    for (at, (name, kind)) in columns.iter().enumerate() {
        let name = quoted(name);
        sets.push(format!("{name} = excluded.{name}"));
        names.push(name);
        marks.push(format!("${}::text::{}", at + 2, type_of(*kind)));
    }
    let then = if sets.is_empty() {
        "nothing".to_owned()
    } else {
        format!("update set {}", sets.join(", "))
    };
    format!(
        "insert into {table} ({}) values ({}) on conflict ({key}) do {then}",
        names.join(", "),
        marks.join(", ")
    )
}

async fn one(
    transaction: &Transaction<'_>,
    change: &Change,
    columns: &[(&String, Kind)],
    put: &Statement,
    delete: &Statement,
) -> Result<(), Error> {
    let values = match change {
        Change::Delete { key } => {
            transaction.execute(delete, &[key]).await?;
            return Ok(());
        }
        Change::Put { values, .. } => values,
    };
    let mut cells = vec![Some(change.key().to_owned())];
    for (name, kind) in columns {
        cells.push(values.get(*name).and_then(|value| shape::text(*kind, value)));
    }
    let cells: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
    transaction.execute(put, &cells).await?;
    Ok(())
}
