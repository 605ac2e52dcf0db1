//! Content snippets: short pieces of knowledge for Fin and Copilot (facts 6.9). Their tags are in `tags.rs`.

use serde_json::{Value, json};

use super::{Handler, audiences, common, records};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    webhooks::topic::Topic,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("content_snippets.list", Handler::Read(list)),
    ("content_snippets.get", Handler::Read(get)),
    ("content_snippets.create", Handler::Write(create)),
    ("content_snippets.update", Handler::Write(update)),
    ("content_snippets.delete", Handler::Write(delete)),
];

/// What a body may set as it is.
const FIELDS: [&str; 6] = [
    "title",
    "locale",
    "audience_ids",
    "ai_chatbot_availability",
    "ai_copilot_availability",
    "ai_sales_agent_availability",
];
/// The languages that Fin reads here.
const LOCALES: [&str; 10] = ["en", "fr", "de", "es", "it", "pt", "pt-BR", "nl", "ja", "sv"];
const LONGEST_TITLE: usize = 255;

fn unknown() -> Refusal {
    Refusal::new(404, "not_found", "Content snippet not found")
}

/// A snippet without the tags, which its answers do not show.
fn shown(row: &Value) -> Value {
    let mut row = row.clone();
    reference::fields(&mut row).remove("tags");
    row
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows: Vec<Value> = workspace
        .reference
        .lists
        .content_snippets
        .iter()
        .map(shown)
        .collect();
    records::flat_page(request, &rows, 50, 50)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.content_snippets;
    reference::find(rows, request.parameter("id"))
        .map(|row| Reply::json(&shown(row)))
        .ok_or_else(unknown)
}

fn check(workspace: &Workspace, body: &Value) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::new(422, "validation_error", message));
    if let Some(locale) = body["locale"].as_str()
        && !LOCALES.contains(&locale)
    {
        return invalid("The language is not currently supported for Fin");
    }
    if let Some(title) = body["title"].as_str() {
        if title.trim().is_empty() {
            return invalid("Title can't be blank");
        }
        if title.chars().count() > LONGEST_TITLE {
            return invalid("Title is too long (maximum is 255 characters)");
        }
    }
    audiences::check_known(workspace, &body["audience_ids"])
}

/// The text of blocks, a paragraph each.
fn text_of(blocks: &Value) -> String {
    let texts: Vec<&str> = blocks
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|block| block["text"].as_str())
        .collect();
    texts.join("\n\n")
}

/// Writes what the body says; blocks and Markdown are two views of one text.
fn write(row: &mut Value, body: &Value, now: i64) {
    common::copy(reference::fields(row), body, &FIELDS);
    if let Some(markdown) = body["body_markdown"].as_str() {
        let paragraphs = markdown
            .split("\n\n")
            .map(str::trim)
            .filter(|text| !text.is_empty() && !text.starts_with("# "));
        row["json_blocks"] = paragraphs
            .map(|text| json!({ "type": "paragraph", "text": text }))
            .collect();
        row["body_markdown"] = json!(markdown);
    } else {
        if body["json_blocks"].is_array() {
            row["json_blocks"] = body["json_blocks"].clone();
        }
        let title = row["title"].as_str().unwrap_or_default();
        row["body_markdown"] = json!(format!("# {title}\n\n{}\n", text_of(&row["json_blocks"])));
    }
    row["chatbot_availability"] = json!(u8::from(row["ai_chatbot_availability"] == true));
    row["copilot_availability"] = json!(u8::from(row["ai_copilot_availability"] == true));
    row["updated_at"] = json!(now);
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    request.required("title")?;
    check(workspace, &request.body)?;
    let mut made = json!({
        "type": "content_snippet",
        "id": workspace.reference.next_id().to_string(),
        "title": "",
        "locale": "en",
        "json_blocks": [],
        "body_markdown": "",
        "chatbot_availability": 1,
        "copilot_availability": 1,
        "ai_chatbot_availability": true,
        "ai_copilot_availability": true,
        "ai_sales_agent_availability": true,
        "created_at": request.now,
        "updated_at": request.now,
        "audience_ids": [],
    });
    write(&mut made, &request.body, request.now);
    workspace.reference.lists.content_snippets.push(made.clone());
    workspace.changed();
    workspace.tell_shown(Topic::ContentSnippetCreated, &made, request.now);
    workspace.tell_audiences("content_snippet", &Value::Null, &made, request.now);
    Ok(Reply::with_status(201, &made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.content_snippets;
    let place = records::place(rows, request.parameter("id"), unknown)?;
    check(workspace, &request.body)?;
    let row = &mut workspace.reference.lists.content_snippets[place];
    let before = row.clone();
    write(row, &request.body, request.now);
    let shown = shown(row);
    workspace.changed();
    workspace.tell_shown(Topic::ContentSnippetUpdated, &shown, request.now);
    workspace.tell_audiences("content_snippet", &before, &shown, request.now);
    Ok(Reply::json(&shown))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.content_snippets;
    let place = records::place(rows, request.parameter("id"), unknown)?;
    let gone = rows.remove(place);
    workspace.changed();
    workspace.tell_audiences("content_snippet", &gone, &Value::Null, request.now);
    workspace.tell_gone(Topic::ContentSnippetDeleted, &gone, request.now);
    Ok(Reply::empty(204))
}
