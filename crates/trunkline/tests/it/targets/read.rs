//! Copies as other programs read them, and the comparison with the mirror file.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{
    Array,
    cast::AsArray as _,
    types::{Float64Type, Int64Type},
};
use arrow_schema::DataType;
use parquet::{arrow::arrow_reader::ParquetRecordBatchReaderBuilder, file::reader::ChunkReader};
use rusqlite::types::ValueRef;
use tokio_postgres::{Client, NoTls, types::Type};

use crate::{bucket::Bucket, harness::Desk};

/// A row without the columns that are empty.
type Row = BTreeMap<String, String>;

/// Where a copy is.
pub(super) enum Copy {
    Postgres {
        target: String,
        schema: String,
    },
    Folder {
        target: String,
        root: std::path::PathBuf,
    },
    Lake {
        target: String,
        bucket: Bucket,
    },
}

impl Copy {
    /// A schema of its own, named after the desk's folder, which is unique on this machine.
    pub(super) fn postgres(desk: &Desk) -> Self {
        let server = server();
        let name: String = desk
            .path()
            .to_string_lossy()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let schema = format!("copy_{name}_{}", std::process::id());
        let separator = if server.contains('?') { '&' } else { '?' };
        Self::Postgres {
            target: format!("{server}{separator}schema={schema}"),
            schema,
        }
    }

    pub(super) fn folder(desk: &Desk) -> Self {
        Self::Folder {
            target: "parquet:lake".to_owned(),
            root: desk.path().join("lake"),
        }
    }

    pub(super) fn lake() -> Self {
        Self::Lake {
            target: "parquet:s3://lake/of/acme".to_owned(),
            bucket: Bucket::start(),
        }
    }

    pub(super) fn target(&self) -> &str {
        match self {
            Self::Postgres { target, .. } | Self::Folder { target, .. } | Self::Lake { target, .. } => target,
        }
    }

    /// What whoever writes it has to have in its environment.
    pub(super) fn environment(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Lake { bucket, .. } => bucket.environment().to_vec(),
            Self::Postgres { .. } | Self::Folder { .. } => Vec::new(),
        }
    }

    pub(super) fn remove(&self) {
        if let Self::Postgres { schema, .. } = self {
            on_server(async |client| {
                client
                    .batch_execute(&format!("DROP SCHEMA \"{schema}\" CASCADE"))
                    .await
                    .unwrap();
            });
        }
    }

    pub(super) fn rows(&self, table: &str) -> BTreeSet<Row> {
        match self {
            Self::Postgres { schema, .. } => on_server(async |client| {
                let from = format!("FROM \"{schema}\".\"{table}\"");
                let columns = client.prepare(&format!("SELECT * {from}")).await.unwrap();
                let list: Vec<String> = columns
                    .columns()
                    .iter()
                    .map(|column| {
                        let name = column.name().replace('"', "\"\"");
                        match *column.type_() {
                            Type::BOOL => format!("(\"{name}\"::int)::text"),
                            _ => format!("\"{name}\"::text"),
                        }
                    })
                    .collect();
                let rows = client
                    .query(&format!("SELECT {} {from}", list.join(", ")), &[])
                    .await
                    .unwrap();
                rows.iter()
                    .map(|row| {
                        columns
                            .columns()
                            .iter()
                            .enumerate()
                            .filter_map(|(place, column)| {
                                let value: Option<String> = row.get(place);
                                Some((column.name().to_owned(), plain(&value?)))
                            })
                            .collect()
                    })
                    .collect()
            }),
            Self::Folder { root, .. } => files(&root.join(table)),
            Self::Lake { bucket, .. } => {
                let manifest = bucket.get("of/acme/_trunkline.json").unwrap();
                let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
                let object = manifest["tables"][table]["object"].as_str().unwrap();
                let bytes = bucket.get(&format!("of/acme/{object}")).unwrap();
                let mut rows = BTreeSet::new();
                read_file(bytes::Bytes::from(bytes), &mut rows);
                rows
            }
        }
    }
}

/// Every table of the mirror file, and every view of custom attributes, is the same in the copy.
pub(super) fn holds_what_the_mirror_holds(copy: &Copy, desk: &Desk) {
    let mirror = desk.open();
    let names: Vec<String> = mirror
        .prepare(
            "SELECT name FROM sqlite_schema WHERE (type = 'table' OR name LIKE '%\\_custom' ESCAPE '\\') \
             AND type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' \
             AND name NOT IN ('_trunkline_meta', '_trunkline_passes', '_trunkline_seen', '_trunkline_rejects', \
             '_trunkline_attributes', '_trunkline_changes', '_trunkline_readers', '_trunkline_office_stale')",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut compared = 0;
    for name in names {
        let mut statement = mirror.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let expected: BTreeSet<Row> = statement
            .query_map([], |row| {
                Ok(columns
                    .iter()
                    .enumerate()
                    .filter_map(|(place, column)| {
                        let value = match row.get_ref(place).unwrap() {
                            ValueRef::Null | ValueRef::Blob(_) => return None,
                            ValueRef::Integer(value) => value.to_string(),
                            ValueRef::Real(value) => value.to_string(),
                            ValueRef::Text(text) => plain(std::str::from_utf8(text).unwrap()),
                        };
                        Some((column.clone(), value))
                    })
                    .collect())
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let held = copy.rows(&name);
        assert_eq!(held.len(), expected.len(), "{name} in {}", copy.target());
        for (held, expected) in held.iter().zip(&expected) {
            assert_eq!(held, expected, "{name} in {}", copy.target());
        }
        compared += held.len();
    }
    assert!(compared > 1_000, "{compared} rows");
}

fn files(folder: &std::path::Path) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        read_file(std::fs::File::open(&path).unwrap(), &mut rows);
    }
    rows
}

fn read_file(file: impl ChunkReader + 'static, rows: &mut BTreeSet<Row>) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for place in 0..batch.num_rows() {
            let row = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .filter_map(|(field, column)| Some((field.name().clone(), value(column.as_ref(), place)?)))
                .collect();
            assert!(rows.insert(row), "a row is there twice");
        }
    }
}

fn value(column: &dyn Array, place: usize) -> Option<String> {
    if column.is_null(place) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => i32::from(column.as_boolean().value(place)).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(place).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(place).to_string(),
        _ => plain(column.as_string::<i32>().value(place)),
    })
}

/// The same text for what only differs by how a system writes it.
fn plain(text: &str) -> String {
    match text {
        "true" => return "1".to_owned(),
        "false" => return "0".to_owned(),
        _ => {}
    }
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(text)
    {
        return value.to_string();
    }
    text.to_owned()
}

fn server() -> String {
    std::env::var("TRUNKLINE_TEST_POSTGRES")
        .expect("TRUNKLINE_TEST_POSTGRES names a server; `cargo xtask postgres` starts one")
}

fn on_server<T>(ask: impl AsyncFnOnce(&Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let answer = ask(&client).await;
        drop(client);
        // How the connection ended does not matter.
        let _ = driver.await;
        answer
    })
}
