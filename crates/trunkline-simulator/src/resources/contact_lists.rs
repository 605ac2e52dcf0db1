//! The lists of one contact, complete beyond the ten that a contact itself shows.

use serde_json::Value;

use super::{Handler, contacts};
use crate::{
    paging::{self, LastPage},
    presenter::{companies, reference},
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, contact::Contact},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.list_tags", Handler::Read(list_tags)),
    ("contacts.list_companies", Handler::Read(list_companies)),
    ("contacts.list_segments", Handler::Read(list_segments)),
    ("contacts.list_subscriptions", Handler::Read(list_subscriptions)),
];

fn of_path<'w>(
    workspace: &'w Workspace,
    request: &Request<'_>,
) -> Result<&'w Contact, crate::errors::Refusal> {
    Ok(&workspace.contacts[contacts::of_path(workspace, request)? as usize])
}

fn list_tags(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = of_path(workspace, request)?;
    let tags = contact
        .tags
        .iter()
        .map(|tag| reference::tag(&workspace.tags[*tag as usize]))
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", tags)))
}

fn list_companies(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = of_path(workspace, request)?;
    let view = request.view(workspace);
    let all = contact
        .companies
        .iter()
        .map(|company| companies::view(view, &workspace.companies[*company as usize]));
    Ok(Reply::json(&paging::offset_list(
        "list",
        "data",
        paging::offset(request, all, 50, 150, LastPage::Null)?,
    )))
}

fn list_segments(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = of_path(workspace, request)?;
    let segments = workspace
        .segments_of_contact(contact)
        .map(companies::segment)
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", segments)))
}

fn list_subscriptions(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = of_path(workspace, request)?;
    let types: Vec<Value> = contact
        .consents
        .iter()
        .map(|(number, _)| workspace.reference.subscription_types[usize::from(*number)].clone())
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", types)))
}
