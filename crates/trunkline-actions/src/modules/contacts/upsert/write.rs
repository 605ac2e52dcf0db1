//! The contact as it is wanted: made, changed, brought back, or left as it is.
//!
//! The one rule: at the end there is one contact. Intercom itself refuses a second one with a 409 that names the first, so a
//! create that lost its answer, or a race, is sent again and lands there; a lead known by its address alone has no such guard, so
//! its address is reserved before (`reserved.rs`), and it is not sent twice.

use serde_json::{Map, Value, json};
use trunkline_client::{CallError, ErrorKind, PortError};

use super::{
    Ask, Existing,
    fields::{differences, names, wanted_of, wanted_of_new},
    find::{Match, Person, by_external_id, fetch},
    reserved::{Verdict, may_make},
    who::external_id,
};
use crate::{ActionError, Reservation, Run, Write, modules::refs::id_of, run::is_made_once};

/// How often a create is sent whose answer is lost.
const SENDS: u32 = 3;

/// How a step ended.
pub(super) enum Step {
    /// With this outcome.
    Done(Value),
    /// What was found is not there any more: look again.
    Again,
}

fn done(outcome: &str, contact: Value, changed: Vec<String>) -> Step {
    // Put together by hand, so that the contact is moved and not copied.
    let mut done = Map::new();
    done.insert("outcome".to_owned(), outcome.into());
    done.insert("contact".to_owned(), contact);
    done.insert("changed".to_owned(), changed.into());
    Step::Done(done.into())
}

/// Does what was asked with who was found.
pub(super) async fn settle(run: &mut Run, ask: &Ask, found: Match) -> Result<Step, ActionError> {
    match found {
        Match::Nobody => create(run, ask).await,
        Match::One(person) => change(run, ask, *person).await,
        Match::Several(found) => Ok(Step::Done(json!({
            "outcome": "several", "contact": null, "changed": [], "matches": found,
        }))),
    }
}

async fn create(run: &mut Run, ask: &Ask) -> Result<Step, ActionError> {
    if ask.who.external_id.is_none() && ask.who.email.is_none() {
        return Err(ActionError::refused(
            "TL0730",
            "no contact has this contact_id",
            "Check it, or give an external_id or an email address by which a contact can be made.",
        ));
    }
    let wanted = wanted_of_new(&ask.wanted);
    let payload = Value::Object(wanted.clone());
    let held = match may_make(run, ask, &payload).await? {
        Verdict::Make(held) => held,
        Verdict::Made(person) => return change(run, ask, *person).await,
        Verdict::LookAgain => return Ok(Step::Again),
    };
    let sent = send(run, &payload).await;
    if let Some(held) = held {
        let ended = end(run, held, &sent).await;
        // What went wrong first is what the caller must hear.
        if sent.is_ok() {
            ended?;
        }
    }
    match sent? {
        Sent::Made(contact) => {
            if !run.is_planning() {
                run.workspace().people().wrote(&contact, run.workspace().now());
            }
            note_what_was_not_taken(run, &wanted, &contact);
            Ok(done("created", contact, names(&wanted)))
        }
        Sent::Taken { error, lost } => taken(run, ask, &error, lost).await,
    }
}

/// What came of a create.
enum Sent {
    /// This contact was made.
    Made(Value),
    /// Somebody has the identity, maybe by an earlier create whose answer was lost.
    Taken { error: Box<CallError>, lost: bool },
}

/// Sends a create, again where that makes nothing twice.
async fn send(run: &mut Run, payload: &Value) -> Result<Sent, ActionError> {
    let is_made_once = is_made_once("contacts.create", Some(payload));
    let mut lost = false;
    for sent in 1.. {
        let write = Write::new("contacts.create").makes_new().payload(payload.clone());
        match run.write(write).await {
            Ok(contact) if id_of(&contact).is_some() => return Ok(Sent::Made(contact)),
            // It was made, and the answer does not say what: the next one does.
            Ok(_) if is_made_once && sent < SENDS => lost = true,
            Ok(_) => break,
            Err(ActionError::Call(error)) if error.kind == ErrorKind::Conflict => {
                let error = Box::new(error);
                return Ok(Sent::Taken { error, lost });
            }
            Err(ActionError::Call(error)) if sent < SENDS && is_lost(&error) && is_made_once => lost = true,
            Err(error) => return Err(error),
        }
    }
    Err(ActionError::OutcomeUnknown {
        operation: "contacts.create".to_owned(),
        reason: "the answer was empty".to_owned(),
    })
}

