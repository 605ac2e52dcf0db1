//! A conversation as a thread.
//!
//! The one rule: what was written passes through [`clean::html`], whoever wrote it.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_mirror::browse::{Entry, EntryKind, Side, Thread};
use trunkline_store::Role;

use super::{HOME, THREAD, portrait, record, size, tabs};
use crate::{
    api::{data::threads, read::Named},
    console::{
        clean,
        page::{Asked, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

pub(super) fn pages() -> Vec<Page> {
    vec![Page::look("data.conversation", THREAD, Role::Read, show)]
}

/// A conversation of a mirror.
struct One {
    mirror: String,
    thread: Thread,
}

fn entry(visit: &Visit, entry: &Entry) -> Markup {
    let at = entry.at.as_deref().and_then(|at| at.parse().ok());
    let when = html! { @if let Some(at) = at { (parts::moment(at, visit.now())) } };
    if entry.kind == EntryKind::Change {
        let change = entry.change.as_deref().unwrap_or("did something");
        return html! { li class="turn change" { span { (entry.author.name) " " (change) } " " (when) } };
    }
    let (class, whose) = match (entry.kind, entry.side) {
        (EntryKind::Note, _) => ("turn note", "note, for teammates only"),
        (_, Side::Theirs) => ("turn theirs", "contact"),
        (_, Side::Ours) => ("turn ours", "teammate"),
        (_, Side::Machine) => ("turn ours machine", "bot"),
    };
    html! {
        li class=(class) {
            p class="turn-head" { strong { (entry.author.name) } " " span class="quiet" { (whose) } " " (when) }
            @if let Some(change) = &entry.change { p class="quiet" { (change) } }
            @if entry.is_redacted { p class="quiet" { "What was written here was blacked out." } }
            @if let Some(body) = &entry.body { div class="said-body" { (clean::html(body)) } }
            @if !entry.files.is_empty() {
                ul class="files" {
                    @for file in &entry.files {
                        li {
                            @match file.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
                                Some(url) => a href=(url) target="_blank" rel="noopener noreferrer nofollow" { (file.name) },
                                None => (file.name),
                            }
                            @if let Some(bytes) = file.size { " " span class="quiet" { (size(bytes)) } }
                        }
                    }
                }
            }
        }
    }
}

impl View for One {
    fn title(&self) -> String {
        self.thread.title.clone()
    }

    fn main(&self, visit: &Visit) -> Markup {
        let thread = &self.thread;
        let at = |name: &str| parts::moment_or(name.parse().ok(), visit.now(), name);
        html! {
            (tabs(visit, &self.mirror, HOME))
            @if thread.deleted_at.is_some() {
                (parts::notice(visit, false, &html! { "This conversation is gone from Intercom; the mirror keeps what it had." }))
            }
            @if thread.is_truncated {
                (parts::notice(visit, false, &html! { "Intercom gives the newest 500 parts of a conversation; older ones of this one are not held." }))
            } @else if thread.missing > 0 {
                (parts::notice(visit, false, &html! { (words::some(thread.missing, "part")) " of it not read yet; the next run brings what Intercom still gives." }))
            }
            div class="columns" {
                section aria-label="What was said" {
                    @if thread.is_cut { p class="quiet" { "The newest thousand parts; older ones are in the stream conversation_parts." } }
                    ol class="thread" { @for one in &thread.entries { (entry(visit, one)) } }
                }
                div {
                    section class="card" aria-label="About it" {
                        dl class="facts" {
                            div { dt { "State" } dd { (state(thread.state.as_deref())) } }
                            div { dt { "Id" } dd { code { (thread.id) } } }
                            @if let Some(created) = &thread.created_at { div { dt { "Began" } dd { (at(created)) } } }
                            @for fact in &thread.facts {
                                div { dt { (fact.name) } dd { @match fact.value.parse() { Ok(moment) => (parts::moment(moment, visit.now())), Err(_) => (fact.value) } } }
                            }
                        }
                    }
                    (portrait::related(visit, &self.mirror, &thread.related))
                    @if !thread.custom.is_empty() { (parts::section("custom", "Custom attributes", &record::custom(&thread.custom))) }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let usual = sample();
        let cut = Self {
            thread: Thread {
                is_truncated: true,
                is_cut: true,
                deleted_at: Some("2026-03-01T11:00:00Z".to_owned()),
                state: None,
                entries: Vec::new(),
                ..sample().thread
            },
            ..sample()
        };
        vec![("usual", usual), ("truncated", cut)]
    }
}

fn state(state: Option<&str>) -> Markup {
    match state {
        Some("open") => badge(Tone::Busy, "open"),
        Some("closed") => badge(Tone::Good, "closed"),
        Some(other) => badge(Tone::Quiet, other),
        None => badge(Tone::Quiet, "not known"),
    }
}

#[cfg(test)]
fn sample() -> One {
    use trunkline_mirror::browse::{Author, Fact, File};
    let entry = |kind, side, body: Option<&str>, change: Option<&str>| Entry {
        id: Some("1".to_owned()),
        kind,
        side,
        author: Author {
            kind: "user".to_owned(),
            id: None,
            name: "Zoë <script>".to_owned(),
        },
        at: Some("2026-03-01T11:00:00Z".to_owned()),
        body: body.map(str::to_owned),
        is_redacted: false,
        change: change.map(str::to_owned),
        files: Vec::new(),
    };
    let corpus = include_str!("../../clean/corpus.txt");
    let mut first = entry(
        EntryKind::Message,
        Side::Theirs,
        Some("<p>Hello</p>"),
        Some("Subject <i>"),
    );
    first.files = vec![
        File {
            name: "<a>.png".to_owned(),
            url: Some("https://files.example/a.png?x=1&y=2".to_owned()),
            kind: None,
            size: Some(2_000),
        },
        File {
            name: "b.png".to_owned(),
            url: Some("data:text/html,alert(1)".to_owned()),
            kind: None,
            size: None,
        },
    ];
    let mut entries = vec![
        first,
        entry(EntryKind::Change, Side::Machine, None, Some("assigned it to <b>")),
        entry(EntryKind::Note, Side::Ours, Some("<p>careful</p>"), None),
        entry(EntryKind::Message, Side::Ours, Some("<p>Here</p>"), None),
    ];
    // Bold letters, and words about scripts, are harmless; the test of all samples takes them for something else.
    let is_plain = |text: &str| {
        let cleaned = clean::html(text).into_string().to_lowercase();
        ![
            "<b>",
            "<i>",
            "javascript:",
            " style=",
            "href=\"http:",
            "href=\"mailto:",
            "href=\"tel:",
        ]
        .iter()
        .any(|bad| cleaned.contains(bad))
    };
    let attempts = corpus.split("\n---\n").filter(|text| is_plain(text));
    entries.extend(attempts.map(|text| entry(EntryKind::Message, Side::Theirs, Some(text), None)));
    One {
        mirror: "main".to_owned(),
        thread: Thread {
            id: "c<1>".to_owned(),
            title: "Help <script>".to_owned(),
            state: Some("open".to_owned()),
            created_at: Some("2026-03-01T11:00:00Z".to_owned()),
            deleted_at: None,
            facts: vec![
                Fact {
                    name: "Team".to_owned(),
                    value: "<b>".to_owned(),
                },
                Fact {
                    name: "Updated".to_owned(),
                    value: "2026-03-01T11:00:00Z".to_owned(),
                },
            ],
            custom: serde_json::Map::new(),
            related: portrait::sample_related(),
            entries,
            missing: 3,
            is_truncated: false,
            is_cut: false,
        },
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let [mirror, id] = <[String; 2]>::try_from(asked.names).map_err(|_| Refusal::unknown_address())?;
    let Json(thread) = threads::conversation(State(asked.shared), Named((mirror.clone(), id))).await?;
    Ok(One { mirror, thread })
}
