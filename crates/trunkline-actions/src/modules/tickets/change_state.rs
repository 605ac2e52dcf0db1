//! The step that a ticket is at, by name.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Inverse, Run, Write, modules::refs::id_of};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "tickets.change_state",
            "Moves a ticket to another state, named as people see it.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::text("ticket_id", "The ticket, by Intercom's long id.")
                .or_named(&["id"])
                .required(),
            Field::text(
                "state",
                "The state: its id, the label that teammates or contacts see, or its category such as `resolved`.",
            )
            .or_named(&["ticket_state_id"])
            .picked_from("ticket_states")
            .required(),
        ])
        .calls(&["ticket_states.list", "tickets.get", "tickets.update"])
        .since(Version::V2_12),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let id = input.text("ticket_id").unwrap_or_default();
    let state = state_named(run, input.text("state").unwrap_or_default()).await?;
    let found = run.read(Call::new("tickets.get").path("id", id)).await?;
    let earlier = id_of(&found["ticket_state"]);
    if earlier.as_deref() == Some(&*state) {
        run.note("The ticket is in this state already; nothing was changed.");
        return Ok(found);
    }
    let inverse = match earlier {
        Some(earlier) => Inverse::Call {
            operation: "tickets.update".to_owned(),
            path: vec![("id".to_owned(), id.to_owned())],
            payload: Some(json!({ "ticket_state_id": earlier })),
        },
        None => Inverse::Cannot("what it was before is not known".to_owned()),
    };
    run.write(
        Write::new("tickets.update")
            .path("id", id)
            .before(json!({ "id": id, "ticket_state": found["ticket_state"] }))
            .payload(json!({ "ticket_state_id": state }))
            .put_back_by(inverse),
    )
    .await
}

/// The id of the state that is called so; ids before labels, labels before categories.
pub(super) async fn state_named(run: &mut Run, name: &str) -> Result<String, ActionError> {
    let mut states = run.rows(Call::new("ticket_states.list"), None).await?;
    states.retain(|state| state["archived"] != true);
    let is_called = |state: &&Value, fields: &[&str]| {
        fields.iter().any(|field| {
            state[*field]
                .as_str()
                .is_some_and(|label| label.to_lowercase() == name.to_lowercase())
        })
    };
    if let Some(state) = states.iter().find(|state| id_of(state).as_deref() == Some(name)) {
        return Ok(id_of(state).unwrap_or_default());
    }
    for fields in [&["internal_label", "external_label"][..], &["category"]] {
        let called: Vec<String> = states
            .iter()
            .filter(|state| is_called(state, fields))
            .filter_map(id_of)
            .collect();
        match called.as_slice() {
            [] => {}
            [one] => return Ok(one.clone()),
            several => {
                return Err(ActionError::refused(
                    "TL0752",
                    format!(
                        "several ticket states are called {name:?}: {}",
                        several.join(", ")
                    ),
                    "Name the one that is meant by its id.",
                ));
            }
        }
    }
    let labels: Vec<&str> = states
        .iter()
        .filter_map(|state| state["internal_label"].as_str())
        .collect();
    Err(ActionError::refused(
        "TL0752",
        format!("there is no ticket state {name:?}"),
        format!("There are: {}.", labels.join(", ")),
    ))
}
