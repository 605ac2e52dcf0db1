//! What runs here: versions, health, room, how long things are kept, the key of the secrets.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::data::size;
use crate::{
    api::{
        about,
        settings::{self, Checks, Settings, Storage},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

const PATH: &str = "/settings";
const ROTATE: &str = "/settings/secrets/rotate";

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("settings.show", PATH, Role::Read, show).in_menu(Group::Process, "settings", "Settings"),
        Page::look(
            "settings.before_rotate",
            "/settings/secrets",
            Role::Admin,
            before_rotate,
        ),
        Page::deed("secrets.rotate", ROTATE, Role::Admin, rotate),
    ]
}

/// What runs here.
#[derive(Debug)]
struct One {
    version: &'static str,
    intercom: Vec<&'static str>,
    settings: Settings,
    checks: Checks,
    /// Nothing where the store does not answer.
    storage: Option<Storage>,
}

impl One {
    fn health(&self) -> Markup {
        let rows = self
            .checks
            .items
            .iter()
            .map(|check| {
                let state = if check.is_well {
                    badge(Tone::Good, "well")
                } else {
                    badge(Tone::Bad, "not well")
                };
                vec![html! { (check.what) }, state, html! { (check.found) }]
            })
            .collect();
        parts::section(
            "health",
            "Health",
            &parts::table("Health", &["What", "State", "Found"], rows),
        )
    }

    fn process(&self) -> Markup {
        let newest = self
            .intercom
            .iter()
            .rfind(|version| **version != "Preview")
            .copied()
            .unwrap_or_default();
        let components = &self.settings.components;
        parts::section(
            "process",
            "This process",
            &parts::facts(vec![
                ("Version", html! { (self.version) }),
                (
                    "Speaks Intercom's API",
                    html! { (self.intercom.first().copied().unwrap_or_default()) " to " (newest) },
                ),
                ("Listens on", html! { code { (self.settings.listens) } }),
                (
                    "Reached from outside at",
                    html! {
                        @match &self.settings.public_url {
                            Some(url) => code { (url) },
                            None => span class="quiet" { "nowhere; start it with " code { "--public-url" } " so that Intercom can send webhooks" },
                        }
                    },
                ),
                ("Sources", html! { (components.sources.join(", ")) }),
                ("Transforms", html! { (components.transforms.join(", ")) }),
                ("Destinations", html! { (components.destinations.join(", ")) }),
            ]),
        )
    }

    fn room(&self, visit: &Visit) -> Markup {
        let Some(storage) = &self.storage else {
            return html! {};
        };
        let kind = if storage.store == "sqlite" {
            "SQLite"
        } else {
            "PostgreSQL"
        };
        let rows = storage
            .mirrors
            .iter()
            .map(|mirror| {
                vec![
                    html! { a href=(visit.at("/data/{name}", &mirror.name)) { (mirror.name) } },
                    html! { (size(mirror.bytes)) },
                    html! { @if mirror.search_bytes == 0 { span class="quiet" { "off" } } @else { (size(mirror.search_bytes)) } },
                ]
            })
            .collect();
        parts::section(
            "room",
            "Room",
            &html! {
                (parts::facts(vec![
                    ("Store", html! { (size(storage.store_bytes)) ", " (kind) ", format " (storage.store_format) }),
                    ("Free on the disk", html! { @match storage.free_bytes { Some(bytes) => (size(bytes)), None => span class="quiet" { "not told by this system" } } }),
                ]))
                @if !storage.mirrors.is_empty() { (parts::table("Mirrors", &["Mirror", "Size", "Search"], rows)) }
            },
        )
    }

    fn kept(&self) -> Markup {
        let rows = self
            .settings
            .kept
            .iter()
            .map(|kept| {
                vec![
                    html! { (kept.what) },
                    html! { (words::span_of(kept.seconds)) },
                    html! { @match kept.flag { Some(flag) => code { (flag) }, None => span class="quiet" { "always so" } } },
                ]
            })
            .collect();
        parts::section(
            "kept",
            "How long things are kept",
            &html! {
                (parts::table("How long things are kept", &["What", "Kept for", "Changed with"], rows))
                p class="hint" { "Set when the process is started: " code { "trunkline serve --keep-notifications 14d --keep-requests 7d --keep-runs 90d" } }
            },
        )
    }
}

