//! Which topics a change belongs to: the one place that translates what happened into the platform's vocabulary.
//!
//! The one rule: calls of the API and the workspace's own activity come through here, so that both are told alike. Every
//! function is cheap when nobody subscribed; the items are made later, in `items.rs`.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use super::{
    ordered::{Node, object},
    outbox::Subject,
    topic::{Topic, Topics},
};
use crate::{
    request::as_text,
    texts,
    workspace::{
        Workspace,
        call::End,
        contact::Life,
        conversation::{Assignee, Author, PartKind, State, Text},
    },
};

/// A call of the API, as it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) caller: IpAddr,
    pub(crate) status: u16,
}

/// What a contact was before a change, as far as topics go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    is_lead: bool,
    email: Option<String>,
    unsubscribed: bool,
}

/// The topics that go by what a contact was.
const BY_CHANGE: [Topic; 7] = [
    Topic::ContactUserUpdated,
    Topic::ContactLeadUpdated,
    Topic::ContactLeadAddedEmail,
    Topic::ContactLeadSignedUp,
    Topic::ContactEmailUpdated,
    Topic::ContactSubscribed,
    Topic::ContactUnsubscribed,
];

impl Workspace {
    /// A contact came to be.
    pub(crate) fn tell_contact_created(&mut self, row: u32, now: i64) {
        let is_lead = self.contacts[row as usize].is_lead;
        let topic = Topic::of_role(is_lead, Topic::ContactLeadCreated, Topic::ContactUserCreated);
        self.happened(topic, Subject::Contact(row), now);
    }

    /// What a contact is before a change; nothing when nobody wants to be told of one.
    pub(crate) fn before(&self, row: u32) -> Option<Before> {
        let mut topics = Topics::default();
        for topic in BY_CHANGE {
            topics.insert(topic);
        }
        if !self.outbox.wants_any(topics) {
            return None;
        }
        let contact = &self.contacts[row as usize];
        Some(Before {
            is_lead: contact.is_lead,
            email: contact.email(self.seed),
            unsubscribed: contact.flag("unsubscribed_from_emails"),
        })
    }

    /// A contact changed.
    pub(crate) fn tell_contact_updated(&mut self, row: u32, before: Option<&Before>, now: i64) {
        let Some(before) = before else { return };
        let contact = &self.contacts[row as usize];
        let is_lead = contact.is_lead;
        let email = contact.email(self.seed);
        let unsubscribed = contact.flag("unsubscribed_from_emails");
        let subject = || Subject::Contact(row);
        if before.is_lead && !is_lead {
            self.happened(Topic::ContactLeadSignedUp, subject(), now);
        }
        let updated = Topic::of_role(is_lead, Topic::ContactLeadUpdated, Topic::ContactUserUpdated);
        self.happened(updated, subject(), now);
        if before.email != email {
            let is_first = before.is_lead && is_lead && before.email.is_none();
            let topic = Topic::of_role(is_first, Topic::ContactLeadAddedEmail, Topic::ContactEmailUpdated);
            self.happened(topic, subject(), now);
        }
        if before.unsubscribed != unsubscribed {
            let topic = if unsubscribed {
                Topic::ContactUnsubscribed
            } else {
                Topic::ContactSubscribed
            };
            let subject = Subject::Consent {
                contact: row,
                kind: None,
            };
            self.happened(topic, subject, now);
        }
    }

    /// A contact moved into another part of its life.
    pub(crate) fn tell_life(&mut self, row: u32, was: Life, now: i64) {
        let topic = match (was, self.contacts[row as usize].life) {
            (was, is) if was == is => return,
            (_, Life::Archived) => Topic::ContactArchived,
            (_, Life::Deleted) => Topic::ContactDeleted,
            (Life::Archived, Life::Listed) => Topic::ContactUnarchive,
            _ => return,
        };
        self.happened(topic, Subject::Contact(row), now);
    }

    /// A tag came to a contact or went.
    pub(crate) fn tell_contact_tag(&mut self, contact: u32, tag: u32, present: bool, now: i64) {
        let is_lead = self.contacts[contact as usize].is_lead;
        let topic = match (is_lead, present) {
            (true, true) => Topic::ContactLeadTagCreated,
            (true, false) => Topic::ContactLeadTagDeleted,
            (false, true) => Topic::ContactUserTagCreated,
            (false, false) => Topic::ContactUserTagDeleted,
        };
        self.happened(topic, Subject::ContactTag { contact, tag }, now);
    }

