//! What contacts did, as your own systems told Intercom: one request for each contact, the last 90 days.
//!
//! The one rule: it is read only when it is named, because it costs as many requests as there are contacts.

use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    context::{Context, Ending},
    errors::Halt,
    stage::{self, A_LOOK, Wake},
    walk::Walk,
};
use crate::storage::Change;

const STREAM: &str = "data_events";

/// Reads the events of every contact that the mirror holds.
pub(crate) async fn read(ctx: &Context<'_>) -> Result<(), Halt> {
    let walk = Walk::default();
    let look = async || {
        walk.next(async |after| ctx.storage.ids("contacts", after, A_LOOK).await)
            .await
    };
    let fetch = async |contact: String| fetch(ctx, contact).await;
    let lost = stage::run(ctx, STREAM, &Wake::finished(), look, fetch).await?;
    let ending = match lost.latest {
        Some(error) => {
            let why = format!(
                "the events of {} contacts could not be read; the latest: {error}",
                lost.objects
            );
            Ending {
                code: Some(error.code()),
                advice: Some(error.advice()),
                ..Ending::partial(why)
            }
        }
        None => Ending::complete("the API gives the events of the last 90 days"),
    };
    ctx.end(STREAM, ending);
    Ok(())
}

async fn fetch(ctx: &Context<'_>, contact: String) -> Result<Vec<Change>, CallError> {
    let call = Call::new(STREAM_OPERATION)
        .query("type", "user")
        .query("intercom_user_id", contact);
    let mut pages = ctx.client.pages(call, None);
    let mut changes = Vec::new();
    loop {
        match ctx.next_page(STREAM, &mut pages).await {
            Ok(Some(page)) => changes.push(Change::Records {
                stream: STREAM,
                records: page.into_rows(),
                pass: None,
            }),
            Ok(None) => return Ok(changes),
            // A contact that is gone has no events; the contacts' own reading finds out about it.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => return Ok(changes),
            Err(error) => return Err(error),
        }
    }
}

const STREAM_OPERATION: &str = "data_events.list";
