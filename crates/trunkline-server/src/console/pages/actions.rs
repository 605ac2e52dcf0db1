//! Actions: what can be done in a workspace, found by our words and by those of other connectors. `actions/one.rs` has the form of one.

mod form;
mod one;
pub(super) mod shown;

use std::collections::BTreeMap;

use axum::Json;
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::{
        actions::{self, Line, Search},
        read::Query,
    },
    console::{
        page::{Asked, Group, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

pub(super) use one::caller;

/// One action.
pub(super) const ONE: &str = "/actions/{id}";

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![Page::look("actions.list", "/actions", Role::Read, list).in_menu(
        Group::Workspace,
        "bolt",
        "Actions",
    )];
    pages.extend(one::pages());
    pages
}

/// What an action does to a workspace, in a word.
pub(super) fn effect(effect: &str) -> Markup {
    match effect {
        "read" => badge(Tone::Quiet, "reads"),
        "idempotent_write" => badge(Tone::Good, "writes, safe to repeat"),
        "write" => badge(Tone::Warn, "writes"),
        _ => badge(Tone::Bad, "destroys"),
    }
}

/// Some actions, or the resources that there are.
struct List {
    words: String,
    resource: String,
    items: Vec<Line>,
}

/// The resource of an action, which is what stands before the dot.
fn resource(id: &str) -> &str {
    id.split_once('.').map_or(id, |(resource, _)| resource)
}

/// A resource's name as a title.
fn title(resource: &str) -> String {
    let words = resource.replace('_', " ");
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}

impl List {
    fn table(visit: &Visit, name: &str, lines: &[&Line]) -> Markup {
        let rows = lines
            .iter()
            .map(|line| {
                vec![
                    html! { a href=(visit.at(ONE, line.id)) { strong { (line.id) } } },
                    html! { (line.summary) },
                    html! { span class="badges" { (effect(line.effect)) @if line.is_operation { " " (badge(Tone::Quiet, "as the API has it")) } } },
                ]
            })
            .collect();
        parts::table(name, &["Action", "What it does", "Effect"], rows)
    }

    fn by_resource(&self) -> BTreeMap<&str, Vec<&Line>> {
        let mut groups: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in &self.items {
            groups.entry(resource(line.id)).or_default().push(line);
        }
        // What is made of several calls is what people look for first.
        for lines in groups.values_mut() {
            lines.sort_by_key(|line| (line.is_operation, line.id));
        }
        groups
    }

    /// Every resource, with how much there is to it.
    fn resources(&self, visit: &Visit) -> Markup {
        html! {
            ul class="board-of" {
                @for (resource, lines) in self.by_resource() {
                    @let modules = lines.iter().filter(|line| !line.is_operation).count();
                    li {
                        a href={ (visit.to("/actions")) "?resource=" (resource) } { (title(resource)) }
                        span class="quiet" { (words::some(lines.len() as u64, "action")) @if modules > 0 { ", " (modules) " of several calls" } }
                    }
                }
            }
        }
    }
}

impl View for List {
    fn title(&self) -> String {
        match self.resource.as_str() {
            "" => "Actions".to_owned(),
            resource => format!("Actions: {}", title(resource)),
        }
    }

    fn lead(&self) -> Option<String> {
        Some(
            "Everything that can be done in a workspace, by our names and by those of other connectors."
                .to_owned(),
        )
    }

    fn main(&self, visit: &Visit) -> Markup {
        let is_narrowed = !self.words.is_empty() || !self.resource.is_empty();
        html! {
            form class="filter" method="get" action=(visit.to("/actions")) role="search" {
                div class="field" {
                    label for="f-words" { "Words" }
                    input id="f-words" name="words" type="search" value=(self.words) placeholder="tag contact, or Alumio ticket" autocomplete="off";
                }
                @if !self.resource.is_empty() { input type="hidden" name="resource" value=(self.resource); }
                button { (parts::icon(visit, "search")) "Find" }
                @if is_narrowed { (parts::link(visit, "/actions", None, "All resources")) }
            }
            @if self.items.is_empty() {
                (parts::empty(visit, "search", "Nothing fits", "No action mentions all of these words. Fewer words find more; the names that Make, Alumio, Appmixer, Alloy and Tealium use are known too.",
                    Some(parts::link(visit, "/actions", None, "All resources"))))
            } @else if is_narrowed {
                @for (resource, lines) in self.by_resource() {
                    section aria-labelledby={ "of-" (resource) } {
                        h2 id={ "of-" (resource) } { (title(resource)) }
                        (Self::table(visit, &title(resource), &lines))
                    }
                }
            } @else {
                section class="card" aria-labelledby="resources" { h2 id="resources" { "Resources" } (self.resources(visit)) }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let line = |id, effect, is_operation| Line {
            id,
            summary: "Does <b>it</b>.",
            effect,
            is_operation,
        };
        let items = || {
            vec![
                line("contacts.upsert", "idempotent_write", false),
                line("contacts.get", "read", true),
                line("contacts.delete", "destructive", true),
                line("custom_objects.create", "write", true),
            ]
        };
        let list = |words: &str, resource: &str, items| Self {
            words: words.to_owned(),
            resource: resource.to_owned(),
            items,
        };
        vec![
            ("all", list("", "", items())),
            ("found", list("<b>tag", "", items())),
            ("of a resource", list("", "contacts", items())),
            ("nothing", list("\"><script>", "", Vec::new())),
        ]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let words = asked.query.get("words").to_owned();
    let of = asked.query.get("resource").to_owned();
    let search = Search { words: words.clone() };
    let Json(found) = actions::list(Query(search)).await;
    let items = found
        .items
        .into_iter()
        .filter(|line| of.is_empty() || resource(line.id) == of);
    Ok(List {
        items: items.collect(),
        words,
        resource: of,
    })
}
