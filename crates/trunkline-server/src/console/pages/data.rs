//! What mirrors hold: which mirror, its streams, their records. `data/record.rs` has one record, `data/thread.rs` a conversation,
//! `data/portrait.rs` contacts and companies, `data/search.rs` words, `data/sql.rs` questions.

mod portrait;
mod record;
mod search;
mod sql;
mod stream;
mod thread;

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use crate::{
    api::{
        data::{self, Stream, Streams},
        mirrors,
        read::Named,
    },
    console::{
        page::{Asked, Group, Page, View},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const HOME: &str = "/data/{name}";
const STREAM: &str = "/data/{name}/streams/{stream}";
const RECORD: &str = "/data/{name}/streams/{stream}/record";
const THREAD: &str = "/data/{name}/conversations/{id}";
const CONTACT: &str = "/data/{name}/contacts/{id}";
const COMPANY: &str = "/data/{name}/companies/{id}";
const SEARCH: &str = "/data/{name}/search";
const SQL: &str = "/data/{name}/sql";

/// A mirror that has no file yet.
pub(super) const NOTHING_YET: &str = "TL0980";

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("data.list", "/data", Role::Read, list).in_menu(Group::Data, "table", "Data"),
        Page::look("data.streams", HOME, Role::Read, show),
    ];
    pages.extend(stream::pages());
    pages.extend(record::pages());
    pages.extend(thread::pages());
    pages.extend(portrait::pages());
    pages.extend(search::pages());
    pages.extend(sql::pages());
    pages
}

/// The ways to look at a mirror.
fn tabs(visit: &Visit, mirror: &str, here: &str) -> Markup {
    let tabs = [(HOME, "Streams"), (SEARCH, "Search"), (SQL, "SQL")];
    html! {
        nav class="tabs" aria-label="Ways to look at the mirror" {
            @for (path, words) in tabs {
                a href=(visit.at(path, mirror)) aria-current=[(path == here).then_some("page")] { (words) }
            }
        }
    }
}

/// A path with a mirror and something in it.
fn within(visit: &Visit, path: &str, mirror: &str, what: &str) -> String {
    visit.to(&named(&named(path, mirror), what))
}

/// Where a record is shown best.
fn place(visit: &Visit, mirror: &str, stream: &str, key: &str) -> String {
    match stream {
        "conversations" => within(visit, THREAD, mirror, key),
        "contacts" => within(visit, CONTACT, mirror, key),
        "companies" => within(visit, COMPANY, mirror, key),
        _ => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("key", key);
            format!("{}?{}", within(visit, RECORD, mirror, stream), query.finish())
        }
    }
}

/// The stream whose id a column holds.
fn points_to(stream: &str, column: &str) -> Option<&'static str> {
    match column {
        "contact_id" | "into_contact_id" => Some("contacts"),
        // What a company calls so is the id of one's own systems.
        "company_id" if stream != "companies" => Some("companies"),
        "conversation_id" => Some("conversations"),
        "ticket_id" if stream != "tickets" => Some("tickets"),
        "tag_id" => Some("tags"),
        "segment_id" => Some("segments"),
        "admin_id" | "admin_assignee_id" | "owner_id" => Some("admins"),
        "team_id" | "team_assignee_id" => Some("teams"),
        _ => None,
    }
}

/// A value of a record in a cell.
fn cell(visit: &Visit, mirror: &str, stream: &str, column: &str, kind: &str, value: &Value) -> Markup {
    const LONGEST: usize = 90;
    const SHORT: usize = 24;
    let text = data::query::plain(value);
    if let Some(to) = points_to(stream, column).filter(|_| !text.is_empty() && text != "0") {
        return html! { a href=(place(visit, mirror, to, &text)) { (text) } };
    }
    match kind {
        _ if value.is_null() || text.is_empty() => html! { span class="quiet" { "none" } },
        "time" => match text.parse() {
            Ok(at) => parts::moment(at, visit.now()),
            Err(_) => html! { (text) },
        },
        "boolean" => html! { @if text == "1" { "yes" } @else { "no" } },
        _ if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            html! { span title=(text.chars().take(1_000).collect::<String>()) { (start) "…" } }
        }
        _ if text.chars().count() <= SHORT => html! { span class="short" { (text) } },
        _ => html! { (text) },
    }
}

/// The mirrors, or what the only one holds.
struct List {
    mirrors: Vec<mirrors::Shown>,
    only: Option<One>,
}

impl View for List {
    fn title(&self) -> String {
        "Data".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What the mirrors hold: records, conversations, questions.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        if let Some(one) = &self.only {
            return one.main(visit);
        }
        if self.mirrors.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, "/mirrors/new", Some("plus"), "Mirror a workspace"));
            let text = "When a workspace is mirrored, its contacts, conversations, tickets and everything else can be looked through here.";
            return parts::empty(visit, "table", "Nothing is mirrored yet", text, next);
        }
        let rows = self
            .mirrors
            .iter()
            .map(|mirror| {
                vec![
                    html! { a href=(visit.at(HOME, &mirror.name)) { strong { (mirror.name) } } },
                    html! { (mirror.connection) },
                    html! { code { (mirror.to) } },
                ]
            })
            .collect();
        parts::table("Mirrors", &["Mirror", "Connection", "File"], rows)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let mirrors = || vec![super::mirrors::sample(), super::mirrors::sample()];
        vec![
            (
                "none",
                Self {
                    mirrors: Vec::new(),
                    only: None,
                },
            ),
            (
                "some",
                Self {
                    mirrors: mirrors(),
                    only: None,
                },
            ),
            (
                "one",
                Self {
                    mirrors: Vec::new(),
                    only: Some(One::sample(true)),
                },
            ),
        ]
    }
}

