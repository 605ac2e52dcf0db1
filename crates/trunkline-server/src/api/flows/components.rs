//! What flows can be made of: sources, transforms and destinations, each with the schema of its settings.

use axum::Json;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use trunkline_store::Role;
use utoipa::ToSchema;

use super::super::route::{Route, Verb};

/// A component.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowComponent)]
pub(crate) struct Component {
    /// `source`, `transform` or `destination`.
    pub(crate) kind: String,
    /// Its name in a flow's text.
    pub(crate) name: String,
    /// What it does.
    pub(crate) summary: String,
    /// The JSON Schema of its settings.
    #[schema(value_type = Object)]
    pub(crate) settings: Value,
}

/// All components.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowComponents)]
pub(crate) struct Components {
    /// The components: sources, transforms, destinations, each by name.
    pub(crate) items: Vec<Component>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/components",
            "components.list",
            "Lists what flows can be made of, each with the schema of its settings.",
            components,
        )
        .answers::<Components>(StatusCode::OK),
    ]
}

/// All components.
pub(crate) async fn components() -> Json<Components> {
    let described = trunkline_components::described();
    let items = described.into_iter().map(|one| Component {
        kind: one.kind.to_owned(),
        name: one.name.to_owned(),
        summary: one.summary.to_owned(),
        settings: one.settings,
    });
    Json(Components {
        items: items.collect(),
    })
}
