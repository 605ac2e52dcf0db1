//! `trunkline serve`: the long-running process.

use std::{process::ExitCode, sync::Arc, time::Duration};

use trunkline_client::SystemClock;
use trunkline_server::{Retention, Server, ServerOptions, TlsFiles};
use url::Url;

use crate::{cli, failure::Failure, output::json, settings::File, stop::Stop, store};

/// Runs until it is asked to stop.
pub(crate) async fn run(arguments: cli::Serve) -> Result<ExitCode, Failure> {
    let options = options(&arguments)?;
    let store = Arc::new(store::open(&arguments.data).await?);
    let started = Server::start(Arc::clone(&store), options, Arc::new(SystemClock)).await;
    let server = match started {
        Ok(server) => server,
        Err(error) => {
            store.close().await;
            return Err(error.into());
        }
    };
    let mut stop = Stop::listen()?;
    let scheme = if arguments.tls_cert.is_some() {
        "https"
    } else {
        "http"
    };
    json::line(&format!("listening on {scheme}://{}", server.address()))?;
    if let Some(link) = server.first_sign_in().await? {
        json::line(&format!("sign in to the console, once, with {link}"))?;
    }
    stop.asked().await;
    server.stop().await;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: &cli::Serve) -> Result<ServerOptions, Failure> {
    let span = |text: &str| super::sync::span(text);
    let kept = |text: Option<&str>| text.map(span).transpose();
    let file = File::read_in(arguments.config.as_deref(), &arguments.data.data)?;
    let defaults = ServerOptions::on(arguments.listen, arguments.data.data.clone());
    Ok(ServerOptions {
        public_url: arguments.public_url.as_deref().map(public_url).transpose()?,
        trusted_proxies: arguments.trusted_proxies.clone(),
        tls: arguments
            .tls_cert
            .clone()
            .zip(arguments.tls_key.clone())
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        webhook_max_age: arguments.webhook_max_age.as_deref().map(span).transpose()?,
        retention: Retention {
            notifications: kept(arguments.keep_notifications.as_deref())?,
            requests: kept(arguments.keep_requests.as_deref())?,
            runs: kept(arguments.keep_runs.as_deref())?,
            audit: kept(arguments.keep_audit.as_deref())?,
        },
        alerts: file.alerts.unwrap_or_default(),
        nats: file.nats,
        patience: Duration::from_secs(20),
        ..defaults
    })
}

pub(crate) fn public_url(text: &str) -> Result<Url, Failure> {
    let bad = |reason: String| {
        Failure::usage(
            "TL0007",
            format!("`{text}` is not a public address: {reason}"),
            "Write it as https://host, with a path only if a proxy adds one.",
        )
    };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(bad("it is neither https nor http".to_owned()));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(bad("it has more than scheme, host, port and path".to_owned()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_scheme_host_and_path() {
        for good in [
            "https://t.example",
            "https://t.example:8443/trunkline",
            "http://127.0.0.1:7070",
        ] {
            assert!(public_url(good).is_ok(), "{good}");
        }
        for bad in [
            "t.example",
            "ftp://t.example",
            "https://t.example?x=1",
            "https://u@t.example",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(public_url(bad).unwrap_err().code, "TL0007", "{bad}");
        }
    }
}
