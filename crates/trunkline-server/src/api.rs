//! The JSON API under `/api/v1`: everything that the command line does with connections, mirrors, flows and notifications.
//!
//! The one rule: a route says what it takes, what it answers and which role it needs in one place, its [`route::Route`]; the
//! description of the API is made of those, and the tests walk it, so what is described is what happens. Read `guard.rs` for
//! who is let in, `read.rs` for how a request is read, then one file a resource. Handlers are plain functions, which other
//! parts of the process may call too.

pub(crate) mod about;
pub(crate) mod actions;
pub(crate) mod alerts;
pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod connections;
pub(crate) mod data;
pub(crate) mod dead_letters;
pub(crate) mod deliveries;
mod describe;
pub(crate) mod flows;
pub(crate) mod given;
pub(crate) mod guard;
pub(crate) mod keys;
pub(crate) mod lookups;
pub(crate) mod mirrors;
pub(crate) mod notifications;
pub(crate) mod origin;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod permissions;
pub(crate) mod read;
pub(crate) mod recipes;
pub(crate) mod reports;
pub(crate) mod requests;
mod route;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod simulator;
pub(crate) mod writes;

use std::sync::Arc;

use axum::{Router, middleware};

use crate::{reply::Refusal, shared::Shared};
use route::Route;

/// Where the API is.
pub(crate) const PREFIX: &str = "/api/v1";

/// Every route, resource by resource.
fn routes() -> Vec<Route> {
    [
        about::routes(),
        overview::routes(),
        describe::routes(),
        connections::routes(),
        permissions::routes(),
        apps::routes(),
        mirrors::routes(),
        runs::routes(),
        data::routes(),
        reports::routes(),
        settings::routes(),
        simulator::routes(),
        flows::routes(),
        dead_letters::routes(),
        deliveries::routes(),
        recipes::routes(),
        actions::routes(),
        lookups::routes(),
        batches::routes(),
        writes::routes(),
        notifications::routes(),
        alerts::routes(),
        requests::routes(),
        keys::routes(),
        people::routes(),
        audit::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The API, to be nested at [`PREFIX`].
pub(crate) fn router(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let router = routes()
        .into_iter()
        .fold(Router::new(), |router, route| route.add_to(router));
    router
        .fallback(async || Refusal::unknown_address())
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), guard::check))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), guard::seal))
}

/// The description of the API, as an OpenAPI document.
#[must_use]
pub fn api_description() -> String {
    describe::document(&routes())
}
