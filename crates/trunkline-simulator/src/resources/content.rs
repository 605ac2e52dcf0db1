//! All content at once: searching it and acting on many pieces of it (facts 6.9).

use serde_json::{Value, json};

use super::{Handler, articles, records};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{Workspace, lists::Lists, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("content.search", Handler::Read(search)),
    ("content.run_bulk_action", Handler::Write(run_bulk_action)),
];

/// An article's text in a language has an id of its own, this much above the article's.
const TEXT_IDS: u64 = 12_000_000;
/// The most pieces of one action.
const MOST_PIECES: usize = 1_000;
const ACTIONS: [&str; 6] = [
    "publish",
    "unpublish",
    "delete",
    "set_availability",
    "set_audience",
    "update_tags",
];
/// The kinds of content by the words of the search, of answers, and of actions.
const KINDS: [(&str, &str); 4] = [
    ("snippet", "content_snippet"),
    ("external_content", "external_content"),
    ("internal_article", "internal_article"),
    ("article", "article"),
];

/// The rows of a kind.
fn rows<'w>(workspace: &'w Workspace, kind: &str) -> &'w [Value] {
    let lists: &Lists = &workspace.reference.lists;
    match kind {
        "content_snippet" => &lists.content_snippets,
        "external_content" => &lists.external_pages,
        "internal_article" => &workspace.reference.internal_articles,
        _ => &workspace.reference.articles,
    }
}

fn rows_mut<'w>(workspace: &'w mut Workspace, kind: &str) -> &'w mut Vec<Value> {
    match kind {
        "content_snippet" => &mut workspace.reference.lists.content_snippets,
        "external_content" => &mut workspace.reference.lists.external_pages,
        "internal_article" => &mut workspace.reference.internal_articles,
        _ => &mut workspace.reference.articles,
    }
}

