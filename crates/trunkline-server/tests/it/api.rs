//! The JSON API over a real socket: as described, for whoever may, and for nobody else.
//!
//! The one rule: `walk.rs` takes every route from the description that the process itself serves, so a route without a case
//! fails. `cases.rs` has the cases, `shape.rs` holds answers to their schemas, `world.rs` is what the process holds.

mod cases;
mod effects;
mod flows;
mod guard;
mod hostile;
mod intercom;
mod paging;
mod shape;
mod walk;
mod world;

pub(crate) use intercom::Intercom;

use crate::harness::Process;

/// The description as it is committed.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/api.json");

#[test]
fn the_committed_description_is_the_one_that_is_served() {
    let now = trunkline_server::api_description();
    if std::env::var_os("TRUNKLINE_WRITE_API").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == now,
        "docs/reference/api.json is stale; run `cargo xtask docs --api`"
    );
}

#[tokio::test]
async fn the_description_is_served_letter_by_letter() {
    let process = Process::start().await;
    let served = process.http.get(process.url("/api/v1/openapi.json")).send();
    let text = served.await.unwrap().text().await.unwrap();
    assert_eq!(text, trunkline_server::api_description());
    process.stop().await;
}
