//! What is said in a conversation stands in its topic and on its issue once, and what is said there is answered once.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    sync::{Arc, Mutex},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{change, desk_with};
use crate::{
    flows::connected,
    harness::{Desk, Simulator},
    killing,
    process::{Process, json as shown, until},
    receiver::{Came, listen},
};

/// What stands in a topic or on an issue, in its order.
type Threads = BTreeMap<String, Vec<String>>;

/// A chat and a tracker, and how often they were called.
#[derive(Default)]
struct Held {
    threads: Threads,
    /// The labels of issues, whose numbers are their places.
    issues: Vec<String>,
    calls: u32,
}

#[derive(Clone, Default)]
struct Elsewhere(Arc<Mutex<Held>>);

const VARIABLES: [(&str, &str); 4] = [
    ("ZULIP_BOT", "Ym90OmtleQ=="),
    ("GITHUB_TOKEN", "gh"),
    ("ZULIP_TOKEN", "the-bots-own"),
    ("GITHUB_SECRET", "hush"),
];

impl Elsewhere {
    /// A chat like Zulip.
    fn chat(&self) -> String {
        let held = Arc::clone(&self.0);
        let address = listen(move |came| {
            let mut held = held.lock().unwrap();
            held.calls += 1;
            let (path, asked) = came.parameters();
            assert_eq!(path, "/api/v1/messages");
            if came.method == "POST" {
                assert_eq!((&*asked["type"], &*asked["to"]), ("stream", "support"));
                let topic = held.threads.entry(asked["topic"].clone()).or_default();
                topic.push(asked["content"].clone());
                return (200, json!({ "result": "success" }).to_string());
            }
            let narrow: Value = serde_json::from_str(&asked["narrow"]).unwrap();
            let topic = held.threads.get(narrow[1]["operand"].as_str().unwrap());
            let messages: Vec<Value> = topic
                .into_iter()
                .flatten()
                .map(|content| json!({ "content": content }))
                .collect();
            (
                200,
                json!({ "result": "success", "messages": messages }).to_string(),
            )
        });
        format!("http://{address}")
    }

    /// A tracker like GitHub.
    fn tracker(&self) -> String {
        let held = Arc::clone(&self.0);
        let address = listen(move |came| {
            let mut held = held.lock().unwrap();
            held.calls += 1;
            track(&mut held, &came)
        });
        format!("http://{address}")
    }

    fn threads(&self) -> Threads {
        self.0.lock().unwrap().threads.clone()
    }

    fn count(&self) -> usize {
        self.threads().values().map(Vec::len).sum()
    }

    fn calls(&self) -> u32 {
        self.0.lock().unwrap().calls
    }
}

fn track(held: &mut Held, came: &Came) -> (u16, String) {
    let (path, asked) = came.parameters();
    let rest = path.strip_prefix("/repos/example/support/issues").unwrap();
    let body = came.json();
    let (status, answer) = match (came.method.as_str(), rest) {
        ("GET", "") => {
            let label = &asked["labels"];
            let found = held.issues.iter().position(|own| own == label);
            (
                200,
                json!(
                    found
                        .map(|number| json!({ "number": number }))
                        .into_iter()
                        .collect::<Vec<_>>()
                ),
            )
        }
        ("POST", "") => {
            held.issues.push(body["labels"][1].as_str().unwrap().to_owned());
            (201, json!({ "number": held.issues.len() - 1 }))
        }
        (method, rest) => {
            let number = rest.strip_suffix("/comments").unwrap().trim_start_matches('/');
            let label = held.issues[number.parse::<usize>().unwrap()].clone();
            let comments = held.threads.entry(label).or_default();
            if method == "GET" {
                let all: Vec<Value> = comments.iter().map(|body| json!({ "body": body })).collect();
                (200, json!(all))
            } else {
                comments.push(body["body"].as_str().unwrap().to_owned());
                (201, json!({}))
            }
        }
    };
    (status, answer.to_string())
}

