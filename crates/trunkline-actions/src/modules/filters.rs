//! Searches by filters that people write: contacts, conversations, tickets.
//!
//! The one rule: what comes back is exactly what was asked for, to the second, whatever the operation compares by; where
//! that takes more reading than one search, a note says so. `fields.rs` knows what can be compared, `read.rs` makes a tree of
//! the input, `exact.rs` turns the tree into searches and what is left to compare here.

mod exact;
mod fields;
mod operators;
mod read;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use trunkline_catalog::{Effect, FieldType, Version};
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Input, Problem, Run,
    modules::{refs::id_of, sorting::sort},
};
use exact::{Search, searches};
use fields::{Kind, Searched};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.filter",
            "Finds contacts by filters, with times to the second.",
            Effect::Read,
            |run, input| Box::pin(work(run, input, &fields::CONTACTS)),
        )
        .takes(taken())
        .gives_rows()
        .calls(&["contacts.search", "data_attributes.list"]),
        Action::module(
            "conversations.filter",
            "Finds conversations by filters.",
            Effect::Read,
            |run, input| Box::pin(work(run, input, &fields::CONVERSATIONS)),
        )
        .takes(taken())
        .gives_rows()
        .calls(&[
            "conversations.search",
            "conversation_attributes.list",
            "data_attributes.list",
        ]),
        Action::module(
            "tickets.filter",
            "Finds tickets by filters.",
            Effect::Read,
            |run, input| Box::pin(work(run, input, &fields::TICKETS)),
        )
        .takes(taken())
        .gives_rows()
        .calls(&["tickets.search"]),
    ]
}

fn taken() -> Vec<Field> {
    vec![
        Field::text(
            "field",
            "What is compared, such as `email`, `updated_at` or `custom_attributes.plan`.",
        ),
        Field::text(
            "operator",
            "equals, not_equals, in, not_in, greater_than, less_than, at_least, at_most, contains, not_contains, starts_with, ends_with, is_empty, is_not_empty; or Intercom's own sign.",
        )
        .default_to("equals"),
        Field::new(
            "value",
            FieldType::Any,
            "What it is compared with; a day, such as 2026-11-21, stands for all of that day.",
        )
        .nullable(),
        Field::list(
            "filters",
            "Several comparisons: a list of {field, operator, value}, or of groups {match, filters}.",
        ),
        Field::choice(
            "match",
            &["all", "any"],
            "Whether a row must pass all filters of the list, or any.",
        )
        .default_to("all"),
        Field::choice("order", &["asc", "desc"], "Ascending or descending.").default_to("desc"),
        Field::text(
            "sort_by",
            "The field to sort by; `updated_at` when only an order is given.",
        ),
        Field::limit(),
    ]
}

async fn work(run: &mut Run, input: Input, of: &'static Searched) -> Result<Value, ActionError> {
    let mut types = HashMap::new();
    // Read once without the attributes' types, so that what cannot be is told before any call.
    let mut tree = read::tree(run, &input, of, &types)?;
    if tree.needs_types {
        types = attribute_types(run, of).await?;
        tree = read::tree(run, &input, of, &types)?;
    }
    let sorting = sorting(run, &input, of)?;
    let by_day = of.by_day_before.is_some_and(|version| run.version() < version);
    let all =
        searches(&tree.node, by_day).map_err(|what| run.misfits(vec![Problem::new("filters", what)]))?;
    let is_sorted_there = all.len() == 1
        && sorting
            .as_ref()
            .is_none_or(|(field, _)| of.sorted_there.contains(&field.as_str()));
    let limit = input.limit().filter(|_| is_sorted_there || sorting.is_none());
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    for search in &all {
        let sort = sorting.as_ref().filter(|_| is_sorted_there);
        let found = run
            .rows_that(call(of, search, sort), limit, &|row| search.holds(row))
            .await?;
        // Rows that move while pages are read come twice, and alternatives may overlap.
        rows.extend(
            found
                .into_iter()
                .filter(|row| id_of(row).is_none_or(|id| seen.insert(id))),
        );
    }
    if let Some((field, ascending)) = sorting.filter(|_| !is_sorted_there) {
        sort(&mut rows, &field, ascending);
        run.note(format!(
            "Intercom does not sort these by {field}; the whole result was read and then sorted here."
        ));
    }
    if all.len() > 1 {
        run.note(format!(
            "Times within alternatives are exact only one by one; it took {} searches.",
            all.len()
        ));
    }
    rows.truncate(input.limit().unwrap_or(usize::MAX));
    Ok(Value::Array(rows))
}

fn call(of: &Searched, search: &Search, sort: Option<&(String, bool)>) -> Call {
    let mut body = json!({ "query": search.query.body() });
    if let Some((field, ascending)) = sort {
        let order = if *ascending { "ascending" } else { "descending" };
        body["sort"] = json!({ "field": field, "order": order });
    }
    Call::new(of.operation).body(body)
}

/// The field to sort by, and whether it ascends; none when the order is left to Intercom.
fn sorting(run: &Run, input: &Input, of: &Searched) -> Result<Option<(String, bool)>, ActionError> {
    let (field, order) = (input.text("sort_by"), input.text("order"));
    if field.is_none() && order.is_none() {
        return Ok(None);
    }
    let field = field.unwrap_or("updated_at");
    if of.kind(field).is_none() && !run.allows_unknown() {
        return Err(run.misfits(vec![of.unknown("sort_by", field)]));
    }
    Ok(Some((field.to_owned(), order == Some("asc"))))
}

/// The types of the workspace's own attributes, by name.
async fn attribute_types(run: &mut Run, of: &Searched) -> Result<HashMap<String, Kind>, ActionError> {
    let call = match of.model {
        "conversation" if run.version() >= Version::V2_16 => Call::new("conversation_attributes.list"),
        model => Call::new("data_attributes.list").query("model", model),
    };
    let rows = run.rows(call, None).await?;
    let named = |row: &Value| Some((row["name"].as_str()?.to_owned(), fields::of_type(row)));
    Ok(rows
        .iter()
        .filter(|row| row["custom"] != false)
        .filter_map(named)
        .collect())
}
