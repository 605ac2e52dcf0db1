//! One object is asked for by its id, and what the answer means for the mirror.
//!
//! The one rule: an object that is not found is gone, unless it is so new that it may not be found yet; one that is older
//! than what was told is written and asked for again later.

use bytes::Bytes;
use serde_json::{Value, json};
use trunkline_client::{Answer, Call, CallError, Disposition, ErrorKind};

use super::{
    apply::TryAgain,
    contact::Verdict,
    fields::{Fields, Writer},
    plan::{Kind, Wanted},
    state,
};
use crate::{
    storage::{Change, StorageError},
    sync::{aliases, calls, context::Context, errors::Halt, parts},
};

/// For so long, in seconds, a new object may not be found although it exists.
const NOT_YET: i64 = 60;
/// For so long searches may not show what changed.
const SEARCH_LAGS: i64 = 600;

/// What became of an object.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) changes: Vec<Change>,
    /// When it went, where that is known; its changes are then written as of that moment.
    pub(super) gone_at: Option<String>,
    /// It is to be asked for once more.
    pub(super) again: Option<TryAgain>,
}

impl Fetched {
    fn of(changes: Vec<Change>) -> Self {
        Self {
            changes,
            ..Self::default()
        }
    }

    fn record(stream: &'static str, record: Bytes) -> Self {
        Self::of(vec![Change::Records {
            stream,
            records: vec![record],
            pass: None,
        }])
    }

    fn vanished(stream: &'static str, id: &str) -> Self {
        Self::of(vec![Change::Vanished {
            stream,
            ids: vec![id.to_owned()],
        }])
    }
}

/// Why an object could not be brought up to date.
#[derive(Debug)]
pub(super) enum Trouble {
    Call(CallError),
    Storage(StorageError),
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Halt> for Trouble {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Call(error) => Self::Call(error),
            Halt::Storage(error) => Self::Storage(error),
        }
    }
}

/// Whether a call failed because there is no such object.
fn is_missing(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone)
}

/// Brings one object that is no contact up to date.
pub(super) async fn object(
    ctx: &Context<'_>,
    kind: Kind,
    id: &str,
    wanted: &Wanted,
) -> Result<Fetched, Trouble> {
    // A contact that is asked for may have come back.
    if wanted.gone_at.is_some() && kind != Kind::Contact {
        return Ok(Fetched::vanished(kind.stream(), id));
    }
    let operation = match kind {
        Kind::Contact => "contacts.get",
        Kind::Company => "companies.get",
        Kind::Conversation => "conversations.get",
        Kind::Ticket => "tickets.get",
        Kind::Article => "articles.get",
        Kind::Call => "calls.get",
    };
    let answer = match ctx.call(kind.stream(), Call::new(operation).path("id", id)).await {
        Ok(answer) => answer,
        Err(error) if is_missing(&error) => return Ok(missing(ctx, kind, id, wanted, &error)),
        Err(error) => return Err(error.into()),
    };
    let again = behind(&answer, wanted);
    let body = answer.body.clone();
    let fetched = match kind {
        Kind::Contact | Kind::Ticket => Fetched::record(kind.stream(), body),
        Kind::Company => company(ctx, id, body).await?,
        Kind::Conversation => conversation(ctx, id, wanted, &answer).await?,
        Kind::Article => Fetched::record("articles", without(&body, "statistics")),
        Kind::Call => {
            let records = calls::with_transcripts(ctx, vec![body]).await?;
            Fetched::of(vec![Change::Records {
                stream: "calls",
                records,
                pass: None,
            }])
        }
    };
    Ok(Fetched { again, ..fetched })
}

/// What it means that an object is not found.
fn missing(ctx: &Context<'_>, kind: Kind, id: &str, wanted: &Wanted, error: &CallError) -> Fetched {
    let age = wanted.told_at.map(|told_at| ctx.started_at.as_second() - told_at);
    if wanted.created && age.is_some_and(|age| age < NOT_YET) {
        return Fetched {
            again: Some(not_visible(kind, id)),
            ..Fetched::default()
        };
    }
    if kind == Kind::Contact {
        return Fetched::of(vec![aliases::gone(id.to_owned(), error)]);
    }
    Fetched::vanished(kind.stream(), id)
}

fn not_visible(kind: Kind, id: &str) -> TryAgain {
    TryAgain {
        code: "TL0218",
        why: format!("{} {id} changed a moment ago and is not found yet", kind.stream()),
        disposition: Disposition::Retry,
    }
}

/// An answer that is older than what was told: the platform has not caught up with itself.
fn behind(answer: &Answer, wanted: &Wanted) -> Option<TryAgain> {
    let told = wanted.newest?;
    let text = std::str::from_utf8(&answer.body).ok()?;
    let given = Fields::read(text).ok()?.seconds("updated_at")?;
    (given < told).then(|| TryAgain {
        code: "TL0218",
        why: format!("the API still gives the state of {given}, the notification told that of {told}"),
        disposition: Disposition::Retry,
    })
}

