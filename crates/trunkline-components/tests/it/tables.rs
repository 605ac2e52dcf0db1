//! Tables of SQLite and PostgreSQL that flows fill: the same cases on both.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_flow::{Destination, Verdict};

use crate::harness::{self, Variables, bring, refusal, variables};

enum Place {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

struct Database {
    folder: TempDir,
    variables: Variables,
    /// The beginning of the settings.
    name: String,
    place: Place,
}

impl Database {
    /// SQLite, and PostgreSQL where there is one.
    async fn all(name: &str) -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("it.db")).unwrap();
        let mut all = vec![Self {
            folder,
            variables: variables([]),
            name: "sqlite: { path: it.db".to_owned(),
            place: Place::Sqlite(connection),
        }];
        if let Some(address) = harness::postgres() {
            let client = harness::schema(&address, name).await;
            all.push(Self {
                folder: tempfile::tempdir().unwrap(),
                variables: variables([("PG", &address)]),
                name: format!(
                    "postgres: {{ url: {{ env: PG }}, schema: {}",
                    harness::schema_name(name)
                ),
                place: Place::Postgres(client),
            });
        }
        all
    }

    fn destination(&self, rest: &str) -> Arc<dyn Destination> {
        let settings = format!("{}, {rest} }}", self.name);
        harness::destination(&settings, &harness::site(self.folder.path(), &self.variables))
    }

    async fn run(&self, sql: &str) {
        match &self.place {
            Place::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Place::Postgres(client) => client.batch_execute(sql).await.unwrap(),
        }
    }

    /// One column of text.
    async fn column(&self, sqlite: &str, postgres: &str) -> Vec<String> {
        match &self.place {
            Place::Sqlite(connection) => {
                let mut statement = connection.prepare(sqlite).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Place::Postgres(client) => {
                let rows = client.query(postgres, &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// The types of the columns of `t`.
    async fn types(&self) -> Vec<String> {
        self.column(
            "select name || ' ' || lower(type) from pragma_table_info('t') order by name",
            "select column_name || ' ' || data_type from information_schema.columns
             where table_name = 't' and table_schema = current_schema order by column_name collate \"C\"",
        )
        .await
    }

    fn is_sqlite(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
    }
}

async fn good(destination: &dyn Destination, values: &[Value]) {
    for (value, result) in values.iter().zip(bring(destination, values).await) {
        result.unwrap_or_else(|error| panic!("{value}: {error}"));
    }
}

#[tokio::test]
async fn columns_are_made_and_widened_and_never_narrowed() {
    for database in Database::all("widened").await {
        let table = database.destination("table: t, key: .id");
        good(
            &*table,
            &[json!({ "id": 1, "n": 1, "r": 1, "b": true, "j": "x", "nothing": null })],
        )
        .await;
        let sqlite = [
            "_key text",
            "b boolean",
            "id integer",
            "j text",
            "n integer",
            "r integer",
        ];
        let postgres = [
            "_key text",
            "b boolean",
            "id bigint",
            "j text",
            "n bigint",
            "r bigint",
        ];
        let expected = if database.is_sqlite() { sqlite } else { postgres };
        assert_eq!(database.types().await, expected);
        database.run("create index by_n on t (n)").await;
        database.run("create index by_j on t (j)").await;
        good(
            &*table,
            &[
                json!({ "id": 2, "n": "two", "r": 1.5, "b": "maybe", "j": { "x": [1] } }),
                json!({ "id": "three", "n": 3, "r": 3, "b": false, "j": 7, "later": "here" }),
            ],
        )
        .await;
        let sqlite = [
            "_key text",
            "b text",
            "id text",
            "j json text",
            "later text",
            "n text",
            "r real",
        ];
        let postgres = [
            "_key text",
            "b text",
            "id text",
            "j jsonb",
            "later text",
            "n text",
            "r double precision",
        ];
        let expected = if database.is_sqlite() { sqlite } else { postgres };
        assert_eq!(database.types().await, expected);
        let rows = database
            .column(
                "select json_array(id, n, r, b, json(j), later) from t order by _key",
                "select json_build_array(id, n, r, b, j, later)::text from t order by _key collate \"C\"",
            )
            .await;
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect();
        // What SQLite calls 1.0 PostgreSQL calls 1.
        let same = |row: &Value| {
            let mut row = row.clone();
            row[2] = json!(row[2].as_f64());
            row
        };
        assert_eq!(
            rows.iter().map(same).collect::<Vec<_>>(),
            [
                json!(["1", "1", 1.0, "true", "x", null]),
                json!(["2", "two", 1.5, "maybe", { "x": [1] }, null]),
                json!(["three", "3", 3.0, "false", 7, "here"]),
            ]
        );
        let indexes = database
            .column(
                "select name from sqlite_master where type = 'index' and sql is not null order by name",
                "select indexname::text from pg_indexes where schemaname = current_schema and indexname like 'by%' order by 1",
            )
            .await;
        assert_eq!(indexes, ["by_j", "by_n"]);
    }
}

#[tokio::test]
async fn no_number_is_rounded() {
    for database in Database::all("rounded").await {
        let table = database.destination("table: t, key: .id");
        let large = 9_007_199_254_740_993_i64;
        good(&*table, &[json!({ "id": 1, "x": large, "y": 0.5, "z": 1 })]).await;
        good(
            &*table,
            &[json!({ "id": 2, "x": 0.5, "y": large, "z": u64::MAX })],
        )
        .await;
        let rows = database
            .column(
                "select x || ' ' || y || ' ' || z from t order by _key",
                "select x || ' ' || y || ' ' || z from t order by _key",
            )
            .await;
        assert_eq!(
            rows,
            [
                "9007199254740993 0.5 1".to_owned(),
                format!("0.5 9007199254740993 {}", u64::MAX)
            ]
        );
    }
}

#[tokio::test]
async fn a_row_is_what_its_record_is_and_ends_with_it() {
    for database in Database::all("rows").await {
        let table = database.destination("table: t, key: '\"\\(.kind)/\\(.id)\"', delete_when: .deleted");
        good(
            &*table,
            &[
                json!({ "kind": "a", "id": 1, "x": "old", "y": 1 }),
                json!({ "kind": "a", "id": 1, "x": "new" }),
                json!({ "kind": "a", "id": 2 }),
                json!({ "kind": "b", "id": 1 }),
                json!({ "kind": "a", "id": 2, "deleted": true }),
                json!({ "kind": "none", "id": 9, "deleted": true }),
            ],
        )
        .await;
        let select = "select _key || ' ' || coalesce(x, '') || ' ' || coalesce(cast(y as text), 'null') from t order by _key";
        assert_eq!(
            database.column(select, select).await,
            ["a/1 new null", "b/1  null"]
        );
    }
}

#[tokio::test]
async fn a_table_with_other_columns_is_refused_with_its_place() {
    for database in Database::all("foreign").await {
        database
            .run("create table t (id integer primary key, name text)")
            .await;
        database.run("create table keyed (_key text, name text)").await;
        for name in ["t", "keyed"] {
            let table = database.destination(&format!("table: {name}, key: .id"));
            let error = refusal(&*table, &json!({ "id": 1 })).await;
            assert_eq!((error.code, error.verdict), ("TL0866", Verdict::Stop), "{error}");
            assert!(
                error.message.contains("line 4, column ") && error.message.contains("name"),
                "{error}"
            );
        }
        let kind = if database.is_sqlite() { "blob" } else { "bytea" };
        database
            .run(&format!("create table odd (_key text primary key, raw {kind})"))
            .await;
        let table = database.destination("table: odd, key: .id");
        let error = refusal(&*table, &json!({ "id": 1, "raw": "x" })).await;
        assert_eq!(error.code, "TL0866", "{error}");
        good(&*table, &[json!({ "id": 1, "raw": null, "other": 1 })]).await;
    }
}

#[tokio::test]
async fn one_that_does_not_fit_takes_no_other_with_it() {
    for database in Database::all("unfit").await {
        let kind = if database.is_sqlite() { "integer" } else { "bigint" };
        database
            .run(&format!(
                "create table t (_key text primary key, age {kind} check (age >= 0))"
            ))
            .await;
        let table = database.destination("table: t, key: .id");
        let values = [
            json!({ "id": 1, "age": 1 }),
            json!({ "id": 2, "age": -1 }),
            json!({ "age": 3 }),
            json!("no object"),
            json!({ "id": 5, "AGE": 5 }),
            json!({ "id": 6, "_key": 5 }),
            json!({ "id": 7, "age": 7, "new": "x" }),
        ];
        let codes: Vec<_> = bring(&*table, &values)
            .await
            .into_iter()
            .map(|result| result.err().map(|error| (error.code, error.verdict)))
            .collect();
        let (unfit, refused) = (
            Some(("TL0868", Verdict::Reject)),
            Some(("TL0869", Verdict::Reject)),
        );
        let no_key = Some(("TL0811", Verdict::Reject));
        assert_eq!(codes, [None, refused, unfit, no_key, unfit, unfit, None]);
        let select = "select _key || ' ' || age from t order by _key";
        assert_eq!(database.column(select, select).await, ["1 1", "7 7"]);
    }
}

#[tokio::test]
async fn names_are_names_and_nothing_else() {
    for database in Database::all("names").await {
        let table = database.destination(r#"table: "t\"; drop table x; --", key: .id"#);
        good(
            &*table,
            &[json!({ "id": "'; --", "a\"b": 1, "select": 2, "ü.x": "'" })],
        )
        .await;
        let count =
            r#"select cast(count(*) as text) from "t""; drop table x; --" where "a""b" = 1 and "select" = 2"#;
        assert_eq!(database.column(count, count).await, ["1"]);
    }
}

#[tokio::test]
async fn two_flows_fill_one_table() {
    for database in Database::all("shared").await {
        let one = database.destination("table: t, key: .id");
        let other = database.destination("table: t, key: .id");
        for round in 0..5 {
            let (a, b) = (format!("a{round}"), format!("b{round}"));
            let first = [json!({ "id": a, "n": round, (a.clone()): 1 })];
            let second = [json!({ "id": b, "n": if round == 3 { json!("x") } else { json!(round) } })];
            let (first, second) = futures::join!(bring(&*one, &first), bring(&*other, &second));
            for result in first.into_iter().chain(second) {
                // Another's lock may be waited for too long; what is tried again goes well.
                if let Err(error) = result {
                    assert!(matches!(error.verdict, Verdict::Retry(_)), "{error}");
                }
            }
        }
        let count = "select cast(count(*) as text) from t";
        assert_eq!(database.column(count, count).await, ["10"]);
    }
}

#[tokio::test]
async fn a_database_that_is_none_or_is_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, however long it is".repeat(100),
    )
    .unwrap();
    let variables = variables([
        ("AWAY", "postgres://u:s3cret@127.0.0.1:9/x"),
        ("ODD", "s3cret:nonsense"),
    ]);
    let site = harness::site(folder.path(), &variables);
    for (settings, code, is_retried) in [
        ("sqlite: { path: text.db, table: t, key: .id }", "TL0867", false),
        (
            "sqlite: { path: text.db/below.db, table: t, key: .id }",
            "TL0867",
            false,
        ),
        (
            "postgres: { url: { env: AWAY }, table: t, key: .id }",
            "TL0867",
            true,
        ),
        (
            "postgres: { url: { env: ODD }, table: t, key: .id }",
            "TL0867",
            false,
        ),
        (
            "postgres: { url: { env: NONE }, table: t, key: .id }",
            "TL0861",
            false,
        ),
    ] {
        let error = refusal(&*harness::destination(settings, &site), &json!({ "id": 1 })).await;
        assert_eq!(error.code, code, "{settings}: {error}");
        assert_eq!(
            matches!(error.verdict, Verdict::Retry(_)),
            is_retried,
            "{settings}: {error}"
        );
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_full_text_index_is_of_the_rows_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    let connection = rusqlite::Connection::open(folder.path().join("it.db")).unwrap();
    let table = |search: &str| {
        let settings = format!(
            "sqlite: {{ path: it.db, table: \"odd \\\"name\", key: .id, delete_when: .gone{search} }}"
        );
        harness::destination(&settings, &site)
    };
    let found = |words: &str| -> Vec<String> {
        let sql =
            "select _key from \"odd \"\"name_search\" where \"odd \"\"name_search\" match ? order by _key";
        let mut query = connection.prepare(sql).unwrap();
        let keys = query.query_map([words], |row| row.get(0)).unwrap();
        keys.collect::<Result<_, _>>().unwrap()
    };
    // A table that was there before the index.
    good(
        &*table(""),
        &[json!({ "id": 1, "title": "Zoë's zebra", "tags": ["old"] })],
    )
    .await;
    let both = ", search: [title, tags]";
    let rows = [
        json!({ "id": 2, "title": "A zebra and a horse" }),
        json!({ "id": 3, "tags": ["horse"], "title": null }),
        json!({ "id": 2, "title": "A horse" }),
    ];
    good(&*table(both), &rows).await;
    for (words, expected) in [
        ("zebra", vec!["1"]),
        ("zoe", vec!["1"]),
        ("horse", vec!["2", "3"]),
        ("tags:horse", vec!["3"]),
        ("old", vec!["1"]),
    ] {
        assert_eq!(found(words), expected, "{words}");
    }
    // A column is widened, a row goes, one that is refused is not found.
    let rows = [
        json!({ "id": 1, "gone": true }),
        json!({ "id": 9, "gone": true }),
        json!({ "id": 4, "title": { "deep": "horse" } }),
    ];
    good(&*table(both), &rows).await;
    assert_eq!(
        (found("zebra"), found("horse")),
        (vec![], ["2", "3", "4"].map(str::to_owned).to_vec())
    );
    // Other columns make another index, of all rows.
    good(
        &*table(", search: [title, other]"),
        &[json!({ "id": 5, "other": "pony", "title": "x" })],
    )
    .await;
    assert_eq!(
        (found("pony"), found("horse")),
        (vec!["5".to_owned()], ["2", "4"].map(str::to_owned).to_vec())
    );
}

#[test]
fn columns_of_an_index_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for columns in ["[]", "[a, A]", "[_key]", "[rank]", "['']"] {
        let text = format!(
            "flow: tried\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - sqlite: {{ path: x.db, table: t, key: .id, search: {columns} }}\n"
        );
        let mistakes = harness::flow(&text, &site).unwrap_err();
        assert!(
            mistakes.contains("line 4") && mistakes.contains("full-text"),
            "{columns}: {mistakes}"
        );
    }
}
