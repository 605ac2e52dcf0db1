//! Streams that take a call, an option or a name before there is anything to hold.

use serde_json::{Value, json};

use crate::{
    harness::{Desk, Outcome, Simulator},
    truth,
};

fn line<'r>(report: &'r Value, stream: &str) -> &'r Value {
    report["streams"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["stream"] == stream)
        .unwrap_or_else(|| panic!("the report has no {stream}: {report:#}"))
}

fn agree(desk: &Desk, simulator: &Simulator, stream: &str) {
    let difference = truth::compare_records(&desk.open(), simulator, stream, "2.16");
    assert_eq!(difference, None);
}

fn calls_to(simulator: &Simulator, path: &str) -> usize {
    let asked = simulator.requests();
    asked
        .iter()
        .filter(|request| request["path"].as_str().unwrap().starts_with(path))
        .count()
}

#[test]
fn custom_objects_are_read_when_their_types_are_named_and_never_called_complete_otherwise() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let report = desk.sync(&simulator, &[]);
    let objects = line(&report, "custom_object_instances");
    assert_eq!(objects["state"], "not_asked_for", "{objects}");
    assert!(
        objects["advice"].as_str().unwrap().contains("--custom-objects"),
        "{objects}"
    );
    let report = desk.sync(&simulator, &["--custom-objects", "Order,Subscription"]);
    assert_eq!(line(&report, "custom_object_instances")["state"], "complete");
    assert!(!simulator.truth("custom_object_instances", "2.16").is_empty());
    agree(&desk, &simulator, "custom_object_instances");
    let (status, _) = simulator.api("DELETE", "/custom_object_instances/Order/1", None);
    assert_eq!(status, 200);
    let report = desk.sync(&simulator, &["--custom-objects", "Order"]);
    assert_eq!(line(&report, "custom_object_instances")["deleted"], 1);
    agree(&desk, &simulator, "custom_object_instances");
}

#[test]
fn a_type_that_does_not_exist_is_reported_and_the_others_are_read() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let streams = [
        "--streams",
        "custom_object_instances",
        "--custom-objects",
        "Ordre,Order",
    ];
    let outcome = Outcome::of(desk.sync_command(&simulator, &streams).output().unwrap());
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let report = outcome.json();
    let objects = line(&report, "custom_object_instances");
    assert_eq!(objects["state"], "partial");
    assert!(objects["why"].as_str().unwrap().contains("`Ordre`"), "{objects}");
    agree(&desk, &simulator, "custom_object_instances");
}

#[test]
fn a_settings_file_names_the_types_of_custom_objects() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    std::fs::write(
        desk.path().join("settings.toml"),
        "streams = [\"custom_object_instances\"]\ncustom_objects = [\"Order\"]\n",
    )
    .unwrap();
    let report = desk.sync(&simulator, &["--config", "settings.toml"]);
    assert_eq!(line(&report, "custom_object_instances")["state"], "complete");
    agree(&desk, &simulator, "custom_object_instances");
}

#[test]
fn transcripts_are_asked_for_once_and_kept() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let report = desk.sync(&simulator, &["--streams", "calls"]);
    assert_eq!(line(&report, "calls")["state"], "complete");
    let with_transcript = |desk: &Desk| -> i64 {
        desk.open()
            .query_row(
                "SELECT count(*) FROM calls WHERE json_array_length(transcript) > 0",
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    let first = with_transcript(&desk);
    assert!(first > 0);
    for more in [&["--streams", "calls"][..], &["--streams", "calls", "--full"]] {
        simulator.forget_requests();
        let report = desk.sync(&simulator, more);
        assert_eq!(line(&report, "calls")["updated"], 0, "{more:?}");
        assert_eq!(calls_to(&simulator, "/calls/search"), 0, "{more:?}");
        assert_eq!(with_transcript(&desk), first, "{more:?}");
    }
    agree(&desk, &simulator, "calls");
}

#[test]
fn a_call_whose_conversation_was_deleted_is_gone_after_the_next_run() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "calls"]);
    let call = simulator.truth("calls", "2.16").pop().unwrap();
    let path = format!("/conversations/{}", call["conversation_id"].as_str().unwrap());
    assert_eq!(simulator.api("DELETE", &path, None).0, 200);
    desk.sync(&simulator, &["--streams", "calls"]);
    agree(&desk, &simulator, "calls");
}

#[test]
fn what_is_left_out_of_a_call_is_never_asked_for() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(
        &simulator,
        &["--streams", "calls", "--exclude", "calls.transcript"],
    );
    assert_eq!(calls_to(&simulator, "/calls/search"), 0);
}

