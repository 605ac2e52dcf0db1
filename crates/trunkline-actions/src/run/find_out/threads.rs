//! Conversations, tickets, and what was written in them, looked for after a lost answer.

use serde_json::{Value, json};
use trunkline_client::Call;

use super::{Found, parameter, same, same_text, sent, since, unseen};
use crate::{ActionError, KeptWrite, run::Run};

/// How many parts Intercom shows at most.
const MOST_PARTS: usize = 500;

/// A reply, a note, or a change of state or assignee: each is a part.
pub(super) async fn part_of_conversation(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let id = ["id", "conversation_id"]
        .iter()
        .map(|name| parameter(write, name))
        .find(|id| !id.is_empty())
        .unwrap_or_default();
    let Some(found) = run.find(Call::new("conversations.get").path("id", id)).await? else {
        return Ok(Found::NotDone);
    };
    let contacts = &found["contacts"]["contacts"];
    let parts = array(&found["conversation_parts"]["conversation_parts"]);
    let known = last_known(write, "conversation_parts");
    let is_it = |part: &&Value| is_new(part, known.as_ref(), write) && made_it(part, contacts, write);
    if parts.iter().any(|part| is_it(&part)) {
        return Ok(Found::Done(found));
    }
    Ok(not_among(parts, known.as_ref(), write))
}