    /// A contact wants a kind of message from now on, or no longer.
    pub(crate) fn tell_consent(&mut self, contact: u32, kind: u16, wants: bool, now: i64) {
        let topic = if wants {
            Topic::GranularSubscribe
        } else {
            Topic::GranularUnsubscribe
        };
        let kind = Some(kind);
        self.happened(topic, Subject::Consent { contact, kind }, now);
    }

    /// Something happened to a company.
    pub(crate) fn tell_company(&mut self, topic: Topic, row: u32, now: i64) {
        self.happened(topic, Subject::Company(row), now);
    }

    /// A contact came to a company or left it.
    pub(crate) fn tell_company_contact(&mut self, company: u32, contact: u32, attached: bool, now: i64) {
        let topic = if attached {
            Topic::CompanyContactAttached
        } else {
            Topic::CompanyContactDetached
        };
        self.happened(topic, Subject::CompanyContact { company, contact }, now);
    }

    /// Something happened to a conversation that no part tells.
    pub(crate) fn tell_conversation(&mut self, topic: Topic, row: u32, now: i64) {
        if self.outbox.wants(topic) {
            let parts = Vec::new();
            self.happened(topic, Subject::Conversation { row, parts }, now);
        }
    }

    /// A conversation began.
    pub(crate) fn tell_beginning(&mut self, row: u32, now: i64) {
        let topic = match self.conversations[row as usize].author {
            Some(Author::Admin(_)) => Topic::ConversationAdminSingleCreated,
            _ => Topic::ConversationUserCreated,
        };
        self.tell_conversation(topic, row, now);
    }

    /// A conversation was read; told with what was written since its contact wrote last.
    pub(crate) fn tell_read(&mut self, row: u32, now: i64) {
        if !self.outbox.wants(Topic::ConversationRead) {
            return;
        }
        let parts = &self.conversations[row as usize].parts;
        let first = parts
            .iter()
            .rposition(|part| matches!(part.author, Author::Contact(_)))
            .map_or(0, |place| place + 1);
        let parts = (first..parts.len()).collect();
        self.happened(Topic::ConversationRead, Subject::Conversation { row, parts }, now);
    }

    /// A contact came to a conversation or left it; when that is a ticket, this is about the ticket.
    pub(crate) fn tell_conversation_contact(&mut self, row: u32, contact: u32, attached: bool, now: i64) {
        if let Some(ticket) = self.reference.extra.converted.get(&row).copied() {
            let topic = if attached {
                Topic::TicketContactAttached
            } else {
                Topic::TicketContactDetached
            };
            let subject = Subject::TicketContact { row: ticket, contact };
            return self.happened(topic, subject, now);
        }
        let topic = if attached {
            Topic::ConversationContactAttached
        } else {
            Topic::ConversationContactDetached
        };
        let actor = Author::Admin(0);
        self.happened(topic, Subject::ConversationContact { row, contact, actor }, now);
    }

    /// A part came to a conversation, which was in this state before.
    pub(crate) fn tell_part(&mut self, row: u32, was: State, now: i64) {
        let conversation = &self.conversations[row as usize];
        let Some(part) = conversation.parts.last() else {
            return;
        };
        let speaks = part.text != Text::None || part.files.is_some();
        let reopened = was != State::Open && conversation.state == State::Open;
        let topics = match (part.author, part.kind) {
            (Author::Contact(_), _) => [Some(Topic::ConversationUserReplied), None],
            (_, PartKind::MergedPrimary | PartKind::TicketState { .. } | PartKind::TicketAttribute) => {
                return;
            }
            (Author::Bot, PartKind::Comment | PartKind::QuickReply | PartKind::Note) => {
                [Some(Topic::ConversationOperatorReplied), None]
            }
            (_, PartKind::Priority) => [Some(Topic::ConversationPriorityUpdated), None],
            (_, PartKind::Note) => [Some(Topic::ConversationAdminNoted), None],
            (_, PartKind::Comment | PartKind::QuickReply) => [Some(Topic::ConversationAdminReplied), None],
            (_, kind) => {
                let change = match kind {
                    PartKind::Assignment(_) if reopened => Topic::ConversationAdminOpenAssigned,
                    PartKind::Assignment(_) => Topic::ConversationAdminAssigned,
                    PartKind::Open if was == State::Snoozed => Topic::ConversationAdminUnsnoozed,
                    PartKind::Open => Topic::ConversationAdminOpened,
                    PartKind::Snoozed => Topic::ConversationAdminSnoozed,
                    _ => Topic::ConversationAdminClosed,
                };
                // A part that both speaks and changes something is told once for each.
                [speaks.then_some(Topic::ConversationAdminReplied), Some(change)]
            }
        };
        let part = conversation.parts.len() - 1;
        for topic in topics.into_iter().flatten() {
            if self.outbox.wants(topic) {
                let parts = vec![part];
                self.happened(topic, Subject::Conversation { row, parts }, now);
            }
        }
    }

