//! A company as the API shows it.

use serde_json::{Map, Value, json};

use super::View;
use crate::{
    texts::mix,
    workspace::{Workspace, company::Company, kept, people::Segment},
};

/// Shows a company; what was never set is left out, as the platform does.
pub(crate) fn view(view: View<'_>, company: &Company) -> Value {
    let workspace = view.workspace;
    let seed = workspace.seed;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("type", json!("company"));
    set("id", json!(company.id(&workspace.ids)));
    set("company_id", json!(company.company_id()));
    set("app_id", json!(workspace.id_code));
    set("name", json!(company.name(seed)));
    set("remote_created_at", remote_created_at(company));
    set("created_at", json!(company.created_at));
    set("updated_at", json!(company.updated_at));
    set("monthly_spend", json!(company.monthly_spend));
    let sessions = if company.generated {
        mix(seed, 22, company.row) % 900
    } else {
        0
    };
    set("session_count", json!(sessions));
    set(
        "user_count",
        json!(workspace.contacts_of_company(company.row).count()),
    );
    if let Some(at) = last_request_at(company) {
        set("last_request_at", json!(at));
    }
    if let Some(size) = company.size {
        set("size", json!(size));
    }
    for field in ["website", "industry"] {
        if let Some(text) = text(company, field) {
            set(field, json!(text));
        }
    }
    set(
        "plan",
        text(company, "plan").map_or_else(
            || json!({}),
            |name| json!({ "type": "plan", "id": "269315", "name": name }),
        ),
    );
    let tags: Vec<Value> = company
        .tags
        .iter()
        .map(|tag| &workspace.tags[*tag as usize])
        .map(|tag| json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }))
        .collect();
    set("tags", json!({ "type": "tag.list", "tags": tags }));
    let segments: Vec<Value> = workspace.segments_of_company(company).map(segment).collect();
    set(
        "segments",
        json!({ "type": "segment.list", "segments": segments }),
    );
    set(
        "custom_attributes",
        Value::Object(company.custom_attributes(seed)),
    );
    let mut shown = Value::Object(fields);
    if let Some(kept) = &company.kept {
        kept::overlay(&mut shown, kept);
    }
    shown
}

/// A website, an industry or a plan, written or generated.
pub(crate) fn text(company: &Company, field: &str) -> Option<String> {
    company.text(field, || match field {
        "website" => Some(format!("https://company-{}.example.com", company.row + 1)),
        "plan" => Some("Team".to_owned()),
        _ => None,
    })
}

/// When somebody of the company was last seen.
pub(crate) fn last_request_at(company: &Company) -> Option<i64> {
    company.generated.then_some(company.updated_at - 600)
}

/// When the company began, by the caller's own records.
pub(crate) fn remote_created_at(company: &Company) -> Value {
    company
        .written
        .as_ref()
        .and_then(|written| written.get("remote_created_at"))
        .cloned()
        .unwrap_or_else(|| company.generated.then_some(company.created_at - 86_400).into())
}

/// Shows a segment without its count.
pub(crate) fn segment(segment: &Segment) -> Value {
    json!({
        "type": "segment",
        "id": segment.id,
        "name": segment.name,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
        "person_type": segment.person_type(),
    })
}

/// Shows a segment with the number of the people whom lists show in it.
pub(crate) fn counted(workspace: &Workspace, segment: &Segment) -> Value {
    let count = workspace.total(format!("segment {}", segment.id), || {
        workspace
            .contacts
            .iter()
            .filter(|contact| segment.holds_contact(workspace.seed, contact))
            .count()
    });
    let mut shown = self::segment(segment);
    shown["count"] = json!(count);
    shown
}
