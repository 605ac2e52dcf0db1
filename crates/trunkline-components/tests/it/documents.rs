//! The flows of `docs/flows/sources.md` and `destinations.md`, run as they stand there.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use trunkline_flow::{
    ComponentError, Cursor, Occasion, Trigger,
    engine::{DeadLetter, Ended, Engine, Fate, Keeper, Ran},
};

use crate::{
    bucket::Storage,
    desk,
    harness::{self, Variables, variables},
    http::Server,
    mail::Post,
    nats::Stream,
};

#[derive(Default)]
struct Kept {
    cursor: Mutex<Option<Cursor>>,
    letters: Mutex<Vec<DeadLetter>>,
    saved: Notify,
}

impl Keeper for Kept {
    fn cursor(&self) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        let cursor = self.cursor.lock().unwrap().clone();
        Box::pin(async { Ok(cursor) })
    }

    fn save<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, Result<(), ComponentError>> {
        *self.cursor.lock().unwrap() = Some(cursor.clone());
        self.saved.notify_one();
        Box::pin(async { Ok(()) })
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), ComponentError>> {
        self.letters.lock().unwrap().push(letter);
        Box::pin(async { Ok(()) })
    }

    fn note(&self, _: Vec<Fate>) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The flow of this name in a page.
fn example(page: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/flows")
        .join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let mut blocks = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let begin = format!("flow: {name}\n");
    blocks
        .find(|block| block.starts_with(&begin))
        .unwrap_or_else(|| panic!("no flow {name}"))
        .to_owned()
}

