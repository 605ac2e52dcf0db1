//! What changes a conversation: beginning, replying, assigning, closing, redacting, merging, deleting (facts 6.4).
//!
//! The one rule: every change ends in `touch_conversation`. Reading is in `conversation_reads.rs`.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, attribute_values, common, contacts};
use crate::{
    errors::Refusal,
    files::File,
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::topic::Topic,
    workspace::{
        Workspace,
        conversation::{Assignee, Author, Conversation, Part, PartKind, State, Text},
        reference,
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("conversations.create", Handler::Write(create)),
    ("conversations.update", Handler::Write(update)),
    ("conversations.delete", Handler::Write(delete)),
    ("conversations.reply", Handler::Write(reply)),
    ("conversations.manage", Handler::Write(manage)),
    ("conversations.attach_contact", Handler::Write(attach_contact)),
    ("conversations.detach_contact", Handler::Write(detach_contact)),
    ("conversations.redact", Handler::Write(redact)),
    ("conversations.update_part", Handler::Write(update_part)),
    ("conversations.merge", Handler::Write(merge)),
    (
        "conversations.run_assignment_rules",
        Handler::Write(run_assignment_rules),
    ),
    (
        "conversations.list_handling_events",
        Handler::Read(list_handling_events),
    ),
];

/// The whole conversation, as most of these operations answer.
pub(super) fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Answer {
    let conversation = &workspace.conversations[row as usize];
    Ok(Reply::json(&presenter::conversations::whole(
        request.view(workspace),
        conversation,
    )))
}

fn at(workspace: &mut Workspace, row: u32) -> &mut Conversation {
    &mut workspace.conversations[row as usize]
}

/// Adds a part to a conversation that was in this state before.
fn add(workspace: &mut Workspace, row: u32, was: State, now: i64, part: Part) {
    at(workspace, row).parts.push(part);
    workspace.touch_conversation(row, now);
    workspace.tell_part(row, was, now);
}

fn written(text: Option<String>) -> Text {
    text.filter(|text| !text.is_empty())
        .map_or(Text::None, |text| Text::Written(common::html(&text).into()))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let from = &request.body["from"];
    if !matches!(from["type"].as_str(), Some("user" | "lead" | "contact")) {
        return Err(Refusal::invalid("from.type must be user, lead or contact"));
    }
    let body = request.required("body")?;
    // The moment can be given since 2.11.
    let created_at = match request.version {
        version if version < Version::V2_11 => request.now,
        _ => common::created_at(request)?,
    };
    let files = common::files(request)?;
    let contact = contacts::find_or_convert(workspace, request, from)?;
    let row = common::begin(
        workspace,
        contact,
        created_at,
        request.now,
        common::paragraph(&body),
    );
    let files = common::keep(workspace, files);
    let conversation = at(workspace, row);
    conversation.files = files;
    conversation.title = as_text(&request.body["subject"]);
    let id = workspace.ids.conversation(row);
    workspace.tell_beginning(row, request.now);
    Ok(Reply::json(&json!({
        "type": "user_message",
        "id": workspace.ids.message(row),
        "created_at": created_at,
        "body": body,
        "message_type": "inapp",
        "conversation_id": id,
    })))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let body = &request.body;
    common::short(body, &[])?;
    let attributes = attribute_values::of_conversation(workspace, body)?;
    let company_before = workspace
        .reference
        .extra
        .company_of_conversation
        .get(&row)
        .copied();
    // A conversation can be given a company since 2.14.
    let company = body
        .get("company_id")
        .filter(|_| request.version >= Version::V2_14);
    match company {
        None => {}
        Some(Value::Null) => {
            workspace.reference.extra.company_of_conversation.remove(&row);
        }
        Some(id) => {
            let company = common::company(workspace, &as_text(id).unwrap_or_default())?;
            workspace
                .reference
                .extra
                .company_of_conversation
                .insert(row, company);
        }
    }
    let conversation = at(workspace, row);
    let was_read = conversation.read;
    if let Some(read) = body["read"].as_bool() {
        conversation.read = read;
    }
    if let Some(title) = body.get("title") {
        conversation.title = as_text(title);
    }
    if !attributes.is_empty() {
        conversation.attributes.get_or_insert_default().extend(attributes);
    }
    let is_read = conversation.read;
    workspace.touch_conversation(row, request.now);
    if is_read && !was_read {
        workspace.tell_read(row, request.now);
    }
    if workspace
        .reference
        .extra
        .company_of_conversation
        .get(&row)
        .copied()
        != company_before
    {
        workspace.tell_conversation(Topic::ConversationCompanyUpdated, row, request.now);
    }
    shown(workspace, request, row)
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let id = workspace.ids.conversation(row);
    remove(workspace, row, request.now);
    Ok(Reply::json(
        &json!({ "id": id, "object": "conversation", "deleted": true }),
    ))
}

/// Takes a conversation away for good; `conversations.list_deleted` remembers it.
pub(crate) fn remove(workspace: &mut Workspace, row: u32, now: i64) {
    at(workspace, row).deleted = true;
    workspace.touch_conversation(row, now);
    workspace.deleted_conversations.push((row, now));
    workspace.tell_conversation(Topic::ConversationDeleted, row, now);
}

fn reply(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let created_at = common::created_at(request)?;
    let kind = request.required("message_type")?;
    let files = common::files(request)?;
    let body = request.text("body").filter(|body| !body.is_empty());
    if body.is_none() && files.is_empty() && kind != "quick_reply" {
        return Err(Refusal::invalid("body is required"));
    }
    match request.required("type")?.as_str() {
        "admin" => {
            let row = target(workspace, request, None)?;
            let admin = common::admin(workspace, &request.required("admin_id")?)?;
            reply_as_admin(workspace, request, row, (admin, &kind, created_at), files)?;
            shown(workspace, request, row)
        }
        "user" => {
            // The text of a quick reply is that of the option that was chosen.
            let (part_kind, body) = match kind.as_str() {
                "comment" => (PartKind::Comment, body),
                "quick_reply" => (
                    PartKind::QuickReply,
                    body.or_else(|| as_text(&request.body["reply_options"][0]["text"])),
                ),
                _ => {
                    return Err(Refusal::invalid(
                        "contacts can only write comments and quick replies",
                    ));
                }
            };
            let contact = common::person(workspace, request, &request.body)?;
            let row = target(workspace, request, Some(contact))?;
            let conversation = at(workspace, row);
            if !conversation.contacts.contains(&contact) {
                conversation.contacts.push(contact);
            }
            let was = std::mem::replace(&mut conversation.state, State::Open);
            conversation.snoozed_until = None;
            conversation.read = false;
            let files = common::keep(workspace, files);
            let comment = Part::new(part_kind, Author::Contact(contact), created_at, written(body));
            add(workspace, row, was, request.now, Part { files, ..comment });
            shown(workspace, request, row)
        }
        other => Err(Refusal::invalid(format!("type cannot be {other}"))),
    }
}

/// The conversation of the path, where `last` is the newest one of the contact.
fn target(workspace: &Workspace, request: &Request<'_>, contact: Option<u32>) -> Result<u32, Refusal> {
    match (
        request.parameter("id"),
        request.parameter("conversation_id"),
        contact,
    ) {
        ("last", _, Some(contact)) | (_, "last", Some(contact)) => workspace
            .conversations
            .iter()
            .filter(|conversation| !conversation.deleted && conversation.contacts.contains(&contact))
            .max_by_key(|conversation| (conversation.updated_at, conversation.row))
            .map(|conversation| conversation.row)
            .ok_or_else(|| Refusal::new(404, "not_found", "Conversation not found")),
        _ => common::conversation_of_path(workspace, request),
    }
}

/// A comment opens a closed conversation and takes an unassigned one; the part that does so carries the text.
fn reply_as_admin(
    workspace: &mut Workspace,
    request: &Request<'_>,
    row: u32,
    (admin, message, created_at): (u16, &str, i64),
    files: Vec<File>,
) -> Result<(), Refusal> {
    let conversation = at(workspace, row);
    let was = conversation.state;
    let kind = match message {
        "note" => PartKind::Note,
        "quick_reply" => PartKind::QuickReply,
        "comment" if conversation.state == State::Closed => {
            conversation.state = State::Open;
            PartKind::Open
        }
        "comment" if conversation.admin == 0 && conversation.team == 0 => {
            conversation.admin = admin + 1;
            PartKind::Assignment(Assignee::Admin(admin))
        }
        "comment" => PartKind::Comment,
        other => return Err(Refusal::invalid(format!("message_type cannot be {other}"))),
    };
    let made = Part::new(
        kind,
        Author::Admin(admin),
        created_at,
        written(request.text("body")),
    );
    let files = common::keep(workspace, files);
    add(workspace, row, was, request.now, Part { files, ..made });
    Ok(())
}

fn manage(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let admin = common::admin(workspace, &request.required("admin_id")?)?;
    let text = written(request.text("body"));
    let author = Author::Admin(admin);
    let was = at(workspace, row).state;
    let made = match request.required("message_type")?.as_str() {
        "close" => {
            let conversation = at(workspace, row);
            conversation.state = State::Closed;
            conversation.snoozed_until = None;
            Part::new(PartKind::Close, author, request.now, text)
        }
        "open" => {
            let conversation = at(workspace, row);
            conversation.state = State::Open;
            conversation.snoozed_until = None;
            Part::new(PartKind::Open, author, request.now, text)
        }
        "snoozed" => {
            let until = request.body["snoozed_until"]
                .as_i64()
                .ok_or_else(|| Refusal::missing("snoozed_until"))?;
            if until <= request.now {
                return Err(Refusal::invalid("snoozed_until must be in the future"));
            }
            let conversation = at(workspace, row);
            conversation.state = State::Snoozed;
            conversation.snoozed_until = Some(until);
            Part::new(PartKind::Snoozed, author, request.now, text)
        }
        "assignment" => {
            let assignee = assign(workspace, request, row)?;
            Part::new(PartKind::Assignment(assignee), author, request.now, text)
        }
        other => return Err(Refusal::invalid(format!("message_type cannot be {other}"))),
    };
    add(workspace, row, was, request.now, made);
    shown(workspace, request, row)
}

fn assign(workspace: &mut Workspace, request: &Request<'_>, row: u32) -> Result<Assignee, Refusal> {
    let assignee = request.required("assignee_id")?;
    let unknown = |_| Refusal::new(404, "assignee_not_found", "Assignee not found");
    match (request.required("type")?.as_str(), assignee.as_str()) {
        ("admin", "0") => {
            at(workspace, row).admin = 0;
            Ok(Assignee::Nobody)
        }
        ("team", "0") => {
            at(workspace, row).team = 0;
            Ok(Assignee::Nobody)
        }
        ("admin", id) => {
            let number = common::admin(workspace, id).map_err(unknown)?;
            at(workspace, row).admin = number + 1;
            Ok(Assignee::Admin(number))
        }
        ("team", id) => {
            let number = common::team(workspace, id).map_err(unknown)?;
            at(workspace, row).team = number + 1;
            Ok(Assignee::Team(number))
        }
        (other, _) => Err(Refusal::invalid(format!("type cannot be {other}"))),
    }
}

/// The people of a conversation in the old and the new shape, as attaching and detaching answer.
fn with_customers(workspace: &Workspace, request: &Request<'_>, row: u32) -> Reply {
    let conversation = &workspace.conversations[row as usize];
    let mut fields = presenter::value(&presenter::conversations::whole(
        request.view(workspace),
        conversation,
    ));
    let customers: Vec<Value> = conversation
        .contacts
        .iter()
        .map(|row| {
            let kind = if workspace.contacts[*row as usize].is_lead {
                "lead"
            } else {
                "user"
            };
            json!({ "type": kind, "id": workspace.ids.contact(*row) })
        })
        .collect();
    fields["customers"] = Value::Array(customers);
    Reply::json(&fields)
}

fn attach_contact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    common::acting_admin(workspace, request)?;
    let customer = &request.body["customer"];
    let contact = match common::person(workspace, request, customer) {
        Ok(contact) => contact,
        Err(refusal) => {
            // An unknown address is a new lead; an unknown id is a mistake.
            let named = ["intercom_user_id", "id", "user_id"]
                .iter()
                .any(|field| !customer[*field].is_null());
            let email = customer["email"]
                .as_str()
                .filter(|_| !named)
                .ok_or(refusal)?
                .to_owned();
            let lead = contacts::add(workspace, request.now, true);
            workspace.contacts[lead as usize].write("email", json!(email));
            workspace.touch_contact(lead, request.now);
            workspace.tell_contact_created(lead, request.now);
            lead
        }
    };
    let conversation = at(workspace, row);
    if !conversation.contacts.contains(&contact) {
        conversation.contacts.push(contact);
        workspace.touch_conversation(row, request.now);
        workspace.tell_conversation_contact(row, contact, true, request.now);
    }
    Ok(with_customers(workspace, request, row))
}

