//! A company created or changed by your own id of it.
//!
//! The one rule: what Intercom would silently cut (cents, amounts that are too large, unknown attributes) is told or refused
//! before anything is sent.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, FieldType};

use super::by_external_id;
use crate::{
    Action, ActionError, Field, Input, Problem, Run, Write,
    modules::{attributes, contacts::attach_company, refs::id_of},
};

/// The largest amount that Intercom keeps.
const MOST_SPEND: i64 = 2_147_483_647;
/// What goes into the body as it is.
const PLAIN: [&str; 7] = [
    "company_id",
    "name",
    "plan",
    "remote_created_at",
    "size",
    "website",
    "industry",
];
const CALLS: &[&str] = &[
    "companies.find",
    "data_attributes.list",
    "data_attributes.create",
    "companies.upsert",
    "contacts.list_companies",
    "companies.attach_to_contact",
];

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "companies.upsert",
            "Creates a company, or changes the one with the same id of your own.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(upsert(run, input)),
        )
        .takes(fields())
        .calls(CALLS),
        Action::module(
            "companies.find_or_create",
            "Finds a company by your own id and leaves it alone, or creates it.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(find_or_create(run, input)),
        )
        .takes(fields())
        .calls(CALLS),
    ]
}

fn fields() -> Vec<Field> {
    vec![
        Field::text(
            "company_id",
            "Your own id of the company, not Intercom's; it can never be changed.",
        )
        .required(),
        Field::text("name", "Its name."),
        Field::text("plan", "The plan that it is on, by name."),
        Field::moment("remote_created_at", "When it began in your own system."),
        Field::integer("size", "How many people work there.").or_named(&["number_of_employees"]),
        Field::new(
            "monthly_spend",
            FieldType::Number,
            "What it brings in a month, in whole units from 0 to 2147483647; a fraction is cut off.",
        )
        .or_named(&["monthly_revenue"]),
        Field::text("website", "The address of its website."),
        Field::text("industry", "The industry that it is in."),
        Field::object("custom_attributes", "Values of custom attributes, by name."),
        attributes::field(),
        Field::list(
            "attach_contacts",
            "Contacts, by Intercom's ids, that become members.",
        ),
    ]
}

async fn upsert(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    write(run, &input).await.map(|written| written.company)
}

async fn find_or_create(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let own = input.text("company_id").unwrap_or_default();
    if let Some(company) = by_external_id(run, own).await? {
        run.note("The company exists already; nothing was changed.");
        return Ok(company);
    }
    upsert(run, input).await
}

/// What came of one company.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) company: Value,
    pub(super) is_new: bool,
}

/// Creates or changes one company, its attributes held against the workspace's.
async fn write(run: &mut Run, input: &Input) -> Result<Written, ActionError> {
    let mut body = body(input).map_err(|problems| run.misfits(problems))?;
    if body.truncated {
        run.note("Intercom keeps whole units of monthly_spend; the fraction was cut off.");
    }
    if let Some(given) = input.object("custom_attributes") {
        let policy = input.text("unknown_attributes").unwrap_or("fail");
        let known = attributes::settle(run, "company", given, policy).await?;
        body.fields
            .insert("custom_attributes".to_owned(), Value::Object(known));
    }
    send(run, &body).await
}

/// Creates or changes a company whose body is ready, and makes its members.
pub(super) async fn send(run: &mut Run, body: &Body) -> Result<Written, ActionError> {
    let own = body.fields["company_id"].as_str().unwrap_or_default().to_owned();
    let before = by_external_id(run, &own).await?;
    let is_new = before.is_none();
    let mut write = Write::new("companies.upsert").payload(Value::Object(body.fields.clone()));
    write = match before {
        Some(before) => write.before(as_written(before)),
        None => write.makes_new(),
    };
    let company = run.write(write).await?;
    join(run, body, &id_of(&company).unwrap_or_default(), is_new).await?;
    Ok(Written { company, is_new })
}

/// Makes the contacts of a body members of the company with this id.
pub(super) async fn join(run: &mut Run, body: &Body, id: &str, is_new: bool) -> Result<(), ActionError> {
    for contact in &body.contacts {
        if is_new {
            attach_company::join_new(run, contact, id).await?;
        } else {
            attach_company::ensure(run, contact, id).await?;
        }
    }
    Ok(())
}

/// A company's body, ready but for its custom attributes.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) fields: Map<String, Value>,
    pub(super) contacts: Vec<String>,
    pub(super) truncated: bool,
}

/// The body that an input makes, or all that is wrong with it.
pub(super) fn body(input: &Input) -> Result<Body, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut fields = input.only(&PLAIN);
    if input.text("company_id").is_none_or(|id| id.trim().is_empty()) {
        problems.push(Problem::new("company_id", "must not be empty"));
    }
    if input.integer("size").is_some_and(|size| size < 0) {
        problems.push(Problem::new("size", "must be 0 or more"));
    }
    let mut truncated = false;
    if let Some(spend) = input.value("monthly_spend") {
        match whole(spend) {
            Some((units, cut)) => {
                truncated = cut;
                fields.insert("monthly_spend".to_owned(), json!(units));
            }
            None => problems.push(Problem::new(
                "monthly_spend",
                format!("must be from 0 to {MOST_SPEND}; Intercom would keep another amount"),
            )),
        }
    }
    let mut contacts: Vec<String> = Vec::new();
    for (place, contact) in input
        .list("attach_contacts")
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        match contact.as_str() {
            Some(id) if !id.is_empty() => {
                if !contacts.iter().any(|known| known == id) {
                    contacts.push(id.to_owned());
                }
            }
            _ => problems.push(Problem::new(
                format!("attach_contacts[{place}]"),
                "must be the id of a contact",
            )),
        }
    }
    if problems.is_empty() {
        Ok(Body {
            fields,
            contacts,
            truncated,
        })
    } else {
        Err(problems)
    }
}

/// The whole units of an amount, and whether a fraction was cut off; none when Intercom cannot keep it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
#[expect(
    clippy::cast_precision_loss,
    reason = "the bound is far below what a float holds exactly"
)]
fn whole(spend: &Value) -> Option<(i64, bool)> {
    if let Some(units) = spend.as_i64() {
        return (0..=MOST_SPEND).contains(&units).then_some((units, false));
    }
    let amount = spend.as_f64()?;
    (amount >= 0.0 && amount < MOST_SPEND as f64 + 1.0)
        .then_some((amount.trunc() as i64, amount.fract() != 0.0))
}

/// A company as one would write it: its plan by name alone.
fn as_written(mut company: Value) -> Value {
    if let Some(plan) = company.get_mut("plan") {
        *plan = plan.get("name").cloned().unwrap_or_default();
    }
    company
}
