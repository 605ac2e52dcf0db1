//! Fresh places of each kind, and reading them as anybody else would.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow_array::{
    Array,
    cast::AsArray as _,
    types::{Float64Type, Int64Type},
};
use arrow_schema::DataType;
use object_store::memory::InMemory;
use parquet::{arrow::arrow_reader::ParquetRecordBatchReaderBuilder, file::reader::ChunkReader};
use rusqlite::types::ValueRef;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, types::Type};

use super::{Desk, Failing};
use crate::objects::Objects;
use crate::targets::{
    Target, TargetError, TargetReport, bring_up,
    lake::Lake,
    parquet::Folder,
    postgres::{Address, Postgres},
};

/// The rows of a table, each a value for each column.
pub(super) type Rows = BTreeSet<BTreeMap<String, Option<String>>>;

pub(super) enum Place {
    Postgres {
        url: String,
        schema: String,
        _folder: TempDir,
    },
    Folder(TempDir),
    Lake(Objects),
}

impl Place {
    pub(super) async fn postgres() -> Self {
        let server = server();
        let folder = tempfile::tempdir().unwrap();
        // The folder's name is unique on this machine, which the schema's has to be too.
        let name: String = folder
            .path()
            .to_string_lossy()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let schema = format!("mirror_{name}_{}", std::process::id());
        let separator = if server.contains('?') { '&' } else { '?' };
        Self::Postgres {
            url: format!("{server}{separator}schema={schema}"),
            schema,
            _folder: folder,
        }
    }

    pub(super) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub(super) fn lake() -> Self {
        Self::Lake(Objects::over(Arc::new(InMemory::new()), "lake/of/acme".into()))
    }

    pub(super) async fn remove(self) {
        if let Self::Postgres { schema, .. } = &self {
            connect()
                .await
                .batch_execute(&format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE"))
                .await
                .unwrap();
        }
    }

    fn server(url: &str) -> Postgres {
        Postgres::without_tls(url.parse::<Address>().unwrap())
    }

    fn files(folder: &TempDir) -> Folder {
        Folder::new(&folder.path().join("lake")).unwrap()
    }

    pub(super) async fn bring_up(&self, desk: &Desk) -> Result<TargetReport, TargetError> {
        self.bring_up_failing(desk, u32::MAX).await
    }

    /// A round that ends after so many calls.
    pub(super) async fn bring_up_failing(
        &self,
        desk: &Desk,
        calls: u32,
    ) -> Result<TargetReport, TargetError> {
        match self {
            Self::Postgres { url, .. } => failing(desk, Self::server(url), calls).await,
            Self::Folder(folder) => failing(desk, Self::files(folder), calls).await,
            Self::Lake(objects) => failing(desk, Lake::over("s3://lake", objects.clone()), calls).await,
        }
    }

    pub(super) async fn lose_checkpoint(&self) {
        match self {
            Self::Postgres { schema, .. } => connect()
                .await
                .batch_execute(&format!(
                    "DROP TABLE \"{schema}\"._trunkline_target; DROP TABLE \"{schema}\"._trunkline_tables"
                ))
                .await
                .unwrap(),
            Self::Folder(folder) => std::fs::remove_file(folder.path().join("lake/_trunkline.json")).unwrap(),
            Self::Lake(objects) => objects.delete("_trunkline.json").await.unwrap(),
        }
    }

    /// Everything that the mirror's tables hold here.
    pub(super) async fn content(&self) -> BTreeMap<String, Rows> {
        match self {
            Self::Postgres { schema, .. } => {
                let client = connect().await;
                let mut content = BTreeMap::new();
                for table in tables(&client, schema).await {
                    if !matches!(table.as_str(), "_trunkline_target" | "_trunkline_tables") {
                        let rows = server_rows(&client, schema, &table).await;
                        content.insert(table, rows);
                    }
                }
                content
            }
            Self::Folder(folder) => {
                let Ok(tables) = std::fs::read_dir(folder.path().join("lake")) else {
                    return BTreeMap::new();
                };
                tables
                    .map(|table| table.unwrap().path())
                    .filter(|path| path.is_dir())
                    .filter_map(|path| {
                        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                        let file = path.join(format!("{name}.parquet"));
                        file.exists()
                            .then(|| (name, file_rows(std::fs::File::open(&file).unwrap())))
                    })
                    .collect()
            }
            Self::Lake(objects) => {
                let mut content = BTreeMap::new();
                for (table, object) in tables_of(objects).await {
                    let (bytes, _) = objects.get(&object).await.unwrap().unwrap();
                    content.insert(table, file_rows(bytes));
                }
                content
            }
        }
    }

    pub(super) async fn holds_what_the_mirror_holds(&self, desk: &Desk) {
        let content = self.content().await;
        let mut compared = 0;
        for (table, expected) in mirror(desk) {
            let held = content
                .get(&table)
                .unwrap_or_else(|| panic!("there is no {table}"));
            if table.ends_with("_custom") {
                let held: Rows = held.iter().cloned().map(filled).collect();
                assert_eq!(held, expected, "{table}");
            } else {
                assert_eq!(held, &expected, "{table}");
            }
            compared += expected.len();
        }
        assert!(compared > 0);
        let known: BTreeSet<String> = mirror(desk).into_keys().collect();
        for (table, rows) in content {
            assert!(
                known.contains(&table) || rows.is_empty(),
                "{table} is not in the mirror"
            );
        }
    }

    pub(super) async fn keys(&self, table: &str) -> Vec<String> {
        let content = self.content().await;
        content[table]
            .iter()
            .filter_map(|row| row["id"].clone())
            .collect()
    }

    pub(super) async fn has_column(&self, table: &str, column: &str, kind: &str) {
        match self {
            Self::Postgres { schema, .. } => {
                let found: String = connect()
                    .await
                    .query_one(
                        "SELECT data_type::text FROM information_schema.columns \
                         WHERE table_schema = $1 AND table_name = $2 AND column_name = $3",
                        &[schema, &table, &column],
                    )
                    .await
                    .unwrap()
                    .get(0);
                let expected = match kind {
                    "integer" => "bigint",
                    "real" => "double precision",
                    "json" => "jsonb",
                    other => other,
                };
                assert_eq!(found, expected, "{column}");
            }
            Self::Folder(folder) => {
                let path = folder.path().join(format!("lake/{table}/{table}.parquet"));
                has_type(std::fs::File::open(path).unwrap(), column, kind);
            }
            Self::Lake(objects) => {
                let object = &tables_of(objects).await[table];
                has_type(objects.get(object).await.unwrap().unwrap().0, column, kind);
            }
        }
    }
}

fn has_type(file: impl ChunkReader + 'static, column: &str, kind: &str) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let expected = match kind {
        "integer" => DataType::Int64,
        "real" => DataType::Float64,
        _ => DataType::Utf8,
    };
    let field = builder.schema().field_with_name(column).unwrap();
    assert_eq!(field.data_type(), &expected, "{column}");
}

