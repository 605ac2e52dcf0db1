//! What a batch of notifications comes to: each object once, with everything that was told of it.
//!
//! The one rule: an object remembers which notifications wanted it, so that each of them learns what became of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use trunkline_catalog::TopicChange;

use super::{
    decode::{Head, Notification},
    fields::Fields,
};
use crate::extract::List;

/// The objects that are fetched one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Contact,
    Company,
    Conversation,
    Ticket,
    Article,
    Call,
}

impl Kind {
    pub(super) const fn stream(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
            Self::Conversation => "conversations",
            Self::Ticket => "tickets",
            Self::Article => "articles",
            Self::Call => "calls",
        }
    }

    fn of_stream(stream: &str) -> Option<Self> {
        [
            Self::Contact,
            Self::Company,
            Self::Conversation,
            Self::Ticket,
            Self::Article,
            Self::Call,
        ]
        .into_iter()
        .find(|kind| kind.stream() == stream)
    }
}

/// What is read as a whole when something in it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whole {
    Admins,
    ActivityLogs,
    DeletedConversations,
}

impl Whole {
    pub(super) const fn stream(self) -> &'static str {
        match self {
            Self::Admins => "admins",
            Self::ActivityLogs => "activity_logs",
            Self::DeletedConversations => "deleted_conversations",
        }
    }
}

/// A state of an object that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// When the record last changed, in unix seconds.
    pub(super) updated_at: i64,
    pub(super) record: Bytes,
}

/// Everything that was told of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The notifications that want it, by their place in the batch.
    pub(super) by: BTreeSet<usize>,
    /// Whole records of it.
    pub(super) states: Vec<State>,
    /// The newest change that was told, whether with a record or without.
    pub(super) newest: Option<i64>,
    /// When the latest notification about it was made.
    pub(super) told_at: Option<i64>,
    /// It changed in a way that only the API shows.
    pub(super) check: bool,
    /// It is new.
    pub(super) created: bool,
    /// When it went, and whether it can come back.
    pub(super) gone_at: Option<i64>,
    pub(super) gone_for_good: bool,
    /// When it came back.
    pub(super) back_at: Option<i64>,
    /// Into which other one it went.
    pub(super) into: Option<String>,
    /// Others went into it.
    pub(super) merged: bool,
    /// Parts of it that were told, with their ids.
    pub(super) parts: Vec<(String, Bytes)>,
}

/// What is to be done for a batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) objects: BTreeMap<(Kind, String), Wanted>,
    pub(super) wholes: BTreeMap<Whole, BTreeSet<usize>>,
    /// Tags with their records.
    pub(super) tags: BTreeMap<String, (Bytes, BTreeSet<usize>)>,
    /// Events with their contacts.
    pub(super) events: Vec<(Bytes, usize)>,
}

impl Plan {
    /// Takes everything in that `keeps` says the mirror keeps.
    pub(super) fn of(notifications: &[(usize, &Notification)], keeps: &dyn Fn(&str) -> bool) -> Self {
        let mut plan = Self::default();
        for (place, notification) in notifications {
            for (number, head) in notification.heads.iter().enumerate() {
                plan.take(*place, notification, number == 0, head, keeps);
            }
        }
        plan.objects.retain(|(kind, _), _| keeps(kind.stream()));
        plan.wholes.retain(|whole, _| keeps(whole.stream()));
        plan
    }

    /// An object, wanted by a notification.
    pub(super) fn want(&mut self, kind: Kind, id: &str, by: usize) -> &mut Wanted {
        let wanted = self.objects.entry((kind, id.to_owned())).or_default();
        wanted.by.insert(by);
        wanted
    }

    fn whole(&mut self, whole: Whole, by: usize) {
        self.wholes.entry(whole).or_default().insert(by);
    }

