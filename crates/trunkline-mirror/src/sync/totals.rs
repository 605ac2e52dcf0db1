//! The totals that the API states, and what is done where the mirror holds more than that.
//!
//! The one rule: rows are marked deleted only by reading everything once more, and that is done unasked only while it
//! costs a bounded number of requests.

use serde::Deserialize;
use trunkline_catalog::Version;
use trunkline_client::{Answer, Call, CallError, Client, Priority};

use super::{
    aliases,
    context::{Context, Ending},
    end, plan, read_search, search_of,
    units::How,
};
use crate::storage::StorageError;

/// Everything is read once more unasked up to this many rows: a thousand pages.
const SWEEP_UP_TO: u64 = 150_000;

/// The call whose answer states how many records of a stream there are.
fn total_call(stream: &str) -> Option<Call> {
    let listed = |operation| Call::new(operation).query("per_page", "1");
    Some(match stream {
        "contacts" => listed("contacts.list"),
        "companies" => listed("companies.list"),
        "articles" => listed("articles.list"),
        "internal_articles" => listed("internal_articles.list"),
        "news_items" => listed("news_items.list"),
        "collections" => listed("collections.list"),
        "conversations" => Call::new("conversations.search").body(plan::count_all()),
        "tickets" => Call::new("tickets.search").body(plan::count_all()),
        _ => return None,
    })
}

fn total_of(answer: &Answer) -> Result<Option<u64>, CallError> {
    #[derive(Deserialize)]
    struct Counted {
        total_count: Option<u64>,
    }
    Ok(answer.json::<Counted>()?.total_count)
}

/// Asks how many records of a stream there are; none where the API does not say.
pub(crate) async fn stated_total(
    client: &Client,
    stream: &str,
    priority: Priority,
) -> Result<Option<u64>, CallError> {
    match total_call(stream) {
        Some(call) => total_of(&client.call(call.priority(priority)).await?),
        None => Ok(None),
    }
}

/// Compares what is held with the stated total of a search, and finds out what vanished.
pub(crate) async fn reconcile(ctx: &Context<'_>, how: How) -> Result<(), StorageError> {
    let search = search_of(ctx, how);
    let stream = search.stream;
    if !ctx.wants(&[stream]) {
        return Ok(());
    }
    // A stream that ended badly says so already, and a reading from a date on has no total to be compared with.
    if ctx.counts(stream).ending.is_some() || ctx.options.start_date.is_some() {
        return Ok(());
    }
    let stated = match ctx.counts(stream).stated {
        Some(stated) => stated,
        None => match total(ctx, stream).await {
            Ok(Some(stated)) => stated,
            Ok(None) => return Ok(()),
            Err(error) => {
                let why = format!("how many there are could not be asked: {error}");
                ctx.end(
                    stream,
                    Ending {
                        code: Some(error.code()),
                        ..Ending::complete(why)
                    },
                );
                return Ok(());
            }
        },
    };
    let surplus = ctx.held(stream).await?.saturating_sub(stated);
    let known = ctx.cursor(stream).await?.surplus;
    if surplus > known && !ctx.options.full {
        if stated > SWEEP_UP_TO {
            ctx.end(
                stream,
                Ending::complete(format!(
                    "{surplus} rows are gone from the API; `--full` finds out which"
                )),
            );
        } else {
            tracing::info!(
                stream,
                surplus,
                "the mirror holds more than the API states; everything is read once more"
            );
            read_search(ctx, search, true).await?;
            remember_surplus(ctx, stream).await?;
        }
    }
    if how == How::Contacts && ctx.client.version() >= Version::V2_16 {
        let vanished = ctx.counts(stream).deleted;
        if vanished > 0 {
            end(ctx, stream, aliases::find(ctx, vanished).await)?;
        }
    }
    Ok(())
}

async fn total(ctx: &Context<'_>, stream: &'static str) -> Result<Option<u64>, CallError> {
    let Some(call) = total_call(stream) else {
        return Ok(None);
    };
    let total = total_of(&ctx.call(stream, call).await?)?;
    if let Some(total) = total {
        ctx.state_total(stream, total);
    }
    Ok(total)
}

/// What is left over after everything was read is no reason to read everything again in the next run.
async fn remember_surplus(ctx: &Context<'_>, stream: &'static str) -> Result<(), StorageError> {
    let mut cursor = ctx.cursor(stream).await?;
    let surplus = ctx
        .held(stream)
        .await?
        .saturating_sub(ctx.counts(stream).stated.unwrap_or(u64::MAX));
    if cursor.run.is_none() && cursor.surplus != surplus {
        cursor.surplus = surplus;
        ctx.write(stream, Vec::new(), Some(&cursor)).await?;
    }
    Ok(())
}
