//! The events of one contact, one by one for 90 days or summed up for ever.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Run, modules::refs::contact};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "data_events.list_of_contact",
            "Lists what a contact did in the last 90 days, newest first, or sums it up.",
            Effect::Read,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .takes([
            Field::flag(
                "summary",
                "One row for each name of an event: first, last and how often, also of older ones.",
            )
            .default_to("false"),
            Field::limit(),
        ])
        .gives_rows()
        .calls(&["contacts.search", "data_events.list"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let call = Call::new("data_events.list").query("type", "user");
    let call = match input.text("external_id") {
        Some(id) => call.query("user_id", id),
        // An address may be that of several people; Intercom would take one of them.
        None => call.query("intercom_user_id", contact(run, &input).await?.id),
    };
    if input.flag("summary") != Some(true) {
        return run.rows(call, input.limit()).await.map(Value::Array);
    }
    let told = run.read(call.query("summary", "true")).await?;
    let mut rows = told["events"].as_array().cloned().unwrap_or_default();
    rows.truncate(input.limit().unwrap_or(usize::MAX));
    Ok(Value::Array(rows))
}
