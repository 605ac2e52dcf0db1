//! Everything of a person, found and removed, with a receipt.
//!
//! The one rule: nobody else's data goes. Several people with one address must be confirmed, a conversation in which others
//! take part stays, and what could not be removed stands in the receipt with the reason. The journal gets no copy of what is
//! erased.

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_catalog::{Catalog, Effect};
use trunkline_client::Call;

use super::known::by_id;
use crate::{
    Action, ActionError, Field, Input, KeptWrite, Run, Write,
    modules::refs::{id_of, search_contacts},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.erase",
            "Removes a person: contact, notes and, when asked, conversations and tickets; gives a receipt.",
            Effect::Destructive,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .takes([
            Field::choice(
                "mode",
                &["delete", "archive"],
                "Whether the contact is removed for good or put away.",
            )
            .default_to("delete"),
            Field::flag(
                "conversations",
                "Whether conversations and tickets in which nobody else takes part go too.",
            )
            .default_to("false"),
            Field::flag(
                "all",
                "Confirms that every contact with this email address or external id is meant.",
            )
            .default_to("false"),
        ])
        .calls(&[
            "contacts.get",
            "contacts.search",
            "contacts.get_by_external_id",
            "contacts.list_notes",
            "contacts.list_companies",
            "contacts.list_tags",
            "conversations.search",
            "tickets.search",
            "conversations.delete",
            "tickets.delete",
            "contacts.delete",
            "contacts.archive",
        ]),
    ]
}

/// The receipt while it is written.
#[derive(Debug, Default)]
struct Receipt {
    contacts: Vec<Value>,
    removed: Vec<Value>,
    kept: Vec<Value>,
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let began = run.workspace().now().to_string();
    let people = match people(run, &input).await {
        // An earlier attempt removed who was meant.
        Err(error) if error.code() == "TL0730" && was_removed(run).await? => Vec::new(),
        found => found?,
    };
    let archives = input.text("mode") == Some("archive");
    let mut receipt = Receipt::default();
    for person in &people {
        one(run, &input, person, archives, &mut receipt).await?;
    }
    for (what, id) in removed_earlier(run) {
        if what == "contact" {
            receipt.contacts.push(json!({ "contact": id }));
        }
        receipt
            .removed
            .push(entry(run, what, &id, "by an attempt that was interrupted"));
    }
    let asked_by = ["contact_id", "external_id", "email"]
        .into_iter()
        .find(|field| input.text(field).is_some());
    let is_gone = |id: &Value| {
        receipt
            .removed
            .iter()
            .any(|one| one["what"] == "contact" && one["id"] == *id)
    };
    if !archives && !run.is_planning() {
        // What was found out is kept before what it was found out by is forgotten.
        run.end_open().await?;
        for id in receipt
            .contacts
            .iter()
            .filter(|person| is_gone(&person["contact"]))
            .filter_map(|person| person["contact"].as_str())
        {
            let journal = Arc::clone(run.workspace().journal());
            journal.forget(&format!("contacts/{id}")).await?;
        }
    }
    let complete = people.iter().all(|person| is_gone(&person["id"])) && receipt.kept.is_empty();
    if !complete {
        run.note("Not everything was removed; `not_removed` says what and why.");
    }
    if asked_by == Some("email") {
        run.note("Archived contacts are not found by email address; name them by contact_id.");
    }
    Ok(json!({
        "asked_by": asked_by,
        "mode": if archives { "archive" } else { "delete" },
        "began_at": began,
        "ended_at": run.workspace().now().to_string(),
        "complete": complete,
        "found": receipt.contacts,
        "removed": receipt.removed,
        "not_removed": receipt.kept,
    }))
}

/// Whether an interrupted attempt removed somebody, be it at this very moment.
async fn was_removed(run: &mut Run) -> Result<bool, ActionError> {
    for operation in ["contacts.delete", "contacts.archive"] {
        run.look_again(operation).await?;
    }
    Ok(!removed_earlier(run).is_empty())
}

