//! The console of the demo: the process that keeps the simulated workspace's mirror from then on, and a link that opens it.
//!
//! The one rule: of what is kept in the folder it changes only what is called as its own, so a store of somebody's stays theirs.

use std::{net::SocketAddr, path::Path, sync::Arc};

use trunkline_catalog::Version;
use trunkline_client::{Settings, SystemClock};
use trunkline_server::{Server, ServerOptions, identify, invite_first};
use trunkline_simulator::{ClientSecret, Subscription};
use trunkline_store::{
    ConnectionDetails, ConnectionSecrets, FlowOrigin, FlowState, MirrorDetails, NewConnection, NewFlow,
    NewMirror, Role, Store, StoreError,
};
use url::Url;

use super::TOKEN;
use crate::{cli::Data, failure::Failure, store};

/// The name of everything that is ours in the store.
const OURS: &str = "quickstart";
const SECRET: &str = "quickstart-webhooks";
const ADMIN: &str = "admin";
/// Where people expect it; any free port when somebody is there.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7070);
/// The runs of the mirror are its auditors only: webhooks tell what happens.
const INTERVAL_SECONDS: u64 = 60;

/// Flows that show what a flow is, by their names; what they bring is written below `flows/` of the data folder.
const FLOWS: [(&str, &str); 2] = [
    (
        "quickstart-conversations",
        include_str!("flows/conversations.yaml"),
    ),
    ("quickstart-people", include_str!("flows/people.yaml")),
];

/// The running process of the demo.
pub(super) struct Console {
    store: Arc<Store>,
    server: Server,
    url: Url,
}

impl Console {
    /// Starts it in the data folder, before there is anything to show.
    pub(super) async fn start(data: &Path) -> Result<Self, Failure> {
        let folder = Data {
            data: data.to_owned(),
            store: None,
        };
        let store = Arc::new(store::open(&folder).await?);
        // The mirror of an earlier demo is of another workspace, and not to be kept on.
        match store.remove_mirror(OURS).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let begin = |listen| {
            let options = ServerOptions::on(listen, data.to_owned());
            Server::start(Arc::clone(&store), options, Arc::new(SystemClock))
        };
        let server = match begin(USUAL).await {
            Ok(server) => server,
            Err(_) => begin(SocketAddr::new(USUAL.ip(), 0)).await?,
        };
        let url = super::super::serve::public_url(&format!("http://{}", server.address()))?;
        Ok(Self { store, server, url })
    }

    /// Where the simulated workspace tells what happens in it.
    pub(super) fn webhook(&self) -> Subscription {
        let mut webhook = Subscription::new(format!("{}webhooks/intercom", self.url));
        webhook.client_secret = Some(ClientSecret::from(SECRET.to_owned()));
        webhook
    }

    /// Connects the simulated workspace, whose notifications are taken from now on.
    pub(super) async fn connect(&self, base_url: &str) -> Result<(), Failure> {
        let details = ConnectionDetails {
            base_url: base_url.to_owned(),
            api_version: Version::DEFAULT.to_string(),
            logs_requests: true,
            notes: "The simulated workspace of `trunkline quickstart`.".to_owned(),
            ..ConnectionDetails::default()
        };
        let secrets = ConnectionSecrets {
            token: Some(TOKEN.into()),
            webhook_secret: Some(SECRET.into()),
            ..ConnectionSecrets::default()
        };
        let connection = match self.store.connection(OURS).await {
            Ok(mut known) => {
                known.details = details;
                self.store
                    .update_connection(&known, &secrets, store::now())
                    .await?;
                known
            }
            Err(StoreError::NotFound { .. }) => {
                let new = NewConnection {
                    name: OURS.to_owned(),
                    app: None,
                    details,
                    secrets,
                };
                self.store.add_connection(&new, store::now()).await?
            }
            Err(error) => return Err(error.into()),
        };
        identify(&self.store, &connection, Settings::new(Arc::new(SystemClock))).await?;
        Ok(())
    }

    /// Keeps the mirror from now on, which nobody else writes to any more.
    pub(super) async fn keep(&self) -> Result<(), Failure> {
        let connection = self.store.connection(OURS).await?;
        let new = NewMirror {
            name: OURS.to_owned(),
            connection: connection.id,
            details: MirrorDetails {
                to: "sqlite:mirror.db".to_owned(),
                interval_seconds: INTERVAL_SECONDS,
                follows_webhooks: true,
                ..MirrorDetails::default()
            },
        };
        self.store.add_mirror(&new, store::now()).await?;
        for (name, text) in FLOWS {
            self.route(name, text).await?;
        }
        Ok(())
    }

    /// Puts a flow into the store, unless somebody has made it theirs.
    async fn route(&self, name: &str, text: &str) -> Result<(), Failure> {
        let known = self.store.find_flow(name).await?;
        let expected = known
            .as_ref()
            .filter(|flow| flow.origin == FlowOrigin::File)
            .map(|flow| flow.version);
        let new = NewFlow {
            name: name.to_owned(),
            text: text.to_owned(),
            origin: FlowOrigin::File,
            by_whom: OURS.to_owned(),
        };
        self.store.put_flow(&new, expected, store::now()).await?;
        if known.is_none() {
            self.store.set_flow_state(name, FlowState::Active).await?;
        }
        Ok(())
    }

    /// A link that signs in, whoever did so before.
    pub(super) async fn link(&self) -> Result<Url, Failure> {
        if let Some(link) = invite_first(&self.store, &self.url, store::now()).await? {
            return Ok(link);
        }
        match self.store.add_person(ADMIN, Role::Admin, store::now()).await {
            Ok(_) | Err(StoreError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(trunkline_server::invite(&self.store, ADMIN, &self.url, store::now()).await?)
    }

    /// Stops it, and gives back what it holds.
    pub(super) async fn stop(self) {
        self.server.stop().await;
        self.store.close().await;
    }
}
