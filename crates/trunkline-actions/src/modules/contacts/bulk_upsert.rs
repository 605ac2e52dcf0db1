//! Many contacts at once: as jobs of up to a hundred where the version has them, else one by one.
//!
//! The one rule: a job says only that some of its rows failed; those rows are then done one by one, as everything is that a
//! job cannot say, so that every row has an outcome of its own.

use std::collections::HashMap;

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use crate::{
    Action, ActionError, Input, Run, Write,
    modules::{jobs, refs::id_of, rows},
    run::is_made_once,
};

const ONE: &str = "contacts.upsert";
/// The most rows of one job.
const AT_ONCE: usize = 100;
/// How many identities one search asks for.
const LOOKED_FOR: usize = 50;
/// What a job can set of a contact that it makes.
const OF_NEW: [&str; 12] = [
    "external_id",
    "email",
    "name",
    "role",
    "phone",
    "avatar",
    "language_override",
    "custom_attributes",
    "signed_up_at",
    "last_seen_at",
    "owner_id",
    "unsubscribed_from_emails",
];
/// What a job can change of one.
const OF_HELD: [&str; 9] = [
    "external_id",
    "email",
    "name",
    "phone",
    "avatar",
    "language_override",
    "custom_attributes",
    "owner_id",
    "unsubscribed_from_emails",
];

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.bulk_upsert",
            "Makes or changes many contacts, and tells of each what came of it.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([rows::field(
            "The contacts, each an object with the fields of `contacts.upsert`.",
        )])
        .gives_rows()
        .calls(&[
            "contacts.search",
            "contacts.get",
            "contacts.get_by_external_id",
            "contacts.create",
            "contacts.update",
            "contacts.unarchive",
            "contacts.bulk_create",
            "contacts.bulk_update",
            "contacts.get_bulk_job",
            "data_attributes.list",
            "data_attributes.create",
        ]),
    ]
}

/// What a row of a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Create,
    Update,
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let rows = rows::checked(run, ONE, &input)?;
    let mut outcomes: Vec<Value> = vec![Value::Null; rows.len()];
    let mut alone: Vec<usize> = (0..rows.len()).collect();
    if run.version() == Version::Preview && rows.len() > 1 {
        let sorted = sort(run, &rows).await?;
        alone = sorted.alone;
        for (way, places) in [(Way::Create, sorted.new), (Way::Update, sorted.held)] {
            for some in places.chunks(AT_ONCE) {
                let whole = by_job(run, way, some).await?;
                for (place, item) in some {
                    outcomes[*place] = if whole {
                        rows::done(*place, word(way), id_of(item))
                    } else {
                        redo(run, *place, &rows[*place], way).await?
                    };
                }
            }
        }
        ids_of_new(run, &rows, &mut outcomes).await?;
    }
    for place in alone {
        outcomes[place] = one(run, place, &rows[place]).await?;
    }
    Ok(Value::Array(outcomes))
}

const fn word(way: Way) -> &'static str {
    match way {
        Way::Create => "created",
        Way::Update => "updated",
    }
}

/// One row by itself.
async fn one(run: &mut Run, place: usize, row: &Input) -> Result<Value, ActionError> {
    match run.do_row(ONE, row.clone()).await {
        Ok(told) => {
            let outcome = told["outcome"].as_str().unwrap_or("written");
            Ok(rows::done(place, outcome, id_of(&told["contact"])))
        }
        Err(error) => rows::failed(place, error),
    }
}

/// A row of a job of which some rows failed: what the job did already needs nothing more.
async fn redo(run: &mut Run, place: usize, row: &Input, way: Way) -> Result<Value, ActionError> {
    let mut told = one(run, place, row).await?;
    if told["outcome"] == "unchanged" {
        told["outcome"] = json!(word(way));
    }
    Ok(told)
}

/// The rows by how they are done: by the place of each, with what is sent of it.
#[derive(Debug, Default)]
struct Sorted {
    new: Vec<(usize, Value)>,
    held: Vec<(usize, Value)>,
    alone: Vec<usize>,
}

