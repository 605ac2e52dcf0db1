//! What several resources need: looking up by the ids that bodies and paths carry, and wrapping texts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::contacts;
use crate::{
    errors::Refusal,
    files::File,
    request::{Request, as_text},
    workspace::{
        Workspace,
        contact::Contact,
        conversation::{Conversation, Text},
        reference,
    },
};

/// The number of the admin with this id.
pub(crate) fn admin(workspace: &Workspace, id: &str) -> Result<u16, Refusal> {
    reference::position(&workspace.reference.admins, id)
        .map(|place| place as u16)
        .ok_or_else(|| Refusal::new(404, "admin_not_found", "Admin not found"))
}

/// The admin whom the body names as acting; the first one when it names none.
pub(crate) fn acting_admin(workspace: &Workspace, request: &Request<'_>) -> Result<u16, Refusal> {
    request.text("admin_id").map_or(Ok(0), |id| admin(workspace, &id))
}

/// The number of the team with this id.
pub(crate) fn team(workspace: &Workspace, id: &str) -> Result<u16, Refusal> {
    reference::position(&workspace.reference.teams, id)
        .map(|place| place as u16)
        .ok_or_else(|| Refusal::new(404, "team_not_found", "Team not found"))
}

/// The row of a conversation that exists.
pub(crate) fn conversation(workspace: &Workspace, id: &str) -> Result<u32, Refusal> {
    workspace
        .ids
        .conversation_row(id)
        .filter(|row| {
            workspace
                .conversations
                .get(*row as usize)
                .is_some_and(|found| !found.deleted)
        })
        .ok_or_else(|| Refusal::new(404, "not_found", "Conversation not found"))
}

/// The conversation that the path names, whatever the parameter is called in this operation.
pub(crate) fn conversation_of_path(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    match request.parameter("conversation_id") {
        "" => conversation(workspace, request.parameter("id")),
        id => conversation(workspace, id),
    }
}

/// The row of a ticket that exists.
pub(crate) fn ticket(workspace: &Workspace, id: &str) -> Result<u32, Refusal> {
    let converted = || {
        let conversation = workspace.ids.conversation_row(id)?;
        workspace.reference.extra.converted.get(&conversation).copied()
    };
    workspace
        .ids
        .ticket_row(id)
        .or_else(converted)
        .filter(|row| {
            workspace
                .tickets
                .get(*row as usize)
                .is_some_and(|found| !found.deleted)
        })
        .ok_or_else(|| Refusal::new(404, "ticket_not_found", "Ticket not found"))
}

/// The ticket that the path names, whatever the parameter is called in this operation.
pub(crate) fn ticket_of_path(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    match request.parameter("ticket_id") {
        "" => ticket(workspace, request.parameter("id")),
        id => ticket(workspace, id),
    }
}

/// The row of a company that exists, by Intercom's id.
pub(crate) fn company(workspace: &Workspace, id: &str) -> Result<u32, Refusal> {
    workspace
        .ids
        .company_row(id)
        .filter(|row| {
            workspace
                .companies
                .get(*row as usize)
                .is_some_and(|found| !found.deleted)
        })
        .ok_or_else(|| Refusal::new(404, "company_not_found", "Company Not Found"))
}

/// The row of a contact, by any of the names that a body may give it.
pub(crate) fn person(workspace: &Workspace, request: &Request<'_>, named: &Value) -> Result<u32, Refusal> {
    for field in ["intercom_user_id", "id"] {
        if let Some(id) = as_text(&named[field]) {
            return contacts::find(workspace, request, &id);
        }
    }
    for field in ["user_id", "external_id"] {
        if let Some(external_id) = as_text(&named[field]) {
            return by_external_id(workspace, &external_id);
        }
    }
    match as_text(&named["email"]) {
        Some(email) => by_email(workspace, &email),
        None => Err(Refusal::missing("id, external_id or email of a contact")),
    }
}

/// The listed contact with this external id.
pub(crate) fn by_external_id(workspace: &Workspace, external_id: &str) -> Result<u32, Refusal> {
    let matching = |contact: &&Contact| {
        contact.is_listed() && contact.external_id(workspace.seed).as_deref() == Some(external_id)
    };
    let found = workspace.perhaps_called(&[external_id]).find(matching);
    found
        .map(|contact| contact.row)
        .ok_or_else(|| Refusal::not_found("User"))
}

/// The listed contact with this address, a user before a lead.
pub(crate) fn by_email(workspace: &Workspace, email: &str) -> Result<u32, Refusal> {
    let is_called = |contact: &Contact| {
        contact.is_listed()
            && contact
                .email(workspace.seed)
                .is_some_and(|held| held.eq_ignore_ascii_case(email))
    };
    let matching = |is_lead: bool| {
        workspace
            .perhaps_called(&[email])
            .find(|contact| contact.is_lead == is_lead && is_called(contact))
    };
    let found = matching(false).or_else(|| matching(true));
    found
        .map(|contact| contact.row)
        .ok_or_else(|| Refusal::not_found("User"))
}

/// The most letters of an attribute that is text.
const MOST_LETTERS: usize = 255;