/// A reply to a ticket, which is answered with the part.
pub(super) async fn part_of_ticket(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let call = Call::new("tickets.get").path("id", parameter(write, "id"));
    let Some(found) = run.find(call).await? else {
        return Ok(Found::NotDone);
    };
    let parts = array(&found["ticket_parts"]["ticket_parts"]);
    let known = last_known(write, "ticket_parts");
    let contacts = &found["contacts"]["contacts"];
    let made = parts
        .iter()
        .find(|part| is_new(part, known.as_ref(), write) && made_it(part, contacts, write));
    Ok(match made {
        Some(part) => Found::Done(part.clone()),
        None => not_among(parts, known.as_ref(), write),
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The order of a part: ids count up, and a longer one is the later.
fn order(id: &Value) -> Option<(usize, String)> {
    let id = match id {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    Some((id.len(), id))
}

/// The last part that was there before the write; none when that was not kept.
fn last_known(write: &KeptWrite, list: &str) -> Option<(usize, String)> {
    let before = write.before.as_ref()?;
    order(&before["last_part"]).or_else(|| {
        array(&before[list][list])
            .iter()
            .filter_map(|part| order(&part["id"]))
            .max()
    })
}

/// Whether a part can be the write's: it came after the last known one, or since the moment of sending.
fn is_new(part: &Value, known: Option<&(usize, String)>, write: &KeptWrite) -> bool {
    let stamp = sent(write, "/created_at");
    match known {
        Some(known) => order(&part["id"]).as_ref() > Some(known),
        // A reply may be given a time of its own.
        None if !stamp.is_null() => same(stamp, &part["created_at"]),
        None => part["created_at"].as_i64() >= Some(since(write)),
    }
}

/// What it means that no part is the write's, when some parts are not shown.
fn not_among(parts: &[Value], known: Option<&(usize, String)>, write: &KeptWrite) -> Found {
    let is_all_new = match known {
        Some(known) => parts.iter().all(|part| order(&part["id"]).as_ref() > Some(known)),
        None => parts
            .iter()
            .all(|part| part["created_at"].as_i64() >= Some(since(write))),
    };
    if parts.len() >= MOST_PARTS && is_all_new {
        return Found::unknown("more was written since than Intercom shows");
    }
    Found::NotDone
}

/// Whether a part is what the write makes: its kind, its author, its text.
fn made_it(part: &Value, contacts: &Value, write: &KeptWrite) -> bool {
    let kind = part["part_type"].as_str().unwrap_or_default();
    let fits = match (write.operation.as_str(), sent(write, "/message_type").as_str()) {
        ("conversations.run_assignment_rules", _) => return kind.starts_with("assign"),
        ("conversations.manage", Some("assignment")) => {
            let assignee = sent(write, "/assignee_id");
            let shown = &part["assigned_to"]["id"];
            kind.starts_with("assign")
                && (same(assignee, shown) || (shown.is_null() && same(assignee, &json!("0"))))
        }
        ("conversations.manage", Some(wanted)) => kind == wanted,
        // A comment may open or assign, and is shown as what it did then.
        (_, Some("note")) => kind == "note",
        _ => kind != "note",
    };
    fits && wrote(&part["author"], contacts, write) && same_text(sent(write, "/body"), &part["body"])
}

/// Whether an author is who the write named.
fn wrote(author: &Value, contacts: &Value, write: &KeptWrite) -> bool {
    let admin = sent(write, "/admin_id");
    if !admin.is_null() {
        return author["type"] == "admin" && same(admin, &author["id"]);
    }
    for (field, shown) in [("/intercom_user_id", &author["id"]), ("/email", &author["email"])] {
        let named = sent(write, field);
        if let (Some(named), Some(shown)) = (named.as_str(), shown.as_str()) {
            return named.eq_ignore_ascii_case(shown);
        }
    }
    let own = sent(write, "/user_id");
    array(contacts)
        .iter()
        .any(|contact| same(own, &contact["external_id"]) && same(&contact["id"], &author["id"]))
}

/// Conversations of a contact that began when the write's would have.
async fn begun(run: &mut Run, contact: &str, write: &KeptWrite) -> Result<Vec<Value>, ActionError> {
    search(run, "conversations.search", contact, write).await
}

async fn search(
    run: &mut Run,
    operation: &'static str,
    contact: &str,
    write: &KeptWrite,
) -> Result<Vec<Value>, ActionError> {
    let stamp = sent(write, "/created_at");
    let when = if stamp.is_null() {
        json!({ "field": "created_at", "operator": ">", "value": since(write) - 1 })
    } else {
        json!({ "field": "created_at", "operator": "=", "value": stamp })
    };
    let query = json!({ "query": { "operator": "AND", "value": [
        { "field": "contact_ids", "operator": "=", "value": contact },
        when,
    ] } });
    run.rows(Call::new(operation).body(query), None).await
}

/// The message that began a conversation, in the form of the answer that was lost.
fn first_message(kind: &str, conversation: &Value, write: &KeptWrite) -> Value {
    json!({
        "type": kind,
        "id": conversation["source"]["id"],
        "created_at": conversation["created_at"],
        "body": sent(write, "/body"),
        "message_type": "inapp",
        "conversation_id": conversation["id"],
    })
}

/// A conversation that a contact began.
pub(super) async fn conversation(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let contact = sent(write, "/from/id").as_str().unwrap_or_default().to_owned();
    if run
        .find(Call::new("contacts.get").path("id", &*contact))
        .await?
        .is_none()
    {
        return Ok(Found::unknown(
            "who began it is no contact; a visitor becomes a lead under another id",
        ));
    }
    let found = begun(run, &contact, write).await?;
    let made = found.iter().find(|conversation| {
        let source = &conversation["source"];
        same(&source["author"]["id"], sent(write, "/from/id"))
            && same_text(sent(write, "/body"), &source["body"])
    });
    Ok(match made {
        Some(conversation) => Found::Done(first_message("user_message", conversation, write)),
        None => unseen(run, write),
    })
}

/// A message of a teammate; it shows only where it made a conversation.
pub(super) async fn message(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let contact = sent(write, "/to/id").as_str().unwrap_or_default().to_owned();
    let begins = sent(write, "/create_conversation_without_contact_reply") == true
        || sent(write, "/message_type") == "whatsapp";
    if contact.is_empty() || !begins {
        return Ok(Found::unknown(
            "a message that began no conversation is in no list until the contact answers",
        ));
    }
    let found = begun(run, &contact, write).await?;
    let made = found.iter().find(|conversation| {
        let source = &conversation["source"];
        source["author"]["type"] == "admin"
            && same(&source["author"]["id"], sent(write, "/from/id"))
            && same_text(sent(write, "/body"), &source["body"])
    });
    Ok(match made {
        Some(conversation) => Found::Done(first_message("admin_message", conversation, write)),
        None => unseen(run, write),
    })
}

/// A new ticket of a contact.
pub(super) async fn ticket(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let named = sent(write, "/contacts/0");
    let contact = match named["id"].as_str() {
        Some(id) => Some(id.to_owned()),
        None => contact_of_ticket(run, named).await?,
    };
    let Some(contact) = contact else {
        return Ok(unseen(run, write));
    };
    let found = search(run, "tickets.search", &contact, write).await?;
    let made = found.into_iter().find(|ticket| {
        same(&ticket["ticket_type"]["id"], sent(write, "/ticket_type_id"))
            && sent(write, "/ticket_attributes")
                .as_object()
                .into_iter()
                .flatten()
                .all(|(name, value)| same(value, &ticket["ticket_attributes"][name]))
    });
    Ok(made.map_or_else(|| unseen(run, write), Found::Done))
}

/// The contact that a ticket names by another id; none while nobody is found, whom the ticket would have made.
async fn contact_of_ticket(run: &mut Run, named: &Value) -> Result<Option<String>, ActionError> {
    for field in ["external_id", "email"] {
        let Some(value) = named[field].as_str() else {
            continue;
        };
        let query = json!({ "query": { "field": field, "operator": "=", "value": value } });
        let found = run.rows(Call::new("contacts.search").body(query), None).await?;
        return Ok(found
            .first()
            .and_then(|contact| contact["id"].as_str())
            .map(str::to_owned));
    }
    Ok(None)
}

/// A conversation that became a ticket says so itself.
pub(super) async fn converted(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let call = Call::new("conversations.get").path("id", parameter(write, "id"));
    let found = run.find(call).await?;
    let ticket = found.map(|conversation| conversation["ticket"].clone());
    let Some(id) = ticket.as_ref().and_then(|ticket| ticket["id"].as_str()) else {
        return Ok(Found::NotDone);
    };
    let ticket = run.find(Call::new("tickets.get").path("id", id)).await?;
    Ok(ticket.map_or(Found::NotDone, Found::Done))
}

/// A text that was blanked says so itself.
pub(super) async fn redacted(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let id = sent(write, "/conversation_id");
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let Some(found) = run.find(Call::new("conversations.get").path("id", id)).await? else {
        return Ok(Found::NotDone);
    };
    let part = array(&found["conversation_parts"]["conversation_parts"])
        .iter()
        .find(|part| same(&part["id"], sent(write, "/conversation_part_id")));
    let is_blank = match part {
        Some(part) => part["redacted"] == true,
        None => sent(write, "/type") == "source" && found["source"]["redacted"] == true,
    };
    Ok(if is_blank {
        Found::Done(found)
    } else {
        Found::NotDone
    })
}
