//! Phone calls: the list, newest first, and the transcripts that the mirror lacks.
//!
//! The one rule: a transcript is asked for once. The list does not give it, so what is held goes back into the record
//! before it is written, and an unchanged call stays unchanged.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use rusqlite::OptionalExtension as _;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use trunkline_client::{Call, CallError, Disposition};

use super::{
    context::{Context, Ending},
    cursor::Cursor,
    errors::Halt,
    lists::Census,
    search::seconds,
};
use crate::{
    extract::with_fields,
    storage::{Change, StorageError},
    time,
};

const STREAM: &str = "calls";
/// How many conversations one search names.
const AT_A_TIME: usize = 20;
/// A call without a transcript is waited for so long, in seconds; after that only a full reading asks again.
const WAITED_FOR: i64 = 2 * 86_400;

/// What a row of the list says that is needed here.
#[derive(Deserialize)]
struct Named {
    id: String,
    conversation_id: Option<String>,
    transcription_url: Option<String>,
    created_at: Option<Value>,
}

/// A row of the list, with what the mirror knows about it.
struct Row {
    record: Bytes,
    named: Option<Named>,
    transcript: Option<String>,
    /// The mirror has it without a transcript, and has waited for one long enough.
    given_up: bool,
}

impl Row {
    fn lacks_transcript(&self) -> bool {
        self.transcript.is_none()
            && !self.given_up
            && self
                .named
                .as_ref()
                .is_some_and(|named| named.transcription_url.is_some() && named.conversation_id.is_some())
    }

    /// The record as it is kept.
    fn into_record(self) -> Bytes {
        let spliced = self.transcript.as_ref().and_then(|transcript| {
            let record = std::str::from_utf8(&self.record).ok()?;
            with_fields(record, &[("transcript", transcript)])
        });
        spliced.map_or(self.record, Bytes::from)
    }
}

/// Reads the calls: all of them the first time and when something vanished, otherwise down to what is held.
pub(crate) async fn read(ctx: &Context<'_>) -> Result<(), Halt> {
    let saved = ctx.cursor(STREAM).await?;
    if saved.read_at.is_some() && !ctx.options.full && newest(ctx).await? {
        return Ok(());
    }
    whole(ctx).await
}

