//! Connections: our stored credentials for workspaces, with how to reach them and how they are doing.
//!
//! The one rule: a secret is asked for by itself ([`Store::connection_secrets`]); what lists and shows connections never
//! holds one. At most one connection is the default.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    Store, StoreError,
    database::{Row, Statement},
    document,
};

const TOKEN: &str = "token";
const REFRESH_TOKEN: &str = "refresh_token";
const WEBHOOK_SECRET: &str = "webhook_secret";
const COLUMNS: &str = "SELECT id, name, app, is_default, state, reason, details, identity, tested_at, created_at, \
                       updated_at FROM connections";
const LONGEST_NAME: usize = 64;

/// How a connection is reached, as its owner set it up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionDetails {
    /// The API's address.
    pub base_url: String,
    /// The API version to speak, such as `2.16`.
    pub api_version: String,
    /// Where a browser asks for a grant, instead of the app's or the region's page.
    pub authorize_url: Option<String>,
    /// Where a code is exchanged, instead of the app's or Intercom's address.
    pub token_url: Option<String>,
    /// Whether calls and grants are kept in the request log.
    pub logs_requests: bool,
    /// When the token ends, where the server said so.
    pub token_expires_at: Option<Timestamp>,
    /// Whatever its owner wants to remember.
    pub notes: String,
}

/// The workspace behind a token, as `GET /me` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceIdentity {
    /// The workspace's code, which webhooks call `app_id`.
    pub id_code: String,
    /// Its name.
    pub name: String,
    /// Where it is hosted, such as `US`.
    pub region: String,
    /// Its time zone.
    pub time_zone: String,
    /// The teammate whose token it is, by id.
    pub admin_id: String,
}

/// How a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It was set up and no token has worked yet.
    New,
    /// Its token worked when it was last used.
    Ready,
    /// Its token was refused: somebody has to grant access again. What uses it is paused.
    NeedsGrant,
    /// Somebody paused it.
    Paused,
}

impl ConnectionState {
    const ALL: [Self; 4] = [Self::New, Self::Ready, Self::NeedsGrant, Self::Paused];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ready => "ready",
            Self::NeedsGrant => "needs_grant",
            Self::Paused => "paused",
        }
    }

    /// Whether calls may be made with it.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::New | Self::Ready)
    }
}

/// A stored connection, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Our id.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The id of the app that its grant belongs to.
    pub app: Option<String>,
    /// Whether it is the one that is meant when none is named.
    pub is_default: bool,
    /// How it is doing.
    pub state: ConnectionState,
    /// Why, where that needs saying.
    pub reason: Option<String>,
    /// How it is reached.
    pub details: ConnectionDetails,
    /// The workspace, once a token worked.
    pub identity: Option<WorkspaceIdentity>,
    /// When it was last tested.
    pub tested_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A connection to add.
#[derive(Clone, Debug, Default)]
pub struct NewConnection {
    /// The name that people use.
    pub name: String,
    /// The id of the app that grants belong to.
    pub app: Option<String>,
    /// How it is reached.
    pub details: ConnectionDetails,
    /// Its secrets.
    pub secrets: ConnectionSecrets,
}

/// The secrets of a connection. None leaves what is kept as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionSecrets {
    /// The access token.
    pub token: Option<SecretString>,
    /// What renews it, where the server gives one.
    pub refresh_token: Option<SecretString>,
    /// What signs its webhooks, where that is not the app's client secret.
    pub webhook_secret: Option<SecretString>,
}

/// Which secrets of a connection are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptSecrets {
    /// The access token.
    pub token: bool,
    /// What renews it.
    pub refresh_token: bool,
    /// What signs its webhooks.
    pub webhook_secret: bool,
}

impl ConnectionSecrets {
    fn named(&self) -> impl Iterator<Item = (&'static str, &SecretString)> {
        [
            (TOKEN, &self.token),
            (REFRESH_TOKEN, &self.refresh_token),
            (WEBHOOK_SECRET, &self.webhook_secret),
        ]
        .into_iter()
        .filter_map(|(name, secret)| Some((name, secret.as_ref()?)))
    }
}

