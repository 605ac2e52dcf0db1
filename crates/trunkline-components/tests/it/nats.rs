//! `nats` against a real server: what is acknowledged when, what comes again, what is refused.

use std::{process::Stdio, sync::Arc};

use async_nats::jetstream::{self, consumer::pull, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use trunkline_components::Site;
use trunkline_flow::{Batch, Cursor, Item, Occasion, Read, Reader, Source, Trigger, Verdict};

use crate::harness::{self, refusal, variables};

/// A stream of a test's own.
pub(crate) struct Stream {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) context: jetstream::Context,
}

impl Stream {
    /// A new one on the server of the tests, where there is one.
    pub(crate) async fn new(name: &str) -> Option<Self> {
        let address = harness::nats()?;
        let client = async_nats::connect(&address).await.unwrap();
        let stream = Self {
            address,
            name: format!("{name}_{}", std::process::id()),
            context: jetstream::new(client),
        };
        stream.context.delete_stream(&stream.name).await.ok();
        stream.make().await;
        Some(stream)
    }

    async fn make(&self) {
        let config = stream::Config {
            name: self.name.clone(),
            subjects: vec![format!("{}.>", self.name)],
            ..stream::Config::default()
        };
        self.context.create_stream(config).await.unwrap();
    }

    pub(crate) async fn publish(&self, payloads: impl IntoIterator<Item = String>) {
        for payload in payloads {
            let acknowledged = self
                .context
                .publish(format!("{}.one", self.name), payload.into())
                .await;
            acknowledged.unwrap().await.unwrap();
        }
    }

    /// What the stream holds, in its order.
    pub(crate) async fn held(&self) -> Vec<(Value, async_nats::HeaderMap)> {
        let mut stream = self.context.get_stream(&self.name).await.unwrap();
        let state = stream.info().await.unwrap().state.clone();
        let mut held = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            let payload = serde_json::from_slice(&message.payload).unwrap();
            held.push((payload, message.headers));
        }
        held
    }

    fn source(&self, more: &str) -> Arc<dyn Source> {
        let settings = format!(
            "{{ nats: {{ url: \"{}\", stream: {}{more} }} }}",
            self.address, self.name
        );
        harness::source(&settings, &site())
    }

    async fn consumer(&self, name: &str) -> jetstream::consumer::Info {
        let stream = self.context.get_stream(&self.name).await.unwrap();
        stream.consumer_info(name).await.unwrap()
    }
}

fn site() -> Site {
    harness::site(std::path::Path::new("/"), &variables([("SECRET", "s3cret")]))
}

fn numbers(range: std::ops::Range<u64>) -> impl Iterator<Item = String> {
    range.map(|number| json!({ "number": number }).to_string())
}