    fn take(
        &mut self,
        place: usize,
        notification: &Notification,
        is_first: bool,
        head: &Head,
        keeps: &dyn Fn(&str) -> bool,
    ) {
        let (Some(stream), Some(id)) = (head.stream, head.id.as_deref()) else {
            return;
        };
        let at = notification.created_at.map(Timestamp::as_second);
        match stream {
            "tags" => {
                if let Some(record) = head.record.clone().filter(|_| keeps("tags")) {
                    let tag = self
                        .tags
                        .entry(id.to_owned())
                        .or_insert((record, BTreeSet::new()));
                    tag.1.insert(place);
                }
            }
            "data_events" => {
                if let Some(record) = head.record.clone().filter(|_| keeps("data_events")) {
                    self.events.push((record, place));
                }
            }
            "admins" => self.whole(Whole::Admins, place),
            "activity_logs" => self.whole(Whole::ActivityLogs, place),
            "conversation_parts" => self.part(place, head, id),
            "ticket_parts" => self.author(place, head),
            _ => {
                let Some(kind) = Kind::of_stream(stream) else {
                    return;
                };
                self.object(kind, place, notification, is_first, head, id, at);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `take`, which has them all")]
    fn object(
        &mut self,
        kind: Kind,
        place: usize,
        notification: &Notification,
        is_first: bool,
        head: &Head,
        id: &str,
        at: Option<i64>,
    ) {
        let wanted = self.want(kind, id, place);
        wanted.told_at = wanted.told_at.max(at);
        match (head.change, kind) {
            (TopicChange::Deleted, _) => {
                wanted.gone_at = wanted.gone_at.max(at.or(Some(0)));
                wanted.gone_for_good |= notification.topic != "contact.archived";
                if kind == Kind::Conversation {
                    self.whole(Whole::DeletedConversations, place);
                }
                return;
            }
            (TopicChange::Merged, Kind::Contact) if !is_first => {
                wanted.into.clone_from(&head.other);
                return;
            }
            (TopicChange::Merged, _) => wanted.merged = true,
            (TopicChange::Created, _) if is_first => {
                wanted.created = true;
                if notification.topic == "contact.unarchive" {
                    wanted.back_at = wanted.back_at.max(at.or(Some(0)));
                }
            }
            _ => {}
        }
        // Only what the record itself says can be compared with what the API says.
        let updated_at = head.record.as_ref().and_then(updated_at);
        wanted.newest = wanted.newest.max(updated_at);
        match (&head.record, updated_at) {
            (Some(record), Some(updated_at)) if kind == Kind::Contact => wanted.states.push(State {
                updated_at,
                record: record.clone(),
            }),
            _ => wanted.check = true,
        }
        if notification.topic == "conversation.user.created" {
            self.participants(place, head);
        }
        if kind == Kind::Call {
            self.conversation_of_call(place, head);
        }
    }

    /// A part belongs to its conversation; whoever wrote it changed too.
    fn part(&mut self, place: usize, head: &Head, id: &str) {
        let (Some(conversation), Some(record)) = (&head.other, &head.record) else {
            return;
        };
        let wanted = self.want(Kind::Conversation, conversation, place);
        wanted.check = true;
        wanted.parts.push((id.to_owned(), record.clone()));
        self.author(place, head);
    }

    /// A contact that writes was seen and has replied.
    fn author(&mut self, place: usize, head: &Head) {
        let Some(author) = object_in(head, "author") else {
            return;
        };
        let (Some(kind), Some(id)) = (author.text("type"), author.id("id")) else {
            return;
        };
        if matches!(kind.as_str(), "user" | "lead" | "contact") {
            self.want(Kind::Contact, &id, place).check = true;
        }
    }

    fn participants(&mut self, place: usize, head: &Head) {
        let text = head
            .record
            .as_deref()
            .and_then(|record| std::str::from_utf8(record).ok());
        let list = text.and_then(|text| List::at(text, &["contacts", "contacts"]));
        for contact in list.unwrap_or_default().items {
            if let Some(id) = Fields::read(contact).ok().and_then(|contact| contact.id("id")) {
                self.want(Kind::Contact, &id, place).check = true;
            }
        }
    }

    fn conversation_of_call(&mut self, place: usize, head: &Head) {
        let text = head
            .record
            .as_deref()
            .and_then(|record| std::str::from_utf8(record).ok());
        let id = text
            .and_then(|text| Fields::read(text).ok())
            .and_then(|call| call.id("conversation_id"));
        if let Some(id) = id {
            self.want(Kind::Conversation, &id, place).check = true;
        }
    }
}

fn updated_at(record: &Bytes) -> Option<i64> {
    Fields::read(std::str::from_utf8(record).ok()?)
        .ok()?
        .seconds("updated_at")
}

fn object_in<'a>(head: &'a Head, name: &str) -> Option<Fields<'a>> {
    let text = std::str::from_utf8(head.record.as_deref()?).ok()?;
    Fields::read(text).ok()?.object(name)
}
