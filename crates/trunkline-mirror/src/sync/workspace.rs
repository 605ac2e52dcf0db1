//! Which workspace the token belongs to.

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use trunkline_client::{Call, Client, Priority};

use super::SyncError;
use crate::storage::{Batch, Change, Storage};

/// What `/me` says about the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct App {
    pub(crate) id_code: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) timezone: Option<String>,
    #[serde(default)]
    pub(crate) region: Option<String>,
}

/// Whose token it is.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) app: App,
}

#[derive(Deserialize)]
struct Answer {
    app: Option<App>,
}

impl Me {
    /// The workspace's name.
    pub(crate) fn name(&self) -> String {
        self.app.name.clone().unwrap_or_default()
    }

    /// The workspace's time zone, as the API names it.
    pub(crate) fn time_zone(&self) -> String {
        self.app.timezone.clone().unwrap_or_default()
    }

    /// The same, where the name is known here.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(self.app.timezone.as_deref()?).ok()
    }

    /// Where the workspace is hosted.
    pub(crate) fn region(&self) -> String {
        self.app.region.clone().unwrap_or_default()
    }

    /// The region whose address is called, where the workspace says that it is hosted in another one.
    pub(crate) fn wrong_region(&self, client: &Client) -> Option<String> {
        let called = client.region()?;
        let told = self.app.region.as_deref().filter(|region| !region.is_empty())?;
        (!told.eq_ignore_ascii_case(called.as_str())).then(|| called.to_string())
    }
}

/// Asks whose token it is.
pub(crate) async fn who_am_i(client: &Client, priority: Priority) -> Result<Me, SyncError> {
    let answer = client.call(Call::new("me.get").priority(priority)).await?;
    let parsed: Answer = serde_json::from_slice(&answer.body).map_err(|error| SyncError::NoWorkspace {
        reason: error.to_string(),
    })?;
    match parsed.app {
        Some(app) if !app.id_code.is_empty() => Ok(Me { app }),
        _ => Err(SyncError::NoWorkspace {
            reason: "there is no app.id_code in it".to_owned(),
        }),
    }
}

/// Makes the mirror this workspace's, or refuses one that is another's.
pub(crate) async fn claim(
    storage: &Storage,
    me: &Me,
    client: &Client,
    now: Timestamp,
) -> Result<(), SyncError> {
    if let Some(called) = me.wrong_region(client) {
        tracing::warn!(
            lives_in = me.region(),
            called,
            "the workspace is hosted in another region than the one that was named"
        );
    }
    let change = Change::Workspace {
        id_code: me.app.id_code.clone(),
        name: me.name(),
        time_zone: me.time_zone(),
        region: me.region(),
        version: client.version().to_string(),
    };
    storage
        .write(Batch {
            synced_at: now,
            changes: vec![change],
            checkpoint: None,
        })
        .await?;
    Ok(())
}
