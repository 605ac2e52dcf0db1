//! `POST /_sim/happen`: lets one thing happen that no call of the API can bring about.
//!
//! The one rule: it does what the workspace's own life does (`activity/`), only to whom and when it is asked; nothing that is
//! named may be unknown.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, parse};
use crate::{
    activity::{
        any_admin, any_contact, any_conversation,
        calls::{self, Wanted},
        workplace,
    },
    pipeline::State,
    reply::Reply,
    resources::{
        activity_logs::{self, Limited},
        admins, common, data_connectors,
    },
    texts::mix,
    workspace::{
        Workspace, ai_agent, contact,
        content::{KINDS, Kind},
        conversation::Text,
    },
};

/// What is to happen.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Asked {
    Call {
        contact_id: Option<String>,
        admin_id: Option<String>,
        #[serde(default = "a_minute")]
        seconds: u16,
        #[serde(default)]
        outbound: bool,
    },
    Content {
        kind: String,
        stat: Option<String>,
        contact_id: Option<String>,
    },
    Login {
        admin_id: Option<String>,
    },
    Logout {
        admin_id: Option<String>,
    },
    AssignmentLimit {
        admin_id: Option<String>,
        #[serde(default = "ten")]
        limit: u32,
        #[serde(default)]
        tickets: bool,
    },
    Priority {
        conversation_id: Option<String>,
        admin_id: Option<String>,
        #[serde(default = "urgent")]
        priority: String,
    },
    FinReply {
        conversation_id: Option<String>,
        body: Option<String>,
        outcome: Option<String>,
    },
    FinRating {
        conversation_id: Option<String>,
        #[serde(default = "best")]
        rating: u8,
        remark: Option<String>,
    },
    TicketRating {
        ticket_id: Option<String>,
        #[serde(default = "best")]
        rating: u8,
    },
    DataConnector {
        data_connector_id: Option<String>,
        conversation_id: Option<String>,
        #[serde(default = "yes")]
        success: bool,
    },
}

fn a_minute() -> u16 {
    60
}

fn ten() -> u32 {
    10
}

fn urgent() -> String {
    "urgent".to_owned()
}

fn best() -> u8 {
    5
}

fn yes() -> bool {
    true
}

/// Priorities by their numbers.
const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];

type Fault = (u16, String);

/// Whom it happens to: whoever is named, or anybody.
struct Whom<'w> {
    workspace: &'w Workspace,
    rng: ChaCha8Rng,
}

impl Whom<'_> {
    fn contact(&mut self, id: Option<&str>) -> Result<u32, Fault> {
        let Some(id) = id else {
            return any_contact(self.workspace, &mut self.rng, |_| true).ok_or_else(|| nobody("contact"));
        };
        self.workspace
            .ids
            .contact_row(id)
            .filter(|row| {
                let held = self.workspace.contacts.get(*row as usize);
                held.is_some_and(contact::Contact::is_listed)
            })
            .ok_or_else(|| unknown("contact", id))
    }

    fn conversation(&mut self, id: Option<&str>) -> Result<u32, Fault> {
        match id {
            None => any_conversation(self.workspace, &mut self.rng).ok_or_else(|| nobody("conversation")),
            Some(id) => common::conversation(self.workspace, id).map_err(|_| unknown("conversation", id)),
        }
    }

    fn ticket(&self, id: Option<&str>) -> Result<u32, Fault> {
        match id {
            None => {
                let first = self.workspace.tickets.iter().find(|ticket| !ticket.deleted);
                first.map(|ticket| ticket.row).ok_or_else(|| nobody("ticket"))
            }
            Some(id) => common::ticket(self.workspace, id).map_err(|_| unknown("ticket", id)),
        }
    }

    fn admin(&mut self, id: Option<&str>) -> Result<u16, Fault> {
        match id {
            None => Ok(any_admin(self.workspace, &mut self.rng)),
            Some(id) => common::admin(self.workspace, id).map_err(|_| unknown("admin", id)),
        }
    }
}

fn nobody(what: &str) -> Fault {
    (404, format!("the workspace has no {what}"))
}

fn unknown(what: &str, id: &str) -> Fault {
    (404, format!("there is no {what} {id}"))
}

/// Lets it happen, and tells to whom.
pub(super) fn happen(state: &State, body: &[u8]) -> Outcome {
    let asked: Asked = parse(body)?;
    let now = state.clock.now();
    state
        .change(|workspace| one(workspace, &asked, now))
        .map(|happened| Reply::json(&happened))
}

