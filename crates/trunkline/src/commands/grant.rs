//! `trunkline connect NAME --oauth`: a grant whose browser comes back to a port of this machine, or to `trunkline serve`.

use std::{sync::Arc, time::Duration};

use rand::{rand_core::UnwrapErr, rngs::SysRng};
use serde::Serialize;
use tokio::time::timeout;
use trunkline_client::{SystemClock, oauth::Receiver};
use trunkline_server::{Code, begin_grant, endpoints, finish_grant};
use trunkline_store::{App, Connection, Store};

use crate::{cli, failure::Failure, output::json};

/// How long the person may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// A link for a browser that comes back to the long-running process.
#[derive(Serialize)]
struct Offer<'o> {
    connection: &'o str,
    url: &'o str,
}

/// Prints the link to the page with the button; `trunkline serve` does the rest.
pub(crate) async fn offer(
    store: &Store,
    connection: &Connection,
    public_url: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let public_url = super::serve::public_url(public_url)?;
    let link = begin_grant(store, connection, &public_url, &SystemClock).await?;
    if as_json {
        return json::print(&Offer {
            connection: &connection.name,
            url: link.as_str(),
        });
    }
    json::line(&format!(
        "Open this page in a browser within ten minutes and grant access to Intercom; it is good once.\n\n{link}"
    ))
}

/// Prints where to grant access, waits for the browser, and keeps what comes of it.
pub(crate) async fn ask(
    store: &Arc<Store>,
    connection: &Connection,
    app: &App,
    arguments: &cli::Connect,
) -> Result<(), Failure> {
    let receiver = Receiver::bind(arguments.port).await.map_err(|error| {
        Failure::new(
            "TL0014",
            format!(
                "port {} of this machine cannot be listened on: {error}",
                arguments.port
            ),
            "Choose another with `--port`; the app must have its address as a redirect URL.",
        )
    })?;
    let redirect_uri = receiver.redirect_uri().clone();
    let begun = endpoints(&connection.details, Some(app))?.begin(
        &app.client_id,
        Some(&redirect_uri),
        &mut UnwrapErr(SysRng),
    )?;
    // On standard error, so that `--json` prints nothing but the connection.
    crate::output::errors::note(&format!(
        "Open this page and grant access to Intercom; it comes back to {redirect_uri}, which the app must have as a redirect \
         URL.\n\n{}\n",
        begun.url
    ));
    let waited = timeout(PATIENCE, receiver.code(&begun.state)).await;
    let code = waited.map_err(|_| {
        Failure::new(
            "TL0015",
            "nobody granted access within ten minutes",
            "Run the command again and open the page that it prints.",
        )
    })??;
    let code = Code {
        code: &code,
        redirect_uri: Some(&redirect_uri),
        verifier: begun.verifier.as_ref(),
    };
    finish_grant(store, connection, app, code, Arc::new(SystemClock)).await?;
    Ok(())
}