impl Store {
    /// Adds a connection; the first one is the default. A name that is taken is refused.
    pub async fn add_connection(
        &self,
        new: &NewConnection,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        check_name("connection", &new.name)?;
        let id = self.entropy.id(now);
        let added = Statement::new(
            "INSERT INTO connections (id, name, app, is_default, state, details, created_at, updated_at) \
             VALUES ($1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM connections) THEN 0 ELSE 1 END, $4, $5, $6, $6) \
             ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(new.app.clone())
        .bind(ConnectionState::New.as_str())
        .bind(document::write(&new.details)?)
        .bind(now)
        .exactly(1);
        let mut statements = vec![added];
        for (name, secret) in new.secrets.named() {
            statements.push(self.keep_secret(&owner(&id), name, secret)?);
        }
        match self.write(statements).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists {
                kind: "connection",
                name: new.name.clone(),
            }),
            Err(error) => Err(error),
            Ok(_) => self.connection(&new.name).await,
        }
    }

    /// All connections, by name.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let rows = self
            .read(Statement::new(format!("{COLUMNS} ORDER BY name")))
            .await?;
        rows.into_iter().map(connection).collect()
    }

    /// The connection of a name, or of an id of ours.
    pub async fn connection(&self, name: &str) -> Result<Connection, StoreError> {
        let question = Statement::new(format!("{COLUMNS} WHERE name = $1 OR id = $1")).bind(name);
        let row = self.read_one(question).await?.ok_or_else(|| not_found(name))?;
        connection(row)
    }

    /// The default connection, if there is any.
    pub async fn default_connection(&self) -> Result<Option<Connection>, StoreError> {
        let question = Statement::new(format!("{COLUMNS} WHERE is_default = 1"));
        self.read_one(question).await?.map(connection).transpose()
    }

    /// The connections to a workspace, by its code.
    pub async fn connections_to(&self, workspace: &str) -> Result<Vec<Connection>, StoreError> {
        let question =
            Statement::new(format!("{COLUMNS} WHERE workspace = $1 ORDER BY created_at")).bind(workspace);
        self.read(question).await?.into_iter().map(connection).collect()
    }

    /// A connection's secrets.
    pub async fn connection_secrets(&self, id: &str) -> Result<ConnectionSecrets, StoreError> {
        let owner = owner(id);
        Ok(ConnectionSecrets {
            token: self.secret(&owner, TOKEN).await?,
            refresh_token: self.secret(&owner, REFRESH_TOKEN).await?,
            webhook_secret: self.secret(&owner, WEBHOOK_SECRET).await?,
        })
    }

    /// Which secrets of a connection are kept; none is opened for this.
    pub async fn kept_secrets(&self, id: &str) -> Result<KeptSecrets, StoreError> {
        let question = Statement::new("SELECT name FROM secrets WHERE owner = $1").bind(owner(id));
        let mut kept = KeptSecrets::default();
        for mut row in self.read(question).await? {
            match row.text()?.as_str() {
                TOKEN => kept.token = true,
                REFRESH_TOKEN => kept.refresh_token = true,
                WEBHOOK_SECRET => kept.webhook_secret = true,
                _ => {}
            }
        }
        Ok(kept)
    }

    /// Changes how a connection is reached, its app, and those of its secrets that are given.
    pub async fn update_connection(
        &self,
        connection: &Connection,
        secrets: &ConnectionSecrets,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed =
            Statement::new("UPDATE connections SET app = $1, details = $2, updated_at = $3 WHERE id = $4")
                .bind(connection.app.clone())
                .bind(document::write(&connection.details)?)
                .bind(now)
                .bind(&connection.id)
                .exactly(1);
        let mut statements = vec![changed];
        for (name, secret) in secrets.named() {
            statements.push(self.keep_secret(&owner(&connection.id), name, secret)?);
        }
        self.write(statements).await.map(drop)
    }

    /// Keeps a new grant: the tokens of a connection, whose old ones are forgotten.
    pub async fn keep_grant(
        &self,
        connection: &Connection,
        token: &SecretString,
        refresh_token: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = owner(&connection.id);
        let changed = Statement::new("UPDATE connections SET details = $1, updated_at = $2 WHERE id = $3")
            .bind(document::write(&connection.details)?)
            .bind(now)
            .bind(&connection.id)
            .exactly(1);
        let refreshed = match refresh_token {
            Some(refresh_token) => self.keep_secret(&owner, REFRESH_TOKEN, refresh_token)?,
            None => Self::forget_secret(&owner, REFRESH_TOKEN),
        };
        let kept = self.keep_secret(&owner, TOKEN, token)?;
        self.write(vec![changed, kept, refreshed]).await.map(drop)
    }

    /// Notes the workspace that a connection's token opened, and that it is ready.
    pub async fn connection_works(
        &self,
        id: &str,
        identity: &WorkspaceIdentity,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = Statement::new(
            "UPDATE connections SET workspace = $1, identity = $2, tested_at = $3, state = CASE WHEN state = 'paused' \
             THEN state ELSE 'ready' END, reason = CASE WHEN state = 'paused' THEN reason END WHERE id = $4",
        )
        .bind(&identity.id_code)
        .bind(document::write(identity)?)
        .bind(now)
        .bind(id)
        .exactly(1);
        self.write_one_of("connection", id, changed).await
    }

    /// Notes how a connection is doing, with the reason in words.
    pub async fn set_connection_state(
        &self,
        id: &str,
        state: ConnectionState,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed =
            Statement::new("UPDATE connections SET state = $1, reason = $2, updated_at = $3 WHERE id = $4")
                .bind(state.as_str())
                .bind(reason)
                .bind(now)
                .bind(id)
                .exactly(1);
        self.write_one_of("connection", id, changed).await
    }

    /// Gives a connection another name.
    pub async fn rename_connection(
        &self,
        name: &str,
        new_name: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        check_name("connection", new_name)?;
        let found = self.connection(name).await?;
        let changed = Statement::new(
            "UPDATE connections SET name = $1, updated_at = $2 WHERE id = $3 \
             AND NOT EXISTS (SELECT 1 FROM connections WHERE name = $1)",
        )
        .bind(new_name)
        .bind(now)
        .bind(&found.id)
        .exactly(1);
        match self.write(vec![changed]).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists {
                kind: "connection",
                name: new_name.to_owned(),
            }),
            outcome => outcome.map(drop),
        }
    }

    /// Makes a connection the default.
    pub async fn make_default(&self, name: &str) -> Result<(), StoreError> {
        let found = self.connection(name).await?;
        let chosen =
            Statement::new("UPDATE connections SET is_default = CASE WHEN id = $1 THEN 1 ELSE 0 END")
                .bind(&found.id);
        self.write_one(chosen).await.map(drop)
    }

    /// Forgets a connection and its secrets. Mirrors that use it keep it from being removed; its notifications stay, and so does the journal.
    pub async fn remove_connection(&self, name: &str) -> Result<Connection, StoreError> {
        let found = self.connection(name).await?;
        let question =
            Statement::new("SELECT name FROM mirrors WHERE connection = $1 ORDER BY name").bind(&found.id);
        let users = self
            .read(question)
            .await?
            .into_iter()
            .map(|mut row| row.text())
            .collect::<Result<Vec<_>, _>>()?;
        if !users.is_empty() {
            return Err(StoreError::InUse {
                kind: "connection",
                name: found.name,
                users: format!("the mirrors {}", users.join(", ")),
            });
        }
        let removed = Statement::new("DELETE FROM connections WHERE id = $1")
            .bind(&found.id)
            .exactly(1);
        let heir = Statement::new(
            "UPDATE connections SET is_default = 1 WHERE id = (SELECT id FROM connections ORDER BY created_at, id LIMIT 1) \
             AND NOT EXISTS (SELECT 1 FROM connections WHERE is_default = 1)",
        );
        self.write(vec![removed, Self::forget_secrets(&owner(&found.id)), heir])
            .await?;
        Ok(found)
    }

    /// Writes a change that concerns one row, and says which is missing when there is none.
    pub(crate) async fn write_one_of(
        &self,
        kind: &'static str,
        name: &str,
        change: Statement,
    ) -> Result<(), StoreError> {
        match self.write(vec![change]).await {
            Err(StoreError::Unmet) => Err(StoreError::NotFound {
                kind,
                name: name.to_owned(),
            }),
            outcome => outcome.map(drop),
        }
    }
}