/// The recipe with its chat and tracker elsewhere, and the teammate who writes for the bridge.
fn desk(chat: &str, tracker: &str, bridge: &str) -> Desk {
    let desk = desk_with("chat-bridge");
    change(&desk, "flow.yaml", "https://example.zulipchat.com", chat);
    change(
        &desk,
        "flow.yaml",
        ".author != \"1\"",
        &format!(".author != \"{bridge}\""),
    );
    change(&desk, "tracker.yaml", "https://api.github.com", tracker);
    for flow in ["back.yaml", "tracker-back.yaml"] {
        change(
            &desk,
            flow,
            "admin_id: '\"1\"'",
            &format!("admin_id: '\"{bridge}\"'"),
        );
    }
    desk
}

pub(super) fn admins(simulator: &Simulator) -> (String, String) {
    let admins = simulator.truth("admins", "2.16");
    let id = |at: usize| admins[at]["id"].as_str().unwrap().to_owned();
    (id(0), id(1))
}

/// Open conversations with their contacts.
pub(super) fn conversations(simulator: &Simulator, count: usize) -> Vec<(String, String)> {
    let all = simulator.truth("conversations", "2.16");
    let open = all.iter().filter(|one| one["open"] == true).take(count);
    open.map(|one| {
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        (id(one), id(&one["contacts"]["contacts"][0]))
    })
    .collect()
}

pub(super) fn says(simulator: &Simulator, conversation: &(String, String), text: &str) {
    let reply = json!({ "message_type": "comment", "type": "user", "intercom_user_id": conversation.1, "body": text });
    let (status, answer) = simulator.api(
        "POST",
        &format!("/conversations/{}/reply", conversation.0),
        Some(&reply),
    );
    assert_eq!(status, 200, "{answer}");
}

/// The bodies of what this teammate wrote in a conversation, in their order.
fn written_by(simulator: &Simulator, conversation: &str, admin: &str) -> Vec<String> {
    let (_, conversation) = simulator.api("GET", &format!("/conversations/{conversation}"), None);
    let parts = conversation["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap();
    parts
        .iter()
        .filter(|part| part["author"]["id"] == admin)
        .filter_map(|part| part["body"].as_str().map(str::to_owned))
        .collect()
}

pub(super) fn subscribe(simulator: &Simulator, process: &Process) {
    let wanted = json!({
        "url": format!("{}/webhooks/intercom", process.url()),
        "topics": ["conversation.user.created", "conversation.user.replied", "conversation.admin.replied"],
    });
    simulator.control("POST", "/webhooks", Some(&wanted));
}

fn append(desk: &Desk, name: &str, line: &Value) {
    let path = desk.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    writeln!(file, "{line}").unwrap();
}

/// Sends to a flow's address as the chat or the tracker does; the status of the answer.
fn send(process: &Process, flow: &str, body: &Value, signed_with: &str) -> u16 {
    let text = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(signed_with.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(format!("{}/flows/{flow}", process.url()))
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(text);
        request.send().await.unwrap().status().as_u16()
    })
}

/// A comment on the issue of a conversation.
fn commented(number: usize, conversation: &str, text: &str) -> Value {
    json!({
        "action": "created",
        "issue": { "number": conversation, "labels": [ { "name": format!("conversation-{conversation}") } ] },
        "comment": { "id": number, "body": text, "user": { "login": "kim" } },
    })
}

fn told_the_bot(number: usize, conversation: &str, text: &str) -> Value {
    json!({
        "bot_email": "bot@example.com", "data": format!("@**Bridge** {text}"),
        "message": { "id": number, "sender_email": "kim@example.com", "subject": format!("Conversation {conversation}") },
    })
}

