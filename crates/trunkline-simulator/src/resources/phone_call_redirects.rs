//! Turning a phone call into a chat: a text message with a link (facts 6.10).

use serde_json::json;

use super::{Handler, attribute_values};
use crate::{
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::Workspace,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("phone_call_redirects.create", Handler::Write(create))];

/// A plus sign and seven to fifteen digits.
pub(super) fn is_international(phone: &str) -> bool {
    phone.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    // This operation words its refusals unlike all others.
    let Some(phone) = request.text("phone").filter(|phone| is_international(phone)) else {
        return Ok(Reply::with_status(
            400,
            &json!({ "error_key": "invalid_phone_number", "message": "Invalid phone number" }),
        ));
    };
    let seed = workspace.seed;
    let called = workspace
        .contacts
        .iter()
        .find(|contact| contact.is_listed() && contact.phone(seed).as_deref() == Some(phone.as_str()))
        .map(|contact| contact.row);
    if let Some(row) = called.filter(|_| request.body["custom_attributes"].is_object()) {
        let attributes = attribute_values::of_model(workspace, "contact", &request.body)?;
        let held = &mut workspace.contacts[row as usize].attributes;
        held.get_or_insert_default().extend(attributes);
        workspace.touch_contact(row, request.now);
    }
    workspace.reference.extra.messages_sent += 1;
    let number = workspace.reference.extra.messages_sent as u32;
    let link = texts::uuid(texts::mix(seed, 101, number), number);
    Ok(Reply::json(&json!({
        "type": "phone_call_redirect",
        "url": format!("https://via.example.com/msgr/{link}"),
        "phone": phone,
    })))
}