fn detach_contact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    common::acting_admin(workspace, request)?;
    let contact = contacts::find(workspace, request, request.parameter("contact_id"))?;
    let conversation = at(workspace, row);
    if !conversation.contacts.contains(&contact) {
        return Err(Refusal::not_found("User"));
    }
    if conversation.contacts.len() == 1 {
        return Err(Refusal::new(
            422,
            "parameter_invalid",
            "Removing the last customer is not allowed",
        ));
    }
    conversation.contacts.retain(|held| *held != contact);
    workspace.touch_conversation(row, request.now);
    workspace.tell_conversation_contact(row, contact, false, request.now);
    Ok(with_customers(workspace, request, row))
}

fn redact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let unknown = || {
        Refusal::new(
            404,
            "conversation_part_or_message_not_found",
            "Conversation part or message not found",
        )
    };
    let row =
        common::conversation(workspace, &request.required("conversation_id")?).map_err(|_| unknown())?;
    match request.required("type")?.as_str() {
        "conversation_part" => {
            let id = request.required("conversation_part_id")?;
            let conversation = &workspace.conversations[row as usize];
            let index = (0..conversation.parts.len())
                .find(|index| conversation.part_id(&workspace.ids, *index) == id)
                .ok_or_else(unknown)?;
            let part = &mut at(workspace, row).parts[index];
            if part.text == Text::None {
                return Err(Refusal::new(
                    400,
                    "conversation_part_not_redactable",
                    "The part has no body",
                ));
            }
            part.redacted = true;
            workspace.tell_redaction(row, index, request.now);
        }
        "source" => {
            if request.required("source_id")?
                != workspace.conversations[row as usize].message_id(&workspace.ids)
            {
                return Err(unknown());
            }
            at(workspace, row).redacted = true;
        }
        other => return Err(Refusal::invalid(format!("type cannot be {other}"))),
    }
    workspace.touch_conversation(row, request.now);
    shown(workspace, request, row)
}

