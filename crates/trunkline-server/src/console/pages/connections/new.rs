//! The wizard: a workspace is connected by an access token, or by a grant of an app.
//!
//! The one rule: one page, sent at once: everything is checked before anything is kept, and what was typed stays, but for secrets. An app
//! that was made for a connection which then cannot be is used when the form is sent again.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{begin, told};
use crate::{
    api::{
        about, apps,
        connections::{self, New, RegionName},
        given::Secret,
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::Visit,
    },
    reply::Refusal,
};

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("connections.new", "/connections/new", Role::Admin, show),
        Page::deed("connections.add", "/connections/new", Role::Admin, add),
    ]
}

/// The wizard.
struct Wizard {
    typed: Fields,
    /// Apps that are kept already, by name.
    apps: Vec<String>,
    versions: Vec<&'static str>,
    default_version: &'static str,
    /// Where Intercom sends a browser back to after a grant.
    callback: String,
    refusal: Option<Refusal>,
}

/// The fields that say themselves what is wrong with them.
const FIELDS: [&str; 9] = [
    "name",
    "base_url",
    "token",
    "client_id",
    "client_secret",
    "authorize_url",
    "token_url",
    "webhook_secret",
    "app",
];

impl View for Wizard {
    fn title(&self) -> String {
        "Connect a workspace".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        let wrong = self.refusal.as_ref();
        let get = |name| self.typed.get(name);
        let is_oauth = get("access") == "oauth";
        html! {
            (parts::trouble(visit, wrong, &FIELDS))
            (parts::form(visit, "/connections/new", &html! {
                section class="card" aria-labelledby="where" {
                    h2 id="where" { "The workspace" }
                    (Field::text("name", "Name", get("name")).required().first().like("acme").wrong(wrong)
                        .hint("How you call it here: small letters, digits and dashes."))
                    (parts::choice("region", "Where it is hosted", if get("region").is_empty() { "us" } else { get("region") }, &REGIONS))
                    (Field::text("base_url", "Base URI", get("base_url")).like("http://127.0.0.1:7071").wrong(wrong)
                        .hint("Only for a simulator or a proxy; it stands in for the region."))
                }
                section class="card" aria-labelledby="access" {
                    h2 id="access" { "Access" }
                    div class="ways" role="radiogroup" aria-labelledby="access" {
                        (way("token", "An access token", "Of an app of your own workspace, from its page Authentication in the Developer Hub.", !is_oauth))
                        (way("oauth", "A grant by OAuth", "You are sent to Intercom, choose a workspace there, and come back.", is_oauth))
                    }
                    div class="only token" {
                        (Field::secret("token", "Access token").wrong(wrong).hint("Kept sealed. It is never shown again, also not to you."))
                    }
                    div class="only oauth" {
                        (self.app(visit))
                    }
                }
                details class="more-fields" open[has_more(&self.typed, wrong)] {
                    summary { "More: API version, webhook secret, request log, notes" }
                    (parts::choice("api_version", "API version", if get("api_version").is_empty() { self.default_version } else { get("api_version") },
                        &self.versions.iter().map(|version| (*version, *version)).collect::<Vec<_>>()))
                    (Field::secret("webhook_secret", "Webhook secret").wrong(wrong).hint("Only where webhooks are not signed with the app's client secret."))
                    (parts::tick("logs_requests", "Keep a log of requests", self.typed.is_empty() || self.typed.is_ticked("logs_requests"),
                        Some("Calls and grants with status and time, without what was sent. Kept for a week.")))
                    (Field::text("notes", "Notes", get("notes")).long(2))
                }
                div class="actions" {
                    (parts::submit("Connect and test"))
                    (parts::link(visit, "/connections", None, "Cancel"))
                }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |typed, apps, refusal| Self {
            typed,
            apps,
            versions: vec!["2.7", "2.16"],
            default_version: "2.16",
            callback: "https://t.example/auth/intercom/callback".to_owned(),
            refusal,
        };
        let typed = Fields::of(&[
            ("name", "\"><script>"),
            ("access", "oauth"),
            ("notes", "</textarea><script>"),
        ]);
        vec![
            ("empty", sample(Fields::default(), Vec::new(), None)),
            (
                "wrong",
                sample(
                    typed.clone(),
                    vec!["hub".to_owned()],
                    Some(Refusal::of_field("name", "is no name")),
                ),
            ),
            (
                "elsewhere",
                sample(
                    typed,
                    Vec::new(),
                    Some(Refusal::of_field("surprise", "is not known")),
                ),
            ),
        ]
    }
}

impl Wizard {
    fn app(&self, visit: &Visit) -> Markup {
        let wrong = self.refusal.as_ref();
        let get = |name| self.typed.get(name);
        let mut options: Vec<(&str, &str)> =
            self.apps.iter().map(|app| (app.as_str(), app.as_str())).collect();
        options.push(("", "Another app, with the id and secret below"));
        let chosen = if self.typed.has("app") {
            get("app")
        } else {
            self.apps.first().map_or("", String::as_str)
        };
        html! {
            p { "In the Developer Hub, add this redirect URL to the app first:" }
            (parts::copyable(visit, "the redirect URL", &self.callback))
            h3 { "The app" }
            @if !self.apps.is_empty() { (parts::choice("app", "App", chosen, &options)) }
            (Field::text("client_id", "Client id", get("client_id")).wrong(wrong).hint("From the app's page Basic information."))
            (Field::secret("client_secret", "Client secret").wrong(wrong).hint("Kept sealed and never shown again. It also signs the app's webhooks."))
            (Field::text("authorize_url", "Authorize URL", get("authorize_url")).wrong(wrong).like("https://app.intercom.com/oauth")
                .hint("Left empty, it is that of the region or of the base URI."))
            (Field::text("token_url", "Access token URL", get("token_url")).wrong(wrong).like("https://api.intercom.io/auth/eagle/token")
                .hint("Left empty, it is Intercom's own."))
        }
    }
}

pub(super) const REGIONS: [(&str, &str); 3] = [
    ("us", "United States (api.intercom.io)"),
    ("eu", "European Union (api.eu.intercom.io)"),
    ("au", "Australia (api.au.intercom.io)"),
];

fn has_more(typed: &Fields, wrong: Option<&Refusal>) -> bool {
    let is_wrong = wrong.and_then(|refusal| refusal.field.as_deref()) == Some("webhook_secret");
    is_wrong || !typed.get("notes").is_empty()
}

fn way(value: &str, title: &str, hint: &str, is_chosen: bool) -> Markup {
    html! {
        label class="way" {
            input type="radio" name="access" value=(value) checked[is_chosen];
            (title) span class="hint" { (hint) }
        }
    }
}

/// A region by its name.
pub(super) fn region(name: &str) -> Result<RegionName, Refusal> {
    match name {
        "us" => Ok(RegionName::Us),
        "eu" => Ok(RegionName::Eu),
        "au" => Ok(RegionName::Au),
        _ => Err(Refusal::of_field("region", "is none of us, eu and au")),
    }
}

async fn show(asked: Asked) -> Result<Wizard, Refusal> {
    let Json(about) = about::version().await;
    let Json(all) = apps::list(State(asked.shared.clone())).await?;
    let callback = asked
        .shared
        .options
        .reached_at()
        .map(|url| crate::sign_in::under(&url, "/auth/intercom/callback").to_string())
        .unwrap_or_default();
    Ok(Wizard {
        typed: asked.form,
        apps: all.items.into_iter().map(|app| app.name).collect(),
        versions: about.intercom_versions,
        default_version: about.default_intercom_version,
        callback,
        refusal: None,
    })
}

async fn add(asked: Asked) -> Result<Done, Again<Wizard>> {
    match connect(&asked).await {
        Ok(done) => Ok(done),
        Err(refusal) => {
            let mut wizard = show(asked).await?;
            wizard.refusal = Some(refusal);
            Err(Again::form(wizard))
        }
    }
}

async fn connect(asked: &Asked) -> Result<Done, Refusal> {
    let form = &asked.form;
    let name = form.get("name").to_owned();
    let is_oauth = form.get("access") == "oauth";
    if !is_oauth && form.given("token").is_none() {
        return Err(Refusal::of_field(
            "token",
            "is missing: paste it here, or choose a grant by OAuth",
        ));
    }
    let app = if is_oauth {
        Some(app(asked, &name).await?)
    } else {
        None
    };
    let base_url = form.given("base_url");
    let new = New {
        app,
        region: if base_url.is_some() {
            None
        } else {
            Some(region(form.get("region"))?)
        },
        base_url,
        api_version: form.given("api_version"),
        authorize_url: form.given("authorize_url").filter(|_| is_oauth),
        token_url: form.given("token_url").filter(|_| is_oauth),
        token: form
            .given("token")
            .filter(|_| !is_oauth)
            .map(|token| Secret::typed(&token)),
        webhook_secret: form.given("webhook_secret").map(|secret| Secret::typed(&secret)),
        logs_requests: Some(form.is_ticked("logs_requests")),
        notes: form.given("notes"),
        name,
    };
    let (_, Json(added)) = connections::add(State(asked.shared.clone()), Body(new)).await?;
    if is_oauth {
        return begin(asked, &added.name).await;
    }
    let Json(tested) = connections::test(State(asked.shared.clone()), Named(added.name)).await?;
    Ok(told(&tested))
}

/// The app whose grant is asked for: one that is kept, or a new one.
async fn app(asked: &Asked, connection: &str) -> Result<String, Refusal> {
    let form = &asked.form;
    if let Some(chosen) = form.given("app") {
        return Ok(chosen);
    }
    let client_id = form
        .given("client_id")
        .ok_or_else(|| Refusal::of_field("client_id", "is missing"))?;
    let secret = form
        .given("client_secret")
        .ok_or_else(|| Refusal::of_field("client_secret", "is missing"))?;
    let Json(all) = apps::list(State(asked.shared.clone())).await?;
    // One app is kept once, also when this form is sent again.
    if let Some(known) = all.items.iter().find(|app| app.client_id == client_id) {
        let change = apps::Change {
            client_secret: Some(Secret::typed(&secret)),
            ..apps::Change::default()
        };
        let Json(changed) = apps::change(
            State(asked.shared.clone()),
            Named(known.name.clone()),
            Body(change),
        )
        .await?;
        return Ok(changed.name);
    }
    let new = apps::New {
        name: connection.to_owned(),
        client_id,
        client_secret: Secret::typed(&secret),
        authorize_url: None,
        token_url: None,
        takes_pkce: false,
        notes: String::new(),
    };
    let (_, Json(made)) = apps::add(State(asked.shared.clone()), Body(new)).await?;
    Ok(made.name)
}