impl View for One {
    fn title(&self) -> String {
        "Settings".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (self.health())
            (self.process())
            (self.room(visit))
            (self.kept())
            @if visit.may(Role::Admin) {
                (parts::section("secrets", "Secrets", &html! {
                    p { "Tokens, client secrets and webhook secrets are sealed with a key that never enters the database. They can be written and never read." }
                    div class="actions" {
                        (parts::link(visit, "/settings/secrets", Some("key"), "Change the key"))
                        (parts::link(visit, "/audit", Some("log"), "Who changed what"))
                    }
                }))
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use settings::{Check, Components, KeptFor, MirrorRoom};
        let sample = |is_well, public_url: Option<&str>, storage| Self {
            version: "0.1.0",
            intercom: vec!["2.7", "2.16", "Preview"],
            settings: Settings {
                listens: "127.0.0.1:7070".to_owned(),
                public_url: public_url.map(str::to_owned),
                kept: vec![
                    KeptFor {
                        what: "Notifications",
                        seconds: 1_209_600,
                        flag: Some("--keep-notifications"),
                    },
                    KeptFor {
                        what: "Audit log",
                        seconds: 31_536_000,
                        flag: None,
                    },
                ],
                components: Components {
                    sources: vec!["file"],
                    transforms: vec!["map"],
                    destinations: vec!["http"],
                },
            },
            checks: Checks {
                is_well,
                items: vec![Check {
                    what: "Store",
                    is_well,
                    found: "<b>answers".to_owned(),
                }],
            },
            storage,
        };
        let storage = Storage {
            store: "sqlite",
            store_format: 5,
            store_bytes: 1 << 30,
            free_bytes: None,
            mirrors: vec![
                MirrorRoom {
                    name: "ma in".to_owned(),
                    bytes: 100,
                    search_bytes: 0,
                },
                MirrorRoom {
                    name: "all".to_owned(),
                    bytes: 5 << 20,
                    search_bytes: 3 << 20,
                },
            ],
        };
        vec![
            ("usual", sample(true, Some("https://t.example/"), Some(storage))),
            ("in trouble", sample(false, None, None)),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let state = || State(asked.shared.clone());
    let Json(about) = about::version().await;
    let Json(settings) = settings::show(state()).await;
    let Json(checks) = settings::checks(state()).await?;
    // What a store that does not answer holds is not known; that it does not is said above.
    let storage = settings::storage(state()).await.ok().map(|Json(storage)| storage);
    Ok(One {
        version: about.version,
        intercom: about.intercom_versions,
        settings,
        checks,
        storage,
    })
}

/// What is said before the key is changed.
struct Before;

impl View for Before {
    fn title(&self) -> String {
        "Change the key of the secrets".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            section class="card narrow" aria-label="What happens" {
                p { "Every secret is sealed under a new key, and the old one opens nothing any more. Nobody has to type anything again, and nothing stands still." }
                p { "A backup that was made before needs the old key: keep the old file with it, or make a new backup after." }
                p { "Where the key comes from a variable of the process, put the new key first in it and the old one behind it, start again, and then change the key here." }
                div class="actions" {
                    (parts::form(visit, ROTATE, &html! { button class="danger" { (parts::icon(visit, "key")) "Change the key now" } }))
                    (parts::link(visit, PATH, None, "Not now"))
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self)]
    }
}

async fn before_rotate(_: Asked) -> Result<Before, Refusal> {
    Ok(Before)
}

async fn rotate(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(rotated) = settings::rotate(State(asked.shared)).await?;
    let note = format!(
        "{} sealed under a new key.",
        words::some(rotated.secrets as u64, "secret")
    );
    Ok(Done::to(PATH, "secrets", note))
}
