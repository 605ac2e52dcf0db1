//! What a token may do, and what to tick so that it may: `trunkline permissions` and `trunkline scopes` against the simulator,
//! which refuses by its own reading of the permissions.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use trunkline_client::Call;

use crate::{
    harness::{Desk, Outcome},
    oauth::Scene,
};

/// `trunkline permissions` with a token of an app that asked for these.
fn permissions(granted: &[&str], more: &[&str]) -> (Scene, Value) {
    let mut scene = Scene::new(granted);
    let token = scene.granted();
    let desk = Desk::new();
    let mut arguments = vec!["permissions", "--base-url", scene.simulator.base_url(), "--json"];
    arguments.extend_from_slice(more);
    let output = desk
        .trunkline(&arguments)
        .env("INTERCOM_TOKEN", token.expose_secret())
        .output()
        .unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!outcome.stdout.contains(token.expose_secret()));
    let report = outcome.json();
    (scene, report)
}

fn state<'r>(report: &'r Value, label: &str) -> &'r str {
    let lines = report["permissions"].as_array().unwrap();
    let line = lines.iter().find(|line| line["permission"] == label);
    line.unwrap_or_else(|| panic!("{label}"))["state"]
        .as_str()
        .unwrap()
}

#[test]
fn the_permissions_of_a_token_are_told_and_nothing_is_written() {
    let granted = ["Read tags", "Read conversations", "Read events", "Write tickets"];
    for writes in [false, true] {
        let more: &[&str] = if writes { &["--writes"] } else { &[] };
        let (scene, report) = permissions(&granted, more);
        let asked = |write: &'static str| if writes { write } else { "not_probed" };
        for (label, expected) in [
            ("Read tags", "granted"),
            ("Read conversations", "granted"),
            ("Read events", "granted"),
            ("Read and list users and companies", "missing"),
            ("Read one user and one company", "missing"),
            ("Read and write custom object instances", "missing"),
            ("read_write_office_hours", "missing"),
            ("Write tickets", asked("granted")),
            ("Write conversations", asked("missing")),
            ("Read and write users", asked("missing")),
            ("Write events", "not_probed"),
            ("Read counts", "not_probed"),
        ] {
            assert_eq!(state(&report, label), expected, "{label} with writes {writes}");
        }
        let requests = scene.simulator.requests();
        let wrote = requests.iter().any(|request| {
            let is_success = request["status"].as_u64().is_some_and(|status| status < 300);
            let method = request["method"].as_str().unwrap();
            let path = request["path"].as_str().unwrap();
            is_success
                && method != "GET"
                && path.starts_with('/')
                && !path.ends_with("/search")
                && !path.contains("oauth")
                && !path.contains("/auth/")
        });
        assert!(!wrote, "{requests:?}");
    }
}

#[test]
fn a_token_with_everything_lacks_nothing_that_can_be_asked() {
    let (_scene, report) = permissions(&[], &["--writes"]);
    for line in report["permissions"].as_array().unwrap() {
        let state = line["state"].as_str().unwrap();
        assert!(
            matches!(state, "granted" | "not_probed" | "not_in_version"),
            "{line}"
        );
    }
}

/// What `trunkline scopes` says is enough, is: a token with these permissions reads and does what was chosen.
#[test]
fn the_fewest_permissions_open_everything_that_was_chosen() {
    let ticked = scopes(&[
        "--streams",
        "contacts,companies,tags,tickets,articles",
        "--actions",
        "contacts.create,conversations.get,tags.list",
        "read_teams",
    ]);
    assert_eq!(
        ticked,
        [
            "Read and list users and companies",
            "Read and write users",
            "Read tags",
            "Read conversations",
            "Read tickets",
            "Read admins",
            "Read and List articles",
        ]
    );
    let mut scene = Scene::new(&ticked.iter().map(String::as_str).collect::<Vec<_>>());
    let token = scene.granted();
    for call in [
        Call::new("contacts.list"),
        Call::new("companies.scroll"),
        Call::new("tags.list"),
        Call::new("ticket_types.list"),
        Call::new("articles.list"),
        Call::new("teams.list"),
        Call::new("contacts.create").body(json!({ "email": "new@example.org" })),
    ] {
        let id = call.operation_id().to_owned();
        if let Err(error) = scene.call(&token, call) {
            panic!("{id}: {error}");
        }
    }
    let error = scene.call(&token, Call::new("newsfeeds.list")).unwrap_err();
    assert!(error.lacks_permission(), "{error}");
}

