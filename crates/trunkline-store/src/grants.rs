//! Grants under way: somebody was sent to Intercom's consent page and is expected back.
//!
//! The one rule: a state is good once, for ten minutes, in the browser that took it up first. Only its hash is kept, so whoever
//! reads the database cannot finish somebody else's grant.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;

use crate::{Store, StoreError, database::Statement, digest};

const VERIFIER: &str = "pkce_verifier";
/// How long a person may take on the consent page.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A grant to begin.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// The connection's id.
    pub connection: String,
    /// The address that the browser comes back to.
    pub redirect_uri: String,
    /// What proves at the exchange that the code is ours, where the server takes it.
    pub pkce_verifier: Option<SecretString>,
}

/// What came back fits this grant.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The connection's id.
    pub connection: String,
    /// The address that the code was asked for with.
    pub redirect_uri: String,
    /// What proves that the code is ours.
    pub pkce_verifier: Option<SecretString>,
}

/// Why a state that came back is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefusal {
    /// Nobody was given this state.
    #[error("this grant was not begun here")]
    Unknown,
    /// It was used before.
    #[error("this grant was finished before")]
    Used,
    /// It is too old.
    #[error("this grant was begun more than ten minutes ago")]
    Expired,
    /// It was given to another browser.
    #[error("this grant was begun in another browser")]
    OtherBrowser,
}

impl Store {
    /// Begins a grant and returns its state, which is a secret until a browser has taken it up.
    pub async fn begin_grant(&self, new: &NewGrant, now: Timestamp) -> Result<String, StoreError> {
        let state = self.entropy.word();
        let hash = digest::of(&state);
        let begun = Statement::new(
            "INSERT INTO grants (state_hash, connection, browser_hash, redirect_uri, made_at, expires_at) \
             VALUES ($1, $2, '', $3, $4, $5)",
        )
        .bind(&hash)
        .bind(&new.connection)
        .bind(&new.redirect_uri)
        .bind(now)
        .bind(now + LIFE);
        let mut statements = self.sweep(now).to_vec();
        statements.push(begun);
        if let Some(verifier) = &new.pkce_verifier {
            statements.push(self.keep_secret(&owner(&hash), VERIFIER, verifier)?);
        }
        self.write(statements).await?;
        Ok(state)
    }

    /// Gives a grant to the browser that holds `browser`, a word that nobody else knows. The first that asks gets it.
    pub async fn take_up_grant(
        &self,
        state: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantRefusal>, StoreError> {
        let hash = digest::of(state);
        let taken = Statement::new(
            "UPDATE grants SET browser_hash = $1 WHERE state_hash = $2 AND browser_hash IN ('', $1) AND used_at IS NULL",
        )
        .bind(digest::of(browser))
        .bind(&hash);
        self.write_one(taken).await?;
        match self.grant(&hash, browser, now).await? {
            Ok((_, Some(_))) => Ok(Err(GrantRefusal::Used)),
            Ok((grant, None)) => Ok(Ok(grant)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Uses a state that came back. It is used up whatever the answer is.
    pub async fn use_grant(
        &self,
        state: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantRefusal>, StoreError> {
        let hash = digest::of(state);
        let used = Statement::new("UPDATE grants SET used_at = $1 WHERE state_hash = $2 AND used_at IS NULL")
            .bind(now)
            .bind(&hash);
        let was_fresh = self.write_one(used).await?.changed == 1;
        let found = self.grant(&hash, browser, now).await?;
        self.write_one(Self::forget_secret(&owner(&hash), VERIFIER))
            .await?;
        Ok(match found {
            Err(GrantRefusal::Unknown) => Err(GrantRefusal::Unknown),
            _ if !was_fresh => Err(GrantRefusal::Used),
            Ok((grant, _)) => Ok(grant),
            Err(refusal) => Err(refusal),
        })
    }

    /// A grant that is young enough and in its own browser, and when it was used.
    async fn grant(
        &self,
        hash: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<Result<(Grant, Option<Timestamp>), GrantRefusal>, StoreError> {
        let question = Statement::new(
            "SELECT connection, browser_hash, redirect_uri, expires_at, used_at FROM grants WHERE state_hash = $1",
        )
        .bind(hash);
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(Err(GrantRefusal::Unknown));
        };
        let (connection, browser_hash, redirect_uri) = (row.text()?, row.text()?, row.text()?);
        if row.moment()? <= now {
            return Ok(Err(GrantRefusal::Expired));
        }
        if !bool::from(browser_hash.as_bytes().ct_eq(digest::of(browser).as_bytes())) {
            return Ok(Err(GrantRefusal::OtherBrowser));
        }
        let used_at = row.moment_or_none()?;
        let pkce_verifier = self.secret(&owner(hash), VERIFIER).await?;
        let grant = Grant {
            connection,
            redirect_uri,
            pkce_verifier,
        };
        Ok(Ok((grant, used_at)))
    }

    /// What forgets grants a day after they ended: until then a late return is told apart from an invented one.
    fn sweep(&self, now: Timestamp) -> [Statement; 2] {
        let long_ago = now - SignedDuration::from_hours(24);
        [
            Statement::new(
                "DELETE FROM secrets WHERE name = $1 AND owner IN \
                 (SELECT 'grant/' || state_hash FROM grants WHERE expires_at < $2)",
            )
            .bind(VERIFIER)
            .bind(long_ago),
            Statement::new("DELETE FROM grants WHERE expires_at < $1").bind(long_ago),
        ]
    }
}

fn owner(hash: &str) -> String {
    format!("grant/{hash}")
}
