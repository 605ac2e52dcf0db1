//! People who sign in to the console: their names, roles and passwords, and the invitations by which they choose one.
//!
//! The one rule: what opens something is never kept itself. An invitation is 256 unpredictable bits and stands as a plain hash; a
//! password arrives as the slow hash that somebody else made of it, and is not looked into here.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::{
    Role, Store, StoreError,
    database::{Row, Statement},
    digest,
};

const COLUMNS: &str =
    "SELECT p.id, p.name, p.role, p.password IS NOT NULL, p.created_at, p.signed_in_at FROM people AS p";
/// The longest name of a person.
const LONGEST_NAME: usize = 100;

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Our id.
    pub id: String,
    /// The name to sign in with, in small letters: an address of mail, or any short word.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they chose a password yet.
    pub has_password: bool,
    /// When they were invited.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub signed_in_at: Option<Timestamp>,
}

/// Why an invitation is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvitationRefusal {
    /// Nobody was given it, or it was used, or a newer one took its place.
    #[error("this link was used before, or a newer one took its place")]
    Unknown,
    /// It is too old.
    #[error("this link is too old")]
    Expired,
}

impl Store {
    /// Adds somebody who has no password yet.
    ///
    /// # Errors
    /// TL0510 for a name that cannot be, TL0508 for one that is taken.
    pub async fn add_person(&self, name: &str, role: Role, now: Timestamp) -> Result<Person, StoreError> {
        let name = checked(name)?;
        let id = self.entropy.id(now);
        let added = Statement::new(
            "INSERT INTO people (id, name, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&name)
        .bind(role.as_str())
        .bind(now)
        .exactly(1);
        match self.write(vec![added]).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists { kind: "person", name }),
            Err(error) => Err(error),
            Ok(_) => self.person(&name).await,
        }
    }

    /// Everybody, by name.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let rows = self
            .read(Statement::new(format!("{COLUMNS} ORDER BY p.name")))
            .await?;
        rows.into_iter().map(|mut row| person(&mut row)).collect()
    }

    /// Somebody, by name or id.
    ///
    /// # Errors
    /// TL0507 when there is nobody of that name.
    pub async fn person(&self, name: &str) -> Result<Person, StoreError> {
        let named = checked(name).map_err(|_| not_found(name))?;
        let question = Statement::new(format!("{COLUMNS} WHERE p.name = $1 OR p.id = $1")).bind(named);
        match self.read_one(question).await? {
            Some(mut row) => person(&mut row),
            None => Err(not_found(name)),
        }
    }

    /// Gives somebody another role.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        let found = self.person(name).await?;
        let changed = Statement::new("UPDATE people SET role = $1 WHERE id = $2")
            .bind(role.as_str())
            .bind(&found.id)
            .exactly(1);
        self.write_one_of("person", name, changed).await
    }

    /// Forgets somebody, with their sessions and invitation.
    pub async fn remove_person(&self, name: &str) -> Result<(), StoreError> {
        let found = self.person(name).await?;
        let of = |sql: &'static str| Statement::new(sql).bind(&found.id);
        self.write(vec![
            of("DELETE FROM sessions WHERE person = $1"),
            of("DELETE FROM invitations WHERE person = $1"),
            of("DELETE FROM people WHERE id = $1"),
        ])
        .await
        .map(drop)
    }

    /// Invites somebody to choose a password, once, within `life`; returns the link's word, which happens only this once. It takes the
    /// place of an earlier invitation.
    pub async fn invite(
        &self,
        person: &str,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<SecretString, StoreError> {
        let word = SecretString::from(self.entropy.word());
        let invited = Statement::new(
            "INSERT INTO invitations (hash, person, made_at, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, made_at = excluded.made_at, expires_at = excluded.expires_at",
        )
        .bind(digest::of(word.expose_secret()))
        .bind(person)
        .bind(now)
        .bind(now + life);
        self.write_one(invited).await?;
        Ok(word)
    }

    /// Whom an invitation is for. Looking does not use it up.
    pub async fn invited(
        &self,
        word: &str,
        now: Timestamp,
    ) -> Result<Result<Person, InvitationRefusal>, StoreError> {
        let question = Statement::new(
            COLUMNS.replace(" FROM", ", i.expires_at FROM")
                + " JOIN invitations AS i ON i.person = p.id WHERE i.hash = $1",
        )
        .bind(digest::of(word));
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(Err(InvitationRefusal::Unknown));
        };
        let found = person(&mut row)?;
        Ok(if row.moment()? <= now {
            Err(InvitationRefusal::Expired)
        } else {
            Ok(found)
        })
    }

    /// Uses an invitation: the password's hash is kept, and whoever was signed in as this person no longer is.
    pub async fn accept_invitation(
        &self,
        word: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Result<Person, InvitationRefusal>, StoreError> {
        let found = match self.invited(word, now).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let used = Statement::new("DELETE FROM invitations WHERE hash = $1")
            .bind(digest::of(word))
            .exactly(1);
        match self
            .write(vec![used, keep_password(&found.id, password), end_all(&found.id)])
            .await
        {
            Err(StoreError::Unmet) => Ok(Err(InvitationRefusal::Unknown)),
            Err(error) => Err(error),
            Ok(_) => Ok(Ok(found)),
        }
    }

    /// Gives somebody another password, by its hash, and signs them out everywhere.
    pub async fn set_password(&self, person: &str, password: &str) -> Result<(), StoreError> {
        self.write(vec![keep_password(person, password).exactly(1), end_all(person)])
            .await
            .map(drop)
    }

    /// Somebody with the hash of their password, if there is somebody of that name who has one.
    pub async fn password_of(&self, name: &str) -> Result<Option<(Person, String)>, StoreError> {
        let Ok(name) = checked(name.trim()) else {
            return Ok(None);
        };
        let question = Statement::new(
            COLUMNS.replace(" FROM", ", p.password FROM") + " WHERE p.name = $1 AND p.password IS NOT NULL",
        )
        .bind(name);
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(None);
        };
        Ok(Some((person(&mut row)?, row.text()?)))
    }

    /// Whether anybody has a password, so that the console has an owner.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        let question = Statement::new("SELECT 1 FROM people WHERE password IS NOT NULL LIMIT 1");
        Ok(self.read_one(question).await?.is_some())
    }
}

fn keep_password(person: &str, password: &str) -> Statement {
    Statement::new("UPDATE people SET password = $1 WHERE id = $2")
        .bind(password)
        .bind(person)
}

fn end_all(person: &str) -> Statement {
    Statement::new("DELETE FROM sessions WHERE person = $1").bind(person)
}

/// The name in small letters, if it is one.
fn checked(name: &str) -> Result<String, StoreError> {
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_@+".contains(&byte));
    if is_name {
        return Ok(name.to_ascii_lowercase());
    }
    Err(StoreError::Invalid {
        what: format!("the name `{}`", name.escape_debug()),
        reason: "is not made of 1 to 100 letters without accents, digits and . - _ @ +",
    })
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        kind: "person",
        name: name.to_owned(),
    }
}

pub(crate) fn person(row: &mut Row) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.text()?,
        name: row.text()?,
        role: row.text()?.parse()?,
        has_password: row.flag()?,
        created_at: row.moment()?,
        signed_in_at: row.moment_or_none()?,
    })
}