/// Ends what was reserved for a create, by what came of it.
async fn end(
    run: &Run,
    held: Box<dyn Reservation>,
    sent: &Result<Sent, ActionError>,
) -> Result<(), PortError> {
    let now = run.workspace().now();
    match sent {
        Ok(Sent::Made(contact)) => held.settle(id_of(contact).unwrap_or_default(), now).await,
        // Whoever waits is led to the one that has the identity; an archived one is brought back by whoever meets it.
        Ok(Sent::Taken { error, .. }) => match named_in(&error.message) {
            Some(id) if !is_about_archived(error) => held.settle(id.to_owned(), now).await,
            _ => held.give_back().await,
        },
        Err(ActionError::Call(error)) if !is_lost(error) => held.give_back().await,
        Err(_) => held.leave(now).await,
    }
}

/// Whether a call may have been carried out all the same.
fn is_lost(error: &CallError) -> bool {
    error.attempts > 0
        && matches!(
            error.kind,
            ErrorKind::Server | ErrorKind::Timeout | ErrorKind::Network | ErrorKind::BadAnswer
        )
}

/// Somebody has the identity already: that contact is changed, if it is the person who is meant.
async fn taken(run: &mut Run, ask: &Ask, error: &CallError, lost: bool) -> Result<Step, ActionError> {
    let found = match named_in(&error.message) {
        Some(id) => fetch(run, id).await?,
        None => by_external_id(run, &ask.who).await?,
    };
    let Some(mut person) = found else {
        return match named_in(&error.message) {
            // It went away between the two calls.
            Some(_) => Ok(Step::Again),
            None => Err(ActionError::refused(
                "TL0738",
                "Intercom says that such a contact exists and does not say which",
                "Find it in Intercom and give its contact_id, or wait some minutes until the search shows it.",
            )),
        };
    };
    let is_meant = ask.who.has_external_id_of(&person.record)
        || ask.who.has_email_of(&person.record) && ask.who.may_claim(&person.record);
    if !is_meant {
        return Err(somebody_else(&person));
    }
    person.is_archived = is_about_archived(error);
    if !person.is_archived {
        run.workspace()
            .people()
            .wrote(&person.record, run.workspace().now());
    }
    if lost && !person.is_archived && differences(&wanted_of_new(&ask.wanted), &person.record).is_empty() {
        run.note("The answer to the creation was lost; the contact was found afterwards.");
        return Ok(done("created", person.record, names(&wanted_of_new(&ask.wanted))));
    }
    change(run, ask, person).await
}

fn somebody_else(person: &Person) -> ActionError {
    let why = if external_id(&person.record).is_some() {
        "which has another external id"
    } else {
        "which is somebody else"
    };
    ActionError::refused(
        "TL0734",
        format!(
            "the email address or external id belongs to the contact {}, {why}",
            person.id
        ),
        "Nothing was changed. Give the person's own address, or merge or remove one of the contacts first.",
    )
}

