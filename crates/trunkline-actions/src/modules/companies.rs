//! Modules about companies.
//!
//! The one rule: `company_id` is your own id where the API takes it as such (`companies.upsert`, `find_or_create`,
//! `bulk_upsert`), and Intercom's everywhere else.

mod browse;
mod bulk_upsert;
mod find_one;
mod ordered;
mod tag;
mod upsert;

use serde_json::Value;
use trunkline_client::Call;

use crate::{Action, ActionError, Run};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(browse::actions());
    all.extend(bulk_upsert::actions());
    all.extend(find_one::actions());
    all.extend(ordered::actions());
    all.extend(tag::actions());
    all.extend(upsert::actions());
    all
}

/// The company with this id of the caller's own system.
pub(crate) async fn by_external_id(run: &mut Run, id: &str) -> Result<Option<Value>, ActionError> {
    let found = run
        .find(Call::new("companies.find").query("company_id", id))
        .await?;
    Ok(found.map(whole).unwrap_or_default().into_iter().next())
}

/// The companies of an answer, which is one company or a list of them.
pub(crate) fn whole(mut answer: Value) -> Vec<Value> {
    match answer.get_mut("data").map(Value::take) {
        Some(Value::Array(rows)) => rows,
        _ if answer["type"] == "company" || answer.get("company_id").is_some() => vec![answer],
        _ => Vec::new(),
    }
}

/// No company is the one that a field means.
pub(crate) fn nowhere(field: &str) -> ActionError {
    ActionError::refused(
        "TL0742",
        format!("no company is the one that `{field}` means"),
        "Check it; names and ids are compared letter by letter. `trunkline lookup companies` lists them.",
    )
}
