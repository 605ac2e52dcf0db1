//! Connections: list, add, show, change, rename, choose, pause, test, forget.
//!
//! The one rule: a change is checked in full before any of it is kept. `connections/shapes.rs` has what is shown and taken.

mod shapes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::StatusCode;
use trunkline_catalog::Version;
use trunkline_client::{Connection as Address, Region, Settings, oauth::Endpoints};
use trunkline_store::{
    Connection, ConnectionDetails, ConnectionSecrets, ConnectionState, NewConnection, Role, StoreError,
};

use super::{
    apps, given,
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{ServerError, connect, reply::Refusal, shared::Shared, sign_in::begin_grant};
#[cfg(test)]
pub(crate) use shapes::Workspace;
pub(crate) use shapes::{
    Change, Connections, New, NewName, Offered, RegionName, Shown, State as Standing, Tested, Trouble,
};

/// How long whoever waits for a test waits for a workspace.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/connections",
            "connections.list",
            "Lists the connections and how they are doing, without their secrets.",
            list,
        )
        .answers::<Connections>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/connections",
            "connections.add",
            "Adds a connection. The first one is the default. It is not tested yet.",
            add,
        )
        .takes::<New>()
        .answers::<Shown>(StatusCode::CREATED)
        .may_conflict(),
        Route::new(
            Role::Read,
            Verb::Get,
            "/connections/{name}",
            "connections.show",
            "Shows a connection, without its secrets.",
            show,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Patch,
            "/connections/{name}",
            "connections.change",
            "Changes how a connection is reached, its app, or its secrets.",
            change,
        )
        .takes::<Change>()
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/connections/{name}",
            "connections.remove",
            "Forgets a connection that no mirror uses, with its secrets.",
            remove,
        )
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/connections/{name}/rename",
            "connections.rename",
            "Gives a connection another name.",
            rename,
        )
        .takes::<NewName>()
        .answers::<Shown>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/connections/{name}/default",
            "connections.choose",
            "Makes a connection the one that is meant when none is named.",
            choose,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/test",
            "connections.test",
            "Asks a connection's workspace who it is, and notes whether the token works.",
            test,
        )
        .answers::<Tested>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/connections/{name}/grant",
            "connections.grant",
            "Begins a grant of a connection's app: a link for one browser, good once, for ten minutes.",
            grant,
        )
        .answers::<Offered>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/pause",
            "connections.pause",
            "Lets nothing use a connection for now.",
            pause,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/resume",
            "connections.resume",
            "Lets a paused connection be used again, and tests it.",
            resume,
        )
        .answers::<Tested>(StatusCode::OK),
    ]
}

/// All connections.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Connections>, Refusal> {
    let apps: BTreeMap<String, String> = shared
        .store
        .apps()
        .await?
        .into_iter()
        .map(|app| (app.id, app.name))
        .collect();
    let mut items = Vec::new();
    for connection in shared.store.connections().await? {
        let secrets = shared.store.kept_secrets(&connection.id).await?;
        let app = connection.app.as_ref().and_then(|id| apps.get(id).cloned());
        let public_url = shared.options.public_url.as_ref();
        items.push(Shown::of(connection, app, secrets, public_url));
    }
    Ok(Json(Connections { items }))
}

/// One connection.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(shown(&shared, &name).await?))
}

/// Adds a connection.
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let mut connection = NewConnection {
        name: new.name,
        details: ConnectionDetails {
            base_url: Region::Us.base_url().to_owned(),
            api_version: Version::DEFAULT.to_string(),
            ..ConnectionDetails::default()
        },
        ..NewConnection::default()
    };
    let given = Change {
        app: new.app.map(Some),
        region: new.region,
        base_url: new.base_url,
        api_version: new.api_version,
        authorize_url: new.authorize_url.map(Some),
        token_url: new.token_url.map(Some),
        token: new.token,
        webhook_secret: new.webhook_secret,
        logs_requests: new.logs_requests,
        notes: new.notes,
    };
    let (app, secrets) = apply(&shared, given, &mut connection.details).await?;
    connection.app = app.flatten();
    connection.secrets = secrets;
    let added = shared
        .store
        .add_connection(&connection, shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    Ok((StatusCode::CREATED, Json(shown(&shared, &added.id).await?)))
}

/// Changes a connection.
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(change): Body<Change>,
) -> Result<Json<Shown>, Refusal> {
    let mut connection = shared.store.connection(&name).await?;
    let (app, secrets) = apply(&shared, change, &mut connection.details).await?;
    connection.app = app.unwrap_or(connection.app);
    shared
        .store
        .update_connection(&connection, &secrets, shared.clock.now())
        .await?;
    Ok(Json(shown(&shared, &connection.id).await?))
}

/// Forgets a connection.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    shared.store.remove_connection(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a connection another name.
pub(crate) async fn rename(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(new): Body<NewName>,
) -> Result<Json<Shown>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    shared
        .store
        .rename_connection(&connection.id, &new.name, shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    Ok(Json(shown(&shared, &connection.id).await?))
}

/// Makes a connection the default.
pub(crate) async fn choose(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    shared.store.make_default(&name).await?;
    Ok(Json(shown(&shared, &name).await?))
}