async fn failing(desk: &Desk, target: impl Target, calls: u32) -> Result<TargetReport, TargetError> {
    bring_up(&desk.path(), &mut Failing { target, calls }, &desk.moment()).await
}

pub(super) fn server() -> String {
    std::env::var("TRUNKLINE_TEST_POSTGRES")
        .expect("TRUNKLINE_TEST_POSTGRES names a server; `cargo xtask postgres` starts one")
}

pub(super) async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn tables(client: &Client, schema: &str) -> Vec<String> {
    client
        .query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = $1",
            &[&schema],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

async fn server_rows(client: &Client, schema: &str, table: &str) -> Rows {
    let rows = client
        .query(&format!("SELECT * FROM \"{schema}\".\"{table}\""), &[])
        .await
        .unwrap();
    let Some(first) = rows.first() else {
        return Rows::new();
    };
    let columns: Vec<String> = first
        .columns()
        .iter()
        .map(|column| {
            let name = column.name();
            match *column.type_() {
                Type::BOOL => format!("(\"{name}\"::int)::text"),
                _ => format!("\"{name}\"::text"),
            }
        })
        .collect();
    let names: Vec<String> = first
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    client
        .query(
            &format!("SELECT {} FROM \"{schema}\".\"{table}\"", columns.join(", ")),
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| {
            names
                .iter()
                .enumerate()
                .map(|(place, name)| {
                    (
                        name.clone(),
                        row.get::<_, Option<String>>(place).map(|text| plain(&text)),
                    )
                })
                .collect()
        })
        .collect()
}

/// The objects that hold the tables, as the manifest has them.
pub(super) async fn tables_of(objects: &Objects) -> BTreeMap<String, String> {
    let Some((manifest, _)) = objects.get("_trunkline.json").await.unwrap() else {
        return BTreeMap::new();
    };
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let tables = manifest["tables"].as_object().unwrap().iter();
    tables
        .map(|(table, held)| (table.clone(), held["object"].as_str().unwrap().to_owned()))
        .collect()
}

fn file_rows(file: impl ChunkReader + 'static) -> Rows {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let mut rows = Rows::new();
    for batch in reader {
        let batch = batch.unwrap();
        for place in 0..batch.num_rows() {
            let row = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name().clone(), value(column.as_ref(), place)))
                .collect();
            assert!(rows.insert(row), "a row is there twice");
        }
    }
    rows
}

fn value(column: &dyn Array, place: usize) -> Option<String> {
    if column.is_null(place) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => i32::from(column.as_boolean().value(place)).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(place).to_string(),
        DataType::Float64 => plain(&column.as_primitive::<Float64Type>().value(place).to_string()),
        _ => plain(column.as_string::<i32>().value(place)),
    })
}

/// The tables of the mirror file, read by plain SQL, and the views of custom attributes without the columns that are empty.
fn mirror(desk: &Desk) -> BTreeMap<String, Rows> {
    let connection = rusqlite::Connection::open(desk.path()).unwrap();
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE (type = 'table' OR name LIKE '%\\_custom' ESCAPE '\\') \
             AND type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' \
             AND name NOT IN ('_trunkline_meta', '_trunkline_passes', '_trunkline_seen', '_trunkline_rejects', \
             '_trunkline_attributes', '_trunkline_changes', '_trunkline_readers', '_trunkline_office_stale')",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut tables = BTreeMap::new();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows: Vec<BTreeMap<String, Option<String>>> = statement
            .query_map([], |row| {
                columns
                    .iter()
                    .enumerate()
                    .map(|(place, name)| {
                        let value = match row.get_ref(place)? {
                            ValueRef::Null | ValueRef::Blob(_) => None,
                            ValueRef::Integer(value) => Some(value.to_string()),
                            ValueRef::Real(value) => Some(plain(&value.to_string())),
                            ValueRef::Text(text) => Some(plain(std::str::from_utf8(text).unwrap())),
                        };
                        Ok((name.clone(), value))
                    })
                    .collect()
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        if name.ends_with("_custom") {
            rows = rows.into_iter().map(filled).collect();
        }
        tables.insert(name, rows.into_iter().collect());
    }
    tables
}

/// A row without the columns that are empty: an attribute that never had a value has no column yet.
fn filled(mut row: BTreeMap<String, Option<String>>) -> BTreeMap<String, Option<String>> {
    row.retain(|_, value| value.is_some());
    row
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