/// Refuses texts that are longer than an attribute can be, in the named fields and in the custom attributes.
pub(crate) fn short(body: &Value, fields: &[&str]) -> Result<(), Refusal> {
    let own = fields.iter().map(|field| (*field, &body[*field]));
    let custom = body["custom_attributes"].as_object().into_iter().flatten();
    let is_long = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.chars().nth(MOST_LETTERS).is_some())
    };
    match own
        .chain(custom.map(|(name, value)| (name.as_str(), value)))
        .find(|(_, value)| is_long(value))
    {
        Some((name, _)) => Err(Refusal::invalid(format!(
            "{name} is too long (maximum is {MOST_LETTERS} characters)"
        ))),
        None => Ok(()),
    }
}

/// Plain text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A paragraph of plain text.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// HTML as it is, and anything else as a paragraph.
pub(crate) fn html(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        text.to_owned()
    } else {
        format!("<p>{text}</p>")
    }
}

/// The moment that the body gives for what it creates; now when it gives none.
pub(crate) fn created_at(request: &Request<'_>) -> Result<i64, Refusal> {
    match &request.body["created_at"] {
        Value::Null => Ok(request.now),
        value => value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .filter(|at| *at >= 0)
            .ok_or_else(|| Refusal::invalid("created_at must be a time in unix seconds")),
    }
}

/// The most files that one reply carries.
const MOST_FILES: usize = 10;

/// The files that a message attaches: with their content, or by their addresses when it sends none (facts 6.4).
pub(crate) fn files(request: &Request<'_>) -> Result<Vec<File>, Refusal> {
    let list = |field: &str| {
        let all = request.body[field].as_array().map_or(&[][..], Vec::as_slice);
        if all.len() > MOST_FILES {
            return Err(Refusal::invalid(format!("{field} can hold {MOST_FILES} files")));
        }
        Ok(all)
    };
    let urls = list("attachment_urls")?;
    let sent = list("attachment_files")?;
    if sent.is_empty() {
        return Ok(urls.iter().filter_map(Value::as_str).map(File::at).collect());
    }
    sent.iter().map(sent_file).collect()
}

/// A file that came with its content.
fn sent_file(sent: &Value) -> Result<File, Refusal> {
    let text = |field: &str| {
        let text = sent[field].as_str();
        text.ok_or_else(|| Refusal::invalid(format!("Each of the attachment_files needs {field}")))
    };
    let bytes = STANDARD
        .decode(text("data")?)
        .map_err(|_| Refusal::invalid("The data of attachment_files must be Base64"))?;
    Ok(File {
        name: text("name")?.to_owned(),
        content_type: text("content_type")?.to_owned(),
        bytes: bytes.into(),
    })
}

/// Keeps the files of a message; gives their places.
pub(crate) fn keep(workspace: &mut Workspace, files: Vec<File>) -> Option<Box<[u32]>> {
    let first = workspace.files.len() as u32;
    workspace.files.extend(files);
    let last = workspace.files.len() as u32;
    (first < last).then(|| (first..last).collect())
}

/// A field of a contact or a company as it is kept: callers send names as numbers and moments as texts.
pub(crate) fn typed(field: &str, value: &Value) -> Value {
    match value {
        Value::Number(number) if !field.ends_with("_at") => Value::String(number.to_string()),
        Value::String(text) if field.ends_with("_at") => text.parse::<i64>().map_or(Value::Null, Value::from),
        value => value.clone(),
    }
}

/// Copies the named fields of the body into an object; null clears.
pub(crate) fn copy(into: &mut Map<String, Value>, body: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(value) = body.get(*field) {
            into.insert((*field).to_owned(), value.clone());
        }
    }
}

/// Gives a row's translations the types that answers show: those of an `article`, of a `group`.
pub(crate) fn name_translations(row: &mut Value, of: &str) {
    let Some(Value::Object(languages)) = row.get_mut("translated_content") else {
        return;
    };
    for content in languages.values_mut().filter_map(Value::as_object_mut) {
        content.insert("type".to_owned(), json!(format!("{of}_content")));
    }
    languages.insert("type".to_owned(), json!(format!("{of}_translated_content")));
}

/// Begins a conversation of a contact.
pub(crate) fn begin(workspace: &mut Workspace, contact: u32, created_at: i64, now: i64, body: String) -> u32 {
    let row = workspace.conversations.len() as u32;
    workspace.conversations.push(Conversation::new(
        row,
        contact,
        created_at,
        Text::Written(body.into()),
    ));
    workspace.touch_conversation(row, now);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_texts_and_moments_are_numbers() {
        for (field, sent, kept) in [
            ("name", json!(55), json!("55")),
            ("name", json!("A"), json!("A")),
            ("name", Value::Null, Value::Null),
            ("last_seen_at", json!("1700000000"), json!(1_700_000_000)),
            ("last_seen_at", json!(5), json!(5)),
            ("last_seen_at", json!(""), Value::Null),
            ("unsubscribed_from_emails", json!(true), json!(true)),
        ] {
            assert_eq!(typed(field, &sent), kept, "{field} {sent}");
        }
    }

    #[test]
    fn plain_text_is_escaped_and_html_is_kept() {
        for (text, expected) in [("a < b & c", "<p>a &lt; b &amp; c</p>"), ("", "<p></p>")] {
            assert_eq!(paragraph(text), expected);
        }
        for (text, expected) in [
            ("hello", "<p>hello</p>"),
            ("<p>hi</p>", "<p>hi</p>"),
            (" <b>x</b>", " <b>x</b>"),
        ] {
            assert_eq!(html(text), expected);
        }
    }
}
