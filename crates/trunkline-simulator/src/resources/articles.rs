//! Articles: writing, reading one, searching, and since 2.16 drafts and versions (facts 6.9).

use serde_json::{Map, Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    texts,
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{
        Workspace,
        reference::{self, ArticleText},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("articles.get", Handler::Read(get)),
    ("articles.search", Handler::Read(search)),
    ("articles.create", Handler::Write(create)),
    ("articles.update", Handler::Write(update)),
    ("articles.delete", Handler::Write(delete)),
    ("articles.get_draft", Handler::Read(get_draft)),
    ("articles.stage_draft", Handler::Write(stage_draft)),
    ("articles.publish_draft", Handler::Write(publish_draft)),
    ("articles.list_versions", Handler::Read(list_versions)),
    ("articles.get_version", Handler::Read(get_version)),
];

/// What a body may set as it is.
const FIELDS: [&str; 8] = [
    "title",
    "description",
    "translated_content",
    "audience_ids",
    "ai_chatbot_availability",
    "ai_copilot_availability",
    "ai_sales_agent_availability",
    "state",
];

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = match request.parameter("article_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::position(&workspace.reference.articles, id).ok_or_else(|| Refusal::not_found("Resource"))
}

/// One article, which shows its statistics, unlike a row of a list.
fn shown(workspace: &Workspace, request: &Request<'_>, place: usize) -> Value {
    let article = &workspace.reference.articles[place];
    let mut shown = presenter::reference::article(&workspace.reference, article, request.version);
    let number = article["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or(0_u32);
    let views = texts::mix(workspace.seed, 15, number) % 4_000;
    shown["statistics"] = json!({
        "type": "article_statistics",
        "conversations": 0,
        "views": views,
        "conversions": views / 40,
        "reactions": views / 20,
        "happy_reaction_percentage": 70.0,
        "neutral_reaction_percentage": 20.0,
        "sad_reaction_percentage": 10.0,
    });
    shown
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    Ok(Reply::json(&shown(
        workspace,
        request,
        place(workspace, request)?,
    )))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let phrase = request.query("phrase").unwrap_or_default().to_lowercase();
    let state = request.query("state").unwrap_or("all");
    let found: Vec<&Value> = workspace
        .reference
        .articles
        .iter()
        .filter(|article| state == "all" || article["state"] == state)
        .filter(|article| {
            ["title", "description", "body"].iter().any(|field| {
                article[*field]
                    .as_str()
                    .is_some_and(|text| text.to_lowercase().contains(&phrase))
            })
        })
        .collect();
    let rows = found
        .iter()
        .map(|article| presenter::reference::article(&workspace.reference, article, request.version));
    let page = paging::offset(request, rows, 10, 150, LastPage::Absent)?;
    let highlights: Vec<Value> = match request.query("highlight") {
        Some("true") => page
            .rows
            .iter()
            .map(|article| {
                let title = article["title"].as_str().unwrap_or_default();
                json!({ "article_id": article["id"], "highlighted_title": [{ "type": "plain", "text": title }], "highlighted_summary": [] })
            })
            .collect(),
        _ => Vec::new(),
    };
    Ok(Reply::json(&json!({
        "type": "list",
        "total_count": page.total,
        "data": { "articles": page.rows, "highlights": highlights },
        "pages": page.pages,
    })))
}

/// What audiences call an article.
pub(super) const CONTENT: &str = "article_content";

/// HTML of a body, from whichever of its two forms was sent.
fn body_of(sent: &Value) -> Option<String> {
    let plain = sent["body_markdown"]
        .as_str()
        .map(|text| format!("<p class=\"no-margin\">{}</p>", common::escape(text)));
    let html = sent["body"].as_str().map(|text| match text {
        "" => String::new(),
        text if text.starts_with('<') => text.replacen("<p>", "<p class=\"no-margin\">", usize::MAX),
        text => format!("<p class=\"no-margin\">{text}</p>"),
    });
    plain.or(html)
}

fn author(workspace: &Workspace, request: &Request<'_>) -> Result<Option<u64>, Refusal> {
    let Some(id) = as_text(&request.body["author_id"]) else {
        return Ok(None);
    };
    common::admin(workspace, &id).map(|number| Some(workspace.ids.admin(number)))
}

/// The collection that an article stands in; `Some(None)` takes it out of any.
fn parent(workspace: &Workspace, body: &Value) -> Result<Option<Option<u64>>, Refusal> {
    match body.get("parent_id") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(id) => {
            let id = as_text(id).unwrap_or_default();
            reference::find(&workspace.reference.collections, &id)
                .ok_or_else(|| Refusal::not_found("Resource"))?;
            Ok(Some(id.parse().ok()))
        }
    }
}

fn check_state(body: &Value) -> Result<(), Refusal> {
    match body["state"].as_str() {
        None | Some("draft" | "published") => Ok(()),
        Some(other) => Err(Refusal::invalid(format!("state cannot be {other}"))),
    }
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let title = request.required("title")?;
    let author = author(workspace, request)?.ok_or_else(|| {
        Refusal::new(
            400,
            "parameter_not_found",
            "author_id must be in the main body or default locale translated_content object",
        )
    })?;
    check_state(&request.body)?;
    let parent = parent(workspace, &request.body)?.flatten();
    let id = workspace.reference.next_id();
    let text = ArticleText {
        title,
        body: body_of(&request.body).unwrap_or_default(),
        author,
        state: if request.body["state"] == "published" {
            "published"
        } else {
            "draft"
        },
        parent,
        created_at: request.now,
        updated_at: request.now,
    };
    let mut made = reference::article(&workspace.id_code, id, &text);
    common::copy(reference::fields(&mut made), &request.body, &FIELDS);
    common::name_translations(&mut made, "article");
    made["state"] = json!(text.state);
    workspace.reference.articles.push(made);
    let place = workspace.reference.articles.len() - 1;
    keep_version(workspace, place, request.now);
    workspace.changed();
    workspace.tell_article(Topic::ArticleCreated, place, None, request.now);
    let made = workspace.reference.articles[place].clone();
    workspace.tell_audiences(CONTENT, &Value::Null, &made, request.now);
    Ok(Reply::json(&shown(workspace, request, place)))
}

/// Writes what a body sends into an article.
fn write(article: &mut Map<String, Value>, body: &Value) {
    common::copy(article, body, &FIELDS);
    if let Some(text) = body_of(body) {
        article.insert("body".to_owned(), json!(text));
    }
}

fn address(article: &mut Value) {
    let id = article["id"].as_str().unwrap_or_default();
    article["url"] = match article["state"].as_str() {
        Some("published") => json!(format!("https://help.example.com/articles/{id}")),
        _ => Value::Null,
    };
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    check_state(&request.body)?;
    let author = author(workspace, request)?;
    let parent = parent(workspace, &request.body)?;
    let article = &mut workspace.reference.articles[place];
    let before = article.clone();
    write(reference::fields(article), &request.body);
    common::name_translations(article, "article");
    if let Some(author) = author {
        article["author_id"] = json!(author);
    }
    if let Some(parent) = parent {
        article["parent_ids"] = json!(parent.into_iter().collect::<Vec<_>>());
    }
    article["updated_at"] = json!(request.now);
    address(article);
    keep_version(workspace, place, request.now);
    workspace.changed();
    workspace.tell_article(
        Topic::ArticleUpdated,
        place,
        before["state"].as_str(),
        request.now,
    );
    let after = workspace.reference.articles[place].clone();
    workspace.tell_audiences(CONTENT, &before, &after, request.now);
    Ok(Reply::json(&shown(workspace, request, place)))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.articles.remove(place);
    workspace.changed();
    let receipt = json!({ "id": gone["id"], "object": "article", "deleted": true });
    workspace.tell_audiences(CONTENT, &gone, &Value::Null, request.now);
    workspace.happened(Topic::ArticleDeleted, Subject::Article(gone), request.now);
    Ok(Reply::json(&receipt))
}

fn id_at(workspace: &Workspace, place: usize) -> String {
    workspace.reference.articles[place]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The article as it would be with what is staged for it.
fn with_draft(workspace: &Workspace, request: &Request<'_>, place: usize) -> Value {
    let mut article = workspace.reference.articles[place].clone();
    let staged = workspace.reference.extra.drafts.get(&id_at(workspace, place));
    if let Some(staged) = staged {
        reference::fields(&mut article)
            .extend(staged.iter().map(|(field, value)| (field.clone(), value.clone())));
    }
    let mut shown = presenter::reference::article(&workspace.reference, &article, request.version);
    shown["has_unpublished_changes"] = json!(staged.is_some());
    if staged.is_none() {
        shown["draft_updated_at"] = Value::Null;
    }
    shown
}

fn get_draft(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    if !workspace
        .reference
        .extra
        .drafts
        .contains_key(&id_at(workspace, place))
    {
        return Err(Refusal::not_found("Resource"));
    }
    Ok(Reply::json(&with_draft(workspace, request, place)))
}

fn stage_draft(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    if workspace.reference.articles[place]["state"] != "published" {
        let message = "Article must be published before a draft can be staged";
        return Err(Refusal::new(422, "parameter_invalid", message));
    }
    author(workspace, request)?;
    let id = id_at(workspace, place);
    let staged = workspace.reference.extra.drafts.entry(id).or_default();
    write(staged, &request.body);
    staged.remove("state");
    staged.insert("draft_updated_at".to_owned(), json!(request.now));
    workspace.changed();
    Ok(Reply::json(&with_draft(workspace, request, place)))
}

fn publish_draft(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let id = id_at(workspace, place);
    let mut staged = workspace
        .reference
        .extra
        .drafts
        .remove(&id)
        .ok_or_else(|| Refusal::new(422, "parameter_invalid", "Article has no draft to publish"))?;
    staged.remove("draft_updated_at");
    let article = &mut workspace.reference.articles[place];
    reference::fields(article).extend(staged);
    article["updated_at"] = json!(request.now);
    keep_version(workspace, place, request.now);
    workspace.changed();
    workspace.tell_edit(place, request.now);
    Ok(Reply::json(&with_draft(workspace, request, place)))
}

/// Remembers the article as it stands now.
fn keep_version(workspace: &mut Workspace, place: usize, now: i64) {
    let id = workspace.reference.next_id();
    let version = version(&workspace.reference.articles[place], id, now, "api");
    let held = workspace
        .reference
        .extra
        .versions
        .entry(id_at(workspace, place))
        .or_default();
    let mut version = version;
    version["from_version_id"] = held.last().map_or(Value::Null, |last| last["id"].clone());
    held.push(version);
}

fn version(article: &Value, id: u64, at: i64, via: &str) -> Value {
    let author = as_text(&article["author_id"]);
    json!({
        "type": "article_version",
        "id": id.to_string(),
        "article_id": article["id"],
        "title": article["title"],
        "description": article["description"],
        "body": article["body"],
        "author_id": author,
        "created_by_id": author,
        "created_via": via,
        "from_version_id": Value::Null,
        "state": article["state"],
        "created_at": at,
        "updated_at": at,
    })
}

/// Every version of an article, newest first; a generated article has the one that it was made with.
fn versions(workspace: &Workspace, place: usize) -> Vec<Value> {
    let article = &workspace.reference.articles[place];
    let id = id_at(workspace, place);
    match workspace.reference.extra.versions.get(&id) {
        Some(held) => held.iter().rev().cloned().collect(),
        None => {
            let number = id.parse::<u64>().unwrap_or_default();
            vec![version(
                article,
                300_000 + number,
                article["updated_at"].as_i64().unwrap_or_default(),
                "web",
            )]
        }
    }
}

fn check_locale(request: &Request<'_>) -> Result<(), Refusal> {
    match request.query("locale") {
        None | Some("en") => Ok(()),
        Some(_) => Err(Refusal::invalid("Unknown locale")),
    }
}

fn list_versions(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    check_locale(request)?;
    let rows = versions(workspace, place).into_iter().map(|mut version| {
        for field in ["body", "updated_at"] {
            reference::fields(&mut version).remove(field);
        }
        version
    });
    let page = paging::offset(request, rows, 25, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn get_version(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    check_locale(request)?;
    let versions = versions(workspace, place);
    reference::find(&versions, request.parameter("id"))
        .map(Reply::json)
        .ok_or_else(|| Refusal::not_found("Resource"))
}