/// Finds out which rows a job can do, and whether their contacts exist.
async fn sort(run: &mut Run, rows: &[Input]) -> Result<Sorted, ActionError> {
    let mut sorted = Sorted::default();
    let by_own = found(run, rows, "external_id").await?;
    let by_email = found(run, rows, "email").await?;
    let mut seen: HashMap<(&str, String), usize> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        let is_named = ["contact_id", "external_id", "email"]
            .into_iter()
            .any(|field| row.text(field).is_some());
        // Two rows of one person are done one after the other.
        let is_again = ["contact_id", "external_id", "email"]
            .into_iter()
            .filter_map(|field| Some((field, row.text(field)?.to_lowercase())))
            .filter(|name| seen.insert(name.clone(), place).is_some())
            .count()
            > 0;
        let is_plain = is_named
            && row
                .names()
                .all(|name| name == "contact_id" || OF_NEW.contains(&name) || name.starts_with("on_"))
            && row.names().all(|name| {
                row.value(name)
                    .is_some_and(|value| !value.is_null() && value != "")
            });
        match (is_plain && !is_again).then(|| held(row, &by_own, &by_email)) {
            Some(Held::Nobody) => {
                let item = Value::Object(row.only(&OF_NEW));
                // A job makes a second lead of an address that somebody else is at; one by one it is reserved first.
                if is_made_once("contacts.create", Some(&item)) {
                    sorted.new.push((place, item));
                } else {
                    sorted.alone.push(place);
                }
            }
            Some(Held::One(id)) if row.names().all(is_of_held) => {
                let mut item = row.only(&OF_HELD);
                item.insert("id".to_owned(), Value::String(id));
                sorted.held.push((place, Value::Object(item)));
            }
            _ => sorted.alone.push(place),
        }
    }
    Ok(sorted)
}

fn is_of_held(name: &str) -> bool {
    name == "contact_id" || OF_HELD.contains(&name) || name.starts_with("on_")
}

/// Who has a row's identity.
enum Held {
    Nobody,
    One(String),
    Unclear,
}

type Found = HashMap<String, Vec<Value>>;

fn held(row: &Input, by_own: &Found, by_email: &Found) -> Held {
    if let Some(id) = row.text("contact_id") {
        // Whether two names are of one contact, `contacts.upsert` looks up.
        return match row.text("external_id") {
            None => Held::One(id.to_owned()),
            Some(_) => Held::Unclear,
        };
    }
    let none = Vec::new();
    let of = |found: &Found, field: &str| -> Vec<Value> {
        row.text(field)
            .map(|value| found.get(&value.to_lowercase()).unwrap_or(&none).clone())
            .unwrap_or_default()
    };
    let (own, email) = (of(by_own, "external_id"), of(by_email, "email"));
    match (own.as_slice(), email.as_slice()) {
        ([], []) => Held::Nobody,
        ([one], [] | [_]) if email.first().is_none_or(|other| other["id"] == one["id"]) => {
            id_of(one).map_or(Held::Unclear, Held::One)
        }
        ([], [one]) if row.text("external_id").is_none() => id_of(one).map_or(Held::Unclear, Held::One),
        _ => Held::Unclear,
    }
}

/// The contacts that have one of the rows' values in a field, by that value in small letters.
async fn found(run: &mut Run, rows: &[Input], field: &'static str) -> Result<Found, ActionError> {
    let values: Vec<&str> = rows.iter().filter_map(|row| row.text(field)).collect();
    let mut found = Found::new();
    for some in values.chunks(LOOKED_FOR) {
        let query = json!({ "query": { "field": field, "operator": "IN", "value": some } });
        for contact in run.rows(Call::new("contacts.search").body(query), None).await? {
            if let Some(value) = contact[field].as_str() {
                found.entry(value.to_lowercase()).or_default().push(contact);
            }
        }
    }
    Ok(found)
}

/// Sends rows as a job; false when some of them failed.
async fn by_job(run: &mut Run, way: Way, items: &[(usize, Value)]) -> Result<bool, ActionError> {
    let contacts: Vec<&Value> = items.iter().map(|(_, item)| item).collect();
    let operation = match way {
        Way::Create => "contacts.bulk_create",
        Way::Update => "contacts.bulk_update",
    };
    let job = run
        .write(
            Write::new(operation)
                .makes_new()
                .payload(json!({ "contacts": contacts })),
        )
        .await?;
    if run.is_planning() {
        return Ok(true);
    }
    jobs::wait(run, "contacts.get_bulk_job", &job).await
}

/// Looks up the ids of contacts that a job made, as far as the search shows them.
async fn ids_of_new(run: &mut Run, rows: &[Input], outcomes: &mut [Value]) -> Result<(), ActionError> {
    let new: Vec<usize> = (0..rows.len())
        .filter(|place| outcomes[*place]["outcome"] == "created" && outcomes[*place]["id"].is_null())
        .collect();
    if new.is_empty() || run.is_planning() {
        return Ok(());
    }
    let made: Vec<Input> = new.iter().map(|place| rows[*place].clone()).collect();
    let by_own = found(run, &made, "external_id").await?;
    let by_email = found(run, &made, "email").await?;
    let mut hidden = 0;
    for place in new {
        match held(&rows[place], &by_own, &by_email) {
            Held::One(id) => outcomes[place]["id"] = json!(id),
            _ => hidden += 1,
        }
    }
    if hidden > 0 {
        run.note(format!(
            "The ids of {hidden} new contacts are not known yet: the search shows them after some minutes."
        ));
    }
    Ok(())
}
