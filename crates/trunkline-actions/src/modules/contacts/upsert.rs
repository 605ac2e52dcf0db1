//! One person, one contact: found or made, and then as it is wanted.
//!
//! The one rule: whatever happens on the way (a race, a search that lags, an archived contact, a lost answer), at the end
//! there is exactly one contact for the person, or an error that says why not. Read `upsert/find.rs` for who is meant,
//! `upsert/write.rs` for what is done, `upsert/people.rs` for what is remembered between two calls, `upsert/reserved.rs` for what
//! processes that share a store agree on.

mod ahead;
mod attributes;
mod fields;
mod find;
mod known;
mod people;
mod reserved;
mod shelf;
mod turns;
mod values;
mod who;
mod write;

use serde_json::{Map, Value};
use trunkline_catalog::Effect;

use self::{
    attributes::Unknown,
    find::{Looking, Match, find},
    who::Who,
    write::{Step, settle},
};
use crate::{Action, ActionError, Field, Input, Problem, Run, modules::refs::id_of};

pub(crate) use find::written_lately;
pub(crate) use people::People;

const CALLS: &[&str] = &[
    "contacts.search",
    "contacts.get",
    "contacts.get_by_external_id",
    "contacts.create",
    "contacts.update",
    "contacts.unarchive",
    "data_attributes.list",
    "data_attributes.create",
];

/// How often the work begins anew because a contact went away meanwhile.
const ROUNDS: u32 = 3;

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.upsert",
            "Makes a contact, or changes the one that exists: afterwards there is exactly one.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(upsert(run, input, Existing::Change)),
        )
        .takes(person_fields())
        .looks_ahead(|workspace, inputs, priority| Box::pin(ahead::look(workspace, inputs, priority)))
        .calls(CALLS),
        Action::module(
            "contacts.find_or_create",
            "Finds a contact and leaves it as it is, or makes it when there is none.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(upsert(run, input, Existing::Leave)),
        )
        .takes(person_fields())
        .looks_ahead(|workspace, inputs, priority| Box::pin(ahead::look(workspace, inputs, priority)))
        .calls(CALLS),
        Action::module(
            "contacts.find",
            "Finds a contact, also one that was made a moment ago; null when there is none.",
            Effect::Read,
            |run, input| Box::pin(find_one(run, input)),
        )
        .takes(Field::contact(true))
        .takes([on_several()])
        .calls(&CALLS[..3]),
    ]
}

fn person_fields() -> Vec<Field> {
    vec![
        Field::text(
            "contact_id",
            "Who is meant, by Intercom's id; with an external_id, both must name the same contact.",
        )
        .or_named(&["id"])
        .picked_from("contacts"),
        Field::text(
            "external_id",
            "Who is meant, by the id that your own system gave; it goes before the email address.",
        )
        .or_named(&["user_id"]),
        Field::text(
            "email",
            "Who is meant, by email address, unless that contact has another external_id; then an address to set.",
        ),
        Field::choice(
            "role",
            &["user", "lead"],
            "Whether it is a user or a lead; a lead becomes a user, a user stays one.",
        ),
        Field::text("phone", "The telephone number.")
            .or_named(&["phone_number"])
            .nullable(),
        Field::text("name", "The name.").nullable(),
        Field::text("avatar", "The address of a picture.").nullable(),
        Field::moment("last_seen_at", "When the person was last seen.")
            .or_named(&["last_request_at"])
            .nullable(),
        Field::moment("signed_up_at", "When the person signed up.").nullable(),
        Field::text("owner_id", "The admin who looks after the contact.")
            .picked_from("admins")
            .nullable(),
        Field::flag(
            "unsubscribed_from_emails",
            "Whether the person gets no emails that go to many.",
        )
        .nullable(),
        Field::text("language_override", "The language in which the person is spoken to.").nullable(),
        Field::object(
            "custom_attributes",
            "The workspace's own attributes; null takes a value away.",
        )
        .nullable(),
        Field::flag("update_last_seen_at", "Whether the person was seen just now.")
            .or_named(&["update_last_request_at"]),
        Field::text(
            "last_seen_ip",
            "A field of older versions of the API, accepted without effect.",
        )
        .nullable(),
        Field::text(
            "last_seen_user_agent",
            "A field of older versions of the API, accepted without effect.",
        )
        .or_named(&["user_agent_data"])
        .nullable(),
        Field::flag(
            "new_session",
            "A field of older versions of the API, accepted without effect.",
        )
        .nullable(),
        on_several(),
        Field::choice(
            "on_archived",
            &["unarchive", "fail"],
            "What happens when the contact is archived; of one named by contact_id that is looked up only when this is given.",
        )
        .default_to("unarchive"),
        Field::choice(
            "unknown_attributes",
            &["fail", "create", "leave_out"],
            "What happens to a custom attribute that the workspace does not have.",
        )
        .default_to("fail"),
    ]
}

