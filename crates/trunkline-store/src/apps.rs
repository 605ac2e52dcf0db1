//! Apps: the client id and secret of an app in the Developer Hub, stored once and used by many connections.
//!
//! The one rule: the client secret, which also signs webhooks, is kept sealed and never leaves with [`App`].

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    Store, StoreError,
    connections::check_name,
    database::{Row, Statement},
    document,
};

const SECRET: &str = "client_secret";
const COLUMNS: &str = "SELECT id, name, client_id, details, created_at, updated_at FROM apps";

/// What is known of an app beside its name and client id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppDetails {
    /// Where a browser is sent to ask for a grant, instead of the region's page.
    pub authorize_url: Option<String>,
    /// Where a code is exchanged, instead of Intercom's address.
    pub token_url: Option<String>,
    /// Whether the token address takes a proof of the code's owner (PKCE).
    pub takes_pkce: bool,
    /// Whatever its owner wants to remember.
    pub notes: String,
}

/// A stored app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct App {
    /// Our id.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The client id of the Developer Hub.
    pub client_id: String,
    /// The rest.
    pub details: AppDetails,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An app to add or to put in the place of one.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// The name that people use.
    pub name: String,
    /// The client id of the Developer Hub.
    pub client_id: String,
    /// The client secret, which also signs the app's webhooks.
    pub client_secret: SecretString,
    /// The rest.
    pub details: AppDetails,
}

impl Store {
    /// Adds an app. A name that is taken is refused.
    pub async fn add_app(&self, new: &NewApp, now: Timestamp) -> Result<App, StoreError> {
        check_name("app", &new.name)?;
        let id = self.entropy.id(now);
        let added = Statement::new(
            "INSERT INTO apps (id, name, client_id, details, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(&new.client_id)
        .bind(document::write(&new.details)?)
        .bind(now)
        .exactly(1);
        let kept = self.keep_secret(&owner(&id), SECRET, &new.client_secret)?;
        match self.write(vec![added, kept]).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists {
                kind: "app",
                name: new.name.clone(),
            }),
            Err(error) => Err(error),
            Ok(_) => self.app(&new.name).await,
        }
    }

    /// Changes an app's details, client id and, when one is given, its secret.
    pub async fn update_app(
        &self,
        app: &App,
        client_secret: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed =
            Statement::new("UPDATE apps SET client_id = $1, details = $2, updated_at = $3 WHERE id = $4")
                .bind(&app.client_id)
                .bind(document::write(&app.details)?)
                .bind(now)
                .bind(&app.id)
                .exactly(1);
        let mut statements = vec![changed];
        if let Some(secret) = client_secret {
            statements.push(self.keep_secret(&owner(&app.id), SECRET, secret)?);
        }
        self.write(statements).await.map(drop)
    }

    /// All apps, by name.
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let rows = self
            .read(Statement::new(format!("{COLUMNS} ORDER BY name")))
            .await?;
        rows.into_iter().map(app).collect()
    }

    /// The app of a name, or of an id of ours.
    pub async fn app(&self, name: &str) -> Result<App, StoreError> {
        let question = Statement::new(format!("{COLUMNS} WHERE name = $1 OR id = $1")).bind(name);
        let row = self
            .read_one(question)
            .await?
            .ok_or_else(|| StoreError::NotFound {
                kind: "app",
                name: name.to_owned(),
            })?;
        app(row)
    }

    /// An app's client secret.
    pub async fn app_secret(&self, id: &str) -> Result<SecretString, StoreError> {
        self.secret(&owner(id), SECRET)
            .await?
            .ok_or_else(|| StoreError::NotFound {
                kind: "app",
                name: id.to_owned(),
            })
    }

    /// Forgets an app that no connection uses.
    pub async fn remove_app(&self, name: &str) -> Result<App, StoreError> {
        let found = self.app(name).await?;
        let question =
            Statement::new("SELECT name FROM connections WHERE app = $1 ORDER BY name").bind(&found.id);
        let users = self
            .read(question)
            .await?
            .into_iter()
            .map(|mut row| row.text())
            .collect::<Result<Vec<_>, _>>()?;
        if !users.is_empty() {
            return Err(StoreError::InUse {
                kind: "app",
                name: found.name,
                users: format!("the connections {}", users.join(", ")),
            });
        }
        let removed = Statement::new("DELETE FROM apps WHERE id = $1")
            .bind(&found.id)
            .exactly(1);
        self.write(vec![removed, Self::forget_secrets(&owner(&found.id))])
            .await?;
        Ok(found)
    }
}

fn owner(id: &str) -> String {
    format!("app/{id}")
}

fn app(mut row: Row) -> Result<App, StoreError> {
    Ok(App {
        id: row.text()?,
        name: row.text()?,
        client_id: row.text()?,
        details: document::read(&row.text()?)?,
        created_at: row.moment()?,
        updated_at: row.moment()?,
    })
}
