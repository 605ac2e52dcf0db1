//! Fin's part in conversations: what it says, how it ends, and what each version calls that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id};

fn agent(sim: &Sim, version: &str, conversation: &str) -> Value {
    sim.at(version, "GET", &format!("/conversations/{conversation}"), None)
        .ok()["ai_agent"]
        .clone()
}

/// A conversation in which Fin answered just now.
fn answered(sim: &Sim, outcome: Option<&str>) -> String {
    let contact = sim
        .truth("contacts")
        .iter()
        .find(|row| row["role"] == "user")
        .map(id)
        .unwrap();
    let message = json!({ "from": { "type": "user", "id": contact }, "body": "How?" });
    let conversation = sim.post("/conversations", &message)["conversation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut asked = json!({ "what": "fin_reply", "conversation_id": conversation, "body": "So." });
    if let Some(outcome) = outcome {
        asked["outcome"] = json!(outcome);
    }
    assert_eq!(sim.control("POST", "/happen", Some(&asked)).status, 200);
    conversation
}

#[test]
fn outcomes_have_the_names_that_their_version_gives_them() {
    let sim = Sim::new();
    for (newest, older) in [
        ("assumed_resolution", "assumed_resolution"),
        ("confirmed_resolution", "confirmed_resolution"),
        ("escalated", "routed_to_team"),
        ("negative_feedback", "abandoned"),
        ("procedure_handoff", "routed_to_team"),
    ] {
        let conversation = answered(&sim, Some(newest));
        for (version, expected) in [
            ("2.12", older),
            ("2.14", older),
            ("2.15", newest),
            ("2.16", newest),
            ("Preview", newest),
        ] {
            assert_eq!(
                agent(&sim, version, &conversation)["resolution_state"],
                expected,
                "{version}"
            );
        }
        let before = sim
            .at("2.11", "GET", &format!("/conversations/{conversation}"), None)
            .ok();
        assert!(before.get("ai_agent").is_none() && before.get("ai_agent_participated").is_none());
    }
}

#[test]
fn what_people_do_after_fin_decides_how_its_part_ended() {
    let sim = Sim::new();
    let admin = sim.admin();
    let check = |act: &str, body: Value, expected: Value| {
        let conversation = answered(&sim, None);
        assert_eq!(
            agent(&sim, "2.16", &conversation)["resolution_state"],
            Value::Null
        );
        sim.post(&format!("/conversations/{conversation}/{act}"), &body);
        let shown = agent(&sim, "2.16", &conversation);
        assert_eq!(shown["resolution_state"], expected, "{act} {body}");
    };
    let by = |message: &str| json!({ "message_type": message, "type": "admin", "admin_id": admin, "body": "I look." });
    check("reply", by("comment"), json!("escalated"));
    check("reply", by("note"), Value::Null);
    check(
        "parts",
        json!({ "message_type": "close", "type": "admin", "admin_id": admin }),
        json!("assumed_resolution"),
    );
    check(
        "parts",
        json!({ "message_type": "assignment", "type": "admin", "admin_id": admin, "assignee_id": admin }),
        json!("escalated"),
    );
}

#[test]
fn fin_s_answers_say_that_they_are_and_where_they_come_from() {
    let sim = Sim::new();
    let conversation = answered(&sim, None);
    let shown = sim.get(&format!("/conversations/{conversation}"));
    assert_eq!(shown["ai_agent_participated"], true);
    let answer = shown["ai_agent"]["last_answer_type"].as_str().unwrap();
    assert!(["ai_answer", "custom_answer"].contains(&answer));
    let author = &shown["conversation_parts"]["conversation_parts"][0]["author"];
    assert_eq!(
        (&author["type"], &author["from_ai_agent"], &author["is_ai_answer"]),
        (&json!("bot"), &json!(true), &json!(answer == "ai_answer"))
    );
    let sources = &shown["ai_agent"]["content_sources"];
    assert_eq!(sources["type"], "content_source.list");
    assert_eq!(
        sources["total_count"].as_u64().unwrap() as usize,
        sources["content_sources"].as_array().unwrap().len()
    );
    let older = sim
        .at("2.13", "GET", &format!("/conversations/{conversation}"), None)
        .ok();
    let author = &older["conversation_parts"]["conversation_parts"][0]["author"];
    assert!(author.get("from_ai_agent").is_none());
}

#[test]
fn fin_is_rated_where_it_took_part() {
    let sim = Sim::new();
    let conversation = answered(&sim, None);
    let rate = |conversation: &str, rating: u8| {
        let asked = json!({ "what": "fin_rating", "conversation_id": conversation, "rating": rating, "remark": "So so" });
        sim.raw("POST", "/_sim/happen", &[], &asked.to_string()).status
    };
    assert_eq!(rate(&conversation, 2), 200);
    sim.advance(60);
    assert_eq!(rate(&conversation, 3), 200);
    let shown = sim.get(&format!("/conversations/{conversation}"));
    assert_eq!(shown["updated_at"], NOW + 60);
    let agent = &shown["ai_agent"];
    assert_eq!(
        (&agent["rating"], &agent["rating_remark"]),
        (&json!(3), &json!("So so"))
    );
    assert_eq!(
        (&agent["created_at"], &agent["updated_at"]),
        (&json!(NOW), &json!(NOW + 60))
    );
    let all = sim.truth("conversations");
    let without = all.iter().find(|row| row["ai_agent"].is_null()).unwrap();
    assert_eq!(rate(&id(without), 2), 409);
}

#[test]
fn a_share_of_the_generated_conversations_has_fin_in_it_and_agrees_with_its_parts() {
    let sim = Sim::new();
    let all = sim.truth("conversations");
    let with: Vec<&Value> = all
        .iter()
        .filter(|row| row["ai_agent_participated"] == true)
        .collect();
    let share = with.len() * 100 / all.len();
    assert!((20..50).contains(&share), "{share} %");
    let mut outcomes = BTreeSet::new();
    for row in &all {
        assert_eq!(row["ai_agent"].is_object(), row["ai_agent_participated"] == true);
    }
    for row in with {
        let agent = &row["ai_agent"];
        let shown = sim.get(&format!("/conversations/{}", id(row)));
        let parts = shown["conversation_parts"]["conversation_parts"]
            .as_array()
            .unwrap();
        let spoke = parts.iter().any(|part| part["author"]["from_ai_agent"] == true);
        assert_eq!(spoke, agent["last_answer_type"].is_string(), "{shown}");
        outcomes.insert(agent["resolution_state"].to_string());
        match agent["resolution_state"].as_str() {
            Some("assumed_resolution" | "confirmed_resolution") => assert_eq!(row["state"], "closed"),
            Some(_) => assert!(
                parts.iter().any(|part| part["author"]["type"] == "admin"),
                "somebody took over: {shown}"
            ),
            None => {}
        }
        assert!(agent["rating"].is_null() || agent["resolution_state"].is_string());
    }
    assert_eq!(outcomes.len(), 6, "all outcomes and none: {outcomes:?}");
}

#[test]
fn what_lives_brings_fin_about() {
    let sim = Sim::new();
    let with = || {
        let all = sim.truth("conversations");
        all.iter()
            .filter(|row| row["ai_agent_participated"] == true)
            .count()
    };
    let before = with();
    sim.control("POST", "/activity", Some(&json!({ "steps": 500 })));
    assert!(with() > before);
}
