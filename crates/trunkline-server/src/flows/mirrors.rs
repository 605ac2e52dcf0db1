//! Mirrors for flows: those that the process keeps, and the one of the data folder that `trunkline sync` fills.
//!
//! The one rule: where several could be meant, none is chosen.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use trunkline_components::{MirrorPlace, Mirrors};
use trunkline_flow::ComponentError;
use trunkline_store::{Mirror, Store};

use super::keeper::of_store;
use crate::Target;

/// The mirror that `trunkline sync` fills when it is told no other, in the data folder.
const OWN: &str = "mirror.db";

/// The mirrors of a store, and of its data folder.
#[derive(Debug)]
pub struct StoredMirrors {
    /// Where mirrors and connections are kept.
    pub store: Arc<Store>,
    /// The data folder.
    pub data: PathBuf,
}

impl StoredMirrors {
    async fn find(&self, connection: Option<&str>) -> Result<MirrorPlace, ComponentError> {
        let connection = match connection {
            Some(name) => Some(self.store.connection(name).await),
            None => self.store.default_connection().await.transpose(),
        };
        let connection = connection.transpose().map_err(|error| of_store(&error))?;
        let mirrors = self.store.mirrors().await.map_err(|error| of_store(&error))?;
        let of_it: Vec<&Mirror> = mirrors
            .iter()
            .filter(|mirror| connection.as_ref().is_some_and(|own| own.id == mirror.connection))
            .collect();
        let path = match of_it.as_slice() {
            [] => self.data.join(OWN),
            [one] => path(one, &self.data)?,
            several => {
                let names: Vec<&str> = several.iter().map(|mirror| mirror.name.as_str()).collect();
                return Err(ComponentError::stop(
                    "TL0890",
                    format!("the connection has several mirrors: {}", names.join(", ")),
                    "Say which with `file:`, the file that `trunkline mirrors show` names.",
                ));
            }
        };
        Ok(MirrorPlace {
            path,
            workspace: connection
                .and_then(|connection| connection.identity)
                .map(|identity| identity.id_code),
        })
    }
}

fn path(mirror: &Mirror, data: &Path) -> Result<PathBuf, ComponentError> {
    let target: Result<Target, _> = mirror.details.to.parse();
    target
        .map(|target| target.under(data))
        .map_err(|error| ComponentError::stop(error.code(), error.to_string(), error.advice()))
}

impl Mirrors for StoredMirrors {
    fn mirror<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MirrorPlace, ComponentError>> {
        Box::pin(self.find(connection))
    }
}
