//! Before a contact is made that is known by its address alone: of such, Intercom may make a second one, since leads may share an address
//! with anybody.
//!
//! The one rule: nothing is made while somebody else is about to make it, or may have made it and died. Of a person with an external id
//! Intercom itself refuses a second contact, and none of this is done.

use std::time::Duration;

use serde_json::Value;

use super::{
    Ask,
    find::{Match, Person, fetch, find},
};
use crate::{
    ActionError, KeptWrite, LeftOpen, NewReservation, Reservation, Reserved, Run, WriteState,
    modules::refs::id_of, run::is_made_once,
};

/// The pauses between two looks at what another process holds.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether a contact may be made.
pub(super) enum Verdict {
    /// Yes; then what was reserved is to be ended.
    Make(Option<Box<dyn Reservation>>),
    /// Another process made this one a moment ago.
    Made(Box<Person>),
    /// The search shows several by now.
    LookAgain,
}

/// Finds out whether a contact of this body may be made, and reserves it then.
pub(super) async fn may_make(run: &mut Run, ask: &Ask, payload: &Value) -> Result<Verdict, ActionError> {
    let Some(email) = &ask.who.email else {
        return Ok(Verdict::Make(None));
    };
    if ask.who.external_id.is_some() || run.is_planning() {
        return Ok(Verdict::Make(None));
    }
    let identity = email.to_lowercase();
    let is_guarded = is_made_once("contacts.create", Some(payload));
    let own = run.in_journal().await?;
    let journal = run.workspace().journal().clone();
    let mut pause = FIRST_PAUSE;
    loop {
        let wanted = NewReservation {
            identity: identity.clone(),
            run: own.clone(),
            is_guarded,
            at: run.workspace().now(),
        };
        match journal.identities().reserve(wanted).await? {
            Reserved::Ours(held) => return Ok(Verdict::Make(Some(held))),
            Reserved::Left(held, left) => return take_over(run, ask, payload, held, left).await,
            Reserved::Led(id) => match with_address(run, ask, &id).await? {
                Some(person) => return Ok(Verdict::Made(Box::new(person))),
                None => journal.identities().led_nowhere(&identity, &id).await?,
            },
            // Whoever is at it ends it, or its hold ends.
            Reserved::Busy => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Finds out what came of a creation that somebody left open, and is then the one to make the contact, if there is none.
async fn take_over(
    run: &mut Run,
    ask: &Ask,
    payload: &Value,
    mut held: Box<dyn Reservation>,
    left: LeftOpen,
) -> Result<Verdict, ActionError> {
    let own = run.in_journal().await?;
    let is_guarded = is_made_once("contacts.create", Some(payload));
    // What an attempt of this very run left was found out when the run was taken up again.
    let is_known = left.run == own && run.found_out("contacts.create", payload);
    let fate = if is_known {
        Fate::NotMade
    } else {
        let kept = run.workspace().journal().writes(&left.run).await?;
        fate(kept.as_deref(), ask.who.email.as_deref())
    };
    let made = match fate {
        Fate::NotMade => None,
        Fate::Made(id) => with_address(run, ask, &id).await?,
        Fate::Open => match find(run, &ask.who, ask.looking).await? {
            Match::One(person) => Some(*person),
            Match::Several(_) => {
                held.give_back().await?;
                return Ok(Verdict::LookAgain);
            }
            // Whichever of the two was first, the second is refused.
            Match::Nobody if left.is_guarded && is_guarded => None,
            Match::Nobody => {
                held.leave(run.workspace().now()).await?;
                return Err(ActionError::LeftOpen { run: left.run });
            }
        },
    };
    let Some(person) = made else {
        held.begin(&own, is_guarded).await?;
        return Ok(Verdict::Make(Some(held)));
    };
    held.settle(person.id.clone(), run.workspace().now()).await?;
    Ok(Verdict::Made(Box::new(person)))
}

/// The contact with this id, if it has the address that is meant.
async fn with_address(run: &mut Run, ask: &Ask, id: &str) -> Result<Option<Person>, ActionError> {
    let found = fetch(run, id).await?;
    let person = found.filter(|person| ask.who.has_email_of(&person.record));
    if let Some(person) = &person {
        let workspace = run.workspace();
        workspace.people().wrote(&person.record, workspace.now());
    }
    Ok(person)
}

/// What the journal says of a creation.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It was not sent, or was refused.
    NotMade,
    /// It made this contact.
    Made(String),
    /// It may have been carried out.
    Open,
}

/// What a run's writes say of its creation of somebody with this address.
fn fate(writes: Option<&[KeptWrite]>, email: Option<&str>) -> Fate {
    let Some(writes) = writes else {
        return Fate::Open;
    };
    let email = email.map(str::to_lowercase);
    let of_them = |write: &&KeptWrite| {
        let sent = write.payload.as_ref().map(|payload| payload["email"].as_str());
        // What was erased may have been this one.
        let is_theirs = sent.is_none_or(|sent| sent.map(str::to_lowercase) == email);
        write.operation == "contacts.create" && is_theirs
    };
    let mut fate = Fate::NotMade;
    for write in writes.iter().filter(of_them) {
        match (write.state, write.after.as_ref().and_then(id_of)) {
            (WriteState::Refused, _) => {}
            (WriteState::Done, Some(id)) => return Fate::Made(id),
            _ => fate = Fate::Open,
        }
    }
    fate
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn write(operation: &str, payload: Option<Value>, state: WriteState, after: Option<Value>) -> KeptWrite {
        KeptWrite {
            seq: 1,
            operation: operation.to_owned(),
            path: Vec::new(),
            query: Vec::new(),
            payload,
            subject: None,
            before: None,
            state,
            after,
            inverse: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_journal_tells_what_came_of_a_creation_as_far_as_it_knows() {
        let create =
            |email: &str, state, after| write("contacts.create", Some(json!({"email": email})), state, after);
        let made = || Some(json!({"id": "c1"}));
        let made_it = || Fate::Made("c1".to_owned());
        for (writes, expected) in [
            (None, Fate::Open),
            (Some(vec![]), Fate::NotMade),
            (
                Some(vec![create("Ann@p.example", WriteState::Sending, None)]),
                Fate::Open,
            ),
            (
                Some(vec![create("ann@p.example", WriteState::Unknown, None)]),
                Fate::Open,
            ),
            (
                Some(vec![create("ann@p.example", WriteState::Refused, None)]),
                Fate::NotMade,
            ),
            (
                Some(vec![create("ann@p.example", WriteState::Done, made())]),
                made_it(),
            ),
            (
                Some(vec![create("ann@p.example", WriteState::Done, None)]),
                Fate::Open,
            ),
            (
                Some(vec![create("ben@p.example", WriteState::Sending, None)]),
                Fate::NotMade,
            ),
            (
                Some(vec![
                    create("ann@p.example", WriteState::Unknown, None),
                    create("ann@p.example", WriteState::Done, made()),
                ]),
                made_it(),
            ),
            (
                Some(vec![write("contacts.create", None, WriteState::Sending, None)]),
                Fate::Open,
            ),
            (
                Some(vec![write("contacts.update", None, WriteState::Sending, None)]),
                Fate::NotMade,
            ),
        ] {
            let found = fate(writes.as_deref(), Some("ANN@p.example"));
            assert_eq!(found, expected, "{writes:?}");
        }
    }
}
