//! Records that are sent to a flow's own address, by one process and by several on one store.

use std::{collections::BTreeMap, fs};

use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::{
    harness::Desk,
    places::Place,
    process::{Process, json as shown, until},
    sink::Sink,
};

const KEY: &str = "the-key-of-the-door";

fn flow(settings: &str, sink: &Sink) -> String {
    format!(
        r#"
flow: sign-ups
source: {{ http: {settings} }}
destinations:
  - http: {{ url: '"{}"' }}
policy: {{ queue: true, order: per_key, key: .key, dedupe_key: '$head.id' }}
"#,
        sink.url()
    )
}

struct Answer {
    status: u16,
    body: Value,
}

/// Sends a body to a flow's address; none when nobody answers.
fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.post(url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = serde_json::from_str(&answer.text().await.ok()?).unwrap_or(Value::Null);
        Some(Answer { status, body })
    })
}

#[test]
fn what_is_sent_to_a_flow_is_kept_once_and_brought_and_nobody_else_gets_in() {
    let (desk, sink) = (Desk::new(), Sink::start());
    fs::write(desk.path().join("open.yaml"), flow("{}", &sink)).unwrap();
    let open = desk.run(&["flow", "apply", "open.yaml"]);
    assert_eq!(open.code, 2);
    assert!(open.stderr.contains("anybody could send"), "{}", open.stderr);

    fs::write(
        desk.path().join("flow.yaml"),
        flow("{ key: { env: SIGN_UP_KEY } }", &sink),
    )
    .unwrap();
    shown(&desk, &["flow", "apply", "flow.yaml"]);
    let process = Process::start_with(&desk, &[], &[("SIGN_UP_KEY", KEY)]);
    let url = format!("{}/flows/sign-ups", process.url());
    let bearer = format!("Bearer {KEY}");
    let right = ("authorization", bearer.as_str());
    let check = |address: &str, headers: &[(&str, &str)], body: &str, expected: (u16, &str)| {
        let answer = post(address, headers, body).unwrap();
        let code = answer.body["error"]["code"].as_str().unwrap_or_default();
        assert_eq!(
            (answer.status, code),
            expected,
            "{address} {headers:?} {body} {}",
            answer.body
        );
    };
    check(&url, &[], "{}", (401, "TL0634"));
    check(&url, &[("authorization", "Bearer no")], "{}", (401, "TL0634"));
    check(&url, &[("authorization", KEY)], "{}", (401, "TL0634"));
    check(
        &format!("{}/flows/others", process.url()),
        &[right],
        "{}",
        (401, "TL0634"),
    );
    check(&url, &[right], "{", (400, "TL0635"));
    check(
        &url,
        &[right, ("content-type", "application/x-ndjson")],
        "{}\n{",
        (400, "TL0635"),
    );
    let many = format!("[{}1]", "1,".repeat(10_000));
    check(&url, &[right], &many, (413, "TL0616"));

    let one = post(&url, &[right, ("idempotency-key", "a")], r#"{"key":"a","n":1}"#).unwrap();
    assert_eq!((one.status, one.body), (202, json!({ "kept": 1, "repeated": 0 })));
    let again = post(&url, &[right, ("idempotency-key", "a")], r#"{"key":"a","n":1}"#).unwrap();
    assert_eq!(
        (again.status, again.body),
        (202, json!({ "kept": 0, "repeated": 1 }))
    );
    let list = post(
        &url,
        &[("x-api-key", KEY)],
        r#"[{"key":"b","n":1},{"key":"b","n":2}]"#,
    )
    .unwrap();
    assert_eq!(list.body["kept"], 2);
    let lines = "{\"key\":\"c\",\"n\":1}\n\n{\"key\":\"c\",\"n\":2}\n";
    let lines = post(&url, &[right, ("content-type", "application/jsonl")], lines).unwrap();
    assert_eq!(lines.body["kept"], 2);
    until("all to arrive", || sink.got().len() >= 5);
    // A paused flow's records are kept for when it goes on.
    desk.run(&["flow", "pause", "sign-ups"]);
    assert_eq!(post(&url, &[right], r#"{"key":"d","n":1}"#).unwrap().status, 202);
    desk.run(&["flow", "resume", "sign-ups"]);
    until("the last to arrive", || sink.got().len() >= 6);
    assert_eq!(process.stop(), 0);
    assert_in_order(
        &sink,
        &BTreeMap::from([("a", 1), ("b", 2), ("c", 2), ("d", 1)].map(|(key, n)| (key.to_owned(), n))),
    );
    assert_eq!(sink.got().len(), 6, "each once");
}

/// The guide's flow, sent to as the guide says.
#[test]
fn the_guides_flow_takes_what_is_sent_to_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flows/sources.md");
    let text = fs::read_to_string(page).unwrap();
    let flow = text
        .split("```yaml\n")
        .filter_map(|block| block.split("```").next())
        .find(|block| block.starts_with("flow: sign-ups-by-http\n"))
        .unwrap();
    let desk = Desk::new();
    fs::write(desk.path().join("flow.yaml"), flow).unwrap();
    shown(&desk, &["flow", "apply", "flow.yaml"]);
    let process = Process::start_with(&desk, &[], &[("SIGN_UP_KEY", KEY)]);
    let url = format!("{}/flows/sign-ups-by-http", process.url());
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "sign-up-81"),
    ];
    let body = r#"{"email":"ada@example.com","name":"Ada","agent":"curl"}"#;
    assert_eq!(post(&url, &headers, body).unwrap().body["kept"], 1);
    let file = desk.path().join("trunkline-data/sign-ups-by-http.jsonl");
    until("the record to be there", || {
        fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))
    });
    let line: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(line, json!({ "email": "ada@example.com", "name": "Ada" }));
    assert_eq!(process.stop(), 0);
}