/// What an interrupted attempt removed and this one does not find any more: what it is, and its id.
fn removed_earlier(run: &Run) -> Vec<(&'static str, String)> {
    let all = [
        ("conversation", "conversations.delete"),
        ("ticket", "tickets.delete"),
        ("contact", "contacts.delete"),
        ("contact", "contacts.archive"),
    ];
    let done = all.into_iter().flat_map(|(what, operation)| {
        let kept = run.done_earlier(operation).into_iter();
        kept.filter_map(move |kept| Some((what, removed_by(kept)?)))
    });
    done.collect()
}

/// The id of what a write removed. Where the journal has been told to forget it, only whom it was about is left.
fn removed_by(kept: KeptWrite) -> Option<String> {
    let named = kept.path.into_iter().next().map(|(_, id)| id);
    named.or_else(|| Some(kept.subject?.rsplit_once('/')?.1.to_owned()))
}

/// The contacts that are meant, each looked at, so that nothing is removed by what the caller calls it.
async fn people(run: &mut Run, input: &Input) -> Result<Vec<Value>, ActionError> {
    if let Some(id) = input.text("contact_id") {
        return Ok(vec![by_id(run, "contact_id", id).await?]);
    }
    let (field, value) = match input.text("external_id") {
        Some(id) => ("external_id", id),
        None => ("email", input.text("email").unwrap_or_default()),
    };
    let mut found = search_contacts(run, field, value).await?;
    // An id is compared letter by letter, an address as post offices do.
    found.retain(|contact| {
        contact[field].as_str().is_some_and(|own| {
            own == value || (field == "email" && own.to_lowercase() == value.to_lowercase())
        })
    });
    if field == "external_id" {
        found.extend(archived(run, value, &found).await?);
    }
    if found.is_empty() {
        return Err(ActionError::refused(
            "TL0730",
            format!("no contact has this {field}"),
            "Check it; a contact that was made a moment ago or is archived is found by its id alone.",
        ));
    }
    if found.len() > 1 && input.flag("all") != Some(true) {
        let listed: Vec<String> = found
            .iter()
            .map(|contact| {
                let role = contact["role"].as_str().unwrap_or("contact");
                format!("{} ({role})", id_of(contact).unwrap_or_default())
            })
            .collect();
        return Err(ActionError::refused(
            "TL0741",
            format!(
                "{} contacts have this {field}: {}",
                found.len(),
                listed.join(", ")
            ),
            "Nothing was removed. Erase one by its contact_id, or all of them with `all=true`.",
        ));
    }
    Ok(found)
}

/// A user who is archived is found by the caller's own id, where the version can.
async fn archived(run: &mut Run, value: &str, found: &[Value]) -> Result<Option<Value>, ActionError> {
    if !has(run, "contacts.get_by_external_id") {
        return Ok(None);
    }
    let user = run
        .find(Call::new("contacts.get_by_external_id").path("external_id", value))
        .await?;
    Ok(user.filter(|user| {
        user["external_id"] == value && !found.iter().any(|other| id_of(other) == id_of(user))
    }))
}

fn has(run: &Run, operation: &str) -> bool {
    Catalog::embedded()
        .operation(operation)
        .is_some_and(|operation| (operation.versions.0..=operation.versions.1).contains(&run.version()))
}

