//! One company, by Intercom's id, your own id or its name.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use super::{nowhere, whole};
use crate::{Action, ActionError, Field, Group, Input, Run, modules::refs::id_of};

pub(super) fn actions() -> Vec<Action> {
    let company = Group {
        name: "company",
        required: true,
    };
    vec![
        Action::module(
            "companies.find_one",
            "Fetches one company by Intercom's id, your own id or its name.",
            Effect::Read,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::text("company_id", "The company, by Intercom's id.")
                .or_named(&["id"])
                .in_group(company)
                .picked_from("companies"),
            Field::text("external_id", "The company, by the id that your own system gave.")
                .or_named(&["company_external_id"])
                .in_group(company),
            Field::text("name", "The company, by its whole name, letter by letter.").in_group(company),
        ])
        .calls(&["companies.get", "companies.find"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let (field, call) = match (input.text("company_id"), input.text("external_id")) {
        (Some(id), _) => ("company_id", Call::new("companies.get").path("id", id)),
        (None, Some(id)) => ("external_id", Call::new("companies.find").query("company_id", id)),
        (None, None) => {
            let name = input.text("name").unwrap_or_default();
            ("name", Call::new("companies.find").query("name", name))
        }
    };
    let mut found = run.find(call).await?.map(whole).unwrap_or_default();
    match found.len() {
        0 => Err(nowhere(field)),
        1 => Ok(found.remove(0)),
        many => {
            let ids: Vec<String> = found.iter().filter_map(id_of).collect();
            Err(ActionError::refused(
                "TL0742",
                format!("{many} companies are called so: {}", ids.join(", ")),
                "Name the one that is meant by company_id or external_id.",
            ))
        }
    }
}
