//! What teammates did within a span of time.
//!
//! The one rule: both ends belong to the span, to the second, whichever way Intercom counts them.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Problem, Run};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "activity_logs.between",
            "Lists what teammates changed within a span of time, newest first.",
            Effect::Read,
            |run, input| Box::pin(between(run, input)),
        )
        .takes([
            Field::moment("created_after", "The first moment of the span.")
                .or_named(&["created_at_after"])
                .required(),
            Field::moment(
                "created_before",
                "The last moment of the span; now when it is left out.",
            )
            .or_named(&["created_at_before"]),
            Field::limit(),
        ])
        .gives_rows()
        .calls(&["activity_logs.list"]),
    ]
}

async fn between(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let first = input.integer("created_after").unwrap_or_default();
    let last = input.integer("created_before");
    if last.is_some_and(|last| last < first) {
        return Err(run.misfits(vec![Problem::new(
            "created_before",
            "must not lie before created_after",
        )]));
    }
    // Asked for one second wider, so that it does not matter whether an end counts; the rows are then held against both.
    let mut call =
        Call::new("activity_logs.list").query("created_at_after", first.saturating_sub(1).max(0).to_string());
    if let Some(last) = last {
        call = call.query("created_at_before", last.saturating_add(1).to_string());
    }
    let rows = run
        .rows_that(call, input.limit(), &|row| {
            row["created_at"]
                .as_i64()
                .is_none_or(|at| first <= at && last.is_none_or(|last| at <= last))
        })
        .await?;
    Ok(Value::Array(rows))
}
