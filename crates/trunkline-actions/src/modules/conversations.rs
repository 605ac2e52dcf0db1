//! Modules about conversations.

mod answer;
mod assign;
mod browse;
mod close;
mod find_last;
mod mark_read;
mod open;
mod participant;
mod set_attributes;
mod snooze;
mod start;
mod tag;

use serde_json::Value;

use crate::{Action, ActionError, Field, Run, Write, modules::refs::before};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(answer::actions());
    all.extend(assign::actions());
    all.extend(browse::actions());
    all.extend(close::actions());
    all.extend(find_last::actions());
    all.extend(mark_read::actions());
    all.extend(open::actions());
    all.extend(participant::actions());
    all.extend(set_attributes::actions());
    all.extend(snooze::actions());
    all.extend(start::actions());
    all.extend(tag::actions());
    all
}

/// What a module calls that finds a conversation and manages it.
const MANAGING: &[&str] = &[
    "contacts.search",
    "conversations.search",
    "conversations.get",
    "me.get",
    "conversations.manage",
];

/// The teammate who acts.
fn acting_field() -> Field {
    Field::text(
        "admin_id",
        "The teammate in whose name it is done; whose token it is when left out.",
    )
    .picked_from("admins")
}

/// Closes, snoozes, opens or assigns a conversation that was read before.
async fn manage(run: &mut Run, id: &str, conversation: &Value, body: Value) -> Result<Value, ActionError> {
    const RELIED_ON: &[&str] = &["state", "snoozed_until", "admin_assignee_id", "team_assignee_id"];
    run.write(
        Write::new("conversations.manage")
            .path("id", id)
            .before(before(conversation, RELIED_ON))
            .payload(body),
    )
    .await
}
