//! Internal articles: writing and searching what only teammates read (facts 6.9).

use serde_json::{Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("internal_articles.search", Handler::Read(search)),
    ("internal_articles.create", Handler::Write(create)),
    ("internal_articles.update", Handler::Write(update)),
    ("internal_articles.delete", Handler::Write(delete)),
];

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = match request.parameter("internal_article_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::position(&workspace.reference.internal_articles, id)
        .ok_or_else(|| Refusal::not_found("Resource"))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let folder = request.query("folder_id");
    let rows: Vec<Value> = workspace
        .reference
        .internal_articles
        .iter()
        .filter(|article| {
            folder.is_none_or(|folder| as_text(&article["folder_id"]).as_deref() == Some(folder))
        })
        .cloned()
        .collect();
    let page = paging::offset(request, rows.into_iter(), 10, 150, LastPage::Absent)?;
    Ok(Reply::json(&json!({
        "type": "list",
        "total_count": page.total,
        "data": { "internal_articles": page.rows },
        "pages": page.pages,
    })))
}

/// The admins that the body names, as numbers.
fn people(workspace: &Workspace, body: &Value) -> Result<[Option<u64>; 2], Refusal> {
    let number = |field: &str| match as_text(&body[field]) {
        None => Ok(None),
        Some(id) => common::admin(workspace, &id).map(|number| Some(workspace.ids.admin(number))),
    };
    Ok([number("owner_id")?, number("author_id")?])
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let title = request.required("title")?;
    let [owner, author] = people(workspace, &request.body)?;
    let author = author.ok_or_else(|| {
        Refusal::new(
            400,
            "parameter_not_found",
            "author_id must be in the main body or default locale translated_content object",
        )
    })?;
    let owner = owner.ok_or_else(|| Refusal::missing("owner_id"))?;
    let mut made = json!({
        "type": "internal_article",
        "id": workspace.reference.next_id().to_string(),
        "title": title,
        "body": common::html(&request.text("body").unwrap_or_default()),
        "body_markdown": request.text("body_markdown").or_else(|| request.text("body")).unwrap_or_default(),
        "ai_chatbot_availability": true,
        "ai_copilot_availability": true,
        "ai_sales_agent_availability": true,
        "audience_ids": [],
        "owner_id": owner,
        "author_id": author,
        "created_at": request.now,
        "updated_at": request.now,
        "locale": "en",
    });
    common::copy(
        reference::fields(&mut made),
        &request.body,
        &["locale", "folder_id"],
    );
    workspace.reference.internal_articles.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let [owner, author] = people(workspace, &request.body)?;
    let row = &mut workspace.reference.internal_articles[place];
    common::copy(
        reference::fields(row),
        &request.body,
        &["title", "locale", "folder_id"],
    );
    if let Some(body) = request.text("body") {
        row["body"] = json!(common::html(&body));
        row["body_markdown"] = json!(reference::markdown(&common::html(&body)));
    }
    for (field, value) in [("owner_id", owner), ("author_id", author)] {
        if let Some(value) = value {
            row[field] = json!(value);
        }
    }
    row["updated_at"] = json!(request.now);
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.internal_articles.remove(place);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "id": gone["id"], "object": "internal_article", "deleted": true }),
    ))
}
