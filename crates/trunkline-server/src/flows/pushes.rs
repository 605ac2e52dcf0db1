//! Pushes for flows: what others sent to their addresses, by the numbers that the store gave it.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use trunkline_components::{Pushed, Pushes};
use trunkline_flow::ComponentError;
use trunkline_store::Store;

use super::keeper::of_store;

/// The pushes of a store.
#[derive(Debug)]
pub(super) struct StoredPushes(pub(super) Arc<Store>);

impl Pushes for StoredPushes {
    fn before<'a>(&'a self, flow: &'a str, moment: Timestamp) -> BoxFuture<'a, Result<i64, ComponentError>> {
        Box::pin(async move {
            let number = self.0.push_before(flow, moment).await;
            number.map_err(|error| of_store(&error))
        })
    }

    fn after<'a>(
        &'a self,
        flow: &'a str,
        number: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Pushed>, ComponentError>> {
        Box::pin(async move {
            let horizon = self.0.push_horizon(number).await;
            let Some(horizon) = horizon.map_err(|error| of_store(&error))? else {
                return Ok(Vec::new());
            };
            let found = self.0.pushes(flow, (number, horizon), most).await;
            let found = found.map_err(|error| of_store(&error))?;
            Ok(found
                .into_iter()
                .map(|one| Pushed {
                    number: one.seq,
                    id: one.id,
                    body: one.body,
                    received_at: one.received_at,
                })
                .collect())
        })
    }
}
