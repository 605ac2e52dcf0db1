//! A subject for each destination, but for `intercom`, whose workspace is in `crates/trunkline/tests/it/flows/intercom.rs`.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_flow::{
    Destination,
    conformance::{self, DestinationSubject, Keeps},
};

use crate::{
    harness::{self, Variables, variables},
    http::Server,
    mail::Post,
    nats::Stream,
};

/// Looks at what is there.
type Held = Box<dyn Fn(&Subject) -> Option<Vec<Value>> + Send + Sync>;

struct Subject {
    folder: TempDir,
    settings: String,
    variables: Variables,
    keeps: Keeps,
    refused: fn(u64) -> Option<Value>,
    held: Held,
}

impl DestinationSubject for Subject {
    fn destination(&self) -> Arc<dyn Destination> {
        harness::destination(
            &self.settings,
            &harness::site(self.folder.path(), &self.variables),
        )
    }

    fn keeps(&self) -> Keeps {
        self.keeps
    }

    fn record(&self, number: u64) -> Value {
        json!({ "number": number, "name": "Zoë \"Z\"\n", "strange": { "deep": [1, null, { "x": 1.5 }] } })
    }

    fn refused(&self, number: u64) -> Option<Value> {
        (self.refused)(number)
    }

    fn held(&self) -> BoxFuture<'_, Option<Vec<Value>>> {
        let held = tokio::task::block_in_place(|| (self.held)(self));
        Box::pin(async { held })
    }
}

fn subject(
    settings: &str,
    keeps: Keeps,
    held: impl Fn(&Subject) -> Option<Vec<Value>> + Send + Sync + 'static,
) -> Subject {
    Subject {
        folder: tempfile::tempdir().unwrap(),
        settings: settings.to_owned(),
        variables: variables([]),
        keeps,
        refused: |_| None,
        held: Box::new(held),
    }
}

