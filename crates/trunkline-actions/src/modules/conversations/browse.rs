//! The conversations of the workspace, in an order, up to a moment.
//!
//! The one rule: what today's list cannot do (another order, a last moment) is asked of the search, and comes out the same.

use std::collections::HashSet;

use serde_json::{Value, json};
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Run, modules::refs::id_of};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.browse",
            "Lists conversations in an order, up to a moment.",
            Effect::Read,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::choice("order", &["asc", "desc"], "Oldest or newest first.").default_to("desc"),
            Field::choice(
                "sort_by",
                &["created_at", "updated_at"],
                "Which of its times orders them, and is held against `before`.",
            )
            .default_to("updated_at"),
            Field::moment("before", "Only those of this moment or earlier.").or_named(&["before_date"]),
            Field::limit(),
        ])
        .gives_rows()
        .calls(&["conversations.list", "conversations.search"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let is_ascending = input.text("order") == Some("asc");
    let by = input.text("sort_by").unwrap_or("updated_at");
    let before = input.integer("before");
    let call = if before.is_none() && !is_ascending && by == "updated_at" {
        // The list itself is in this order.
        Call::new("conversations.list")
    } else {
        Call::new("conversations.search").body(json!({
            "query": up_to(by, before),
            "sort": { "field": by, "order": if is_ascending { "ascending" } else { "descending" } },
        }))
    };
    let rows = run.rows(call, input.limit()).await?;
    // What is updated while the pages are read moves to another one, and may come twice.
    let mut seen = HashSet::new();
    Ok(rows.into_iter().filter(|row| seen.insert(id_of(row))).collect())
}

/// The moment belongs to it: whether `<` alone includes it is told in two ways, so both are asked for.
fn up_to(by: &str, before: Option<i64>) -> Value {
    match before {
        None => json!({ "field": by, "operator": ">", "value": 0 }),
        Some(moment) => json!({
            "operator": "OR",
            "value": [
                { "field": by, "operator": "<", "value": moment },
                { "field": by, "operator": "=", "value": moment },
            ],
        }),
    }
}
