//! What a contact wants to receive: opting in to what needs consent, opting out of what comes by itself.

use super::{Handler, contacts};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("subscription_types.attach_to_contact", Handler::Write(attach)),
    ("subscription_types.detach_from_contact", Handler::Write(detach)),
];

fn number(workspace: &Workspace, id: &str) -> Result<u16, Refusal> {
    reference::position(&workspace.reference.subscription_types, id)
        .map(|place| place as u16)
        .ok_or_else(|| Refusal::not_found("Resource"))
}

fn attach(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::find(workspace, request, request.parameter("contact_id"))?;
    let number = number(workspace, &request.required("id")?)?;
    let wants = match request.required("consent_type")?.as_str() {
        "opt_in" => true,
        "opt_out" => false,
        _ => return Err(Refusal::invalid("consent_type must be opt_in or opt_out")),
    };
    let shown = workspace.reference.subscription_types[usize::from(number)].clone();
    let needs_consent = shown["consent_type"] == "opt_in";
    let consents = &mut workspace.contacts[contact as usize].consents;
    let before = consents.contains(&(number, needs_consent));
    consents.retain(|(held, _)| *held != number);
    // Only what differs from the type's own default is remembered and listed.
    if wants == needs_consent {
        consents.push((number, wants));
    }
    workspace.touch_contact(contact, request.now);
    if before != (wants == needs_consent) {
        workspace.tell_consent(contact, number, wants, request.now);
    }
    Ok(Reply::json(&shown))
}

fn detach(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::find(workspace, request, request.parameter("contact_id"))?;
    let id = match request.parameter("subscription_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let number = number(workspace, id)?;
    let consents = &mut workspace.contacts[contact as usize].consents;
    let before = consents.len();
    consents.retain(|(held, _)| *held != number);
    if consents.len() < before {
        workspace.touch_contact(contact, request.now);
        let needs_consent =
            workspace.reference.subscription_types[usize::from(number)]["consent_type"] == "opt_in";
        workspace.tell_consent(contact, number, !needs_consent, request.now);
    }
    Ok(Reply::json(
        &workspace.reference.subscription_types[usize::from(number)],
    ))
}
