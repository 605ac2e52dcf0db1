//! A way to a NATS server, for the source and the destination of that name.
//!
//! The one rule: a connection that breaks is made anew by the client, and who is not let in is told so at once instead of being tried
//! again and again.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, jetstream};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::OnceCell;
use trunkline_client::with_causes;
use trunkline_flow::{
    ComponentError,
    document::{Mistake, Node, Spot},
};

use crate::{
    Site,
    text::{Env, Secrets},
};

/// The longest that a connection may take to open, and the server to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that refuses someone closes at once, and its word may be lost with the connection: it is asked again.
const TRIES: usize = 5;

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Credentials {
    /// The variable that holds a token.
    Token(Env),
    /// A name, and the variable that holds its password.
    User {
        /// The name.
        name: String,
        /// The variable that holds the password.
        password: Env,
    },
    /// The variable that holds the text of a credentials file, with its JWT and its seed.
    Creds(Env),
    /// The variable that holds the seed of an nkey.
    Nkey(Env),
}

/// A server, and the connection to it once there is one.
pub struct Server {
    url: String,
    credentials: Option<Credentials>,
    tls: bool,
    site: Site,
    client: OnceCell<Client>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Where a server is unless told.
pub(crate) fn local() -> String {
    "nats://127.0.0.1:4222".to_owned()
}

impl Server {
    pub(crate) fn new(
        node: &Node,
        url: &str,
        credentials: Option<Credentials>,
        tls: bool,
        site: &Site,
    ) -> Result<Self, Mistake> {
        let spot = node.get("url").map_or(node.spot, |value| value.spot);
        Self::at(spot, url, credentials, tls, site)
    }

    /// A server that is used by no flow.
    ///
    /// # Errors
    ///
    /// The address is none.
    pub fn of(url: &str, credentials: Option<Credentials>, tls: bool, site: &Site) -> Result<Self, Mistake> {
        Self::at(Spot { line: 1, column: 1 }, url, credentials, tls, site)
    }

    fn at(
        spot: Spot,
        url: &str,
        credentials: Option<Credentials>,
        tls: bool,
        site: &Site,
    ) -> Result<Self, Mistake> {
        for one in url.split(',') {
            let advice = "Write it as nats://host:4222, or tls://host:4222; several with commas.";
            let parsed = url::Url::parse(one.trim())
                .map_err(|error| Mistake::new(spot, format!("{one:?} is no address: {error}"), advice))?;
            if !matches!(parsed.scheme(), "nats" | "tls") || parsed.host().is_none() {
                return Err(Mistake::new(
                    spot,
                    format!("{one:?} is no address of a NATS server"),
                    advice,
                ));
            }
            if !parsed.username().is_empty() || parsed.password().is_some() {
                let message = "an address with a password in it would be shown";
                return Err(Mistake::new(
                    spot,
                    message,
                    "Give it under `credentials`, by the name of a variable.",
                ));
            }
        }
        Ok(Self {
            url: url.to_owned(),
            credentials,
            tls,
            site: site.clone(),
            client: OnceCell::new(),
        })
    }

    /// The connection, opened when it is first needed.
    ///
    /// # Errors
    ///
    /// The server is not reached, or does not let us in.
    pub async fn client(&self) -> Result<&Client, ComponentError> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    /// A connection that is looked for in the background, for as long as it takes, and that does not hear itself.
    ///
    /// # Errors
    ///
    /// There is nothing to sign in with.
    pub async fn background_client(&self) -> Result<Client, ComponentError> {
        let mut secrets = Secrets::default();
        let options = self.options(&mut secrets)?.retry_on_initial_connect().no_echo();
        self.connected(options, &secrets).await
    }

    /// JetStream over the connection.
    pub(crate) async fn jetstream(&self) -> Result<jetstream::Context, ComponentError> {
        let mut context = jetstream::context::ContextBuilder::new()
            .timeout(PATIENCE)
            .build(self.client().await?.clone());
        context.set_timeout(PATIENCE);
        Ok(context)
    }

    async fn connect(&self) -> Result<Client, ComponentError> {
        let mut secrets = Secrets::default();
        let options = self.options(&mut secrets)?;
        self.connected(options, &secrets).await
    }

    async fn connected(&self, options: ConnectOptions, secrets: &Secrets) -> Result<Client, ComponentError> {
        let addresses: Vec<&str> = self.url.split(',').map(str::trim).collect();
        let mut connected = options.clone().connect(addresses.clone()).await;
        for _ in 1..TRIES {
            match &connected {
                Err(error) if error.kind() == ConnectErrorKind::Io => {}
                _ => break,
            }
            connected = options.clone().connect(addresses.clone()).await;
        }
        connected.map_err(|error| {
            let told = secrets.hide(&with_causes(&error));
            match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    ComponentError::stop(
                        "TL0921",
                        format!("{} does not let this in: {told}", self.url),
                        "Look at `credentials`, and at what the variable holds.",
                    )
                }
                _ => ComponentError::retry(
                    "TL0920",
                    format!("{} cannot be reached: {told}", self.url),
                    "It is tried again; check the address, `tls`, and the way there.",
                ),
            }
        })
    }

    fn options(&self, secrets: &mut Secrets) -> Result<ConnectOptions, ComponentError> {
        let options = ConnectOptions::new()
            .name(format!("trunkline {}", self.site.flow))
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .require_tls(self.tls);
        let mut held = |held: &Env| {
            let value = held.value(&self.site, secrets)?;
            Ok::<_, ComponentError>(value.expose_secret().to_owned())
        };
        Ok(match &self.credentials {
            None => options,
            Some(Credentials::Token(token)) => options.token(held(token)?),
            Some(Credentials::User { name, password }) => {
                options.user_and_password(name.clone(), held(password)?)
            }
            Some(Credentials::Nkey(seed)) => options.nkey(held(seed)?),
            Some(Credentials::Creds(creds)) => options.credentials(&held(creds)?).map_err(|_| {
                ComponentError::stop(
                    "TL0921",
                    format!(
                        "what the variable {} holds is no credentials file of NATS",
                        creds.env
                    ),
                    "It has a block with a JWT and one with a seed; put its whole text into the variable.",
                )
            })?,
        })
    }
}

/// An answer of JetStream that is an error, or none in time.
pub(crate) fn failed(what: &str, error: &dyn std::error::Error) -> ComponentError {
    ComponentError::retry(
        "TL0920",
        format!("{what}: {}", with_causes(error)),
        "It is tried again; check the server, and that JetStream is on (`nats-server -js`).",
    )
}