/// A record without one of its fields.
fn without(record: &Bytes, field: &str) -> Bytes {
    let Some(fields) = std::str::from_utf8(record)
        .ok()
        .and_then(|text| Fields::read(text).ok())
    else {
        return record.clone();
    };
    let mut writer = Writer::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != field) {
        writer.field(name, value);
    }
    Bytes::from(writer.end())
}

/// A company without contacts is not listed, and so not mirrored.
async fn company(ctx: &Context<'_>, id: &str, body: Bytes) -> Result<Fetched, Trouble> {
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let has_users = Fields::read(text)
        .ok()
        .and_then(|company| company.raw("user_count")?.parse::<u64>().ok())
        .is_none_or(|users| users > 0);
    if !has_users {
        let call = Call::new("companies.list_contacts")
            .path("id", id)
            .query("per_page", "1");
        let answer = ctx.call("companies", call).await?;
        if answer.json::<Value>()?["total_count"] == 0 {
            return Ok(Fetched::vanished("companies", id));
        }
    }
    Ok(Fetched::record("companies", body))
}

/// A conversation with its newest parts, and those that were told and that the API no longer gives.
async fn conversation(
    ctx: &Context<'_>,
    id: &str,
    wanted: &Wanted,
    answer: &Answer,
) -> Result<Fetched, Trouble> {
    let Some((mut records, total_count)) = parts::parts(&answer.body) else {
        return Err(parts::unusable(answer.request_id.clone()).into());
    };
    let given: Vec<Option<String>> = records.iter().map(id_of).collect();
    let mut more: Vec<(String, Bytes)> = wanted
        .parts
        .iter()
        .filter(|(part, _)| !given.iter().flatten().any(|given| given == part))
        .cloned()
        .collect();
    if !more.is_empty() {
        let ids = more.iter().map(|(part, _)| part.clone()).collect();
        // What the API gave is better than what was told: since 2.15 that is plain text.
        let mut known = state::parts(ctx.storage, id.to_owned(), ids).await?;
        more.retain(|(part, _)| known.insert(part.clone()));
    }
    records.extend(more.into_iter().map(|(_, record)| record));
    let row = without(&answer.body, "conversation_parts");
    let stated = stated(&row);
    let mut changes = vec![Change::Records {
        stream: "conversations",
        records: vec![row],
        pass: None,
    }];
    if ctx.wants(&["conversation_parts"]) {
        changes.push(Change::Parts {
            conversation_id: id.to_owned(),
            records,
            total_count,
            stated,
        });
    }
    Ok(Fetched::of(changes))
}

fn id_of(record: &Bytes) -> Option<String> {
    Fields::read(std::str::from_utf8(record).ok()?).ok()?.id("id")
}

/// How many parts a conversation says it has, the first message not counted.
fn stated(row: &Bytes) -> Option<u64> {
    let row = Fields::read(std::str::from_utf8(row).ok()?).ok()?;
    let counted: u64 = row
        .object("statistics")?
        .raw("count_conversation_parts")?
        .parse()
        .ok()?;
    Some(counted.saturating_sub(1))
}

/// Brings one contact up to date, as was decided.
pub(super) async fn contact(
    ctx: &Context<'_>,
    id: &str,
    wanted: &Wanted,
    verdict: Verdict,
) -> Result<Fetched, Trouble> {
    match verdict {
        Verdict::Nothing => Ok(Fetched::default()),
        Verdict::Write(record) => Ok(Fetched::record("contacts", record)),
        Verdict::Fetch => object(ctx, Kind::Contact, id, wanted).await,
        Verdict::Search { or_gone } => search(ctx, id, wanted, or_gone).await,
        Verdict::Gone { at, stub } => {
            let remembered = stub.map(|stub| Change::Records {
                stream: "contacts",
                records: vec![stub],
                pass: None,
            });
            let vanished = Fetched::vanished("contacts", id);
            Ok(Fetched {
                changes: remembered.into_iter().chain(vanished.changes).collect(),
                gone_at: at,
                again: None,
            })
        }
        Verdict::Into(new_id) => Ok(Fetched::of(vec![Change::Alias {
            stream: "contacts",
            old_id: id.to_owned(),
            new_id,
        }])),
    }
}

/// A contact that is listed, or nothing.
async fn search(ctx: &Context<'_>, id: &str, wanted: &Wanted, or_gone: bool) -> Result<Fetched, Trouble> {
    let query = json!({ "query": { "field": "id", "operator": "=", "value": id } });
    let mut pages = ctx.client.pages(Call::new("contacts.search").body(query), None);
    let found = ctx.next_page("contacts", &mut pages).await?;
    if let Some(row) = found.and_then(|page| page.into_rows().into_iter().next()) {
        return Ok(Fetched::record("contacts", row));
    }
    let age = wanted.told_at.map(|told_at| ctx.started_at.as_second() - told_at);
    if (wanted.created || or_gone) && age.is_some_and(|age| age < SEARCH_LAGS) {
        return Ok(Fetched {
            again: Some(not_visible(Kind::Contact, id)),
            ..Fetched::default()
        });
    }
    Ok(if or_gone {
        Fetched::vanished("contacts", id)
    } else {
        Fetched::default()
    })
}