/// The id of an article's text.
fn text_id(article: &Value) -> String {
    let id: u64 = article["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    (TEXT_IDS + id).to_string()
}

fn shown(kind: &str, row: &Value) -> Value {
    let mut shown = json!({ "type": kind, "id": row["id"], "title": row["title"] });
    if kind == "article" {
        shown["contents"] = json!([{
            "type": "article_content", "id": text_id(row), "title": row["title"], "locale": locale(row),
        }]);
    }
    shown
}

fn locale(row: &Value) -> &str {
    row["locale"]
        .as_str()
        .or_else(|| row["default_locale"].as_str())
        .unwrap_or("en")
}

fn text_of(row: &Value) -> String {
    ["title", "body", "html", "body_markdown"]
        .iter()
        .filter_map(|field| row[*field].as_str())
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// Everything that a search asks for.
struct Filter {
    words: Vec<String>,
    kinds: Vec<String>,
    states: Vec<String>,
    locales: Vec<String>,
    with_tags: Vec<String>,
    without_tags: Vec<String>,
    folders: Vec<String>,
    created_by: Vec<String>,
    updated_by: Vec<String>,
    /// Field of availability and whether it is to be on.
    switches: Vec<(&'static [&'static str], bool)>,
    created: (i64, i64),
    updated: (i64, i64),
}

impl Filter {
    fn read(request: &Request<'_>) -> Result<Self, Refusal> {
        let invalid = |message: String| Refusal::new(422, "data_invalid", message);
        let listed = |name: &str| records::listed(request, name);
        let moment = |name: &str, default: i64| match request.query(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| invalid(format!("{name} must be a time in unix seconds"))),
        };
        let folders = listed("folder_ids");
        if !folders.is_empty() && request.query("folder_entity_type") != Some("folder") {
            return Err(invalid(
                "folder_entity_type is required with folder_ids".to_owned(),
            ));
        }
        let mut with_tags = listed("any_tag_ids");
        let mut without_tags = Vec::new();
        match request.query("tag_operator") {
            None | Some("IN") => with_tags.extend(listed("tag_ids")),
            Some("NIN") => without_tags = listed("tag_ids"),
            Some(other) => return Err(invalid(format!("{other} is not a tag operator"))),
        }
        let mut switches = Vec::new();
        for (name, fields) in [
            (
                "copilot_state",
                ["ai_copilot_availability", "ai_copilot_availability"].as_slice(),
            ),
            (
                "fin_service_state",
                ["ai_chatbot_availability", "ai_agent_availability"].as_slice(),
            ),
            (
                "fin_sales_state",
                ["ai_sales_agent_availability", "ai_sales_agent_availability"].as_slice(),
            ),
        ] {
            match request.query(name) {
                None => {}
                Some("on") => switches.push((fields, true)),
                Some("off") => switches.push((fields, false)),
                Some(other) => return Err(invalid(format!("{name} cannot be {other}"))),
            }
        }
        Ok(Self {
            words: request
                .query("query")
                .unwrap_or_default()
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            kinds: listed("content_types"),
            states: listed("states"),
            locales: listed("locales"),
            with_tags,
            without_tags,
            folders,
            created_by: listed("created_by_ids"),
            updated_by: listed("last_updated_by_ids"),
            switches,
            created: (
                moment("created_at_after", i64::MIN)?,
                moment("created_at_before", i64::MAX)?,
            ),
            updated: (
                moment("updated_at_after", i64::MIN)?,
                moment("updated_at_before", i64::MAX)?,
            ),
        })
    }

    fn passes(&self, row: &Value) -> bool {
        let tags: Vec<&str> = row["tags"]["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tag| tag["id"].as_str())
            .collect();
        let any_of = |wanted: &[String], held: Option<String>| {
            wanted.is_empty() || held.is_some_and(|held| wanted.contains(&held))
        };
        let is_tagged = |wanted: &[String]| tags.iter().any(|tag| wanted.iter().any(|one| one == tag));
        let within = |span: (i64, i64), field: &str| {
            row[field].as_i64().is_some_and(|at| span.0 <= at && at <= span.1)
        };
        let is_on = |fields: &[&str]| {
            // Content that has no switch is on.
            fields
                .iter()
                .find_map(|field| row[*field].as_bool())
                .unwrap_or(true)
        };
        let state = row["state"].as_str().unwrap_or("published").to_owned();
        let text = text_of(row);
        self.words.iter().all(|word| text.contains(word.as_str()))
            && any_of(&self.states, Some(state))
            && any_of(&self.locales, Some(locale(row).to_owned()))
            && (self.with_tags.is_empty() || is_tagged(&self.with_tags))
            && !is_tagged(&self.without_tags)
            && any_of(&self.folders, as_text(&row["folder_id"]))
            && any_of(&self.created_by, as_text(&row["author_id"]))
            && any_of(&self.updated_by, as_text(&row["author_id"]))
            && self.switches.iter().all(|(fields, on)| is_on(fields) == *on)
            && within(self.created, "created_at")
            && within(self.updated, "updated_at")
    }
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let filter = Filter::read(request)?;
    // Values below one count as one here, unlike elsewhere.
    let page = request
        .query("page")
        .and_then(|page| page.parse::<usize>().ok())
        .unwrap_or(1)
        .max(1);
    let per_page = paging::per_page(request.query("per_page"), 10, 50)?;
    let mut found: Vec<(i64, &str, &Value)> = KINDS
        .iter()
        .filter(|(asked, _)| filter.kinds.is_empty() || filter.kinds.iter().any(|kind| kind == asked))
        .flat_map(|(_, kind)| rows(workspace, kind).iter().map(move |row| (*kind, row)))
        .filter(|(_, row)| filter.passes(row))
        .map(|(kind, row)| (row["updated_at"].as_i64().unwrap_or_default(), kind, row))
        .collect();
    found.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let total = found.len();
    let total_pages = total.div_ceil(per_page).max(1);
    let data: Vec<Value> = found
        .into_iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|(_, kind, row)| shown(kind, row))
        .collect();
    Ok(Reply::json(&json!({
        "type": "list",
        "total_count": total,
        "pages": {
            "type": "pages",
            "page": page,
            "per_page": per_page,
            "total_pages": total_pages,
            "next": (page < total_pages).then(|| request.page_url(page + 1, per_page)),
            "prev": (page > 1).then(|| request.page_url(page - 1, per_page)),
        },
        "data": data,
    })))
}

/// What an action's pieces are, as kinds and places.
fn pieces(
    workspace: &Workspace,
    request: &Request<'_>,
    action: &str,
) -> Result<Vec<(&'static str, String)>, Refusal> {
    let invalid = |message: String| Refusal::new(422, "parameter_invalid", message);
    let sent = request.body["content_ids"]
        .as_array()
        .filter(|all| !all.is_empty())
        .ok_or_else(|| invalid("content_ids must name at least one piece of content".to_owned()))?;
    if sent.len() > MOST_PIECES {
        return Err(invalid(format!(
            "content_ids can name {MOST_PIECES} pieces of content"
        )));
    }
    let mut pieces = Vec::with_capacity(sent.len());
    for piece in sent {
        let kind = piece["type"].as_str().unwrap_or_default();
        let id =
            as_text(&piece["id"]).ok_or_else(|| invalid("each piece of content needs an id".to_owned()))?;
        if matches!(action, "publish" | "unpublish") && kind != "article_content" {
            return Err(invalid(format!(
                "{action} applies to article_content only, not to {kind}"
            )));
        }
        if action == "delete" && kind == "external_content" {
            return Err(invalid("external_content cannot be deleted this way".to_owned()));
        }
        match kind {
            "article_content" => {
                // Unknown texts are skipped when the action runs, like everything else that is unknown.
                let article = workspace.reference.articles.iter().find(|row| text_id(row) == id);
                pieces.extend(article.map(|row| ("article", as_text(&row["id"]).unwrap_or_default())));
            }
            "file_source_content" => {}
            _ => {
                let (_, kind) = KINDS
                    .iter()
                    .find(|(_, known)| *known == kind)
                    .ok_or_else(|| invalid(format!("{kind} is not a type of content")))?;
                pieces.push((kind, id));
            }
        }
    }
    Ok(pieces)
}

