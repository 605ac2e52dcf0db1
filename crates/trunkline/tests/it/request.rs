//! `trunkline request`: what a person sends by hand arrives as it was written, and nothing leaves for anywhere else.

use std::{io::Write as _, process::Stdio};

use serde_json::{Value, json};

use crate::harness::{Desk, Outcome, Simulator, TOKEN};

fn request(simulator: &Simulator, desk: &Desk, arguments: &[&str]) -> Outcome {
    let mut all = vec!["request"];
    all.extend_from_slice(arguments);
    all.extend(["--base-url", simulator.base_url()]);
    desk.run(&all)
}

/// What the simulator was asked for last.
fn last(simulator: &Simulator) -> Value {
    let mut requests = simulator.requests();
    requests.pop().expect("something was sent")
}

#[test]
fn a_read_prints_status_headers_and_body() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    for (arguments, query) in [
        (&["GET", "/segments"] as &[&str], ""),
        (&["get", "segments", "--json"], ""),
        (&["GET", "segments?include_count=true"], "include_count=true"),
        (
            &[
                "GET",
                "/segments?include_count=true",
                "--query",
                "undocumented=a b&c",
            ],
            "include_count=true&undocumented=a%20b%26c",
        ),
    ] {
        let outcome = request(&simulator, &desk, arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let printed = outcome.json();
        assert_eq!(printed["status"], 200);
        assert_eq!(printed["body"]["type"], "segment.list");
        assert!(printed["headers"]["x-request-id"].is_string(), "{printed}");
        let sent = last(&simulator);
        assert_eq!(
            (&sent["path"], &sent["query"]),
            (&json!("/segments"), &json!(query))
        );
        assert_eq!(
            (&sent["operation"], &sent["version"]),
            (&json!("segments.list"), &json!("2.16"))
        );
    }
}

