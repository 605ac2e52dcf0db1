//! What contacts show only in part: their tags, companies and subscriptions beyond ten, and their notes.
//!
//! The one rule: a list replaces what is held only when all its pages were read.

use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    aliases,
    context::{Context, Ending},
    errors::Halt,
    stage::{self, A_LOOK, Wake, Wanted},
};
use crate::storage::{Change, PendingContact};

impl Wanted for PendingContact {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The operation that gives the whole list, and the name of its path parameter.
fn operation(stream: &str) -> Option<(&'static str, &'static str)> {
    Some(match stream {
        "contact_tags" => ("contacts.list_tags", "contact_id"),
        "contact_companies" => ("contacts.list_companies", "id"),
        "notes" => ("contacts.list_notes", "id"),
        "contact_subscriptions" => ("contacts.list_subscriptions", "contact_id"),
        _ => return None,
    })
}

/// Reads the lists that the mirror lacks, until `wake` says that no more contacts will come.
pub(crate) async fn read(ctx: &Context<'_>, wake: &Wake) -> Result<(), Halt> {
    let look = async || ctx.storage.pending_contacts(A_LOOK).await;
    let fetch = async |wanted: PendingContact| fetch(ctx, wanted).await;
    let lost = stage::run(ctx, "contacts", wake, look, fetch).await?;
    if let Some(error) = lost.latest {
        let why = format!(
            "the lists of {} contacts could not be read; the latest: {error}",
            lost.objects
        );
        ctx.end(
            "contacts",
            Ending {
                code: Some(error.code()),
                advice: Some(error.advice()),
                ..Ending::partial(why)
            },
        );
    }
    Ok(())
}

/// Reads the lists that one contact lacks.
pub(crate) async fn fetch(ctx: &Context<'_>, wanted: PendingContact) -> Result<Vec<Change>, CallError> {
    let mut changes = Vec::new();
    for stream in wanted.needs.streams() {
        let Some((operation, parameter)) = operation(stream) else {
            continue;
        };
        let mut pages = ctx
            .client
            .pages(Call::new(operation).path(parameter, &wanted.id), None);
        let mut records = Vec::new();
        loop {
            match ctx.page_of_children(stream, &mut pages).await {
                Ok(Some(page)) => records.extend(page.into_rows()),
                Ok(None) => break,
                Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => {
                    return Ok(vec![aliases::gone(wanted.id, &error)]);
                }
                Err(error) => return Err(error),
            }
        }
        changes.push(Change::Children {
            stream,
            parent_id: wanted.id.clone(),
            records,
        });
    }
    Ok(changes)
}
