//! Sessions of people in browsers.
//!
//! The one rule: only a hash of a session's word is kept, so whoever reads the database is nobody. A session ends a week after it
//! was last used, a month after it began, and with its person.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Person, Store, StoreError, database::Statement, digest, people::person};

/// How long a session lives that nobody uses.
const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long any session lives.
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Uses within this time are one use: a page would write a row otherwise.
const SEEN_STEP: SignedDuration = SignedDuration::from_mins(5);

/// A session that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub person: Person,
    /// When they signed in.
    pub made_at: Timestamp,
}

impl Store {
    /// Begins a session and returns its word, which happens only this once.
    pub async fn begin_session(&self, person: &str, now: Timestamp) -> Result<SecretString, StoreError> {
        let word = SecretString::from(self.entropy.word());
        let begun =
            Statement::new("INSERT INTO sessions (hash, person, made_at, seen_at) VALUES ($1, $2, $3, $3)")
                .bind(digest::of(word.expose_secret()))
                .bind(person)
                .bind(now);
        let signed_in = Statement::new("UPDATE people SET signed_in_at = $1 WHERE id = $2")
            .bind(now)
            .bind(person)
            .exactly(1);
        self.write(vec![begun, signed_in]).await?;
        Ok(word)
    }

    /// The session that a word opens, if it does.
    pub async fn session(&self, word: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let hash = digest::of(word);
        let question = Statement::new(
            "SELECT p.id, p.name, p.role, p.password IS NOT NULL, p.created_at, p.signed_in_at, s.made_at, s.seen_at \
             FROM sessions AS s JOIN people AS p ON p.id = s.person WHERE s.hash = $1",
        )
        .bind(&hash);
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(None);
        };
        let (person, made_at, seen_at) = (person(&mut row)?, row.moment()?, row.moment()?);
        if now >= made_at + LIFE || now >= seen_at + IDLE {
            return Ok(None);
        }
        if now.duration_since(seen_at) >= SEEN_STEP {
            let seen = Statement::new("UPDATE sessions SET seen_at = $1 WHERE hash = $2")
                .bind(now)
                .bind(&hash);
            self.write_one(seen).await?;
        }
        Ok(Some(Session { person, made_at }))
    }

    /// Ends a session.
    pub async fn end_session(&self, word: &str) -> Result<(), StoreError> {
        let ended = Statement::new("DELETE FROM sessions WHERE hash = $1").bind(digest::of(word));
        self.write_one(ended).await.map(drop)
    }

    /// Forgets the sessions and invitations that are over; returns how many.
    pub async fn forget_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let over = Statement::new("DELETE FROM sessions WHERE seen_at <= $1 OR made_at <= $2")
            .bind(now - IDLE)
            .bind(now - LIFE);
        // A late visitor is told that the link is too old for as long as a session could last.
        let old = Statement::new("DELETE FROM invitations WHERE expires_at <= $1").bind(now - LIFE);
        let done = self.write(vec![over, old]).await?;
        Ok(done.iter().map(|done| done.changed).sum())
    }
}
