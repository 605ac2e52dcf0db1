//! A contact or a company with what belongs to it.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_mirror::browse::Related;
use trunkline_store::Role;

use super::{COMPANY, CONTACT, HOME, place, record, tabs};
use crate::{
    api::{
        data::threads::{self, Portrait},
        read::Named,
    },
    console::{
        clean,
        page::{Asked, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
    },
    reply::Refusal,
};

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("data.contact", CONTACT, Role::Read, contact),
        Page::look("data.company", COMPANY, Role::Read, company),
    ]
}

/// A contact or a company.
struct One {
    mirror: String,
    stream: &'static str,
    portrait: Portrait,
}

/// What belongs to something: a card for each kind.
pub(super) fn related(visit: &Visit, mirror: &str, all: &[Related]) -> Markup {
    html! {
        @for kind in all.chunk_by(|one, other| one.stream == other.stream) {
            @let stream = kind[0].stream;
            (parts::section(&format!("related-{stream}"), title(stream), &html! {
                ul class="rows" {
                    @for one in kind { li { (line(visit, mirror, one)) } }
                }
                @if kind.len() == 50 { p class="quiet" { "The first fifty." } }
            }))
        }
    }
}

fn line(visit: &Visit, mirror: &str, one: &Related) -> Markup {
    let is_html = matches!(one.stream, "notes" | "company_notes");
    // A contact that was merged into another is not there any more.
    let has_page = one.stream != "contact_merges" && !one.id.is_empty();
    html! {
        @if has_page { a href=(place(visit, mirror, one.stream, &one.id)) { (one.name) } } @else { (one.name) }
        @if let Some(at) = &one.at {
            span class="quiet" { @match at.parse() { Ok(at) => (parts::moment(at, visit.now())), Err(_) => (at) } }
        }
        @if let Some(state) = &one.state { (badge(Tone::Quiet, state)) }
        @if let Some(more) = &one.more {
            @if is_html { div class="written" { (clean::html(more)) } } @else { code { (more) } }
        }
    }
}

fn title(stream: &str) -> &str {
    match stream {
        "contacts" => "Contacts",
        "companies" => "Companies",
        "tags" => "Tags",
        "segments" => "Segments",
        "subscription_types" => "Subscriptions",
        "conversations" => "Conversations",
        "tickets" => "Tickets",
        "notes" | "company_notes" => "Notes",
        "data_events" => "Events",
        "contact_merges" => "Merged into it",
        "calls" => "Calls",
        other => other,
    }
}

impl One {
    fn text(&self, name: &str) -> Option<&str> {
        let field = self
            .portrait
            .record
            .fields
            .iter()
            .find(|field| field.name == name)?;
        field.value.as_str().filter(|text| !text.is_empty())
    }
}

impl View for One {
    fn title(&self) -> String {
        let named = ["name", "email", "company_id", "external_id", "id"];
        named
            .iter()
            .find_map(|name| self.text(name))
            .unwrap_or("Somebody")
            .to_owned()
    }

    fn lead(&self) -> Option<String> {
        let what = if self.stream == "contacts" {
            "Contact"
        } else {
            "Company"
        };
        let more = self.text("role").or_else(|| self.text("plan_name"));
        Some(match more {
            Some(more) => format!("{what}, {more}."),
            None => format!("{what}."),
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        let record = &self.portrait.record;
        html! {
            (tabs(visit, &self.mirror, HOME))
            @if self.text("_deleted_at").is_some() {
                (parts::notice(visit, false, &html! { "It is gone from Intercom; the mirror keeps what it had." }))
            }
            div class="columns" {
                div {
                    (parts::section("fields", "Fields", &record::fields(visit, &self.mirror, self.stream, record)))
                    (record::rest(visit, record))
                }
                div {
                    (related(visit, &self.mirror, &self.portrait.related))
                    @if self.portrait.related.is_empty() { p class="quiet" { "Nothing belongs to it, as far as the mirror holds." } }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |stream, related| Self {
            mirror: "main".to_owned(),
            stream,
            portrait: Portrait {
                record: record::sample_record(),
                related,
            },
        };
        vec![
            ("contact", sample("contacts", sample_related())),
            ("company", sample("companies", Vec::new())),
        ]
    }
}

/// Something of some kinds.
#[cfg(test)]
pub(super) fn sample_related() -> Vec<Related> {
    let one = |stream, more: Option<&str>| Related {
        stream,
        id: "1/2".to_owned(),
        name: "<b>name</b>".to_owned(),
        at: Some("2026-03-01T11:00:00Z".to_owned()),
        state: Some("open".to_owned()),
        more: more.map(str::to_owned),
    };
    vec![
        one("companies", None),
        one("tags", None),
        one("tags", None),
        one("conversations", None),
        one("notes", Some("<p>careful</p><script>alert(1)</script>")),
        one("data_events", Some("{\"a\":\"<i>\"}")),
    ]
}

async fn contact(asked: Asked) -> Result<One, Refusal> {
    let [mirror, id] = <[String; 2]>::try_from(asked.names).map_err(|_| Refusal::unknown_address())?;
    let Json(portrait) = threads::contact(State(asked.shared), Named((mirror.clone(), id))).await?;
    Ok(One {
        mirror,
        stream: "contacts",
        portrait,
    })
}

async fn company(asked: Asked) -> Result<One, Refusal> {
    let [mirror, id] = <[String; 2]>::try_from(asked.names).map_err(|_| Refusal::unknown_address())?;
    let Json(portrait) = threads::company(State(asked.shared), Named((mirror.clone(), id))).await?;
    Ok(One {
        mirror,
        stream: "companies",
        portrait,
    })
}
