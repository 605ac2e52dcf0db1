//! `postgres`: keeps a table of a PostgreSQL database as records say.
//!
//! The one rule: a batch is one transaction, the columns that it needs included; a record that the database refuses takes no other
//! with it. Read `sql/table.rs` for what becomes of a record, `postgres/table.rs` for how the table grows.

mod table;

use std::sync::Arc;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_postgres::Client;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    registry::DestinationKind,
    sql::{
        postgres::connect,
        table::{Change, Place, Rows, tell},
    },
    text::Env,
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "postgres",
    summary: "Keeps a table of a PostgreSQL database: a row for each key, columns as fields appear.",
    is_idempotent: true,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Keeps a table of a PostgreSQL database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The variable of the environment that holds the address, such as `postgres://user:password@host/database`.
    url: Env,
    /// The schema; it is made when it is not there. Unless told, the first of the role's search path.
    #[serde(default)]
    schema: Option<String>,
    /// The table; it is made when it is not there.
    table: String,
    /// The expression that tells a record from others; what it gives stands in the column `_key`.
    key: Jq,
    /// Records for which this holds are taken out of the table.
    #[serde(default)]
    delete_when: Option<Jq>,
}

struct Keeping {
    rows: Rows,
    site: Site,
    url: Env,
    schema: Option<String>,
    place: Place,
    client: Mutex<Option<Client>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    for (key, name) in [
        ("schema", settings.schema.as_ref()),
        ("table", Some(&settings.table)),
    ] {
        if name.is_some_and(|name| name.is_empty() || name.len() > 63 || name.contains('\0')) {
            return Err(Mistake::new(
                node.get(key).map_or(node.spot, |value| value.spot),
                format!("this cannot be the name of a {key}"),
                "Give it a name of at most 63 letters.",
            ));
        }
    }
    Ok(Arc::new(Keeping {
        place: Place {
            spot: node.get("table").map_or(node.spot, |table| table.spot),
            name: settings.table,
            flow: site.flow.clone(),
        },
        rows: Rows {
            key: settings.key,
            delete_when: settings.delete_when,
        },
        url: settings.url,
        schema: settings.schema,
        site: site.clone(),
        client: Mutex::default(),
    }))
}

impl Keeping {
    /// Brings changes into the table; the connection is kept only when all went well.
    async fn keep(&self, changes: &[(usize, Change)]) -> Result<table::Refused, ComponentError> {
        let mut held = self.client.lock().await;
        let mut client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => connect(&self.url, &self.site).await?,
        };
        let kept = table::keep(&mut client, changes, self.schema.as_deref(), &self.place).await;
        if kept.is_ok() {
            *held = Some(client);
        }
        kept
    }
}

impl Destination for Keeping {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let (mut results, changes) = self.rows.changes(records, (self.site.now)());
            if !changes.is_empty() {
                let done = self.keep(&changes).await;
                tell(&mut results, changes.iter().map(|(at, _)| *at), done);
            }
            results
        })
    }

    fn most_at_once(&self) -> usize {
        500
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let change = self.rows.change(record, (self.site.now)())?;
        Ok(change.shown(&self.place.name))
    }
}
