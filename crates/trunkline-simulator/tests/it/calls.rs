//! Calls, their recordings and transcripts, and calls of outside telephone systems.

use serde_json::{Value, json};

use crate::harness::{Sim, id};

fn calls(sim: &Sim) -> Vec<Value> {
    sim.get("/calls")["data"].as_array().unwrap().clone()
}

#[test]
fn a_call_is_the_same_in_the_list_and_by_id_and_belongs_to_a_conversation() {
    let sim = Sim::new();
    let all = calls(&sim);
    assert!(!all.is_empty());
    for call in &all {
        assert_eq!(sim.get(&format!("/calls/{}", id(call))), *call);
        let conversation = sim.get(&format!(
            "/conversations/{}",
            call["conversation_id"].as_str().unwrap()
        ));
        assert_eq!(conversation["contacts"]["contacts"][0]["id"], call["contact_id"]);
    }
    assert_eq!(sim.try_get("/calls/1").refusal(), (404, "not_found".to_owned()));
    assert_eq!(sim.get("/calls?page=99")["data"], json!([]));
}

#[test]
fn an_answered_call_has_a_recording_and_a_transcript_and_a_missed_one_has_neither() {
    let sim = Sim::start(trunkline_simulator::Options {
        conversations: 1_500,
        ..crate::harness::small()
    });
    let all = calls(&sim);
    let of_kind = |reason: &str| {
        all.iter()
            .find(|call| call["ended_reason"] == reason)
            .unwrap_or_else(|| panic!("no call was {reason}"))
    };
    let answered = format!("/calls/{}", id(of_kind("answered")));
    let recording = sim.try_get(&format!("{answered}/recording"));
    assert_eq!(recording.status, 302);
    assert!(recording.header("location").unwrap().contains("signature="));
    let transcript = sim.try_get(&format!("{answered}/transcript"));
    assert_eq!(transcript.header("content-type"), Some("text/plain"));
    assert!(
        transcript.text.starts_with("[00:00:03] Teammate 1: \""),
        "{}",
        transcript.text
    );
    let missed = format!("/calls/{}", id(of_kind("missed")));
    for rest in ["recording", "transcript"] {
        let got = sim.try_get(&format!("{missed}/{rest}"));
        assert_eq!(got.refusal(), (404, "not_found".to_owned()), "{rest}");
    }
}

#[test]
fn a_search_by_conversations_gives_transcripts_for_at_most_twenty() {
    let sim = Sim::new();
    let call = &calls(&sim)[0];
    let found = sim.post(
        "/calls/search",
        &json!({ "conversation_ids": [call["conversation_id"], "1"] }),
    );
    assert_eq!(found["data"][0]["id"], call["id"]);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    for ids in [json!([]), json!(vec!["1"; 21]), json!("1")] {
        let got = sim.send("POST", "/calls/search", &json!({ "conversation_ids": ids }));
        assert_eq!(
            got.refusal(),
            (400, "conversation_id_limit_exceeded".to_owned()),
            "{ids}"
        );
    }
}

#[test]
fn a_registered_call_is_found_once_its_number_matches_a_call() {
    let sim = Sim::new();
    let call = calls(&sim)
        .into_iter()
        .find(|call| call["phone"].is_string())
        .unwrap();
    let register = |phone: &Value, call: &str| {
        sim.send(
            "POST",
            "/fin_voice/register",
            &json!({ "phone_number": phone, "call_id": call }),
        )
    };
    let registered = register(&call["phone"], "amz-1").ok();
    assert_eq!(registered["status"], "registered");
    let phone = call["phone"].as_str().unwrap();
    for path in [
        format!("/fin_voice/collect/{}", registered["id"]),
        "/fin_voice/external_id/amz-1".to_owned(),
        format!("/fin_voice/phone_number/{phone}"),
    ] {
        let found = sim.get(&path);
        assert_eq!(found["status"], "matched", "{path}");
        let list = sim.get(&format!(
            "/fin_voice/conversation/{}",
            found["intercom_conversation_id"].as_str().unwrap()
        ));
        assert_eq!(list[0], found);
    }
    assert_eq!(register(&call["phone"], "amz-1").status, 409);
    register(&json!("+10000000"), "amz-2").ok();
    assert_eq!(sim.try_get("/fin_voice/external_id/amz-2").status, 404);
}
