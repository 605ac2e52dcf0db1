//! A company as the API shows it.

use serde_json::{Map, Value, json};

use super::View;
use crate::{
    texts::mix,
    workspace::{Workspace, company::Company, people::Segment},
};

/// Shows a company; what was never set is left out, as the platform does.
pub(crate) fn view(view: View<'_>, company: &Company) -> Value {
    let workspace = view.workspace;
    let seed = workspace.seed;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("type", json!("company"));
    set("id", json!(company.id(seed)));
    set("company_id", json!(company.company_id()));
    set("app_id", json!(workspace.id_code));
    set("name", json!(company.name(seed)));
    set(
        "remote_created_at",
        json!(
            company
                .written
                .as_ref()
                .and_then(|written| written.get("remote_created_at"))
                .cloned()
                .unwrap_or(json!(company.created_at - 86_400))
        ),
    );
    set("created_at", json!(company.created_at));
    set("updated_at", json!(company.updated_at));
    set("monthly_spend", json!(company.monthly_spend));
    set("session_count", json!(mix(seed, 22, company.row) % 900));
    set(
        "user_count",
        json!(workspace.contacts_of_company(company.row).count()),
    );
    if company.generated {
        set("last_request_at", json!(company.updated_at - 600));
    }
    if let Some(size) = company.size {
        set("size", json!(size));
    }
    for field in ["website", "industry"] {
        if let Some(text) = company.text(field, || {
            (field == "website").then(|| format!("https://company-{}.example.com", company.row + 1))
        }) {
            set(field, json!(text));
        }
    }
    set(
        "plan",
        company.text("plan", || Some("Team".to_owned())).map_or_else(
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
    Value::Object(fields)
}

/// Shows a segment without its count.
pub(crate) fn segment(segment: &Segment) -> Value {
    json!({
        "type": "segment",
        "id": segment.id,
        "name": segment.name,
        "created_at": segment.created_at,
        "updated_at": segment.created_at,
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
