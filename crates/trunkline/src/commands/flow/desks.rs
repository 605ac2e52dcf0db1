//! Workspaces for a flow at the command line: the session that the flags ask for, and connections by their names.

use std::{collections::HashMap, fmt};

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use trunkline_actions::Workspace;
use trunkline_components::Workspaces;
use trunkline_flow::ComponentError;

use crate::{cli, desk::Desk, failure::Failure};

/// Opens each workspace once, when it is first needed.
pub(super) struct Desks {
    flags: cli::Workspace,
    open: Mutex<HashMap<Option<String>, Desk>>,
}

impl fmt::Debug for Desks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desks")
    }
}

impl Desks {
    pub(super) fn new(flags: cli::Workspace) -> Self {
        Self {
            flags,
            open: Mutex::default(),
        }
    }

    /// Gives everything back.
    pub(super) async fn close(&self) {
        for (_, desk) in self.open.lock().await.drain() {
            desk.close().await;
        }
    }
}

impl Workspaces for Desks {
    fn workspace<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async move {
            let name = connection.map(str::to_owned);
            let mut open = self.open.lock().await;
            if let Some(desk) = open.get(&name) {
                return Ok(desk.workspace.clone());
            }
            let mut flags = self.flags.clone();
            if name.is_some() {
                // A flow that names its connection means that one, whatever the environment says.
                flags.connection.clone_from(&name);
                (flags.token_env, flags.region, flags.base_url) = (None, None, None);
            }
            let desk = Desk::open(&flags, true)
                .await
                .map_err(|failure| stopped(&failure))?;
            let workspace = desk.workspace.clone();
            open.insert(name, desk);
            Ok(workspace)
        })
    }
}

fn stopped(failure: &Failure) -> ComponentError {
    ComponentError::stop(failure.code, failure.message.clone(), failure.advice.clone())
}
