//! What runs here: versions, health, room, how long things are kept, the key of the secrets.

use std::{convert::Infallible, time::Duration};

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_flow::document::Span;
use trunkline_store::Role;

use super::data::size;
use crate::{
    api::{
        about,
        read::Body,
        settings::{self, Checks, Keep, KeptFor, Settings, Storage},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Field, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
    retention::What,
};

const PATH: &str = "/settings";
const ROTATE: &str = "/settings/secrets/rotate";
const KEEP: &str = "/settings/retention";

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
        Page::deed("settings.keep", KEEP, Role::Admin, keep),
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
    /// What was typed, when it cannot be taken.
    typed: Option<Fields>,
    refusal: Option<Refusal>,
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

    fn kept(&self, visit: &Visit) -> Markup {
        let rows = self
            .settings
            .kept
            .iter()
            .map(|kept| {
                let said = match kept.said {
                    "start" => html! { "the start of this process: " code { (kept.flag) } },
                    "set" => html! { "these settings" },
                    _ => html! { span class="quiet" { "nobody: it is usual" } },
                };
                vec![
                    html! { (kept.what) },
                    html! { (words::span_of(kept.seconds)) },
                    said,
                ]
            })
            .collect();
        let open: Vec<&KeptFor> = self
            .settings
            .kept
            .iter()
            .filter(|kept| kept.said != "start")
            .collect();
        let names: Vec<&str> = open.iter().map(|kept| kept.name).collect();
        parts::section(
            "kept",
            "How long things are kept",
            &html! {
                (parts::table("How long things are kept", &["What", "Kept for", "Said by"], rows))
                @if visit.may(Role::Admin) && !open.is_empty() {
                    details open[self.refusal.is_some()] {
                        summary { "Change how long" }
                        (parts::trouble(visit, self.refusal.as_ref(), &names))
                        (parts::form(visit, KEEP, &html! {
                            @for kept in &open { (self.field(kept)) }
                            p class="hint" { "What has been kept for longer is forgotten within minutes, for good." }
                            (parts::submit("Keep for so long"))
                        }))
                    }
                }
            },
        )
    }

    fn field(&self, kept: &KeptFor) -> Markup {
        let typed = self.typed.as_ref().map(|typed| typed.get(kept.name).to_owned());
        let set = if kept.said == "set" {
            span(kept.seconds)
        } else {
            String::new()
        };
        let value = typed.unwrap_or(set);
        let hint = format!(
            "A number with h or d. Empty: {}.",
            words::span_of(kept.usual_seconds)
        );
        html! {
            (Field::text(kept.name, kept.what, &value).like(&span(kept.usual_seconds)).hint(&hint).wrong(self.refusal.as_ref()))
        }
    }
}

/// A span as it is typed.
fn span(seconds: u64) -> String {
    Span(Duration::from_secs(seconds)).to_string()
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
            (self.kept(visit))
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
        use settings::{Check, Components, MirrorRoom};
        let sample = |is_well, public_url: Option<&str>, storage| Self {
            version: "0.1.0",
            intercom: vec!["2.7", "2.16", "Preview"],
            settings: Settings {
                listens: "127.0.0.1:7070".to_owned(),
                public_url: public_url.map(str::to_owned),
                kept: [
                    (What::Notifications, "start"),
                    (What::Runs, "set"),
                    (What::Audit, "usual"),
                ]
                .map(|(what, said)| KeptFor {
                    name: what.word(),
                    what: what.title(),
                    seconds: 1_209_600,
                    usual_seconds: what.usual().as_secs(),
                    flag: what.flag(),
                    said,
                })
                .into(),
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
            typed: None,
            refusal: None,
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
            (
                "wrong",
                Self {
                    typed: Some(Fields::of(&[("runs", "\"><b>")])),
                    refusal: Some(Refusal::of_field("runs", "is no length of time")),
                    ..sample(true, None, None)
                },
            ),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let state = || State(asked.shared.clone());
    let Json(about) = about::version().await;
    let Json(settings) = settings::show(state()).await?;
    let Json(checks) = settings::checks(state()).await?;
    // What a store that does not answer holds is not known; that it does not is said above.
    let storage = settings::storage(state()).await.ok().map(|Json(storage)| storage);
    Ok(One {
        version: about.version,
        intercom: about.intercom_versions,
        settings,
        checks,
        storage,
        typed: None,
        refusal: None,
    })
}

async fn keep(asked: Asked) -> Result<Done, Again<One>> {
    let mut body = Keep::default();
    for what in What::ALL {
        // A field that is not there is one that cannot be changed here.
        if asked.form.has(what.word()) {
            *body.of(what) = Some(asked.form.given(what.word()));
        }
    }
    match settings::keep(State(asked.shared.clone()), Body(body)).await {
        Ok(_) => Ok(Done::to(
            PATH,
            "retention",
            "Things are kept for so long from now on.",
        )),
        Err(refusal) if refusal.field.is_some() => {
            let typed = Some(asked.form.clone());
            let mut one = show(asked).await?;
            one.typed = typed;
            one.refusal = Some(refusal);
            Err(Again::form(one))
        }
        Err(refusal) => Err(refusal.into()),
    }
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
