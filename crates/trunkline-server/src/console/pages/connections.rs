//! Connections: the list, one of them, what is done with it. `connections/new.rs` has the wizard, `connections/edit.rs` the changes.

mod edit;
mod new;
mod permissions;

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::overview::connected;
use crate::{
    api::{
        connections::{self, Shown, Standing as ConnectionState, Tested},
        mirrors,
        permissions::{self as api_permissions, Permissions},
        read::Named,
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View, sentence},
        parts::{self, Tone, badge},
        visit::{Visit, named},
    },
    reply::Refusal,
};

/// One connection.
pub(super) const ONE: &str = "/connections/{name}";

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("connections.list", "/connections", Role::Read, list).in_menu(
            Group::Workspace,
            "plug",
            "Connections",
        ),
        Page::look("connections.show", ONE, Role::Read, show),
        Page::look(
            "connections.before_remove",
            "/connections/{name}/remove",
            Role::Admin,
            before_remove,
        ),
        Page::deed(
            "connections.remove",
            "/connections/{name}/remove",
            Role::Admin,
            remove,
        ),
        Page::deed(
            "connections.test",
            "/connections/{name}/test",
            Role::Operate,
            test,
        ),
        Page::deed(
            "connections.pause",
            "/connections/{name}/pause",
            Role::Operate,
            pause,
        ),
        Page::deed(
            "connections.resume",
            "/connections/{name}/resume",
            Role::Operate,
            resume,
        ),
        Page::deed(
            "connections.choose",
            "/connections/{name}/default",
            Role::Admin,
            choose,
        ),
        Page::deed(
            "connections.grant",
            "/connections/{name}/grant",
            Role::Admin,
            grant,
        ),
    ];
    pages.extend(new::pages());
    pages.extend(edit::pages());
    pages.extend(permissions::pages());
    pages
}

/// All connections.
struct List {
    items: Vec<Shown>,
}

impl View for List {
    fn title(&self) -> String {
        "Connections".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Each is one workspace of Intercom, by an access token or a grant.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        (visit.may(Role::Admin) && !self.items.is_empty())
            .then(|| parts::first_link(visit, "/connections/new", Some("plus"), "Connect a workspace"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.items.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, "/connections/new", Some("plus"), "Connect a workspace"));
            let text =
                "With a connection, Trunkline can mirror a workspace, receive its webhooks and act in it.";
            return parts::empty(visit, "plug", "No connections yet", text, next);
        }
        let rows = self
            .items
            .iter()
            .map(|connection| {
                let (tone, word) = connected(connection.state);
                vec![
                    html! {
                        a href=(visit.at(ONE, &connection.name)) { strong { (connection.name) } }
                        @if connection.is_default { " " (badge(Tone::Quiet, "default")) }
                    },
                    html! { @match &connection.workspace { Some(workspace) => (workspace.name), None => span class="quiet" { "not known yet" } } },
                    html! { (place(connection)) },
                    badge(tone, word),
                    parts::moment_or(connection.tested_at, visit.now(), "never"),
                ]
            })
            .collect();
        parts::table(
            "Connections",
            &["Name", "Workspace", "Where", "State", "Tested"],
            rows,
        )
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let needs_grant = Shown {
            state: ConnectionState::NeedsGrant,
            is_default: false,
            workspace: None,
            ..sample()
        };
        vec![
            ("none", Self { items: Vec::new() }),
            (
                "some",
                Self {
                    items: vec![sample(), needs_grant],
                },
            ),
        ]
    }
}

/// Where a connection's workspace lives.
fn place(connection: &Shown) -> String {
    use crate::api::connections::RegionName;
    match connection.region {
        Some(RegionName::Us) => "United States".to_owned(),
        Some(RegionName::Eu) => "European Union".to_owned(),
        Some(RegionName::Au) => "Australia".to_owned(),
        None => connection.base_url.clone(),
    }
}

/// One connection, and the mirrors that depend on it.
struct One {
    connection: Shown,
    mirrors: Vec<String>,
    permissions: Permissions,
}

impl One {
    fn state(&self, visit: &Visit) -> Markup {
        let connection = &self.connection;
        let (tone, word) = connected(connection.state);
        html! {
            (parts::facts(vec![
                ("State", html! {
                    (badge(tone, word))
                    @if let Some(reason) = &connection.reason { " " span class="quiet" { (reason) } }
                }),
                ("Workspace", html! {
                    @match &connection.workspace {
                        Some(workspace) => { (workspace.name) " " code { (workspace.id_code) } },
                        None => span class="quiet" { "known after the first successful test" },
                    }
                }),
                ("Tested", parts::moment_or(connection.tested_at, visit.now(), "never")),
                ("Access", html! {
                    @if connection.has_token { "A token is kept, sealed" } @else { span class="quiet" { "No token yet" } }
                    @if let Some(app) = &connection.app { ", by grants of the app " strong { (app) } }
                    @if let Some(at) = connection.token_expires_at { ", until " (parts::moment(at, visit.now())) }
                }),
                ("Where", html! { (place(connection)) " " span class="quiet" { code { (connection.base_url) } } }),
                ("API version", html! { (connection.api_version) }),
                ("Request log", html! { @if connection.logs_requests { a href={ (visit.to("/requests")) "?connection=" (connection.name) } { "kept" } } @else { span class="quiet" { "not kept" } } }),
                ("Notes", html! { @if connection.notes.is_empty() { span class="quiet" { "none" } } @else { (connection.notes) } }),
            ]))
        }
    }
}

