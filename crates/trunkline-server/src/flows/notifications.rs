//! Notifications for flows: what the receiver kept, by the numbers that it gave them.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use trunkline_components::{Notifications, Notified};
use trunkline_flow::ComponentError;
use trunkline_store::{NotificationFilter, Store};

use super::keeper::of_store;

/// The notifications of a store.
#[derive(Debug)]
pub struct StoredNotifications(pub Arc<Store>);

impl Notifications for StoredNotifications {
    fn newest(&self) -> BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async {
            let horizon = self.0.notification_horizon(0).await;
            Ok(horizon.map_err(|error| of_store(&error))?.unwrap_or(0))
        })
    }

    fn before(&self, moment: Timestamp) -> BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async move {
            let number = self.0.notification_before(moment).await;
            number.map_err(|error| of_store(&error))
        })
    }

    fn after<'a>(
        &'a self,
        number: i64,
        workspace: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Notified>, ComponentError>> {
        Box::pin(async move {
            let horizon = self.0.notification_horizon(number).await;
            let Some(horizon) = horizon.map_err(|error| of_store(&error))? else {
                return Ok(Vec::new());
            };
            let filter = NotificationFilter {
                after: Some(number),
                up_to: Some(horizon),
                workspace: workspace.map(str::to_owned),
                ..NotificationFilter::default()
            };
            let found = self
                .0
                .notifications(&filter, most)
                .await
                .map_err(|error| of_store(&error))?;
            Ok(found
                .into_iter()
                .map(|one| Notified {
                    number: one.seq,
                    topic: one.topic,
                    body: one.body,
                    received_at: one.received_at,
                })
                .collect())
        })
    }
}
