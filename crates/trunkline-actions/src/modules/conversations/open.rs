//! A snoozed or closed conversation that is opened again.

use serde_json::{Value, json};
use trunkline_catalog::Effect;

use super::{MANAGING, acting_field, manage};
use crate::{
    Action, ActionError, Field, Input, Run,
    modules::refs::{acting_admin, conversation, whole},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.open",
            "Opens a snoozed or closed conversation.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes([acting_field()])
        .calls(MANAGING),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    if found["state"] == "open" {
        run.note("It is open already; nothing was changed.");
        return Ok(found);
    }
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let body = json!({ "message_type": "open", "admin_id": admin });
    manage(run, &id, &found, body).await
}