/// Reads page by page until nothing is new; false when the whole list has to be read, as something vanished.
async fn newest(ctx: &Context<'_>) -> Result<bool, Halt> {
    let mut pages = ctx.client.pages(Call::new("calls.list"), None);
    while let Some(page) = ctx.next_page(STREAM, &mut pages).await? {
        let total = page.total_count;
        let last = page.next.is_none();
        let rows = complete(ctx, rows_of(ctx, page.into_rows()).await?).await?;
        let written = ctx.write(STREAM, vec![records(rows, None)], None).await?;
        let held = ctx.held(STREAM).await?;
        let Some(total) = total else { return Ok(false) };
        if held > total || (last && held != total) {
            return Ok(false);
        }
        let quiet = written.inserted + written.updated == 0;
        if last || (quiet && held == total && !waits_for_transcripts(ctx).await?) {
            ctx.state_total(STREAM, total);
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads the whole list and finds out what vanished.
async fn whole(ctx: &Context<'_>) -> Result<(), Halt> {
    let pass = ctx.new_pass(STREAM).await?;
    let mut pages = ctx.client.pages(Call::new("calls.list"), None);
    let mut census = Census::default();
    let mut changes = vec![Change::PassStarted { stream: STREAM, pass }];
    let mut waiting: Vec<Row> = Vec::new();
    while let Some(page) = ctx.next_page(STREAM, &mut pages).await? {
        census.page(&page);
        let rows = rows_of(ctx, page.into_rows()).await?;
        let (lacking, ready): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(Row::lacks_transcript);
        waiting.extend(lacking);
        changes.push(records(ready, Some(pass)));
        // As many as there are, so that what waits never grows with the workspace.
        while waiting.len() >= AT_A_TIME {
            let asked: Vec<Row> = waiting.drain(..AT_A_TIME).collect();
            changes.push(records(complete(ctx, asked).await?, Some(pass)));
        }
        ctx.write(STREAM, std::mem::take(&mut changes), None).await?;
    }
    changes.push(records(complete(ctx, waiting).await?, Some(pass)));
    ctx.state_total(STREAM, census.total().unwrap_or_else(|| census.rows_seen()));
    if census.is_whole() {
        changes.push(Change::PassComplete { stream: STREAM, pass });
    } else {
        ctx.end(
            STREAM,
            Ending::complete("the list changed while it was read; the next run tells what vanished"),
        );
    }
    let done = Cursor {
        read_at: Some(ctx.started_at.as_second()),
        ..Cursor::default()
    };
    ctx.write(STREAM, changes, Some(&done)).await?;
    Ok(())
}

/// Calls as they are kept: with the transcripts that are held or can be asked for.
pub(crate) async fn with_transcripts(ctx: &Context<'_>, records: Vec<Bytes>) -> Result<Vec<Bytes>, Halt> {
    let rows = complete(ctx, rows_of(ctx, records).await?).await?;
    Ok(rows.into_iter().map(Row::into_record).collect())
}

fn records(rows: Vec<Row>, pass: Option<i64>) -> Change {
    Change::Records {
        stream: STREAM,
        records: rows.into_iter().map(Row::into_record).collect(),
        pass,
    }
}

/// The rows of a page, with the transcripts that the mirror holds.
async fn rows_of(ctx: &Context<'_>, records: Vec<Bytes>) -> Result<Vec<Row>, StorageError> {
    let named: Vec<Option<Named>> = records
        .iter()
        .map(|record| serde_json::from_slice(record).ok())
        .collect();
    let ids: Vec<String> = named.iter().flatten().map(|named| named.id.clone()).collect();
    let mut held = held_transcripts(ctx, ids).await?;
    let recent = ctx.started_at.as_second().saturating_sub(WAITED_FOR);
    Ok(records
        .into_iter()
        .zip(named)
        .map(|(record, named)| {
            let known = named.as_ref().and_then(|named| held.remove(&named.id));
            let made = named
                .as_ref()
                .and_then(|named| seconds(named.created_at.as_ref()?));
            Row {
                given_up: known.is_some() && !ctx.options.full && made.is_some_and(|made| made < recent),
                transcript: known.flatten(),
                record,
                named,
            }
        })
        .collect())
}

/// Whether the mirror has the column of transcripts: it may have been left out.
fn keeps_transcripts(connection: &rusqlite::Connection) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT 1 FROM pragma_table_info('calls') WHERE name = 'transcript'")?
        .exists([])
}

/// The transcripts of the calls that the mirror holds; none for one that has none.
async fn held_transcripts(
    ctx: &Context<'_>,
    ids: Vec<String>,
) -> Result<HashMap<String, Option<String>>, StorageError> {
    ctx.storage
        .read(move |connection| {
            let mut held = HashMap::new();
            if !keeps_transcripts(connection)? {
                return Ok(held);
            }
            let mut find = connection.prepare_cached("SELECT transcript FROM calls WHERE id = ?1")?;
            for id in ids {
                let known: Option<Option<String>> = find.query_row([&id], |row| row.get(0)).optional()?;
                held.extend(known.map(|transcript| (id, transcript)));
            }
            Ok(held)
        })
        .await
}

/// Whether a recent call beyond the newest page still has no transcript.
async fn waits_for_transcripts(ctx: &Context<'_>) -> Result<bool, StorageError> {
    let since = ctx.started_at.as_second().saturating_sub(WAITED_FOR);
    let since = time::from_unix(since).map_or_else(String::new, |short| short.as_str().to_owned());
    ctx.storage
        .read(move |connection| {
            Ok(keeps_transcripts(connection)?
                && connection
                    .prepare_cached(
                        "SELECT 1 FROM calls WHERE transcript IS NULL AND created_at > ?1 \
                         AND transcription_url IS NOT NULL AND _deleted_at IS NULL",
                    )?
                    .exists([since])?)
        })
        .await
}

/// The rows with the transcripts that could be asked for; one that there is none of yet is asked for again by a later run.
async fn complete(ctx: &Context<'_>, mut rows: Vec<Row>) -> Result<Vec<Row>, Halt> {
    if !ctx.storage.read(keeps_transcripts).await? {
        return Ok(rows);
    }
    let conversations: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.lacks_transcript())
        .filter_map(|row| row.named.as_ref()?.conversation_id.clone())
        .collect();
    let conversations: Vec<String> = conversations.into_iter().collect();
    for some in conversations.chunks(AT_A_TIME) {
        let found = match search(ctx, some).await {
            Ok(found) => found,
            Err(error)
                if matches!(
                    error.disposition(),
                    Disposition::Reauthenticate | Disposition::Halt
                ) =>
            {
                return Err(Halt::Call(error));
            }
            Err(error) => {
                ctx.end(
                    STREAM,
                    Ending {
                        code: Some(error.code()),
                        advice: Some(error.advice()),
                        ..Ending::partial(format!("some transcripts could not be read; the latest: {error}"))
                    },
                );
                continue;
            }
        };
        for row in rows.iter_mut().filter(|row| row.lacks_transcript()) {
            row.transcript = row.named.as_ref().and_then(|named| found.get(&named.id)).cloned();
        }
    }
    Ok(rows)
}

/// What was said in the calls of some conversations, as JSON, by the calls' ids.
async fn search(ctx: &Context<'_>, conversations: &[String]) -> Result<HashMap<String, String>, CallError> {
    #[derive(Deserialize)]
    struct Found {
        id: String,
        transcript: Option<Box<RawValue>>,
    }
    #[derive(Deserialize)]
    struct List {
        data: Vec<Found>,
    }
    let call = Call::new("calls.search").body(json!({ "conversation_ids": conversations }));
    let answer = ctx.call(STREAM, call).await?;
    Ok(answer
        .json::<List>()?
        .data
        .into_iter()
        .filter_map(|found| Some((found.id, found.transcript?.get().to_owned())))
        .filter(|(_, transcript)| transcript.starts_with('['))
        .collect())
}
