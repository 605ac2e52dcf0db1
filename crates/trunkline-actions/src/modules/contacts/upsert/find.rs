//! Which contact is meant: by an id of one's own, then by email address, then by Intercom's id.
//!
//! The one rule: nobody is taken for somebody else. A contact that has another external id is not the one with this address,
//! and what two fields lead to must be one contact. One call where one will do; `known.rs` helps over the search's lag.

use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_catalog::Version;
use trunkline_client::{Call, ErrorKind};

use super::{
    ahead,
    known::Known,
    who::{Key, Who, external_id, is_lead},
};
use crate::{ActionError, Run, modules::refs::id_of};

/// A contact of whom the search knows nothing after so many seconds is archived.
const INDEXED: i64 = 900;

/// A contact that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    /// Intercom's id.
    pub(crate) id: String,
    /// The whole contact.
    pub(crate) record: Value,
    /// Whether it was fetched by its id: what a search shows may be some seconds old.
    pub(crate) is_fresh: bool,
    /// Whether it is archived, as far as that can be told.
    pub(crate) is_archived: bool,
}

/// Who was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Match {
    /// No contact is meant.
    Nobody,
    /// This one.
    One(Box<Person>),
    /// One of these; it cannot be told which.
    Several(Vec<Value>),
}

/// How to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looking {
    /// Whether somebody who is to be a lead is looked for.
    pub(crate) as_lead: bool,
    /// Whether a user goes before leads with the same address.
    pub(crate) users_first: bool,
    /// Whether it matters that a contact named by Intercom's id is archived; finding that out takes a call.
    pub(crate) minds_archived: bool,
}

impl Person {
    /// A contact that was fetched by its id.
    pub(super) fn fresh(record: Value) -> Option<Self> {
        Some(Self {
            id: id_of(&record)?,
            record,
            is_fresh: true,
            is_archived: false,
        })
    }

    fn searched(record: Value) -> Option<Self> {
        Some(Self {
            is_fresh: false,
            ..Self::fresh(record)?
        })
    }
}

fn one(person: Option<Person>) -> Match {
    person.map_or(Match::Nobody, |person| Match::One(Box::new(person)))
}

/// Looks for the contact that is meant.
pub(crate) async fn find(run: &mut Run, who: &Who, looking: Looking) -> Result<Match, ActionError> {
    if let Some(id) = &who.id {
        if let Some(person) = fetch(run, id).await? {
            return named(run, who, person, looking).await;
        }
        if who.external_id.is_none() && who.email.is_none() {
            return Ok(Match::Nobody);
        }
        run.note("No contact has this contact_id any more; the other fields say who is meant.");
    }
    if let Some(person) = known_well(run, who, looking).await? {
        return Ok(one(Some(person)));
    }
    let found = search(run, who).await?;
    let (own, rest): (Vec<Value>, Vec<Value>) = found
        .into_iter()
        .partition(|contact| who.has_external_id_of(contact));
    if !own.is_empty() {
        return Ok(pick(own));
    }
    let mut candidates = by_email(run, who, rest, looking);
    if candidates.is_empty() || !looking.users_first {
        for person in just_written(run, who, looking.as_lead).await? {
            let is_new = candidates
                .iter()
                .all(|known| id_of(known).as_ref() != Some(&person.id));
            if looking.users_first {
                return Ok(one(Some(person)));
            } else if is_new {
                candidates.push(person.record);
            }
        }
    }
    if !candidates.is_empty() {
        return Ok(pick(candidates));
    }
    hidden(run, who).await
}

/// Somebody who was written a moment ago and whom no search could outdo.
async fn known_well(run: &mut Run, who: &Who, looking: Looking) -> Result<Option<Person>, ActionError> {
    match (&who.external_id, &who.email) {
        (Some(own), _) => remembered(run, who, Key::external_id(own)).await,
        (None, Some(email)) if looking.users_first => {
            let found = remembered(run, who, Key::holder(email, looking.as_lead)).await?;
            Ok(found.filter(|person| is_lead(&person.record) == looking.as_lead))
        }
        _ => Ok(None),
    }
}

