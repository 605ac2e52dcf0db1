//! What this is, how it is doing, and who asks.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use trunkline_catalog::Version;
use trunkline_client::Region;
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    guard::Caller,
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// How the process is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ready`; a process that is not ready answers 503.
    pub(crate) status: &'static str,
}

/// What runs here, and what it speaks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct About {
    /// Trunkline's version.
    pub(crate) version: &'static str,
    /// The versions of Intercom's API that a connection may speak.
    pub(crate) intercom_versions: Vec<&'static str>,
    /// The one that a connection speaks when none is named.
    pub(crate) default_intercom_version: &'static str,
    /// Where workspaces live.
    pub(crate) regions: Vec<RegionAddress>,
}

/// A region and its address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Region)]
pub(crate) struct RegionAddress {
    /// Its name.
    pub(crate) name: &'static str,
    /// The address of its API.
    pub(crate) base_url: &'static str,
}

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Caller)]
pub(crate) struct Asking {
    /// The name of the key; none for a program on this machine while there is no key.
    pub(crate) key: Option<String>,
    /// Its role.
    #[schema(value_type = super::keys::RoleName)]
    pub(crate) role: Role,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/health",
            "about.health",
            "Says whether the process is ready to work.",
            health,
        )
        .answers::<Health>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/version",
            "about.version",
            "Says what runs here, and which versions and regions of Intercom it speaks to.",
            version,
        )
        .answers::<About>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/caller",
            "about.caller",
            "Says who asks, and with which role.",
            caller,
        )
        .answers::<Asking>(StatusCode::OK),
    ]
}

/// Whether the process is ready.
pub(crate) async fn health(State(shared): State<Arc<Shared>>) -> Result<Json<Health>, Refusal> {
    shared.store.ping().await?;
    Ok(Json(Health { status: "ready" }))
}

/// What runs here.
pub(crate) async fn version() -> Json<About> {
    Json(About {
        version: env!("CARGO_PKG_VERSION"),
        intercom_versions: Version::ALL.iter().map(|version| version.as_str()).collect(),
        default_intercom_version: Version::DEFAULT.as_str(),
        regions: Region::ALL
            .into_iter()
            .map(|region| RegionAddress {
                name: region.as_str(),
                base_url: region.base_url(),
            })
            .collect(),
    })
}

async fn caller(Extension(caller): Extension<Caller>) -> Json<Asking> {
    Json(Asking {
        key: caller.key,
        role: caller.role,
    })
}
