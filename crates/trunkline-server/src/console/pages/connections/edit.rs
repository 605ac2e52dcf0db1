//! Changes to a connection: its name, where it is, its secrets.
//!
//! The one rule: a secret's field is empty and stays so; what is left empty stays as it is.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{
    ONE,
    new::{REGIONS, region},
};
use crate::{
    api::{
        about, apps,
        connections::{self, Change, NewName, RegionName, Shown},
        given::Secret,
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::{Visit, named},
    },
    reply::Refusal,
};

const EDIT: &str = "/connections/{name}/edit";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("connections.edit", EDIT, Role::Admin, show),
        Page::deed("connections.change", EDIT, Role::Admin, change),
    ]
}

/// A connection in a form.
struct Edit {
    /// Its name until now.
    name: String,
    typed: Fields,
    apps: Vec<String>,
    versions: Vec<&'static str>,
    refusal: Option<Refusal>,
}

const FIELDS: [&str; 6] = [
    "name",
    "base_url",
    "authorize_url",
    "token_url",
    "token",
    "webhook_secret",
];

impl View for Edit {
    fn title(&self) -> String {
        format!("Change {}", self.name)
    }

    fn main(&self, visit: &Visit) -> Markup {
        let wrong = self.refusal.as_ref();
        let get = |name| self.typed.get(name);
        let mut apps: Vec<(&str, &str)> = vec![("", "none")];
        apps.extend(self.apps.iter().map(|app| (app.as_str(), app.as_str())));
        let versions: Vec<(&str, &str)> = self.versions.iter().map(|version| (*version, *version)).collect();
        html! {
            (parts::trouble(visit, wrong, &FIELDS))
            (parts::form(visit, &named(EDIT, &self.name), &html! {
                section class="card" aria-label="The connection" {
                    (Field::text("name", "Name", get("name")).required().wrong(wrong).hint("Its webhook URL has the name in it, and changes with it."))
                    (parts::choice("region", "Where it is hosted", get("region"), &[REGIONS.as_slice(), &[("", "Elsewhere, at the base URI")]].concat()))
                    (Field::text("base_url", "Base URI", get("base_url")).wrong(wrong).hint("Only where no region is chosen."))
                    (parts::choice("api_version", "API version", get("api_version"), &versions))
                    (parts::choice("app", "App for grants", get("app"), &apps))
                    (Field::text("authorize_url", "Authorize URL", get("authorize_url")).wrong(wrong))
                    (Field::text("token_url", "Access token URL", get("token_url")).wrong(wrong))
                    (Field::secret("token", "Another access token").wrong(wrong).hint("Left empty, the one that is kept stays."))
                    (Field::secret("webhook_secret", "Another webhook secret").wrong(wrong).hint("Left empty, the one that is kept stays."))
                    (parts::tick("logs_requests", "Keep a log of requests", self.typed.is_ticked("logs_requests"), None))
                    (Field::text("notes", "Notes", get("notes")).long(2))
                }
                div class="actions" {
                    (parts::submit("Save"))
                    (parts::link(visit, &named(ONE, &self.name), None, "Cancel"))
                }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |refusal| Self {
            name: "acme".to_owned(),
            typed: typed(&super::sample()),
            apps: vec!["hub".to_owned()],
            versions: vec!["2.7", "2.16"],
            refusal,
        };
        vec![
            ("usual", sample(None)),
            (
                "wrong",
                sample(Some(Refusal::of_field("base_url", "is no address"))),
            ),
        ]
    }
}

/// What is kept, as it would be typed.
fn typed(connection: &Shown) -> Fields {
    let region = match connection.region {
        Some(RegionName::Us) => "us",
        Some(RegionName::Eu) => "eu",
        Some(RegionName::Au) => "au",
        None => "",
    };
    let base_url = if connection.region.is_some() {
        ""
    } else {
        &connection.base_url
    };
    Fields::from_pairs([
        ("name", connection.name.as_str()),
        ("region", region),
        ("base_url", base_url),
        ("api_version", &connection.api_version),
        ("app", connection.app.as_deref().unwrap_or_default()),
        (
            "authorize_url",
            connection.authorize_url.as_deref().unwrap_or_default(),
        ),
        ("token_url", connection.token_url.as_deref().unwrap_or_default()),
        ("logs_requests", if connection.logs_requests { "yes" } else { "" }),
        ("notes", &connection.notes),
    ])
}

async fn show(asked: Asked) -> Result<Edit, Refusal> {
    let Json(connection) = connections::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let Json(about) = about::version().await;
    let Json(all) = apps::list(State(asked.shared.clone())).await?;
    Ok(Edit {
        typed: if asked.form.is_empty() {
            typed(&connection)
        } else {
            asked.form
        },
        name: connection.name,
        apps: all.items.into_iter().map(|app| app.name).collect(),
        versions: about.intercom_versions,
        refusal: None,
    })
}

async fn change(asked: Asked) -> Result<Done, Again<Edit>> {
    match apply(&asked).await {
        Ok(done) => Ok(done),
        Err(refusal) => {
            let mut edit = show(asked).await?;
            edit.refusal = Some(refusal);
            Err(Again::form(edit))
        }
    }
}

async fn apply(asked: &Asked) -> Result<Done, Refusal> {
    let form = &asked.form;
    let (old, name) = (asked.name(), form.get("name").to_owned());
    let chosen = form.given("region").map(|name| region(&name)).transpose()?;
    let change = Change {
        app: Some(form.given("app")),
        region: chosen,
        base_url: form.given("base_url").filter(|_| chosen.is_none()),
        api_version: form.given("api_version"),
        authorize_url: Some(form.given("authorize_url")),
        token_url: Some(form.given("token_url")),
        token: form.given("token").map(|token| Secret::typed(&token)),
        webhook_secret: form.given("webhook_secret").map(|secret| Secret::typed(&secret)),
        logs_requests: Some(form.is_ticked("logs_requests")),
        notes: Some(form.get("notes").to_owned()),
    };
    let shared = || State(asked.shared.clone());
    let Json(mut shown) = connections::change(shared(), Named(old.clone()), Body(change)).await?;
    if name != old {
        let new = NewName { name };
        Json(shown) = connections::rename(shared(), Named(old), Body(new)).await?;
    }
    Ok(Done::to(named(ONE, &shown.name), &shown.name, "Saved."))
}
