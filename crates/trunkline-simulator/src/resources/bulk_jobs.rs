//! Bulk writes of contacts and companies, which only Preview has: up to a hundred items become a task of a job.
//!
//! The one rule: every item goes through the handler that writes one, so that both ways have the same effect. Items are
//! applied at once; the job's state follows from the clock.

use serde_json::{Value, json};

use super::{Handler, companies, contacts, tags};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{Workspace, lists::BulkJob},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.bulk_create", Handler::Write(create_contacts)),
    ("contacts.bulk_update", Handler::Write(update_contacts)),
    ("contacts.bulk_delete", Handler::Write(delete_contacts)),
    ("contacts.get_bulk_job", Handler::Read(get_contacts_job)),
    ("companies.bulk_upsert", Handler::Write(upsert_companies)),
    ("companies.bulk_update", Handler::Write(update_companies)),
    ("companies.bulk_delete", Handler::Write(delete_companies)),
    ("companies.get_bulk_job", Handler::Read(get_companies_job)),
];

/// The most items of one call.
const MOST_ITEMS: usize = 100;
/// When a task runs and when it is done, in seconds after it was given.
const STARTED: i64 = 1;
const DONE: i64 = 3;

const CONTACTS: &str = "contacts";
const COMPANIES: &str = "companies";
/// What an item may set of a contact; anything else in it is passed over.
const CONTACT_FIELDS: [&str; 12] = [
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
/// What an item may set of a company.
const COMPANY_FIELDS: [&str; 9] = [
    "company_id",
    "name",
    "plan",
    "size",
    "website",
    "industry",
    "custom_attributes",
    "remote_created_at",
    "monthly_spend",
];

fn shown(base_url: &str, now: i64, number: usize, job: &BulkJob) -> Value {
    let at = |given: i64, after: i64| (given + after <= now).then_some(given + after);
    let tasks: Vec<Value> = job
        .tasks
        .iter()
        .enumerate()
        .map(|(place, (given, items, failed))| {
            let done = at(*given, DONE);
            json!({
                "id": format!("task_v2_{number}_{}", place + 1),
                "item_count": items,
                "state": match (at(*given, STARTED), done) {
                    (_, Some(_)) if *failed > 0 => "completed_with_errors",
                    (_, Some(_)) => "completed",
                    (Some(_), None) => "running",
                    (None, None) => "pending",
                },
                "created_at": given,
                "started_at": at(*given, STARTED),
                "completed_at": done,
            })
        })
        .collect();
    let last = last_given(job);
    let done = at(last, DONE);
    let has_failed = job.tasks.iter().any(|(_, _, failed)| *failed > 0);
    json!({
        "id": format!("job_v2_{number}"),
        "type": format!("{}.bulk.job", job.of),
        "state": match done {
            None => "running",
            Some(_) if has_failed => "completed_with_errors",
            Some(_) => "completed",
        },
        "created_at": job.created_at,
        "updated_at": done.unwrap_or(now.min(last + DONE)),
        "completed_at": done,
        "tasks": tasks,
        "url": format!("{base_url}/{}/bulk/job_v2_{number}", job.of),
    })
}

/// When the last task was given.
fn last_given(job: &BulkJob) -> i64 {
    let given = job.tasks.iter().map(|(given, ..)| *given);
    given.max().unwrap_or(job.created_at)
}

/// The job as it is told when it is completed; `None` when a later task keeps it running.
pub(crate) fn completed(workspace: &Workspace, place: usize, now: i64) -> Option<Value> {
    let job = workspace.reference.lists.bulk_jobs.get(place)?;
    (last_given(job) + DONE == now).then(|| shown(&workspace.address, now, place + 1, job))
}

fn unknown(id: &str) -> Refusal {
    Refusal::new(404, "job_not_found", format!("job {id} not found"))
}

/// The place of a job of this kind.
fn place(workspace: &Workspace, of: &str, id: &str) -> Result<usize, Refusal> {
    id.strip_prefix("job_v2_")
        .and_then(|number| number.parse::<usize>().ok())
        .and_then(|number| number.checked_sub(1))
        .filter(|place| {
            workspace
                .reference
                .lists
                .bulk_jobs
                .get(*place)
                .is_some_and(|job| job.of == of)
        })
        .ok_or_else(|| unknown(id))
}

fn get(workspace: &Workspace, request: &Request<'_>, of: &'static str) -> Answer {
    let place = place(workspace, of, request.parameter("id"))?;
    let job = &workspace.reference.lists.bulk_jobs[place];
    Ok(Reply::json(&shown(
        &request.base_url,
        request.now,
        place + 1,
        job,
    )))
}

fn get_contacts_job(workspace: &Workspace, request: &Request<'_>) -> Answer {
    get(workspace, request, CONTACTS)
}

fn get_companies_job(workspace: &Workspace, request: &Request<'_>) -> Answer {
    get(workspace, request, COMPANIES)
}

/// The items of a call, refused as a whole when any of them cannot be one.
fn items<'r>(request: &'r Request<'_>, of: &str, needs_id: bool) -> Result<&'r [Value], Refusal> {
    let refused = |code: &'static str, message: String| Err(Refusal::new(422, code, message));
    let one = if of == CONTACTS { "contact" } else { "company" };
    let items = match request.body.get(of) {
        None | Some(Value::Null) => {
            return refused("field_not_found", format!("{of} field must be supplied"));
        }
        Some(Value::Array(items)) => items,
        Some(_) => return refused("type_mismatch", format!("{of} must be an array")),
    };
    if items.len() > MOST_ITEMS {
        return refused(
            "parameter_invalid",
            format!("maximum number of {of} per request is {MOST_ITEMS}"),
        );
    }
    if items.iter().any(|item| !item.is_object()) {
        return refused("type_mismatch", format!("each {one} must be an object"));
    }
    if needs_id && items.iter().any(|item| as_text(&item["id"]).is_none()) {
        return refused("field_not_found", format!("{of} must be identified by id"));
    }
    Ok(items)
}

/// Applies every item with `one` and writes the task down, in the job that the body names or a new one.
fn run(
    workspace: &mut Workspace,
    request: &Request<'_>,
    of: &'static str,
    needs_id: bool,
    one: fn(&mut Workspace, &Request<'_>, &Value) -> Result<(), Refusal>,
) -> Answer {
    let items = items(request, of, needs_id)?;
    let held = match as_text(&request.body["job"]["id"]) {
        None => None,
        Some(id) => {
            let place = place(workspace, of, &id)?;
            let job = &workspace.reference.lists.bulk_jobs[place];
            if job.tasks.iter().all(|(given, ..)| given + DONE <= request.now) {
                return Err(Refusal::new(
                    403,
                    "forbidden",
                    format!("job {id} is closed for new task updates"),
                ));
            }
            Some(place)
        }
    };
    let failed = items
        .iter()
        .filter(|item| one(workspace, request, item).is_err())
        .count();
    let jobs = &mut workspace.reference.lists.bulk_jobs;
    let place = held.unwrap_or_else(|| {
        jobs.push(BulkJob {
            of,
            created_at: request.now,
            tasks: Vec::new(),
        });
        jobs.len() - 1
    });
    let job = &mut jobs[place];
    let is_planned = job.tasks.last().is_some_and(|(given, ..)| *given == request.now);
    job.tasks.push((request.now, items.len(), failed));
    let shown = shown(&request.base_url, request.now, place + 1, &jobs[place]);
    workspace.changed();
    if !is_planned {
        workspace.will_happen(Topic::JobCompleted, Subject::BulkJob(place), request.now + DONE);
    }
    Ok(Reply::with_status(202, &shown))
}

fn picked(item: &Value, fields: &[&str]) -> Value {
    let held = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), item.get(*field)?.clone())));
    Value::Object(held.collect())
}