async fn open(
    source: &dyn Source,
    cursor: Option<Cursor>,
) -> Result<Box<dyn Reader>, trunkline_flow::ComponentError> {
    let occasion = Occasion {
        now: harness::now(),
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    source.open(cursor, &occasion).await
}

/// The next batch that is there, waited for.
async fn next(reader: &mut dyn Reader) -> Batch {
    loop {
        match reader.read().await.unwrap() {
            Read::Batch(batch) => return batch,
            Read::Idle(_) => tokio::task::yield_now().await,
            Read::End => panic!("it ends"),
        }
    }
}

fn values(batch: &Batch) -> Vec<u64> {
    batch
        .items
        .iter()
        .map(|item| match item {
            Item::Record(record) => record.value["number"].as_u64().unwrap(),
            Item::Broken { error, .. } => panic!("{error}"),
        })
        .collect()
}

#[tokio::test]
async fn a_message_is_acknowledged_after_the_position_behind_it_was_kept() {
    let Some(stream) = Stream::new("acknowledged").await else {
        return;
    };
    stream.publish(numbers(0..5)).await;
    let source = stream.source(", consumer: flow, batch: 2");
    let mut reader = open(&*source, None).await.unwrap();
    let first = next(&mut *reader).await;
    let second = next(&mut *reader).await;
    assert_eq!((values(&first), values(&second)), (vec![0, 1], vec![2, 3]));
    assert_eq!(
        stream.consumer("flow").await.num_ack_pending,
        4,
        "nothing was kept"
    );
    source.kept(&first.behind.unwrap()).await;
    while stream.consumer("flow").await.num_ack_pending != 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stream.consumer("flow").await.ack_floor.stream_sequence, 2);
    source.kept(&second.behind.unwrap()).await;
    while stream.consumer("flow").await.num_ack_pending != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_dead_process_left_comes_again_and_what_is_on_its_way_does_not() {
    let Some(stream) = Stream::new("left").await else {
        return;
    };
    stream.publish(numbers(0..4)).await;
    let settings = ", consumer: flow, ack_wait: 300ms, batch: 2";
    let dies = stream.source(settings);
    let mut reader = open(&*dies, None).await.unwrap();
    let done = next(&mut *reader).await;
    dies.kept(&done.behind.clone().unwrap()).await;
    assert_eq!(values(&next(&mut *reader).await), [2, 3]);
    drop((reader, dies));
    let lives = stream.source(settings);
    let mut reader = open(&*lives, done.behind).await.unwrap();
    let mut again = values(&next(&mut *reader).await);
    if again.len() < 2 {
        again.extend(values(&next(&mut *reader).await));
    }
    again.sort_unstable();
    assert_eq!(again, [2, 3]);
    // The server gives them a third time while they are on their way, and they are not taken twice.
    let given = stream.consumer("flow").await.delivered.consumer_sequence;
    while stream.consumer("flow").await.delivered.consumer_sequence < given + 2 {
        match reader.read().await.unwrap() {
            Read::Idle(_) => {}
            other => panic!("it was given twice: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_no_json_takes_no_other_with_it() {
    let Some(stream) = Stream::new("bad").await else {
        return;
    };
    let good = json!({ "number": 1 }).to_string();
    stream
        .publish([good.clone(), "{ no".to_owned(), String::new(), good])
        .await;
    for more in ["", ", consumer: flow"] {
        let (values, broken, last) =
            harness::read_all(&*stream.source(&format!("{more}, follow: false")), None)
                .await
                .unwrap();
        assert_eq!(values.len(), 2, "{more}");
        let codes: Vec<_> = broken.iter().map(|error| (error.code, error.verdict)).collect();
        assert_eq!(codes, [("TL0923", Verdict::Reject); 2], "{more}");
        assert!(
            broken[0].message.contains("message 2 of the stream"),
            "{}",
            broken[0]
        );
        assert!(last.is_some(), "{more}");
    }
}

#[tokio::test]
async fn a_record_is_the_payload_or_the_whole_message_of_a_subject() {
    let Some(stream) = Stream::new("subjects").await else {
        return;
    };
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("X-Kind", "new");
    headers.insert("Nats-Msg-Id", "m-1");
    let subject = format!("{}.contacts.7", stream.name);
    let sent = stream
        .context
        .publish_with_headers(subject.clone(), headers, "{\"id\":7}".into())
        .await;
    sent.unwrap().await.unwrap();
    stream.publish(numbers(0..1)).await;
    let more = format!(
        ", subject: \"{}.contacts.*\", record: message, follow: false",
        stream.name
    );
    let source = stream.source(&more);
    let mut reader = open(&*source, None).await.unwrap();
    let batch = next(&mut *reader).await;
    let [Item::Record(record)] = batch.items.as_slice() else {
        panic!("{batch:?}")
    };
    let expected = json!({
        "subject": subject, "headers": { "X-Kind": "new", "Nats-Msg-Id": "m-1" }, "payload": { "id": 7 }, "sequence": 1,
    });
    assert_eq!(record.value, expected);
    assert_eq!(
        (record.head.stream.as_deref(), record.head.id.as_deref()),
        (Some(subject.as_str()), Some("m-1"))
    );
    // Only what comes from now on.
    let source = stream.source(", from_start: false, follow: false");
    let (values, _, last) = harness::read_all(&*source, None).await.unwrap();
    assert_eq!(values, [json!(null); 0]);
    stream.publish(numbers(9..10)).await;
    let (values, ..) = harness::read_all(&*source, last).await.unwrap();
    assert_eq!(values, [json!({ "number": 9 })]);
}

#[tokio::test]
async fn a_stream_that_is_not_what_it_was_is_not_read_as_if_it_were() {
    let Some(stream) = Stream::new("anew").await else {
        return;
    };
    let check = async |more: &str, cursor: Option<Cursor>, part: &str| {
        let opened = open(&*stream.source(more), cursor).await;
        let error = opened.err().unwrap_or_else(|| panic!("it opens: {more}"));
        assert_eq!(
            (error.code, error.verdict),
            ("TL0922", Verdict::Stop),
            "{more}: {error}"
        );
        assert!(error.message.contains(part), "{more}: {error}");
    };
    stream.publish(numbers(0..3)).await;
    let (_, _, last) = harness::read_all(&*stream.source(", follow: false"), None)
        .await
        .unwrap();
    let own = stream.context.get_stream(&stream.name).await.unwrap();
    let all = pull::Config {
        durable_name: Some("all".to_owned()),
        ack_policy: jetstream::consumer::AckPolicy::All,
        ..pull::Config::default()
    };
    own.create_consumer(all).await.unwrap();
    check(
        ", consumer: all",
        None,
        "does not take an acknowledgement for each",
    )
    .await;
    let other = pull::Config {
        durable_name: Some("other".to_owned()),
        filter_subject: format!("{}.two", stream.name),
        ..pull::Config::default()
    };
    own.create_consumer(other).await.unwrap();
    check(", consumer: other", None, "another subject").await;
    stream.context.delete_stream(&stream.name).await.unwrap();
    check("", None, "there is no stream").await;
    stream.make().await;
    stream.publish(numbers(0..1)).await;
    check("", last, "made anew").await;
}

#[tokio::test]
async fn a_record_becomes_a_message_that_the_stream_keeps_once() {
    let Some(stream) = Stream::new("published").await else {
        return;
    };
    let settings = format!(
        r#"nats: {{ url: "{}", stream: {name}, subject: '"{name}.\(.kind)"', body: '{{id}}', id: '"\(.id)"', headers: {{ X-Id: '.id | tostring', X-None: .none, X-Key: {{ env: SECRET }} }} }}"#,
        stream.address,
        name = stream.name
    );
    let destination = harness::destination(&settings, &site());
    let record = json!({ "id": 7, "kind": "contact" });
    let shown = destination
        .preview(&harness::records(std::slice::from_ref(&record))[0])
        .unwrap();
    assert_eq!(shown["headers"]["X-Key"], "{env: SECRET}");
    assert_eq!(stream.held().await.len(), 0, "a preview publishes nothing");
    for is_repeated in [false, true] {
        let answer = harness::bring(&*destination, std::slice::from_ref(&record))
            .await
            .remove(0);
        assert_eq!(answer.unwrap().unwrap()["is_repeated"], is_repeated);
    }
    let held = stream.held().await;
    assert_eq!(held.len(), 1);
    let header = |name: &str| held[0].1.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(held[0].0, json!({ "id": 7 }));
    assert_eq!(header("X-Id").as_deref(), Some("7"));
    assert_eq!(header("X-Key").as_deref(), Some("s3cret"));
    assert_eq!(header("X-None"), None);
    assert_eq!(header("Nats-Msg-Id").as_deref(), Some("7"));

    for (record, code, verdict) in [
        (json!({ "id": 8, "kind": "a b" }), "TL0924", Verdict::Reject),
        (json!({ "id": 8, "kind": "*" }), "TL0924", Verdict::Reject),
        (json!({ "id": "a\nb", "kind": "c" }), "TL0924", Verdict::Reject),
        (
            json!({ "id": "x".repeat(2 << 20), "kind": "c" }),
            "TL0924",
            Verdict::Reject,
        ),
    ] {
        let error = refusal(&*destination, &record).await;
        assert_eq!((error.code, error.verdict), (code, verdict), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let nowhere = format!(
        "nats: {{ url: \"{}\", subject: '\"nobody.takes.this\"' }}",
        stream.address
    );
    let error = refusal(&*harness::destination(&nowhere, &site()), &json!({})).await;
    assert_eq!(
        (error.code, error.verdict),
        ("TL0922", Verdict::Retry(None)),
        "{error}"
    );
    let other = format!(
        "nats: {{ url: \"{}\", stream: another, subject: '\"{}.x\"' }}",
        stream.address, stream.name
    );
    let error = refusal(&*harness::destination(&other, &site()), &json!({})).await;
    assert_eq!(
        (error.code, error.verdict),
        ("TL0925", Verdict::Retry(None)),
        "{error}"
    );
    assert_eq!(stream.held().await.len(), 1);
}

/// A server of a test's own, ended with it.
struct Own {
    address: String,
    _process: Child,
    /// What it says: it ends when nobody takes that.
    _said: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
}

impl Own {
    async fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--port", "-1"])
            .args(arguments)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .expect("it says where it listens");
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                let address = format!("nats://{address}");
                return Self {
                    address,
                    _process: process,
                    _said: lines,
                };
            }
        }
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_and_shows_no_secret() {
    if harness::nats().is_none() {
        return;
    }
    let own = Own::start(&["--user", "flow", "--pass", "s3cret"]).await;
    let check = async |credentials: &str, code: &str, verdict: Verdict| {
        let settings = format!(
            "nats: {{ url: \"{}\", subject: '\"x\"'{credentials} }}",
            own.address
        );
        let site = harness::site(
            std::path::Path::new("/"),
            &variables([("SECRET", "s3cret"), ("WRONG", "wr0ng")]),
        );
        let error = refusal(&*harness::destination(&settings, &site), &json!({})).await;
        assert_eq!(
            (error.code, error.verdict),
            (code, verdict),
            "{credentials}: {error}"
        );
        let told = format!("{error:?}");
        assert!(!told.contains("s3cret") && !told.contains("wr0ng"), "{told}");
    };
    check("", "TL0921", Verdict::Stop).await;
    check(
        ", credentials: { user: { name: flow, password: { env: WRONG } } }",
        "TL0921",
        Verdict::Stop,
    )
    .await;
    check(", credentials: { token: { env: NONE } }", "TL0861", Verdict::Stop).await;
    check(
        ", credentials: { creds: { env: WRONG } }",
        "TL0921",
        Verdict::Stop,
    )
    .await;
    // Let in; there is no JetStream here.
    check(
        ", credentials: { user: { name: flow, password: { env: SECRET } } }",
        "TL0922",
        Verdict::Retry(None),
    )
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("nats://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = format!("nats: {{ url: \"{address}\", subject: '\"x\"' }}");
    let error = refusal(&*harness::destination(&settings, &site()), &json!({})).await;
    assert_eq!(
        (error.code, error.verdict),
        ("TL0920", Verdict::Retry(None)),
        "{error}"
    );
    let source = harness::source(
        &format!("{{ nats: {{ url: \"{address}\", stream: x }} }}"),
        &site(),
    );
    let Err(error) = open(&*source, None).await else {
        panic!("it opens")
    };
    assert_eq!(error.code, "TL0920", "{error}");
}

#[test]
fn settings_that_cannot_be_are_refused_with_their_place() {
    let check = |component: &str, settings: &str, part: &str| {
        let text = if component == "source" {
            format!("flow: x\nsource:\n  nats: {settings}\ndestinations: [stdout]\n")
        } else {
            format!("flow: x\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - nats: {settings}\n")
        };
        let told = harness::flow(&text, &site())
            .err()
            .unwrap_or_else(|| panic!("it is taken: {settings}"));
        assert!(told.contains(part), "{settings}: {told}");
    };
    check("source", "{}", "missing field `stream`");
    check("source", "{ stream: a.b }", "is no name of a stream");
    check(
        "source",
        "{ stream: a, consumer: 'a b' }",
        "is no name of a consumer",
    );
    check("source", "{ stream: a, batch: 0 }", "no message at once");
    check(
        "source",
        "{ stream: a, url: 'http://x' }",
        "is no address of a NATS server",
    );
    check(
        "source",
        "{ stream: a, url: 'nats://u:p@x' }",
        "an address with a password in it",
    );
    check("source", "{ stream: a, ack_wait: 5 }", "ack_wait");
    check("destination", "{}", "missing field `subject`");
    check(
        "destination",
        "{ subject: '.x', headers: { 'a b': '.x' } }",
        "is no name of a header",
    );
    check(
        "destination",
        "{ subject: '.x', headers: { nats-msg-id: '.x' } }",
        "is made of `id`",
    );
    check("destination", "{ subject: '(' }", "subject");
}
