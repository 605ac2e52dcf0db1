//! One run of the mirror: every selected stream read side by side, each a straight line from plan to pages to rows.
//!
//! The one rule: a stream that fails stops no other, and what it lacks is in the report. Read `sync/units.rs` for what is
//! read together, `sync/search.rs` for the fullest line, `sync/stage.rs` for what is fetched object by object.

pub(crate) mod aliases;
pub(crate) mod calls;
mod companies;
pub(crate) mod context;
mod cursor;
mod custom_objects;
mod data_events;
pub(crate) mod each;
pub(crate) mod errors;
mod finish;
pub(crate) mod lists;
pub(crate) mod lists_of_contacts;
pub(crate) mod newest;
mod office_hours;
pub(crate) mod parts;
mod plan;
mod search;
mod segments;
pub(crate) mod stage;
mod totals;
pub(crate) mod units;
mod walk;
pub(crate) mod workspace;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::{future::try_join_all, try_join};
use jiff::Timestamp;
use tokio::time::Instant;
use trunkline_catalog::SearchGranularity;
use trunkline_client::{Call, Client, Clock, Priority};

use crate::{
    report::{StreamState, SyncReport},
    storage::{Storage, StorageError},
};
use context::{Context, Ending};
use errors::Halt;
use newest::Newest;
use search::Search;
use stage::Wake;
use units::{How, UNITS, Unit};

pub use errors::SyncError;

pub(crate) use errors::state_of;
pub(crate) use finish::lacking;
pub(crate) use plan::count_with_parts;
pub(crate) use search::seconds;
pub(crate) use totals::stated_total;
pub(crate) use units::{
    How as UnitHow, ONLY_WHEN_NAMED, UNITS as ALL_UNITS, Unit as StreamUnit, in_order, permission, select,
};
pub(crate) use workspace::who_am_i;

/// What to mirror, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// The streams to read; all but those that cost a request for each object when none are named.
    pub streams: Option<Vec<String>>,
    /// Read everything once more, and find out what vanished.
    pub full: bool,
    /// Leave out what last changed before this, on the first reading.
    pub start_date: Option<Timestamp>,
    /// The types of custom objects to read: the API does not list them.
    pub custom_objects: Vec<String>,
    /// How far behind the last change a run begins; ten minutes unless said otherwise.
    pub lookback: Option<Duration>,
}

/// Whether all named streams exist.
///
/// # Errors
/// When one does not; it names those that are near.
pub fn check_streams(streams: Option<&[String]>) -> Result<(), SyncError> {
    select(streams).map(drop)
}

/// What happens during a run, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// A stream's reading begins.
    StreamStarted {
        /// The stream.
        stream: &'static str,
        /// Records that are expected, where that is known.
        expected: Option<u64>,
    },
    /// It is known now how many records there are.
    Expected {
        /// The stream.
        stream: &'static str,
        /// Records that the API says there are.
        total: u64,
    },
    /// A page arrived or was written.
    Progress {
        /// The stream.
        stream: &'static str,
        /// Records so far.
        records: u64,
        /// Requests so far.
        requests: u64,
    },
    /// A stream's reading ended.
    StreamFinished {
        /// The stream.
        stream: &'static str,
    },
    /// The run waits for something outside it.
    Waiting {
        /// What for.
        reason: String,
    },
}

/// Reads what changed in the workspace into the mirror.
///
/// # Errors
/// When nothing can be done: the token does not work, a stream does not exist, the mirror belongs to another workspace or
/// cannot be written. A stream that fails alone is in the report.
pub async fn sync(
    client: &Client,
    storage: &Storage,
    options: &SyncOptions,
    clock: Arc<dyn Clock>,
    events: &dyn Fn(SyncEvent),
) -> Result<SyncReport, SyncError> {
    let selected = select(options.streams.as_deref())?;
    let began = Instant::now();
    let requests_before = client.requests_sent();
    let me = who_am_i(client, Priority::Background).await?;
    workspace::claim(storage, &me, client, clock.now()).await?;
    let ctx = Context::new(
        client,
        storage,
        options,
        clock.as_ref(),
        events,
        me.zone(),
        needed(&selected),
    );
    let units: Vec<&Unit> = UNITS.iter().filter(|unit| ctx.wants(unit.streams)).collect();
    let of_people = |unit: &&&Unit| unit.how == How::Contacts || unit.stream() == "segments";
    let after_people = |unit: &&&Unit| matches!(unit.how, How::ContactSegments | How::DataEvents);
    let people = async {
        all(&ctx, units.iter().filter(of_people)).await?;
        totals::reconcile(&ctx, How::Contacts).await?;
        all(&ctx, units.iter().filter(after_people)).await
    };
    let after_all = |unit: &&&Unit| matches!(unit.how, How::Each(_));
    let others = async {
        all(
            &ctx,
            units
                .iter()
                .filter(|unit| !of_people(unit) && !after_people(unit) && !after_all(unit)),
        )
        .await?;
        try_join!(
            boxed(totals::reconcile(&ctx, How::Conversations)),
            boxed(totals::reconcile(&ctx, How::Tickets))
        )
    };
    try_join!(boxed(people), boxed(others))?;
    all(&ctx, units.iter().filter(after_all)).await?;
    storage.settle().await?;
    let requests = client.requests_sent().saturating_sub(requests_before);
    finish::report(&ctx, &me, requests, began.elapsed())
        .await
        .map_err(SyncError::Storage)
}

