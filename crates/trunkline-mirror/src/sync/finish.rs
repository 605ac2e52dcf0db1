//! The end of a run: what every stream came to, kept in the mirror and told in the report.

use std::{collections::BTreeMap, time::Duration};

use super::{
    context::{Context, Counts, Ending},
    units::{UNITS, in_order},
    workspace::Me,
};
use crate::{
    report::{Lacking, Rejected, StreamReport, StreamState, SyncReport},
    storage::{Change, Completeness, StorageError},
};

/// The kinds of facts that a run leaves in the mirror.
pub(crate) const FACTS: [&str; 5] = [
    "stated_total",
    "empty_by_permission",
    "not_in_version",
    "not_asked_for",
    "failed",
];

/// Keeps what is known of every stream in the mirror, and makes the report.
pub(crate) async fn report(
    ctx: &Context<'_>,
    me: &Me,
    requests: u64,
    took: Duration,
) -> Result<SyncReport, StorageError> {
    let endings: BTreeMap<&'static str, Ending> = ctx
        .selected
        .iter()
        .filter_map(|stream| Some((*stream, ending(ctx, stream)?)))
        .collect();
    let facts = ctx
        .selected
        .iter()
        .flat_map(|stream| facts(stream, &ctx.counts(stream), endings.get(stream)))
        .collect();
    ctx.write("workspace", facts, None).await?;
    let held = ctx.storage.completeness().await?;
    let rows: BTreeMap<&str, u64> = held
        .streams
        .iter()
        .map(|stream| (stream.stream, stream.rows))
        .collect();
    let streams = in_order()
        .filter(|stream| ctx.selected.contains(stream))
        .map(|stream| {
            line(
                stream,
                &ctx.counts(stream),
                endings.get(stream),
                rows.get(stream).copied().unwrap_or(0),
                &held,
            )
        })
        .collect();
    Ok(SyncReport {
        workspace: me.app.id_code.clone(),
        workspace_name: me.name(),
        time_zone: me.time_zone(),
        version: ctx.client.version().to_string(),
        started_at: ctx.started_at,
        seconds: took.as_secs_f64(),
        requests,
        streams,
        lacking: lacking(held),
    })
}

/// How a stream ended: by itself, or as the stream that it hangs on did.
fn ending(ctx: &Context<'_>, stream: &'static str) -> Option<Ending> {
    let own = ctx.counts(stream).ending;
    let own = own.or_else(|| {
        // Most files come with parts.
        (stream == "attachments")
            .then(|| ctx.counts("conversation_parts").ending)
            .flatten()
    });
    own.or_else(|| {
        let unit = UNITS.iter().find(|unit| unit.streams.contains(&stream))?;
        ctx.counts(unit.stream())
            .ending
            .filter(|ending| ending.state != StreamState::Complete)
    })
}

fn facts(stream: &'static str, counts: &Counts, ending: Option<&Ending>) -> Vec<Change> {
    let state = ending.map(|ending| ending.state);
    let why = ending.and_then(|ending| ending.why.clone()).unwrap_or_default();
    let when = |wanted| {
        if state == Some(wanted) {
            why.clone()
        } else {
            String::new()
        }
    };
    let [stated, permission, version, asked, failed] = FACTS;
    let note = |kind, value| Change::Note { stream, kind, value };
    vec![
        note(
            stated,
            counts.stated.map(|stated| stated.to_string()).unwrap_or_default(),
        ),
        note(permission, when(StreamState::EmptyByPermission)),
        note(version, when(StreamState::NotInVersion)),
        note(asked, when(StreamState::NotAskedFor)),
        note(failed, when(StreamState::Failed)),
    ]
}

fn line(
    stream: &'static str,
    counts: &Counts,
    ending: Option<&Ending>,
    held: u64,
    all: &Completeness,
) -> StreamReport {
    let mut report = StreamReport {
        stream,
        state: ending.map_or(StreamState::Complete, |ending| ending.state),
        why: ending.and_then(|ending| ending.why.clone()),
        code: ending.and_then(|ending| ending.code),
        advice: ending.and_then(|ending| ending.advice.clone()),
        records: counts.records,
        inserted: counts.inserted,
        updated: counts.updated,
        deleted: counts.deleted,
        requests: counts.requests,
        seconds: counts.seconds,
        held,
        stated: counts.stated,
        found_by_poll: counts.changed,
        newest_found: counts.newest.keys(),
    };
    if stream == "conversation_parts" && all.parts_stated > 0 {
        report.stated = Some(all.parts_stated);
        if report.state == StreamState::Complete && all.conversations_truncated > 0 {
            report.why = Some(format!(
                "{} conversations have more parts than the API gives",
                all.conversations_truncated
            ));
        }
    }
    report
}

/// What is lacking beyond whole rows.
pub(crate) fn lacking(held: Completeness) -> Lacking {
    Lacking {
        conversations_lacking_parts: held.conversations_pending,
        conversations_truncated: held.conversations_truncated,
        contacts_lacking_lists: held.contacts_pending,
        rejected: held
            .rejects
            .into_iter()
            .map(|rejects| Rejected {
                stream: rejects.stream,
                records: rejects.records,
                latest: rejects.latest,
            })
            .collect(),
    }
}