async fn run(text: &str, folder: &Path, variables: &Variables, kept: &Kept) -> Ran {
    let flow = harness::flow(text, &harness::site(folder, variables))
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let engine = Engine {
        now: Arc::new(harness::now),
        chance: Arc::new(Mutex::new(|| 0.5)),
    };
    let occasion = Occasion {
        now: Timestamp::UNIX_EPOCH,
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(&flow, &occasion, kept, stopped);
    // A run of a mirror's changes that somebody asked for ends where the mirror does.
    if flow.source.is_endless() && !text.contains("  mirror:\n") {
        // The position is kept behind all that is there.
        let later = async {
            kept.saved.notified().await;
            stop.send(true).ok();
        };
        return futures::join!(running, later).0;
    }
    running.await
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const CONTACTS: &str = r#"{"id":"a/1","email":"ada@example.com","name":"Ada","updated_at":1,"plan":"pro"}
{"id":"b","email":"ben@example.com","name":"Ben","updated_at":2}
{"id":"a/1","email":"ada@example.com","name":"Ada L.","updated_at":3,"plan":{"name":"pro"}}
{"id":"b","deleted":true}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn sources_of_the_guide() {
    let folder = tempfile::tempdir().unwrap();
    let (at, none, kept) = (folder.path(), variables([]), Kept::default());
    std::fs::write(
        at.join("sign-ups.csv"),
        "first;last;email\nAda;L.;ada@example.com\nBen\n",
    )
    .unwrap();
    let text = example("sources.md", "sign-ups-to-lines");
    let ran = run(&text, at, &none, &kept).await;
    assert_eq!((ran.ended, ran.counts.dead), (Ended::Done, 1));
    assert_eq!(kept.letters.lock().unwrap()[0].code, "TL0873");
    let expected = [json!({ "email": "ada@example.com", "name": "Ada L." })];
    assert_eq!(lines(&at.join("sign-ups.jsonl")), expected);
    let ran = run(&text, at, &none, &kept).await;
    assert_eq!(ran.counts.read, 0, "nothing is new");

    let kept = Kept::default();
    std::fs::create_dir(at.join("exports")).unwrap();
    std::fs::write(at.join("exports/1.jsonl"), "{\"a\":1}\n").unwrap();
    let text = example("sources.md", "exports-as-they-come");
    let ran = run(&text, at, &none, &kept).await;
    assert_eq!((ran.ended, ran.counts.delivered["stdout"]), (Ended::Stopped, 1));

    let kept = Kept::default();
    std::fs::create_dir_all(at.join("documents/deep")).unwrap();
    std::fs::write(at.join("documents/deep/a.md"), "---\ntitle: A\n---\nText\n").unwrap();
    std::fs::write(at.join("documents/b.md"), "---\ntitle: 'B\n---\n").unwrap();
    let text = example("sources.md", "documents-to-lines");
    let ran = run(&text, at, &none, &kept).await;
    assert_eq!((ran.counts.read, ran.counts.dead), (2, 1));
    assert_eq!(kept.letters.lock().unwrap()[0].code, "TL0950");
    let first = lines(&at.join("documents.jsonl"));
    assert_eq!(
        (&first[0]["title"], &first[0]["body"]),
        (&json!("A"), &json!("Text"))
    );
    std::fs::write(at.join("documents/b.md"), "B").unwrap();
    let ran = run(&text, at, &none, &kept).await;
    assert_eq!((ran.counts.read, ran.counts.dead), (1, 0));

    let kept = Kept::default();
    let connection = rusqlite::Connection::open(at.join("shop.db")).unwrap();
    let create = "create table customers (id, email, plan, changed_at); insert into customers values (1, 'a@example.com', 'pro', 5), (2, 'b@example.com', null, 5)";
    connection.execute_batch(create).unwrap();
    let text = example("sources.md", "customers-that-changed");
    run(&text, at, &none, &kept).await;
    connection
        .execute("insert into customers values (3, 'c@example.com', null, 5)", [])
        .unwrap();
    run(&text, at, &none, &kept).await;
    let ids: Vec<Value> = lines(&at.join("customers.jsonl"))
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_of_the_guide() {
    let none = variables([]);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (name, folder) in ["plans-that-changed", "contacts-that-changed"]
        .into_iter()
        .zip(&folders)
    {
        let (at, kept) = (folder.path(), Kept::default());
        desk::make(at).await;
        for (plan, who) in [("free", "Ada"), ("pro", "Ada"), ("pro", "Ada L.")] {
            let contact = json!({ "id": "1", "name": who, "custom_attributes": { "plan": plan } });
            desk::write(at, desk::records("contacts", &[contact])).await;
            let ran = run(&example("sources.md", name), at, &none, &kept).await;
            assert_eq!(ran.ended, Ended::Done);
        }
    }
    let (at, kept) = (folders[1].path(), Kept::default());
    let ran = run(&example("sources.md", "all-of-it"), at, &none, &kept).await;
    // The contact, and how many there were.
    assert_eq!((ran.ended, ran.counts.delivered["file"]), (Ended::Done, 2));
    assert!(at.join("all/contacts").is_dir() && at.join("all/_end").is_dir());
    let told = json!({ "id": "1", "change": "updated", "was": "free", "is": "pro" });
    assert_eq!(lines(&folders[0].path().join("plans.jsonl")), [told]);
    let names: Vec<Value> = lines(&folders[1].path().join("contacts.jsonl"))
        .iter()
        .map(|contact| contact["name"].clone())
        .collect();
    assert_eq!(names, ["Ada", "Ada", "Ada L."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_guide_that_are_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("contacts.jsonl"), CONTACTS).unwrap();
    let text = example("destinations.md", "contacts-to-parquet");
    let ran = run(&text, at, &variables([]), &Kept::default()).await;
    assert_eq!((ran.ended, ran.counts.delivered["file"]), (Ended::Done, 4));
    let written = harness::source(
        "{ file: { path: lake/contacts } }",
        &harness::site(at, &variables([])),
    );
    let (records, ..) = harness::read_all(&*written, None).await.unwrap();
    assert_eq!((records.len(), &records[2]["name"]), (4, &json!("Ada L.")));

    let storage = Storage::default();
    let variables = storage.start().await;
    for (name, value) in [("LAKE_KEY", "AKID"), ("LAKE_SECRET", "s3cret")] {
        variables
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }
    let text = example("destinations.md", "contacts-to-the-lake");
    let ran = run(&text, at, &variables, &Kept::default()).await;
    assert_eq!((ran.ended, ran.counts.delivered["file"]), (Ended::Done, 4));
    let names = storage.names();
    assert!(
        names.len() == 1 && names[0].starts_with("contacts/tried-"),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_of_the_guide() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("contacts.jsonl"), CONTACTS).unwrap();
    let server = Server::start(|body| match body["name"].as_str() {
        Some("Ben") => (200, json!({ "error": { "message": "no Bens" } })),
        _ => (200, json!({})),
    })
    .await;
    let chat = format!("{}/chat", server.address);
    let variables = variables([
        ("CRM_TOKEN", "s3cret"),
        ("CRM_SIGNING_KEY", "key"),
        ("CHAT_WEBHOOK", &chat),
    ]);

    let kept = Kept::default();
    let text =
        example("destinations.md", "contacts-to-crm").replace("http://127.0.0.1:8080", &server.address);
    let ran = run(&text, at, &variables, &kept).await;
    assert_eq!((ran.counts.delivered["http"], ran.counts.dead), (3, 1));
    let letter = kept.letters.lock().unwrap().remove(0);
    assert!(
        letter.message.contains("no Bens") && letter.code == "TL0864",
        "{letter:?}"
    );
    assert!(!format!("{letter:?}").contains("s3cret"), "{letter:?}");

    let kept = Kept::default();
    let ran = run(
        &example("destinations.md", "tell-the-channel"),
        at,
        &variables,
        &kept,
    )
    .await;
    // A record without a name still makes a text of nulls.
    assert_eq!(ran.counts.delivered["chat"], 4);
    let last = server.good().pop().unwrap();
    assert_eq!(last["text"], "null <null> has signed up");

    let post = Post::start(&[]).await;
    std::fs::write(
        at.join("ratings.jsonl"),
        "{\"rating\":1,\"conversation_id\":\"7\"}\n{\"rating\":5,\"conversation_id\":\"8\"}\n",
    )
    .unwrap();
    let way = format!("port: {}\n      security: none", post.port);
    let text = example("destinations.md", "sad-ratings")
        .replace("smtp.example.com", "127.0.0.1")
        .replace("user: trunkline", &way)
        .replace("      password: { env: SMTP_PASSWORD }\n", "");
    let ran = run(&text, at, &variables, &Kept::default()).await;
    assert_eq!((ran.counts.delivered["mail"], ran.counts.filtered), (1, 1));
    assert!(
        post.mails()[0].contains("Conversation 7 was rated 1."),
        "{:?}",
        post.mails()
    );

    let kept = Kept::default();
    let ran = run(
        &example("destinations.md", "contacts-to-csv"),
        at,
        &variables,
        &kept,
    )
    .await;
    assert_eq!(ran.ended, Ended::Done);
    let written = std::fs::read_to_string(at.join("out/contacts.csv")).unwrap();
    assert!(
        written.starts_with("id,email,name\na/1,ada@example.com,Ada\n"),
        "{written}"
    );
    assert_eq!(lines(&at.join("out/contacts.jsonl")).len(), 4);

    let kept = Kept::default();
    let text = example("destinations.md", "contacts-to-documents");
    let ran = run(&text, at, &variables, &kept).await;
    assert_eq!((ran.ended, ran.counts.delivered["file"]), (Ended::Done, 4));
    let document = std::fs::read_to_string(at.join("out/a/1.md")).unwrap();
    assert!(
        document.starts_with("---\n") && document.ends_with("---\n\nAda L.\n"),
        "{document}"
    );
    assert!(!at.join("out/b.md").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_that_is_made_when_it_is_first_needed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(
        at.join("problems.jsonl"),
        "{\"customer\":\"acme\",\"text\":\"It is slow\"}\n",
    )
    .unwrap();
    let server = Server::start(|body| match body {
        Value::Object(_) => (201, json!({ "number": 7 })),
        _ => (200, json!([])),
    })
    .await;
    let text =
        example("destinations.md", "problems-to-issues").replace("http://127.0.0.1:8080", &server.address);
    let ran = run(&text, at, &variables([]), &Kept::default()).await;
    assert_eq!((ran.counts.delivered["http"], ran.counts.dead), (1, 0));
    let made: Vec<Value> = server.good();
    assert_eq!(made[1], json!({ "label": "acme" }));
    assert_eq!(made.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_guide() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("contacts.jsonl"), CONTACTS).unwrap();
    // A replay brings all of it once more, and the table is as it was.
    for _ in 0..2 {
        let ran = run(
            &example("destinations.md", "contacts-to-a-table"),
            at,
            &variables([]),
            &Kept::default(),
        )
        .await;
        assert_eq!((ran.ended, ran.counts.delivered["sqlite"]), (Ended::Done, 4));
        let connection = rusqlite::Connection::open(at.join("people.db")).unwrap();
        let select = "select group_concat(_key || name || plan) from contacts";
        let rows: String = connection.query_row(select, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, "a/1Ada L.{\"name\":\"pro\"}");
    }
    let Some(address) = harness::postgres() else {
        return;
    };
    let client = harness::schema(&address, "guide").await;
    let text = example("destinations.md", "contacts-to-postgres")
        .replace("flows_example", &harness::schema_name("guide"));
    for _ in 0..2 {
        let ran = run(&text, at, &variables([("WAREHOUSE", &address)]), &Kept::default()).await;
        assert_eq!((ran.ended, ran.counts.delivered["postgres"]), (Ended::Done, 4));
        let select = "select string_agg(_key || name || plan::text, ',') from contacts";
        let row = client.query_one(select, &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "a/1Ada L.{\"name\": \"pro\"}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_of_the_guide() {
    let Some(stream) = Stream::new("guide").await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("contacts.jsonl"), CONTACTS).unwrap();
    let none = variables([]);
    let text = example("destinations.md", "contacts-to-nats")
        .replace("nats://127.0.0.1:4222", &stream.address)
        .replace("contacts.changed", &format!("{}.changed", stream.name));
    let ran = run(&text, at, &none, &Kept::default()).await;
    assert_eq!((ran.ended, ran.counts.delivered["nats"]), (Ended::Done, 4));
    let text = example("sources.md", "orders-from-nats")
        .replace("nats://127.0.0.1:4222", &stream.address)
        .replace("stream: orders", &format!("stream: {}", stream.name))
        .replace("orders.paid", &stream.name);
    let ran = run(&text, at, &none, &Kept::default()).await;
    assert_eq!((ran.ended, ran.counts.read), (Ended::Stopped, 4));
    assert_eq!(lines(&at.join("orders.jsonl")).len(), 4);
}
