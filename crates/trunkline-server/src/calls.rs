//! Calls between nodes: a node that brought work tells the others over NATS, so that nobody waits for the next look.
//!
//! The one rule: a call carries nothing, and nothing depends on one. What there is to do is in the store, where every node looks by
//! itself once a second; without NATS that is all that happens, and a server that is gone is looked for in the background.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, Subscriber, connection::State};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::{sync::watch, time::timeout};
use trunkline_client::Clock;
use trunkline_components::{NatsCredentials, NatsServer, Site};
use trunkline_flow::ComponentError;

use crate::{ServerError, flows::environment, shared::Shared};

/// How long a call may take to leave.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether the server is there.
const LOOK: Duration = Duration::from_secs(5);

/// The NATS server that nodes call each other over: the part `[nats]` of the settings file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSettings {
    /// Its address, such as `nats://host:4222`; several with commas.
    pub url: String,
    /// How to sign in.
    #[serde(default)]
    pub credentials: Option<NatsCredentials>,
    /// Whether the way to it must be protected.
    #[serde(default)]
    pub tls: bool,
    /// The subject of the calls; nodes of another store need another.
    #[serde(default = "subject")]
    pub subject: String,
}

fn subject() -> String {
    "trunkline.calls".to_owned()
}

impl NatsSettings {
    /// The server, if these settings can be.
    pub(crate) fn server(&self, clock: &Arc<dyn Clock>) -> Result<NatsServer, ServerError> {
        let clock = Arc::clone(clock);
        let site = Site::alone("calls", Arc::new(move || clock.now()), environment());
        let bad = |reason: String| ServerError::Calls { reason };
        if !trunkline_components::is_nats_subject(&self.subject) {
            return Err(bad(format!(
                "{:?} is no subject that can be published to",
                self.subject
            )));
        }
        NatsServer::of(&self.url, self.credentials.clone(), self.tls, &site)
            .map_err(|mistake| bad(format!("{}. {}", mistake.message, mistake.advice)))
    }
}

/// Calls the nodes once, from a process that is none of them.
///
/// # Errors
/// When the settings cannot be, or the server is not reached. Then the nodes find the work by themselves.
pub async fn call_nodes(settings: &NatsSettings, clock: &Arc<dyn Clock>) -> Result<(), ServerError> {
    let server = settings.server(clock)?;
    let sent = async {
        let client = server.client().await?;
        let sent = client.publish(settings.subject.clone(), Vec::new().into()).await;
        sent.map_err(|error| gone(&error.to_string()))?;
        client.flush().await.map_err(|error| gone(&error.to_string()))
    };
    let sent = timeout(PATIENCE, sent).await;
    let sent = sent.unwrap_or_else(|_| Err(gone("no answer in time")));
    sent.map_err(|error| ServerError::NotCalled {
        error: Box::new(error),
    })
}

fn gone(reason: &str) -> ComponentError {
    ComponentError::retry(
        "TL0920",
        format!("the NATS server is not reached: {reason}"),
        "Check `[nats]` in the settings file.",
    )
}

/// Hears and makes calls until the process stops.
pub(crate) async fn supervise(
    shared: Arc<Shared>,
    settings: NatsSettings,
    server: NatsServer,
    mut stop: watch::Receiver<bool>,
) {
    let (client, mut heard) = match join(&settings, &server).await {
        Ok(joined) => joined,
        Err(error) => {
            tracing::error!(code = error.code, %error, "nodes are not called; each looks by itself");
            return;
        }
    };
    let mut told = shared.wake.told();
    let mut was_there = None;
    loop {
        let is_there = client.connection_state() == State::Connected;
        if was_there != Some(is_there) {
            if is_there {
                tracing::info!(subject = settings.subject, "nodes call each other over NATS");
            } else {
                tracing::warn!("the NATS server is not there; nodes find work by looking, within a second");
            }
            was_there = Some(is_there);
        }
        let is_told = tokio::select! {
            call = heard.next() => match call {
                Some(_) => {
                    shared.wake.hear();
                    false
                }
                None => return,
            },
            () = told.called() => true,
            () = tokio::time::sleep(LOOK) => false,
            _ = stop.wait_for(|stops| *stops) => break,
        };
        if is_told {
            call(&client, &settings.subject).await;
        }
    }
    timeout(PATIENCE, client.drain()).await.ok();
}

/// A connection that is looked for in the background, and the calls that come over it.
async fn join(settings: &NatsSettings, server: &NatsServer) -> Result<(Client, Subscriber), ComponentError> {
    let client = server.background_client().await?;
    let heard = client.subscribe(settings.subject.clone()).await;
    let heard = heard.map_err(|error| gone(&error.to_string()))?;
    Ok((client, heard))
}

/// Calls the others, if there is a way.
async fn call(client: &Client, subject: &str) {
    // What would be called now is old when the server is back.
    if client.connection_state() != State::Connected {
        return;
    }
    let sent = timeout(PATIENCE, client.publish(subject.to_owned(), Vec::new().into())).await;
    if !matches!(sent, Ok(Ok(()))) {
        tracing::debug!("a call did not leave");
    }
}
