//! The way to a PostgreSQL server.
//!
//! The one rule: a server elsewhere that offers TLS has to show a certificate that the system trusts; one on this machine is spoken
//! to as it is, unless the address asks for more. The address holds a password: it is never shown.

use rustls_platform_verifier::ConfigVerifierExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::{
    Client, Config, Error, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use trunkline_flow::ComponentError;

use crate::{
    Site,
    text::{Env, Secrets},
};

/// Connects to the address that the environment holds.
pub(crate) async fn connect(address: &Env, site: &Site) -> Result<Client, ComponentError> {
    let address = address.value(site, &mut Secrets::default())?;
    connect_to(&address).await
}

async fn connect_to(address: &SecretString) -> Result<Client, ComponentError> {
    let wrong = |why: &str| {
        ComponentError::stop(
            "TL0867",
            format!("the address of the database is none: {why}"),
            "It looks like postgres://user:password@host/database.",
        )
    };
    let mut config: Config = address
        .expose_secret()
        .parse()
        .map_err(|_| wrong("it cannot be read"))?;
    config.application_name("trunkline");
    let is_here = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    });
    let asked = config.get_ssl_mode();
    let client = if asked == SslMode::Disable || (asked == SslMode::Prefer && is_here) {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect(NoTls).await.map_err(|error| failed(&error))?;
        tokio::spawn(async move { connection.await.ok() });
        client
    } else {
        let tls =
            rustls::ClientConfig::with_platform_verifier().map_err(|error| wrong(&error.to_string()))?;
        let tls = MakeRustlsConnect::new(tls);
        let (client, connection) = config.connect(tls).await.map_err(|error| failed(&error))?;
        tokio::spawn(async move { connection.await.ok() });
        client
    };
    client
        .batch_execute("set timezone = 'UTC'")
        .await
        .map_err(|error| failed(&error))?;
    Ok(client)
}

/// Whether it is about the values of one row.
pub(crate) fn is_about_values(error: &Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("23"))
}

/// Whether the table is not what it was a moment ago.
pub(crate) fn is_about_shape(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNDEFINED_COLUMN,
            SqlState::UNDEFINED_TABLE,
            SqlState::DATATYPE_MISMATCH,
        ]
        .contains(code)
    })
}

/// What the server's error means for all records of a batch.
pub(crate) fn failed(error: &Error) -> ComponentError {
    let Some(told) = error.as_db_error() else {
        let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        return ComponentError::retry(
            "TL0867",
            format!("the database cannot be reached: {why}"),
            "It is tried again; check the address, and that the server runs.",
        );
    };
    let code = told.code().code();
    let message = format!("the database refuses: {} [{code}]", told.message());
    // Connections, resources, an operator's intervention, locks, conflicts with others.
    let passes = ["08", "40", "53", "55", "57"]
        .iter()
        .any(|class| code.starts_with(class));
    if passes || is_about_shape(error) || *told.code() == SqlState::UNIQUE_VIOLATION {
        ComponentError::retry("TL0867", message, "It is tried again.")
    } else {
        ComponentError::stop(
            "TL0867",
            message,
            "Check the rights of the role, views that use a column which must be widened, and what the message says.",
        )
    }
}