/// Who was written with this address a moment ago, those of the wanted role first.
async fn just_written(run: &mut Run, who: &Who, as_lead: bool) -> Result<Vec<Person>, ActionError> {
    let mut found = Vec::new();
    if let Some(email) = &who.email {
        for role in [as_lead, !as_lead] {
            found.extend(remembered(run, who, Key::holder(email, role)).await?);
        }
    }
    Ok(found)
}

/// The contacts that were written with this external id or address a moment ago, which a search may not show yet.
pub(crate) async fn written_lately(
    run: &mut Run,
    field: &str,
    value: &str,
) -> Result<Vec<Value>, ActionError> {
    let given = |name: &str| (name == field).then(|| value.to_owned());
    let who = Who {
        id: None,
        external_id: given("external_id"),
        email: given("email"),
    };
    let mut found = just_written(run, &who, false).await?;
    if let Some(own) = &who.external_id {
        found.extend(remembered(run, &who, Key::external_id(own)).await?);
    }
    Ok(found.into_iter().map(|person| person.record).collect())
}

fn pick(mut found: Vec<Value>) -> Match {
    if found.len() > 1 {
        return Match::Several(found);
    }
    searched(found.pop())
}

/// A contact that a search shows.
pub(super) fn searched(contact: Option<Value>) -> Match {
    one(contact.and_then(Person::searched))
}

/// The contact that Intercom's id names, unless another field names somebody else.
async fn named(run: &mut Run, who: &Who, mut person: Person, looking: Looking) -> Result<Match, ActionError> {
    if let Some(own) = &who.external_id
        && !who.has_external_id_of(&person.record)
    {
        let alone = Who {
            external_id: Some(own.clone()),
            ..Who::default()
        };
        let others = match remembered(run, &alone, Key::external_id(own)).await? {
            Some(other) => vec![other.record],
            None => search(run, &alone).await?,
        };
        let other = others
            .iter()
            .filter(|other| alone.has_external_id_of(other))
            .find_map(id_of);
        if let Some(other) = other.filter(|other| *other != person.id) {
            return Err(ActionError::refused(
                "TL0735",
                format!(
                    "contact_id names the contact {}, external_id names {other}",
                    person.id
                ),
                "Leave out the one that is wrong; if both are one person, merge or remove one of the contacts first.",
            ));
        }
    }
    if looking.minds_archived {
        person.is_archived = is_archived(run, &person).await?;
    }
    Ok(one(Some(person)))
}

/// Whether the search knows nothing of a contact that is old enough to be known.
async fn is_archived(run: &mut Run, person: &Person) -> Result<bool, ActionError> {
    let query = json!({ "query": { "field": "id", "operator": "=", "value": person.id } });
    let found = run
        .rows(Call::new("contacts.search").body(query), Some(1))
        .await?;
    Ok(found.is_empty() && is_old(&person.record, run.now()))
}

fn is_old(contact: &Value, now: Timestamp) -> bool {
    contact["created_at"]
        .as_i64()
        .is_some_and(|created| now.as_second() - created > INDEXED)
}

/// The contact that an identity led to a moment ago, if it still does.
async fn remembered(run: &mut Run, who: &Who, key: Key) -> Result<Option<Person>, ActionError> {
    let workspace = run.workspace().clone();
    let known: &Known = &workspace.people().known;
    let Some(id) = known.find(key, workspace.now()) else {
        return Ok(None);
    };
    let person = fetch(run, &id).await?.filter(|person| {
        let record = &person.record;
        who.has_external_id_of(record) || who.has_email_of(record) && who.may_claim(record)
    });
    if person.is_none() {
        known.forget(key);
    }
    Ok(person)
}

