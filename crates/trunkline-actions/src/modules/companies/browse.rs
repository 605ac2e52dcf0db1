//! Companies, listed: those of a segment or a tag, in an order, or every one by scroll.

use std::collections::HashSet;

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Group, Input, Run,
    modules::{refs::id_of, sorting::sort},
};

pub(super) fn actions() -> Vec<Action> {
    let filter = Group {
        name: "filter",
        required: false,
    };
    vec![
        Action::module(
            "companies.browse",
            "Lists companies that have contacts, all of them or those of a segment or a tag.",
            Effect::Read,
            |run, input| Box::pin(browse(run, input)),
        )
        .takes([
            Field::choice(
                "order",
                &["asc", "desc"],
                "By when somebody of the company was last active: last (desc) or first (asc) who was active lately.",
            ),
            Field::text("segment_id", "Only the companies of this segment.")
                .in_group(filter)
                .picked_from("segments"),
            Field::text("tag_id", "Only the companies with this tag.")
                .in_group(filter)
                .picked_from("tags"),
            Field::limit(),
        ])
        .gives_rows()
        .calls(&["companies.list", "companies.find"]),
        Action::module(
            "companies.list_all",
            "Walks through every company, also beyond 10,000; one walk at a time in a workspace.",
            Effect::Read,
            |run, input| Box::pin(list_all(run, input)),
        )
        .takes([Field::limit()])
        .gives_rows()
        .calls(&["companies.scroll"]),
    ]
}

async fn browse(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let order = input.text("order");
    let filter = ["segment_id", "tag_id"]
        .into_iter()
        .find_map(|field| Some((field, input.text(field)?)));
    let Some((field, id)) = filter else {
        let call = Call::new("companies.list").query("order", order.unwrap_or("desc"));
        return run.rows(call, input.limit()).await.map(Value::Array);
    };
    let call = Call::new("companies.find").query(field, id);
    let Some(order) = order else {
        return run.rows(call, input.limit()).await.map(Value::Array);
    };
    let mut rows = run.rows(call, None).await?;
    sort(&mut rows, "last_request_at", order == "asc");
    rows.truncate(input.limit().unwrap_or(usize::MAX));
    run.note("Intercom gives these in no order of choice; all of them were read and then sorted here.");
    Ok(Value::Array(rows))
}

async fn list_all(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let mut rows = run.rows(Call::new("companies.scroll"), input.limit()).await?;
    // What changes while the scroll is under way may come twice.
    let mut seen = HashSet::new();
    rows.retain(|row| id_of(row).is_none_or(|id| seen.insert(id)));
    Ok(Value::Array(rows))
}