fn numbers(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn apply(workspace: &mut Workspace, request: &Request<'_>, action: &str, kind: &str, id: &str) {
    let body = &request.body;
    let tags: Vec<(bool, String)> = [(true, "add_tag_ids"), (false, "remove_tag_ids")]
        .into_iter()
        .flat_map(|(present, field)| {
            numbers(&body["tags"][field])
                .iter()
                .filter_map(as_text)
                .map(|id| (present, id))
                .collect::<Vec<_>>()
        })
        .collect();
    let tags: Vec<(bool, Value)> = tags
        .into_iter()
        .filter_map(|(present, id)| {
            let (_, tag) = workspace.tag(&id)?;
            Some((present, json!({ "type": "tag", "id": id, "name": tag.name })))
        })
        .collect();
    let rows = rows_mut(workspace, kind);
    let Some(place) = reference::position(rows, id) else {
        return;
    };
    if action == "delete" {
        rows.remove(place);
        return;
    }
    let row = &mut rows[place];
    match action {
        "publish" => {
            row["state"] = json!("published");
            row["url"] = json!(format!("https://help.example.com/articles/{id}"));
        }
        "unpublish" => {
            row["state"] = json!("draft");
            row["url"] = Value::Null;
        }
        "set_availability" => {
            let agent = if kind == "external_content" {
                "ai_agent_availability"
            } else {
                "ai_chatbot_availability"
            };
            for (asked, field) in [
                ("ai_agent", agent),
                ("copilot", "ai_copilot_availability"),
                ("sales_agent", "ai_sales_agent_availability"),
            ] {
                if let Some(on) = body["availability"][asked].as_bool() {
                    row[field] = json!(on);
                }
            }
        }
        "set_audience" => {
            let asked = &body["audience"];
            let mut held = if asked["remove_all"] == true {
                Vec::new()
            } else {
                numbers(&row["audience_ids"])
            };
            let gone = numbers(&asked["remove_segment_ids"]);
            held.retain(|id| !gone.contains(id));
            for id in numbers(&asked["add_segment_ids"]) {
                if !held.contains(&id) {
                    held.push(id);
                }
            }
            row["audience_ids"] = json!(held);
        }
        _ => {
            let mut held = numbers(&row["tags"]["tags"]);
            for (present, tag) in tags {
                held.retain(|known| known["id"] != tag["id"]);
                if present {
                    held.push(tag);
                }
            }
            row["tags"] = json!({ "type": "tag.list", "tags": held });
        }
    }
    row["updated_at"] = json!(request.now);
}

/// Tells what became of an article or a snippet that was this before.
fn tell(workspace: &mut Workspace, kind: &str, was: &Value, now: i64) {
    let id = was["id"].as_str().unwrap_or_default();
    let place = reference::position(rows(workspace, kind), id);
    let is = place.map_or(Value::Null, |place| rows(workspace, kind)[place].clone());
    let of_audiences = match kind {
        "article" => articles::CONTENT,
        "content_snippet" => "content_snippet",
        _ => return,
    };
    workspace.tell_audiences(of_audiences, was, &is, now);
    match (kind, place) {
        ("article", Some(place)) => {
            workspace.tell_article(Topic::ArticleUpdated, place, was["state"].as_str(), now);
        }
        ("article", None) => {
            workspace.happened(Topic::ArticleDeleted, Subject::Article(was.clone()), now);
        }
        ("content_snippet", Some(place)) => {
            let shown = shown(kind, &rows(workspace, kind)[place]);
            workspace.tell_shown(Topic::ContentSnippetUpdated, &shown, now);
        }
        ("content_snippet", None) => workspace.tell_gone(Topic::ContentSnippetDeleted, was, now),
        _ => {}
    }
}

fn run_bulk_action(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let action = request.required("action")?;
    let invalid = |message: String| Refusal::new(422, "parameter_invalid", message);
    if !ACTIONS.contains(&action.as_str()) {
        return Err(invalid(format!("{action} is not an action")));
    }
    let needed = match action.as_str() {
        "set_availability" => Some("availability"),
        "set_audience" => Some("audience"),
        "update_tags" => Some("tags"),
        _ => None,
    };
    if let Some(field) = needed.filter(|field| !request.body[*field].is_object()) {
        return Err(invalid(format!("{action} needs {field}")));
    }
    for (kind, id) in pieces(workspace, request, &action)? {
        let was = reference::find(rows(workspace, kind), &id).cloned();
        apply(workspace, request, &action, kind, &id);
        if let Some(was) = was {
            tell(workspace, kind, &was, request.now);
        }
    }
    workspace.changed();
    Ok(Reply::with_status(
        202,
        &json!({ "type": "content_bulk_action", "status": "queued" }),
    ))
}