fn id_of(reply: &Reply) -> String {
    serde_json::from_slice::<Value>(&reply.body)
        .ok()
        .and_then(|shown| as_text(&shown["id"]))
        .unwrap_or_default()
}

/// Attaches and detaches the companies and tags that an item of a contact names.
fn belongings(
    workspace: &mut Workspace,
    request: &Request<'_>,
    contact: &str,
    item: &Value,
) -> Result<(), Refusal> {
    for company in item["companies"].as_array().into_iter().flatten() {
        let body = picked(company, &["company_id", "name"]);
        let reply = companies::upsert(workspace, &request.inner(&[], body))?;
        let id = id_of(&reply);
        if company["remove"] == true {
            let parameters = [("contact_id", contact), ("id", id.as_str())];
            companies::detach(workspace, &request.inner(&parameters, Value::Null))?;
        } else {
            companies::attach(workspace, &request.inner(&[("id", contact)], json!({ "id": id })))?;
        }
    }
    for tag in item["tags"]["add"].as_array().into_iter().flatten() {
        let body = json!({ "id": tag["id"] });
        tags::attach_to_contact(workspace, &request.inner(&[("contact_id", contact)], body))?;
    }
    for tag in item["tags"]["remove"].as_array().into_iter().flatten() {
        let id = as_text(&tag["id"]).unwrap_or_default();
        let parameters = [("contact_id", contact), ("tag_id", id.as_str())];
        tags::detach_from_contact(workspace, &request.inner(&parameters, Value::Null))?;
    }
    Ok(())
}

fn create_contacts(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(workspace, request, CONTACTS, false, |workspace, request, item| {
        let body = picked(item, &CONTACT_FIELDS);
        let reply = contacts::create(workspace, &request.inner(&[], body))?;
        belongings(workspace, request, &id_of(&reply), item)
    })
}

fn update_contacts(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(workspace, request, CONTACTS, true, |workspace, request, item| {
        let id = as_text(&item["id"]).unwrap_or_default();
        let body = picked(item, &CONTACT_FIELDS);
        contacts::update(workspace, &request.inner(&[("id", &id)], body))?;
        belongings(workspace, request, &id, item)
    })
}

fn delete_contacts(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(workspace, request, CONTACTS, true, |workspace, request, item| {
        let id = as_text(&item["id"]).unwrap_or_default();
        contacts::delete(workspace, &request.inner(&[("id", &id)], Value::Null)).map(|_| ())
    })
}

fn upsert_companies(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(
        workspace,
        request,
        COMPANIES,
        false,
        |workspace, request, item| {
            let body = picked(item, &COMPANY_FIELDS);
            if as_text(&body["company_id"]).is_none() {
                return Err(Refusal::missing("company_id"));
            }
            companies::upsert(workspace, &request.inner(&[], body)).map(|_| ())
        },
    )
}

fn update_companies(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(workspace, request, COMPANIES, true, |workspace, request, item| {
        let id = as_text(&item["id"]).unwrap_or_default();
        let body = picked(item, &COMPANY_FIELDS[1..]);
        companies::update(workspace, &request.inner(&[("id", &id)], body)).map(|_| ())
    })
}

fn delete_companies(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    run(workspace, request, COMPANIES, true, |workspace, request, item| {
        let id = as_text(&item["id"]).unwrap_or_default();
        companies::delete(workspace, &request.inner(&[("id", &id)], Value::Null)).map(|_| ())
    })
}
