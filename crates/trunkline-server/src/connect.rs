//! A stored connection becomes a client.
//!
//! The one rule: a connection whose grant is over makes no calls, so that nothing fails in a loop; whoever finds out that it is
//! over says so in the store.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use trunkline_catalog::Version;
use trunkline_client::{Call, CallError, Client, Connection as Address, Priority, Settings};
use trunkline_store::{Connection, ConnectionState, Store, StoreError, WorkspaceIdentity};

use crate::{
    ServerError, StoredLog, renewal,
    request_log::{self, Both},
    sharing,
};

/// A stored connection, ready for calls. What it shares stays in the store, which it holds open.
#[derive(Debug)]
pub struct Opened {
    /// As it is stored.
    pub connection: Connection,
    /// Calls with its token.
    pub client: Client,
    log: Option<Arc<StoredLog>>,
}

impl Opened {
    /// Gives back what is not used of the shared rate budget, and writes what is left of the request log.
    pub async fn close(self) {
        self.client.give_back().await;
        if let Some(log) = self.log {
            log.close().await;
        }
    }
}

/// Opens the named connection, or the default one, with its own API version unless another is asked for.
pub async fn connect(
    store: &Arc<Store>,
    name: Option<&str>,
    version: Option<Version>,
    settings: Settings,
) -> Result<Opened, ServerError> {
    let connection = match name {
        Some(name) => store.connection(name).await?,
        None => store
            .default_connection()
            .await?
            .ok_or(ServerError::NoConnection)?,
    };
    match connection.state {
        ConnectionState::NeedsGrant => {
            return Err(ServerError::NeedsGrant {
                reason: connection.reason.clone().unwrap_or_default(),
                name: connection.name,
            });
        }
        ConnectionState::Paused => {
            return Err(ServerError::Paused {
                name: connection.name,
            });
        }
        ConnectionState::New | ConnectionState::Ready => {}
    }
    let connection = renewal::renewed(store, connection, &settings.clock).await?;
    open(store, connection, version, settings).await
}

/// The connection, whatever its state: for a test that finds out how it is doing.
async fn open(
    store: &Arc<Store>,
    connection: Connection,
    version: Option<Version>,
    mut settings: Settings,
) -> Result<Opened, ServerError> {
    let secrets = store.connection_secrets(&connection.id).await?;
    let token = secrets.token.ok_or_else(|| ServerError::NoToken {
        name: connection.name.clone(),
    })?;
    let version =
        version.unwrap_or_else(|| connection.details.api_version.parse().unwrap_or(Version::DEFAULT));
    let address = Address::at(&connection.details.base_url, token, version)?;
    sharing::share(&mut settings, store, &connection);
    let log = request_log::of(store, &connection);
    if let Some(log) = &log {
        settings.request_log = Some(match settings.request_log.take() {
            Some(file) => Arc::new(Both(file, Arc::clone(log))),
            None => Arc::<StoredLog>::clone(log),
        });
    }
    let client = Client::new(address, settings)?;
    Ok(Opened {
        connection,
        client,
        log,
    })
}

/// Asks a connection's workspace who it is, and notes the outcome: it works, or it needs a new grant.
pub async fn identify(
    store: &Arc<Store>,
    connection: &Connection,
    settings: Settings,
) -> Result<WorkspaceIdentity, ServerError> {
    let clock = Arc::clone(&settings.clock);
    let opened = open(store, connection.clone(), None, settings).await?;
    let who = Call::new("me.get").priority(Priority::Interactive);
    let answer = opened.client.call(who).await;
    opened.close().await;
    match answer {
        Ok(answer) => {
            let identity = read_identity(&answer.body)?;
            store
                .connection_works(&connection.id, &identity, clock.now())
                .await?;
            Ok(identity)
        }
        Err(error) => {
            note_failure(store, &connection.id, &error, clock.now()).await?;
            Err(error.into())
        }
    }
}

/// Notes in the store that a grant is over, when that is what a failure says.
pub(crate) async fn note_failure(
    store: &Store,
    connection: &str,
    error: &CallError,
    now: Timestamp,
) -> Result<(), StoreError> {
    if error.needs_new_grant() {
        store
            .set_connection_state(
                connection,
                ConnectionState::NeedsGrant,
                Some(error.kind.title()),
                now,
            )
            .await?;
    }
    Ok(())
}

fn read_identity(body: &[u8]) -> Result<WorkspaceIdentity, ServerError> {
    #[derive(Deserialize)]
    struct Me {
        #[serde(default)]
        id: Option<String>,
        #[serde(default)]
        app: Option<App>,
    }
    #[derive(Deserialize)]
    struct App {
        #[serde(default)]
        id_code: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        timezone: Option<String>,
        #[serde(default)]
        region: Option<String>,
    }
    let missing = |reason: &str| ServerError::NoWorkspace {
        reason: reason.to_owned(),
    };
    let me: Me = serde_json::from_slice(body).map_err(|error| ServerError::NoWorkspace {
        reason: error.to_string(),
    })?;
    let app = me.app.ok_or_else(|| missing("there is no app in it"))?;
    if app.id_code.is_empty() {
        return Err(missing("there is no app.id_code in it"));
    }
    Ok(WorkspaceIdentity {
        id_code: app.id_code,
        name: app.name.unwrap_or_default(),
        region: app.region.unwrap_or_default(),
        time_zone: app.timezone.unwrap_or_default(),
        admin_id: me.id.unwrap_or_default(),
    })
}
