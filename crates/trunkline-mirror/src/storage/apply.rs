//! What each change does, and the checkpoint at the end of its batch.
//!
//! The one rule: everything here runs inside the transaction that the engine opened, the checkpoint too. Read
//! `upsert.rs` for records, `members.rs` for lists, `passes.rs` and `vanish.rs` for what disappears.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Batch, Change, StorageError, Written,
    layout::Layout,
    members::{self, MemberSet},
    parts, passes,
    upsert::{Outcome, Upsert},
    vanish,
    work::{Failure, Work},
};
use crate::tables::TableKind;

/// Applies one batch.
pub(super) fn batch<'c>(work: &mut Work<'c>, batch: &Batch) -> Result<Written, Failure> {
    let mut own = Vec::new();
    let mut parts = None;
    for change in &batch.changes {
        apply(work, change, &mut parts)?;
        own.extend(stream_of(change));
    }
    if let Some(checkpoint) = &batch.checkpoint {
        work.connection
            .prepare_cached(
                "INSERT INTO _trunkline_checkpoints (stream, cursor, saved_at) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET cursor = excluded.cursor, saved_at = excluded.saved_at",
            )?
            .execute(params![
                checkpoint.stream,
                checkpoint.cursor.to_string(),
                work.now
            ])?;
    }
    let mut written = Written {
        newest: std::mem::take(&mut work.newest),
        ..Written::default()
    };
    for (stream, tally) in &work.tallies {
        written.count(stream, tally, own.contains(stream));
    }
    Ok(written)
}

fn stream_of(change: &Change) -> Option<&'static str> {
    match change {
        Change::Records { stream, .. }
        | Change::Children { stream, .. }
        | Change::ChildrenPage { stream, .. }
        | Change::Vanished { stream, .. }
        | Change::Alias { stream, .. }
        | Change::PassComplete { stream, .. }
        | Change::BadRecord { stream, .. } => Some(stream),
        Change::Parts { .. } => Some("conversation_parts"),
        Change::Workspace { .. } | Change::PassStarted { .. } | Change::Note { .. } => None,
    }
}

/// `parts` are the statements for parts, kept from one conversation of a batch to the next.
fn apply<'c>(work: &mut Work<'c>, change: &Change, parts: &mut Option<Upsert<'c>>) -> Result<(), Failure> {
    match change {
        Change::Workspace {
            id_code,
            name,
            time_zone,
            region,
            version,
        } => set_workspace(work, [id_code, name, time_zone, region, version]),
        Change::Records {
            stream,
            records,
            pass,
        } => write_records(work, stream, records, *pass),
        Change::Children {
            stream,
            parent_id,
            records,
        } => children(work, stream, parent_id, records, members::Page::Whole),
        Change::ChildrenPage {
            stream,
            parent_id,
            records,
            first,
            last,
        } => children(
            work,
            stream,
            parent_id,
            records,
            members::Page::Part {
                first: *first,
                last: *last,
            },
        ),
        Change::Parts {
            conversation_id,
            records,
            total_count,
            stated,
        } => {
            let upsert = match parts {
                Some(upsert) => upsert,
                None => parts.insert(parts::upsert(work)?),
            };
            parts::write(work, upsert, conversation_id, records, *total_count, *stated)
        }
        Change::Vanished { stream, ids } => {
            let layout = layout(work, stream, "deletions")?;
            for id in ids {
                vanish::record(work, layout, id)?;
            }
            Ok(())
        }
        Change::Alias {
            stream,
            old_id,
            new_id,
        } => {
            let layout = layout(work, stream, "aliases")?;
            if old_id == new_id {
                return Ok(());
            }
            work.connection
                .prepare_cached(
                    "INSERT INTO _trunkline_aliases (stream, old_id, new_id, seen_at) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT DO UPDATE SET new_id = excluded.new_id, seen_at = excluded.seen_at \
                     WHERE new_id <> excluded.new_id",
                )?
                .execute(params![stream, old_id, new_id, work.now])?;
            vanish::record(work, layout, old_id)
        }
        Change::PassStarted { stream, pass } => passes::start(work, layout(work, stream, "passes")?, *pass),
        Change::PassComplete { stream, pass } => {
            passes::complete(work, layout(work, stream, "passes")?, *pass)
        }
        Change::Note { stream, kind, value } => note(work, stream, kind, value),
        Change::BadRecord {
            stream,
            error,
            record,
        } => work.reject(stream, error, record),
    }
}

