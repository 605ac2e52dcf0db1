//! A mirror that is open: its file, and the client of its connection, kept between steps.
//!
//! The one rule: it is opened for one set of details; when those change it is closed and opened anew.

use std::{collections::BTreeMap, str::FromStr as _, sync::Arc};

use trunkline_client::{Client, Clock, Settings};
use trunkline_mirror::{
    storage::{ColumnRef, Storage, StorageOptions},
    sync::SyncOptions,
};
use trunkline_store::{Mirror, MirrorDetails};

use super::RunFailure;
use crate::{Opened, Target, connect, renewal, shared::Shared};

/// An open mirror.
#[derive(Debug)]
pub(super) struct Open {
    opened: Opened,
    pub(super) storage: Storage,
    pub(super) options: SyncOptions,
    details: MirrorDetails,
}

impl Open {
    /// Whether it was opened as the mirror is now, with a token that lives.
    pub(super) fn is_of(&self, mirror: &Mirror, clock: &dyn Clock) -> bool {
        self.details == mirror.details && !renewal::is_due(&self.opened.connection, clock)
    }

    /// Calls with the connection's token.
    pub(super) const fn client(&self) -> &Client {
        &self.opened.client
    }

    pub(super) async fn close(self) {
        self.opened.close().await;
        if let Err(error) = self.storage.close().await {
            tracing::error!(code = error.code(), %error, "a mirror was not closed well");
        }
    }
}

/// The mirror, opened if it is not.
pub(super) async fn opened<'o>(
    shared: &Shared,
    mirror: &Mirror,
    open: &'o mut BTreeMap<String, Open>,
) -> Result<&'o Open, RunFailure> {
    if !open.contains_key(&mirror.id) {
        open.insert(mirror.id.clone(), make(shared, mirror).await?);
    }
    Ok(&open[&mirror.id])
}

async fn make(shared: &Shared, mirror: &Mirror) -> Result<Open, RunFailure> {
    let settings = Settings::new(Arc::clone(&shared.clock));
    let opened = connect(&shared.store, Some(&mirror.connection), None, settings).await?;
    let details = &mirror.details;
    let path = details.to.parse::<Target>()?.under(&shared.options.data);
    let columns = |texts: &[String]| {
        texts
            .iter()
            .map(|text| ColumnRef::from_str(text))
            .collect::<Result<Vec<_>, _>>()
    };
    let storage_options = StorageOptions {
        history: details.keeps_history,
        exclude: columns(&details.exclude)?,
        hash: columns(&details.hash)?,
        ..StorageOptions::default()
    };
    Ok(Open {
        storage: Storage::open(&path, storage_options)?,
        opened,
        options: SyncOptions {
            streams: details.streams.clone(),
            custom_objects: details.custom_objects.clone(),
            ..SyncOptions::default()
        },
        details: details.clone(),
    })
}
