//! What can be chosen when the process is started.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use url::Url;

use crate::{AlertSettings, NatsSettings, ServerError};

/// How the process is to run.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The data folder, where relative targets of mirrors begin.
    pub data: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that the outside knows it by; what it listens on when none is given.
    pub public_url: Option<Url>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// An own certificate.
    pub tls: Option<TlsFiles>,
    /// The largest body of a notification, in bytes.
    pub body_limit: usize,
    /// How old a notification may be when it arrives; any age when none is given.
    pub webhook_max_age: Option<Duration>,
    /// How long things are kept, where that is not left open.
    pub retention: Retention,
    /// What is looked at, and who is told.
    pub alerts: AlertSettings,
    /// The NATS server that nodes call each other over.
    pub nats: Option<NatsSettings>,
    /// Connections that are open at a time; who comes after that waits to be accepted.
    pub connections: usize,
    /// How long a graceful stop waits for what is under way.
    pub patience: Duration,
}

impl ServerOptions {
    /// The options that suit most, on one's own machine.
    #[must_use]
    pub fn on(listen: SocketAddr, data: PathBuf) -> Self {
        Self {
            data,
            listen,
            public_url: None,
            trusted_proxies: Vec::new(),
            tls: None,
            body_limit: 1 << 20,
            webhook_max_age: None,
            retention: Retention::default(),
            alerts: AlertSettings::default(),
            nats: None,
            connections: 8_192,
            patience: Duration::from_secs(20),
        }
    }

    /// The address that a browser finds the process by.
    pub(crate) fn reached_at(&self) -> Result<Url, ServerError> {
        if let Some(url) = &self.public_url {
            return Ok(url.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", self.listen);
        url.parse().map_err(|error: url::ParseError| ServerError::Listen {
            address: self.listen,
            source: std::io::Error::other(error),
        })
    }

    /// What a proxy puts before our own paths, without a last slash.
    pub(crate) fn public_path(&self) -> String {
        self.public_url
            .as_ref()
            .map_or_else(String::new, |url| url.path().trim_end_matches('/').to_owned())
    }

    /// Whether browsers come by HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.tls.is_some()
            || self
                .public_url
                .as_ref()
                .is_some_and(|url| url.scheme() == "https")
    }
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, with those that lead to a trusted one.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How long things are kept, where that is chosen when the process is started; what is left open is as it was set while it ran, or as usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention {
    /// Notifications with their bodies.
    pub notifications: Option<Duration>,
    /// The request log.
    pub requests: Option<Duration>,
    /// Runs of mirrors and flows with dead letters, and runs of actions with their journal.
    pub runs: Option<Duration>,
    /// The audit log: who changed what.
    pub audit: Option<Duration>,
}
