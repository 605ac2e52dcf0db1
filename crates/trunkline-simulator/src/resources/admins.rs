//! What changes teammates and teams (facts 6.7). What they did is in `activity_logs.rs`.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, activity_logs, common};
use crate::{
    errors::Refusal,
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::topic::Topic,
    workspace::{
        Workspace,
        conversation::State,
        reference::{self},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("admins.set_away", Handler::Write(set_away)),
    ("teams.get_metrics", Handler::Read(get_metrics)),
    ("teams.update", Handler::Write(update_team)),
];

fn set_away(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("admin_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let unknown = |_| Refusal::new(404, "admin_not_found", "Admin for admin_id not found");
    let number = common::admin(workspace, id).map_err(unknown)?;
    let flag = |field: &str| {
        request.body[field]
            .as_bool()
            .ok_or_else(|| Refusal::missing(field))
    };
    let (is_away, reassign) = (flag("away_mode_enabled")?, flag("away_mode_reassign")?);
    let reason = match as_text(&request.body["away_status_reason_id"]) {
        None => None,
        // Reasons came in 2.14; who asks in an older version gives none.
        Some(_) if request.version < Version::V2_14 => None,
        Some(id) => {
            let reason = reference::find(&workspace.reference.away_status_reasons, &id)
                .ok_or_else(|| Refusal::invalid("Away status reason not found"))?;
            if reason["deleted"] == true {
                return Err(Refusal::invalid("Away status reason is deleted"));
            }
            id.parse::<u64>().ok()
        }
    };
    set(workspace, number, is_away, reassign, reason, request.now);
    let admin = &workspace.reference.admins[usize::from(number)];
    Ok(Reply::json(&presenter::reference::admin(admin, request.version)))
}

/// Sends an admin away or brings it back, and writes that into the log.
pub(crate) fn set(
    workspace: &mut Workspace,
    number: u16,
    is_away: bool,
    reassign: bool,
    reason: Option<u64>,
    now: i64,
) {
    let admin = &mut workspace.reference.admins[usize::from(number)];
    let before = admin["away_mode_enabled"].clone();
    admin["away_mode_enabled"] = json!(is_away);
    admin["away_mode_reassign"] = json!(reassign);
    admin["away_status_reason_id"] = json!(reason.filter(|_| is_away));
    let metadata = json!({
        "away_mode": is_away, "before": before, "after": is_away, "reassign_conversations": reassign,
    });
    let description = if is_away {
        "switched the away mode on"
    } else {
        "switched the away mode off"
    };
    activity_logs::write(
        workspace,
        number,
        ("admin_away_mode_change", description),
        &metadata,
        now,
    );
    workspace.tell_teammate(Topic::AdminAwayModeUpdated, number, now);
}

/// Lets an admin log in or out, and writes that into the log.
pub(crate) fn log_in_or_out(workspace: &mut Workspace, number: u16, is_in: bool, now: i64) {
    let (topic, activity, metadata) = if is_in {
        let metadata = json!({ "sign_in_method": "email_password" });
        (
            Topic::AdminLoggedIn,
            ("admin_login_success", "logged in"),
            metadata,
        )
    } else {
        (Topic::AdminLoggedOut, ("admin_logout", "logged out"), json!({}))
    };
    activity_logs::write(workspace, number, activity, &metadata, now);
    workspace.tell_teammate(topic, number, now);
}

/// How long an open conversation may rest before it counts as idle, in seconds.
const IDLE: i64 = 3_600;

fn get_metrics(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("team_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let number = common::team(workspace, id)?;
    let threshold = request
        .query("idle_threshold")
        .and_then(|text| text.parse().ok())
        .unwrap_or(IDLE);
    let members = workspace.reference.teams[usize::from(number)]["admin_ids"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let data: Vec<Value> = members
        .iter()
        .filter_map(as_text)
        .filter_map(|id| common::admin(workspace, &id).ok())
        .map(|admin| {
            let count = |state: State, idle: bool| {
                workspace
                    .conversations
                    .iter()
                    .filter(|found| !found.deleted && found.admin == admin + 1 && found.team == number + 1)
                    .filter(|found| {
                        found.state == state && (!idle || found.updated_at + threshold < request.now)
                    })
                    .count()
            };
            json!({
                "type": "team_metric",
                "admin_id": workspace.ids.admin(admin).to_string(),
                "open": count(State::Open, false),
                "idle": count(State::Open, true),
                "snoozed": count(State::Snoozed, false),
            })
        })
        .collect();
    Ok(Reply::json(&json!({ "type": "team_metric.list", "data": data })))
}

/// What a call may change of a team.
const TEAM_FIELDS: [&str; 2] = ["admin_ids", "admin_priority_level"];

fn update_team(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let number = common::team(workspace, request.parameter("id"))?;
    let sent = request.body.as_object();
    if let Some(other) = sent.and_then(|sent| sent.keys().find(|key| !TEAM_FIELDS.contains(&key.as_str()))) {
        return Err(Refusal::invalid(format!(
            "Only admin_ids and admin_priority_level can be updated on a team, but the request changed {other}"
        )));
    }
    let members = match request.body["admin_ids"].as_array() {
        None => None,
        Some(ids) => Some(
            ids.iter()
                .map(|id| common::admin(workspace, &as_text(id).unwrap_or_default()))
                .collect::<Result<Vec<u16>, _>>()?,
        ),
    };
    let team = &mut workspace.reference.teams[usize::from(number)];
    common::copy(reference::fields(team), &request.body, &["admin_priority_level"]);
    if let Some(members) = &members {
        team["admin_ids"] = json!(
            members
                .iter()
                .map(|member| workspace.ids.admin(*member))
                .collect::<Vec<u64>>()
        );
    }
    let shown = team.clone();
    if let Some(members) = members {
        let team = json!(workspace.ids.team(number));
        for (place, admin) in workspace.reference.admins.iter_mut().enumerate() {
            if let Some(teams) = admin["team_ids"].as_array_mut() {
                teams.retain(|held| *held != team);
                if members.contains(&(place as u16)) {
                    teams.push(team.clone());
                }
            }
        }
    }
    workspace.changed();
    Ok(Reply::json(&shown))
}
