//! The process from its start to its stop.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use trunkline_client::Clock;
use trunkline_store::Store;
use url::Url;

use crate::{
    Channels, ServerError, ServerOptions, alerts,
    api::permissions::Remembered,
    calls,
    console::{Audience, Doorman},
    flows,
    imports::Imports,
    indexing, invite_first, keeper, listener,
    metrics::Metrics,
    receiver::Secrets,
    routes,
    shared::{Followed, Shared},
    wake::Wake,
    workspaces::Workspaces,
};

/// A running process. It stops when [`Server::stop`] is called, and is cut off when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    listening: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    flows: Option<JoinHandle<()>>,
    alerts: Option<JoinHandle<()>>,
    indexing: Option<JoinHandle<()>>,
    calls: Option<JoinHandle<()>>,
    keeper: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Begins to listen and to work.
    ///
    /// # Errors
    /// When the address is taken, the certificate cannot be read, a channel of alerts or the way to other nodes cannot be, or other machines could reach it without a key.
    pub async fn start(
        store: Arc<Store>,
        mut options: ServerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServerError> {
        if !options.listen.ip().is_loopback() && !store.has_keys().await? {
            return Err(ServerError::Unprotected {
                address: options.listen,
            });
        }
        let channels = Channels::new(&options.alerts, &clock)?;
        let nats = options.nats.clone();
        let nats = nats
            .map(|nats| Ok::<_, ServerError>((nats.server(&clock)?, nats)))
            .transpose()?;
        store.hold_more().await?;
        store.take_stock().await?;
        let tls = options.tls.as_ref().map(listener::acceptor).transpose()?;
        let listen = options.listen;
        let failed = |source| ServerError::Listen {
            address: listen,
            source,
        };
        let socket = TcpListener::bind(listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        // Port 0 has become a real one.
        options.listen = address;
        let workspaces = Workspaces::new(Arc::clone(&store), Arc::clone(&clock));
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            store,
            clock,
            options,
            metrics: Metrics::new(),
            secrets: Secrets::default(),
            followed: Followed::default(),
            doors: crate::push::Doors::default(),
            by_hand: flows::ByHand::default(),
            channels,
            workspaces,
            imports: Imports::default(),
            permissions: Remembered::default(),
            wake: Wake::new(),
            readers: crate::api::data::look::Readers::new(),
            doorman: Doorman::new(),
            audience: Audience::new(),
            stopping: stopped.clone(),
        });
        let keeper = keeper::start(Arc::clone(&shared), stopped.clone())?;
        let flows = tokio::spawn(flows::supervise(Arc::clone(&shared), stopped.clone()));
        let alerts = tokio::spawn(alerts::supervise(Arc::clone(&shared), stopped.clone()));
        let indexing = tokio::spawn(indexing::supervise(Arc::clone(&shared), stopped.clone()));
        let calls = nats.map(|(server, settings)| {
            tokio::spawn(calls::supervise(
                Arc::clone(&shared),
                settings,
                server,
                stopped.clone(),
            ))
        });
        let router = routes::router(Arc::clone(&shared));
        let listening = tokio::spawn(listener::run(socket, tls, router, Arc::clone(&shared), stopped));
        Ok(Self {
            address,
            stop,
            listening: Some(listening),
            flows: Some(flows),
            alerts: Some(alerts),
            indexing: Some(indexing),
            calls,
            keeper: Some(keeper),
            shared,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link by which the first person signs in to the console, as long as nobody has a password. Asked again, it is another one, and
    /// the one before is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_sign_in(&self) -> Result<Option<Url>, ServerError> {
        let here = self.shared.options.reached_at()?;
        Ok(invite_first(&self.shared.store, &here, self.shared.clock.now()).await?)
    }

    /// Takes nothing new, finishes or gives back what it holds, and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(listening) = self.listening.take() {
            // A panic in it has been reported by its own hook.
            listening.await.ok();
        }
        if let Some(flows) = self.flows.take() {
            flows.await.ok();
        }
        if let Some(calls) = self.calls.take() {
            calls.await.ok();
        }
        if let Some(alerts) = self.alerts.take() {
            alerts.await.ok();
        }
        if let Some(indexing) = self.indexing.take() {
            indexing.await.ok();
        }
        if let Some(keeper) = self.keeper.take() {
            tokio::task::spawn_blocking(move || keeper.join().ok()).await.ok();
        }
        self.shared.workspaces.close(self.shared.options.patience).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}
