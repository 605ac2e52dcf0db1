//! Which contact an identity led to a moment ago, and who is about to make one, for all processes that share the store.
//!
//! The one rule: of all who reserve an identity at once one gets it, and the database decides by a row that only one of them changes.
//! What somebody left open is never taken for free: whoever takes it over hears of it. An identity itself is not kept, only a
//! digest of it under a key that is sealed; a plain hash of an address could be guessed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::{Store, StoreError, database::Statement, digest, forgetting::LOT, journal::check_word};

/// Who owns the key that digests are made with.
const KEY: (&str, &str) = ("store", "identities");
/// How often a row may change hands under us before we say so.
const ATTEMPTS: usize = 16;
const OURS: &str = "workspace = $1 AND digest = $2 AND owner = $3 AND contact IS NULL";

/// An identity to reserve.
#[derive(Clone, Debug)]
pub struct NewIdentity<'a> {
    /// The workspace's code.
    pub workspace: &'a str,
    /// The identity, written as everybody who means it writes it.
    pub identity: &'a str,
    /// The run that is about to make a contact.
    pub run: &'a str,
    /// Whether the workspace itself refuses a second contact of it.
    pub is_guarded: bool,
    /// For how long something new may be hidden; what an identity led to is known for so long.
    pub hidden: SignedDuration,
}

/// The right to make the contact of an identity, until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldIdentity {
    workspace: String,
    digest: String,
    /// A name that is used once.
    owner: String,
    hidden: SignedDuration,
}

/// What somebody left open who reserved the identity before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOpen {
    /// The run that may have made a contact.
    pub run: String,
    /// Whether the workspace itself refuses a second contact of that one.
    pub is_guarded: bool,
}

/// What became of the wish to reserve an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is ours.
    Ours(HeldIdentity),
    /// It is ours, and whoever had it before may have made a contact that is not shown yet.
    Left(HeldIdentity, LeftOpen),
    /// It led to this contact a moment ago.
    Led(String),
    /// Somebody alive has it.
    Busy,
}

impl Store {
    /// Reserves an identity for `life`, unless it is reserved or led to a contact a moment ago. One that a process left open comes with the
    /// run that it was reserved for.
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept.
    pub async fn reserve_identity(
        &self,
        new: &NewIdentity<'_>,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        check_word("the workspace's code", new.workspace)?;
        check_word("the run", new.run)?;
        let held = HeldIdentity {
            workspace: new.workspace.to_owned(),
            digest: self.identity_digest(new.workspace, new.identity).await?,
            owner: self.entropy.id(now),
            hidden: new.hidden,
        };
        for _ in 0..ATTEMPTS {
            let taken = self.write_one(taking(&held, new, life, now)).await?.rows.pop();
            if let Some(mut row) = taken {
                let (run, is_guarded) = (row.text()?, row.flag()?);
                return Ok(match row.int_or_none()? {
                    None => Reserved::Ours(held),
                    Some(_) => Reserved::Left(held, LeftOpen { run, is_guarded }),
                });
            }
            let question =
                Statement::new("SELECT contact FROM identities WHERE workspace = $1 AND digest = $2")
                    .bind(&held.workspace)
                    .bind(&held.digest);
            // One that was given back between the two is free: the next attempt takes it.
            if let Some(mut row) = self.read_one(question).await? {
                return Ok(row.text_or_none()?.map_or(Reserved::Busy, Reserved::Led));
            }
        }
        Err(StoreError::Unmet)
    }

    /// Keeps what is reserved for longer; false when it was lost.
    pub async fn keep_identity(
        &self,
        held: &HeldIdentity,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let kept = held.ours(format!("UPDATE identities SET ends_at = $4 WHERE {OURS}"));
        Ok(self.write_one(kept.bind(now + life)).await?.changed == 1)
    }

