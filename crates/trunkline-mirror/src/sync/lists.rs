//! Streams that are read as whole lists, every run: reference data, and companies when there are few enough.
//!
//! The one rule: a row that a list did not show is marked deleted only when the list was certainly read whole.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_client::{Call, Page};

use super::{
    context::{Context, Ending, both},
    cursor::Cursor,
    errors::Halt,
};
use crate::storage::Change;

/// How long a list that only people change in the settings is taken as read, in seconds.
const SETTLED: i64 = 3_600;

/// Tells whether the pages of a list made a whole, although rows may have moved between them.
#[derive(Debug, Default)]
pub(crate) struct Census {
    seen: HashSet<u64>,
    total: Option<u64>,
    pages: u32,
    moved: bool,
}

impl Census {
    /// Takes a page into account.
    pub(crate) fn page(&mut self, page: &Page) {
        self.rows(page.rows(), page.total_count);
    }

    fn rows(&mut self, rows: &[Bytes], total: Option<u64>) {
        self.pages += 1;
        self.moved |= self.pages > 1 && total != self.total;
        self.total = total;
        for row in rows {
            self.moved |= !self.seen.insert(identity(row));
        }
    }

    /// Whether nothing can be missing: one page, or as many different rows as every page stated.
    pub(crate) fn is_whole(&self) -> bool {
        let counted = self.total.is_none_or(|total| total == self.seen.len() as u64);
        if self.pages <= 1 {
            counted || self.total == Some(0)
        } else {
            counted && !self.moved
        }
    }

    /// Rows that were seen.
    pub(crate) fn rows_seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Rows that the last page stated.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }
}

/// A number for the row's id; a row without an id stands for itself.
fn identity(row: &Bytes) -> u64 {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let mut hasher = DefaultHasher::new();
    match serde_json::from_slice::<Named<'_>>(row) {
        Ok(named) => named.id.get().hash(&mut hasher),
        Err(_) => row.hash(&mut hasher),
    }
    hasher.finish()
}

/// Reads a whole list as one pass.
pub(crate) async fn read(
    ctx: &Context<'_>,
    stream: &'static str,
    call: Call,
    cursor: Option<&Cursor>,
) -> Result<Census, Halt> {
    let pass = ctx.new_pass(stream).await?;
    let mut pages = ctx.client.pages(call, None);
    let mut census = Census::default();
    let mut next = ctx.next_page(stream, &mut pages).await?;
    let mut changes = vec![Change::PassStarted { stream, pass }];
    while let Some(page) = next.take() {
        census.page(&page);
        let more = page.next.is_some();
        changes.push(Change::Records {
            stream,
            records: page.into_rows(),
            pass: Some(pass),
        });
        if more {
            let write = ctx.write(stream, std::mem::take(&mut changes), None);
            next = both(write, ctx.next_page(stream, &mut pages)).await?.1;
        }
    }
    ctx.state_total(stream, census.total().unwrap_or_else(|| census.rows_seen()));
    if census.is_whole() {
        changes.push(Change::PassComplete { stream, pass });
    } else {
        ctx.end(
            stream,
            Ending::complete("the list changed while it was read; the next run tells what vanished"),
        );
    }
    ctx.write(stream, changes, cursor).await?;
    Ok(census)
}

/// Reads a list that hardly changes, unless it was read a little while ago.
pub(crate) async fn read_settled(ctx: &Context<'_>, stream: &'static str, call: Call) -> Result<(), Halt> {
    if let Some(cursor) = unsettled(ctx, stream).await? {
        read(ctx, stream, call, Some(&cursor)).await?;
    }
    Ok(())
}

/// The position after a reading of a list that hardly changes; none when an earlier reading still stands.
pub(crate) async fn unsettled(ctx: &Context<'_>, stream: &'static str) -> Result<Option<Cursor>, Halt> {
    let saved = ctx.cursor(stream).await?;
    let now = ctx.started_at.as_second();
    let version = ctx.client.version().to_string();
    let named = ctx.options.streams.is_some() || ctx.options.full;
    if !named && is_settled(&saved, now, &version) {
        let held = ctx.held(stream).await?;
        ctx.count(stream, |counts| counts.stated = Some(held));
        ctx.end(
            stream,
            Ending::complete("read less than an hour ago, not read again"),
        );
        return Ok(None);
    }
    Ok(Some(Cursor {
        read_at: Some(now),
        version: Some(version),
        ..Cursor::default()
    }))
}

/// Whether a reading still stands. A clock that jumped back makes it stand no longer.
fn is_settled(saved: &Cursor, now: i64, version: &str) -> bool {
    saved.version.as_deref() == Some(version)
        && saved
            .read_at
            .is_some_and(|read| (0..SETTLED).contains(&now.saturating_sub(read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[u32]) -> Vec<Bytes> {
        ids.iter()
            .map(|id| Bytes::from(format!("{{\"id\":{id}}}")))
            .collect()
    }

    #[test]
    fn only_a_whole_list_tells_of_deletions() {
        type Case<'a> = (&'a [(&'a [u32], Option<u64>)], bool);
        let cases: [Case<'_>; 9] = [
            (&[(&[1, 2], None)], true),
            (&[(&[], Some(0))], true),
            (&[(&[1, 2], Some(2))], true),
            (&[(&[1, 2], Some(3))], false),
            (&[(&[1, 2], Some(4)), (&[3, 4], Some(4))], true),
            (&[(&[1, 2], Some(4)), (&[2, 3], Some(4))], false),
            (&[(&[1, 2], Some(4)), (&[4], Some(3))], false),
            (&[(&[1, 2], Some(3)), (&[3, 4], Some(4))], false),
            (&[(&[1, 2], None), (&[2, 3], None)], false),
        ];
        for (pages, whole) in cases {
            let mut census = Census::default();
            for (ids, total) in pages {
                census.rows(&rows(ids), *total);
            }
            assert_eq!(census.is_whole(), whole, "{pages:?}");
        }
    }

    #[test]
    fn a_reading_stands_for_an_hour_unless_the_clock_or_the_version_changes() {
        let saved = Cursor {
            read_at: Some(10_000),
            version: Some("2.16".to_owned()),
            ..Cursor::default()
        };
        for (now, version, settled) in [
            (10_000, "2.16", true),
            (13_599, "2.16", true),
            (13_600, "2.16", false),
            (9_999, "2.16", false),
            (10_001, "2.14", false),
        ] {
            assert_eq!(is_settled(&saved, now, version), settled, "{now} {version}");
        }
        assert!(!is_settled(&Cursor::default(), 0, "2.16"));
    }
}
