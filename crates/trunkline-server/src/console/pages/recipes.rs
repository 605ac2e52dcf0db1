//! Recipes: the gallery of flows that are shipped; one is picked, filled in, tried, and switched on.
//!
//! The one rule: what is filled in makes a text, and the text goes the way of every flow's: it is tried, checked and put by the same
//! functions, so a recipe is nothing else than a flow that somebody wrote already. Read `recipes/one.rs` for the filling in.

mod one;

use axum::Json;
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::recipes::{self, Line},
    console::{
        page::{Asked, Group, Page, View},
        parts,
        visit::Visit,
        words,
    },
    reply::Refusal,
};

pub(super) const LIST: &str = "/recipes";
const ONE: &str = "/recipes/{name}";

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages =
        vec![Page::look("recipes.list", LIST, Role::Read, list).in_menu(Group::Flow, "recipe", "Recipes")];
    pages.extend(one::pages());
    pages
}

/// The gallery.
struct Gallery {
    items: Vec<Line>,
}

impl View for Gallery {
    fn title(&self) -> String {
        "Recipes".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Flows that are ready: pick one, fill in what is yours, try it, switch it on.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        Some(parts::link(visit, "/flows", Some("flow"), "Your flows"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            ul class="gallery" {
                @for recipe in &self.items {
                    li class="card" {
                        h2 { a href=(visit.at(ONE, &recipe.name)) { (recipe.title) } }
                        p { (recipe.summary) }
                        p class="quiet" { (words::some(recipe.flows, "flow")) }
                    }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let line = |name: &str, flows| Line {
            name: name.to_owned(),
            title: "Help <b>center</b>".to_owned(),
            summary: "Every article as a file.".to_owned(),
            flows,
        };
        vec![(
            "some",
            Self {
                items: vec![line("help-center", 1), line("chat-bridge", 4)],
            },
        )]
    }
}

async fn list(_: Asked) -> Result<Gallery, Refusal> {
    let Json(all) = recipes::list().await;
    Ok(Gallery { items: all.items })
}