/// Marks a part as seen or tells what became of it elsewhere; neither shows in the part that is simulated.
fn update_part(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let unknown = || Refusal::not_found("Resource");
    let row = common::conversation(workspace, request.parameter("conversation_id")).map_err(|_| unknown())?;
    let id = request.parameter("id");
    let conversation = &workspace.conversations[row as usize];
    let index = (0..conversation.parts.len())
        .find(|index| conversation.part_id(&workspace.ids, *index) == id)
        .ok_or_else(unknown)?;
    if request.body["seen"] == true {
        let was_read = std::mem::replace(&mut at(workspace, row).read, true);
        workspace.touch_conversation(row, request.now);
        if !was_read {
            workspace.tell_read(row, request.now);
        }
    }
    let view = request.view(workspace);
    Ok(Reply::json(&presenter::parts::of_conversation(
        view,
        &workspace.conversations[row as usize],
        index,
    )))
}

fn merge(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let secondary = common::conversation_of_path(workspace, request)?;
    let failed = |message: &str| Refusal::new(422, "merge_failed", message);
    let into = request.body["merge_into_conversation_id"]
        .as_u64()
        .or_else(|| request.body["merge_into_conversation_id"].as_str()?.parse().ok())
        .ok_or_else(|| {
            Refusal::invalid("merge_into_conversation_id must be a valid integer conversation ID")
        })?;
    let primary = common::conversation(workspace, &into.to_string())
        .map_err(|_| failed("Primary conversation not found"))?;
    if primary == secondary {
        return Err(failed("Cannot merge a conversation into itself"));
    }
    if workspace
        .reference
        .extra
        .merged_conversations
        .contains_key(&secondary)
    {
        return Err(failed("Secondary conversation has already been merged"));
    }
    workspace
        .reference
        .extra
        .merged_conversations
        .insert(secondary, primary);
    let was = std::mem::replace(&mut at(workspace, secondary).state, State::Closed);
    add(
        workspace,
        secondary,
        was,
        request.now,
        Part::new(PartKind::Close, Author::Admin(0), request.now, Text::None),
    );
    let was = at(workspace, primary).state;
    add(
        workspace,
        primary,
        was,
        request.now,
        Part::new(PartKind::MergedPrimary, Author::Bot, request.now, Text::None),
    );
    shown(workspace, request, primary)
}