/// The contacts with the external id or the address, archived ones left out; one call for both.
async fn search(run: &mut Run, who: &Who) -> Result<Vec<Value>, ActionError> {
    let filters = ahead::filters(who);
    let query = match filters.as_slice() {
        [] => return Ok(Vec::new()),
        [only] => only.clone(),
        _ => json!({ "operator": "OR", "value": filters }),
    };
    let workspace = run.workspace().clone();
    let mut found = match workspace.people().ahead.take(who, workspace.now()) {
        Some(found) => found,
        None => {
            let call = Call::new("contacts.search").body(json!({ "query": query }));
            run.rows(call, None).await?
        }
    };
    let (known, now) = (&workspace.people().known, workspace.now());
    // Rows may come twice while they move between pages, some fields match more than was asked, and the search may still show
    // who went away.
    let mut seen: Vec<String> = Vec::new();
    found.retain(|contact| {
        let is_meant = who.has_external_id_of(contact) || who.has_email_of(contact);
        let is_new = id_of(contact).is_some_and(|id| {
            let is_new = !seen.contains(&id) && !known.has_gone(&id, now);
            seen.push(id);
            is_new
        });
        is_meant && is_new
    });
    Ok(found)
}

/// Those of the contacts with this address that may be the person.
fn by_email(run: &mut Run, who: &Who, found: Vec<Value>, looking: Looking) -> Vec<Value> {
    let (claimable, others): (Vec<Value>, Vec<Value>) =
        found.into_iter().partition(|contact| who.may_claim(contact));
    for other in &others {
        let id = id_of(other).unwrap_or_default();
        if is_lead(other) {
            run.note(format!(
                "The lead {id} has this email address too and is left alone; contacts.merge_lead makes it part of a user."
            ));
        } else {
            run.note(format!(
                "The contact {id} has this email address and another external id; it is left alone."
            ));
        }
    }
    if !looking.users_first {
        return claimable;
    }
    let (leads, users): (Vec<Value>, Vec<Value>) = claimable.into_iter().partition(is_lead);
    let leads_count = !leads.is_empty() && (looking.as_lead || users.is_empty());
    if leads_count { leads } else { users }
}

/// While a plan is made: a user whom the search does not show, because it is new or archived. Otherwise the create finds out.
async fn hidden(run: &mut Run, who: &Who) -> Result<Match, ActionError> {
    if run.is_live() {
        return Ok(Match::Nobody);
    }
    let Some(mut person) = by_external_id(run, who).await? else {
        return Ok(Match::Nobody);
    };
    person.is_archived = is_old(&person.record, run.now());
    Ok(one(Some(person)))
}

/// The user with the external id, found without the search, where the version has the operation.
pub(super) async fn by_external_id(run: &mut Run, who: &Who) -> Result<Option<Person>, ActionError> {
    let Some(own) = who
        .external_id
        .as_ref()
        .filter(|_| run.version() >= Version::V2_13)
    else {
        return Ok(None);
    };
    let call = Call::new("contacts.get_by_external_id").path("external_id", own.clone());
    let found = match run.find(call).await {
        // The one that had it was merged away: whoever has it now is found by a search, or it is free.
        Err(ActionError::Call(error)) if error.kind == ErrorKind::Gone => None,
        other => other?,
    };
    Ok(found
        .filter(|record| external_id(record) == Some(own))
        .and_then(Person::fresh))
}

/// The contact with this id, or the one that it was merged into.
pub(super) async fn fetch(run: &mut Run, id: &str) -> Result<Option<Person>, ActionError> {
    let read = |id: &str| Call::new("contacts.get").path("id", id);
    let found = match run.find(read(id)).await {
        Err(ActionError::Call(error)) if error.kind == ErrorKind::Gone => {
            let Some(survivor) = error.link.as_deref().and_then(last_segment) else {
                return Ok(None);
            };
            let found = run.find(read(survivor)).await?;
            if found.is_some() {
                run.note(format!(
                    "The contact {id} was merged into {survivor}, which stands for it."
                ));
            }
            found
        }
        other => other?,
    };
    Ok(found.and_then(Person::fresh))
}

/// The id at the end of a link.
fn last_segment(link: &str) -> Option<&str> {
    let path = link.split(['?', '#']).next()?;
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|id| !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric()))
}
