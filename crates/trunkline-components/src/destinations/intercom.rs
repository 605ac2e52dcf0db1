//! `intercom`: runs an action of Intercom for each record.
//!
//! The one rule: a record that says which it is (its head has an id) is brought once, however often it is tried: the action runs
//! with a key of its own, and what became of an interrupted one is found out, not guessed.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_actions::{ActionError, CallOptions, Workspace, action};
use trunkline_client::{Disposition, Priority};
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node, read},
    nearest,
};

use super::{one_by_one, sqlite::Keeping};
use crate::{Site, registry::DestinationKind};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "intercom",
    summary: "Runs an action of Intercom, such as contacts.upsert, for each record.",
    is_idempotent: true,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Runs an action of Intercom for each record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The connection; the default one unless named.
    #[serde(default)]
    connection: Option<String>,
    /// The action, as `trunkline actions` lists them.
    action: String,
    /// The action's fields with the expressions that give their values; a null leaves its field out. Without any, the record itself
    /// is what the action gets, fields or `{path, query, payload}`.
    #[serde(default)]
    with: BTreeMap<String, Jq>,
    /// What tells this delivery from others: with the same key the action runs once. Unless told, the record's stream, id and time of change.
    #[serde(default)]
    key: Option<Jq>,
    /// Whether names that the action does not know are sent.
    #[serde(default)]
    allow_unknown: bool,
    /// A table of an SQLite database that keeps what each action gave, by the delivery's key.
    #[serde(default)]
    receipts: Option<Receipts>,
}

/// Where is kept what actions gave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Receipts {
    /// The database; it and its folder are made when they are not there. Relative paths begin at the flow's file.
    path: String,
    /// The table; it is made when it is not there.
    table: String,
}

struct Act {
    settings: Settings,
    receipts: Option<Keeping>,
    site: Site,
    workspace: tokio::sync::OnceCell<Workspace>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    let known = action(&settings.action).map_err(|error| {
        let spot = node.get("action").map_or(node.spot, |value| value.spot);
        Mistake::new(spot, error.to_string(), error.advice())
    })?;
    for (name, _) in node.get("with").map(Node::entries).unwrap_or_default() {
        let is_part = ["path", "query", "payload"].contains(&name.text.as_str());
        if settings.allow_unknown || is_part || known.field(&name.text).is_some() {
            continue;
        }
        let fields: Vec<&str> = known.fields.iter().map(|field| field.name).collect();
        let advice = match nearest::of(&name.text, fields.iter().copied()) {
            Some(near) => format!("Did you mean {near}?"),
            None => format!("`trunkline action {}` lists its fields.", settings.action),
        };
        let message = format!("{} has no field {}", settings.action, name.text);
        return Err(Mistake::new(name.spot, message, advice));
    }
    let receipts = match (&settings.receipts, node.get("receipts")) {
        (Some(receipts), Some(node)) => {
            let key = Jq::compile(".key").map_err(|error| {
                Mistake::new(node.spot, error.to_string(), "This is a fault of Trunkline.")
            })?;
            Some(Keeping::new(node, &receipts.path, &receipts.table, key, site)?)
        }
        _ => None,
    };
    Ok(Arc::new(Act {
        receipts,
        settings,
        site: site.clone(),
        workspace: tokio::sync::OnceCell::new(),
    }))
}

impl Act {
    /// What the action gets of a record.
    fn input(&self, record: &Record, now: Timestamp) -> Result<Value, ComponentError> {
        if self.settings.with.is_empty() {
            return Ok(record.value.to_value());
        }
        let mut input = Map::new();
        for (name, expression) in &self.settings.with {
            match expression.value(record, now)? {
                Value::Null => {}
                value => {
                    input.insert(name.clone(), value);
                }
            }
        }
        Ok(input.into())
    }

    fn key(&self, record: &Record, now: Timestamp) -> Result<Option<String>, ComponentError> {
        let told = match &self.settings.key {
            Some(key) => key.key(record, now)?,
            None => record.head.told_apart(),
        };
        Ok(told.map(|told| format!("flow:{}/{}/{told}", self.site.flow, self.settings.action)))
    }

    async fn one(&self, record: &Record) -> Delivered {
        let now = (self.site.now)();
        let input = self.input(record, now)?;
        let key = self.key(record, now)?;
        if self.receipts.is_some() && key.is_none() {
            return Err(ComponentError::reject(
                "TL0954",
                "this delivery has no key, so its receipt could not be told from others",
                "Give the destination a `key`, an expression that tells one delivery from another.",
            ));
        }
        let options = CallOptions {
            key: key.clone(),
            allow_unknown: self.settings.allow_unknown,
            priority: Priority::Background,
            by_whom: format!("flow {}", self.site.flow),
            ..CallOptions::default()
        };
        let connection = self.settings.connection.as_deref();
        let workspace = self
            .workspace
            .get_or_try_init(|| self.site.workspaces.workspace(connection))
            .await?;
        let outcome = workspace
            .call(&self.settings.action, input.clone(), options)
            .await;
        let output = outcome
            .map_err(|error| failed(&self.settings.action, &error, &input))?
            .output;
        if let (Some(receipts), Some(key)) = (&self.receipts, key) {
            // An action that was carried out gives the same again, so a receipt that cannot be kept now is kept later.
            let receipt = json!({ "key": key, "action": self.settings.action, "answer": output });
            let mut kept = receipts.deliver(&[Record::new(receipt)]).await;
            kept.pop().unwrap_or(Ok(None))?;
        }
        Ok(Some(output))
    }
}

impl Destination for Act {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(one_by_one(records, |record| self.one(record)))
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let input = self.input(record, (self.site.now)())?;
        Ok(json!({ "action": self.settings.action, "with": input }))
    }
}

/// What an action's error means for the record.
pub(crate) fn failed(action: &str, error: &ActionError, input: &Value) -> ComponentError {
    let (code, message, advice) = (error.code(), error.to_string(), error.advice());
    let made = match error.disposition() {
        Disposition::Retry => ComponentError::retry(code, message, advice),
        Disposition::Reject => ComponentError::reject(code, message, advice),
        _ => ComponentError::stop(code, message, advice),
    };
    made.with_exchange(Some(json!({ "action": action, "with": input })), None)
}