#[test]
fn a_tag_is_attached_to_a_ticket_from_every_source_of_a_body() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let ticket = simulator.truth("tickets", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let admin = simulator.truth("admins", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/tickets/{ticket}/tags");
    for from in ["argument", "file", "standard input"] {
        let name = format!("by {from}");
        let (_, tag) = simulator.api("POST", "/tags", Some(&json!({ "name": name })));
        let body = json!({ "id": tag["id"], "admin_id": admin }).to_string();
        std::fs::write(desk.path().join("body.json"), format!("\u{feff}{body}")).unwrap();
        let given = match from {
            "argument" => body.as_str(),
            "file" => "@body.json",
            _ => "-",
        };
        let mut child = desk
            .trunkline(&[
                "request",
                "POST",
                &path,
                "--body",
                given,
                "--base-url",
                simulator.base_url(),
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.code, 0, "{from}: {}{}", outcome.stdout, outcome.stderr);
        let sent = last(&simulator);
        assert_eq!(
            (&sent["path"], &sent["operation"]),
            (&json!(path), &json!("tags.attach_to_ticket"))
        );
        let printed = outcome.json();
        assert_eq!(
            (&printed["status"], &printed["body"]["id"]),
            (&json!(200), &tag["id"]),
            "{from}"
        );
    }
}

#[test]
fn a_refusal_is_an_output_with_the_exit_code_of_a_failed_call() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    for (arguments, status, code) in [
        (&["GET", "/contacts/none"] as &[&str], 404, "TL0105"),
        (&["GET", "/nothing/here"], 404, "TL0105"),
        (&["POST", "/tags", "--body", "{}"], 400, "TL0108"),
    ] {
        let outcome = request(&simulator, &desk, arguments);
        assert_eq!(outcome.code, 3, "{}{}", outcome.stdout, outcome.stderr);
        let printed = outcome.json();
        assert_eq!(printed["status"], status, "{printed}");
        // A path that leads nowhere is answered by the server in front of the API, with a page.
        let is_told = printed["body"]["type"] == "error.list"
            || printed["body"].as_str().is_some_and(|page| page.contains("404"));
        assert!(is_told, "{printed}");
        assert!(
            outcome.stderr.contains(&format!("error[{code}]")),
            "{}",
            outcome.stderr
        );
    }
    let mut wrong = desk.trunkline(&["request", "GET", "/me", "--base-url", simulator.base_url()]);
    let outcome = Outcome::of(wrong.env("INTERCOM_TOKEN", "dG9rOndyb25n").output().unwrap());
    assert_eq!((outcome.code, &outcome.json()["status"]), (3, &json!(401)));
    assert!(outcome.stderr.contains("error[TL0101]"), "{}", outcome.stderr);
    let outcome = desk.run(&["request", "GET", "/me", "--base-url", "http://127.0.0.1:9"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    assert!(outcome.stderr.contains("error[TL0114]"), "{}", outcome.stderr);
}

#[test]
fn nothing_leaves_when_the_request_could_lead_elsewhere_or_is_malformed() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let absolute = format!("{}/segments", simulator.base_url());
    let (_, authority) = absolute.split_once("//").unwrap();
    let doubled = format!("//{authority}");
    simulator.forget_requests();
    let authorization = format!("Authorization: Bearer {TOKEN}");
    for (arguments, code) in [
        (&["GET", absolute.as_str()] as &[&str], Some("TL0130")),
        (&["GET", &doubled], Some("TL0130")),
        (&["GET", authority], Some("TL0130")),
        (&["GET", "https://example.org/segments"], Some("TL0130")),
        (&["GET", "/contacts/../me"], Some("TL0130")),
        (&["GET", "/me#here"], Some("TL0130")),
        (&["GET", "\\\\example.org\\me"], Some("TL0130")),
        (&["GET", ""], Some("TL0130")),
        (&["GET", "/me", "--header", &authorization], Some("TL0131")),
        (&["GET", "/me", "--header", "Host: example.org"], Some("TL0131")),
        (
            &["GET", "/me", "--header", "Intercom-Version: 9.9"],
            Some("TL0131"),
        ),
        (&["GET", "/me", "--header", "nothing"], Some("TL0007")),
        (&["GET", "/me", "--query", "nothing"], Some("TL0007")),
        (&["GET", "/me", "--body", "{}"], Some("TL0132")),
        (&["POST", "/tags", "--body", "{\"name\":"], Some("TL0132")),
        (&["POST", "/tags", "--body", "@absent.json"], Some("TL0007")),
        (&["FETCH", "/me"], None),
    ] {
        let outcome = request(&simulator, &desk, arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (2, ""),
            "{arguments:?} {}",
            outcome.stderr
        );
        if let Some(code) = code {
            assert!(
                outcome.stderr.contains(&format!("error[{code}]")),
                "{}",
                outcome.stderr
            );
        }
    }
    let old = ["GET", "/content/search", "--header", "Intercom-Version: 2.7"];
    let outcome = request(&simulator, &desk, &old);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("error[TL0116]"), "{}", outcome.stderr);
    assert!(simulator.requests().is_empty(), "{:?}", simulator.requests());
}

#[test]
fn a_dry_run_shows_the_request_without_the_token_and_sends_nothing() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let arguments = [
        "POST",
        "contacts/search?x=1",
        "--body",
        "{\"query\":{}}",
        "--header",
        "X-Note: hello",
        "--dry-run",
    ];
    let outcome = request(&simulator, &desk, &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let shown = outcome.json();
    assert_eq!(
        shown["url"],
        format!("{}/contacts/search?x=1", simulator.base_url())
    );
    assert_eq!(
        (&shown["operation"], &shown["effect"]),
        (&json!("contacts.search"), &json!("read"))
    );
    assert_eq!(
        (&shown["body"], &shown["headers"]["x-note"]),
        (&json!({"query": {}}), &json!("hello"))
    );
    assert!(shown["headers"]["authorization"].is_null());
    assert!(simulator.requests().is_empty());
}

#[test]
fn a_version_can_be_named_a_body_kept_and_each_call_logged() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let version = [
        "GET",
        "/me",
        "--header",
        "Intercom-Version: 2.11",
        "--output",
        "me.json",
        "--request-log",
        "log.jsonl",
    ];
    let outcome = request(&simulator, &desk, &version);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(last(&simulator)["version"], "2.11");
    let printed = outcome.json();
    let kept = std::fs::read(desk.path().join("me.json")).unwrap();
    assert_eq!(printed["body_bytes"], kept.len());
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap()["type"], "admin");
    let refused = [
        "GET",
        "/nothing/ana@example.org",
        "--output",
        "me.json",
        "--request-log",
        "log.jsonl",
    ];
    assert_eq!(request(&simulator, &desk, &refused).code, 3);
    assert_eq!(
        std::fs::read(desk.path().join("me.json")).unwrap(),
        kept,
        "a refusal overwrote the file"
    );
    let log = std::fs::read_to_string(desk.path().join("log.jsonl")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["operation"], &lines[0]["version"]),
        (&json!("me.get"), &json!("2.11"))
    );
    assert_eq!(
        (&lines[1]["operation"], &lines[1]["path"]),
        (&json!("request"), &json!("/nothing/{}"))
    );
    assert!(!log.contains("ana@"), "{log}");
}
