//! Many companies at once: as jobs of up to a hundred where the version has them, else one by one.
//!
//! The one rule: a job says only that some of its rows failed; those rows are then done one by one, so that every row has an
//! outcome of its own.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, Version};

use super::{
    by_external_id,
    upsert::{Body, body, join, send},
};
use crate::{
    Action, ActionError, Input, Problem, Run, Write,
    modules::{attributes, jobs, refs::id_of, rows},
};

/// The most rows of one job.
const AT_ONCE: usize = 100;

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "companies.bulk_upsert",
            "Creates or changes many companies, and tells of each what came of it.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            rows::field("The companies, each an object with the fields of `companies.upsert`.")
                .or_named(&["companies"]),
            attributes::field(),
        ])
        .gives_rows()
        .calls(&[
            "companies.find",
            "data_attributes.list",
            "data_attributes.create",
            "companies.upsert",
            "companies.bulk_upsert",
            "companies.get_bulk_job",
            "contacts.list_companies",
            "companies.attach_to_contact",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let mut bodies = bodies(run, &input)?;
    attributes_of_all(run, &input, &mut bodies).await?;
    let mut outcomes = Vec::new();
    for (chunk, bodies) in bodies.chunks(AT_ONCE).enumerate() {
        let first = chunk * AT_ONCE;
        let mut left: Vec<(usize, &Body)> = Vec::new();
        if run.version() == Version::Preview && bodies.len() > 1 && by_job(run, bodies).await? {
            for (place, body) in bodies.iter().enumerate() {
                if body.contacts.is_empty() || run.is_planning() {
                    outcomes.push(rows::done(first + place, "written", None));
                } else {
                    // A job makes no members.
                    outcomes.push(members(run, first + place, body).await?);
                }
            }
        } else {
            left.extend(bodies.iter().enumerate());
        }
        for (place, body) in left {
            outcomes.push(one(run, first + place, body).await?);
        }
    }
    Ok(Value::Array(outcomes))
}

/// Every row's body, or everything that is wrong with any of them.
fn bodies(run: &Run, input: &Input) -> Result<Vec<Body>, ActionError> {
    let mut problems = Vec::new();
    let mut bodies: Vec<Body> = Vec::new();
    for (place, row) in rows::checked(run, "companies.upsert", input)?.iter().enumerate() {
        match body(row) {
            Ok(mut body) => {
                if let Some(custom) = row.object("custom_attributes") {
                    body.fields
                        .insert("custom_attributes".to_owned(), Value::Object(custom.clone()));
                }
                let own = &body.fields["company_id"];
                if let Some(twin) = bodies.iter().position(|other| other.fields["company_id"] == *own) {
                    let what = format!("is that of rows[{twin}] too; a company stands in one row");
                    problems.push(rows::below(place, Problem::new("company_id", what)));
                }
                bodies.push(body);
            }
            Err(own) => problems.extend(own.into_iter().map(|problem| rows::below(place, problem))),
        }
    }
    rows::tell(run, problems)?;
    Ok(bodies)
}

/// Looks once for the attributes of all rows.
async fn attributes_of_all(run: &mut Run, input: &Input, bodies: &mut [Body]) -> Result<(), ActionError> {
    let mut all = Map::new();
    for body in bodies.iter() {
        if let Some(Value::Object(custom)) = body.fields.get("custom_attributes") {
            for (name, value) in custom {
                // A null tells of no type.
                if all.get(name).is_none_or(Value::is_null) {
                    all.insert(name.clone(), value.clone());
                }
            }
        }
    }
    let policy = input.text("unknown_attributes").unwrap_or("fail");
    let known = attributes::settle(run, "company", &all, policy).await?;
    for body in bodies {
        if body.truncated {
            run.note("Intercom keeps whole units of monthly_spend; the fraction was cut off.");
        }
        if let Some(Value::Object(custom)) = body.fields.get_mut("custom_attributes") {
            custom.retain(|name, _| known.contains_key(name));
        }
    }
    Ok(())
}

/// Sends rows as a job; false when some of them failed.
async fn by_job(run: &mut Run, bodies: &[Body]) -> Result<bool, ActionError> {
    let companies: Vec<Value> = bodies
        .iter()
        .map(|body| Value::Object(body.fields.clone()))
        .collect();
    let job = run
        .write(
            Write::new("companies.bulk_upsert")
                .makes_new()
                .payload(json!({ "companies": companies })),
        )
        .await?;
    if run.is_planning() {
        return Ok(true);
    }
    jobs::wait(run, "companies.get_bulk_job", &job).await
}

async fn members(run: &mut Run, place: usize, body: &Body) -> Result<Value, ActionError> {
    let own = body.fields["company_id"].as_str().unwrap_or_default().to_owned();
    let company = match by_external_id(run, &own).await {
        Ok(company) => company,
        Err(error) => return rows::failed(place, error),
    };
    let id = company.as_ref().and_then(id_of).unwrap_or_default();
    match join(run, body, &id, false).await {
        Ok(()) => Ok(rows::done(place, "written", Some(id))),
        Err(error) => rows::failed(place, error),
    }
}

async fn one(run: &mut Run, place: usize, body: &Body) -> Result<Value, ActionError> {
    match send(run, body).await {
        Ok(written) => {
            let outcome = if written.is_new { "created" } else { "updated" };
            Ok(rows::done(place, outcome, id_of(&written.company)))
        }
        Err(error) => rows::failed(place, error),
    }
}