    /// A part of a conversation was taken back.
    pub(crate) fn tell_redaction(&mut self, row: u32, part: usize, now: i64) {
        if self.outbox.wants(Topic::ConversationPartRedacted) {
            let parts = vec![part];
            self.happened(
                Topic::ConversationPartRedacted,
                Subject::Conversation { row, parts },
                now,
            );
        }
    }

    /// Parts came to a ticket from this index on, and it was open before or not.
    pub(crate) fn tell_ticket_parts(&mut self, row: u32, first: usize, was_open: bool, now: i64) {
        for part in first..self.tickets[row as usize].parts.len() {
            self.tell_ticket_part(row, part, now);
        }
        if was_open && !self.tickets[row as usize].open {
            self.happened(Topic::TicketClosed, Subject::ClosedTicket(row), now);
        }
    }

    fn tell_ticket_part(&mut self, row: u32, part: usize, now: i64) {
        let told = &self.tickets[row as usize].parts[part];
        let topic = match (told.kind, told.author) {
            (PartKind::Note, _) => Topic::TicketNoteCreated,
            (PartKind::Comment | PartKind::QuickReply, Author::Contact(_)) => Topic::TicketContactReplied,
            (PartKind::Comment | PartKind::QuickReply, _) => Topic::TicketAdminReplied,
            (PartKind::Assignment(Assignee::Team(_)), _) => Topic::TicketTeamAssigned,
            (PartKind::Assignment(_), _) => Topic::TicketAdminAssigned,
            (PartKind::TicketAttribute, _) => Topic::TicketAttributeUpdated,
            (PartKind::TicketState { to, .. }, _) => return self.tell_ticket_state(row, to, now),
            _ => return,
        };
        self.happened(topic, Subject::TicketPart { row, part }, now);
    }

    fn tell_ticket_state(&mut self, row: u32, to: u16, now: i64) {
        self.happened(Topic::TicketStateUpdated, Subject::Ticket(row), now);
        if self.reference.ticket_states[usize::from(to)]["category"] == "resolved" {
            self.happened(Topic::TicketResolved, Subject::Ticket(row), now);
            self.happened(Topic::TicketClosed, Subject::ResolvedTicket(row), now);
        }
    }

    /// An article was written or changed; `was` is its state before, if it was there.
    pub(crate) fn tell_article(&mut self, topic: Topic, place: usize, was: Option<&str>, now: i64) {
        let article = &self.reference.articles[place];
        let state = article["state"].as_str().unwrap_or_default();
        let change = match (was, state) {
            (Some("published"), "draft") => Some(Topic::ArticleUnpublished),
            (Some("draft") | None, "published") => Some(Topic::ArticlePublished),
            _ => None,
        };
        for topic in std::iter::once(topic).chain(change) {
            if self.outbox.wants(topic) {
                let article = self.reference.articles[place].clone();
                self.happened(topic, Subject::Article(article), now);
            }
        }
    }

    /// An article changed, but not its state.
    pub(crate) fn tell_edit(&mut self, place: usize, now: i64) {
        if self.outbox.wants(Topic::ArticleUpdated) {
            let article = self.reference.articles[place].clone();
            self.happened(Topic::ArticleUpdated, Subject::Article(article), now);
        }
    }

    /// A teammate went away, came back, logged in or out, which the last entry of the activity log says too.
    pub(crate) fn tell_teammate(&mut self, topic: Topic, number: u16, now: i64) {
        self.happened(topic, Subject::Admin(number), now);
        self.tell_activity(now);
    }

