//! Notes on contacts, and since 2.15 on companies.

use serde_json::Value;

use super::{Handler, common, contacts};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter::notes,
    reply::{Answer, Reply},
    request::Request,
    workspace::{
        Workspace,
        people::{Note, Subject},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.list_notes", Handler::Read(list_of_contact)),
    ("contacts.create_note", Handler::Write(create_on_contact)),
    ("companies.list_notes", Handler::Read(list_of_company)),
    ("companies.create_note", Handler::Write(create_on_company)),
    ("notes.get", Handler::Read(get)),
];

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("note_id") {
        "" => request.parameter("id"),
        id => id,
    };
    workspace
        .notes
        .iter()
        .find(|note| note.id(&workspace.ids) == id)
        .map(|note| Reply::json(&notes::view(request.view(workspace), note)))
        .ok_or_else(|| Refusal::not_found("Resource"))
}

/// The notes on one subject, newest first.
fn list<'w>(
    workspace: &'w Workspace,
    request: &Request<'_>,
    rows: impl DoubleEndedIterator<Item = &'w Note>,
) -> Answer {
    let view = request.view(workspace);
    let all: Vec<Value> = rows.rev().map(|note| notes::view(view, note)).collect();
    let page = paging::offset(request, all.into_iter(), 50, 150, LastPage::Null)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn list_of_contact(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[contacts::of_path(workspace, request)? as usize];
    list(
        workspace,
        request,
        contact.notes.iter().map(|row| &workspace.notes[*row as usize]),
    )
}

fn company(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    match request.parameter("company_id") {
        "" => common::company(workspace, request.parameter("id")),
        id => common::company(workspace, id),
    }
}

fn list_of_company(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let company = company(workspace, request)?;
    list(
        workspace,
        request,
        workspace
            .notes
            .iter()
            .filter(|note| note.subject == Subject::Company(company)),
    )
}

fn make(workspace: &mut Workspace, request: &Request<'_>, subject: Subject) -> Result<u32, Refusal> {
    let body = request.required("body")?;
    let admin = common::acting_admin(workspace, request)?;
    let row = workspace.notes.len() as u32;
    workspace.notes.push(Note {
        row,
        subject,
        admin,
        created_at: request.now,
        body: Some(body),
    });
    workspace.changed();
    Ok(row)
}

fn create_on_contact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::of_path(workspace, request)?;
    let row = make(workspace, request, Subject::Contact(contact))?;
    workspace.contacts[contact as usize].notes.push(row);
    workspace.touch_contact(contact, request.now);
    Ok(Reply::json(&notes::view(
        request.view(workspace),
        &workspace.notes[row as usize],
    )))
}

fn create_on_company(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let company = company(workspace, request)?;
    let row = make(workspace, request, Subject::Company(company))?;
    Ok(Reply::json(&notes::view(
        request.view(workspace),
        &workspace.notes[row as usize],
    )))
}