/// Removes one person.
async fn one(
    run: &mut Run,
    input: &Input,
    person: &Value,
    archives: bool,
    receipt: &mut Receipt,
) -> Result<(), ActionError> {
    let id = id_of(person).unwrap_or_default();
    let notes = run
        .rows(Call::new("contacts.list_notes").path("id", &id), None)
        .await?;
    let companies = run
        .rows(Call::new("contacts.list_companies").path("id", &id), None)
        .await?;
    let tags = run
        .rows(Call::new("contacts.list_tags").path("contact_id", &id), None)
        .await?;
    let conversations = threads(run, "conversations.search", &id).await?;
    let tickets = threads(run, "tickets.search", &id).await?;
    receipt.contacts.push(json!({
        "contact": id,
        "role": person["role"],
        "notes": ids(&notes),
        "companies": ids(&companies),
        "tags": ids(&tags),
        "conversations": ids(&conversations),
        "tickets": ids(&tickets),
    }));
    for (what, operation, rows) in [
        ("conversation", "conversations.delete", &conversations),
        ("ticket", "tickets.delete", &tickets),
    ] {
        for row in rows {
            let thread = id_of(row).unwrap_or_default();
            // A ticket that was made of a conversation has the id of it.
            if receipt.removed.iter().any(|one| one["id"] == *thread) {
                continue;
            }
            if input.flag("conversations") != Some(true) {
                keep(
                    receipt,
                    what,
                    &thread,
                    "it was not asked for (`conversations=true`)",
                );
            } else if others(row, &id) {
                keep(receipt, what, &thread, "other contacts take part in it");
            } else if has(run, operation) {
                remove(run, receipt, what, &thread, operation).await?;
            } else {
                let why = format!("version {} cannot delete it", run.version());
                keep(receipt, what, &thread, &why);
            }
        }
    }
    let operation = if archives {
        "contacts.archive"
    } else {
        "contacts.delete"
    };
    let is_gone = remove(run, receipt, "contact", &id, operation).await?;
    for note in &notes {
        let note = id_of(note).unwrap_or_default();
        match (is_gone, archives) {
            (true, false) => receipt
                .removed
                .push(entry(run, "note", &note, "with its contact")),
            (true, true) => keep(
                receipt,
                "note",
                &note,
                "Intercom cannot delete notes; it is put away with its contact",
            ),
            (false, _) => keep(receipt, "note", &note, "its contact is still there"),
        }
    }
    Ok(())
}

/// The conversations or tickets in which a contact takes part.
async fn threads(run: &mut Run, operation: &'static str, contact: &str) -> Result<Vec<Value>, ActionError> {
    if !has(run, operation) {
        return Ok(Vec::new());
    }
    let query = json!({ "query": { "field": "contact_ids", "operator": "=", "value": contact } });
    run.rows(Call::new(operation).body(query), None).await
}

/// Whether somebody else takes part as well, or it cannot be told.
fn others(thread: &Value, contact: &str) -> bool {
    match thread["contacts"]["contacts"].as_array() {
        Some(all) => all.iter().any(|one| id_of(one).as_deref() != Some(contact)),
        None => true,
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().filter_map(id_of).collect()
}

fn entry(run: &Run, what: &str, id: &str, how: &str) -> Value {
    json!({ "what": what, "id": id, "how": how, "at": run.workspace().now().to_string() })
}

fn keep(receipt: &mut Receipt, what: &str, id: &str, why: &str) {
    receipt.kept.push(json!({ "what": what, "id": id, "why": why }));
}

/// Removes one thing; false when that failed, which the receipt tells.
async fn remove(
    run: &mut Run,
    receipt: &mut Receipt,
    what: &'static str,
    id: &str,
    operation: &'static str,
) -> Result<bool, ActionError> {
    let write = Write::new(operation)
        .path("id", id)
        // No more than its id goes into the journal: a copy of what is erased would outlive it.
        .before(json!({ "type": what, "id": id }));
    match run.write(write).await {
        Ok(_) => {
            let how = if operation == "contacts.archive" {
                "archived"
            } else {
                "deleted"
            };
            receipt.removed.push(entry(run, what, id, how));
            Ok(true)
        }
        Err(ActionError::Call(error)) => {
            let known = match error.status {
                Some(status) if (400..500).contains(&status) => "",
                _ => "; whether it was done is not known",
            };
            keep(
                receipt,
                what,
                id,
                &format!("{} {}{known}", error.code(), error.message),
            );
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
