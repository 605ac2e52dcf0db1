//! A subject for each source that can be read again, but for `intercom`, whose workspace is in `crates/trunkline/tests/it/flows/intercom.rs`.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_components::{Notifications, Notified, Pushed, Pushes};
use trunkline_flow::{
    ComponentError, Cursor, Occasion, Reader, Record, Source,
    conformance::{self, SourceSubject},
};

use crate::{
    desk,
    harness::{self, Received, Sent, Variables, variables},
    nats::Stream,
};

type Add = Box<dyn Fn(&PathBuf, u64, u64) + Send + Sync>;

struct Subject {
    folder: TempDir,
    settings: String,
    variables: Variables,
    add: Add,
    expected: fn(u64) -> Value,
    is_ordered: bool,
    number: fn(&Value) -> Option<u64>,
}

impl Subject {
    fn new(
        settings: &str,
        expected: fn(u64) -> Value,
        add: impl Fn(&PathBuf, u64, u64) + Send + Sync + 'static,
    ) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: settings.to_owned(),
            variables: variables([]),
            add: Box::new(add),
            expected,
            is_ordered: true,
            number: |value| {
                let number = &value["number"];
                number.as_u64().or_else(|| number.as_str()?.parse().ok())
            },
        }
    }
}

impl SourceSubject for Subject {
    fn source(&self) -> Arc<dyn Source> {
        harness::source(
            &self.settings,
            &harness::site(self.folder.path(), &self.variables),
        )
    }

    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()> {
        let folder = self.folder.path().to_owned();
        tokio::task::block_in_place(|| (self.add)(&folder, from, count));
        Box::pin(async {})
    }

    fn expected(&self, number: u64) -> Value {
        (self.expected)(number)
    }

    fn is_ordered(&self) -> bool {
        self.is_ordered
    }

    fn number(&self, record: &Record) -> u64 {
        (self.number)(&record.value).unwrap_or_else(|| panic!("{} has no number", record.value))
    }
}

fn line(number: u64) -> Value {
    json!({ "number": number, "name": "Zoë \"Z\"\n", "strange": { "deep": [1, null, { "x": 1.5 }] } })
}

