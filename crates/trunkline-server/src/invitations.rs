//! Links by which people come into the console for the first time.
//!
//! The one rule: a link is good once and in time, and whoever makes it hands it on: it is in no log and in no store.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use trunkline_store::{Role, Store, StoreError};
use url::Url;

use crate::sign_in::under;

/// How long a link is good.
const LIFE: SignedDuration = SignedDuration::from_hours(72);
/// Where a link leads, before its word.
const WELCOME: &str = "/welcome";
/// The name of the first person.
const FIRST: &str = "admin";

/// Makes a link by which a person chooses a password; `public_url` is where a browser finds the process.
///
/// # Errors
/// When there is no such person, or the store fails.
pub async fn invite(
    store: &Store,
    person: &str,
    public_url: &Url,
    now: Timestamp,
) -> Result<Url, StoreError> {
    let person = store.person(person).await?;
    let word = store.invite(&person.id, LIFE, now).await?;
    Ok(under(public_url, &format!("{WELCOME}/{}", word.expose_secret())))
}

/// Makes the link of the first person, `admin`, as long as nobody has a password.
///
/// # Errors
/// When the store fails.
pub async fn invite_first(
    store: &Store,
    public_url: &Url,
    now: Timestamp,
) -> Result<Option<Url>, StoreError> {
    if store.has_people().await? {
        return Ok(None);
    }
    match store.add_person(FIRST, Role::Admin, now).await {
        Ok(_) | Err(StoreError::Exists { .. }) => {}
        Err(error) => return Err(error),
    }
    invite(store, FIRST, public_url, now).await.map(Some)
}
