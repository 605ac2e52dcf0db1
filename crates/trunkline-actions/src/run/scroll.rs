//! Whose turn it is to scroll: a workspace has one scroll, and everything that uses the workspace shares it.

use trunkline_catalog::{Catalog, PageStyle};
use trunkline_client::{Call, Client, ScrollTurn, Turn};

/// Waits for the turn when the call scrolls. A turn that is dropped says that its scroll may still be open.
pub(super) async fn turn(client: &Client, call: &Call) -> Option<Box<dyn ScrollTurn>> {
    let operation = Catalog::embedded().operation(call.operation_id())?;
    if operation.page_style != PageStyle::Scroll {
        return None;
    }
    loop {
        match client.scroll_turns().take().await {
            Ok(Turn::Ours(turn)) => return Some(turn),
            Ok(Turn::Theirs { again_in, .. }) => tokio::time::sleep(again_in).await,
            // The platform itself refuses a second scroll, and the client waits for the end of the first one then.
            Err(_) => return None,
        }
    }
}