    /// Says that what was left open is settled, and that this run is about to make the contact.
    ///
    /// # Errors
    /// TL0518 when it is no longer held: nothing must be made then.
    pub async fn begin_identity(
        &self,
        held: &HeldIdentity,
        run: &str,
        is_guarded: bool,
    ) -> Result<(), StoreError> {
        check_word("the run", run)?;
        let begun = held
            .ours(format!(
                "UPDATE identities SET run = $4, is_guarded = $5, sent_by = NULL WHERE {OURS}"
            ))
            .bind(run)
            .bind(is_guarded);
        match self.write_one(begun).await?.changed {
            0 => Err(StoreError::NotHeld {
                kind: "identity",
                name: held.digest.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Says which contact the identity leads to; false when it is no longer held.
    pub async fn settle_identity(
        &self,
        held: &HeldIdentity,
        contact: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        check_word("the contact's id", contact)?;
        let settled = held
            .ours(format!(
                "UPDATE identities SET contact = $4, ends_at = $5, sent_by = NULL WHERE {OURS}"
            ))
            .bind(contact)
            .bind(now + held.hidden);
        Ok(self.write_one(settled).await?.changed == 1)
    }

    /// Gives back what is reserved: no contact was made.
    pub async fn release_identity(&self, held: &HeldIdentity) -> Result<(), StoreError> {
        let released = held.ours(format!("DELETE FROM identities WHERE {OURS}"));
        self.write_one(released).await.map(drop)
    }

    /// Ends what is reserved, and leaves open whether a contact was made.
    pub async fn leave_identity(&self, held: &HeldIdentity, now: Timestamp) -> Result<(), StoreError> {
        let left = held.ours(format!("UPDATE identities SET ends_at = $4 WHERE {OURS}"));
        self.write_one(left.bind(now)).await.map(drop)
    }

    /// Forgets that an identity led to a contact that turned out not to have it.
    pub async fn unlead_identity(
        &self,
        workspace: &str,
        identity: &str,
        contact: &str,
    ) -> Result<(), StoreError> {
        let forgotten =
            Statement::new("DELETE FROM identities WHERE workspace = $1 AND digest = $2 AND contact = $3")
                .bind(workspace)
                .bind(self.identity_digest(workspace, identity).await?)
                .bind(contact);
        self.write_one(forgotten).await.map(drop)
    }

    /// Says that a contact was put away, or came back: meanwhile no identity leads to it.
    pub async fn hide_contact(
        &self,
        workspace: &str,
        contact: &str,
        is_hidden: bool,
    ) -> Result<(), StoreError> {
        let hidden =
            Statement::new("UPDATE identities SET has_gone = $3 WHERE workspace = $1 AND contact = $2")
                .bind(workspace)
                .bind(contact)
                .bind(is_hidden);
        self.write_one(hidden).await.map(drop)
    }

    /// Forgets which identities led to a contact.
    pub async fn forget_contact(&self, workspace: &str, contact: &str) -> Result<(), StoreError> {
        self.write_one(forget(workspace, contact)).await.map(drop)
    }

    /// Forgets identities whose contacts are shown by now, `hidden` after they ended; returns how many.
    pub async fn forget_identities(&self, hidden: SignedDuration, now: Timestamp) -> Result<u64, StoreError> {
        // What a clock that was set back dates into the future would stay for as long.
        let old = Statement::new(
            "DELETE FROM identities WHERE (workspace, digest) IN (SELECT workspace, digest FROM identities \
             WHERE ends_at < $1 OR (ends_at > $2 AND contact IS NOT NULL) ORDER BY ends_at LIMIT $3)",
        )
        .bind(now - hidden)
        .bind(now + hidden + hidden)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }

    async fn identity_digest(&self, workspace: &str, identity: &str) -> Result<String, StoreError> {
        let key = self
            .identity_key
            .get_or_try_init(async || {
                if let Some(key) = self.secret(KEY.0, KEY.1).await? {
                    return Ok(key);
                }
                let made = SecretString::from(self.entropy.word());
                self.write_one(self.keep_first_secret(KEY.0, KEY.1, &made)?)
                    .await?;
                // Another process may have been first, and everybody needs the same one.
                let kept = self.secret(KEY.0, KEY.1).await?;
                kept.ok_or(StoreError::Unmet)
            })
            .await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
            .expect("a key may have any length");
        for part in [workspace, identity] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(digest::hexadecimal(&mac.finalize().into_bytes()))
    }
}

impl HeldIdentity {
    fn ours(&self, sql: String) -> Statement {
        Statement::new(sql)
            .bind(&self.workspace)
            .bind(&self.digest)
            .bind(&self.owner)
    }
}

/// A statement that forgets which identities led to a contact.
pub(crate) fn forget(workspace: &str, contact: &str) -> Statement {
    Statement::new("DELETE FROM identities WHERE workspace = $1 AND contact = $2")
        .bind(workspace)
        .bind(contact)
}

/// Takes a row that is not there, that has ended, or whose contact went away. What ends too far ahead was written by a clock that was set
/// back since.
fn taking(held: &HeldIdentity, new: &NewIdentity<'_>, life: SignedDuration, now: Timestamp) -> Statement {
    // When the creation that was left open was over, by all that is known.
    let over = "coalesce(identities.sent_by, identities.ends_at)";
    let is_open = format!("identities.contact IS NULL AND {over} >= $8");
    Statement::new(format!(
        "INSERT INTO identities (workspace, digest, owner, run, is_guarded, ends_at, has_gone) VALUES ($1, $2, $3, $4, $5, $6, 0) \
         ON CONFLICT (workspace, digest) DO UPDATE SET owner = excluded.owner, ends_at = excluded.ends_at, \
         run = CASE WHEN {is_open} THEN identities.run ELSE excluded.run END, \
         is_guarded = CASE WHEN {is_open} THEN identities.is_guarded ELSE excluded.is_guarded END, \
         sent_by = CASE WHEN {is_open} THEN CASE WHEN {over} > $7 THEN $7 ELSE {over} END END, \
         contact = NULL, has_gone = 0 \
         WHERE identities.ends_at <= $7 OR identities.ends_at > $9 OR identities.has_gone <> 0 \
         RETURNING run, is_guarded, sent_by"
    ))
    .bind(&held.workspace)
    .bind(&held.digest)
    .bind(&held.owner)
    .bind(new.run)
    .bind(new.is_guarded)
    .bind(now + life)
    .bind(now)
    .bind(now - new.hidden)
    .bind(now + new.hidden + new.hidden)
}
