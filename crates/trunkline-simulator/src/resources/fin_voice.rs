//! Calls of outside telephone systems that Fin answers, matched with a call here by the number.

use serde_json::{Value, json};

use super::{Handler, workflows};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, call::Call},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("fin_voice.register", Handler::Write(register)),
    ("fin_voice.get", Handler::Read(get)),
    ("fin_voice.get_by_external_id", Handler::Read(get_by_external_id)),
    (
        "fin_voice.get_by_phone_number",
        Handler::Read(get_by_phone_number),
    ),
    (
        "fin_voice.list_by_conversation",
        Handler::Read(list_by_conversation),
    ),
];

fn unmatched() -> Refusal {
    Refusal::new(404, "not_found", "External reference not found or not matched")
}

/// The newest call with somebody who has this number.
fn matching<'w>(workspace: &'w Workspace, phone: &Value) -> Option<&'w Call> {
    let phone = phone.as_str()?;
    workspace.calls.iter().rev().find(|call| {
        workspace.contacts[call.contact as usize]
            .phone(workspace.seed)
            .as_deref()
            == Some(phone)
    })
}

/// A registered call as it stands; once matched it has a transcript and a summary.
fn view(workspace: &Workspace, registered: &Value) -> Value {
    let mut shown = registered.clone();
    if let Some(call) = matching(workspace, &registered["user_phone_number"]) {
        shown["status"] = json!("matched");
        shown["intercom_call_id"] = json!(call.id(&workspace.ids));
        shown["intercom_conversation_id"] = json!(workspace.ids.conversation(call.conversation));
        let said = call.transcript(workspace.seed);
        shown["call_transcript"] = said
            .iter()
            .map(|(second, is_teammate, line)| {
                json!({ "offset_seconds": second, "speaker": if *is_teammate { "agent" } else { "user" }, "text": line })
            })
            .collect();
        shown["call_summary"] = json!(format!("{} sentences were exchanged.", said.len()));
    }
    shown
}

fn is_matched(shown: &Value) -> bool {
    shown["status"] == "matched"
}

fn register(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let phone = request.required("phone_number")?;
    let call = request.required("call_id")?;
    let held = &workspace.reference.lists.fin_voice_calls;
    if held.iter().any(|one| one["external_call_id"] == call.as_str()) {
        return Err(Refusal::new(
            409,
            "conflict",
            "This call has been registered already",
        ));
    }
    let made = json!({
        "id": workspace.reference.next_id(),
        "app_id": workflows::workspace_number(workspace),
        "user_phone_number": phone,
        "status": "registered",
        "intercom_call_id": Value::Null,
        "external_call_id": call,
        "intercom_conversation_id": Value::Null,
        "call_transcript": [],
        "call_summary": "",
        "intent": [],
    });
    workspace.reference.lists.fin_voice_calls.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

/// The newest registered call that passes, once it is matched.
fn one(workspace: &Workspace, passes: impl Fn(&Value) -> bool) -> Answer {
    workspace
        .reference
        .lists
        .fin_voice_calls
        .iter()
        .rev()
        .find(|held| passes(held))
        .map(|held| view(workspace, held))
        .filter(is_matched)
        .map(|shown| Reply::json(&shown))
        .ok_or_else(unmatched)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = request.parameter("id");
    one(workspace, |held| held["id"].as_u64() == id.parse().ok())
}

fn get_by_external_id(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = request.parameter("external_id");
    one(workspace, |held| held["external_call_id"] == id)
}

fn get_by_phone_number(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let phone = request.parameter("phone_number");
    one(workspace, |held| held["user_phone_number"] == phone)
}

fn list_by_conversation(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = request.parameter("conversation_id");
    let all: Vec<Value> = workspace
        .reference
        .lists
        .fin_voice_calls
        .iter()
        .map(|held| view(workspace, held))
        .filter(|shown| shown["intercom_conversation_id"] == id)
        .collect();
    Ok(Reply::json(&all))
}