fn on_several() -> Field {
    Field::choice(
        "on_several",
        &["fail", "newest", "list"],
        "What happens when several contacts match; `list` gives them and changes nothing.",
    )
    .default_to("fail")
}

/// What becomes of a contact that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
    /// It becomes what is wanted.
    Change,
    /// It stays as it is.
    Leave,
}

impl Existing {
    /// The outcome when nothing was written.
    const fn word(self) -> &'static str {
        match self {
            Self::Change => "unchanged",
            Self::Leave => "found",
        }
    }
}

/// What happens when several contacts match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Several {
    Fail,
    Newest,
    List,
}

impl Several {
    fn of(input: &Input) -> Self {
        match input.text("on_several") {
            Some("newest") => Self::Newest,
            Some("list") => Self::List,
            _ => Self::Fail,
        }
    }
}

/// What was asked for.
#[derive(Debug)]
struct Ask {
    who: Who,
    wanted: Map<String, Value>,
    existing: Existing,
    several: Several,
    unarchives: bool,
    looking: Looking,
}

impl Ask {
    async fn read(run: &mut Run, input: &Input, existing: Existing) -> Result<Self, ActionError> {
        let who = Who::of(input);
        if who.is_nobody() {
            return Err(ActionError::Input {
                action: run.action_id(),
                problems: vec![Problem::new(
                    "contact_id`, `external_id`, `email",
                    "are missing or empty; give one or more (contacts.create makes a lead without any)",
                )],
            });
        }
        let mut wanted = fields::wanted(run, input, &who);
        if let Some(given) = input
            .object("custom_attributes")
            .filter(|given| !given.is_empty())
        {
            let unknown = Unknown::of(input.text("unknown_attributes"));
            let fitted = attributes::settle(run, given, unknown).await?;
            if !fitted.is_empty() {
                wanted.insert("custom_attributes".to_owned(), fitted.into());
            }
        }
        let looking = Looking {
            as_lead: input.text("role") == Some("lead"),
            users_first: true,
            minds_archived: input.text("on_archived").is_some(),
        };
        Ok(Self {
            who,
            wanted,
            existing,
            several: Several::of(input),
            unarchives: input.text("on_archived") != Some("fail"),
            looking,
        })
    }
}

/// Finds or makes the contact, and makes it what is wanted.
async fn upsert(run: &mut Run, input: Input, existing: Existing) -> Result<Value, ActionError> {
    let ask = Ask::read(run, &input, existing).await?;
    let workspace = run.workspace().clone();
    let _turn = match run.is_planning() {
        true => None,
        false => Some(workspace.people().turns.take(ask.who.keys()).await),
    };
    for _ in 0..ROUNDS {
        let found = find(run, &ask.who, ask.looking).await?;
        let found = one_of(found, ask.several)?;
        if let Step::Done(outcome) = settle(run, &ask, found).await? {
            return Ok(outcome);
        }
    }
    Err(ActionError::refused(
        "TL0738",
        "the contact went away again and again while it was worked on",
        "Look who else changes it, then call again.",
    ))
}

async fn find_one(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let looking = Looking {
        as_lead: false,
        users_first: false,
        minds_archived: false,
    };
    let found = find(run, &Who::of(&input), looking).await?;
    Ok(match one_of(found, Several::of(&input))? {
        Match::Nobody => {
            run.note("No contact was found; one that was made a moment ago elsewhere may take minutes to be found by anything but its id.");
            Value::Null
        }
        Match::One(person) => person.record,
        Match::Several(found) => Value::Array(found),
    })
}

/// Settles for one of several matches, if that is wanted.
fn one_of(found: Match, several: Several) -> Result<Match, ActionError> {
    let Match::Several(mut all) = found else {
        return Ok(found);
    };
    match several {
        Several::List => Ok(Match::Several(all)),
        Several::Newest => {
            all.sort_by_key(|contact| (contact["created_at"].as_i64(), id_of(contact)));
            Ok(find::searched(all.pop()))
        }
        Several::Fail => {
            let ids: Vec<String> = all.iter().filter_map(id_of).collect();
            Err(ActionError::refused(
                "TL0731",
                format!("{} contacts match: {}", ids.len(), ids.join(", ")),
                "Name the one that is meant by contact_id, or choose `on_several=newest` or `list`.",
            ))
        }
    }
}
