//! A second simulator stands for the real workspace: what it answered is what the first one answers.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::{Options, Running};

/// A file of its own for a test.
fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("trunkline-{}-{name}.jsonl", std::process::id()));
    fs::remove_file(&path).ok();
    path
}

fn options() -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        contacts: 60,
        companies: 8,
        conversations: 40,
        tickets: 12,
        rate_limit: None,
        clock_stands: true,
        start: Some("2026-11-20T12:00:00Z".parse().expect("a constant moment")),
        ..Options::default()
    }
}

struct Real {
    workspace: Running,
    recording: Recording,
    client: reqwest::Client,
}

impl Real {
    async fn start(exchanges: &std::path::Path, redact: bool) -> Self {
        let workspace = crate::start(options()).await.expect("a simulator");
        let recording = record(RecordOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            upstream: format!("http://{}", workspace.address()),
            exchanges: exchanges.to_owned(),
            token: Some("the-real-token".to_owned()),
            redact,
        })
        .await
        .expect("a recording");
        Self {
            workspace,
            recording,
            client: reqwest::Client::builder().build().expect("a client"),
        }
    }

    async fn call(&self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("http://{}{target}", self.recording.address());
        let method = method.parse().expect("a method");
        let mut call = self
            .client
            .request(method, url)
            .header("authorization", "Bearer the-callers-token")
            .header("intercom-version", "2.16");
        if let Some(body) = body {
            call = call.json(&body);
        }
        let answer = call.send().await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or(Value::Null),
        )
    }

    /// A morning's work: lists, searches, pages, things made and changed, and mistakes.
    async fn work(&self) {
        let (status, list) = self.call("GET", "/contacts?per_page=5", None).await;
        assert_eq!(status, 200);
        let first = list["data"][0]["id"].as_str().expect("an id").to_owned();
        let after = list["pages"]["next"]["starting_after"]
            .as_str()
            .expect("a cursor");
        self.call(
            "GET",
            &format!("/contacts?per_page=5&starting_after={after}"),
            None,
        )
        .await;
        self.call("GET", &format!("/contacts/{first}"), None).await;
        let (_, made) = self
            .call(
                "POST",
                "/contacts",
                Some(json!({ "email": "zoe@example.com", "name": "Zoe Private", "role": "user" })),
            )
            .await;
        let made = made["id"].as_str().expect("an id").to_owned();
        self.call(
            "PUT",
            &format!("/contacts/{made}"),
            Some(json!({ "phone": "+35315550100" })),
        )
        .await;
        let (_, tag) = self
            .call("POST", "/tags", Some(json!({ "name": "recorded" })))
            .await;
        self.call(
            "POST",
            &format!("/contacts/{made}/tags"),
            Some(json!({ "id": tag["id"] })),
        )
        .await;
        let search = json!({ "query": { "field": "email", "operator": "=", "value": "zoe@example.com" } });
        let (_, found) = self.call("POST", "/contacts/search", Some(search)).await;
        assert!(found["type"].is_string());
        let (_, threads) = self.call("GET", "/conversations", None).await;
        let thread = threads["conversations"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let reply = json!({ "message_type": "comment", "type": "user", "intercom_user_id": first, "body": "private words" });
        self.call("POST", &format!("/conversations/{thread}/reply"), Some(reply))
            .await;
        self.call("GET", &format!("/conversations/{thread}"), None).await;
        for path in [
            "/admins",
            "/teams",
            "/segments",
            "/companies",
            "/ticket_types",
            "/articles",
            "/data_attributes",
        ] {
            assert_eq!(self.call("GET", path, None).await.0, 200, "{path}");
        }
        assert_eq!(self.call("GET", "/contacts/nobody", None).await.0, 404);
        assert_eq!(self.call("POST", "/contacts", Some(json!({}))).await.0, 400);
        self.call("GET", "/nothing/of/the/kind", None).await;
    }

    async fn stop(self) {
        self.recording.stop().await;
        self.workspace.stop().await;
    }
}

async fn recorded(name: &str, redact: bool) -> PathBuf {
    let path = file(name);
    let real = Real::start(&path, redact).await;
    real.work().await;
    assert_eq!(real.recording.kept(), 20);
    real.stop().await;
    path
}

#[tokio::test]
async fn a_simulator_does_not_differ_from_itself() {
    for (name, redact) in [("same", true), ("same-plain", false)] {
        let path = recorded(name, redact).await;
        let report = diff(&path, &options()).expect("a report");
        assert_eq!(report.differences, [], "redact: {redact}");
        assert_eq!((report.exchanges, report.replayed, report.skipped), (20, 20, 0));
        // Another workspace knows none of the ids, which find others of their kind.
        let other = Options {
            seed: 99,
            contacts: 80,
            ..options()
        };
        let statuses = diff(&path, &other).expect("a report").differences;
        assert!(
            statuses.iter().all(|found| found.kind != Kind::Status),
            "{statuses:?}"
        );
        fs::remove_file(path).ok();
    }
}

