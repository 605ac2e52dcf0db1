//! Replies to conversations: who writes, what kind it is, what is attached, and what is refused.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn a_reply_is_written_by_whom_it_says_and_of_its_kind() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let admin = actor.teammate(1);
    let person = contact["id"].as_str().unwrap();
    let me = actor.truth("/me")["id"].as_str().unwrap().to_owned();
    for (input, author, note) in [
        (
            json!({"conversation_id": id, "admin_id": admin, "body": "Hello <b>you</b>"}),
            &*admin,
            false,
        ),
        (
            json!({"conversation_id": id, "message": "By the token's own"}),
            &*me,
            false,
        ),
        (
            json!({"conversation_id": id, "admin_id": admin, "kind": "note", "body": "Careful"}),
            &*admin,
            true,
        ),
        (
            json!({"conversation_id": "last", "email": contact["email"], "admin_id": admin, "body": "Newest"}),
            &*admin,
            false,
        ),
        (
            json!({"conversation_id": id, "as": "contact", "contact_id": person, "body": "Thanks"}),
            person,
            false,
        ),
        (
            json!({"conversation_id": "last", "type": "contact", "external_id": contact["external_id"], "body": "Thanks again"}),
            person,
            false,
        ),
        (
            json!({"conversation_id": id, "as": "contact", "body": "The only contact writes"}),
            person,
            false,
        ),
    ] {
        actor.output("conversations.answer", input.clone());
        let part = actor.last_part(&id);
        assert_eq!(part["author"]["id"], author, "{input}");
        assert_eq!(part["part_type"] == "note", note, "{input} {part}");
        let said = input["body"]
            .as_str()
            .or_else(|| input["message"].as_str())
            .unwrap();
        assert!(part["body"].as_str().unwrap().contains(said), "{input} {part}");
    }
}

#[test]
fn a_reply_carries_files_options_and_a_time() {
    let actor = Actor::new();
    let (_, id) = actor.begun();
    let admin = actor.teammate(0);
    let with = |more: Value| {
        let mut input = json!({"conversation_id": id, "admin_id": admin});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    actor.output(
        "conversations.answer",
        with(json!({"body": "Two", "attachment_urls": ["https://files.example/a.png", "https://files.example/b.pdf"]})),
    );
    assert_eq!(actor.last_part(&id)["attachments"].as_array().unwrap().len(), 2);
    actor.output(
        "conversations.answer",
        with(json!({"attachment_files": [{"name": "a.txt", "content_type": "text/plain", "data": "aGVsbG8="}]})),
    );
    assert_eq!(actor.last_part(&id)["attachments"][0]["name"], "a.txt");
    actor.output(
        "conversations.answer",
        with(json!({"body": "Long ago", "created_at": "2026-01-05T10:00:00Z"})),
    );
    let parts = actor.conversation(&id)["conversation_parts"]["conversation_parts"].clone();
    let found = parts
        .as_array()
        .unwrap()
        .iter()
        .any(|part| part["body"] == "<p>Long ago</p>" && part["created_at"] == 1_767_607_200);
    assert!(found, "{parts}");
    actor.output(
        "conversations.answer",
        with(json!({"kind": "quick_reply", "reply_options": [
            {"text": "Yes", "uuid": "2f6e8b4a-62c5-4d2e-8c54-4a90d5e4a001"},
            {"text": "No", "uuid": "2f6e8b4a-62c5-4d2e-8c54-4a90d5e4a002"},
        ]})),
    );
    assert_eq!(actor.last_part(&id)["part_type"], "quick_reply");
}

#[test]
fn a_reply_that_cannot_be_is_refused_before_it_is_sent() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let with = |more: Value| {
        let mut input = json!({"conversation_id": id});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let file = json!({"name": "a.txt", "content_type": "text/plain", "data": "aGVsbG8="});
    actor.refused(
        "conversations.answer",
        &[
            (with(json!({})), "TL0702", "`body` is missing"),
            (with(json!({"body": " "})), "TL0702", "`body` is missing"),
            (
                with(json!({"body": "x", "as": "bot"})),
                "TL0702",
                "admin, contact",
            ),
            (
                with(json!({"body": "x", "kind": "shout"})),
                "TL0702",
                "quick_reply",
            ),
            (
                with(json!({"body": "x", "as": "contact", "kind": "note"})),
                "TL0702",
                "must be comment",
            ),
            (
                with(json!({"body": "x", "as": "contact", "admin_id": "1"})),
                "TL0702",
                "does not go with",
            ),
            (
                with(json!({"kind": "quick_reply", "body": "x"})),
                "TL0702",
                "`reply_options` is missing",
            ),
            (
                with(json!({"kind": "quick_reply", "reply_options": [{"text": "Yes"}]})),
                "TL0702",
                "reply_options[0].uuid",
            ),
            (
                with(json!({"attachment_urls": ["ftp://a"]})),
                "TL0702",
                "attachment_urls[0]",
            ),
            (
                with(json!({"attachment_files": [{"name": "a"}]})),
                "TL0702",
                "attachment_files[0].content_type",
            ),
            (
                with(json!({"attachment_files": [{"name": "a", "content_type": "b", "data": "?"}]})),
                "TL0702",
                "Base64",
            ),
            (
                with(json!({"attachment_files": [file], "attachment_urls": ["https://files.example/a"]})),
                "TL0702",
                "exclude each other",
            ),
            (
                with(json!({"body": "x", "contact_id": contact["id"]})),
                "TL0702",
                "it is for `last`",
            ),
            (
                json!({"conversation_id": "last", "as": "contact", "body": "x"}),
                "TL0702",
                "which needs one of",
            ),
            (
                json!({"conversation_id": "last", "email": "nobody@nowhere.example", "body": "x"}),
                "TL0730",
                "no contact",
            ),
        ],
    );
    let old = Actor::at(Version::V2_13);
    let error = old.error(
        "conversations.answer",
        json!({"conversation_id": "1", "body": "x", "reply_options": [], "skip_notifications": true}),
    );
    for said in ["2.14", "2.15"] {
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_reply_is_planned_and_applied_unless_the_conversation_moved_on() {
    let actor = Actor::new();
    let (_, id) = actor.begun();
    let input = json!({"conversation_id": id, "admin_id": actor.teammate(0), "body": "Planned"});
    let plan = actor.plan("conversations.answer", input.clone());
    assert_eq!(plan.writes.len(), 1);
    assert_ne!(actor.last_part(&id)["body"], "<p>Planned</p>");
    actor.apply(&plan).unwrap();
    assert_eq!(actor.last_part(&id)["body"], "<p>Planned</p>");

    let plan = actor.plan("conversations.answer", input);
    actor.simulator.api(
        "POST",
        &format!("/conversations/{id}/parts"),
        Some(&json!({"message_type": "close", "type": "admin", "admin_id": actor.teammate(0)})),
    );
    assert_eq!(actor.apply(&plan).unwrap_err().code(), "TL0763");
}