/// What a mirror holds; nothing before its first run.
struct One {
    mirror: String,
    held: Option<Streams>,
}

impl One {
    fn streams(&self, visit: &Visit, streams: &[&Stream]) -> Markup {
        let rows = streams
            .iter()
            .map(|stream| {
                vec![
                    html! {
                        a href=(within(visit, STREAM, &self.mirror, &stream.name)) { strong { (stream.name) } }
                        br;
                        span class="quiet" { (stream.summary) }
                    },
                    html! { (words::count(stream.rows)) @if stream.deleted > 0 { br; span class="quiet" { (words::count(stream.deleted)) " deleted" } } },
                    html! { (completeness(stream)) @if let Some(why) = &stream.why { br; span class="quiet" { (why) } } },
                    parts::moment_or(stream.read_at.as_deref().and_then(|at| at.parse().ok()), visit.now(), "at each run"),
                ]
            })
            .collect();
        parts::table(
            "Streams",
            &["Stream", "Records", "Completeness", "Last read"],
            rows,
        )
    }

    #[cfg(test)]
    fn sample(is_held: bool) -> Self {
        let stream = |name: &str, rows, state: Option<&str>| Stream {
            name: name.to_owned(),
            summary: "People <who> write.".to_owned(),
            rows,
            deleted: rows / 10,
            read_at: Some("2026-03-01T11:00:00Z".to_owned()),
            state: state.map(str::to_owned),
            stated: Some(rows),
            why: (state == Some("partial")).then(|| "Not <all>.".to_owned()),
        };
        Self {
            mirror: "ma in".to_owned(),
            held: is_held.then(|| Streams {
                workspace: Some("Ducks <b>".to_owned()),
                time_zone: Some("UTC".to_owned()),
                heard_at: Some("2026-03-01T11:00:00Z".to_owned()),
                bytes: 3 << 20,
                truncated: 2,
                truncated_ids: vec!["1".to_owned(), "2".to_owned()],
                items: vec![
                    stream("contacts", 1_200_000, Some("complete")),
                    stream("tags", 12, Some("partial")),
                    stream("news", 0, None),
                ],
            }),
        }
    }
}

fn completeness(stream: &Stream) -> Markup {
    let state = stream.state.as_deref().unwrap_or_default();
    match state {
        "" => html! { span class="quiet" { "not said" } },
        "complete" => badge(Tone::Good, "complete"),
        "partial" => badge(Tone::Warn, "partial"),
        "failed" => badge(Tone::Bad, "failed"),
        other => badge(Tone::Quiet, &other.replace('_', " ")),
    }
}

/// A number of bytes, in the unit that says most.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => words::some(bytes, "byte"),
    }
}

impl View for One {
    fn title(&self) -> String {
        format!("Data of {}", self.mirror)
    }

    fn main(&self, visit: &Visit) -> Markup {
        let Some(held) = &self.held else {
            let next = parts::link(
                visit,
                &named("/mirrors/{name}", &self.mirror),
                None,
                "To the mirror",
            );
            let text =
                "Its first run makes its file. As soon as that has begun, what it has read so far is here.";
            return parts::empty(visit, "table", "This mirror holds nothing yet", text, Some(next));
        };
        let (full, empty): (Vec<&Stream>, Vec<&Stream>) = held
            .items
            .iter()
            .partition(|stream| stream.rows + stream.deleted > 0);
        let heard = held.heard_at.as_deref().and_then(|at| at.parse().ok());
        html! {
            (tabs(visit, &self.mirror, HOME))
            section class="card" aria-label="The mirror" {
                (parts::facts(vec![
                    ("Workspace", html! { (held.workspace.as_deref().unwrap_or("not known yet")) }),
                    ("Heard of it", parts::moment_or(heard, visit.now(), "never")),
                    ("Size", html! { (size(held.bytes)) }),
                    ("Truncated", html! {
                        @if held.truncated == 0 { span class="quiet" { "no conversation" } } @else {
                            (words::some(held.truncated, "conversation")) ", since Intercom gives the newest 500 parts only: "
                            @for (at, id) in held.truncated_ids.iter().enumerate() {
                                @if at > 0 { ", " }
                                a href=(within(visit, THREAD, &self.mirror, id)) { (id) }
                            }
                            @if held.truncated > held.truncated_ids.len() as u64 { " and more" }
                        }
                    }),
                ]))
            }
            (self.streams(visit, &full))
            @if !empty.is_empty() {
                details class="more-fields" {
                    summary { (words::some(empty.len() as u64, "stream")) " without records" }
                    (self.streams(visit, &empty))
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("nothing yet", Self::sample(false)),
            ("usual", Self::sample(true)),
        ]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let Json(all) = mirrors::list(State(asked.shared.clone())).await?;
    let only = match all.items.as_slice() {
        [only] => Some(one(&asked, only.name.clone()).await?),
        _ => None,
    };
    Ok(List {
        mirrors: all.items,
        only,
    })
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let name = asked.name();
    one(&asked, name).await
}

async fn one(asked: &Asked, mirror: String) -> Result<One, Refusal> {
    let held = match data::streams(State(asked.shared.clone()), Named(mirror.clone())).await {
        Ok(Json(held)) => Some(held),
        Err(refusal) if refusal.code == NOTHING_YET => None,
        Err(refusal) => return Err(refusal),
    };
    Ok(One { mirror, held })
}
