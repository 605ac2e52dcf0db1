//! Workspaces for flows of the long-running process: those of its connections.

use std::sync::Arc;

use futures::future::BoxFuture;
use trunkline_actions::Workspace;
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
