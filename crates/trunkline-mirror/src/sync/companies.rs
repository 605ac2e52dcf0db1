//! Companies: the workspace's one scroll, or the list where it costs less.
//!
//! The one rule: a scroll that was lost begins again, and only one that came to its end tells what vanished.

use trunkline_client::{Call, ErrorKind, ScrollTurn, Turn};

use super::{
    SyncEvent,
    context::{Context, both},
    cursor::Cursor,
    errors::Halt,
    lists, units,
};
use crate::storage::Change;

/// The list ends here, however many companies there are.
const LIST_ENDS: u64 = 10_000;
/// How often a lost scroll is begun again.
const ATTEMPTS: u32 = 3;
const STREAM: &str = "companies";

/// Reads all companies.
pub(crate) async fn read(ctx: &Context<'_>) -> Result<(), Halt> {
    let cursor = ctx.cursor(STREAM).await?;
    let done = Cursor {
        read_at: Some(ctx.started_at.as_second()),
        ..Cursor::default()
    };
    let again = cursor.read_at.is_some();
    if again && units::exists("companies.list", ctx.client.version()) {
        let held = ctx.held(STREAM).await?;
        if held < LIST_ENDS {
            let census = lists::read(ctx, STREAM, Call::new("companies.list"), Some(&done)).await?;
            if census.total().unwrap_or(0) < LIST_ENDS {
                return Ok(());
            }
        }
    }
    let turn = turn(ctx).await;
    let mut attempt = 1;
    loop {
        match scroll(ctx, again, &done).await {
            Err(Halt::Call(error)) if error.kind == ErrorKind::ScrollLost && attempt < ATTEMPTS => {
                attempt += 1;
                (ctx.events)(SyncEvent::Waiting {
                    reason: "the scroll of companies was lost and begins again".to_owned(),
                });
            }
            outcome => {
                // A turn that is not finished stays taken for as long as the scroll may be open.
                if let (Ok(()), Some(turn)) = (&outcome, turn)
                    && let Err(error) = turn.finish().await
                {
                    tracing::warn!(%error, "the turn to scroll could not be given back; it ends by itself");
                }
                return outcome;
            }
        }
    }
}

/// Waits for the workspace's one scroll, and says so whenever there is news of it. None when nobody can tell whose turn it is.
async fn turn(ctx: &Context<'_>) -> Option<Box<dyn ScrollTurn>> {
    let mut told = None;
    loop {
        match ctx.client.scroll_turns().take().await {
            Ok(Turn::Ours(turn)) => return Some(turn),
            Ok(Turn::Theirs { reason, again_in }) => {
                if told.as_ref() != Some(&reason) {
                    told = Some(reason.clone());
                    (ctx.events)(SyncEvent::Waiting { reason });
                }
                tokio::time::sleep(again_in).await;
            }
            Err(error) => {
                // The platform itself refuses a second scroll, and the client waits for the first one's end then.
                tracing::warn!(%error, "whose turn it is to scroll cannot be told");
                return None;
            }
        }
    }
}

/// One scroll from its beginning to its end.
async fn scroll(ctx: &Context<'_>, again: bool, done: &Cursor) -> Result<(), Halt> {
    // On the first reading nothing is held that could have vanished.
    let pass = if again || ctx.held(STREAM).await? > 0 {
        Some(ctx.new_pass(STREAM).await?)
    } else {
        None
    };
    let mut changes: Vec<Change> = pass
        .map(|pass| Change::PassStarted { stream: STREAM, pass })
        .into_iter()
        .collect();
    let mut pages = ctx.client.pages(Call::new("companies.scroll"), None);
    let mut next = ctx.next_page(STREAM, &mut pages).await?;
    while let Some(page) = next {
        changes.push(Change::Records {
            stream: STREAM,
            records: page.into_rows(),
            pass,
        });
        let write = ctx.write(STREAM, std::mem::take(&mut changes), None);
        next = both(write, ctx.next_page(STREAM, &mut pages)).await?.1;
    }
    changes.extend(pass.map(|pass| Change::PassComplete { stream: STREAM, pass }));
    ctx.write(STREAM, changes, Some(done)).await?;
    // The scroll states no total; what it gave is all there is.
    ctx.state_total(STREAM, ctx.held(STREAM).await?);
    Ok(())
}