#[tokio::test]
async fn nothing_that_opens_a_workspace_and_nothing_of_people_is_kept() {
    let path = recorded("private", true).await;
    let text = fs::read_to_string(&path).expect("the file");
    for word in [
        "the-real-token",
        "the-callers-token",
        "zoe@",
        "Zoe",
        "Private",
        "private words",
        "5550100",
        "uthorization",
    ] {
        assert!(!text.contains(word), "{word} is kept");
    }
    fs::remove_file(path).ok();
}

#[tokio::test]
async fn what_was_altered_is_told_with_its_operation_place_and_line() {
    let path = recorded("altered", true).await;
    let text = fs::read_to_string(&path).expect("the file");
    let alter = |place: usize, change: &dyn Fn(&mut Value)| {
        let lines: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(index, line)| {
                let mut exchange: Value = serde_json::from_str(line).expect("a line of JSON");
                if index == place {
                    change(&mut exchange);
                }
                exchange.to_string()
            })
            .collect();
        fs::write(&path, lines.join("\n")).expect("the file");
        let report = diff(&path, &options()).expect("a report");
        report.differences
    };
    let check = |found: &[Difference], operation: &str, kind: Kind, path: &str, line: usize| {
        let told = found
            .iter()
            .find(|one| one.operation == operation && one.kind == kind && one.path == path);
        let told = told.unwrap_or_else(|| panic!("{kind:?} at {path} is not among {found:?}"));
        assert!(told.lines.contains(&line), "{told:?}");
    };
    // The third call asks for one contact.
    let get = "contacts.get";
    let found = alter(2, &|exchange| exchange["answer"]["favorite_color"] = json!("red"));
    check(&found, get, Kind::Missing, "favorite_color", 3);
    assert_eq!(found.len(), 1, "{found:?}");
    let found = alter(2, &|exchange| {
        exchange["answer"]
            .as_object_mut()
            .expect("an object")
            .remove("email");
    });
    check(&found, get, Kind::Extra, "email", 3);
    let found = alter(2, &|exchange| {
        exchange["answer"]["created_at"] = json!("2026-01-01");
    });
    check(&found, get, Kind::Type, "created_at", 3);
    let found = alter(2, &|exchange| {
        exchange["answer"]["avatar"] = json!({ "type": "avatar" });
    });
    check(&found, get, Kind::Null, "avatar", 3);
    let found = alter(2, &|exchange| exchange["status"] = json!(410));
    check(&found, get, Kind::Status, "", 3);
    let found = alter(2, &|exchange| exchange["answer"] = Value::Null);
    check(&found, get, Kind::Body, "", 3);
    let found = alter(18, &|exchange| {
        exchange["answer"]["errors"][0]["code"] = json!("contact_missing");
    });
    check(&found, get, Kind::ErrorCode, "errors[0].code", 19);
    fs::remove_file(path).ok();
}

#[tokio::test]
async fn what_cannot_be_recorded_or_compared_says_why() {
    let path = file("bad");
    for (text, part) in [
        ("{}", "line 1"),
        ("\n{\"format\":1}", "line 2"),
        ("not JSON", "line 1"),
    ] {
        fs::write(&path, text).expect("the file");
        let error = diff(&path, &options()).expect_err(text);
        assert_eq!(error.code(), "TL0342");
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.advice().is_empty());
    }
    fs::remove_file(&path).ok();
    assert_eq!(diff(&path, &options()).expect_err("no file").code(), "TL0341");
    let ask = |upstream: &str, exchanges: &str| RecordOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        upstream: upstream.to_owned(),
        exchanges: exchanges.into(),
        token: None,
        redact: true,
    };
    for upstream in [
        "mars",
        "ftp://example.com",
        "https://api.intercom.io/contacts",
        "",
    ] {
        let error = record(ask(upstream, "/dev/null")).await.expect_err(upstream);
        assert_eq!(error.code(), "TL0340");
    }
    let error = record(ask("us", "/nowhere/at/all.jsonl"))
        .await
        .expect_err("no such folder");
    assert_eq!(error.code(), "TL0341");
    let recording = record(ask("http://127.0.0.1:1", "/dev/null"))
        .await
        .expect("a recording");
    let answer = reqwest::get(format!("http://{}/contacts", recording.address()))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 502);
    assert_eq!(recording.kept(), 0);
    recording.stop().await;
}
