//! One's own account: another password.

use maud::{Markup, html};
use secrecy::ExposeSecret as _;
use trunkline_store::Role;

use super::sign_in::{hashed, with_passwords};
use crate::{
    console::{
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::{Visit, WORD, WORD_SECONDS},
    },
    cookie,
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("account.show", "/account", Role::Read, show),
        Page::deed("account.password", "/account/password", Role::Read, change),
    ]
}

/// The form for another password.
#[derive(Debug, Default)]
struct Account {
    refusal: Option<Refusal>,
}

impl View for Account {
    fn title(&self) -> String {
        "Your account".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (parts::section("password-title", "Another password", &html! {
                p class="quiet" { "You are signed out everywhere else." }
                (parts::trouble(visit, self.refusal.as_ref(), &["old", "password"]))
                (parts::form(visit, "/account/password", &html! {
                    input type="hidden" name="name" value=(visit.name()) autocomplete="username";
                    (Field::secret("old", "Password until now").required().complete("current-password").wrong(self.refusal.as_ref()))
                    (Field::secret("password", "New password").required().hint("At least 10 letters. A few words in a row are good.")
                        .wrong(self.refusal.as_ref()))
                    (parts::submit("Change it"))
                }))
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let wrong = Refusal::of_field("old", "is not your password");
        vec![
            ("usual", Self::default()),
            ("wrong", Self { refusal: Some(wrong) }),
        ]
    }
}

async fn show(_: Asked) -> Result<Account, Refusal> {
    Ok(Account::default())
}

async fn change(asked: Asked) -> Result<Done, Again<Account>> {
    let (shared, visit) = (&asked.shared, &asked.visit);
    let again = |refusal| {
        Again::form(Account {
            refusal: Some(refusal),
        })
    };
    let Some((person, hash)) = shared.store.password_of(visit.name()).await? else {
        return Err(again(Refusal::of_field("old", "is not your password")));
    };
    let old = asked.form.get("old").to_owned();
    if shared.doorman.waits(&person.name, visit.now())
        || !with_passwords(shared, move |passwords| passwords.is(&old, Some(&hash))).await?
    {
        shared.doorman.was_wrong(&person.name, visit.now());
        return Err(again(Refusal::of_field("old", "is not your password")));
    }
    let password = asked.form.get("password").to_owned();
    let hash = hashed(shared, password, &person.name).await.map_err(again)?;
    shared.store.set_password(&person.id, &hash).await?;
    let word = shared.store.begin_session(&person.id, visit.now()).await?;
    let mut done = Done::to("/account", &person.name, "Your password is changed.");
    done.cookie = Some(cookie::set(
        WORD,
        word.expose_secret(),
        WORD_SECONDS,
        visit.is_https,
    ));
    Ok(done)
}
