//! Lists from which the value of a field is picked: teammates, teams, tags and so on, live from a workspace.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_actions::lookup::{self, Choice, UnknownLookup};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// A list to pick from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lookup {
    /// Its name, such as `admins`.
    pub(crate) name: &'static str,
    /// What it lists.
    pub(crate) lists: &'static str,
    /// The operation that reads it.
    pub(crate) operation: &'static str,
}

/// Every list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lookups {
    /// The lists, by name.
    pub(crate) items: Vec<Lookup>,
}

/// What to look for in a list.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// Words that the id, the name or the details must contain; for contacts Intercom looks for them.
    #[serde(default)]
    pub(crate) words: String,
    /// How many at most; 50 when it is left out, 500 at most.
    pub(crate) limit: Option<u32>,
}

/// Something to pick.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Pick {
    /// What is put into the field.
    pub(crate) id: String,
    /// What a person knows it by.
    pub(crate) name: String,
    /// What tells it apart from others of its name.
    pub(crate) details: BTreeMap<&'static str, String>,
}

/// What can be picked now.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Picks {
    /// What fits.
    pub(crate) items: Vec<Pick>,
    /// Whether there is more than the limit let through.
    pub(crate) more: bool,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/lookups",
            "lookups.list",
            "Names the lists from which values of fields are picked.",
            list,
        )
        .answers::<Lookups>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Get,
            "/lookups/{name}",
            "lookups.show",
            "Reads a list from the workspace: ids, names and what tells them apart.",
            show,
        )
        .asks::<Wanted>()
        .answers::<Picks>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
    ]
}

/// Every list.
pub(crate) async fn list() -> Json<Lookups> {
    let items = lookup::lookups().iter().map(|list| Lookup {
        name: list.name,
        lists: list.help,
        operation: list.source.operation,
    });
    Json(Lookups {
        items: items.collect(),
    })
}

/// What can be picked from a list now.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Picks>, Refusal> {
    let list = lookup::lookup(&name)?;
    let limit = given::limit(wanted.limit)?;
    let (connection, client) = shared.workspaces.client(wanted.connection.as_deref()).await?;
    let work = async move {
        let found = list.choices(&client, &[wanted.words], limit as usize).await?;
        Ok(Picks {
            items: found.choices.into_iter().map(Pick::of).collect(),
            more: found.more,
        })
    };
    Ok(Json(shared.workspaces.run(&connection, work).await?))
}

impl Pick {
    fn of(choice: Choice) -> Self {
        Self {
            id: choice.id,
            name: choice.label,
            details: choice.details.into_iter().collect(),
        }
    }
}

impl From<UnknownLookup> for Refusal {
    fn from(error: UnknownLookup) -> Self {
        Self::new(StatusCode::NOT_FOUND, error.code(), error.to_string())
    }
}