/// A name is short, and safe in an address and on a command line.
pub(crate) fn check_name(kind: &'static str, name: &str) -> Result<(), StoreError> {
    let is_good = name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.len() <= LONGEST_NAME
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter));
    if is_good {
        return Ok(());
    }
    Err(StoreError::Invalid {
        what: format!(
            "the {kind}'s name `{}`",
            name.chars().take(LONGEST_NAME).collect::<String>().escape_debug()
        ),
        reason: "is not made of 1 to 64 lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
    })
}

fn owner(id: &str) -> String {
    format!("connection/{id}")
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        kind: "connection",
        name: name.to_owned(),
    }
}

fn connection(mut row: Row) -> Result<Connection, StoreError> {
    Ok(Connection {
        id: row.text()?,
        name: row.text()?,
        app: row.text_or_none()?,
        is_default: row.flag()?,
        state: {
            let word = row.text()?;
            ConnectionState::ALL
                .into_iter()
                .find(|state| state.as_str() == word)
                .ok_or_else(|| StoreError::Damaged {
                    what: "a connection in an unknown state".to_owned(),
                })?
        },
        reason: row.text_or_none()?,
        details: document::read(&row.text()?)?,
        identity: row.text_or_none()?.as_deref().map(document::read).transpose()?,
        tested_at: row.moment_or_none()?,
        created_at: row.moment()?,
        updated_at: row.moment()?,
    })
}