#[test]
fn links_of_tickets_and_files_of_replies_come_and_go_with_their_records() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    let tracker = simulator
        .truth("tickets", "2.16")
        .into_iter()
        .find(|ticket| ticket["category"] == "Tracker")
        .unwrap();
    let ticket = tracker["id"].as_str().unwrap();
    let conversation = simulator.truth("conversations", "2.16")[3]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let admin = simulator.truth("admins", "2.16")[0]["id"].clone();
    let link = format!("/tickets/{ticket}/linked_conversations");
    let linked = simulator.api("POST", &link, Some(&json!({ "conversation_id": conversation })));
    assert_eq!(linked.0, 200, "{linked:?}");
    let reply = json!({
        "message_type": "comment", "type": "admin", "admin_id": admin, "body": "Here they are",
        "attachment_urls": ["https://files.example.com/a.png", "https://files.example.com/b.pdf"],
    });
    let path = format!("/conversations/{conversation}/reply");
    let replied = simulator.api("POST", &path, Some(&reply));
    assert_eq!(replied.0, 200, "{replied:?}");
    simulator.advance(600);
    desk.sync(&simulator, &[]);
    let links = || {
        let pair = ("ticket_conversations", "ticket_id", "conversation_id");
        truth::compare_pairs(&desk.open(), &simulator, pair, "2.16")
    };
    assert_eq!(simulator.truth("ticket_conversations", "2.16").len(), 1);
    assert_eq!(links(), None);
    agree(&desk, &simulator, "attachments");
    let places: Vec<(i64, String, Option<String>)> = desk
        .open()
        .prepare(
            "SELECT place, name, part_id FROM attachments WHERE conversation_id = ? AND name IN ('a.png', 'b.pdf') ORDER BY place",
        )
        .unwrap()
        .query_map([&conversation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert_eq!((places[0].1.as_str(), places[1].1.as_str()), ("a.png", "b.pdf"));
    assert!(places.iter().all(|(_, _, part)| part.is_some()), "{places:?}");
    let files = || -> Vec<(String, String)> {
        desk.open()
            .prepare("SELECT url, _synced_at FROM attachments ORDER BY id")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(|row| row.unwrap())
            .collect()
    };
    let held = files();
    simulator.advance(3_600);
    desk.sync(&simulator, &["--full"]);
    assert_eq!(files(), held, "addresses that are signed anew are no news");
    let unlinked = simulator.api("DELETE", &format!("{link}/{conversation}"), None);
    assert_eq!(unlinked.0, 200, "{unlinked:?}");
    simulator.advance(600);
    desk.sync(&simulator, &[]);
    assert!(simulator.truth("ticket_conversations", "2.16").is_empty());
    assert_eq!(links(), None);
}

#[test]
fn files_alone_bring_the_parts_that_they_hang_on() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "attachments"]);
    agree(&desk, &simulator, "attachments");
}

#[test]
fn what_costs_a_call_for_each_object_is_read_when_it_is_named_and_again_only_for_what_changed() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let company = simulator.truth("companies", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let admin = simulator.truth("admins", "2.16")[0]["id"].clone();
    for body in ["They grow", "They pay late"] {
        let note = json!({ "body": body, "admin_id": admin });
        let path = format!("/companies/{company}/notes");
        let (status, answer) = simulator.api("POST", &path, Some(&note));
        assert_eq!(status, 200, "{answer}");
    }
    simulator.forget_requests();
    desk.sync(&simulator, &[]);
    let asked = |ending: &str| {
        let asked = simulator.requests();
        asked
            .iter()
            .filter(|request| request["path"].as_str().unwrap().ends_with(ending))
            .filter(|request| !request["path"].as_str().unwrap().starts_with("/contacts/"))
            .count()
    };
    assert_eq!((asked("/notes"), asked("/handling_events")), (0, 0));
    let named = ["--streams", "company_notes,handling_events"];
    desk.sync(&simulator, &named);
    assert!(asked("/notes") > 1 && asked("/handling_events") > 1);
    assert_eq!(simulator.truth("company_notes", "2.16").len(), 2);
    agree(&desk, &simulator, "company_notes");
    agree(&desk, &simulator, "handling_events");
    simulator.forget_requests();
    let report = desk.sync(&simulator, &named);
    assert_eq!((asked("/notes"), asked("/handling_events")), (0, 0));
    assert_eq!(line(&report, "handling_events")["state"], "complete");
    let report = desk.sync(
        &simulator,
        &["--streams", "company_notes,handling_events", "--full"],
    );
    assert!(asked("/notes") > 1 && asked("/handling_events") > 1);
    assert_eq!(line(&report, "company_notes")["updated"], 0);
    assert_eq!(line(&report, "handling_events")["updated"], 0);
}

#[test]
fn a_merge_that_is_seen_is_told_with_its_moment() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    let contacts = simulator.truth("contacts", "2.16");
    let of_role = |role: &str| {
        let contact = contacts.iter().find(|contact| contact["role"] == role).unwrap();
        contact["id"].as_str().unwrap().to_owned()
    };
    let (lead, user) = (of_role("lead"), of_role("user"));
    let merge = json!({ "from": lead, "into": user, "skip_duplicate_validation": true });
    let merged = simulator.api("POST", "/contacts/merge", Some(&merge));
    assert_eq!(merged.0, 200, "{merged:?}");
    simulator.advance(600);
    let held = || -> Vec<(String, String, Option<String>)> {
        desk.open()
            .prepare("SELECT from_contact_id, into_contact_id, merged_at FROM contact_merges")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(|row| row.unwrap())
            .collect()
    };
    let report = desk.sync(&simulator, &[]);
    assert_eq!(line(&report, "contact_merges")["requests"], 1, "{report:#}");
    let rows = held();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0].0, &rows[0].1), (&lead, &user));
    assert!(rows[0].2.is_some());
    let report = desk.sync(&simulator, &[]);
    assert_eq!(line(&report, "contact_merges")["requests"], 0);
    // A mirror that begins after the merge never met the lead: it asks the contacts.
    let late = Desk::new();
    late.sync(&simulator, &["--streams", "contact_merges"]);
    let of_late: i64 = late
        .open()
        .query_row(
            "SELECT count(*) FROM contact_merges WHERE from_contact_id = ? AND into_contact_id = ?",
            [&lead, &user],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(of_late, 1);
}