    /// The last entry of the activity log is new.
    pub(crate) fn tell_activity(&mut self, now: i64) {
        if let Some(place) = self.reference.activity_logs.len().checked_sub(1) {
            self.happened(
                Topic::AdminActivityLogEventCreated,
                Subject::ActivityLog(place),
                now,
            );
        }
    }

    /// A phone call is over: what came of it, each at its moment.
    pub(crate) fn tell_phone_call(&mut self, row: u32) {
        let Some(call) = self.calls.get(row as usize) else {
            return;
        };
        let (began, ended) = (call.initiated_at, call.ended_at());
        let is_recorded = call.end == End::Answered;
        let subject = || Subject::Call(row);
        self.happened(Topic::CallStarted, subject(), began);
        self.happened(Topic::CallEnded, subject(), ended);
        if is_recorded {
            self.happened(Topic::CallRecordingAvailable, subject(), ended + 1);
            self.happened(Topic::CallTranscriptionAvailable, subject(), ended + 1);
        }
    }

    /// A piece of content belongs to other audiences than before.
    pub(crate) fn tell_audiences(&mut self, kind: &'static str, before: &Value, after: &Value, now: i64) {
        let id = if after["id"].is_null() {
            &before["id"]
        } else {
            &after["id"]
        };
        let of = |content: &Value| -> Vec<String> {
            let all = content["audience_ids"].as_array();
            all.into_iter().flatten().filter_map(as_text).collect()
        };
        let (was, is) = (of(before), of(after));
        let gone = was.iter().filter(|audience| !is.contains(audience));
        let come = is.iter().filter(|audience| !was.contains(audience));
        let changes = gone
            .map(|audience| (Topic::AudienceMemberRemoved, audience))
            .chain(come.map(|audience| (Topic::AudienceMemberAdded, audience)));
        for (topic, audience) in changes {
            let content = object([("type", kind.into()), ("id", id.into())]);
            let item = object([
                ("type", "audience_membership".into()),
                ("audience_id", audience.as_str().into()),
                ("content", content),
            ]);
            self.happened(topic, Subject::Ready(item), now);
        }
    }

    /// A call of the API was answered.
    pub(crate) fn tell_call(&mut self, call: &Call<'_>, now: i64) {
        if !self.outbox.wants(Topic::ApiRequestCompleted) {
            return;
        }
        let admin = &self.reference.admins[0];
        let item = object([
            ("type", "api.request.completed".into()),
            ("request_id", call.request_id.into()),
            ("timestamp", now.into()),
            (
                "request",
                object([
                    ("method", call.method.into()),
                    ("path", call.path.into()),
                    ("ip_address", call.caller.to_string().into()),
                    ("user_agent", call.user_agent.into()),
                ]),
            ),
            (
                "authentication",
                object([
                    ("method", "oauth".into()),
                    ("token_id", texts::uuid(texts::mix(self.seed, 103, 0), 0).into()),
                    (
                        "oauth_client_id",
                        texts::uuid(texts::mix(self.seed, 104, 0), 0).into(),
                    ),
                    ("app_package_code", "trunkline-simulator".into()),
                ]),
            ),
            ("response", object([("status", u64::from(call.status).into())])),
            (
                "admin",
                object([("id", (&admin["id"]).into()), ("email", (&admin["email"]).into())]),
            ),
        ]);
        self.happened(Topic::ApiRequestCompleted, Subject::Ready(item), now);
    }

    /// Something happened to what the API shows like this: a job, an audience, a snippet.
    pub(crate) fn tell_shown(&mut self, topic: Topic, shown: &impl Serialize, now: i64) {
        if self.outbox.wants(topic) {
            self.happened(topic, Subject::Ready(Node::of(shown)), now);
        }
    }

    /// Something is gone that the API showed like this; only its id and its kind are told.
    pub(crate) fn tell_gone(&mut self, topic: Topic, gone: &Value, now: i64) {
        if self.outbox.wants(topic) {
            let item = object([
                ("id", (&gone["id"]).into()),
                ("type", (&gone["type"]).into()),
                ("deleted", true.into()),
            ]);
            self.happened(topic, Subject::Ready(item), now);
        }
    }

    /// The last event of the list was told.
    pub(crate) fn tell_event(&mut self, now: i64) {
        if let Some(place) = self.events.len().checked_sub(1) {
            self.happened(Topic::EventCreated, Subject::Event(place), now);
        }
    }
}
