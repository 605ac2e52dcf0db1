//! Random calls that write, drawn from what a workspace holds and from what it held once.
//!
//! The one rule: a step is numbers only, so that a failing sequence can be copied out of the report and run again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::TestSim;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CreateContact,
    UpdateContact,
    ArchiveContact,
    UnarchiveContact,
    DeleteContact,
    BlockContact,
    MergeContacts,
    UpsertCompany,
    UpdateCompany,
    DeleteCompany,
    AttachCompany,
    DetachCompany,
    UpsertTag,
    DeleteTag,
    TagContact,
    UntagContact,
    TagConversation,
    UntagConversation,
    TagTicket,
    UntagTicket,
    TagCompany,
    NoteContact,
    NoteCompany,
    CreateConversation,
    ReplyAsContact,
    ReplyAsAdmin,
    Close,
    Snooze,
    Open,
    Assign,
    UpdateConversation,
    AttachContact,
    DetachContact,
    Redact,
    MergeConversations,
    DeleteConversation,
    CreateTicket,
    UpdateTicket,
    ReplyToTicket,
    LinkConversation,
    UnlinkConversation,
    ConvertConversation,
    DeleteTicket,
    Wait,
}

use Kind::*;

const KINDS: [Kind; 44] = [
    CreateContact,
    UpdateContact,
    ArchiveContact,
    UnarchiveContact,
    DeleteContact,
    BlockContact,
    MergeContacts,
    UpsertCompany,
    UpdateCompany,
    DeleteCompany,
    AttachCompany,
    DetachCompany,
    UpsertTag,
    DeleteTag,
    TagContact,
    UntagContact,
    TagConversation,
    UntagConversation,
    TagTicket,
    UntagTicket,
    TagCompany,
    NoteContact,
    NoteCompany,
    CreateConversation,
    ReplyAsContact,
    ReplyAsAdmin,
    Close,
    Snooze,
    Open,
    Assign,
    UpdateConversation,
    AttachContact,
    DetachContact,
    Redact,
    MergeConversations,
    DeleteConversation,
    CreateTicket,
    UpdateTicket,
    ReplyToTicket,
    LinkConversation,
    UnlinkConversation,
    ConvertConversation,
    DeleteTicket,
    Wait,
];

/// One call: its kind, and three numbers that choose what it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step(pub(super) Kind, pub(super) u8, pub(super) u8, pub(super) u8);

/// Any step.
pub(super) fn step() -> impl Strategy<Value = Step> {
    (0..KINDS.len(), any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(kind, first, second, third)| Step(KINDS[kind], first, second, third))
}

/// A few hundred rows fewer than the usual workspace, so that steps meet each other.
pub(super) fn few() -> TestSim {
    TestSim::with(|options| {
        options.contacts = 12;
        options.companies = 4;
        options.conversations = 8;
        options.tickets = 6;
        options.parts = 3;
        options.habits.search_lag = false;
        options.habits.empty_200 = false;
    })
}

/// Everything that ever was, by id: what is gone is called again now and then.
#[derive(Debug)]
pub(super) struct World {
    pub(super) contacts: Vec<String>,
    pub(super) companies: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) conversations: Vec<String>,
    pub(super) tickets: Vec<String>,
    admins: Vec<String>,
    ticket_types: Vec<String>,
}