#[test]
fn replies_go_both_ways_and_not_in_circles() {
    let simulator = Simulator::small();
    let (chat, tracker) = (Elsewhere::default(), Elsewhere::default());
    let (bridge, other) = admins(&simulator);
    let desk = desk(&chat.chat(), &tracker.tracker(), &bridge);
    connected(&desk, &simulator);
    let process = Process::start_with(&desk, &[], &VARIABLES);
    let flows = ["flow.yaml", "back.yaml", "tracker.yaml", "tracker-back.yaml"];
    shown(&desk, &[&["flow", "apply"][..], &flows].concat());
    let running = |name: &str| shown(&desk, &["flow", "runs", name])[0]["state"] == "running";
    for name in [
        "chat-bridge",
        "chat-bridge-back",
        "chat-bridge-tracker",
        "chat-bridge-tracker-back",
    ] {
        until(name, || running(name));
    }
    subscribe(&simulator, &process);
    let talk = conversations(&simulator, 1).remove(0);
    let before = written_by(&simulator, &talk.0, &bridge).len();
    let topic = format!("Conversation {}", talk.0);
    let label = format!("conversation-{}", talk.0);
    says(&simulator, &talk, "<p>Is it <b>down</b>?</p>");
    until("the question in the topic", || {
        chat.threads().get(&topic).is_some_and(|said| said.len() == 1)
    });
    let reply =
        json!({ "message_type": "comment", "type": "admin", "admin_id": other, "body": "From the inbox" });
    simulator.api("POST", &format!("/conversations/{}/reply", talk.0), Some(&reply));
    until("the teammate's word in the topic", || chat.count() == 2);
    let mut told = told_the_bot(2, &talk.0, "We are on it");
    assert_eq!(
        send(&process, "chat-bridge-back", &told, ""),
        401,
        "without the token"
    );
    told["token"] = json!("the-bots-own");
    assert_eq!(send(&process, "chat-bridge-back", &told, ""), 202);
    let store = rusqlite::Connection::open(desk.path().join("trunkline-data/trunkline.db")).unwrap();
    let kept: String = store
        .query_row("select body from pushes", [], |row| row.get(0))
        .unwrap();
    assert!(
        kept.contains("We are on it") && !kept.contains("the-bots-own"),
        "{kept}"
    );
    until("the answer from the chat", || {
        written_by(&simulator, &talk.0, &bridge).len() == before + 1
    });
    let comment = json!({
        "action": "created", "issue": { "number": 0, "labels": [ { "name": label } ] },
        "comment": { "id": 9, "body": "Fixed", "user": { "login": "kim" } },
    });
    assert_eq!(send(&process, "chat-bridge-tracker-back", &comment, "no"), 401);
    assert_eq!(send(&process, "chat-bridge-tracker-back", &comment, "hush"), 202);
    until("the note from the tracker", || {
        written_by(&simulator, &talk.0, &bridge).len() == before + 2
    });
    let written = written_by(&simulator, &talk.0, &bridge).split_off(before);
    assert!(
        written[0].contains("We are on it") && written[1].contains("Fixed"),
        "{written:?}"
    );
    says(&simulator, &talk, "Thanks");
    until("the last word in both", || {
        chat.count() == 3 && tracker.count() == 2
    });
    let said = &chat.threads()[&topic];
    assert!(said[0].ends_with(")\nIs it **down**?"), "{said:?}");
    assert!(
        said[1].ends_with(")\nFrom the inbox") && said[2].ends_with(")\nThanks"),
        "{said:?}"
    );
    let comments = &tracker.threads()[&label];
    assert!(
        comments[0].ends_with("\n\nIs it **down**?") && comments[1].ends_with("\n\nThanks"),
        "{comments:?}"
    );
    assert_eq!(tracker.0.lock().unwrap().issues, [label]);
    assert_eq!(
        shown(&desk, &["flow", "dead-letters"]).as_array().unwrap().len(),
        0
    );
    assert_eq!(process.stop(), 0);
}

/// Thirty replies in six conversations, received and kept; the flow is killed and begins at the first of them each time.
fn killed_often(
    flow: &str,
    elsewhere: &Elsewhere,
    chat: &str,
    tracker: &str,
    asked_for_each: u32,
) -> Threads {
    let simulator = Simulator::small();
    let (bridge, _) = admins(&simulator);
    let desk = desk(chat, tracker, &bridge);
    change(
        &desk,
        flow,
        "record: notification",
        "record: notification\n    from_start: true",
    );
    connected(&desk, &simulator);
    let process = Process::start(&desk, &[]);
    subscribe(&simulator, &process);
    let talks = conversations(&simulator, 6);
    let mut expected = Threads::new();
    for number in 0..30 {
        let talk = &talks[number % 6];
        says(&simulator, talk, &format!("Number {number}"));
        expected
            .entry(talk.0.clone())
            .or_default()
            .push(format!("Number {number}"));
    }
    let store = rusqlite::Connection::open(desk.path().join("trunkline-data/trunkline.db")).unwrap();
    until("thirty notifications", || {
        let count = "select count(*) from notifications where topic = 'conversation.user.replied'";
        store.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 30
    });
    drop(process);
    let arguments = ["flow", "run", flow, "--from-start", "--connection", "acme"];
    let began = std::cell::Cell::new(0);
    killing::at_random(
        &desk,
        &arguments,
        &VARIABLES,
        30 * asked_for_each,
        |_| began.set(elsewhere.calls()),
        |_| elsewhere.calls() - began.get(),
    );
    let began = elsewhere.calls();
    let mut last = desk.trunkline(&arguments).envs(VARIABLES).spawn().unwrap();
    until("everything in its place", || {
        elsewhere.calls() - began >= 30 * asked_for_each && elsewhere.count() >= 30
    });
    last.kill().unwrap();
    last.wait().unwrap();
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
    expected
}