impl View for One {
    fn title(&self) -> String {
        self.connection.name.clone()
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let connection = &self.connection;
        let path = |path| named(path, &connection.name);
        let is_paused = matches!(connection.state, ConnectionState::Paused);
        let needs_grant = connection.app.is_some()
            && (!connection.has_token || matches!(connection.state, ConnectionState::NeedsGrant));
        Some(html! {
            @if visit.may(Role::Admin) && connection.app.is_some() {
                (parts::form(visit, &path("/connections/{name}/grant"), &html! {
                    button class=[needs_grant.then_some("first")] { (parts::icon(visit, "key")) @if connection.has_token { "Grant again" } @else { "Grant access to Intercom" } }
                }))
            }
            @if visit.may(Role::Operate) {
                @if is_paused { (parts::press(visit, &path("/connections/{name}/resume"), Some("play"), "Resume")) }
                @else {
                    @if connection.has_token { (parts::press(visit, &path("/connections/{name}/test"), Some("again"), "Test")) }
                    (parts::press(visit, &path("/connections/{name}/pause"), Some("pause"), "Pause"))
                }
            }
            @if visit.may(Role::Admin) {
                (parts::link(visit, &path("/connections/{name}/edit"), Some("settings"), "Change"))
            }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        let connection = &self.connection;
        html! {
            section class="card" aria-label="How it is doing" { (parts::region("state", &self.state(visit))) }
            (parts::section("webhooks", "Webhooks", &html! {
                @match &connection.webhook_url {
                    Some(url) => {
                        p { "In Intercom's Developer Hub, on the app's page Webhooks, this is the endpoint URL:" }
                        (parts::copyable(visit, "the endpoint URL", url))
                    }
                    None => p class="quiet" { "Intercom can reach this process when it is started with " code { "--public-url https://…" } "." },
                }
                p class="hint" {
                    @if connection.has_webhook_secret { "Signatures are checked with a secret of this connection." }
                    @else if connection.app.is_some() { "Signatures are checked with the app's client secret." }
                    @else { "No secret is kept to check signatures with, so every notification is refused. Give the connection an app or a webhook secret." }
                }
            }))
            (permissions::section(visit, &connection.name, connection.has_token, &self.permissions))
            (parts::section("users", "What depends on it", &html! {
                @if self.mirrors.is_empty() {
                    p class="quiet" { "Nothing yet." }
                    @if visit.may(Role::Admin) { p { (parts::link(visit, &format!("/mirrors/new?connection={}", connection.name), Some("plus"), "Mirror this workspace")) } }
                } @else {
                    ul class="rows" { @for mirror in &self.mirrors { li { a href=(visit.at("/mirrors/{name}", mirror)) { (mirror) } span class="quiet" { "mirror" } } } }
                }
            }))
            @if visit.may(Role::Admin) {
                div class="actions" {
                    @if !connection.is_default { (parts::press(visit, &named("/connections/{name}/default", &connection.name), None, "Make it the default")) }
                    a class="button danger" href=(visit.at("/connections/{name}/remove", &connection.name)) { (parts::icon(visit, "trash")) "Delete" }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let bare = Shown {
            has_token: false,
            app: None,
            webhook_url: None,
            workspace: None,
            notes: String::new(),
            is_default: false,
            ..sample()
        };
        let paused = Shown {
            state: ConnectionState::Paused,
            ..sample()
        };
        vec![
            (
                "usual",
                Self {
                    connection: sample(),
                    mirrors: vec!["all".to_owned()],
                    permissions: permissions::sample(),
                },
            ),
            (
                "bare",
                Self {
                    connection: bare,
                    mirrors: Vec::new(),
                    permissions: Permissions::default(),
                },
            ),
            (
                "paused",
                Self {
                    connection: paused,
                    mirrors: Vec::new(),
                    permissions: Permissions::default(),
                },
            ),
        ]
    }
}

/// A connection that is about to be deleted.
struct Removal {
    name: String,
    mirrors: Vec<String>,
}

impl View for Removal {
    fn title(&self) -> String {
        format!("Delete {}?", self.name)
    }

    fn main(&self, visit: &Visit) -> Markup {
        let back = named(ONE, &self.name);
        html! {
            section class="card narrow" aria-label="Delete" {
                @if self.mirrors.is_empty() {
                    p { "Its token and secrets are forgotten. What was mirrored stays in its files, and the access token stays good at Intercom until it is taken back there." }
                    div class="actions" {
                        (parts::form(visit, &named("/connections/{name}/remove", &self.name), &html! { button class="danger" { (parts::icon(visit, "trash")) "Delete it" } }))
                        (parts::link(visit, &back, None, "Keep it"))
                    }
                } @else {
                    p { "It cannot be deleted while these mirrors depend on it:" }
                    ul class="rows" { @for mirror in &self.mirrors { li { a href=(visit.at("/mirrors/{name}", mirror)) { (mirror) } } } }
                    div class="actions" { (parts::link(visit, &back, None, "Back")) }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let name = || "acme".to_owned();
        vec![
            (
                "free",
                Self {
                    name: name(),
                    mirrors: Vec::new(),
                },
            ),
            (
                "in use",
                Self {
                    name: name(),
                    mirrors: vec!["all".to_owned()],
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let Json(all) = connections::list(State(asked.shared)).await?;
    Ok(List { items: all.items })
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(connection) = connections::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let mirrors = depending(&asked, &connection.name).await?;
    let Json(permissions) =
        api_permissions::show(State(asked.shared.clone()), Named(connection.name.clone())).await?;
    Ok(One {
        connection,
        mirrors,
        permissions,
    })
}

/// The mirrors that depend on a connection.
async fn depending(asked: &Asked, connection: &str) -> Result<Vec<String>, Refusal> {
    let Json(all) = mirrors::list(State(asked.shared.clone())).await?;
    Ok(all
        .items
        .into_iter()
        .filter(|mirror| mirror.connection == connection)
        .map(|mirror| mirror.name)
        .collect())
}

async fn before_remove(asked: Asked) -> Result<Removal, Refusal> {
    let One {
        connection, mirrors, ..
    } = show(asked).await?;
    Ok(Removal {
        name: connection.name,
        mirrors,
    })
}

async fn remove(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    connections::remove(State(asked.shared.clone()), Named(name.clone())).await?;
    let note = format!("{name} is forgotten, with its secrets.");
    Ok(Done::to("/connections", name, note))
}

/// What a test found, as a deed that is done.
pub(super) fn told(tested: &Tested) -> Done {
    let connection = &tested.connection;
    let go = named(ONE, &connection.name);
    match &tested.error {
        None => {
            let workspace = connection
                .workspace
                .as_ref()
                .map_or("the workspace", |workspace| &workspace.name);
            Done::to(go, &connection.name, format!("It works: {workspace} answers."))
        }
        Some(trouble) => {
            let words = format!(
                "{} {} ({})",
                sentence(&trouble.message),
                trouble.advice,
                trouble.code
            );
            Done::to(go, &connection.name, words).but()
        }
    }
}

async fn test(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(tested) = connections::test(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(told(&tested))
}

async fn pause(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(shown) = connections::pause(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = format!("{} is paused: nothing uses it until it is resumed.", shown.name);
    Ok(Done::to(named(ONE, &shown.name), shown.name, note))
}

async fn resume(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(tested) = connections::resume(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(told(&tested))
}

async fn choose(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(shown) = connections::choose(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = format!("{} is meant where none is named.", shown.name);
    Ok(Done::to(named(ONE, &shown.name), shown.name, note))
}

async fn grant(asked: Asked) -> Result<Done, Again<Infallible>> {
    begin(&asked, &asked.name()).await.map_err(Again::Refused)
}

/// Begins a grant: the browser goes to the page with the button.
async fn begin(asked: &Asked, name: &str) -> Result<Done, Refusal> {
    let Json(offered) = connections::grant(State(asked.shared.clone()), Named(name.to_owned())).await?;
    // The link is for whoever opens it first: this browser, which goes there now.
    Ok(Done::to(offered.url, name, ""))
}

#[cfg(test)]
fn sample() -> Shown {
    use crate::api::connections::{RegionName, Workspace};
    let at = "2026-03-01T11:00:00Z".parse().expect("a moment");
    Shown {
        id: "1".to_owned(),
        name: "acme".to_owned(),
        is_default: true,
        state: ConnectionState::Ready,
        reason: None,
        app: Some("hub".to_owned()),
        region: Some(RegionName::Eu),
        base_url: "https://api.eu.intercom.io".to_owned(),
        api_version: "2.16".to_owned(),
        authorize_url: None,
        token_url: None,
        logs_requests: true,
        notes: "<script>alert(1)</script>".to_owned(),
        has_token: true,
        has_webhook_secret: false,
        token_expires_at: Some(at),
        webhook_url: Some("https://t.example/webhooks/acme".to_owned()),
        workspace: Some(Workspace {
            id_code: "abcd1234".to_owned(),
            name: "Acme & <i>Sons</i>".to_owned(),
            region: "EU".to_owned(),
            time_zone: "Europe/Dublin".to_owned(),
            admin_id: "7".to_owned(),
        }),
        tested_at: Some(at),
        created_at: at,
        updated_at: at,
    }
}