fn append(path: PathBuf, text: &str) {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn lines(from: u64, count: u64) -> String {
    (from..from + count).fold(String::new(), |mut text, number| {
        writeln!(text, "{}", line(number)).unwrap();
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_file() {
    for follow in [false, true] {
        let settings = format!("{{ file: {{ path: in.jsonl, follow: {follow} }} }}");
        let subject = Subject::new(&settings, line, |folder, from, count| {
            append(folder.join("in.jsonl"), &lines(from, count));
        });
        append(subject.folder.path().join("in.jsonl"), "");
        conformance::source(&subject, 1_203).await;
    }
}

fn row(number: u64) -> Value {
    json!({ "number": number.to_string(), "name": "Zoë \"Z\"\nand more", "empty": "" })
}

fn rows(from: u64, count: u64) -> String {
    (from..from + count).fold(String::new(), |mut text, number| {
        writeln!(text, "{number};\"Zoë \"\"Z\"\"\nand more\";").unwrap();
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_table_in_a_file() {
    let subject = Subject::new("{ file: { path: in.csv } }", row, |folder, from, count| {
        append(folder.join("in.csv"), &rows(from, count));
    });
    append(
        subject.folder.path().join("in.csv"),
        "\u{feff}number;name;empty\n",
    );
    conformance::source(&subject, 1_203).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_folder() {
    for follow in [false, true] {
        let settings = format!("{{ file: {{ path: in, follow: {follow} }} }}");
        let subject = Subject::new(&settings, line, |folder, from, count| {
            // Several files, some empty, the last without an end of its last line.
            let until = from + count;
            let mut from = from;
            while from < until {
                let some = 300.min(until - from);
                let path = folder.join(format!("in/{from:08}.jsonl"));
                append(path, lines(from, some).trim_end());
                append(folder.join(format!("in/{from:08}a.jsonl")), "");
                from += some;
            }
        });
        std::fs::create_dir(subject.folder.path().join("in")).unwrap();
        conformance::source(&subject, 1_003).await;
    }
}

/// A record of a Markdown file, whose hash depends on what is in it alone.
fn document(number: u64) -> Value {
    let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(markdown(number).as_bytes()));
    json!({
        "number": number, "tags": ["a: b", null], "body": format!("# Zoë {number}\n\n---"),
        "file": { "path": format!("deep/{number:08}.md"), "hash": hash },
    })
}

fn markdown(number: u64) -> String {
    format!("---\nnumber: {number}\ntags: ['a: b', null]\n---\n\n# Zoë {number}\n\n---\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_a_folder() {
    for follow in [false, true] {
        let settings = format!("{{ file: {{ path: in, format: markdown, follow: {follow} }} }}");
        let subject = Subject::new(&settings, document, |folder, from, count| {
            for number in from..from + count {
                append(folder.join(format!("in/deep/{number:08}.md")), &markdown(number));
            }
        });
        std::fs::create_dir_all(subject.folder.path().join("in/deep")).unwrap();
        conformance::source(&subject, 203).await;
    }
}

fn cells(number: u64) -> Value {
    // Seven rows have the same moment.
    let part = (number / 7) as f64 / 3.0;
    json!({ "number": number, "at": number / 7, "part": part, "name": "Zoë \"Z\"", "missing": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_query_on_sqlite() {
    for (cursor, more) in [("at", ""), ("at", ", every: 1s"), ("part", "")] {
        let settings = format!(
            "{{ sql: {{ sqlite: in.db, query: select * from things, cursor: {cursor}, batch: 10{more} }} }}"
        );
        let mut subject = Subject::new(&settings, cells, |folder, from, count| {
            let connection = rusqlite::Connection::open(folder.join("in.db")).unwrap();
            for number in from..from + count {
                let insert = "insert into things values (?1, ?1 / 7, (?1 / 7) / 3.0, 'Zoë \"Z\"', null)";
                connection
                    .execute(insert, [i64::try_from(number).unwrap()])
                    .unwrap();
            }
        });
        let connection = rusqlite::Connection::open(subject.folder.path().join("in.db")).unwrap();
        let create = "pragma journal_mode = wal; create table things (number integer, at integer, part real, name text, missing text)";
        connection.execute_batch(create).unwrap();
        subject.is_ordered = false;
        conformance::source(&subject, 123).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_query_on_postgres() {
    let Some(address) = harness::postgres() else {
        return;
    };
    let client = harness::schema(&address, "sql_source").await;
    client
        .batch_execute("create table things (number bigint, at timestamptz, name text, extra jsonb)")
        .await
        .unwrap();
    let name = harness::schema_name("sql_source");
    let settings = format!(
        "{{ sql: {{ postgres: {{ env: PG }}, query: 'select * from {name}.things', cursor: at, batch: 10 }} }}"
    );
    let client = Arc::new(Mutex::new(client));
    let runtime = tokio::runtime::Handle::current();
    let mut subject = Subject::new(
        &settings,
        |number| {
            let at = format!("2026-01-01T00:00:{:02}.000001+00:00", number / 7);
            json!({ "number": number, "at": at, "name": "Zoë", "extra": { "deep": [1, null] } })
        },
        move |_, from, count| {
            let client = client.lock().unwrap();
            let insert = format!(
                "insert into things select n, '2026-01-01T00:00:00.000001Z'::timestamptz + make_interval(secs => n / 7), 'Zoë', '{{\"deep\": [1, null]}}'
                 from generate_series({from}, {}) n",
                from + count - 1
            );
            runtime.block_on(client.batch_execute(&insert)).unwrap();
        },
    );
    subject.variables = variables([("PG", &address)]);
    // Rows of one moment come as the server likes.
    subject.is_ordered = false;
    conformance::source(&subject, 123).await;
}

/// Notifications of two topics, of which one is asked for.
#[derive(Default)]
struct Webhooks(Arc<Received>);

impl SourceSubject for Webhooks {
    fn source(&self) -> Arc<dyn Source> {
        let mut site = harness::site(std::path::Path::new("/"), &variables([]));
        site.notifications = Arc::clone(&self.0) as Arc<dyn Notifications>;
        harness::source(
            "{ webhook: { topics: [contact.user.created], from_start: true } }",
            &site,
        )
    }

    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()> {
        let mut all = self.0.0.lock().unwrap();
        for number in from..from + count {
            for topic in ["contact.user.created", "contact.user.tag.created"] {
                let body = json!({ "id": format!("notif_{number}"), "data": { "item": line(number) } });
                let number = i64::try_from(all.len()).unwrap() + 1;
                all.push(Notified {
                    number,
                    topic: topic.to_owned(),
                    body: body.to_string().into_bytes(),
                    received_at: harness::now(),
                });
            }
        }
        Box::pin(async {})
    }

    fn expected(&self, number: u64) -> Value {
        line(number)
    }

    fn number(&self, record: &Record) -> u64 {
        record.value["number"].as_u64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_were_received() {
    conformance::source(&Webhooks::default(), 503).await;
}

/// What is sent to a flow's address.
#[derive(Default)]
struct Address(Arc<Sent>);

impl SourceSubject for Address {
    fn source(&self) -> Arc<dyn Source> {
        let mut site = harness::site(std::path::Path::new("/"), &variables([]));
        site.pushes = Arc::clone(&self.0) as Arc<dyn Pushes>;
        harness::source("{ http: { key: { env: DOOR_KEY } } }", &site)
    }

    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()> {
        let mut all = self.0.0.lock().unwrap();
        for number in from..from + count {
            let last = all.last().map_or(0, |last| last.number);
            all.push(Pushed {
                // Others' records have numbers too.
                number: last + 2,
                id: format!("push-{number}"),
                body: line(number).to_string(),
                received_at: harness::now(),
            });
        }
        Box::pin(async {})
    }

    fn expected(&self, number: u64) -> Value {
        line(number)
    }

    fn number(&self, record: &Record) -> u64 {
        record.value["number"].as_u64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_sent_to_an_address() {
    conformance::source(&Address::default(), 503).await;
}

fn contact(number: u64) -> Value {
    json!({ "id": format!("{number:08}"), "number": number, "strange": { "deep": [1, null, { "x": 1.5 }] } })
}

/// A mirror in a folder, to which contacts are added.
async fn mirror(settings: &str, expected: fn(u64) -> Value) -> Subject {
    let runtime = tokio::runtime::Handle::current();
    let subject = Subject::new(settings, expected, move |folder, from, count| {
        let contacts: Vec<Value> = (from..from + count).map(contact).collect();
        runtime.block_on(desk::write(folder, desk::records("contacts", &contacts)));
    });
    desk::make(subject.folder.path()).await;
    subject
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_mirror() {
    let settings = "{ mirror: { file: mirror.db, stream: contacts } }";
    conformance::source(&mirror(settings, contact).await, 603).await;
}

fn created(number: u64) -> Value {
    json!({ "stream": "contacts", "change": "created", "id": format!("{number:08}"), "before": null, "after": contact(number) })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_mirror_as_changes() {
    let settings = "{ mirror: { changes: [contacts], from_start: true } }";
    let mut subject = mirror(settings, created).await;
    subject.number = |value| value["after"]["number"].as_u64();
    conformance::source(&subject, 603).await;
}

/// A source that begins where another time of it began, in place of its beginning.
struct Since {
    source: Arc<dyn Source>,
    begin: Cursor,
}

impl Source for Since {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        self.source
            .open(cursor.or_else(|| Some(self.begin.clone())), occasion)
    }
}

struct Changes {
    subject: Subject,
    begin: Cursor,
}

impl SourceSubject for Changes {
    fn source(&self) -> Arc<dyn Source> {
        Arc::new(Since {
            source: self.subject.source(),
            begin: self.begin.clone(),
        })
    }

    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()> {
        self.subject.add(from, count)
    }

    fn expected(&self, number: u64) -> Value {
        self.subject.expected(number)
    }

    fn number(&self, record: &Record) -> u64 {
        self.subject.number(record)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_mirror() {
    let settings = "{ mirror: { changes: [contacts] } }";
    let mut subject = mirror(settings, |number| {
        let mut told = created(number);
        told["at"] = desk::AT.into();
        told
    })
    .await;
    subject.number = |value| value["after"]["number"].as_u64();
    let begun = harness::read_all(&*subject.source(), None).await.unwrap();
    let begin = begun.2.unwrap();
    conformance::source(&Changes { subject, begin }, 523).await;
}

fn column(number: u64) -> Value {
    json!({ "number": number, "name": "Zoë \"Z\"", "part": number as f64 / 3.0, "strange": "{\"deep\":[1,null]}", "missing": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files_of_a_folder() {
    let runtime = tokio::runtime::Handle::current();
    let subject = Subject::new("{ file: { path: in } }", column, move |folder, from, count| {
        let site = harness::site(folder, &variables([]));
        let rows: Vec<Value> = (from..from + count)
            .map(|number| {
                let mut row = column(number);
                row["strange"] = json!({ "deep": [1, null] });
                row
            })
            .collect();
        for some in rows.chunks(700) {
            let destination = harness::destination("file: { path: in, format: parquet }", &site);
            runtime.block_on(harness::bring(&*destination, some));
        }
    });
    std::fs::create_dir(subject.folder.path().join("in")).unwrap();
    conformance::source(&subject, 1_203).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_nats() {
    for follow in [false, true] {
        let Some(stream) = Stream::new(&format!("source_{follow}")).await else {
            return;
        };
        let settings = format!(
            "{{ nats: {{ url: \"{}\", stream: {}, follow: {follow}, batch: 100 }} }}",
            stream.address, stream.name
        );
        let runtime = tokio::runtime::Handle::current();
        let subject = Subject::new(&settings, line, move |_, from, count| {
            let payloads = (from..from + count).map(|number| line(number).to_string());
            runtime.block_on(stream.publish(payloads));
        });
        conformance::source(&subject, 503).await;
    }
}
