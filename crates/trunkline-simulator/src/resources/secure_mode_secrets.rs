//! Identity verification secrets, which only Preview has; the secret itself is shown once.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Handler, common, records};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("secure_mode_secrets.list", Handler::Read(list)),
    ("secure_mode_secrets.create", Handler::Write(create)),
    ("secure_mode_secrets.delete", Handler::Write(delete)),
];

fn list(workspace: &Workspace, _: &Request<'_>) -> Answer {
    let rows = workspace.reference.lists.secure_mode_secrets.clone();
    Ok(Reply::json(&paging::whole_list("list", "data", rows)))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let name = request
        .text("name")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Refusal::new(422, "parameter_invalid", "name is required"))?;
    let id = workspace.reference.next_id();
    let mut made = json!({
        "type": "identity_verification_secret",
        "id": id.to_string(),
        "name": name,
        "supports_android": false,
        "supports_ios": false,
        "supports_web": false,
        "created_at": request.now,
    });
    common::copy(
        reference::fields(&mut made),
        &request.body,
        &["supports_android", "supports_ios", "supports_web"],
    );
    workspace.reference.lists.secure_mode_secrets.push(made.clone());
    workspace.changed();
    let secret: Vec<u8> = (0..4)
        .flat_map(|part| texts::mix(workspace.seed, 140 + part, id as u32).to_be_bytes())
        .collect();
    made["secret"] = json!(URL_SAFE_NO_PAD.encode(secret));
    Ok(Reply::with_status(201, &made))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.secure_mode_secrets;
    let place = records::place(rows, request.parameter("id"), || {
        Refusal::new(
            404,
            "identity_verification_secret_not_found",
            "Identity verification secret not found",
        )
    })?;
    rows.remove(place);
    workspace.changed();
    Ok(Reply::empty(204))
}
