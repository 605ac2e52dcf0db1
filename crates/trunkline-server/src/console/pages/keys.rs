//! Keys to the JSON API.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::people::{ROLES, role};
use crate::{
    api::{
        keys::{self, NewKey, Shown},
        read::{Body, Named},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Field},
        visit::{Visit, named},
    },
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("keys.list", "/keys", Role::Admin, list).in_menu(Group::Process, "key", "Keys"),
        Page::deed("keys.add", "/keys", Role::Admin, add),
        Page::deed("keys.remove", "/keys/{name}/remove", Role::Admin, remove),
    ]
}

/// All keys, and the form that makes one.
#[derive(Default)]
struct Keys {
    items: Vec<Shown>,
    name: String,
    role: String,
    refusal: Option<Refusal>,
    /// A key that was just made, shown this once: its name and itself.
    made: Option<(String, String)>,
}

impl View for Keys {
    fn title(&self) -> String {
        "Keys".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Keys open the JSON API to programs, each with a role.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let rows: Vec<_> = self
            .items
            .iter()
            .map(|key| {
                vec![
                    html! { strong { (key.name) } },
                    html! { (key.role) },
                    parts::moment(key.created_at, visit.now()),
                    parts::moment_or(key.used_at, visit.now(), "never"),
                    parts::press(
                        visit,
                        &named("/keys/{name}/remove", &key.name),
                        Some("trash"),
                        "End",
                    ),
                ]
            })
            .collect();
        html! {
            @if let Some((name, key)) = &self.made {
                (parts::notice(visit, true, &html! {
                    p { "This is the key " strong { (name) } ", shown only now. Send it as " code { "Authorization: Bearer …" } "." }
                    (parts::copyable(visit, "the key", key))
                }))
            }
            @if rows.is_empty() {
                (parts::empty(visit, "key", "No keys yet", "Without a key, programs on this very machine may use the API. The first key closes it to all others.", None))
            } @else { (parts::table("Keys", &["Name", "Role", "Made", "Used", "Do"], rows)) }
            (parts::section("make", "Make a key", &html! {
                (parts::trouble(visit, self.refusal.as_ref(), &["name"]))
                (parts::form(visit, "/keys", &html! {
                    (Field::text("name", "Name", &self.name).required().like("reporting").wrong(self.refusal.as_ref()).hint("Who or what uses it."))
                    (parts::choice("role", "Role", if self.role.is_empty() { "read" } else { &self.role }, &ROLES))
                    (parts::submit("Make it"))
                }))
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let key = Shown {
            id: "1".to_owned(),
            name: "ops".to_owned(),
            role: Role::Operate,
            created_at: "2026-03-01T10:00:00Z".parse().expect("a moment"),
            used_at: None,
        };
        vec![
            ("none", Self::default()),
            (
                "a new one",
                Self {
                    items: vec![key],
                    made: Some(("ops".to_owned(), "tlk_1".to_owned())),
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    name: "<b>".to_owned(),
                    refusal: Some(Refusal::of_field("name", "is taken")),
                    ..Self::default()
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<Keys, Refusal> {
    let Json(all) = keys::list(State(asked.shared)).await?;
    Ok(Keys {
        items: all.items,
        ..Keys::default()
    })
}

async fn add(asked: Asked) -> Result<Done, Again<Keys>> {
    let (shared, form) = (asked.shared.clone(), asked.form.clone());
    let made = async {
        let new = NewKey {
            name: form.get("name").to_owned(),
            role: role(form.get("role"))?,
        };
        keys::add(State(shared), Body(new)).await
    };
    let made = made.await;
    let mut view = list(asked).await?;
    match made {
        Ok((_, Json(made))) => {
            let subject = made.name.clone();
            view.made = Some((made.name, made.key));
            Err(Again::shown(view, subject))
        }
        Err(refusal) => {
            form.get("name").clone_into(&mut view.name);
            form.get("role").clone_into(&mut view.role);
            view.refusal = Some(refusal);
            Err(Again::form(view))
        }
    }
}

async fn remove(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    keys::remove(State(asked.shared.clone()), Named(name.clone())).await?;
    let note = format!("The key {name} opens nothing any more.");
    Ok(Done::to("/keys", name, note))
}