/// The table of a stream of records.
fn layout<'c>(work: &Work<'c>, stream: &str, what: &'static str) -> Result<&'c Layout, Failure> {
    work.layouts
        .get(stream)
        .filter(|layout| !layout.table.is_members())
        .ok_or_else(|| unknown(work, stream, what))
}

fn unknown(work: &Work<'_>, stream: &str, what: &'static str) -> Failure {
    StorageError::UnknownStream {
        path: work.path.to_path_buf(),
        stream: stream.to_owned(),
        what,
    }
    .into()
}

fn write_records(
    work: &mut Work<'_>,
    stream: &'static str,
    records: &[Bytes],
    pass: Option<i64>,
) -> Result<(), Failure> {
    let layout = layout(work, stream, "records")?;
    let mut seen = passes::Seen::of(work, layout, pass)?;
    let mut upsert = Upsert::new(work, layout)?;
    for record in records {
        if upsert.write(work, record, None)? != Outcome::Rejected {
            seen.add(upsert.key())?;
        }
    }
    Ok(())
}

fn children(
    work: &mut Work<'_>,
    stream: &'static str,
    parent_id: &str,
    records: &[Bytes],
    page: members::Page,
) -> Result<(), Failure> {
    let layout = work
        .layouts
        .get(stream)
        .ok_or_else(|| unknown(work, stream, "children"))?;
    match layout.table.kind {
        TableKind::Records => return Err(unknown(work, stream, "children")),
        TableKind::Members => MemberSet::new(work, layout, None)?.replace(work, parent_id, records, page)?,
        TableKind::Nested { .. } => members::replace_nested(work, layout, parent_id, records, page)?,
    }
    if page.ends() {
        members::clear_need(work, layout, parent_id)?;
    }
    Ok(())
}

fn note(work: &Work<'_>, stream: &str, kind: &str, value: &str) -> Result<(), Failure> {
    if value.is_empty() {
        work.connection
            .prepare_cached("DELETE FROM _trunkline_stream_state WHERE stream = ?1 AND kind = ?2")?
            .execute([stream, kind])?;
        return Ok(());
    }
    work.connection
        .prepare_cached(
            "INSERT INTO _trunkline_stream_state (stream, kind, value, noted_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET value = excluded.value, noted_at = excluded.noted_at",
        )?
        .execute([stream, kind, value, &work.now])?;
    Ok(())
}

/// The code of the workspace that the mirror holds.
pub(super) fn workspace(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    connection
        .query_row("SELECT id_code FROM _trunkline_workspace", [], |row| row.get(0))
        .optional()
}

fn set_workspace(work: &mut Work<'_>, values: [&String; 5]) -> Result<(), Failure> {
    let [id_code, name, time_zone, region, version] = values;
    if let Some(held) = work.state.workspace.as_ref().filter(|held| *held != id_code) {
        return Err(StorageError::OtherWorkspace {
            path: work.path.to_path_buf(),
            held: held.clone(),
            found: id_code.clone(),
        }
        .into());
    }
    work.connection
        .prepare_cached(
            "INSERT INTO _trunkline_workspace (id_code, name, time_zone, region, version, seen_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET name = excluded.name, \
             time_zone = excluded.time_zone, region = excluded.region, version = excluded.version, \
             seen_at = excluded.seen_at",
        )?
        .execute([id_code, name, time_zone, region, version, &work.now])?;
    work.state.workspace = Some(id_code.clone());
    Ok(())
}
