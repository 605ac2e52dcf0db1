//! Fin as an agent for outside systems: questions, replies, ratings, hand-overs and procedures.
//!
//! The one rule: Fin's status follows from the clock; nothing runs in the background. Fin's own answers would arrive by
//! server-sent events or webhooks.

use serde_json::{Map, Value, json};

use super::{Handler, attribute_values, common, records};
use crate::{
    errors::Refusal,
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    texts,
    webhooks::{
        ordered::{Node, object},
        outbox::Subject,
        topic::Topic,
    },
    workspace::{
        Workspace,
        ai_agent::{AiAgent, Source},
        extra::WaitingStep,
        lists::FinConversation,
        reference,
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("fin.start", Handler::Write(start)),
    ("fin.reply", Handler::Write(reply)),
    ("fin.ask", Handler::Write(start)),
    ("fin.submit_csat", Handler::Write(submit_csat)),
    ("fin.escalate", Handler::Write(escalate)),
    ("fin.list_capabilities", Handler::Read(list_capabilities)),
    ("fin.run_procedure", Handler::Write(run_procedure)),
    ("fin.collect_agent_input", Handler::Write(collect_agent_input)),
];

/// How long Fin takes until its answer is there and it asks for a rating, in seconds.
const ANSWERED: i64 = 5;
/// How long a rating can be given, in seconds.
const RATING_WINDOW: i64 = 86_400;
/// The most attributes of one call.
const MOST_ATTRIBUTES: usize = 10;
/// The most messages of a history.
const MOST_HISTORY: usize = 10;
/// Procedures: id, name, what it does, whether it is live, whether it waits for a teammate.
const PROCEDURES: [(&str, &str, &str, bool, bool); 3] = [
    (
        "12345",
        "Reset password",
        "Sends a link for a new password.",
        true,
        false,
    ),
    (
        "12346",
        "Close account",
        "Closes an account after questions.",
        false,
        false,
    ),
    (
        "12347",
        "Approve refund",
        "Asks a teammate whether to pay back.",
        true,
        true,
    ),
];

/// What a procedure that waits asks for: the name and the type of each attribute.
const ASKED: [(&str, &str); 2] = [("Approved", "boolean"), ("Reason", "string")];

fn invalid(message: &str) -> Refusal {
    Refusal::invalid(message)
}

/// The outside id of the conversation; a missing one is refused in the operation's own words.
fn conversation_id(request: &Request<'_>) -> Result<String, Refusal> {
    request
        .text("conversation_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| invalid("conversation_id is required"))
}

fn user_id(body: &Value) -> Result<String, Refusal> {
    as_text(&body["user"]["id"])
        .filter(|id| !id.is_empty())
        .ok_or_else(|| invalid("User ID is required"))
}

/// What is wrong with the attributes that were sent, by name.
fn unknown_attributes(sent: &Value, known: &[Value], what: &str) -> Map<String, Value> {
    sent.as_object()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !known.iter().any(|attribute| attribute["name"] == name.as_str()))
        .map(|name| {
            let message = format!("{what} attribute '{name}' does not exist");
            (name.clone(), json!(message))
        })
        .collect()
}

fn attribute_errors(workspace: &Workspace, body: &Value) -> Value {
    let mut errors = Map::new();
    let user = unknown_attributes(
        &body["user"]["attributes"],
        &workspace.reference.data_attributes,
        "User",
    );
    if !user.is_empty() {
        errors.insert("user".to_owned(), json!({ "attributes": user }));
    }
    let conversation = unknown_attributes(
        &body["conversation_metadata"]["attributes"],
        &workspace.reference.conversation_attributes,
        "Conversation",
    );
    if !conversation.is_empty() {
        errors.insert("conversation".to_owned(), json!({ "attributes": conversation }));
    }
    Value::Object(errors)
}

/// Where the events of a conversation can be listened to, for three minutes.
fn event_address(workspace: &Workspace, id: &str) -> String {
    let token = texts::uuid(texts::mix(workspace.seed, 130, id.len() as u32), id.len() as u32);
    let channel = format!("fin_agent_api:{}:{id}", workspace.id_code);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("channels", &channel)
        .append_pair("accessToken", &token)
        .append_pair("rewind", "2m")
        .finish();
    format!("https://realtime.example.com/event-stream?{query}")
}

fn thinking(workspace: &Workspace, request: &Request<'_>, id: &str, user: &str) -> Value {
    let mut shown = json!({
        "conversation_id": id,
        "user_id": user,
        "status": "thinking",
        "created_at_ms": reference::iso(request.now),
        "sse_subscription_url": event_address(workspace, id),
    });
    let errors = attribute_errors(workspace, &request.body);
    if errors.as_object().is_some_and(|found| !found.is_empty()) {
        shown["errors"] = errors;
    }
    shown
}

fn check(body: &Value) -> Result<(), Refusal> {
    for sent in [
        &body["user"]["attributes"],
        &body["conversation_metadata"]["attributes"],
    ] {
        if sent.as_object().is_some_and(|all| all.len() > MOST_ATTRIBUTES) {
            return Err(invalid("Cannot update more than 10 attributes at once."));
        }
    }
    let history = &body["conversation_metadata"]["history"];
    if history.as_array().is_some_and(|all| all.len() > MOST_HISTORY) {
        return Err(invalid("Conversation history cannot contain more than 10 items"));
    }
    Ok(())
}

/// Begins a conversation with Fin, or asks again in one that exists.
fn begin(workspace: &mut Workspace, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = conversation_id(request)?;
    let user = user_id(&request.body)?;
    check(&request.body)?;
    let conversation = FinConversation {
        user_id: user.clone(),
        asked_at: request.now,
        escalated: false,
        rating: None,
        has_remark: false,
    };
    workspace.reference.lists.fin.insert(id.clone(), conversation);
    workspace.changed();
    Ok(thinking(workspace, request, &id, &user))
}

fn start(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    Ok(Reply::json(&begin(workspace, request)?))
}

fn reply(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let id = conversation_id(request)?;
    let user = user_id(&request.body)?;
    check(&request.body)?;
    let held = workspace
        .reference
        .lists
        .fin
        .get_mut(&id)
        .ok_or_else(|| invalid("Conversation not found"))?;
    held.asked_at = request.now;
    held.user_id.clone_from(&user);
    workspace.changed();
    Ok(Reply::json(&thinking(workspace, request, &id, &user)))
}

/// Takes a rating; this operation words its refusals unlike all others (facts 5).
fn submit_csat(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let refused =
        |field: &str, message: &str| Ok(Reply::with_status(422, &json!({ "errors": { field: message } })));
    let id = conversation_id(request)?;
    let rating = request.required("rating")?;
    if !["terrible", "bad", "ok", "good", "amazing"].contains(&rating.as_str()) {
        return refused("rating", "Rating isn't an option");
    }
    let remark = request.text("remark").filter(|remark| !remark.is_empty());
    let Some(held) = workspace.reference.lists.fin.get_mut(&id) else {
        return refused(
            "external_conversation_id",
            "Conversation not found for the given external_conversation_id",
        );
    };
    let since = request.now - held.asked_at;
    if since < ANSWERED {
        return refused("base", "No rating survey found for this conversation");
    }
    if since > RATING_WINDOW {
        return refused("base", "The rating window for this conversation has closed");
    }
    if held.has_remark {
        return refused(
            "base",
            "This rating can no longer be changed because a remark has already been submitted",
        );
    }
    held.rating = Some(rating.clone());
    held.has_remark = remark.is_some();
    workspace.changed();
    Ok(Reply::json(
        &json!({ "conversation_id": id, "rating": rating, "status": "rated" }),
    ))
}

/// Hands a conversation, or somebody with a first message, over to people.
fn escalate(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    if let Some(id) = request.text("conversation_id") {
        let held = workspace
            .reference
            .lists
            .fin
            .get_mut(&id)
            .ok_or_else(|| invalid("Conversation not found"))?;
        held.escalated = true;
        workspace.changed();
        let address = event_address(workspace, &id);
        return Ok(Reply::json(&json!({
            "conversation_id": id, "status": "escalated", "sse_subscription_url": address,
        })));
    }
    if !request.body["user"].is_object() {
        return Err(invalid("Either conversation_id or user must be provided"));
    }
    let row = open(workspace, request)?;
    let id = workspace.conversations[row as usize].id(&workspace.ids);
    Ok(Reply::json(
        &json!({ "intercom_conversation_id": id, "status": "escalated" }),
    ))
}

/// Opens a conversation in the inbox for the user whom the body names; somebody new is added.
fn open(workspace: &mut Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    let user = &request.body["user"];
    let id = user_id(&request.body)?;
    let email = user["email"].as_str();
    let found = common::by_external_id(workspace, &id)
        .or_else(|refusal| email.map_or(Err(refusal), |email| common::by_email(workspace, email)));
    let contact = found.unwrap_or_else(|_| {
        let row = super::contacts::add(workspace, request.now, false);
        let contact = &mut workspace.contacts[row as usize];
        contact.write("external_id", json!(id));
        for field in ["name", "email"] {
            if let Some(text) = user[field].as_str() {
                contact.write(field, json!(text));
            }
        }
        workspace.touch_contact(row, request.now);
        workspace.tell_contact_created(row, request.now);
        row
    });
    let message = as_text(&request.body["message"])
        .or_else(|| as_text(&request.body["message"]["body"]))
        .unwrap_or_default();
    let row = common::begin(
        workspace,
        contact,
        request.now,
        request.now,
        common::paragraph(&message),
    );
    // Fin hands it over before it has answered anything.
    let agent = AiAgent::joined(Source::Profile, None);
    workspace.conversations[row as usize].ai_agent = Some(Box::new(agent));
    workspace.tell_beginning(row, request.now);
    Ok(row)
}

fn list_capabilities(_: &Workspace, request: &Request<'_>) -> Answer {
    user_id(&request.body)?;
    check(&request.body)?;
    let mut all: Vec<Value> = PROCEDURES
        .iter()
        .filter(|(.., is_live, _)| *is_live)
        .map(|(id, name, description, ..)| {
            json!({
                "type": "procedure", "id": id, "name": name, "description": description,
                "endpoint": format!("/fin/procedures/{id}/run"), "method": "POST",
            })
        })
        .collect();
    for (kind, description) in [
        ("reply", "Answers in a conversation with Fin."),
        ("ask", "Asks Fin one question of its own."),
    ] {
        all.push(json!({
            "type": kind, "description": description, "endpoint": format!("/fin/{kind}"), "method": "POST",
        }));
    }
    Ok(Reply::json(
        &json!({ "version": request.version.as_str(), "capabilities": all }),
    ))
}

fn run_procedure(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let asked = request.parameter("procedure_id");
    let (id, name, _, is_live, waits) = PROCEDURES
        .iter()
        .find(|(id, ..)| *id == asked)
        .ok_or_else(|| invalid("Procedure not found"))?;
    if !is_live {
        return Err(invalid("Procedure is not live"));
    }
    let mut shown = begin(workspace, request)?;
    shown["procedure_id"] = json!(id);
    if *waits {
        let row = open(workspace, request)?;
        let seed = workspace.seed;
        let asked = ASKED.iter().zip(0_u64..).map(|((name, data_type), place)| {
            let variable = texts::uuid(texts::mix(seed, 132 + place, row), row);
            (format!("workflow_local_variables.{variable}"), *name, *data_type)
        });
        let step = WaitingStep {
            id: texts::uuid(texts::mix(seed, 131, row), row),
            procedure: name,
            attributes: asked.collect(),
            is_fulfilled: false,
        };
        tell_waiting(workspace, request, row, &step);
        workspace.reference.extra.waiting_steps.insert(row, step);
    }
    Ok(Reply::json(&shown))
}

/// Asks whoever listens for what a procedure waits for.
fn tell_waiting(workspace: &mut Workspace, request: &Request<'_>, row: u32, step: &WaitingStep) {
    let held = &workspace.conversations[row as usize];
    let id = held.id(&workspace.ids);
    let code = &workspace.id_code;
    let view = request.view(workspace);
    let spoken = (0..held.parts.len())
        .map(|index| presenter::value(&presenter::parts::of_conversation(view, held, index)));
    let mut recent: Vec<Value> = spoken.filter(|part| part["part_type"] != "note").collect();
    recent.drain(..recent.len().saturating_sub(5));
    let recent: Vec<Value> = recent
        .iter()
        .map(|part| {
            json!({
                "type": part["type"], "id": part["id"], "part_type": part["part_type"], "body": part["body"],
                "created_at": part["created_at"], "author": part["author"],
            })
        })
        .collect();
    let asked = step.attributes.iter().map(|(identifier, name, data_type)| {
        object([
            ("type", "data_attribute".into()),
            ("identifier", identifier.as_str().into()),
            ("name", (*name).into()),
            ("label", (*name).into()),
            ("data_type", (*data_type).into()),
        ])
    });
    let asked: Vec<Node> = asked.collect();
    let item = object([
        ("type", "procedure.hitl_notification".into()),
        ("app_id", code.as_str().into()),
        ("conversation_id", id.as_str().into()),
        ("step_id", step.id.as_str().into()),
        ("procedure_name", step.procedure.into()),
        ("hitl_question", "Should this be paid back?".into()),
        ("attributes_to_collect", asked.into()),
        (
            "callback_url",
            format!("{}/procedures/{id}/collect_agent_input", request.base_url).into(),
        ),
        ("expires_at", Node::Null),
        ("priority", "not_priority".into()),
        ("assign_to", Node::Null),
        (
            "conversation_url",
            format!("https://app.intercom.com/a/inbox/{code}/inbox/shared/all/conversation/{id}").into(),
        ),
        ("recent_messages", Node::of(&recent)),
    ]);
    workspace.happened(
        Topic::ProcedureHitlNotificationCreated,
        Subject::Ready(item),
        request.now,
    );
}

/// What is held of the conversations that outside systems have with Fin, which no call of the API shows.
pub(crate) fn conversations(workspace: &Workspace) -> Vec<Value> {
    let held = workspace.reference.lists.fin.iter();
    let shown = held.map(|(id, held)| {
        json!({
            "conversation_id": id,
            "user_id": held.user_id,
            "asked_at": held.asked_at,
            "escalated": held.escalated,
            "rating": held.rating,
            "has_remark": held.has_remark,
        })
    });
    shown.collect()
}

/// The steps that wait or waited, by the words of the webhook that asks; for whoever does not listen to webhooks.
pub(crate) fn waiting_steps(workspace: &Workspace) -> Vec<Value> {
    let steps = workspace.reference.extra.waiting_steps.iter();
    let shown = steps.map(|(row, step)| {
        let asked = step.attributes.iter().map(|(identifier, name, data_type)| {
            json!({ "identifier": identifier, "name": name, "data_type": data_type })
        });
        json!({
            "conversation_id": workspace.ids.conversation(*row),
            "step_id": step.id,
            "procedure_name": step.procedure,
            "attributes_to_collect": asked.collect::<Vec<Value>>(),
            "fulfilled": step.is_fulfilled,
        })
    });
    shown.collect()
}

/// Gives a procedure what it waits for: a value for everything that it asked for, in the step that the webhook named.
fn collect_agent_input(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation(workspace, request.parameter("conversation_id"))
        .map_err(|_| records::resource_unknown())?;
    let wanted = request.required("step_id")?;
    let waiting = workspace
        .reference
        .extra
        .waiting_steps
        .get_mut(&row)
        .filter(|step| step.id == wanted)
        .ok_or_else(records::resource_unknown)?;
    if waiting.is_fulfilled {
        return Err(Refusal::new(
            409,
            "conflict",
            "This HITL request has already been fulfilled",
        ));
    }
    let sent = request.body["attribute_values"].as_array();
    let sent = sent.map_or(&[][..], Vec::as_slice);
    for (identifier, name, data_type) in &waiting.attributes {
        let value = sent
            .iter()
            .find(|value| value["identifier"] == identifier.as_str());
        let value = value
            .map(|value| &value["value"])
            .filter(|value| !value.is_null());
        let value =
            value.ok_or_else(|| invalid(&format!("attribute_values needs a value for {identifier}")))?;
        let attribute = json!({ "name": name, "data_type": data_type });
        attribute_values::value("Procedure", &attribute, value)?;
    }
    waiting.is_fulfilled = true;
    workspace.changed();
    Ok(Reply::json(&json!({})))
}
