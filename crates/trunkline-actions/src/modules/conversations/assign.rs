//! Who a conversation is assigned to: a teammate, a team, nobody, or whom the workspace's rules choose.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};

use super::{MANAGING, acting_field, manage};
use crate::{
    Action, ActionError, Field, Group, Input, Run, Write,
    modules::refs::{acting_admin, before, conversation, whole},
};

pub(super) fn actions() -> Vec<Action> {
    let group = Group {
        name: "assignee",
        required: false,
    };
    vec![
        Action::module(
            "conversations.assign",
            "Assigns a conversation to a teammate, a team, nobody, or by the workspace's rules.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            Field::choice(
                "to",
                &["admin", "team", "nobody", "rules"],
                "To whom; follows from `assignee_id` or `team_id` when left out.",
            ),
            Field::text(
                "assignee_id",
                "The teammate who gets it; with `to=team` the team.",
            )
            .in_group(group)
            .picked_from("admins"),
            Field::text("team_id", "The team that gets it.")
                .in_group(group)
                .picked_from("teams"),
            acting_field(),
            Field::text("note", "A note for the teammates, kept with the assignment.").or_named(&["body"]),
        ])
        .calls(MANAGING)
        .calls(&["conversations.run_assignment_rules"]),
    ]
}

/// Whom it goes to.
enum Target {
    One(&'static str, String),
    Nobody,
    Rules,
}

fn target(run: &Run, input: &Input) -> Result<Target, ActionError> {
    let (admin, team) = (input.text("assignee_id"), input.text("team_id"));
    let to = match (input.text("to"), admin, team) {
        (Some(to), _, _) => to,
        (None, Some(_), _) => "admin",
        (None, None, Some(_)) => "team",
        (None, None, None) => {
            return Err(run.misfit("to`, `assignee_id`, `team_id", "are missing; give one of them"));
        }
    };
    let stray = |field: &str| Err(run.misfit(field, format!("does not go with `to={to}`")));
    match (to, admin, team) {
        ("admin", Some(id), None) => Ok(Target::One("admin", id.to_owned())),
        ("admin", None, None) => {
            Err(run.misfit("assignee_id", "is missing; it names the teammate who gets it"))
        }
        ("team", None, None) => Err(run.misfit("team_id", "is missing; it names the team that gets it")),
        ("team", Some(id), None) | ("team", None, Some(id)) => Ok(Target::One("team", id.to_owned())),
        (_, _, Some(_)) => stray("team_id"),
        (_, Some(_), None) => stray("assignee_id"),
        ("rules", None, None) if input.text("note").is_some() => stray("note"),
        ("rules", None, None) => Ok(Target::Rules),
        (_, None, None) => Ok(Target::Nobody),
    }
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let target = target(run, &input)?;
    if matches!(target, Target::Rules) && run.version() > Version::V2_11 {
        return Err(ActionError::refused(
            "TL0747",
            format!("version {} cannot run assignment rules", run.version()),
            "Intercom took it away in 2.12, where its workflows assign by themselves. Name a team with `team_id`, or use a connection of version 2.11 or older.",
        ));
    }
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    match target {
        Target::Rules => {
            run.write(
                Write::new("conversations.run_assignment_rules")
                    .path("conversation_id", &id)
                    .before(before(&found, &["admin_assignee_id", "team_assignee_id"])),
            )
            .await
        }
        Target::One(kind, assignee) => {
            let held = assignee_of(&found, kind);
            if held.as_deref() == Some(&*assignee) && input.text("note").is_none() {
                run.note("It is assigned like that already; nothing was changed.");
                return Ok(found);
            }
            let admin = acting_admin(run, input.text("admin_id")).await?;
            let body = body(&input, kind, &admin, &assignee, true);
            manage(run, &id, &found, body).await
        }
        Target::Nobody => take_away(run, &input, &id, found).await,
    }
}

/// A teammate and a team are taken away by a call each.
async fn take_away(run: &mut Run, input: &Input, id: &str, found: Value) -> Result<Value, ActionError> {
    let held: Vec<&'static str> = ["admin", "team"]
        .into_iter()
        .filter(|kind| assignee_of(&found, kind).is_some())
        .collect();
    if held.is_empty() {
        run.note("Nobody has it; nothing was changed.");
        return Ok(found);
    }
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let mut answer = found.clone();
    for (number, kind) in held.into_iter().enumerate() {
        let body = body(input, kind, &admin, "0", number == 0);
        answer = manage(run, id, &found, body).await?;
    }
    Ok(answer)
}

fn body(input: &Input, kind: &str, admin: &str, assignee: &str, with_note: bool) -> Value {
    let mut body = json!({
        "message_type": "assignment", "type": kind, "admin_id": admin, "assignee_id": assignee,
    });
    if let Some(note) = input.text("note").filter(|_| with_note) {
        body["body"] = json!(note);
    }
    body
}

/// The teammate or team that has it; nobody is null up to 2.15 and 0 since.
fn assignee_of(conversation: &Value, kind: &str) -> Option<String> {
    let id = match &conversation[format!("{kind}_assignee_id")] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    (id != "0" && !id.is_empty()).then_some(id)
}