/// Reads units side by side.
async fn all<'u>(ctx: &Context<'_>, units: impl Iterator<Item = &'u &'u Unit>) -> Result<(), StorageError> {
    try_join_all(units.map(|unit| boxed(read_unit(ctx, unit))))
        .await
        .map(drop)
}

fn boxed<'f, T>(future: impl Future<Output = T> + 'f) -> Pin<Box<dyn Future<Output = T> + 'f>> {
    Box::pin(future)
}

/// The selected streams with those that they are read from.
pub(crate) fn needed(selected: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    let mut all = selected.clone();
    for unit in UNITS
        .iter()
        .filter(|unit| unit.streams.iter().any(|stream| selected.contains(stream)))
    {
        all.insert(unit.stream());
        if selected.contains("attachments") && unit.how == How::Conversations {
            all.insert("conversation_parts");
        }
        match unit.how {
            How::ContactSegments => all.insert("segments"),
            How::DataEvents => all.insert("contacts"),
            How::Each(each) => all.insert(each.of),
            _ => false,
        };
    }
    all
}

/// Reads the streams of a unit; only a mirror that cannot be written is an error.
async fn read_unit(ctx: &Context<'_>, unit: &Unit) -> Result<(), StorageError> {
    let stream = unit.stream();
    let Some((operation, query)) = unit.source(ctx.client.version()) else {
        let why = format!("version {} does not have it", ctx.client.version());
        ctx.end(
            stream,
            Ending {
                state: StreamState::NotInVersion,
                ..Ending::partial(why)
            },
        );
        return Ok(());
    };
    (ctx.events)(SyncEvent::StreamStarted {
        stream,
        expected: None,
    });
    let began = Instant::now();
    let call = || {
        query.iter().fold(Call::new(operation), |call, (name, value)| {
            call.query(*name, *value)
        })
    };
    let outcome = match unit.how {
        How::List => lists::read(ctx, stream, call(), None).await.map(drop),
        How::SettledList => lists::read_settled(ctx, stream, call()).await,
        How::Companies => companies::read(ctx).await,
        How::ActivityLogs => newest::read(ctx, Newest::ActivityLogs).await,
        How::DeletedConversations => newest::read(ctx, Newest::DeletedConversations).await,
        How::ContactSegments => segments::read(ctx).await,
        How::DataEvents => data_events::read(ctx).await,
        How::CustomObjects => custom_objects::read(ctx).await,
        How::Each(each) => each::read(ctx, each).await,
        How::Calls => calls::read(ctx).await,
        How::OfficeHours => office_hours::read(ctx, call()).await,
        How::Contacts | How::Conversations | How::Tickets => {
            read_search(ctx, search_of(ctx, unit.how), ctx.options.full)
                .await
                .map_err(Halt::Storage)
        }
    };
    end(ctx, stream, outcome)?;
    ctx.count(stream, |counts| counts.seconds += began.elapsed().as_secs_f64());
    (ctx.events)(SyncEvent::StreamFinished { stream });
    Ok(())
}

/// Takes note of a failure, unless nothing can go on after it.
fn end(ctx: &Context<'_>, stream: &'static str, outcome: Result<(), Halt>) -> Result<(), StorageError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Halt::Storage(error)) => Err(error),
        Err(Halt::Call(error)) => {
            tracing::warn!(stream, %error, "a stream could not be read to its end");
            ctx.end(stream, Ending::failed(&error));
            Ok(())
        }
    }
}

fn search_of(ctx: &Context<'_>, how: How) -> Search {
    let (stream, operation, granularity) = match how {
        How::Contacts => (
            "contacts",
            "contacts.search",
            plan::contact_granularity(ctx.client.version()),
        ),
        How::Tickets => ("tickets", "tickets.search", SearchGranularity::Second),
        _ => ("conversations", "conversations.search", SearchGranularity::Second),
    };
    Search {
        stream,
        operation,
        granularity,
    }
}

/// A search and, side by side with it, what its records show only in part.
async fn read_search(ctx: &Context<'_>, search: Search, full: bool) -> Result<(), StorageError> {
    let wake = Wake::default();
    let records = async {
        let outcome = search::read(ctx, search, full, &wake).await;
        wake.finish();
        end(ctx, search.stream, outcome)
    };
    let inner = async {
        match search.stream {
            "conversations" if ctx.wants(&["conversation_parts"]) => {
                let stream = "conversation_parts";
                (ctx.events)(SyncEvent::StreamStarted {
                    stream,
                    expected: None,
                });
                let began = Instant::now();
                let outcome = end(ctx, stream, parts::read(ctx, &wake).await);
                ctx.count(stream, |counts| counts.seconds += began.elapsed().as_secs_f64());
                (ctx.events)(SyncEvent::StreamFinished { stream });
                outcome
            }
            "contacts"
                if ctx.wants(&[
                    "contact_tags",
                    "contact_companies",
                    "notes",
                    "contact_subscriptions",
                ]) =>
            {
                end(ctx, "contacts", lists_of_contacts::read(ctx, &wake).await)
            }
            _ => Ok(()),
        }
    };
    try_join!(records, inner).map(drop)
}