/// The permissions that `trunkline scopes` prints.
fn scopes(more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["scopes", "--json"];
    arguments.extend_from_slice(more);
    let outcome = Desk::new().run(&arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.json()["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tick| tick["permission"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_flow_needs_what_it_calls_hears_and_reads() {
    let desk = Desk::new();
    let check = |file: &str, expected: &[&str]| {
        let outcome = desk.run(&["scopes", "--flows", file, "--json"]);
        assert_eq!(outcome.code, 0, "{file}: {}", outcome.stderr);
        let outcome = outcome.json();
        let ticks = outcome["permissions"].as_array().unwrap().iter();
        let ticks: Vec<_> = ticks.map(|tick| tick["permission"].as_str().unwrap()).collect();
        assert_eq!(ticks, expected, "{file}");
    };
    let flow = |file: &str, text: &str| std::fs::write(desk.path().join(file), text).unwrap();
    flow(
        "route.yaml",
        "flow: route\nsource: { webhook: { topics: [conversation.user.created] } }\n\
         destinations:\n  - intercom: { action: conversations.assign, with: { conversation_id: .id, admin_id: '\"1\"' } }\n",
    );
    flow(
        "tags.yaml",
        "flow: tags\nsource: { mirror: { stream: tags } }\ndestinations: [stdout]\n",
    );
    flow(
        "copy.yaml",
        "flow: copy\nsource: { file: { path: in.jsonl } }\ndestinations: [stdout]\n",
    );
    check("copy.yaml", &[]);
    check("tags.yaml", &["Read tags"]);
    let routing = [
        "Read and list users and companies",
        "Read conversations",
        "Write conversations",
    ];
    check("route.yaml", &routing);
    check(
        "route.yaml,tags.yaml",
        &[
            "Read and list users and companies",
            "Read tags",
            "Read conversations",
            "Write conversations",
        ],
    );
    let missing = desk.run(&["scopes", "--flows", "none.yaml"]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
}

#[test]
fn topics_are_chosen_by_name_pattern_and_the_names_of_others() {
    for (chosen, expected) in [
        ("ping", &[][..]),
        ("conversation.*,conversation.created", &["Read conversations"]),
        (
            "contact.created,ticket.created",
            &["Read one user and one company", "Read tickets"],
        ),
    ] {
        assert_eq!(scopes(&["--topics", chosen]), expected, "{chosen}");
    }
}

/// Runs a command with a token that has these permissions.
fn with_permissions(permissions: &[String], arguments: &[&str]) -> Value {
    let labels: Vec<&str> = permissions.iter().map(String::as_str).collect();
    let mut scene = Scene::new(&labels);
    let token = scene.granted();
    let mut arguments = arguments.to_vec();
    arguments.extend_from_slice(&["--base-url", scene.simulator.base_url(), "--json"]);
    let output = Desk::new()
        .trunkline(&arguments)
        .env("INTERCOM_TOKEN", token.expose_secret())
        .output()
        .unwrap();
    Outcome::of(output).json()
}

fn states(report: &Value) -> Vec<(&str, &str)> {
    let streams = report["streams"].as_array().unwrap();
    streams
        .iter()
        .map(|stream| {
            (
                stream["stream"].as_str().unwrap(),
                stream["state"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn with_what_is_printed_for_every_stream_no_stream_stays_empty() {
    let report = with_permissions(&scopes(&[]), &["check"]);
    let states = states(&report);
    assert!(states.len() > 40, "{states:?}");
    for (stream, state) in states {
        assert_eq!(state, "complete", "{stream}");
    }
}

#[test]
fn with_what_is_printed_for_one_stream_that_stream_is_mirrored() {
    for stream in [
        "data_events",
        "contact_merges",
        "contact_segments",
        "notes",
        "company_notes",
        "ticket_conversations",
        "office_hours_exceptions",
        "attachments",
        "handling_events",
        "team_admins",
    ] {
        let permissions = scopes(&["--streams", stream]);
        let report = with_permissions(
            &permissions,
            &["sync", "--to", "sqlite:mirror.db", "--streams", stream],
        );
        for (read, state) in states(&report) {
            assert_eq!(state, "complete", "{read} for {stream} with {permissions:?}");
        }
    }
}

#[test]
fn names_that_are_no_permission_stream_or_operation_are_refused_with_what_is_near() {
    let desk = Desk::new();
    for (arguments, code, near) in [
        (&["scopes", "read_ticket_things"][..], "TL0011", "Read tickets"),
        (&["scopes", "--streams", "contact"][..], "TL0250", "contacts"),
        (
            &["scopes", "--actions", "contacts.upser"][..],
            "TL0701",
            "contacts.",
        ),
        (
            &["scopes", "--actions", "nothing.*"][..],
            "TL0701",
            "trunkline actions",
        ),
    ] {
        let outcome = desk.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(
            outcome.stderr.contains(code) && outcome.stderr.contains(near),
            "{}",
            outcome.stderr
        );
    }
    let outcome = desk.run(&["scopes", "--actions", "me.get"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("any token will do"), "{}", outcome.stdout);
}

#[test]
fn permissions_of_a_token_that_is_not_accepted_are_not_guessed() {
    let scene = Scene::new(&[]);
    let desk = Desk::new();
    let output = desk
        .trunkline(&["permissions", "--base-url", scene.simulator.base_url()])
        .env("INTERCOM_TOKEN", "hush-wrong")
        .output()
        .unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, 3, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("TL0101") && !outcome.stderr.contains("hush-wrong"),
        "{}",
        outcome.stderr
    );
}