async fn change(run: &mut Run, ask: &Ask, mut person: Person) -> Result<Step, ActionError> {
    let mut is_second = false;
    loop {
        let is_archived = person.is_archived;
        if is_archived {
            bring_back(run, ask, &person).await?;
            person.is_archived = false;
        }
        let unchanged = if is_archived {
            "unarchived"
        } else {
            ask.existing.word()
        };
        if ask.existing == Existing::Leave {
            return Ok(done(unchanged, person.record, Vec::new()));
        }
        let mut wanted = wanted_of(run, &ask.wanted, &person.record);
        let mut different = differences(&wanted, &person.record);
        if different.is_empty() && !person.is_fresh {
            // What the search shows may be old: only the contact itself says that nothing needs to be written.
            let Some(fresh) = fetch(run, &person.id).await? else {
                return Ok(gone(run, &person.id));
            };
            person = fresh;
            wanted = wanted_of(run, &ask.wanted, &person.record);
            different = differences(&wanted, &person.record);
        }
        if different.is_empty() {
            return Ok(done(unchanged, person.record, Vec::new()));
        }
        // A search may be old, so everything is sent; of a contact as it is, only what differs.
        let payload = if person.is_fresh { &different } else { &wanted };
        let write = Write::new("contacts.update")
            .path("id", &person.id)
            .payload(Value::Object(payload.clone()))
            .before(std::mem::take(&mut person.record));
        match run.write(write).await {
            Ok(mut contact) => {
                if id_of(&contact).is_none() && !run.is_planning() {
                    // It was changed, and the answer was empty.
                    contact = fetch(run, &person.id)
                        .await?
                        .map_or(Value::Null, |fresh| fresh.record);
                }
                let is_renamed = different.contains_key("external_id") || different.contains_key("email");
                if is_renamed && !run.is_planning() {
                    run.workspace().people().wrote(&contact, run.workspace().now());
                }
                note_what_was_not_taken(run, &different, &contact);
                let outcome = if is_archived { "unarchived" } else { "updated" };
                return Ok(done(outcome, contact, names(&different)));
            }
            Err(ActionError::Call(error)) if error.kind == ErrorKind::Conflict => {
                let other = match named_in(&error.message) {
                    Some(id) if id != person.id => fetch(run, id).await?,
                    _ => None,
                };
                match other {
                    // The search did not show yet who has the external id: that one is meant.
                    Some(mut other) if !is_second && ask.who.has_external_id_of(&other.record) => {
                        other.is_archived = is_about_archived(&error);
                        person = other;
                        is_second = true;
                    }
                    Some(other) => return Err(somebody_else(&other)),
                    None => return Err(error.into()),
                }
            }
            Err(ActionError::Call(error)) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => {
                return Ok(gone(run, &person.id));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The search shows somebody who is not there any more: it is looked again, without that one.
fn gone(run: &Run, id: &str) -> Step {
    let workspace = run.workspace();
    workspace.people().known.went(id, workspace.now());
    Step::Again
}

/// Unarchives, unless that is not wanted.
async fn bring_back(run: &mut Run, ask: &Ask, person: &Person) -> Result<(), ActionError> {
    if !ask.unarchives {
        return Err(ActionError::refused(
            "TL0733",
            format!("the contact {} is archived", person.id),
            "Bring it back with `on_archived=unarchive`, or leave it.",
        ));
    }
    let write = Write::new("contacts.unarchive")
        .path("id", &person.id)
        .before(person.record.clone())
        .expecting(json!({ "id": person.id, "archived": false }));
    run.write(write).await?;
    if !run.is_planning() {
        run.workspace()
            .people()
            .wrote(&person.record, run.workspace().now());
    }
    Ok(())
}

/// Tells which values Intercom keeps otherwise than they were sent.
fn note_what_was_not_taken(run: &mut Run, sent: &Map<String, Value>, contact: &Value) {
    if run.is_planning() || !contact.is_object() {
        return;
    }
    for name in names(&differences(sent, contact)) {
        run.note(format!("Intercom did not take `{name}` over as it was sent."));
    }
}

/// Whether a conflict is with an archived contact.
fn is_about_archived(error: &CallError) -> bool {
    error.message.to_ascii_lowercase().contains("archived")
}

/// The id that the message of a conflict names.
fn named_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("id=")?;
    let id = rest
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .next()?;
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_conflict_is_read_whatever_stands_around_it() {
        for (message, expected) in [
            (
                "A contact matching those details already exists with id=6657a8386abd0160d35d1ea4",
                Some("6657a8386abd0160d35d1ea4"),
            ),
            (
                "An archived contact matching those details already exists with id=6657a8386abd0160d35d1ea4.",
                Some("6657a8386abd0160d35d1ea4"),
            ),
            ("A contact matching those details already exists", None),
            ("with id=", None),
            ("with id= 7", None),
            ("", None),
        ] {
            assert_eq!(named_in(message), expected, "{message}");
        }
    }
}
