//! What is chosen in forms of flows: a connection.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::connections,
    console::{page::Asked, parts, visit::Visit},
    reply::Refusal,
};

/// The names of all connections.
pub(in crate::console::pages) async fn connections(asked: &Asked) -> Result<Vec<String>, Refusal> {
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    Ok(all.items.into_iter().map(|connection| connection.name).collect())
}

/// A connection by its name, with the way to another; that opens beside, so what is typed here stays.
pub(in crate::console::pages) fn connection(
    visit: &Visit,
    field: &str,
    chosen: &str,
    names: &[String],
) -> Markup {
    let mut options: Vec<(&str, &str)> = vec![("", "the default one")];
    if !chosen.is_empty() && names.iter().all(|name| name != chosen) {
        options.push((chosen, chosen));
    }
    options.extend(names.iter().map(|name| (name.as_str(), name.as_str())));
    html! {
        (parts::choice(field, "Connection", chosen, &options))
        @if visit.may(Role::Admin) {
            p class="hint below" { a href=(visit.to("/connections/new")) target="_blank" { "Connect another workspace" } " in a window beside; what you typed here stays." }
        }
    }
}
