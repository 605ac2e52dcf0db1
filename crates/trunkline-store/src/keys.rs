//! Keys to the JSON API: bearer words with a role.
//!
//! The one rule: only a hash is kept. A key is 256 unpredictable bits, so a plain hash is as good as a slow one and costs a
//! request nothing.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::{
    Store, StoreError,
    connections::check_name,
    database::{Row, Statement},
    digest,
};

/// What every key begins with, so that one in the wrong place is recognised.
const PREFIX: &str = "tlk_";
const COLUMNS: &str = "SELECT id, name, role, created_at, used_at FROM api_keys";
/// Uses within this time are one use: a busy key would write a row with every request otherwise.
const USED_STEP: SignedDuration = SignedDuration::from_mins(1);

/// What a key may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look at everything but secrets.
    Read,
    /// Also run, pause, replay and test.
    Operate,
    /// Also change connections, apps, mirrors and keys.
    Admin,
}

impl Role {
    /// The role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Read, Self::Operate, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| StoreError::Invalid {
                what: format!("the role `{}`", text.escape_debug()),
                reason: "is none of read, operate and admin",
            })
    }
}

/// A key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Our id.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

impl Store {
    /// Makes a key and returns it, which happens only this once.
    pub async fn add_key(&self, name: &str, role: Role, now: Timestamp) -> Result<SecretString, StoreError> {
        check_name("key", name)?;
        let key = SecretString::from(format!("{PREFIX}{}", self.entropy.word()));
        let added = Statement::new(
            "INSERT INTO api_keys (id, name, role, hash, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(self.entropy.id(now))
        .bind(name)
        .bind(role.as_str())
        .bind(digest::of(key.expose_secret()))
        .bind(now)
        .exactly(1);
        match self.write(vec![added]).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists {
                kind: "key",
                name: name.to_owned(),
            }),
            Err(error) => Err(error),
            Ok(_) => Ok(key),
        }
    }

    /// All keys, by name.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = self
            .read(Statement::new(format!("{COLUMNS} ORDER BY name")))
            .await?;
        rows.into_iter().map(key).collect()
    }

    /// Whether there is any key.
    pub async fn has_keys(&self) -> Result<bool, StoreError> {
        Ok(self
            .read_one(Statement::new("SELECT 1 FROM api_keys LIMIT 1"))
            .await?
            .is_some())
    }

    /// The key that a bearer word is, if it is one.
    pub async fn key_of(&self, word: &str, now: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        // Looked up by its hash and whatever it looks like, so the time that it takes tells nothing about the key.
        let question = Statement::new(format!("{COLUMNS} WHERE hash = $1")).bind(digest::of(word));
        let Some(found) = self.read_one(question).await?.map(key).transpose()? else {
            return Ok(None);
        };
        if found
            .used_at
            .is_none_or(|used_at| now.duration_since(used_at) >= USED_STEP)
        {
            let used = Statement::new("UPDATE api_keys SET used_at = $1 WHERE id = $2")
                .bind(now)
                .bind(&found.id);
            self.write_one(used).await?;
        }
        Ok(Some(found))
    }

    /// Ends a key.
    pub async fn remove_key(&self, name: &str) -> Result<(), StoreError> {
        let removed = Statement::new("DELETE FROM api_keys WHERE name = $1 OR id = $1")
            .bind(name)
            .exactly(1);
        self.write_one_of("key", name, removed).await
    }
}

fn key(mut row: Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.text()?,
        name: row.text()?,
        role: row.text()?.parse()?,
        created_at: row.moment()?,
        used_at: row.moment_or_none()?,
    })
}
