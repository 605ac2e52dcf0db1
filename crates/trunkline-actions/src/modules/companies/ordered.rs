//! What belongs to a company, in an order: its contacts, its segments.
//!
//! The one rule: Intercom gives these lists in no order of choice, so an order needs the whole list, and a note says so.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Run, modules::sorting::sort};

pub(super) fn actions() -> Vec<Action> {
    let fields = |sorted_by: &'static str| {
        [
            Field::text("company_id", "The company, by Intercom's id.")
                .required()
                .picked_from("companies"),
            Field::choice("order", &["asc", "desc"], sorted_by),
            Field::limit(),
        ]
    };
    vec![
        Action::module(
            "companies.list_contacts_ordered",
            "Lists the contacts of a company, oldest or newest first.",
            Effect::Read,
            |run, input| Box::pin(list(run, input, "companies.list_contacts")),
        )
        .takes(fields(
            "By when the contact was made: oldest (asc) or newest (desc) first.",
        ))
        .gives_rows()
        .calls(&["companies.list_contacts"]),
        Action::module(
            "companies.list_segments_ordered",
            "Lists the segments that a company is in, oldest or newest first.",
            Effect::Read,
            |run, input| Box::pin(list(run, input, "companies.list_segments")),
        )
        .takes(fields(
            "By when the segment was made: oldest (asc) or newest (desc) first.",
        ))
        .gives_rows()
        .calls(&["companies.list_segments"]),
    ]
}

async fn list(run: &mut Run, input: Input, operation: &'static str) -> Result<Value, ActionError> {
    let call = Call::new(operation).path("id", input.text("company_id").unwrap_or_default());
    let Some(order) = input.text("order") else {
        return run.rows(call, input.limit()).await.map(Value::Array);
    };
    let mut rows = run.rows(call, None).await?;
    sort(&mut rows, "created_at", order == "asc");
    if input.limit().is_some_and(|limit| limit < rows.len()) {
        rows.truncate(input.limit().unwrap_or(usize::MAX));
        run.note("Intercom gives these in no order of choice; all of them were read and then sorted here.");
    }
    Ok(Value::Array(rows))
}