fn run_assignment_rules(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let teams = workspace.reference.teams.len() as u32;
    let conversation = at(workspace, row);
    let team = (row % teams.max(1)) as u16;
    conversation.team = team + 1;
    let was = conversation.state;
    let kind = PartKind::Assignment(Assignee::Team(team));
    add(
        workspace,
        row,
        was,
        request.now,
        Part::new(kind, Author::Bot, request.now, Text::None),
    );
    shown(workspace, request, row)
}

fn list_handling_events(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let events = handling_events(workspace, &workspace.conversations[row as usize]);
    Ok(Reply::json(&json!({ "handling_events": events })))
}

/// When teammates worked on a conversation, oldest first.
pub(crate) fn handling_events(workspace: &Workspace, conversation: &Conversation) -> Vec<Value> {
    conversation
        .parts
        .iter()
        .filter_map(|part| {
            let (Author::Admin(number), PartKind::Snoozed | PartKind::Open) = (part.author, part.kind) else {
                return None;
            };
            let admin = &workspace.reference.admins[usize::from(number)];
            let is_paused = part.kind == PartKind::Snoozed;
            Some(json!({
                "teammate": { "type": "admin", "id": workspace.ids.admin(number), "name": admin["name"], "email": admin["email"] },
                "type": if is_paused { "paused" } else { "resumed" },
                "timestamp": reference::iso(part.at),
                "reason": is_paused.then_some("Paused"),
            }))
        })
        .collect()
}
