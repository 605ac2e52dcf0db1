//! What changes a ticket: creating, updating, replying, linking, changing its type, deleting (facts 6.6).
//!
//! The one rule: every change ends in `touch_ticket`. Reading is in `ticket_reads.rs`.

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{Handler, attribute_values, common, contacts, conversations};
use crate::{
    errors::Refusal,
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{
        Workspace,
        conversation::{Assignee, Author, Part, PartKind, Text},
        reference,
        ticket::Ticket,
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("tickets.create", Handler::Write(create)),
    ("tickets.enqueue", Handler::Write(enqueue)),
    ("tickets.update", Handler::Write(update)),
    ("tickets.delete", Handler::Write(delete)),
    ("tickets.reply", Handler::Write(reply)),
    ("tickets.change_type", Handler::Write(change_type)),
    ("tickets.link_conversation", Handler::Write(link)),
    ("tickets.unlink_conversation", Handler::Write(unlink)),
    ("conversations.convert_to_ticket", Handler::Write(convert)),
    ("jobs.get", Handler::Read(job)),
];

/// The most conversations that one tracker holds.
const MOST_LINKS: usize = 2_500;

fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Answer {
    Ok(Reply::json(&presenter::tickets::view(
        request.view(workspace),
        &workspace.tickets[row as usize],
    )))
}

/// The ticket that the path names, for the operations that refuse an unknown one in the general words.
fn named_plainly(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    common::ticket_of_path(workspace, request).map_err(|_| Refusal::not_found("Resource"))
}

fn at(workspace: &mut Workspace, row: u32) -> &mut Ticket {
    &mut workspace.tickets[row as usize]
}

fn add(workspace: &mut Workspace, row: u32, now: i64, part: Part) {
    at(workspace, row).parts.push(part);
    workspace.touch_ticket(row, now);
}

/// What a ticket is before a change, as far as it has to be told: its parts and whether it is open.
fn before(workspace: &Workspace, row: u32) -> (usize, bool) {
    let ticket = &workspace.tickets[row as usize];
    (ticket.parts.len(), ticket.open)
}

fn category(workspace: &Workspace, ticket_type: u16) -> &str {
    workspace.reference.ticket_types[usize::from(ticket_type)]["category"]
        .as_str()
        .unwrap_or_default()
}

/// The number of the ticket type with this id, unless it was archived.
fn ticket_type(workspace: &Workspace, id: &str) -> Result<u16, Refusal> {
    reference::position(&workspace.reference.ticket_types, id)
        .filter(|place| workspace.reference.ticket_types[*place]["archived"] != true)
        .map(|place| place as u16)
        .ok_or_else(|| Refusal::new(404, "not_found", "Ticket type not found"))
}

/// The number of the ticket state with this id.
fn ticket_state(workspace: &Workspace, id: &str) -> Result<u16, Refusal> {
    reference::position(&workspace.reference.ticket_states, id)
        .filter(|place| workspace.reference.ticket_states[*place]["archived"] != true)
        .map(|place| place as u16)
        .ok_or_else(|| {
            Refusal::new(
                400,
                "ticket_state_id_invalid",
                "Ticket state id is not valid or is not associated with the ticket type",
            )
        })
}

/// The attributes that a body sends, if the ticket type has them all.
fn checked(
    workspace: &Workspace,
    ticket_type: u16,
    sent: Option<&Map<String, Value>>,
    complete: bool,
) -> Result<Map<String, Value>, Refusal> {
    let sent = sent.cloned().unwrap_or_default();
    let known: Vec<&Value> =
        workspace.reference.ticket_types[usize::from(ticket_type)]["ticket_type_attributes"]["data"]
            .as_array()
            .map(|all| {
                all.iter()
                    .filter(|attribute| attribute["archived"] != true)
                    .collect()
            })
            .unwrap_or_default();
    let extra: Vec<&str> = sent
        .keys()
        .filter(|name| !known.iter().any(|attribute| attribute["name"] == name.as_str()))
        .map(String::as_str)
        .collect();
    if !extra.is_empty() {
        let names = extra.join(", ");
        return Err(Refusal::invalid(format!(
            "Extra attributes provided that are not found on ticket type: {names}"
        )));
    }
    let is_missing = |attribute: &&&Value| {
        attribute["required_to_create"] == true
            && attribute["default"] != true
            && attribute["name"]
                .as_str()
                .is_none_or(|name| !sent.contains_key(name))
    };
    if complete && known.iter().any(|attribute| is_missing(&attribute)) {
        return Err(Refusal::invalid("Missing required ticket attributes"));
    }
    let mut kept = Map::new();
    for (name, value) in sent {
        let attribute = known.iter().find(|attribute| attribute["name"] == name.as_str());
        let value = match attribute {
            Some(attribute) => attribute_values::value("Ticket", attribute, &value)?,
            None => value,
        };
        kept.insert(name, value);
    }
    Ok(kept)
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = make(workspace, request)?;
    shown(workspace, request, row)
}

/// The part that a new ticket begins with: the platform's word on its state.
fn first_part(state: u16, at: i64) -> Part {
    let kind = PartKind::TicketState {
        from: state,
        to: state,
    };
    Part::new(kind, Author::Bot, at, Text::None)
}

fn make(workspace: &mut Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    let body = &request.body;
    let kind = request.text("ticket_type_id").ok_or_else(|| {
        Refusal::new(
            400,
            "parameter_not_found",
            "ticket_type_id is a required parameter",
        )
    })?;
    let kind = ticket_type(workspace, &kind)?;
    let attributes = checked(workspace, kind, body["ticket_attributes"].as_object(), true)?;
    let named = body["contacts"]
        .as_array()
        .filter(|all| !all.is_empty())
        .ok_or_else(|| Refusal::missing("contacts"))?;
    // A new ticket can be assigned and linked since 2.14.
    let is_recent = request.version >= Version::V2_14;
    let linked = match request.text("conversation_to_link_id").filter(|_| is_recent) {
        Some(id) => Some(common::conversation(workspace, &id)?),
        None => None,
    };
    let company = match request.text("company_id") {
        Some(id) => Some(common::company(workspace, &id)?),
        None => None,
    };
    let assignment = if is_recent {
        &body["assignment"]
    } else {
        &Value::Null
    };
    let admin = assignee(
        workspace,
        as_text(&assignment["admin_assignee_id"]).as_deref(),
        common::admin,
    )?;
    let team = assignee(
        workspace,
        as_text(&assignment["team_assignee_id"]).as_deref(),
        common::team,
    )?;
    let created_at = common::created_at(request)?;
    // Everybody is looked for before anybody is made, so that a refused ticket leaves no lead behind.
    let found: Vec<Named> = named
        .iter()
        .map(|contact| person(workspace, request, contact))
        .collect::<Result<_, _>>()?;
    let mut people = Vec::with_capacity(found.len());
    for named in found {
        let row = match named {
            Named::Known(row) => row,
            Named::New(email) => lead(workspace, &email, request.now),
        };
        if !people.contains(&row) {
            people.push(row);
        }
    }
    let row = workspace.tickets.len() as u32;
    workspace.tickets.push(Ticket {
        row,
        conversation: None,
        created_at,
        updated_at: request.now,
        deleted: false,
        ticket_type: kind,
        state: 0,
        contacts: people,
        admin: admin.unwrap_or(0),
        team: team.unwrap_or(0),
        open: true,
        is_shared: category(workspace, kind) == "Customer",
        snoozed_until: None,
        parts: vec![first_part(0, created_at)],
        tags: Vec::new(),
        attributes: Some(Box::new(attributes)),
        generated: false,
        kept: None,
    });
    if let Some(conversation) = linked {
        workspace
            .reference
            .extra
            .links
            .entry(row)
            .or_default()
            .push(conversation);
    }
    if let Some(company) = company {
        workspace.reference.extra.company_of_ticket.insert(row, company);
    }
    workspace.touch_ticket(row, request.now);
    workspace.happened(Topic::TicketCreated, Subject::Ticket(row), request.now);
    Ok(row)
}

/// A contact that a ticket is made for.
enum Named {
    Known(u32),
    /// An unknown address, which becomes a lead.
    New(String),
}

fn person(workspace: &Workspace, request: &Request<'_>, named: &Value) -> Result<Named, Refusal> {
    match (common::person(workspace, request, named), named["email"].as_str()) {
        (Err(refusal), Some(email))
            if refusal.status == 404 && named["id"].is_null() && named["external_id"].is_null() =>
        {
            if !email.contains('@') {
                return Err(Refusal::invalid("email is not an address"));
            }
            Ok(Named::New(email.to_owned()))
        }
        (found, _) => found.map(Named::Known),
    }
}

/// The lead with a new address; the same one when a ticket names the address twice.
fn lead(workspace: &mut Workspace, email: &str, now: i64) -> u32 {
    if let Ok(row) = common::by_email(workspace, email) {
        return row;
    }
    let lead = contacts::add(workspace, now, true);
    workspace.contacts[lead as usize].write("email", json!(email));
    workspace.touch_contact(lead, now);
    workspace.tell_contact_created(lead, now);
    lead
}

/// The number plus one of an assignee; 0 for nobody, nothing when none was named.
fn assignee(
    workspace: &Workspace,
    id: Option<&str>,
    find: fn(&Workspace, &str) -> Result<u16, Refusal>,
) -> Result<Option<u16>, Refusal> {
    match id {
        None => Ok(None),
        Some("0") => Ok(Some(0)),
        Some(id) => {
            let number = find(workspace, id)
                .map_err(|_| Refusal::new(404, "assignee_not_found", "Assignee not found"))?;
            Ok(Some(number + 1))
        }
    }
}

fn enqueue(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = make(workspace, request)?;
    let ticket = workspace.tickets[row as usize].id(&workspace.ids);
    let number = workspace.reference.extra.jobs.len() + 1;
    let url = format!("{}/jobs/status/{number}", request.base_url);
    workspace.reference.extra.jobs.push(json!({
        "type": "job",
        "id": number.to_string(),
        "status": "success",
        "url": url,
        "resource_type": "ticket",
        "resource_id": ticket,
        "resource_url": format!("{}/tickets/{ticket}", request.base_url),
    }));
    if let Some(job) = workspace.reference.extra.jobs.last().cloned() {
        workspace.tell_shown(Topic::JobCompleted, &job, request.now);
    }
    // The answer never knows yet what became of the job.
    Ok(Reply::json(&json!({
        "type": "job",
        "id": number.to_string(),
        "status": "pending",
        "url": url,
        "resource_type": "ticket",
        "resource_id": Value::Null,
        "resource_url": Value::Null,
    })))
}

fn job(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("job_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::find(&workspace.reference.extra.jobs, id)
        .map(Reply::json)
        .ok_or_else(|| Refusal::new(404, "job_not_found", "Job Not Found"))
}

/// Gives an attribute of a ticket another value, which a part tells with the value before.
fn change_attribute(
    workspace: &mut Workspace,
    row: u32,
    (name, value): (String, Value),
    author: Author,
    now: i64,
) {
    let kind = usize::from(workspace.tickets[row as usize].ticket_type);
    let known = workspace.reference.ticket_types[kind]["ticket_type_attributes"]["data"].as_array();
    let attribute = known.and_then(|all| all.iter().find(|attribute| attribute["name"] == name.as_str()));
    let id = attribute.map_or(Value::Null, |attribute| attribute["id"].clone());
    let text = |value: &Value| match value {
        Value::Null => json!(""),
        Value::Array(_) | Value::String(_) => value.clone(),
        other => json!(other.to_string()),
    };
    let previous = presenter::tickets::attributes(&workspace.tickets[row as usize])
        .remove(&name)
        .unwrap_or_default();
    let data = json!({
        "attribute": { "type": "attribute", "id": id, "label": name },
        "value": { "type": "value", "id": text(&value), "label": text(&value), "previous": text(&previous) },
    });
    let ticket = at(workspace, row);
    ticket.attributes.get_or_insert_default().insert(name, value);
    let index = ticket.parts.len() as u32;
    ticket
        .parts
        .push(Part::new(PartKind::TicketAttribute, author, now, Text::None));
    workspace
        .reference
        .extra
        .attribute_changes
        .insert((row, index), data);
}

/// The state that an update asks for: an id since 2.12, a word before.
fn asked_state(workspace: &Workspace, request: &Request<'_>) -> Result<Option<u16>, Refusal> {
    if request.version >= Version::V2_12 {
        return request
            .text("ticket_state_id")
            .map(|id| ticket_state(workspace, &id))
            .transpose();
    }
    let Some(word) = request.body["state"].as_str() else {
        return Ok(None);
    };
    workspace
        .reference
        .ticket_states
        .iter()
        .position(|state| state["category"] == word)
        .map(|place| Some(place as u16))
        .ok_or_else(|| {
            Refusal::invalid("state must be one of submitted, in_progress, waiting_on_customer, resolved")
        })
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::ticket_of_path(workspace, request)?;
    let body = &request.body;
    let kind = workspace.tickets[row as usize].ticket_type;
    let attributes = checked(workspace, kind, body["ticket_attributes"].as_object(), false)?;
    let state = asked_state(workspace, request)?;
    let (actor, named) = if request.version >= Version::V2_14 {
        (as_text(&body["admin_id"]), as_text(&body["assignee_id"]))
    } else {
        (
            as_text(&body["assignment"]["admin_id"]),
            as_text(&body["assignment"]["assignee_id"]),
        )
    };
    let actor = actor.map(|id| common::admin(workspace, &id)).transpose()?;
    let author = actor.map_or(Author::Bot, Author::Admin);
    let admin = assignee(workspace, named.as_deref(), common::admin);
    let team = assignee(workspace, named.as_deref(), common::team);
    let company = match body.get("company_id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(common::company(workspace, &as_text(id).unwrap_or_default())?),
    };
    let (first, was_open) = before(workspace, row);
    match (named, admin, team) {
        (None, ..) => {}
        (Some(_), Ok(Some(number)), _) => {
            at(workspace, row).admin = number;
            let kind = PartKind::Assignment(number.checked_sub(1).map_or(Assignee::Nobody, Assignee::Admin));
            add(
                workspace,
                row,
                request.now,
                Part::new(kind, author, request.now, Text::None),
            );
        }
        (Some(_), Err(_), Ok(Some(number))) => {
            at(workspace, row).team = number;
            let kind = PartKind::Assignment(number.checked_sub(1).map_or(Assignee::Nobody, Assignee::Team));
            add(
                workspace,
                row,
                request.now,
                Part::new(kind, author, request.now, Text::None),
            );
        }
        (Some(_), Err(refusal), _) => return Err(refusal),
        (Some(_), Ok(None), _) => {}
    }
    if let Some(company) = company {
        workspace.reference.extra.company_of_ticket.insert(row, company);
    }
    if let Some(state) = state.filter(|state| *state != workspace.tickets[row as usize].state) {
        at(workspace, row).change_state(state, author, request.now);
    }
    for (name, value) in attributes {
        change_attribute(workspace, row, (name, value), author, request.now);
    }
    let ticket = at(workspace, row);
    if let Some(open) = body["open"].as_bool() {
        ticket.open = open;
    }
    if let Some(is_shared) = body["is_shared"].as_bool() {
        ticket.is_shared = is_shared;
    }
    if let Some(until) = body["snoozed_until"].as_i64() {
        ticket.snoozed_until = Some(until);
    }
    workspace.touch_ticket(row, request.now);
    workspace.tell_ticket_parts(row, first, was_open, request.now);
    shown(workspace, request, row)
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::ticket_of_path(workspace, request)?;
    at(workspace, row).deleted = true;
    let id = workspace.tickets[row as usize].id(&workspace.ids);
    workspace.touch_ticket(row, request.now);
    Ok(Reply::json(
        &json!({ "id": id, "object": "ticket", "deleted": true }),
    ))
}

fn reply(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = named_plainly(workspace, request)?;
    let created_at = common::created_at(request)?;
    let message = request.required("message_type")?;
    let body = request.text("body").filter(|body| !body.is_empty());
    let files = common::files(request)?;
    if body.is_none() && files.is_empty() && message != "quick_reply" {
        return Err(Refusal::invalid("body is required"));
    }
    let text = body.map_or(Text::None, |body| Text::Written(common::html(&body).into()));
    let made = match request.required("type")?.as_str() {
        "admin" => {
            let admin = common::admin(workspace, &request.required("admin_id")?)?;
            let kind = match message.as_str() {
                "note" => PartKind::Note,
                "comment" | "quick_reply" => PartKind::Comment,
                other => return Err(Refusal::invalid(format!("message_type cannot be {other}"))),
            };
            Part::new(kind, Author::Admin(admin), created_at, text)
        }
        "user" => {
            let contact = common::person(workspace, request, &request.body)?;
            if category(workspace, workspace.tickets[row as usize].ticket_type) == "Back-office" {
                let message = "User replies are not allowed on Backoffice tickets";
                return Err(Refusal::new(400, "parameter_mismatch", message));
            }
            Part::new(PartKind::Comment, Author::Contact(contact), created_at, text)
        }
        other => return Err(Refusal::invalid(format!("type cannot be {other}"))),
    };
    let files = common::keep(workspace, files);
    let (first, was_open) = before(workspace, row);
    add(workspace, row, request.now, Part { files, ..made });
    workspace.tell_ticket_parts(row, first, was_open, request.now);
    let ticket = &workspace.tickets[row as usize];
    let view = request.view(workspace);
    Ok(Reply::json(&presenter::parts::of_ticket(
        view,
        ticket,
        ticket.parts.len() - 1,
    )))
}

fn change_type(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = named_plainly(workspace, request)?;
    let missing = |field: &str| {
        Refusal::new(
            400,
            "parameter_not_found",
            format!("{field} is a required parameter"),
        )
    };
    let asked = request
        .text("ticket_type_id")
        .ok_or_else(|| missing("ticket_type_id"))?;
    let state = request
        .text("ticket_state_id")
        .ok_or_else(|| missing("ticket_state_id"))?;
    let new = ticket_type(workspace, &asked)?;
    let old = workspace.tickets[row as usize].ticket_type;
    if new == old {
        return Err(Refusal::invalid("Cannot change to the same ticket type"));
    }
    if category(workspace, new) != category(workspace, old) {
        return Err(Refusal::invalid(
            "The new ticket type must have the same category",
        ));
    }
    let state = ticket_state(workspace, &state)
        .map_err(|_| Refusal::invalid("Ticket custom state doesn't belong to the new ticket type"))?;
    let attributes = checked(
        workspace,
        new,
        request.body["ticket_attributes"].as_object(),
        false,
    )?;
    let (first, was_open) = before(workspace, row);
    let ticket = at(workspace, row);
    ticket.ticket_type = new;
    ticket.attributes.get_or_insert_default().extend(attributes);
    ticket.change_state(state, Author::Bot, request.now);
    workspace.touch_ticket(row, request.now);
    workspace.tell_ticket_parts(row, first, was_open, request.now);
    shown(workspace, request, row)
}

/// The tracker that the path names.
fn tracker(workspace: &Workspace, request: &Request<'_>, verb: &str) -> Result<u32, Refusal> {
    let row = common::ticket_of_path(workspace, request)?;
    if category(workspace, workspace.tickets[row as usize].ticket_type) == "Tracker" {
        return Ok(row);
    }
    Err(Refusal::new(
        400,
        "invalid_ticket_type",
        format!("Only tracker tickets support {verb} conversations"),
    ))
}

fn not_linked(message: &str) -> Refusal {
    Refusal::new(404, "conversation_not_found", message)
}

fn link(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = tracker(workspace, request, "linking")?;
    let id = request
        .text("conversation_id")
        .ok_or_else(|| Refusal::new(400, "parameter_not_found", "conversation_id not specified"))?;
    let conversation =
        common::conversation(workspace, &id).map_err(|_| not_linked("Conversation not found"))?;
    let links = &workspace.reference.extra.links;
    let is_linked = |(ticket, linked): (&u32, &Vec<u32>)| {
        category(workspace, workspace.tickets[*ticket as usize].ticket_type) == "Tracker"
            && linked.contains(&conversation)
    };
    if links.iter().any(is_linked) {
        return Err(Refusal::new(
            400,
            "already_linked_to_tracker",
            "A conversation can only have one tracker ticket",
        ));
    }
    if links.get(&row).is_some_and(|linked| linked.len() >= MOST_LINKS) {
        let message = "Ticket has reached the maximum number of conversations that can be linked";
        return Err(Refusal::new(400, "linked_conversation_limit_exceeded", message));
    }
    workspace
        .reference
        .extra
        .links
        .entry(row)
        .or_default()
        .push(conversation);
    workspace.touch_ticket(row, request.now);
    workspace.touch_conversation(conversation, request.now);
    conversations::shown(workspace, request, conversation)
}

fn unlink(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = tracker(workspace, request, "unlinking")?;
    let missing = || not_linked("Conversation is not linked to this ticket");
    let conversation = workspace
        .ids
        .conversation_row(request.parameter("id"))
        .ok_or_else(missing)?;
    let linked = workspace
        .reference
        .extra
        .links
        .get_mut(&row)
        .ok_or_else(missing)?;
    let place = linked
        .iter()
        .position(|held| *held == conversation)
        .ok_or_else(missing)?;
    linked.remove(place);
    workspace.touch_ticket(row, request.now);
    workspace.touch_conversation(conversation, request.now);
    conversations::shown(workspace, request, conversation)
}

fn convert(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let conversation = common::conversation_of_path(workspace, request)?;
    let kind = ticket_type(workspace, &request.required("ticket_type_id")?)?;
    if category(workspace, kind) != "Customer" {
        return Err(Refusal::invalid("Ticket type is not a customer ticket type"));
    }
    let state = request
        .text("ticket_state_id")
        .map(|id| ticket_state(workspace, &id))
        .transpose()?;
    let attributes = checked(workspace, kind, request.body["attributes"].as_object(), false)?;
    if workspace.reference.extra.converted.contains_key(&conversation) {
        return Err(Refusal::invalid("The conversation is a ticket already"));
    }
    let from = &workspace.conversations[conversation as usize];
    let row = workspace.tickets.len() as u32;
    let ticket = Ticket {
        row,
        conversation: Some(conversation),
        created_at: from.created_at,
        updated_at: request.now,
        deleted: false,
        ticket_type: kind,
        state: state.unwrap_or(0),
        contacts: from.contacts.clone(),
        admin: from.admin,
        team: from.team,
        open: true,
        is_shared: true,
        snoozed_until: None,
        parts: vec![first_part(state.unwrap_or(0), request.now)],
        tags: from.tags.clone(),
        attributes: Some(Box::new(attributes)),
        generated: false,
        kept: None,
    };
    workspace.tickets.push(ticket);
    workspace.reference.extra.converted.insert(conversation, row);
    workspace.touch_ticket(row, request.now);
    workspace.touch_conversation(conversation, request.now);
    workspace.happened(Topic::TicketCreated, Subject::Ticket(row), request.now);
    workspace.happened(Topic::TicketStateUpdated, Subject::Ticket(row), request.now);
    shown(workspace, request, row)
}
