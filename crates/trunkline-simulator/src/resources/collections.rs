//! What writes into the help center beside articles: collections and redirects.
//!
//! The one rule: up to 2.9 collections do not lie in each other; those within another one are the business of
//! `help_center_sections.rs` then.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("collections.create", Handler::Write(create)),
    ("collections.update", Handler::Write(update)),
    ("collections.delete", Handler::Write(delete)),
    ("help_center_redirects.list", Handler::Read(list_redirects)),
    ("help_center_redirects.get", Handler::Read(get_redirect)),
    ("help_center_redirects.create", Handler::Write(create_redirect)),
    ("help_center_redirects.delete", Handler::Write(delete_redirect)),
];

/// How deep collections may lie in each other.
const MOST_LEVELS: usize = 3;

pub(super) fn unknown() -> Refusal {
    Refusal::not_found("Resource")
}

fn id_of_path<'r>(request: &'r Request<'_>) -> &'r str {
    match request.parameter("collection_id") {
        "" => request.parameter("id"),
        id => id,
    }
}

fn name(request: &Request<'_>) -> Result<String, Refusal> {
    request
        .text("name")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Refusal::new(400, "parameter_not_found", "Name is a required parameter."))
}

/// Refuses a parent that does not exist, lies too deep or would lie within its own child.
fn check_parent(workspace: &Workspace, parent: Option<&str>, own: Option<&str>) -> Result<(), Refusal> {
    let mut next = parent.map(str::to_owned);
    let mut levels = 1;
    while let Some(id) = next {
        if own == Some(id.as_str()) {
            return Err(Refusal::invalid("a collection cannot lie within itself"));
        }
        let parent = reference::find(&workspace.reference.collections, &id).ok_or_else(unknown)?;
        levels += 1;
        if levels > MOST_LEVELS {
            return Err(Refusal::invalid(format!(
                "collections can be nested {MOST_LEVELS} levels deep"
            )));
        }
        next = as_text(&parent["parent_id"]);
    }
    Ok(())
}

/// Makes a collection, within another one when there is a parent.
pub(super) fn make(
    workspace: &mut Workspace,
    request: &Request<'_>,
    parent: Option<&str>,
) -> Result<Value, Refusal> {
    let name = name(request)?;
    check_parent(workspace, parent, None)?;
    let id = workspace.reference.next_id().to_string();
    let mut made = json!({
        "id": id,
        "workspace_id": workspace.id_code,
        "name": name,
        "url": format!("https://help.example.com/collections/{id}"),
        "order": workspace.reference.collections.len(),
        "created_at": request.now,
        "updated_at": request.now,
        "description": "",
        "icon": "bookmark",
        "parent_id": parent,
        "help_center_id": 11,
    });
    common::copy(
        reference::fields(&mut made),
        &request.body,
        &["description", "translated_content", "help_center_id"],
    );
    common::name_translations(&mut made, "group");
    workspace.reference.collections.push(made.clone());
    workspace.changed();
    Ok(made)
}

/// Writes into a collection what a body sends; `Some(None)` takes it out of any other.
pub(super) fn write(
    workspace: &mut Workspace,
    request: &Request<'_>,
    place: usize,
    parent: Option<Option<String>>,
) -> Result<Value, Refusal> {
    if let Some(parent) = &parent {
        let own = as_text(&workspace.reference.collections[place]["id"]);
        check_parent(workspace, parent.as_deref(), own.as_deref())?;
    }
    let row = &mut workspace.reference.collections[place];
    common::copy(
        reference::fields(row),
        &request.body,
        &["name", "description", "translated_content"],
    );
    common::name_translations(row, "group");
    if let Some(parent) = parent {
        row["parent_id"] = json!(parent);
    }
    row["updated_at"] = json!(request.now);
    let written = row.clone();
    workspace.changed();
    Ok(written)
}