/// Tests a connection.
pub(crate) async fn test(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Tested>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    tested(&shared, &connection).await
}

/// Begins a grant.
pub(crate) async fn grant(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Offered>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    let begun = async {
        let public_url = shared.options.reached_at()?;
        begin_grant(&shared.store, &connection, &public_url, &*shared.clock).await
    };
    match begun.await {
        Ok(url) => Ok(Json(Offered { url: url.into() })),
        Err(ServerError::Store(error)) => Err(error.into()),
        Err(error) => Err(Refusal::new(
            StatusCode::CONFLICT,
            error.code(),
            error.to_string(),
        )),
    }
}

/// Lets nothing use a connection.
pub(crate) async fn pause(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    set_state(&shared, &connection, ConnectionState::Paused).await?;
    Ok(Json(shown(&shared, &connection.id).await?))
}

/// Lets a connection be used again.
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Tested>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    set_state(&shared, &connection, ConnectionState::New).await?;
    let tested = tested(&shared, &connection).await;
    // What waited for the connection may go on.
    shared.wake.call();
    tested
}

async fn set_state(
    shared: &Shared,
    connection: &Connection,
    state: ConnectionState,
) -> Result<(), StoreError> {
    shared
        .store
        .set_connection_state(&connection.id, state, None, shared.clock.now())
        .await
}

async fn shown(shared: &Shared, name: &str) -> Result<Shown, Refusal> {
    let connection = shared.store.connection(name).await?;
    let app = match &connection.app {
        Some(id) => Some(shared.store.app(id).await?.name),
        None => None,
    };
    let secrets = shared.store.kept_secrets(&connection.id).await?;
    let public_url = shared.options.public_url.as_ref();
    Ok(Shown::of(connection, app, secrets, public_url))
}

async fn tested(shared: &Shared, connection: &Connection) -> Result<Json<Tested>, Refusal> {
    let mut settings = Settings::new(Arc::clone(&shared.clock));
    settings.timeout = PATIENCE;
    settings.connect_timeout = PATIENCE / 3;
    settings.retry.total = PATIENCE;
    settings.retry.max_attempts = 2;
    settings.retry.max_first_attempts = 1;
    let error = match connect::identify(&shared.store, connection, settings).await {
        Ok(_) => None,
        Err(ServerError::Store(error)) => return Err(error.into()),
        Err(error) => Some(Trouble {
            code: error.code().to_owned(),
            message: error.to_string(),
            advice: error.advice(),
        }),
    };
    Ok(Json(Tested {
        works: error.is_none(),
        error,
        connection: shown(shared, &connection.id).await?,
    }))
}

/// Takes over what is given, checked; returns the app, where that changes, and the secrets.
async fn apply(
    shared: &Shared,
    change: Change,
    details: &mut ConnectionDetails,
) -> Result<(Option<Option<String>>, ConnectionSecrets), Refusal> {
    let app = match change.app {
        Some(Some(name)) => {
            let app = shared.store.app(&name).await.map_err(given::at_field("app"))?;
            Some(Some(app.id))
        }
        other => other,
    };
    match (change.region, change.base_url) {
        (Some(_), Some(_)) => {
            let reason = "is given beside a region; one of the two says where the workspace is";
            return Err(Refusal::of_field("base_url", reason));
        }
        (Some(region), None) => region.base_url().clone_into(&mut details.base_url),
        (None, Some(url)) => details.base_url = url,
        (None, None) => {}
    }
    if let Some(text) = change.api_version {
        let version: Version = text.parse().map_err(|error: trunkline_catalog::UnknownVersion| {
            Refusal::of_field("api_version", error.to_string())
        })?;
        details.api_version = version.to_string();
    }
    details.authorize_url = change.authorize_url.unwrap_or(details.authorize_url.take());
    details.token_url = change.token_url.unwrap_or(details.token_url.take());
    details.logs_requests = change.logs_requests.unwrap_or(details.logs_requests);
    if let Some(notes) = change.notes {
        details.notes = notes;
    }
    Address::at(&details.base_url, "checked".into(), Version::DEFAULT)
        .map_err(|error| Refusal::of_field("base_url", error.to_string()))?;
    let endpoints = match Region::ALL
        .into_iter()
        .find(|region| region.base_url() == details.base_url)
    {
        Some(region) => Endpoints::in_region(region),
        None => Endpoints::at(&details.base_url)
            .map_err(|error| Refusal::of_field("base_url", error.to_string()))?,
    };
    apps::check_addresses(
        endpoints,
        details.authorize_url.as_deref(),
        details.token_url.as_deref(),
    )?;
    let token = change.token.map(|secret| secret.0);
    if let Some(token) = &token {
        check_token(token)?;
    }
    let secrets = ConnectionSecrets {
        token,
        webhook_secret: change.webhook_secret.map(|secret| secret.0),
        ..ConnectionSecrets::default()
    };
    Ok((app, secrets))
}

/// A token goes into a header, which not every letter may.
fn check_token(token: &secrecy::SecretString) -> Result<(), Refusal> {
    use secrecy::ExposeSecret as _;
    if token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Refusal::of_field("token", "has letters that no access token has"))
}