/// Holds threads against what was said, each by the end of its text.
fn compare(threads: &Threads, expected: &Threads, name: &str) {
    assert_eq!(threads.len(), expected.len(), "{threads:?}");
    for (conversation, said) in expected {
        let there = &threads[&format!("{name}{conversation}")];
        let ends: Vec<&str> = there.iter().map(|text| text.lines().last().unwrap()).collect();
        assert_eq!(ends, *said);
    }
}

#[test]
fn fifty_kills_leave_every_reply_in_its_topic_once_and_in_order() {
    let chat = Elsewhere::default();
    let expected = killed_often("flow.yaml", &chat, &chat.chat(), "http://127.0.0.1:9", 1);
    compare(&chat.threads(), &expected, "Conversation ");
}

#[test]
fn fifty_kills_leave_every_reply_on_its_issue_once_and_in_order() {
    let tracker = Elsewhere::default();
    let expected = killed_often(
        "tracker.yaml",
        &tracker,
        "http://127.0.0.1:9",
        &tracker.tracker(),
        2,
    );
    compare(&tracker.threads(), &expected, "conversation-");
    assert_eq!(tracker.0.lock().unwrap().issues.len(), 6);
}

/// Answers in six conversations, 240 in all, read from a file while the flow is killed again and again; they are compared with what stands there then.
fn answers_are_there_once(flow: &str, source: &str, line: impl Fn(usize, &str, &str) -> Value) {
    let simulator = Simulator::small();
    let (bridge, _) = admins(&simulator);
    let desk = desk("http://127.0.0.1:9", "http://127.0.0.1:9", &bridge);
    // What is sent to a flow is killed in its own tests; a file ends.
    change(
        &desk,
        flow,
        source,
        "{ file: { path: came.jsonl, stream: came } }",
    );
    let talks = conversations(&simulator, 6);
    let before: Vec<usize> = talks
        .iter()
        .map(|talk| written_by(&simulator, &talk.0, &bridge).len())
        .collect();
    let mut expected = Threads::new();
    for number in 0..240 {
        let talk = &talks[number % 6].0;
        let text = format!("Answer {number}");
        append(&desk, "came.jsonl", &line(number, talk, &text));
        expected.entry(talk.clone()).or_default().push(text);
    }
    let more = [
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
    ];
    let arguments = [&["flow", "run", flow][..], &more].concat();
    let forget = |_| drop(fs::remove_file(desk.path().join("requests.log")));
    killing::at_random(&desk, &arguments, &[], 16, forget, |_| {
        killing::lines(&desk, "requests.log")
    });
    shown(&desk, &arguments);
    for (talk, before) in talks.iter().zip(before) {
        let written = written_by(&simulator, &talk.0, &bridge);
        let texts: Vec<String> = written[before..]
            .iter()
            .map(|body| {
                let text = body.replace("<p>", "").replace("</p>", "");
                let text = text.replace("<p class=\"no-margin\">", "");
                text.rsplit(['>', '\n']).next().unwrap_or_default().to_owned()
            })
            .collect();
        assert_eq!(texts, expected[&talk.0]);
    }
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}

#[test]
fn fifty_kills_leave_every_answer_in_its_conversation_once_and_in_order() {
    let source = "{ http: { key: { env: ZULIP_TOKEN }, key_field: token, stream: chat } }";
    answers_are_there_once("back.yaml", source, told_the_bot);
}

#[test]
fn fifty_kills_leave_every_note_in_its_conversation_once_and_in_order() {
    let source = "{ http: { sign_body: { secret: { env: GITHUB_SECRET } }, stream: tracker } }";
    answers_are_there_once("tracker-back.yaml", source, commented);
}
