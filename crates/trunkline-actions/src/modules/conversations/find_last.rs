//! The newest conversation of a contact, with its parts.

use serde_json::Value;
use trunkline_catalog::Effect;

use crate::{
    Action, ActionError, Field, Input, Run,
    modules::refs::{contact, id_of, newest_of, whole},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.find_last",
            "Fetches the newest conversation of a contact, with its parts.",
            Effect::Read,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .calls(&["contacts.search", "conversations.search", "conversations.get"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let contact = contact(run, &input).await?;
    let newest = newest_of(run, &contact.id).await?;
    whole(run, &id_of(&newest).unwrap_or_default()).await
}
