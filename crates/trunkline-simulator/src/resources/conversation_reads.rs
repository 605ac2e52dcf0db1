//! Conversations as they are read: one, lists, searches, the deleted ones and their attributes.

use serde_json::{Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging::{self, Cursor, LastPage},
    presenter::{self, Shown, conversations},
    reply::{Answer, Reply},
    request::Request,
    search::{self, Plan, Times, conversation_fields, fields},
    workspace::Workspace,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("conversations.list", Handler::Read(list)),
    ("conversations.search", Handler::Read(search)),
    ("conversations.get", Handler::Read(get)),
    ("conversations.list_deleted", Handler::Read(list_deleted)),
];

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request).map_err(|_| Refusal::not_found("Resource"))?;
    Ok(shown(workspace, request, row))
}

/// The whole conversation; with `display_as=plaintext` without its markup.
pub(crate) fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Reply {
    let whole = conversations::whole(request.view(workspace), &workspace.conversations[row as usize]);
    if request.query("display_as") != Some("plaintext") {
        return Reply::json(&whole);
    }
    let mut whole = presenter::value(&whole);
    {
        plain(&mut whole["source"]["body"]);
        for part in whole["conversation_parts"]["conversation_parts"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            plain(&mut part["body"]);
        }
    }
    Reply::json(&whole)
}

fn plain(body: &mut Value) {
    if let Some(html) = body.as_str() {
        *body = json!(plain_text(html));
    }
}

/// A text without its markup.
pub(crate) fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&ndash;", "–")
        .replace("&amp;", "&")
}

/// A list of conversations as the platform wraps it.
#[derive(serde::Serialize)]
struct ConversationList<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    pages: &'a Value,
    total_count: usize,
    conversations: Vec<Shown<conversations::ConversationView<'a>>>,
}

fn wrap(workspace: &Workspace, request: &Request<'_>, rows: &[u32], total: usize, pages: &Value) -> Reply {
    let view = request.view(workspace);
    let shown = rows
        .iter()
        .map(|row| conversations::row(view, &workspace.conversations[*row as usize]))
        .collect();
    Reply::json(&ConversationList {
        kind: "conversation.list",
        pages,
        total_count: total,
        conversations: shown,
    })
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), 20, 150)?;
    let cursor = request.query("starting_after").map(Cursor::decode).transpose()?;
    let order = &workspace.conversation_order;
    let mut rows: Vec<(i64, u32)> = match cursor {
        None => order.before(i64::MAX, None).take(per_page + 1).collect(),
        Some(cursor) => order
            .before(cursor.value, Some(cursor.row))
            .take(per_page + 1)
            .collect(),
    };
    let has_more = rows.len() > per_page;
    rows.truncate(per_page);
    let page = cursor.map_or(1, |cursor| cursor.page);
    let mut pages = json!({ "type": "pages", "page": page, "per_page": per_page, "total_pages": order.len().div_ceil(per_page).max(1) });
    if let (true, Some((value, row))) = (has_more, rows.last()) {
        let next = Cursor {
            value: *value,
            row: *row,
            page: page + 1,
        };
        pages["next"] = json!({ "page": page + 1, "starting_after": next.encode() });
    }
    let rows: Vec<u32> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(wrap(workspace, request, &rows, order.len(), &pages))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let filter = search::compile(&request.body["query"], &conversation_fields::kind, Times::Seconds)?;
    let plan = Plan::read(&request.body, 20, 150)?;
    let value = |row: u32, field: &str| {
        conversation_fields::value(workspace, &workspace.conversations[row as usize], field)
    };
    let passes = |row: u32| filter.passes(&|field| value(row, field));
    let key = |field: &str, row: u32| match value(row, field) {
        fields::Value::Number(number) => number,
        _ => i64::from(row),
    };
    let order = &workspace.conversation_order;
    let asked = format!("conversations {}", request.body["query"]);
    let found = search::run_counted_once(workspace, asked, &plan, &filter, order, &passes, &key);
    Ok(wrap(workspace, request, &found.rows, found.total, &found.pages))
}

fn list_deleted(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let newest_first = request.query("order") != Some("asc");
    let mut all: Vec<(u32, i64)> = workspace.deleted_conversations.clone();
    if newest_first {
        all.reverse();
    }
    let rows = all.into_iter().map(|(row, at)| {
        json!({ "type": "conversation", "id": workspace.ids.conversation(row), "metrics_retained": true, "deleted_at": at })
    });
    let page = paging::offset(request, rows, 20, 60, LastPage::Null)?;
    Ok(Reply::json(&paging::offset_list(
        "conversations.list",
        "conversations",
        page,
    )))
}