fn one(workspace: &mut Workspace, asked: &Asked, now: i64) -> Result<Value, Fault> {
    let seed = mix(workspace.seed, 91, workspace.revision as u32);
    let mut whom = Whom {
        workspace,
        rng: ChaCha8Rng::seed_from_u64(seed),
    };
    match asked {
        Asked::Call {
            contact_id,
            admin_id,
            seconds,
            outbound,
        } => {
            let wanted = Wanted {
                contact: whom.contact(contact_id.as_deref())?,
                admin: whom.admin(admin_id.as_deref())?,
                is_inbound: !outbound,
                seconds: i64::from(*seconds),
                text: whom.rng.random(),
            };
            let row = calls::take_place(workspace, wanted, now);
            let call = &workspace.calls[row as usize];
            let conversation = workspace.conversations[call.conversation as usize].id(&workspace.ids);
            Ok(json!({ "call_id": call.id(&workspace.ids), "conversation_id": conversation }))
        }
        Asked::Content {
            kind,
            stat,
            contact_id,
        } => {
            let kind = Kind::named(kind).ok_or_else(|| {
                let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
                (
                    400,
                    format!("there is no content {kind}, only {}", known.join(", ")),
                )
            })?;
            let stat = stat.as_deref().unwrap_or("receipt");
            let stat = kind.stats.iter().find(|known| **known == stat).ok_or_else(|| {
                let known = kind.stats.join(", ");
                (
                    400,
                    format!("{stat} does not happen to {}, only {known}", kind.name),
                )
            })?;
            let contact = whom.contact(contact_id.as_deref())?;
            workspace.content_met(kind, contact, kind.title, &[(0, stat)], now);
            Ok(json!({ "contact_id": workspace.ids.contact(contact) }))
        }
        Asked::Login { admin_id } | Asked::Logout { admin_id } => {
            let number = whom.admin(admin_id.as_deref())?;
            let is_in = matches!(asked, Asked::Login { .. });
            admins::log_in_or_out(workspace, number, is_in, now);
            Ok(json!({ "admin_id": workspace.reference.admins[usize::from(number)]["id"] }))
        }
        Asked::AssignmentLimit {
            admin_id,
            limit,
            tickets,
        } => {
            let number = whom.admin(admin_id.as_deref())?;
            let limited = if *tickets {
                Limited::Tickets
            } else {
                Limited::Conversations
            };
            activity_logs::write_limit(workspace, number, limited, *limit, now);
            Ok(json!({ "admin_id": workspace.reference.admins[usize::from(number)]["id"] }))
        }
        Asked::Priority {
            conversation_id,
            admin_id,
            priority,
        } => {
            let known = PRIORITIES.iter().position(|known| known == priority);
            let number = known.ok_or_else(|| {
                let known = PRIORITIES.join(", ");
                (400, format!("there is no priority {priority}, only {known}"))
            })?;
            let row = whom.conversation(conversation_id.as_deref())?;
            let admin = whom.admin(admin_id.as_deref())?;
            workplace::prioritize(workspace, row, admin, number as u8, now);
            Ok(json!({ "conversation_id": workspace.conversations[row as usize].id(&workspace.ids) }))
        }
        Asked::FinReply {
            conversation_id,
            body,
            outcome,
        } => {
            let outcome = outcome.as_deref().map(|name| {
                ai_agent::Outcome::named(name).ok_or_else(|| {
                    let known = ai_agent::Outcome::ALL.map(ai_agent::Outcome::as_str).join(", ");
                    (
                        400,
                        format!("Fin's part does not end with {name}, only with {known}"),
                    )
                })
            });
            let outcome = outcome.transpose()?;
            let row = whom.conversation(conversation_id.as_deref())?;
            let draw = whom.rng.random();
            let body = body.as_deref().unwrap_or("Fin looked into it.");
            let text = Text::Written(common::html(body).into());
            workplace::say(workspace, row, text, now, draw, outcome);
            Ok(json!({ "conversation_id": workspace.conversations[row as usize].id(&workspace.ids) }))
        }
        Asked::FinRating {
            conversation_id,
            rating,
            remark,
        } => {
            if !(1..=5).contains(rating) {
                return Err((400, format!("{rating} is not a rating from 1 to 5")));
            }
            let row = match conversation_id {
                Some(id) => whom.conversation(Some(id))?,
                None => {
                    let mut rows = workspace.conversations.iter();
                    let found = rows.find(|row| row.is_listed() && row.ai_agent.is_some());
                    found
                        .map(|row| row.row)
                        .ok_or_else(|| nobody("conversation with Fin"))?
                }
            };
            if !workplace::rate_fin(workspace, row, *rating, remark.as_deref(), now) {
                return Err((409, "Fin took no part in that conversation".to_owned()));
            }
            Ok(json!({ "conversation_id": workspace.conversations[row as usize].id(&workspace.ids) }))
        }
        Asked::TicketRating { ticket_id, rating } => {
            if !(1..=5).contains(rating) {
                return Err((400, format!("{rating} is not a rating from 1 to 5")));
            }
            let row = whom.ticket(ticket_id.as_deref())?;
            workplace::rate(workspace, row, *rating, now);
            Ok(json!({ "ticket_id": workspace.tickets[row as usize].id(&workspace.ids) }))
        }
        Asked::DataConnector {
            data_connector_id,
            conversation_id,
            success,
        } => {
            let row = match conversation_id {
                None => None,
                Some(id) => Some(whom.conversation(Some(id))?),
            };
            let id = data_connector_id.as_deref();
            if !data_connectors::run(workspace, id, row, *success, now) {
                return Err(id.map_or_else(|| nobody("data connector"), |id| unknown("data connector", id)));
            }
            Ok(json!({ "execution_id": workspace.reference.lists.executions[0]["id"] }))
        }
    }
}
