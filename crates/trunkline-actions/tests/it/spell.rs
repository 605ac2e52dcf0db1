//! Calls in other languages, each taken at its word.

use std::process::Command;

use serde_json::{Map, Value, json};
use trunkline_actions::{ActionError, CallOptions, Spelled, Workspace, action};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// What a shell makes of a line.
fn words(line: &str) -> Vec<String> {
    let script = format!("for word in {line}; do printf '%s\\0' \"$word\"; done");
    let made = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(made.status.success(), "{line}");
    let text = String::from_utf8(made.stdout).unwrap();
    text.trim_end_matches('\0')
        .split('\0')
        .map(str::to_owned)
        .collect()
}

const NASTY: &str = "it's \"quoted\" $HOME `id` \\ \u{e9}\nnext; *";

#[test]
fn a_shell_reads_a_command_as_it_was_meant() {
    let module =
        object(json!({ "email": NASTY, "custom_attributes": { "note": NASTY }, "untag": true, "empty": "" }));
    let operation = object(json!({
        "path": { "id": "it's" }, "query": { "ids": ["1", "2 3"], "flag": true }, "payload": { "name": NASTY }, "limit": 5,
    }));
    let spelled = |id, input| Spelled {
        action: action(id).unwrap(),
        connection: Some("acme"),
        input,
        time_zone: Some("Europe/Dublin"),
    };
    let start = ["trunkline", "call"];
    let flags = ["--connection", "acme", "--time-zone", "Europe/Dublin"];
    let expected = |id: &str, rest: &[String]| {
        let all = start
            .iter()
            .chain([&id])
            .chain(&flags)
            .map(|word| (*word).to_owned());
        all.chain(rest.iter().cloned()).collect::<Vec<_>>()
    };
    assert_eq!(
        words(&spelled("contacts.upsert", &module).command()),
        expected(
            "contacts.upsert",
            &[
                format!("custom_attributes:={}", json!({ "note": NASTY })),
                format!("email={NASTY}"),
                "empty=".to_owned(),
                "untag:=true".to_owned(),
            ]
        )
    );
    assert_eq!(
        words(&spelled("tags.get", &operation).command()),
        expected(
            "tags.get",
            &[
                "limit:=5".to_owned(),
                "--path".to_owned(),
                "id=it's".to_owned(),
                "--payload".to_owned(),
                json!({ "name": NASTY }).to_string(),
                "--query".to_owned(),
                "flag=true".to_owned(),
                "--query".to_owned(),
                "ids=1".to_owned(),
                "--query".to_owned(),
                "ids=2 3".to_owned(),
            ]
        )
    );
}

#[test]
fn a_request_over_http_carries_the_input_whole_and_no_key() {
    let input = object(json!({ "email": NASTY }));
    let spelled = Spelled {
        action: action("contacts.upsert").unwrap(),
        connection: None,
        input: &input,
        time_zone: None,
    };
    let words = words(&spelled.http("https://trunkline.example.com/base/"));
    assert_eq!(
        words[2],
        "https://trunkline.example.com/base/api/v1/actions/contacts.upsert"
    );
    assert!(
        words.contains(&"Authorization: Bearer ".to_owned()),
        "the shell puts the key in: {words:?}"
    );
    let sent: Value = serde_json::from_str(words.last().unwrap()).unwrap();
    assert_eq!(sent, json!({ "input": { "email": NASTY } }));
}

/// The text that is made stands in this expression, so it is one.
async fn as_it_is_spelled(workspace: Workspace) -> Result<Value, ActionError> {
    let done = include!("spelled.in");
    Ok(done.output)
}

#[test]
fn rust_reads_what_is_spelled() {
    let input = object(json!({
        "email": "it's \"Ann\"\n\u{7}", "custom_attributes": { "plan": "pro", "seats": 5_000_000_000_i64, "share": 0.5, "none": null },
        "tags": ["a", 1], "nothing": {},
    }));
    let spelled = Spelled {
        action: action("contacts.upsert").unwrap(),
        connection: None,
        input: &input,
        time_zone: None,
    };
    assert_eq!(spelled.rust(), include_str!("spelled.in"));
    // It is enough that it compiles; nobody is called.
    let _ = as_it_is_spelled;
}
