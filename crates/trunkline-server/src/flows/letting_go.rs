//! What becomes of what others keep for a flow, when it is removed.
//!
//! The one rule: a flow that is gone is gone, whatever its source says to that.

use std::{path::Path, sync::Arc};

use trunkline_client::Clock;
use trunkline_components::Site;
use trunkline_flow::document::Document;
use trunkline_store::{Flow, Store};

use super::{StoredMirrors, environment};

/// Tells the source of a flow that was removed that it is gone. Paths begin at the folder `data`.
pub async fn let_go(store: &Arc<Store>, clock: &Arc<dyn Clock>, data: &Path, flow: &Flow) {
    let kinds = trunkline_components::kinds();
    let Ok(document) = Document::parse(&flow.text, &kinds, flow.applied_at) else {
        return;
    };
    let clock = Arc::clone(clock);
    let site = Site {
        folder: data.to_owned(),
        mirrors: Arc::new(StoredMirrors {
            store: Arc::clone(store),
            data: data.to_owned(),
        }),
        ..Site::alone(&flow.name, Arc::new(move || clock.now()), environment())
    };
    if let Ok(flow) = trunkline_components::build(&document, &site) {
        flow.source.removed().await;
    }
}
