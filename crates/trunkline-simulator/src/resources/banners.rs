//! Banners that a contact matches, for surfaces outside the Messenger.

use serde_json::{Value, json};

use super::{Handler, contacts, records};
use crate::{
    reply::{Answer, Reply},
    request::Request,
    texts::mix,
    workspace::Workspace,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.list_banners", Handler::Read(list)),
    ("contacts.dismiss_banner", Handler::Write(dismiss)),
];

/// The number of a contact's view of a banner.
fn view_id(workspace: &Workspace, contact: u32, banner: usize) -> u64 {
    600_000_000 + (mix(workspace.seed, 100 + banner as u64, contact) % 100_000) * 1_000 + banner as u64
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::of_path(workspace, request)?;
    let lists = &workspace.reference.lists;
    let data: Vec<Value> = lists
        .banners
        .iter()
        .enumerate()
        .map(|(place, banner)| (view_id(workspace, contact, place), banner))
        .filter(|(view, _)| !lists.dismissals.contains(view))
        .map(|(view, banner)| {
            let mut shown = banner.clone();
            shown["view_id"] = json!(view.to_string());
            shown
        })
        .collect();
    Ok(Reply::json(&json!({ "type": "list", "data": data })))
}

fn dismiss(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::of_path(workspace, request)?;
    let asked = request.parameter("view_id");
    let view = (0..workspace.reference.lists.banners.len())
        .map(|place| view_id(workspace, contact, place))
        .find(|view| view.to_string() == asked)
        .ok_or_else(records::resource_unknown)?;
    workspace.reference.lists.dismissals.insert(view);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "type": "banner_dismiss", "view_id": asked, "dismissed": true }),
    ))
}
