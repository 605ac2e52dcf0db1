//! Signing in and out, and the welcome of somebody who was invited.
//!
//! The one rule: whoever does not come in learns the same whether the name or the password was wrong; and a session's word is a new one
//! at every sign-in.

use std::{convert::Infallible, sync::Arc};

use http::StatusCode;
use maud::{Markup, html};
use secrecy::ExposeSecret as _;
use trunkline_store::{InvitationRefusal, Person, Role};

use crate::{
    console::{
        page::{Again, Asked, Done, Page, View, own_path},
        parts::{self, Field},
        password::Passwords,
        visit::{Visit, WORD, WORD_SECONDS},
    },
    cookie,
    reply::Refusal,
    shared::Shared,
};

/// Where an invitation is opened.
const WELCOME_PATH: &str = "/welcome/{word}";

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("sign_in.show", "/sign-in", Role::Read, show).for_anybody(),
        Page::deed("sign_in.enter", "/sign-in", Role::Read, enter).for_anybody(),
        Page::deed("sign_in.leave", "/sign-out", Role::Read, leave),
        Page::look("welcome.show", WELCOME_PATH, Role::Read, welcome).for_anybody(),
        Page::deed("welcome.accept", WELCOME_PATH, Role::Read, accept).for_anybody(),
    ]
}

/// The sign-in.
#[derive(Debug, Default)]
struct SignIn {
    name: String,
    next: String,
    /// Nobody has a password yet.
    has_no_owner: bool,
    refusal: Option<Refusal>,
}

impl View for SignIn {
    const STANDS_ALONE: bool = true;

    fn title(&self) -> String {
        "Sign in".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            @if self.has_no_owner {
                div class="empty" {
                    p { "Nobody has a password yet. Open the link that " code { "trunkline serve" } " printed when it started. It is good once." }
                    p class="quiet" { "Is it gone? This prints a new one:" }
                    (parts::copyable(visit, "the command", "trunkline people link admin"))
                }
            } @else {
                (parts::trouble(visit, self.refusal.as_ref(), &[]))
                (parts::form(visit, "/sign-in", &html! {
                    @if !self.next.is_empty() { input type="hidden" name="next" value=(self.next); }
                    (Field::text("name", "Name", &self.name).required().complete("username").first())
                    (Field::secret("password", "Password").required().complete("current-password"))
                    (parts::submit("Sign in"))
                }))
                p class="hint" { "Forgot the password? Somebody with the role admin can give you a new link, on the page People." }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            (
                "usual",
                Self {
                    next: "/connections".to_owned(),
                    ..Self::default()
                },
            ),
            (
                "nobody yet",
                Self {
                    has_no_owner: true,
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    name: "ann".to_owned(),
                    refusal: Some(wrong()),
                    ..Self::default()
                },
            ),
        ]
    }
}

fn wrong() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "TL0934", "name and password do not fit")
}

async fn show(asked: Asked) -> Result<SignIn, Refusal> {
    Ok(SignIn {
        next: own_path(asked.query.get("next")).unwrap_or_default(),
        has_no_owner: !asked.shared.store.has_people().await?,
        ..SignIn::default()
    })
}

async fn enter(asked: Asked) -> Result<Done, Again<SignIn>> {
    let (shared, form) = (&asked.shared, &asked.form);
    let name = form.get("name").to_lowercase();
    let next = own_path(form.get("next"));
    let again = |refusal| {
        Again::form(SignIn {
            name: form.get("name").to_owned(),
            next: next.clone().unwrap_or_default(),
            has_no_owner: false,
            refusal: Some(refusal),
        })
    };
    let now = asked.visit.now();
    if shared.doorman.waits(&name, now) {
        let message = "too many attempts with this name; wait a minute";
        return Err(again(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TL0935",
            message,
        )));
    }
    let found = shared.store.password_of(&name).await?;
    let (person, hash) = found.unzip();
    let password = form.get("password").to_owned();
    let is_right = with_passwords(shared, move |passwords| passwords.is(&password, hash.as_deref())).await?;
    let Some(person) = person.filter(|_| is_right) else {
        shared.doorman.was_wrong(&name, now);
        tracing::warn!(name, "a sign-in did not succeed");
        return Err(again(wrong()));
    };
    shared.doorman.was_right(&name);
    if let Some(who) = &asked.visit.person {
        tracing::debug!(name = who.name, "a session gives way to another");
        shared.store.end_session(&asked.visit.word).await?;
    }
    let mut done = signed_in(&asked, &person).await?;
    done.go = next.unwrap_or_else(|| "/".to_owned());
    Ok(done)
}

