//! A query on a PostgreSQL database, in a session that only reads.

use serde_json::Value;
use tokio_postgres::{Client, Row, types::ToSql};
use trunkline_flow::ComponentError;

use super::{Found, fails, foreign};
use crate::{
    Site,
    sql::{
        postgres::{connect, failed},
        quoted,
    },
    text::Env,
};

pub(super) struct Session {
    client: Client,
    query: String,
    column: String,
    /// The type of the cursor column, as it stands in statements.
    kind: String,
}

fn refused(error: &tokio_postgres::Error) -> ComponentError {
    match error.as_db_error() {
        Some(told) => fails(&format!("{} [{}]", told.message(), told.code().code())),
        None => failed(error),
    }
}

impl Session {
    pub(super) async fn open(
        address: &Env,
        site: &Site,
        query: &str,
        cursor: &str,
    ) -> Result<Self, ComponentError> {
        let client = connect(address, site).await?;
        let column = quoted(cursor);
        let only_read = "set default_transaction_read_only = on";
        client
            .batch_execute(only_read)
            .await
            .map_err(|error| refused(&error))?;
        let statement = client
            .prepare(&format!("select q.{column} from ({query}\n) q"))
            .await
            .map_err(|error| refused(&error))?;
        let kind = statement
            .columns()
            .first()
            .map_or(0, |column| column.type_().oid());
        let kind = client
            .query_one("select format_type($1, null)", &[&kind])
            .await
            .map_err(|error| refused(&error))?
            .get(0);
        Ok(Self {
            client,
            query: query.to_owned(),
            column,
            kind,
        })
    }

    pub(super) async fn rows(&mut self, from: &Value, most: u64) -> Result<Vec<Found>, ComponentError> {
        let Self {
            client,
            query,
            column,
            kind,
        } = self;
        let (condition, values): (String, Vec<&(dyn ToSql + Sync)>) = match from {
            Value::Null => (format!("q.{column} is not null"), Vec::new()),
            Value::String(from) => (format!("q.{column} >= $1::text::{kind}"), vec![from]),
            _ => return Err(foreign()),
        };
        let select = format!(
            "select to_jsonb(q)::text, q.{column}::text from ({query}\n) q where {condition} order by q.{column} limit {most}"
        );
        let rows = client
            .query(&select, &values)
            .await
            .map_err(|error| refused(&error))?;
        Ok(rows.iter().map(found).collect())
    }
}

fn found(row: &Row) -> Found {
    let text: &str = row.get(0);
    let at: &str = row.get(1);
    Found::new(
        at.into(),
        serde_json::from_str(text).map_err(|error| error.to_string()),
    )
}
