//! What teammates did: the activity log, listed and searched.
//!
//! The one rule: an entry is kept by the newest name of its type, and every version shows and finds it by its own.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Handler;
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::Workspace,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("activity_logs.list", Handler::Read(list)),
    ("activity_logs.search", Handler::Read(search)),
    ("activity_logs.list_event_types", Handler::Read(list_event_types)),
];

/// All entries as a version shows them.
fn shown(workspace: &Workspace, version: Version) -> impl Iterator<Item = Value> {
    let logs = workspace.reference.activity_logs.iter();
    logs.map(move |log| presenter::reference::activity(log, version))
}

/// Writes what an admin did into the log: the type of the activity and its description.
pub(super) fn write(
    workspace: &mut Workspace,
    number: u16,
    activity: (&str, &str),
    metadata: &Value,
    now: i64,
) {
    let admin = &workspace.reference.admins[usize::from(number)];
    let (id, email) = (admin["id"].clone(), admin["email"].clone());
    let place = workspace.reference.activity_logs.len() as u32;
    workspace.reference.activity_logs.push(json!({
        "id": texts::uuid(texts::mix(workspace.seed, 51, place), place),
        "performed_by": { "type": "admin", "id": id, "email": email, "ip": "127.0.0.1" },
        "metadata": metadata,
        "created_at": now,
        "activity_type": activity.0,
        "activity_description": activity.1,
    }));
    workspace.changed();
}

/// Whose number a teammate's assignment limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    Conversations,
    Tickets,
}

/// Writes into the log that a teammate's assignment limit is another one now; no answer of the API shows the limit itself.
pub(crate) fn write_limit(workspace: &mut Workspace, number: u16, limited: Limited, limit: u32, now: i64) {
    let (activity, metadata) = match limited {
        Limited::Conversations => (
            "admin_conversation_assignment_limit_change",
            json!({ "conversation_assignment_limit": limit }),
        ),
        Limited::Tickets => (
            "admin_ticket_assignment_limit_change",
            json!({ "ticket_assignment_limit": limit }),
        ),
    };
    write(
        workspace,
        number,
        (activity, "changed the assignment limit"),
        &metadata,
        now,
    );
    workspace.tell_activity(now);
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let bound = |name: &str| match request.query(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<i64>()
            .map(Some)
            .map_err(|_| Refusal::invalid(format!("{name} must be unix seconds"))),
    };
    let after = bound("created_at_after")?.ok_or_else(|| Refusal::missing("created_at_after"))?;
    let before = bound("created_at_before")?.unwrap_or(i64::MAX);
    let mut rows: Vec<Value> = shown(workspace, request.version)
        .filter(|log| {
            log["created_at"]
                .as_i64()
                .is_some_and(|at| after <= at && at <= before)
        })
        .collect();
    rows.sort_by_key(|log| std::cmp::Reverse(log["created_at"].as_i64()));
    let page = paging::offset(request, rows.into_iter(), 20, 150, LastPage::Null)?;
    Ok(Reply::json(&paging::offset_list(
        "activity_log.list",
        "activity_logs",
        page,
    )))
}

/// A whole number of the body, sent as a number or as text.
fn number(body: &Value, field: &str) -> Result<Option<i64>, Refusal> {
    match &body[field] {
        Value::Null => Ok(None),
        value => value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .map(Some)
            .ok_or_else(|| Refusal::invalid(format!("{field} must be a whole number"))),
    }
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let body = &request.body;
    let after = number(body, "created_at_after")?.ok_or_else(|| Refusal::missing("created_at_after"))?;
    let before = number(body, "created_at_before")?.unwrap_or(i64::MAX);
    let per_page = number(body, "per_page")?.unwrap_or(20).clamp(1, 250) as usize;
    let page = number(body, "page")?.unwrap_or(1).max(1) as usize;
    let types: Option<Vec<&str>> = body["event_types"]
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).collect());
    let mut rows: Vec<Value> = shown(workspace, request.version)
        .filter(|log| {
            log["created_at"]
                .as_i64()
                .is_some_and(|at| after <= at && at <= before)
        })
        .filter(|log| {
            types.as_ref().is_none_or(|types| {
                log["activity_type"]
                    .as_str()
                    .is_some_and(|kind| types.contains(&kind))
            })
        })
        .collect();
    rows.sort_by_key(|log| std::cmp::Reverse(log["created_at"].as_i64()));
    let total_pages = rows.len().div_ceil(per_page).max(1);
    let shown: Vec<Value> = rows
        .into_iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .collect();
    let next = (page < total_pages).then(|| {
        format!(
            "{}/admins/activity_logs/search?page={}&per_page={per_page}",
            request.base_url,
            page + 1
        )
    });
    Ok(Reply::json(&json!({
        "type": "activity_log.list",
        "pages": { "type": "pages", "next": next, "page": page, "per_page": per_page, "total_pages": total_pages },
        "activity_logs": shown,
    })))
}

fn list_event_types(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let logs = workspace.reference.activity_logs.iter();
    let mut types: Vec<&str> = logs
        .filter_map(|log| log["activity_type"].as_str())
        .map(|kind| presenter::reference::activity_type(kind, request.version))
        .collect();
    types.extend([
        "admin_avatar_change",
        "admin_away_mode_change",
        "admin_deletion",
        "admin_invite_creation",
        "admin_login_failure",
        "admin_login_success",
        "admin_logout",
        "admin_permission_change",
        "app_name_change",
        "campaign_state_change",
    ]);
    types.sort_unstable();
    types.dedup();
    Ok(Reply::json(
        &json!({ "type": "activity_log_event_type.list", "event_types": types }),
    ))
}