async fn leave(asked: Asked) -> Result<Done, Again<Infallible>> {
    asked.shared.store.end_session(&asked.visit.word).await?;
    let mut done = Done::to("/sign-in", asked.visit.name(), "You are signed out.");
    done.cookie = Some(cookie::set(WORD, "", 0, asked.visit.is_https));
    Ok(done)
}

/// Somebody who was invited chooses a password.
#[derive(Debug)]
struct Welcome {
    word: String,
    invited: Result<String, InvitationRefusal>,
    refusal: Option<Refusal>,
}

impl View for Welcome {
    const STANDS_ALONE: bool = true;

    fn title(&self) -> String {
        match &self.invited {
            Ok(_) => "Welcome to Trunkline".to_owned(),
            Err(_) => "This link is over".to_owned(),
        }
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            @match &self.invited {
                Ok(name) => {
                    p { "You sign in as " strong { (name) } ". Choose a password." }
                    (parts::trouble(visit, self.refusal.as_ref(), &["password"]))
                    (parts::form(visit, &crate::console::visit::named(WELCOME_PATH, &self.word), &html! {
                        input type="hidden" name="name" value=(name) autocomplete="username";
                        (Field::secret("password", "Password").required().first().hint("At least 10 letters. A few words in a row are good.")
                            .wrong(self.refusal.as_ref()))
                        (parts::submit("Choose it and sign in"))
                    }))
                }
                Err(refusal) => {
                    div class="empty" {
                        p { (crate::console::page::sentence(&refusal.to_string())) }
                        p { "If you chose a password already, sign in with it. Otherwise ask whoever invited you for a new link." }
                        p { (parts::link(visit, "/sign-in", None, "To the sign-in")) }
                    }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |invited, refusal| Self {
            word: "ab".repeat(32),
            invited,
            refusal,
        };
        vec![
            ("usual", sample(Ok("ann@example.com".to_owned()), None)),
            (
                "too short",
                sample(
                    Ok("admin".to_owned()),
                    Some(Refusal::of_field("password", "is shorter than 10 letters")),
                ),
            ),
            ("over", sample(Err(InvitationRefusal::Expired), None)),
        ]
    }
}

async fn welcome(asked: Asked) -> Result<Welcome, Refusal> {
    let word = asked.name();
    let invited = asked.shared.store.invited(&word, asked.visit.now()).await?;
    Ok(Welcome {
        invited: invited.map(|person| person.name),
        word,
        refusal: None,
    })
}

async fn accept(asked: Asked) -> Result<Done, Again<Welcome>> {
    let (shared, word) = (&asked.shared, asked.name());
    let now = asked.visit.now();
    let over = |refusal| {
        Again::form(Welcome {
            word: word.clone(),
            invited: Err(refusal),
            refusal: None,
        })
    };
    let person = shared.store.invited(&word, now).await?.map_err(&over)?;
    let password = asked.form.get("password").to_owned();
    let hash = match hashed(shared, password, &person.name).await {
        Ok(hash) => hash,
        Err(refusal) => {
            return Err(Again::form(Welcome {
                invited: Ok(person.name),
                refusal: Some(refusal),
                word,
            }));
        }
    };
    let person = shared
        .store
        .accept_invitation(&word, &hash, now)
        .await?
        .map_err(over)?;
    signed_in(&asked, &person).await.map_err(Again::Refused)
}

/// The hash of a password that may be chosen.
pub(super) async fn hashed(shared: &Arc<Shared>, password: String, name: &str) -> Result<String, Refusal> {
    if let Some(reason) = Passwords::refuse(&password, name) {
        return Err(Refusal::of_field("password", reason));
    }
    let salt = shared.store.entropy().bytes::<16>();
    with_passwords(shared, move |_| Passwords::hash(&password, &salt))
        .await?
        .ok_or_else(|| Refusal::of_field("password", "cannot be kept"))
}

/// Checks or makes a hash beside the work of others, since it takes a moment.
pub(super) async fn with_passwords<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Passwords) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let busy = || {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TL0933",
            "too much is going on; try again in a moment",
        )
    };
    let _place = shared.doorman.hashing.acquire().await.map_err(|_| busy())?;
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || work(&shared.doorman.passwords))
        .await
        .map_err(|_| busy())
}

/// Begins a session in this browser.
async fn signed_in(asked: &Asked, person: &Person) -> Result<Done, Refusal> {
    let word = asked
        .shared
        .store
        .begin_session(&person.id, asked.visit.now())
        .await?;
    let mut done = Done::to("/", &person.name, "");
    // The visit is nobody's yet.
    done.by_whom = Some(person.name.clone());
    done.cookie = Some(cookie::set(
        WORD,
        word.expose_secret(),
        WORD_SECONDS,
        asked.visit.is_https,
    ));
    Ok(done)
}
