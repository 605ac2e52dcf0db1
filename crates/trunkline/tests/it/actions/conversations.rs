//! Conversations: found, started, assigned, joined, read, snoozed, closed, opened, and their attributes and tags.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

impl Actor {
    /// A conversation that a contact has just begun: the contact and the conversation.
    pub(crate) fn begun(&self) -> (Value, String) {
        let contact = self.first("/contacts?per_page=1");
        let (status, made) = self.simulator.api(
            "POST",
            "/conversations",
            Some(&json!({"from": {"type": contact["role"], "id": contact["id"]}, "body": "Where is my order?"})),
        );
        assert_eq!(status, 200, "{made}");
        (contact, made["conversation_id"].as_str().unwrap().to_owned())
    }

    pub(crate) fn conversation(&self, id: &str) -> Value {
        self.truth(&format!("/conversations/{id}"))
    }

    /// The newest part of a conversation.
    pub(crate) fn last_part(&self, id: &str) -> Value {
        let parts = self.conversation(id)["conversation_parts"]["conversation_parts"].clone();
        parts
            .as_array()
            .and_then(|parts| parts.last())
            .cloned()
            .unwrap_or_default()
    }

    /// The id of the nth teammate.
    pub(crate) fn teammate(&self, number: usize) -> String {
        self.truth("/admins")["admins"][number]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn team(&self) -> String {
        self.truth("/teams")["teams"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Runs an action that must find nothing to do.
    fn idle(&self, id: &str, input: Value) {
        let asked = input.to_string();
        let outcome = self.call(id, input).unwrap();
        assert_eq!(outcome.writes, 0, "{id} {asked}");
        assert_eq!(outcome.notes.len(), 1, "{id} {asked}: {:?}", outcome.notes);
    }

    /// Runs actions that are refused before anything is sent, with these codes and words.
    pub(crate) fn refused(&self, id: &str, cases: &[(Value, &str, &str)]) {
        for (input, code, said) in cases {
            self.received();
            let error = self.error(id, input.clone());
            assert_eq!(error.code(), *code, "{id} {input}: {error}");
            let text = format!("{error} {}", error.advice());
            assert!(text.contains(said), "{id} {input}: {text}");
            let sent = self.received();
            let wrote = sent
                .iter()
                .any(|call| !call.starts_with("GET ") && !call.ends_with("/search"));
            assert!(!wrote, "{id} {input}: {sent:?}");
        }
    }

    /// All conversations, as the workspace has them.
    fn all_conversations(&self) -> Vec<Value> {
        self.simulator.truth("conversations", "2.16")
    }
}

fn ids(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn conversations_come_in_the_order_that_is_asked_for() {
    let actor = Actor::new();
    let all = actor.all_conversations();
    let middle = |field: &str| {
        let mut times: Vec<i64> = all.iter().map(|row| row[field].as_i64().unwrap()).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    for (order, by, before) in [
        (None, None, false),
        (Some("asc"), None, false),
        (Some("desc"), Some("created_at"), false),
        (None, Some("updated_at"), true),
        (Some("asc"), Some("created_at"), true),
        (Some("desc"), Some("created_at"), true),
    ] {
        let field = by.unwrap_or("updated_at");
        let moment = middle(field);
        let mut input = json!({});
        if let Some(order) = order {
            input["order"] = json!(order);
        }
        if let Some(by) = by {
            input["sort_by"] = json!(by);
        }
        if before {
            input["before"] = json!(moment);
        }
        let time = |row: &Value| row[field].as_i64().unwrap();
        let mut expected: Vec<i64> = all
            .iter()
            .map(time)
            .filter(|at| !before || *at <= moment)
            .collect();
        expected.sort_unstable();
        if order != Some("asc") {
            expected.reverse();
        }
        let rows = actor.output("conversations.browse", input.clone());
        let told: Vec<i64> = rows.as_array().unwrap().iter().map(time).collect();
        assert_eq!(told, expected, "{input}");
        assert!(
            !before || told.contains(&moment),
            "the moment itself belongs to it"
        );
        input["limit"] = json!(7);
        let few = actor.output("conversations.browse", input.clone());
        assert_eq!(ids(&few), ids(&rows)[..7], "{input}");
    }
    actor.refused(
        "conversations.browse",
        &[
            (json!({"order": "sideways"}), "TL0702", "asc, desc"),
            (json!({"sort_by": "title"}), "TL0702", "created_at, updated_at"),
            (json!({"before": "soon"}), "TL0702", "`before`"),
            (json!({"limit": 0}), "TL0702", "`limit`"),
        ],
    );
}

#[test]
fn the_newest_conversation_of_a_contact_is_the_one_that_began_last() {
    let actor = Actor::new();
    let (contact, first) = actor.begun();
    actor.simulator.advance(60);
    let (_, second) = actor.begun();
    actor.simulator.advance(60);
    let admin = actor.teammate(0);
    let (status, _) = actor.simulator.api(
        "POST",
        &format!("/conversations/{first}/reply"),
        Some(&json!({"message_type": "note", "type": "admin", "admin_id": admin, "body": "Touched last"})),
    );
    assert_eq!(status, 200);
    for who in [
        json!({"contact_id": contact["id"]}),
        json!({"external_id": contact["external_id"]}),
        json!({"email": contact["email"]}),
    ] {
        let found = actor.output("conversations.find_last", who.clone());
        assert_eq!(found["id"], *second, "{who}");
        assert!(found["conversation_parts"].is_object(), "it comes with its parts");
    }
    let (_, silent) = actor
        .simulator
        .api("POST", "/contacts", Some(&json!({"external_id": "silent-1"})));
    actor.refused(
        "conversations.find_last",
        &[
            (json!({"contact_id": silent["id"]}), "TL0746", "no conversation"),
            (json!({"email": "nobody@nowhere.example"}), "TL0730", "no contact"),
            (json!({}), "TL0702", "give one of them"),
        ],
    );
}

#[test]
fn contacts_and_visitors_start_conversations() {
    let actor = Actor::new();
    let contact = actor.first("/contacts?per_page=1");
    let visitors = actor.simulator.truth("visitors", "2.16");
    for (who, is_visitor) in [
        (json!({"contact_id": contact["id"]}), false),
        (json!({"external_id": contact["external_id"]}), false),
        (json!({"email": contact["email"]}), false),
        (json!({"contact_id": visitors[0]["id"]}), true),
        (json!({"external_id": visitors[1]["user_id"]}), true),
    ] {
        let mut input = who.clone();
        input["body"] = json!("Is this <on>?");
        let made = actor.output("conversations.start", input);
        let kept = actor.conversation(made["conversation_id"].as_str().unwrap());
        assert_eq!(kept["source"]["body"], "<p>Is this &lt;on&gt;?</p>", "{who}");
        let author = &kept["source"]["author"];
        if is_visitor {
            assert_eq!(author["type"], "lead", "{who}");
        } else {
            assert_eq!(author["id"], contact["id"], "{who}");
        }
    }
    let made = actor.output(
        "conversations.start",
        json!({
            "contact_id": contact["id"], "message": "Look", "subject": "A picture", "created_at": "2026-01-05T10:00:00Z",
            "attachment_urls": "https://files.example/a.png, https://files.example/b.png",
        }),
    );
    let kept = actor.conversation(made["conversation_id"].as_str().unwrap());
    assert_eq!(kept["created_at"], 1_767_607_200);
    assert_eq!(kept["source"]["attachments"].as_array().unwrap().len(), 2);
    assert_eq!(kept["title"], "A picture");

    let many: Vec<String> = (0..11).map(|n| format!("https://files.example/{n}")).collect();
    actor.refused(
        "conversations.start",
        &[
            (json!({"contact_id": "1"}), "TL0702", "`body` is missing"),
            (
                json!({"contact_id": "1", "body": "  "}),
                "TL0702",
                "must not be empty",
            ),
            (json!({"body": "x"}), "TL0702", "give one of them"),
            (
                json!({"email": "nobody@nowhere.example", "body": "x"}),
                "TL0730",
                "no contact",
            ),
            (
                json!({"contact_id": "1", "body": "x", "attachment_urls": many}),
                "TL0702",
                "10",
            ),
            (
                json!({"contact_id": "1", "body": "x", "attachment_urls": ["a.png"]}),
                "TL0702",
                "attachment_urls[0]",
            ),
        ],
    );
    assert_eq!(
        actor
            .error("conversations.start", json!({"contact_id": "0123", "body": "x"}))
            .code(),
        "TL0105"
    );
    let old = Actor::at(Version::V2_10);
    let error = old.error(
        "conversations.start",
        json!({"contact_id": "1", "body": "x", "created_at": "now"}),
    );
    assert!(error.to_string().contains("2.11"), "{error}");
}

#[test]
fn a_conversation_goes_to_a_teammate_a_team_or_nobody() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let (boss, other, team) = (actor.teammate(0), actor.teammate(1), actor.team());
    let held = || {
        let now = actor.conversation(&id);
        (
            now["admin_assignee_id"].to_string(),
            now["team_assignee_id"].to_string(),
        )
    };
    let nobody = "0".to_owned();
    for (input, expected) in [
        (
            json!({"conversation_id": id, "admin_id": boss, "team_id": team}),
            (nobody.clone(), team.clone()),
        ),
        (
            json!({"conversation_id": id, "assignee_id": other}),
            (other.clone(), team.clone()),
        ),
        (
            json!({"conversation_id": "last", "contact_id": contact["id"], "to": "admin", "assignee_id": boss, "note": "Yours"}),
            (boss.clone(), team.clone()),
        ),
        (
            json!({"conversation_id": id, "to": "nobody", "admin_id": boss}),
            (nobody.clone(), nobody.clone()),
        ),
        (
            json!({"conversation_id": id, "to": "team", "assignee_id": team, "admin_id": boss}),
            (nobody.clone(), team.clone()),
        ),
    ] {
        actor.output("conversations.assign", input.clone());
        assert_eq!(held(), expected, "{input}");
    }
    actor.idle(
        "conversations.assign",
        json!({"conversation_id": id, "team_id": team, "admin_id": boss}),
    );
    let outcome = actor
        .call(
            "conversations.assign",
            json!({"conversation_id": id, "assignee_id": other}),
        )
        .unwrap();
    assert!(
        outcome.notes[0].contains("whose token this is"),
        "{:?}",
        outcome.notes
    );
    let part = actor.last_part(&id);
    assert_eq!(part["author"]["id"], actor.truth("/me")["id"]);

    let with = |more: Value| {
        let mut input = json!({"conversation_id": id, "admin_id": boss});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    actor.refused(
        "conversations.assign",
        &[
            (with(json!({})), "TL0702", "give one of them"),
            (
                with(json!({"assignee_id": other, "team_id": team})),
                "TL0702",
                "exclude each other",
            ),
            (
                with(json!({"to": "nobody", "team_id": team})),
                "TL0702",
                "does not go with",
            ),
            (
                with(json!({"to": "admin", "team_id": team})),
                "TL0702",
                "does not go with",
            ),
            (with(json!({"to": "admin"})), "TL0702", "`assignee_id` is missing"),
            (with(json!({"to": "team"})), "TL0702", "`team_id` is missing"),
            (
                with(json!({"to": "rules", "note": "x"})),
                "TL0702",
                "does not go with",
            ),
            (with(json!({"to": "rules"})), "TL0747", "2.12"),
            (
                json!({"conversation_id": "last", "team_id": team}),
                "TL0702",
                "which needs one of",
            ),
            (
                with(json!({"team_id": team, "email": "a@b.example"})),
                "TL0702",
                "it is for `last`",
            ),
        ],
    );
    let error = actor.error("conversations.assign", with(json!({"team_id": "999999"})));
    assert_eq!(error.code(), "TL0105", "{error}");
}

#[test]
fn rules_assign_in_versions_that_have_them() {
    let actor = Actor::at(Version::V2_11);
    let (_, id) = actor.begun();
    actor.output(
        "conversations.assign",
        json!({"conversation_id": id, "to": "rules"}),
    );
    assert_ne!(actor.conversation(&id)["team_assignee_id"], 0);
}

#[test]
fn contacts_join_and_leave() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let boss = actor.teammate(0);
    let other = actor.truth("/contacts?per_page=5")["data"][3].clone();
    let members = || -> Vec<String> {
        let now = actor.conversation(&id);
        let rows = now["contacts"]["contacts"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let joined = |who: &Value| members().contains(&who["id"].as_str().unwrap().to_owned());
    for (way, who) in [
        (json!({"admin_id": boss}), json!({"contact_id": other["id"]})),
        (
            json!({"on_behalf_of": contact["id"]}),
            json!({"external_id": other["external_id"]}),
        ),
        (json!({}), json!({"email": other["email"]})),
        (
            json!({"on_behalf_of": contact["id"], "conversation_id": "last"}),
            json!({"contact_id": other["id"]}),
        ),
    ] {
        let mut input = json!({"conversation_id": id});
        for part in [&way, &who] {
            input
                .as_object_mut()
                .unwrap()
                .extend(part.as_object().unwrap().clone());
        }
        actor.output("conversations.participant", input.clone());
        assert!(joined(&other), "{input}");
        let mut leaving = json!({"conversation_id": id, "action": "detach", "admin_id": boss});
        actor.idle("conversations.participant", {
            input["action"] = json!("attach");
            input.clone()
        });
        leaving
            .as_object_mut()
            .unwrap()
            .extend(who.as_object().unwrap().clone());
        actor.output("conversations.participant", leaving.clone());
        assert!(!joined(&other), "{leaving}");
        actor.idle("conversations.participant", leaving);
    }
    actor.output(
        "conversations.participant",
        json!({"conversation_id": id, "email": "fresh@guests.example", "create_lead": true, "admin_id": boss}),
    );
    assert_eq!(members().len(), 2);

    let (_, alone) = actor.begun();
    actor.refused(
        "conversations.participant",
        &[
            (
                json!({"conversation_id": alone, "action": "detach", "contact_id": contact["id"]}),
                "TL0748",
                "cannot leave",
            ),
            (
                json!({"conversation_id": "last", "contact_id": other["id"]}),
                "TL0702",
                "needs `on_behalf_of`",
            ),
            (
                json!({"conversation_id": alone, "contact_id": other["id"], "admin_id": boss, "on_behalf_of": "1"}),
                "TL0702",
                "exclude each other",
            ),
            (json!({"conversation_id": alone}), "TL0702", "give one of them"),
            (
                json!({"conversation_id": alone, "email": "nobody@nowhere.example"}),
                "TL0730",
                "no contact",
            ),
        ],
    );
}

#[test]
fn a_conversation_is_read_snoozed_closed_and_opened() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let admin = actor.teammate(1);
    let last = json!({"conversation_id": "last", "email": contact["email"], "admin_id": admin});
    let one = json!({"conversation_id": id, "admin_id": admin});
    let with = |base: &Value, name: &str, value: Value| {
        let mut input = base.clone();
        input[name] = value;
        input
    };
    actor.output("conversations.mark_read", json!({"conversation_id": id}));
    assert_eq!(actor.conversation(&id)["read"], true);
    actor.idle("conversations.mark_read", json!({"conversation_id": id}));

    // The simulated workspace stands in November 2026, as far from now as it may be.
    let until = 4_102_444_800_i64;
    actor.output("conversations.snooze", with(&last, "until", json!("2100-01-01")));
    let now = actor.conversation(&id);
    assert_eq!(
        (&now["state"], &now["snoozed_until"]),
        (&json!("snoozed"), &json!(until))
    );
    actor.idle("conversations.snooze", with(&one, "snoozed_until", json!(until)));

    actor.output("conversations.open", one.clone());
    assert_eq!(actor.conversation(&id)["state"], "open");
    actor.idle("conversations.open", one.clone());

    actor.output("conversations.close", with(&one, "body", json!("Goodbye")));
    assert_eq!(actor.conversation(&id)["state"], "closed");
    assert_eq!(actor.last_part(&id)["body"], "<p>Goodbye</p>");
    assert_eq!(actor.last_part(&id)["author"]["id"], *admin);
    actor.idle("conversations.close", one.clone());

    actor.output(
        "conversations.close_with_reply",
        with(&one, "message", json!("One more thing")),
    );
    let parts = actor.conversation(&id)["conversation_parts"]["conversation_parts"].clone();
    let parts = parts.as_array().unwrap();
    assert_eq!(actor.conversation(&id)["state"], "closed");
    assert_eq!(parts[parts.len() - 2]["body"], "<p>One more thing</p>");
    assert_eq!(parts[parts.len() - 1]["part_type"], "close");

    actor.refused(
        "conversations.snooze",
        &[
            (one.clone(), "TL0702", "`until` is missing"),
            (with(&one, "until", json!("2001-01-01")), "TL0749", "has passed"),
            (with(&one, "until", json!(3600)), "TL0749", "+2d"),
            (with(&one, "until", json!("-1h")), "TL0749", "has passed"),
            (with(&one, "until", json!("later")), "TL0702", "`until`"),
        ],
    );
    actor.refused(
        "conversations.close_with_reply",
        &[(one.clone(), "TL0702", "`body` is missing")],
    );
    for action in [
        "conversations.mark_read",
        "conversations.close",
        "conversations.open",
    ] {
        actor.refused(
            action,
            &[
                (json!({}), "TL0702", "`conversation_id` is missing"),
                (json!({"conversation_id": "last"}), "TL0702", "which needs one of"),
                (json!({"conversation_id": "404404"}), "TL0105", ""),
            ],
        );
    }
}

#[test]
fn attributes_of_conversations_are_checked_before_they_are_set() {
    for version in [Version::V2_14, Version::V2_16] {
        let actor = Actor::at(version);
        let (_, id) = actor.begun();
        let (status, _) = actor.simulator.api(
            "POST",
            "/conversations/attributes",
            Some(&json!({"name": "Size", "data_type": "list", "options": [{"label": "small"}, {"label": "large"}]})),
        );
        assert_eq!(status, 200);
        let (status, _) = actor.simulator.api(
            "POST",
            "/conversations/attributes",
            Some(&json!({"name": "Seats", "data_type": "integer"})),
        );
        assert_eq!(status, 200);
        let set = |values: Value| json!({"conversation_id": id, "custom_attributes": values});
        actor.output(
            "conversations.set_attributes",
            set(json!({"Topic": "Billing", "Size": "small", "Seats": 4})),
        );
        let now = actor.conversation(&id)["custom_attributes"].clone();
        assert_eq!(
            (&now["Topic"], &now["Size"], &now["Seats"]),
            (&json!("Billing"), &json!("small"), &json!(4))
        );
        actor.output(
            "conversations.set_attributes",
            json!({"conversation_id": id, "custom_attributes.Topic": "Shipping"}),
        );
        assert_eq!(actor.conversation(&id)["custom_attributes"]["Topic"], "Shipping");
        let outcome = actor
            .call(
                "conversations.set_attributes",
                json!({
                    "conversation_id": id, "unknown_attributes": "leave_out",
                    "custom_attributes": {"Topic": "Returns", "Colour": "red"},
                }),
            )
            .unwrap();
        assert!(outcome.notes[0].contains("Colour"), "{:?}", outcome.notes);
        assert_eq!(actor.conversation(&id)["custom_attributes"]["Topic"], "Returns");
        actor.refused(
            "conversations.set_attributes",
            &[
                (set(json!({"Colour": "red"})), "TL0750", "no attribute Colour"),
                (set(json!({"topic": "x"})), "TL0750", "Topic"),
                (set(json!({"Size": "huge"})), "TL0751", "one of small, large"),
                (set(json!({"Seats": "many"})), "TL0751", "a whole number"),
                (set(json!({})), "TL0702", "is empty"),
                (
                    json!({"conversation_id": id}),
                    "TL0702",
                    "`custom_attributes` is missing",
                ),
            ],
        );
    }
    let actor = Actor::new();
    let (_, id) = actor.begun();
    actor.output(
        "conversations.set_attributes",
        json!({"conversation_id": id, "custom_attributes": {"Floor": 3}, "unknown_attributes": "create"}),
    );
    assert_eq!(actor.conversation(&id)["custom_attributes"]["Floor"], 3);
    actor.refused(
        "conversations.set_attributes",
        &[(
            json!({"conversation_id": id, "custom_attributes": {"Odd": [1]}, "unknown_attributes": "create"}),
            "TL0702",
            "cannot be told",
        )],
    );
}

#[test]
fn tags_are_put_on_conversations_and_tickets() {
    let actor = Actor::new();
    let (contact, id) = actor.begun();
    let worn = || {
        let tags = actor.conversation(&id)["tags"]["tags"].clone();
        tags.as_array().unwrap().iter().any(|tag| tag["name"] == "Urgent")
    };
    let admin = actor.teammate(0);
    for who in [
        json!({"conversation_id": id, "admin_id": admin}),
        json!({"conversation_id": "last", "contact_id": contact["id"]}),
    ] {
        let mut input = who.clone();
        input["tag_name"] = json!("Urgent");
        actor.output("conversations.tag", input.clone());
        assert!(worn(), "{who}");
        actor.idle("conversations.tag", input.clone());
        input["action"] = json!("detach");
        actor.output("conversations.tag", input.clone());
        assert!(!worn(), "{who}");
        actor.idle("conversations.tag", input);
    }
    let ticket = actor.simulator.truth("tickets", "2.16")[0]["id"].clone();
    for input in [
        json!({"ticket_id": ticket, "tag_name": "Urgent"}),
        json!({"id": ticket, "tag_name": "Urgent", "untag": true, "admin_id": admin}),
    ] {
        actor.received();
        let tag = actor.output("tickets.tag", input.clone());
        assert_eq!(tag["name"], "Urgent", "{input}");
        let way = if input["untag"] == true { "DELETE" } else { "POST" };
        let path = format!("{way} /tickets/{}/tags", ticket.as_str().unwrap());
        let sent = actor.received();
        assert!(sent.iter().any(|call| call.starts_with(&path)), "{sent:?}");
    }
    for action in ["conversations.tag", "tickets.tag"] {
        let named = |more: Value| {
            let mut input = if action == "tickets.tag" {
                json!({"ticket_id": ticket})
            } else {
                json!({"conversation_id": id})
            };
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            input
        };
        actor.refused(
            action,
            &[
                (named(json!({})), "TL0702", "give one of them"),
                (
                    named(json!({"tag_id": "1", "tag_name": "x"})),
                    "TL0702",
                    "exclude each other",
                ),
                (
                    named(json!({"tag_name": "Nowhere", "create_tag": false})),
                    "TL0732",
                    "Nowhere",
                ),
            ],
        );
    }
}