fn ids(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().expect("a list");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn choose(all: &[String], number: u8) -> &str {
    all.get(usize::from(number) % all.len().max(1))
        .map_or("1", String::as_str)
}

impl World {
    pub(super) fn of(sim: &TestSim) -> Self {
        let get = |path: &str, rows: &str| ids(&sim.json("GET", path, None).1[rows]);
        let everything = json!({ "query": { "field": "created_at", "operator": ">", "value": 0 } });
        let tickets = sim.json("POST", "/tickets/search", Some(&everything)).1;
        Self {
            contacts: get("/contacts", "data"),
            companies: get("/companies?per_page=50", "data"),
            tags: get("/tags", "data"),
            conversations: get("/conversations", "conversations"),
            tickets: ids(&tickets["tickets"]),
            admins: get("/admins", "admins"),
            ticket_types: get("/ticket_types", "data"),
        }
    }

    /// Makes a step's call; gives its status and answer.
    pub(super) fn take(&mut self, sim: &TestSim, step: Step) -> (u16, Value) {
        let Step(kind, first, ..) = step;
        if kind == Wait {
            sim.state.clock.advance(i64::from(first));
            return (200, Value::Null);
        }
        let (method, path, body) = self.call(sim, step);
        let answer = sim.json(method, &path, Some(&body));
        let told = |field: &str| answer.1[field].as_str().map(str::to_owned);
        let (list, made) = match kind {
            CreateContact => (&mut self.contacts, told("id")),
            UpsertCompany => (&mut self.companies, told("id")),
            UpsertTag => (&mut self.tags, told("id")),
            CreateConversation => (&mut self.conversations, told("conversation_id")),
            CreateTicket | ConvertConversation => (&mut self.tickets, told("id")),
            _ => return answer,
        };
        if let Some(id) = made.filter(|id| answer.0 == 200 && !list.contains(id)) {
            list.push(id);
        }
        answer
    }

    /// Method, path and body of a step's call.
    fn call(&self, sim: &TestSim, Step(kind, first, second, third): Step) -> (&'static str, String, Value) {
        let contact = choose(&self.contacts, first);
        let company = choose(&self.companies, first);
        let tag = choose(&self.tags, second);
        let conversation = choose(&self.conversations, first);
        let ticket = choose(&self.tickets, first);
        let admin = choose(&self.admins, third);
        let by = json!({ "id": tag, "admin_id": admin });
        let parts = |kind: &str, more: Value| {
            let mut body = json!({ "type": "admin", "admin_id": admin, "message_type": kind });
            if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
                body.extend(more);
            }
            ("POST", format!("/conversations/{conversation}/parts"), body)
        };
        match kind {
            CreateContact => {
                let role = if second.is_multiple_of(2) { "lead" } else { "user" };
                let mut body = json!({ "role": role, "name": format!("Person {}", third % 5) });
                if !third.is_multiple_of(3) {
                    body["email"] = json!(format!("person{}@steps.example", third % 7));
                }
                ("POST", "/contacts".to_owned(), body)
            }
            UpdateContact => {
                let body = match second % 4 {
                    0 => json!({ "name": format!("Renamed {third}") }),
                    1 => json!({ "email": format!("person{}@steps.example", third % 7) }),
                    2 => json!({ "owner_id": admin }),
                    _ => json!({ "custom_attributes": { "lifetime_value": third, "Plan tier": "scale" } }),
                };
                ("PUT", format!("/contacts/{contact}"), body)
            }
            ArchiveContact => ("POST", format!("/contacts/{contact}/archive"), Value::Null),
            UnarchiveContact => ("POST", format!("/contacts/{contact}/unarchive"), Value::Null),
            DeleteContact => ("DELETE", format!("/contacts/{contact}"), Value::Null),
            BlockContact => ("POST", format!("/contacts/{contact}/block"), Value::Null),
            MergeContacts => {
                let into = choose(&self.contacts, second);
                let body = json!({ "from": contact, "into": into, "skip_duplicate_validation": true });
                ("POST", "/contacts/merge".to_owned(), body)
            }
            UpsertCompany => {
                let body = json!({ "company_id": format!("own-{}", second % 4), "name": format!("Firm {third}"), "size": third });
                ("POST", "/companies".to_owned(), body)
            }
            UpdateCompany => (
                "PUT",
                format!("/companies/{company}"),
                json!({ "name": format!("Firm {third}") }),
            ),
            DeleteCompany => ("DELETE", format!("/companies/{company}"), Value::Null),
            AttachCompany => {
                let company = choose(&self.companies, second);
                (
                    "POST",
                    format!("/contacts/{contact}/companies"),
                    json!({ "id": company }),
                )
            }
            DetachCompany => {
                let company = choose(&self.companies, second);
                (
                    "DELETE",
                    format!("/contacts/{contact}/companies/{company}"),
                    Value::Null,
                )
            }
            UpsertTag => (
                "POST",
                "/tags".to_owned(),
                json!({ "name": format!("tag {}", second % 6) }),
            ),
            DeleteTag => ("DELETE", format!("/tags/{tag}"), Value::Null),
            TagContact => ("POST", format!("/contacts/{contact}/tags"), by),
            UntagContact => ("DELETE", format!("/contacts/{contact}/tags/{tag}"), Value::Null),
            TagConversation => ("POST", format!("/conversations/{conversation}/tags"), by),
            UntagConversation => ("DELETE", format!("/conversations/{conversation}/tags/{tag}"), by),
            TagTicket => ("POST", format!("/tickets/{ticket}/tags"), by),
            UntagTicket => ("DELETE", format!("/tickets/{ticket}/tags/{tag}"), by),
            TagCompany => {
                let companies = json!([{ "id": company, "untag": second.is_multiple_of(3) }]);
                (
                    "POST",
                    "/tags".to_owned(),
                    json!({ "name": format!("tag {}", third % 6), "companies": companies }),
                )
            }
            NoteContact => (
                "POST",
                format!("/contacts/{contact}/notes"),
                json!({ "body": "a note", "admin_id": admin }),
            ),
            NoteCompany => (
                "POST",
                format!("/companies/{company}/notes"),
                json!({ "body": "a note", "admin_id": admin }),
            ),
            CreateConversation => {
                let body =
                    json!({ "from": { "type": "user", "id": contact }, "body": format!("Question {third}") });
                ("POST", "/conversations".to_owned(), body)
            }
            ReplyAsContact => {
                let contact = choose(&self.contacts, second);
                let body = json!({ "type": "user", "message_type": "comment", "intercom_user_id": contact, "body": "and?" });
                ("POST", format!("/conversations/{conversation}/reply"), body)
            }
            ReplyAsAdmin => {
                let kind = if second.is_multiple_of(3) {
                    "note"
                } else {
                    "comment"
                };
                let body =
                    json!({ "type": "admin", "message_type": kind, "admin_id": admin, "body": "an answer" });
                ("POST", format!("/conversations/{conversation}/reply"), body)
            }
            Close => parts("close", json!({})),
            Snooze => parts(
                "snoozed",
                json!({ "snoozed_until": sim.state.clock.now() + i64::from(second) }),
            ),
            Open => parts("open", json!({})),
            Assign => parts(
                "assignment",
                json!({ "assignee_id": choose(&self.admins, second) }),
            ),
            UpdateConversation => {
                let body = match third % 3 {
                    0 => json!({ "company_id": choose(&self.companies, second) }),
                    1 => json!({ "read": second.is_multiple_of(2) }),
                    _ => json!({ "title": format!("Title {second}") }),
                };
                ("PUT", format!("/conversations/{conversation}"), body)
            }
            AttachContact => {
                let customer = json!({ "intercom_user_id": choose(&self.contacts, second) });
                let body = json!({ "admin_id": admin, "customer": customer });
                ("POST", format!("/conversations/{conversation}/customers"), body)
            }
            DetachContact => {
                let contact = choose(&self.contacts, second);
                (
                    "DELETE",
                    format!("/conversations/{conversation}/customers/{contact}"),
                    json!({ "admin_id": admin }),
                )
            }
            Redact => {
                let whole = sim.json("GET", &format!("/conversations/{conversation}"), None).1;
                let place = usize::from(second % 4);
                let part = whole["conversation_parts"]["conversation_parts"][place]["id"].clone();
                let body = json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": part });
                ("POST", "/conversations/redact".to_owned(), body)
            }
            MergeConversations => {
                let into = choose(&self.conversations, second).parse::<u64>().unwrap_or(0);
                (
                    "POST",
                    format!("/conversations/{conversation}/merge"),
                    json!({ "merge_into_conversation_id": into }),
                )
            }
            DeleteConversation => ("DELETE", format!("/conversations/{conversation}"), Value::Null),
            CreateTicket => {
                let body = json!({
                    "ticket_type_id": choose(&self.ticket_types, second),
                    "contacts": [{ "id": contact }],
                    "ticket_attributes": { "_default_title_": "A ticket" },
                    "company_id": third.is_multiple_of(2).then(|| choose(&self.companies, third)),
                });
                ("POST", "/tickets".to_owned(), body)
            }
            UpdateTicket => {
                let body = match second % 4 {
                    0 => json!({ "open": third.is_multiple_of(2) }),
                    1 => json!({ "assignee_id": admin, "admin_id": admin }),
                    2 => json!({ "company_id": choose(&self.companies, third) }),
                    _ => json!({ "ticket_attributes": { "_default_title_": format!("Ticket {third}") } }),
                };
                ("PUT", format!("/tickets/{ticket}"), body)
            }
            ReplyToTicket => {
                let body =
                    json!({ "type": "admin", "message_type": "comment", "admin_id": admin, "body": "done" });
                ("POST", format!("/tickets/{ticket}/reply"), body)
            }
            LinkConversation => {
                let conversation = choose(&self.conversations, second);
                let body = json!({ "conversation_id": conversation });
                ("POST", format!("/tickets/{ticket}/linked_conversations"), body)
            }
            UnlinkConversation => {
                let linked = |ticket: &String| {
                    let shown = sim.json("GET", &format!("/tickets/{ticket}"), None).1;
                    let conversation = shown["linked_objects"]["data"][0]["id"].as_str()?.to_owned();
                    Some((ticket.clone(), conversation))
                };
                let (ticket, conversation) = self
                    .tickets
                    .iter()
                    .find_map(linked)
                    .unwrap_or_else(|| (ticket.to_owned(), conversation.to_owned()));
                (
                    "DELETE",
                    format!("/tickets/{ticket}/linked_conversations/{conversation}"),
                    Value::Null,
                )
            }
            ConvertConversation => {
                let body = json!({ "ticket_type_id": choose(&self.ticket_types, second) });
                ("POST", format!("/conversations/{conversation}/convert"), body)
            }
            DeleteTicket => ("DELETE", format!("/tickets/{ticket}"), Value::Null),
            Wait => ("GET", "/me".to_owned(), Value::Null),
        }
    }
}

#[test]
fn no_kind_of_step_is_always_refused() {
    use rand::{RngExt as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let mut refused: Vec<Kind> = KINDS.to_vec();
    for _ in 0..20 {
        let sim = few();
        let mut world = World::of(&sim);
        for _ in 0..150 {
            let kind = KINDS[rng.random_range(0..KINDS.len())];
            let numbers: [u8; 3] = rng.random();
            let step = Step(kind, numbers[0], numbers[1], numbers[2]);
            if world.take(&sim, step).0 == 200 {
                refused.retain(|held| *held != kind);
            }
        }
    }
    assert_eq!(refused, []);
}
