//! Workspaces for flows: those of the long-running process's connections, and such as count what is asked of them.

use std::sync::Arc;

use futures::future::BoxFuture;
use trunkline_actions::Workspace;
use trunkline_client::Meter;
use trunkline_components::Workspaces;
use trunkline_flow::ComponentError;

use crate::shared::Shared;

/// The process's connections.
pub(super) struct Connections(pub(super) Arc<Shared>);

impl Workspaces for Connections {
    fn workspace<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async move {
            self.0
                .workspaces
                .of(connection)
                .await
                .map(|(_, workspace)| workspace)
                .map_err(|error| ComponentError::stop(error.code(), error.to_string(), error.advice()))
        })
    }
}

/// Workspaces whose requests are counted for one run.
pub(super) struct Metered {
    pub(super) of: Arc<dyn Workspaces>,
    pub(super) meter: Meter,
}

impl Workspaces for Metered {
    fn workspace<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async move {
            let workspace = self.of.workspace(connection).await?;
            Ok(workspace.metered(Arc::clone(&self.meter)))
        })
    }
}
