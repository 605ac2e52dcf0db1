//! The same views in PostgreSQL, over the same rows, in both ways that a mirror's columns may be typed there.

use serde_json::{Map, Value};
use tokio_postgres::NoTls;

use super::{Dialect, MODELS, common, statements};
use crate::{
    analytics::testing::Desk,
    tables::{self, Kind},
};

/// The types of columns: of times, of yes and no, of lists.
struct Types {
    time: &'static str,
    boolean: &'static str,
    json: &'static str,
}

const NATIVE: Types = Types {
    time: "timestamptz",
    boolean: "boolean",
    json: "jsonb",
};
const PLAIN: Types = Types {
    time: "text",
    boolean: "bigint",
    json: "text",
};

impl Types {
    fn of(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Text | Kind::Html => "text",
            Kind::Integer => "bigint",
            Kind::Real => "double precision",
            Kind::Boolean => self.boolean,
            Kind::Time => self.time,
            Kind::Json => self.json,
        }
    }
}

/// The columns of a table with their types, plain texts of HTML and our own included.
fn columns(table: &tables::Table, types: &Types) -> Vec<(String, &'static str)> {
    let mut list = Vec::new();
    for column in table.columns {
        list.push((column.name.to_owned(), types.of(column.kind)));
        if column.kind == Kind::Html {
            list.push((format!("{}_text", column.name), "text"));
        }
    }
    list.push(("_deleted_at".to_owned(), types.time));
    list
}

async fn sqlite_rows(desk: &Desk, name: &str) -> Vec<Map<String, Value>> {
    let sql = format!("SELECT * FROM {name} ORDER BY 1");
    desk.storage
        .read(move |connection| {
            let mut statement = connection.prepare(&sql)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            statement
                .query_map([], |row| {
                    names
                        .iter()
                        .enumerate()
                        .map(|(at, name)| {
                            let value = match row.get_ref(at)? {
                                rusqlite::types::ValueRef::Null => Value::Null,
                                rusqlite::types::ValueRef::Integer(number) => number.into(),
                                rusqlite::types::ValueRef::Real(number) => number.into(),
                                other => other.as_str().unwrap_or_default().into(),
                            };
                            Ok((name.clone(), value))
                        })
                        .collect::<Result<Map<_, _>, rusqlite::Error>>()
                })?
                .collect()
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn postgresql_answers_the_same_as_sqlite() {
    let Ok(address) = std::env::var("TRUNKLINE_TEST_POSTGRES") else {
        assert!(
            std::env::var("TRUNKLINE_REQUIRE_ALL").is_err(),
            "TRUNKLINE_TEST_POSTGRES is not set"
        );
        // Past the test runner, which keeps what a passing test prints to itself.
        let note = b"left out: the end models in PostgreSQL (TRUNKLINE_TEST_POSTGRES is not set)\n";
        drop(std::io::Write::write_all(&mut std::io::stderr(), note));
        return;
    };
    let desk = Desk::full().await;
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    for (at, types) in [NATIVE, PLAIN].iter().enumerate() {
        let schema = format!("end_models_{}_{at}", std::process::id());
        client
            .batch_execute(&format!(
                "CREATE SCHEMA {schema}; SET search_path TO {schema}; SET TIME ZONE 'Asia/Tokyo'"
            ))
            .await
            .unwrap();
        for table in tables::all() {
            let columns = columns(table, types);
            let definitions: Vec<String> = columns
                .iter()
                .map(|(name, kind)| format!("\"{name}\" {kind}"))
                .collect();
            client
                .batch_execute(&format!(
                    "CREATE TABLE {} ({})",
                    table.name,
                    definitions.join(", ")
                ))
                .await
                .unwrap();
            for row in sqlite_rows(&desk, table.name).await {
                let values: Vec<String> = columns
                    .iter()
                    .map(|(name, kind)| match &row[name] {
                        Value::Null => "NULL".to_owned(),
                        Value::String(text) => format!("CAST('{}' AS {kind})", text.replace('\'', "''")),
                        other if *kind == "boolean" => format!("CAST(CAST({other} AS integer) AS boolean)"),
                        other => other.to_string(),
                    })
                    .collect();
                client
                    .batch_execute(&format!(
                        "INSERT INTO {} VALUES ({})",
                        table.name,
                        values.join(", ")
                    ))
                    .await
                    .unwrap();
            }
        }
        let has = |table: &str, column: &str| {
            tables::table(table)
                .is_some_and(|table| columns(table, types).iter().any(|(name, _)| name == column))
        };
        // The second time they replace the first.
        for statement in [
            statements(Dialect::Postgres, &has),
            statements(Dialect::Postgres, &has),
        ]
        .concat()
        {
            client
                .batch_execute(&statement)
                .await
                .unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
        }
        for row in sqlite_rows(&desk, "_trunkline_office_minutes").await {
            let numbers =
                ["to_first_response", "to_first_close", "to_resolution"].map(|name| row[name].to_string());
            let id = row["conversation_id"].as_str().unwrap();
            client
                .batch_execute(&format!(
                    "INSERT INTO _trunkline_office_minutes VALUES ('{id}', '40', {})",
                    numbers.join(", ")
                ))
                .await
                .unwrap();
        }
        for model in MODELS {
            let expected: Vec<Map<String, Value>> = sqlite_rows(&desk, model.name).await;
            let found = client
                .query(
                    &format!(
                        "SELECT row_to_json(v)::text FROM {} AS v ORDER BY v.{}",
                        model.name,
                        first_column(&expected, model.name)
                    ),
                    &[],
                )
                .await
                .unwrap();
            let found: Vec<Map<String, Value>> = found
                .iter()
                .map(|row| serde_json::from_str(row.get::<_, &str>(0)).unwrap())
                .collect();
            assert_eq!(found.len(), expected.len(), "{}", model.name);
            for row in &expected {
                let key = row.iter().find(|(name, _)| is_key(model.name, name)).unwrap().1;
                let other = found
                    .iter()
                    .find(|other| {
                        other
                            .iter()
                            .any(|(name, value)| is_key(model.name, name) && value == key)
                    })
                    .unwrap_or_else(|| panic!("{}: no {key}", model.name));
                for (name, value) in row {
                    assert_eq!(common(&other[name]), common(value), "{} {key} {name}", model.name);
                }
                assert_eq!(other.len(), row.len(), "{}", model.name);
            }
        }
        client
            .batch_execute(&format!("DROP SCHEMA {schema} CASCADE"))
            .await
            .unwrap();
    }
    drop(client);
    driver.await.unwrap().unwrap();
}

/// The column that names what a row is about.
fn is_key(model: &str, column: &str) -> bool {
    let about = model.split('_').next().unwrap_or_default();
    column == format!("{about}_id")
}

fn first_column(rows: &[Map<String, Value>], model: &str) -> String {
    rows.first()
        .and_then(|row| row.keys().find(|name| is_key(model, name)))
        .cloned()
        .unwrap_or_default()
}