/// Each key's records came in their order when each came first, and all of them.
fn assert_in_order(sink: &Sink, sent: &BTreeMap<String, u64>) {
    let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for body in sink.got() {
        let numbers = seen.entry(body["key"].as_str().unwrap().to_owned()).or_default();
        let number = body["n"].as_u64().unwrap();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let expected: BTreeMap<String, Vec<u64>> = sent
        .iter()
        .filter(|(_, last)| **last > 0)
        .map(|(key, last)| (key.clone(), (1..=*last).collect()))
        .collect();
    assert_eq!(seen, expected);
}

/// Three processes share the flows of one store; whichever dies, nothing is lost and each key keeps its order.
#[test]
fn three_processes_on_one_postgresql_share_a_flow_while_one_after_the_other_is_killed() {
    let kills = std::env::var("TRUNKLINE_NODE_KILLS").map_or(20, |text| text.parse::<u32>().unwrap());
    let seed = std::env::var("TRUNKLINE_SEED").map_or(20_261_122, |text| text.parse().unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (place, sink) = (Place::postgres(), Sink::start());
    let flags = place.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    fs::write(
        place.desk.path().join("flow.yaml"),
        flow("{ key: { env: SIGN_UP_KEY } }", &sink),
    )
    .unwrap();
    let applied = place.run(&["flow", "apply", "flow.yaml"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let desks: Vec<Desk> = (0..3).map(|_| Desk::new()).collect();
    let start = |node: usize| Process::start_with(&desks[node], &flags, &[("SIGN_UP_KEY", KEY)]);
    let mut nodes: Vec<Process> = (0..3).map(start).collect();
    let bearer = format!("Bearer {KEY}");
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    let mut send = |nodes: &[Process], rng: &mut rand_chacha::ChaCha8Rng| {
        let key = format!("key-{}", rng.random_range(0..7));
        let number = sent.get(&key).copied().unwrap_or(0) + 1;
        let body = json!({ "key": key, "n": number }).to_string();
        let id = format!("{key}/{number}");
        let node = &nodes[rng.random_range(0..nodes.len())];
        let url = format!("{}/flows/sign-ups", node.url());
        let headers = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", id.as_str()),
        ];
        let answer = post(&url, &headers, &body).expect("a process that lives answers");
        assert_eq!(answer.status, 202, "{}", answer.body);
        sent.insert(key, number);
        sent.values().sum::<u64>()
    };
    for kill in 0..kills {
        for _ in 0..rng.random_range(1..12) {
            send(&nodes, &mut rng);
        }
        let node = rng.random_range(0..3);
        // Dropping kills.
        drop(nodes.remove(node));
        let mut total = 0;
        for _ in 0..rng.random_range(1..12) {
            total = send(&nodes, &mut rng);
        }
        until(&format!("all to arrive after kill {kill} (seed {seed})"), || {
            let mut all: Vec<String> = sink.got().iter().map(Value::to_string).collect();
            all.sort_unstable();
            all.dedup();
            all.len() as u64 == total
        });
        nodes.insert(node, start(node));
    }
    assert_in_order(&sink, &sent);
    drop(nodes);
    let letters = place.run(&["flow", "dead-letters", "--json"]);
    assert_eq!(letters.stdout.trim(), "[]", "{}", letters.stderr);
}
