//! A conversation that sleeps until a moment.

use jiff::Timestamp;
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
            "conversations.snooze",
            "Snoozes a conversation until a moment.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            Field::moment(
                "until",
                "When it opens again: a moment such as `+2d`, not a number of seconds to sleep.",
            )
            .or_named(&["snoozed_until"])
            .required(),
            acting_field(),
        ])
        .calls(MANAGING),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let until = input.integer("until").unwrap_or_default();
    if until <= run.now().as_second() {
        let moment = Timestamp::from_second(until).map_or_else(|_| until.to_string(), |at| at.to_string());
        return Err(ActionError::refused(
            "TL0749",
            format!("a conversation cannot be snoozed until {moment}, which has passed"),
            "`until` is a moment that lies ahead: a date, a time, or a span from now such as `+2d`.",
        ));
    }
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    if found["state"] == "snoozed" && found["snoozed_until"] == until {
        run.note("It sleeps until then already; nothing was changed.");
        return Ok(found);
    }
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let body = json!({ "message_type": "snoozed", "admin_id": admin, "snoozed_until": until });
    manage(run, &id, &found, body).await
}