const IN_ORDER: Keeps = Keeps {
    is_idempotent: false,
    order: true,
};
const ONCE: Keeps = Keeps {
    is_idempotent: true,
    order: false,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_for_each_record() {
    let settings = r#"file: { path: out, each: '"\(.number).json"' }"#;
    let subject = subject(settings, ONCE, |subject| {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(subject.folder.path().join("out"))
            .into_iter()
            .flatten()
        {
            found.push(serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap());
        }
        Some(found)
    });
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_file() {
    let subject = subject("file: { path: deep/out.jsonl }", IN_ORDER, |subject| {
        let text = std::fs::read_to_string(subject.folder.path().join("deep/out.jsonl")).unwrap_or_default();
        Some(
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    });
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_file() {
    let mut subject = subject("file: { path: deep/out.csv }", IN_ORDER, |subject| {
        let path = subject.folder.path().join("deep/out.csv");
        if !path.exists() {
            return Some(Vec::new());
        }
        let site = harness::site(subject.folder.path(), &subject.variables);
        let source = harness::source("{ file: { path: deep/out.csv } }", &site);
        let runtime = tokio::runtime::Handle::current();
        let (mut values, ..) = runtime.block_on(harness::read_all(&*source, None)).unwrap();
        // All is text in a table.
        for value in &mut values {
            value["number"] = serde_json::from_str(value["number"].as_str().unwrap()).unwrap();
            value["strange"] = serde_json::from_str(value["strange"].as_str().unwrap()).unwrap();
        }
        Some(values)
    });
    subject.refused = |number| Some(json!({ "number": number, "another": 1 }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files_of_a_folder() {
    let mut subject = subject("file: { path: deep/out.parquet }", IN_ORDER, |subject| {
        if !subject.folder.path().join("deep/out.parquet").exists() {
            return Some(Vec::new());
        }
        let site = harness::site(subject.folder.path(), &subject.variables);
        let source = harness::source("{ file: { path: deep/out.parquet } }", &site);
        let runtime = tokio::runtime::Handle::current();
        let (mut values, ..) = runtime.block_on(harness::read_all(&*source, None)).unwrap();
        for value in &mut values {
            value["strange"] = serde_json::from_str(value["strange"].as_str().unwrap()).unwrap();
        }
        Some(values)
    });
    subject.refused = |number| Some(json!([number]));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_output() {
    // What it prints cannot be looked at from within.
    conformance::destination(&subject("stdout: {}", IN_ORDER, |_| None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_sqlite() {
    let mut subject = subject(
        "sqlite: { path: deep/out.db, table: things, key: .number }",
        ONCE,
        |subject| {
            let path = subject.folder.path().join("deep/out.db");
            if !path.exists() {
                return Some(Vec::new());
            }
            let connection = rusqlite::Connection::open(path).unwrap();
            let select =
                "select json_object('number', number, 'name', name, 'strange', json(strange)) from things";
            let mut select = connection.prepare(select).unwrap();
            let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
            Some(
                rows.map(|row| serde_json::from_str(&row.unwrap()).unwrap())
                    .collect(),
            )
        },
    );
    subject.refused = |_| Some(json!({ "number": null }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_postgres() {
    let Some(address) = harness::postgres() else {
        return;
    };
    let client = harness::schema(&address, "destination").await;
    let name = harness::schema_name("destination");
    let settings = format!("postgres: {{ url: {{ env: PG }}, schema: {name}, table: things, key: .number }}");
    let runtime = tokio::runtime::Handle::current();
    let mut subject = subject(&settings, ONCE, move |_| {
        let there = runtime.block_on(client.query_one("select to_regclass('things') is not null", &[]));
        if !there.unwrap().get::<_, bool>(0) {
            return Some(Vec::new());
        }
        let rows = runtime.block_on(client.query("select (to_jsonb(t) - '_key')::text from things t", &[]));
        let value = |row: &tokio_postgres::Row| serde_json::from_str(row.get(0)).unwrap();
        Some(rows.unwrap().iter().map(value).collect())
    });
    subject.variables = variables([("PG", &address)]);
    // A letter that no text of PostgreSQL can hold: the server refuses it in the middle of a batch.
    subject.refused = |number| Some(json!({ "number": number, "name": "a\u{0}b" }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_over_http() {
    let server = Server::start(|body| {
        if body["bad"] == true {
            (422, json!("no"))
        } else {
            (200, json!({}))
        }
    })
    .await;
    let settings = format!("http: {{ url: '\"{}/hook\"' }}", server.address);
    let mut subject = subject(&settings, IN_ORDER, move |_| Some(server.good()));
    subject.refused = |number| Some(json!({ "number": number, "bad": true }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_in_a_chat() {
    let server = Server::start(|_| (200, json!("ok"))).await;
    let settings = format!(
        "chat: {{ url: {{ env: CHAT }}, text: 'if .number then tojson else empty end' }}\n    # {}",
        server.address
    );
    let chat = format!("{}/chat", server.address);
    let mut subject = subject(&settings, IN_ORDER, move |_| {
        let text = |body: &Value| serde_json::from_str(body["text"].as_str().unwrap()).unwrap();
        Some(server.good().iter().map(text).collect())
    });
    subject.variables = variables([("CHAT", &chat)]);
    subject.refused = |_| Some(json!({ "empty": true }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_of_a_server() {
    let post = Post::start(&[]).await;
    let settings = format!(
        r#"mail: {{ server: 127.0.0.1, port: {}, security: none, from: t@example.test, to: '"a@example.test"', subject: '"x"', text: 'if .number then tojson | @uri else empty end' }}"#,
        post.port
    );
    let mut subject = subject(&settings, IN_ORDER, move |_| {
        let value = |mail: &String| {
            let (_, body) = mail.split_once("\n\n").unwrap();
            // Long lines are folded on their way.
            let text = format!("v={}", body.replace("=\n", "").replace('\n', ""));
            let (_, value) = url::form_urlencoded::parse(text.as_bytes()).next().unwrap();
            serde_json::from_str(&value).unwrap()
        };
        Some(post.mails().iter().map(value).collect())
    });
    subject.refused = |_| Some(json!({ "empty": true }));
    conformance::destination(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_nats() {
    let Some(stream) = Stream::new("destination").await else {
        return;
    };
    let settings = format!(
        r#"nats: {{ url: "{}", subject: 'if .number then "{}.\(.number)" else "*" end', id: .number }}"#,
        stream.address, stream.name
    );
    let runtime = tokio::runtime::Handle::current();
    let keeps = Keeps {
        is_idempotent: true,
        order: true,
    };
    let mut subject = subject(&settings, keeps, move |_| {
        let held = runtime.block_on(stream.held());
        Some(held.into_iter().map(|(payload, _)| payload).collect())
    });
    subject.refused = |_| Some(json!({ "empty": true }));
    conformance::destination(&subject).await;
}