/// The parent that a body names, in versions that know of one.
fn asked_parent(request: &Request<'_>) -> Option<Option<String>> {
    let sent = request.body.get("parent_id");
    sent.filter(|_| request.version >= Version::V2_10).map(as_text)
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let made = make(workspace, request, asked_parent(request).flatten().as_deref())?;
    Ok(Reply::json(&presenter::reference::collection(
        &made,
        request.version,
    )))
}

/// The collection that the path names, if the version knows it as one.
fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let rows = &workspace.reference.collections;
    reference::position(rows, id_of_path(request))
        .filter(|place| request.version >= Version::V2_10 || !presenter::reference::is_section(&rows[*place]))
        .ok_or_else(unknown)
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let written = write(workspace, request, place, asked_parent(request))?;
    Ok(Reply::json(&presenter::reference::collection(
        &written,
        request.version,
    )))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.collections.remove(place);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "id": gone["id"], "object": "collection", "deleted": true }),
    ))
}

/// The help center that the path of a redirect names.
fn help_center(workspace: &Workspace, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.parameter("help_center_id");
    reference::find(&workspace.reference.help_centers, id)
        .map(|_| id.to_owned())
        .ok_or_else(|| Refusal::new(404, "not_found", "Resource not found"))
}

fn list_redirects(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let help_center = help_center(workspace, request)?;
    let rows: Vec<Value> = workspace
        .reference
        .extra
        .redirects
        .iter()
        .filter(|redirect| redirect["help_center_id"] == help_center.as_str())
        .cloned()
        .collect();
    let page = paging::offset(request, rows.into_iter(), 50, 250, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn redirect(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let help_center = help_center(workspace, request)?;
    let redirects = &workspace.reference.extra.redirects;
    reference::position(redirects, request.parameter("id"))
        .filter(|place| redirects[*place]["help_center_id"] == help_center.as_str())
        .ok_or_else(|| Refusal::new(404, "not_found", "Resource not found"))
}

fn get_redirect(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = redirect(workspace, request)?;
    Ok(Reply::json(&workspace.reference.extra.redirects[place]))
}

fn create_redirect(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let help_center = help_center(workspace, request)?;
    let from_url = request
        .text("from_url")
        .ok_or_else(|| Refusal::new(400, "parameter_not_found", "from_url is required"))?;
    let target_type = request.text("target_type").unwrap_or_default();
    let targets = match target_type.as_str() {
        "article" => &workspace.reference.articles,
        "collection" => &workspace.reference.collections,
        _ => return Err(Refusal::invalid("target_type must be 'article' or 'collection'")),
    };
    let target_id = request.required("target_id")?;
    reference::find(targets, &target_id)
        .ok_or_else(|| Refusal::new(404, "not_found", "Resource not found"))?;
    let locale = request.required("locale")?;
    let base = workspace
        .reference
        .help_centers
        .iter()
        .find(|found| found["id"] == help_center.as_str());
    let is_within = base
        .and_then(|found| found["url"].as_str())
        .is_some_and(|base| from_url.starts_with(base));
    if !is_within {
        let message = "from_url must be an absolute URL within this help center's URL space";
        return Err(Refusal::new(422, "data_invalid", message));
    }
    if workspace
        .reference
        .extra
        .redirects
        .iter()
        .any(|held| held["from_url"] == from_url.as_str())
    {
        return Err(Refusal::new(
            409,
            "resource_conflict",
            "A redirect with that URL already exists",
        ));
    }
    let made = json!({
        "id": workspace.reference.next_id().to_string(),
        "type": "help_center_redirect",
        "from_url": from_url,
        "locale": locale,
        "help_center_id": help_center,
        "target_type": target_type,
        "target_id": target_id,
        "created_at": request.now,
        "updated_at": request.now,
    });
    workspace.reference.extra.redirects.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

fn delete_redirect(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = redirect(workspace, request)?;
    let gone = workspace.reference.extra.redirects.remove(place);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "id": gone["id"], "object": "help_center_redirect", "deleted": true }),
    ))
}
