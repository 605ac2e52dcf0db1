//! News items: writing them, and the items of one newsfeed.

use serde_json::{Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("news_items.create", Handler::Write(create)),
    ("news_items.update", Handler::Write(update)),
    ("news_items.delete", Handler::Write(delete)),
    ("newsfeeds.list_items", Handler::Read(list_items)),
];

/// What a body may set as it is.
const FIELDS: [&str; 7] = [
    "title",
    "body",
    "state",
    "labels",
    "reactions",
    "deliver_silently",
    "newsfeed_assignments",
];

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = match request.parameter("news_item_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::position(&workspace.reference.news_items, id).ok_or_else(|| Refusal::not_found("Resource"))
}

/// Refuses a sender or a newsfeed that does not exist; gives the sender's id.
fn check(workspace: &Workspace, request: &Request<'_>) -> Result<u64, Refusal> {
    let sender = common::admin(workspace, &request.required("sender_id")?)?;
    for assignment in request.body["newsfeed_assignments"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let id = crate::request::as_text(&assignment["newsfeed_id"]).unwrap_or_default();
        reference::find(&workspace.reference.newsfeeds, &id).ok_or_else(|| Refusal::not_found("Resource"))?;
    }
    Ok(workspace.ids.admin(sender))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let title = request.required("title")?;
    let sender = check(workspace, request)?;
    let mut made = json!({
        "id": workspace.reference.next_id().to_string(),
        "type": "news-item",
        "workspace_id": workspace.id_code,
        "title": title,
        "body": "",
        "sender_id": sender,
        "state": "draft",
        "labels": [],
        "cover_image_url": Value::Null,
        "reactions": [Value::Null],
        "deliver_silently": false,
        "created_at": request.now,
        "updated_at": request.now,
        "newsfeed_assignments": [],
    });
    common::copy(reference::fields(&mut made), &request.body, &FIELDS);
    workspace.reference.news_items.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let sender = check(workspace, request)?;
    let row = &mut workspace.reference.news_items[place];
    common::copy(reference::fields(row), &request.body, &FIELDS);
    row["sender_id"] = json!(sender);
    row["updated_at"] = json!(request.now);
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.news_items.remove(place);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "id": gone["id"], "object": "news-item", "deleted": true }),
    ))
}

fn list_items(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("newsfeed_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::find(&workspace.reference.newsfeeds, id).ok_or_else(|| Refusal::not_found("Resource"))?;
    let is_in = |item: &&Value| {
        item["state"] == "live"
            && item["newsfeed_assignments"].as_array().is_some_and(|all| {
                all.iter()
                    .any(|one| crate::request::as_text(&one["newsfeed_id"]).as_deref() == Some(id))
            })
    };
    let rows: Vec<Value> = workspace
        .reference
        .news_items
        .iter()
        .filter(is_in)
        .cloned()
        .collect();
    let page = paging::offset(request, rows.into_iter(), 20, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}
