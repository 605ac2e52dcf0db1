//! The wizard: what is mirrored, where to, how often.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_catalog::Catalog;
use trunkline_store::Role;

use super::ONE;
use crate::{
    api::{
        connections,
        mirrors::{self, New},
        read::Body,
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::{Visit, named},
    },
    reply::Refusal,
};

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("mirrors.new", "/mirrors/new", Role::Admin, show),
        Page::deed("mirrors.add", "/mirrors/new", Role::Admin, add),
    ]
}

/// The wizard.
struct Wizard {
    typed: Fields,
    connections: Vec<String>,
    streams: Vec<&'static str>,
    refusal: Option<Refusal>,
}

const FIELDS: [&str; 5] = ["name", "to", "connection", "exclude", "hash"];
const INTERVALS: [(&str, &str); 6] = [
    ("60", "every minute"),
    ("600", "every 10 minutes"),
    ("3600", "every hour"),
    ("21600", "every 6 hours"),
    ("86400", "every day"),
    ("604800", "every week"),
];

impl View for Wizard {
    fn title(&self) -> String {
        "Mirror a workspace".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.connections.is_empty() {
            let next = parts::first_link(visit, "/connections/new", Some("plus"), "Connect a workspace");
            return parts::empty(
                visit,
                "plug",
                "A connection comes first",
                "A mirror copies the workspace of a connection.",
                Some(next),
            );
        }
        let wrong = self.refusal.as_ref();
        let get = |name| self.typed.get(name);
        let or = |name, otherwise: &'static str| {
            if get(name).is_empty() {
                otherwise.to_owned()
            } else {
                get(name).to_owned()
            }
        };
        let names: Vec<(&str, &str)> = self
            .connections
            .iter()
            .map(|name| (name.as_str(), name.as_str()))
            .collect();
        let chosen = self.typed.all("streams");
        let is_fresh = !self.typed.has("name");
        let is_some = get("what") == "some";
        html! {
            (parts::trouble(visit, wrong, &FIELDS))
            (parts::form(visit, "/mirrors/new", &html! {
                section class="card" aria-labelledby="what" {
                    h2 id="what" { "What" }
                    (parts::choice("connection", "Connection", get("connection"), &names))
                    div class="ways" role="radiogroup" aria-labelledby="what" {
                        label class="way" { input type="radio" name="what" value="all" checked[!is_some]; "Everything" span class="hint" { "All " (self.streams.len()) " streams, but for what costs a call for each object." } }
                        label class="way" { input type="radio" name="what" value="some" checked[is_some]; "Only some streams" span class="hint" { "Choose below." } }
                    }
                    details class="more-fields" open[is_some] {
                        summary { "Streams" }
                        div class="ticks" {
                            @for stream in &self.streams {
                                div class="tick" {
                                    input id={ "s-" (stream) } name="streams" type="checkbox" value=(stream) checked[chosen.iter().any(|name| name == stream)];
                                    label for={ "s-" (stream) } { (stream) }
                                }
                            }
                        }
                    }
                }
                section class="card" aria-labelledby="where" {
                    h2 id="where" { "Where to, and how often" }
                    (Field::text("name", "Name", &or("name", "all")).required().wrong(wrong))
                    (Field::text("to", "To", &or("to", "sqlite:mirror.db")).required().wrong(wrong).hint("A file of SQLite in the data folder. Copies in PostgreSQL and Parquet follow such a file."))
                    (parts::choice("interval_seconds", "How often", &or("interval_seconds", "600"), &INTERVALS))
                    (parts::tick("follows_webhooks", "Follow webhooks", is_fresh || self.typed.is_ticked("follows_webhooks"),
                        Some("What Intercom tells is there a moment later; runs then find what nobody told.")))
                    (parts::tick("keeps_history", "Keep every version of every row", self.typed.is_ticked("keeps_history"), None))
                }
                details class="more-fields" open[!get("exclude").is_empty() || !get("hash").is_empty()] {
                    summary { "Personal data: columns to leave out or to hash" }
                    (Field::text("exclude", "Leave out", get("exclude")).like("contacts.phone, contacts.email").wrong(wrong).hint("Columns as stream.column, separated by commas."))
                    (Field::text("hash", "Store as a hash", get("hash")).like("contacts.email").wrong(wrong).hint("Equal values stay equal; nobody can read them."))
                }
                div class="actions" {
                    (parts::submit("Begin to mirror"))
                    (parts::link(visit, "/mirrors", None, "Cancel"))
                }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |typed, connections, refusal| Self {
            typed,
            connections,
            streams: vec!["contacts", "companies"],
            refusal,
        };
        let typed = Fields::of(&[
            ("name", "\"><script>"),
            ("what", "some"),
            ("streams", "contacts"),
            ("exclude", "x"),
        ]);
        let one = || vec!["acme".to_owned()];
        vec![
            ("no connection", sample(Fields::default(), Vec::new(), None)),
            ("empty", sample(Fields::default(), one(), None)),
            (
                "wrong",
                sample(
                    typed,
                    one(),
                    Some(Refusal::of_field("exclude[0]", "is not `stream.column`")),
                ),
            ),
        ]
    }
}

async fn show(asked: Asked) -> Result<Wizard, Refusal> {
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let typed = if asked.form.is_empty() {
        asked.query
    } else {
        asked.form
    };
    Ok(Wizard {
        typed,
        connections: all.items.into_iter().map(|connection| connection.name).collect(),
        streams: Catalog::embedded()
            .streams()
            .iter()
            .map(|stream| stream.name)
            .collect(),
        refusal: None,
    })
}

async fn add(asked: Asked) -> Result<Done, Again<Wizard>> {
    match begin(&asked).await {
        Ok(done) => Ok(done),
        Err(mut refusal) => {
            // `exclude[2]` is a part of one field here.
            if let Some((field, _)) = refusal.field.as_deref().and_then(|field| field.split_once('[')) {
                refusal.field = Some(field.to_owned());
            }
            let mut wizard = show(asked).await?;
            wizard.refusal = Some(refusal);
            Err(Again::form(wizard))
        }
    }
}

async fn begin(asked: &Asked) -> Result<Done, Refusal> {
    let form = &asked.form;
    let columns = |name| {
        let text: &str = form.get(name);
        text.split(',')
            .map(str::trim)
            .filter(|column| !column.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let new = New {
        name: form.get("name").to_owned(),
        connection: form.given("connection"),
        streams: (form.get("what") == "some").then(|| form.all("streams")),
        custom_objects: Vec::new(),
        to: form.get("to").to_owned(),
        interval_seconds: form
            .get("interval_seconds")
            .parse()
            .map_err(|_| Refusal::of_field("interval_seconds", "is not a number of seconds"))?,
        keeps_history: form.is_ticked("keeps_history"),
        exclude: columns("exclude"),
        hash: columns("hash"),
        follows_webhooks: form.is_ticked("follows_webhooks"),
    };
    let (_, Json(mirror)) = mirrors::add(State(asked.shared.clone()), Body(new)).await?;
    Ok(Done::to(
        named(ONE, &mirror.name),
        mirror.name,
        "The first run begins. This page follows it.",
    ))
}
