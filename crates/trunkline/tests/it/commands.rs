//! The commands that only show something, and what a reader of the mirror sees.

use std::{io::Write as _, process::Command};

use crate::harness::{Desk, Simulator};

#[test]
fn operations_lists_the_231_of_2_16_and_the_256_of_preview() {
    let desk = Desk::new();
    for (version, count) in [("2.16", 231), ("preview", 256), ("2.7", 98), ("all", 264)] {
        let outcome = desk.run(&["operations", "--api-version", version, "--json"]);
        assert_eq!(outcome.json().as_array().unwrap().len(), count, "{version}");
    }
    assert!(desk.run(&["operations"]).stdout.contains("231 operations"));
}

#[test]
fn operation_explains_one_by_our_id_and_by_the_upstream_one() {
    let desk = Desk::new();
    for id in ["contacts.search", "SearchContacts"] {
        let page = desk.run(&["operation", id]).stdout;
        for expected in [
            "POST /contacts/search",
            "cursor in the body",
            "at most 150",
            "by day",
            "effect      read",
        ] {
            assert!(page.contains(expected), "{expected} is not in\n{page}");
        }
    }
    let json = desk.run(&["operation", "contacts.search", "--json"]).json();
    assert_eq!(json["upstream_id"], "SearchContacts");
}

#[test]
fn topics_lists_what_webhooks_tell_and_understands_names_for_several() {
    let desk = Desk::new();
    for (words, count) in [
        (&[][..], 108),
        (&["contact.created"][..], 2),
        (&["granular.*"], 2),
        (&["conversation.*", "admin", "closed"], 2),
        (&["Read tickets", "2.9"], 0),
        (&["audience"], 5),
    ] {
        let outcome = desk.run(&[&["topics", "--json"], words].concat());
        assert_eq!(outcome.json().as_array().unwrap().len(), count, "{words:?}");
    }
    let topic = &desk.run(&["topics", "ticket.resolved", "--json"]).json()[0];
    assert_eq!(
        (&topic["since"], &topic["stream"]),
        (&"2.15".into(), &"tickets".into())
    );
    let text = desk.run(&["topics"]).stdout;
    assert!(
        text.contains("108 topics") && text.contains("conversation.created stands for"),
        "{text}"
    );
    let refused = desk.run(&["topics", "kontakt.*"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("TL0213"), "{}", refused.stderr);
}

#[test]
fn streams_gives_keys_cursors_versions_and_schemas() {
    let desk = Desk::new();
    assert!(desk.run(&["streams"]).stdout.contains("conversation_parts"));
    let all = desk.run(&["streams", "--json"]).json();
    let contacts = all
        .as_array()
        .unwrap()
        .iter()
        .find(|stream| stream["name"] == "contacts")
        .unwrap();
    assert_eq!(contacts["primary_key"], serde_json::json!(["id"]));
    assert_eq!(contacts["cursor_field"], "updated_at");
    assert_eq!(contacts["schema"]["type"], "object");
    assert!(
        contacts["schema"]["properties"]["email"].is_object(),
        "{contacts}"
    );
}

#[test]
fn check_tells_limits_permissions_and_cost() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let outcome = desk.run(&["check", "--base-url", simulator.base_url(), "--json"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let found = outcome.json();
    assert_eq!(found["time_zone"], "America/Los_Angeles", "{found}");
    let text = desk.run(&["check", "--base-url", simulator.base_url()]).stdout;
    assert!(text.contains("requests") && text.contains("readable"), "{text}");
}

#[test]
fn check_foresees_the_requests_of_a_full_mirror() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let foreseen = desk
        .run(&["check", "--base-url", simulator.base_url(), "--json"])
        .json()["expected_requests"]
        .as_u64()
        .unwrap();
    let report = desk.sync(&simulator, &[]);
    let requests_of = |stream: &str| {
        let streams = report["streams"].as_array().unwrap();
        let line = streams.iter().find(|line| line["stream"] == stream).unwrap();
        line["requests"].as_u64().unwrap()
    };
    // What `check` says that it cannot know.
    let unknown: u64 = [
        "notes",
        "contact_tags",
        "contact_companies",
        "contact_subscriptions",
    ]
    .into_iter()
    .map(requests_of)
    .sum();
    let spent = report["requests"].as_u64().unwrap() - unknown;
    assert!(
        spent.abs_diff(foreseen) <= foreseen / 10,
        "{foreseen} foreseen, {spent} spent"
    );
}

#[test]
fn verify_exits_with_one_when_something_is_missing() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    let arguments = [
        "verify",
        "--base-url",
        simulator.base_url(),
        "--to",
        "sqlite:mirror.db",
    ];
    let whole = desk.run(&arguments);
    assert_eq!(whole.code, 0, "{}{}", whole.stdout, whole.stderr);
    rusqlite::Connection::open(desk.mirror())
        .unwrap()
        .execute(
            "DELETE FROM contacts WHERE id IN (SELECT id FROM contacts LIMIT 3)",
            [],
        )
        .unwrap();
    let holed = desk.run(&arguments);
    assert_eq!(holed.code, 1, "{}{}", holed.stdout, holed.stderr);
}

#[test]
fn another_program_reads_the_mirror() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    let reader = Command::new("sqlite3")
        .arg(desk.mirror())
        .arg("SELECT count(*) FROM contacts JOIN contact_tags ON contact_tags.contact_id = contacts.id")
        .output();
    let output = match reader {
        Ok(output) => output,
        Err(error) if std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_none() => {
            // Past the test runner, which keeps what a passing test prints to itself.
            writeln!(
                std::io::stderr(),
                "left out: another_program_reads_the_mirror, because sqlite3 cannot be started ({error})"
            )
            .unwrap();
            return;
        }
        Err(error) => panic!("sqlite3 is needed: {error}"),
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let count: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert_eq!(count, simulator.counts()["contact_tags"]);
}
