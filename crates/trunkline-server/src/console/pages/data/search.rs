//! The search of a mirror: words in, conversations, contacts and articles out.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{HOME, NOTHING_YET, SEARCH, place, tabs};
use crate::{
    api::{
        data::search::{self, Found, IndexState, SearchQuery},
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const ON: &str = "/data/{name}/search/on";
const OFF: &str = "/data/{name}/search/off";
const KINDS: [(&str, &str); 4] = [
    ("", "everything"),
    ("conversations", "conversations"),
    ("contacts", "contacts"),
    ("articles", "articles"),
];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("search.find", SEARCH, Role::Read, show),
        Page::deed("search.on", ON, Role::Operate, on),
        Page::deed("search.off", OFF, Role::Operate, off),
    ]
}

/// What was looked for, and what was found; nothing for a mirror without a file.
struct One {
    mirror: String,
    asked: Fields,
    found: Option<Found>,
    refusal: Option<Refusal>,
}

impl One {
    fn hits(&self, visit: &Visit, found: &Found) -> Markup {
        html! {
            ol class="hits" {
                @for hit in &found.items {
                    li {
                        p {
                            a href=(place(visit, &self.mirror, &hit.stream, &hit.id)) { (if hit.title.is_empty() { &hit.id } else { &hit.title }) }
                            " " (badge(Tone::Quiet, hit.stream.trim_end_matches('s')))
                            @if let Some(at) = hit.at.as_deref().and_then(|at| at.parse().ok()) { " " span class="quiet" { (parts::moment(at, visit.now())) } }
                        }
                        p class="quiet" { @for piece in &hit.pieces { @if piece.is_hit { mark { (piece.text) } } @else { (piece.text) } } }
                    }
                }
            }
        }
    }

    fn off(&self, visit: &Visit) -> Markup {
        let next = visit.may(Role::Operate).then(|| {
            parts::press(
                visit,
                &named(ON, &self.mirror),
                Some("search"),
                "Switch the search on",
            )
        });
        let text = "An index of all words is made beside the mirror and follows it. It takes about as much room as the texts themselves, and can be taken away again.";
        parts::empty(visit, "search", "The search is off", text, next)
    }
}

impl View for One {
    fn title(&self) -> String {
        "Search".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some(format!(
            "Conversations, contacts and articles of the mirror {}.",
            self.mirror
        ))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let next = self.found.as_ref().and_then(|found| found.next);
        html! {
            (tabs(visit, &self.mirror, SEARCH))
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            @match &self.found {
                None => (parts::empty(visit, "search", "This mirror holds nothing yet", "Its first run makes its file; then it can be searched.",
                    Some(parts::link(visit, &named(HOME, &self.mirror), None, "To its streams")))),
                Some(found) if found.state == IndexState::Off => (self.off(visit)),
                Some(found) => {
                    form class="filter" method="get" action=(visit.to(&named(SEARCH, &self.mirror))) role="search" {
                        (parts::Field::text("text", "Words", self.asked.get("text")).like("refund \"blue ducks\"").required().first())
                        (parts::choice("stream", "In", self.asked.get("stream"), &KINDS))
                        button { (parts::icon(visit, "search")) "Find" }
                    }
                    @if found.state == IndexState::Building {
                        p role="status" { (badge(Tone::Busy, "being made")) " " (words::some(found.indexed, "record")) " so far: what is not in yet is not found." }
                    }
                    @if !found.items.is_empty() {
                        (self.hits(visit, found))
                        @if let Some(next) = next { p class="more" { a class="button" href={ (visit.to(&named(SEARCH, &self.mirror))) "?" (self.asked.with("skip", &next.to_string())) } { "More" } } }
                    } @else if self.asked.get("text").is_empty() {
                        p class="quiet" { "All words have to be there. Words in quotes stand side by side; the last word may be the beginning of one. " (words::some(found.indexed, "record")) " can be found." }
                    } @else {
                        (parts::empty(visit, "search", "Nothing has all these words", "Try fewer of them, or the beginning of one.", None))
                    }
                    @if visit.may(Role::Operate) {
                        details class="more-fields" {
                            summary { "Switch the search off" }
                            p { "The index is taken away; the mirror stays as it is." }
                            (parts::press(visit, &named(OFF, &self.mirror), Some("trash"), "Take the index away"))
                        }
                    }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use trunkline_mirror::search::{Hit, Piece};
        let piece = |text: &str, is_hit| Piece {
            text: text.to_owned(),
            is_hit,
        };
        let hit = |stream: &str, title: &str| Hit {
            stream: stream.to_owned(),
            id: "a/1".to_owned(),
            at: Some("2026-03-01T11:00:00Z".to_owned()),
            title: title.to_owned(),
            pieces: vec![piece("before <script> ", false), piece("<b>duck", true)],
        };
        let sample = |state, text: &str, items: Vec<Hit>| Self {
            mirror: "ma in".to_owned(),
            asked: Fields::of(&[("text", text)]),
            found: Some(Found {
                state,
                indexed: 1_200,
                next: (!items.is_empty()).then_some(50),
                items,
            }),
            refusal: None,
        };
        let hits = vec![
            hit("conversations", "Help <i>"),
            hit("contacts", ""),
            hit("articles", "How"),
        ];
        let none = Self {
            found: None,
            ..sample(IndexState::Off, "", Vec::new())
        };
        vec![
            ("no file", none),
            ("off", sample(IndexState::Off, "", Vec::new())),
            ("building", sample(IndexState::Building, "duck", hits.clone())),
            ("new", sample(IndexState::Ready, "", Vec::new())),
            ("nothing", sample(IndexState::Ready, "\"><script>", Vec::new())),
            ("found", sample(IndexState::Ready, "duck", hits)),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let mirror = asked.name();
    let query = SearchQuery {
        text: asked.query.given("text"),
        stream: asked.query.given("stream"),
        skip: asked.query.get("skip").parse().ok(),
        limit: None,
    };
    let mut one = One {
        mirror: mirror.clone(),
        asked: asked.query,
        found: None,
        refusal: None,
    };
    match search::find(State(asked.shared.clone()), Named(mirror.clone()), Query(query)).await {
        Ok(Json(found)) => one.found = Some(found),
        Err(refusal) if refusal.code == NOTHING_YET => {}
        Err(refusal) if refusal.field.is_some() => {
            let plain = Query(SearchQuery::default());
            let Json(found) = search::find(State(asked.shared), Named(mirror), plain).await?;
            one.found = Some(found);
            one.refusal = Some(refusal);
        }
        Err(refusal) => return Err(refusal),
    }
    Ok(one)
}

async fn on(asked: Asked) -> Result<Done, Again<Infallible>> {
    let mirror = asked.name();
    let (_, Json(_)) = search::on(State(asked.shared), Named(mirror.clone())).await?;
    let note = "The index is being made; what is in it can be found at once.";
    Ok(Done::to(named(SEARCH, &mirror), mirror, note))
}

async fn off(asked: Asked) -> Result<Done, Again<Infallible>> {
    let mirror = asked.name();
    search::off(State(asked.shared), Named(mirror.clone())).await?;
    Ok(Done::to(
        named(SEARCH, &mirror),
        mirror,
        "The search is off; its index is gone.",
    ))
}
