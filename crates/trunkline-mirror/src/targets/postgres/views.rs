//! The end models as views of the schema.
//!
//! The one rule: what stands under one of their names and is somebody else's stays, and so does a view of somebody's that is built on
//! ours: views never keep rows from being written.

use tokio_postgres::{Client, Error};
use xxhash_rust::xxh3::xxh3_64;

use super::quote;
use crate::{
    analytics::models::{Dialect, MODELS},
    targets::views::Columns,
};

/// How the comment on a view of ours begins; a digest of its text follows.
const MARK: &str = "made by Trunkline ";

/// What the schema has under the name of one of the views.
struct Held {
    name: String,
    /// What its comment says, if it is a view.
    comment: Option<String>,
}

async fn held(client: &Client, schema: &str) -> Result<Vec<Held>, Error> {
    let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    let rows = client
        .query(
            "SELECT c.relname::text, CASE WHEN c.relkind::text = 'v' THEN obj_description(c.oid, 'pg_class') END \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname::text = ANY($2)",
            &[&schema, &names],
        )
        .await?;
    let one = |row: &tokio_postgres::Row| Held {
        name: row.get(0),
        comment: row.get(1),
    };
    Ok(rows.iter().map(one).collect())
}

fn is_ours(held: &Held) -> bool {
    held.comment
        .as_deref()
        .is_some_and(|comment| comment.starts_with(MARK))
}

/// Takes our views away, so that a column under them can get wider; they are made again at the end of the round.
pub(super) async fn step_aside(client: &Client, schema: &str) -> Result<(), Error> {
    let held = held(client, schema).await?;
    let ours: Vec<&str> = MODELS
        .iter()
        .rev()
        .map(|model| model.name)
        .filter(|name| held.iter().any(|held| held.name == *name && is_ours(held)))
        .collect();
    try_all(client, &drops(schema, &ours)).await.map(drop)
}

/// Makes the views that are missing or say something else. They are left as they are where that cannot be.
pub(super) async fn renew(client: &Client, schema: &str, columns: &Columns) -> Result<(), Error> {
    let has = |table: &str, column: &str| columns.get(table).is_some_and(|names| names.contains(column));
    let held = held(client, schema).await?;
    if let Some(theirs) = held.iter().find(|held| !is_ours(held)) {
        tracing::info!(
            name = theirs.name,
            "the schema has something else of this name; no end models are made"
        );
        return Ok(());
    }
    let wanted: Vec<(&str, String, String)> = MODELS
        .iter()
        .map(|model| {
            let sql = model.create(Dialect::Postgres, &has);
            let comment = format!("{MARK}{:016x}", xxh3_64(sql.as_bytes()));
            (model.name, sql, comment)
        })
        .collect();
    let is_held = |name: &str, comment: &str| {
        held.iter()
            .any(|held| held.name == name && held.comment.as_deref() == Some(comment))
    };
    if wanted.iter().all(|(name, _, comment)| is_held(name, comment)) {
        return Ok(());
    }
    let mut make = format!("SET LOCAL search_path TO {};\n", quote(schema));
    for (name, sql, comment) in &wanted {
        make.push_str(&format!(
            "{sql};\nCOMMENT ON VIEW {} IS '{comment}';\n",
            quote(name)
        ));
    }
    make.push_str("SET LOCAL search_path TO DEFAULT;\n");
    if try_all(client, &make).await?.is_none() {
        return Ok(());
    }
    // Other columns than before: the old ones go first.
    let names: Vec<&str> = wanted.iter().rev().map(|(name, ..)| *name).collect();
    let anew = format!("{}{make}", drops(schema, &names));
    if let Some(error) = try_all(client, &anew).await? {
        tracing::warn!(error = super::reason(&error), "the end models stay as they were");
    }
    Ok(())
}

fn drops(schema: &str, names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("DROP VIEW IF EXISTS {}.{};\n", quote(schema), quote(name)))
        .collect()
}

/// Runs statements, all or none; what stood in the way. The round's transaction goes on either way.
async fn try_all(client: &Client, sql: &str) -> Result<Option<Error>, Error> {
    client.batch_execute("SAVEPOINT views").await?;
    match client.batch_execute(sql).await {
        Ok(()) => {
            client.batch_execute("RELEASE SAVEPOINT views").await?;
            Ok(None)
        }
        Err(error) if error.is_closed() => Err(error),
        Err(error) => {
            client.batch_execute("ROLLBACK TO SAVEPOINT views").await?;
            Ok(Some(error))
        }
    }
}
