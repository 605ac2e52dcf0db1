//! People: who may sign in, with which role; invitations.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::{
        keys::RoleName,
        people::{self, Invited, NewPerson, NewRole, Shown},
        read::{Body, Named},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Field, Tone, badge},
        visit::{Visit, named},
    },
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("people.list", "/people", Role::Admin, list).in_menu(Group::Process, "people", "People"),
        Page::deed("people.invite", "/people", Role::Admin, invite),
        Page::deed("people.link", "/people/{name}/link", Role::Admin, link),
        Page::deed("people.change", "/people/{name}/role", Role::Admin, change),
        Page::deed("people.remove", "/people/{name}/remove", Role::Admin, remove),
    ]
}

/// Everybody, and the form that invites.
#[derive(Default)]
struct People {
    items: Vec<Shown>,
    name: String,
    role: String,
    refusal: Option<Refusal>,
    /// A link that was just made, shown this once.
    made: Option<Invited>,
}

/// The roles, with what each may do.
pub(super) const ROLES: [(&str, &str); 3] = [
    ("read", "read: look at everything but secrets"),
    ("operate", "operate: also run, pause, replay and test"),
    (
        "admin",
        "admin: also change connections, mirrors, keys and people",
    ),
];

/// A role by its name; anything else is a refusal of the field.
pub(super) fn role(name: &str) -> Result<RoleName, Refusal> {
    match name {
        "read" => Ok(RoleName::Read),
        "operate" => Ok(RoleName::Operate),
        "admin" => Ok(RoleName::Admin),
        _ => Err(Refusal::of_field("role", "is none of read, operate and admin")),
    }
}

impl View for People {
    fn title(&self) -> String {
        "People".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Who may sign in here, and what they may do.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|person| {
                vec![
                    html! { strong { (person.name) } @if person.name == visit.name() { " " (badge(Tone::Quiet, "you")) } },
                    roles(visit, person),
                    html! {
                        @if person.has_password { (parts::moment_or(person.signed_in_at, visit.now(), "never")) }
                        @else { (badge(Tone::Warn, "invited")) }
                    },
                    html! {
                        div class="actions" {
                            (parts::press(visit, &named("/people/{name}/link", &person.name), Some("key"), "New link"))
                            @if person.name != visit.name() {
                                (parts::press(visit, &named("/people/{name}/remove", &person.name), Some("trash"), "Remove"))
                            }
                        }
                    },
                ]
            })
            .collect();
        html! {
            @if let Some(made) = &self.made {
                (parts::notice(visit, true, &html! {
                    p { "This link lets " strong { (made.person.name) } " choose a password. It is good once, for three days, and shown only now." }
                    (parts::copyable(visit, "the link", &made.url))
                }))
            }
            (parts::table("People", &["Name", "Role", "Signed in", "Do"], rows))
            (parts::section("invite", "Invite somebody", &html! {
                (parts::trouble(visit, self.refusal.as_ref(), &["name"]))
                (parts::form(visit, "/people", &html! {
                    (Field::text("name", "Name", &self.name).required().like("ann@example.com").wrong(self.refusal.as_ref())
                        .hint("To sign in with: an address of mail, or any short word."))
                    (parts::choice("role", "Role", if self.role.is_empty() { "read" } else { &self.role }, &ROLES))
                    (parts::submit("Make a link"))
                }))
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let person = |name: &str, has_password| Shown {
            id: "1".to_owned(),
            name: name.to_owned(),
            role: Role::Operate,
            has_password,
            created_at: "2026-03-01T10:00:00Z".parse().expect("a moment"),
            signed_in_at: None,
        };
        let made = Invited {
            person: person("ben", false),
            url: "https://t.example/welcome/abc".to_owned(),
        };
        vec![
            (
                "usual",
                Self {
                    items: vec![person("ann@example.com", true), person("ben", false)],
                    ..Self::default()
                },
            ),
            (
                "a link",
                Self {
                    items: vec![person("ben", false)],
                    made: Some(made),
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    name: "a b\"><script>".to_owned(),
                    role: "admin".to_owned(),
                    refusal: Some(Refusal::of_field("name", "is not a name")),
                    ..Self::default()
                },
            ),
        ]
    }
}

fn roles(visit: &Visit, person: &Shown) -> Markup {
    let label = format!("Role of {}", person.name);
    let path = named("/people/{name}/role", &person.name);
    html! {
        @if person.name == visit.name() { (person.role) } @else {
            (parts::form(visit, &path, &html! {
                div class="inline" {
                    select name="role" aria-label=(label) data-send { @for (value, _) in ROLES { option value=(value) selected[value == person.role.as_str()] { (value) } } }
                    button class="plain scriptless" { "Set" }
                }
            }))
        }
    }
}

async fn list(asked: Asked) -> Result<People, Refusal> {
    let Json(all) = people::list(State(asked.shared)).await?;
    Ok(People {
        items: all.items,
        ..People::default()
    })
}

async fn invite(asked: Asked) -> Result<Done, Again<People>> {
    let (shared, form) = (asked.shared.clone(), asked.form.clone());
    let made = async {
        let new = NewPerson {
            name: form.get("name").to_owned(),
            role: role(form.get("role"))?,
        };
        people::invite(State(shared), Body(new)).await
    };
    match made.await {
        Ok((_, Json(made))) => shown(asked, made).await,
        Err(refusal) => {
            let mut view = list(asked).await?;
            form.get("name").clone_into(&mut view.name);
            form.get("role").clone_into(&mut view.role);
            view.refusal = Some(refusal);
            Err(Again::form(view))
        }
    }
}

async fn link(asked: Asked) -> Result<Done, Again<People>> {
    let Json(made) = people::link(State(asked.shared.clone()), Named(asked.name())).await?;
    shown(asked, made).await
}

async fn shown(asked: Asked, made: Invited) -> Result<Done, Again<People>> {
    let subject = made.person.name.clone();
    let mut view = list(asked).await?;
    view.made = Some(made);
    Err(Again::shown(view, subject))
}

async fn change(asked: Asked) -> Result<Done, Again<Infallible>> {
    let new = NewRole {
        role: role(asked.form.get("role"))?,
    };
    let Json(person) = people::change(State(asked.shared.clone()), Named(asked.name()), Body(new)).await?;
    let note = format!("{} has the role {} now.", person.name, person.role);
    Ok(Done::to("/people", person.name, note))
}

async fn remove(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    people::remove(State(asked.shared.clone()), Named(name.clone())).await?;
    let note = format!("{name} can no longer sign in.");
    Ok(Done::to("/people", name, note))
}
