//! What happened in the workspace and is still to be told: recorded where it happens, presented when the change is complete.
//!
//! The one rule: recording costs one look at a bit when nobody subscribed to the topic. Whoever changes the workspace says so
//! with `Workspace::happened`; the items are made in `items.rs` by `Workspace::told`, still under the same lock.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use trunkline_catalog::Version;

use super::{
    items,
    ordered::Node,
    topic::{Topic, Topics},
};
use crate::{
    files::Addresses,
    habits::Habits,
    presenter::View,
    texts,
    workspace::{Workspace, content::Sight, conversation::Author},
};

/// Whom or what something happened to, by row or number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// A contact's row.
    Contact(u32),
    /// A lead's row that went into a user's row.
    Merge { from: u32, into: u32 },
    /// A contact's row and a tag's.
    ContactTag { contact: u32, tag: u32 },
    /// A contact's row, and the subscription type's number when it is about one of them.
    Consent { contact: u32, kind: Option<u16> },
    /// A visitor that became a user.
    Visitor(u32),
    /// A company's row.
    Company(u32),
    /// A company's row and a contact's.
    CompanyContact { company: u32, contact: u32 },
    /// A conversation's row and the parts that tell what happened.
    Conversation { row: u32, parts: Vec<usize> },
    /// A conversation's row with a contact who came or went, and who saw to that.
    ConversationContact { row: u32, contact: u32, actor: Author },
    /// A conversation's row and the tag that came to it.
    ConversationTag { row: u32, tag: u32 },
    /// A ticket's row.
    Ticket(u32),
    /// A ticket's row, when it came into a resolved state: `ticket.closed` up to 2.14.
    ResolvedTicket(u32),
    /// A ticket's row, when it was closed: `ticket.closed` since 2.15.
    ClosedTicket(u32),
    /// A ticket's row and the part that tells what happened.
    TicketPart { row: u32, part: usize },
    /// A ticket's row with a contact who came or went.
    TicketContact { row: u32, contact: u32 },
    /// An article as the newest version of the API shows it.
    Article(Value),
    /// An admin's number.
    Admin(u16),
    /// An entry's place in the activity log.
    ActivityLog(usize),
    /// An event's place in the list of events.
    Event(usize),
    /// A call's row; the topic says how far the call is.
    Call(u32),
    /// What a contact did with a piece of content.
    Sight(Sight),
    /// A bulk job's place; told when its last task is done.
    BulkJob(usize),
    /// Something whose item is ready: a job, a call, whatever the API shows of it.
    Ready(Node),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Happening {
    pub(crate) topic: Topic,
    pub(crate) subject: Subject,
    /// When, by the workspace's clock.
    pub(crate) at: i64,
}

/// Who wants to be told what, as far as the workspace has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// The subscription's number.
    pub(crate) subscription: u32,
    pub(crate) topics: Topics,
    pub(crate) version: Version,
}

/// A notification for one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) subscription: u32,
    pub(crate) topic: Topic,
    /// `None` for a ping.
    pub(crate) id: Option<String>,
    /// The workspace that it comes from.
    pub(crate) app_id: String,
    /// The item as JSON.
    pub(crate) item: Arc<str>,
    pub(crate) created_at: i64,
}

/// Whether something is to happen at a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Nothing,
    Later,
    Due,
}

/// What is still to be told, and to whom.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    listeners: Vec<Listener>,
    /// All that any of them wants.
    wanted: Topics,
    pending: Vec<Happening>,
    /// What happens at its own time, by the moment and the order in which it was planned.
    planned: BTreeMap<(i64, u64), Happening>,
    /// Plans so far.
    plans: u64,
    /// Notifications so far; their number gives the next one its id.
    told: u32,
    habits: Habits,
}

impl Outbox {
    /// Drops what is still to be told, because it is of rows that are no more.
    pub(crate) fn forget(&mut self) {
        self.pending.clear();
        self.planned.clear();
    }

    /// Replaces who listens.
    pub(crate) fn listen(&mut self, listeners: Vec<Listener>) {
        self.wanted = listeners
            .iter()
            .fold(Topics::default(), |all, listener| all.union(listener.topics));
        self.listeners = listeners;
    }

    /// Whether anybody wants to be told of a topic.
    pub(crate) fn wants(&self, topic: Topic) -> bool {
        self.wanted.contains(topic)
    }

    /// Whether anything is planned, and whether its time has come.
    pub(crate) fn plan(&self, now: i64) -> Plan {
        match self.planned.first_key_value() {
            None => Plan::Nothing,
            Some(((at, _), _)) if *at <= now => Plan::Due,
            Some(_) => Plan::Later,
        }
    }

    /// Whether anybody wants to be told of any of these.
    pub(crate) fn wants_any(&self, topics: Topics) -> bool {
        self.wanted.intersects(topics)
    }
}

impl Workspace {
    /// Records that something happened, if anybody wants to be told.
    pub(crate) fn happened(&mut self, topic: Topic, subject: Subject, at: i64) {
        if self.outbox.wanted.contains(topic) {
            self.outbox.pending.push(Happening { topic, subject, at });
        }
    }

    /// Records that something will happen, if anybody wants to be told.
    pub(crate) fn will_happen(&mut self, topic: Topic, subject: Subject, at: i64) {
        if self.outbox.wanted.contains(topic) {
            self.outbox.plans += 1;
            let happening = Happening { topic, subject, at };
            self.outbox.planned.insert((at, self.outbox.plans), happening);
        }
    }

    /// Presents what was recorded and what was planned until now, as the workspace is. Called after every change, under the
    /// lock of that change.
    pub(crate) fn told(&mut self, now: i64) -> Vec<Notification> {
        while let Some(first) = self.outbox.planned.first_entry() {
            if first.key().0 > now {
                break;
            }
            let happening = first.remove();
            self.outbox.pending.push(happening);
        }
        if self.outbox.pending.is_empty() {
            return Vec::new();
        }
        let pending = std::mem::take(&mut self.outbox.pending);
        let mut told = self.outbox.told;
        let mut notifications = Vec::with_capacity(pending.len());
        for happening in &pending {
            // Subscriptions of the same version share an item.
            let mut made: Vec<(Version, Arc<str>)> = Vec::new();
            for listener in &self.outbox.listeners {
                if !listener.topics.contains(happening.topic) {
                    continue;
                }
                let known = made.iter().find(|(version, _)| *version == listener.version);
                let item = match known {
                    Some((_, item)) => Arc::clone(item),
                    None => {
                        let view = View {
                            workspace: self,
                            version: listener.version,
                            habits: &self.outbox.habits,
                            files: Addresses::until(&self.address, now + self.file_life),
                        };
                        // Some things are told in some versions only.
                        let Some(item) = items::item(view, happening) else {
                            continue;
                        };
                        let item: Arc<str> = item.into();
                        made.push((listener.version, Arc::clone(&item)));
                        item
                    }
                };
                told = told.wrapping_add(1);
                notifications.push(Notification {
                    subscription: listener.subscription,
                    topic: happening.topic,
                    id: Some(format!(
                        "notif_{}",
                        texts::uuid(texts::mix(self.seed, 100, told), told)
                    )),
                    app_id: self.id_code.clone(),
                    item,
                    created_at: happening.at,
                });
            }
        }
        self.outbox.told = told;
        notifications
    }
}
