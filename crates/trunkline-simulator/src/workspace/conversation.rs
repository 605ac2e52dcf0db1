//! A conversation and its parts.

use serde_json::{Map, Value};

use super::{
    ai_agent::AiAgent,
    ids::Ids,
    kept::{self, Kept},
};

/// Whom something was assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assignee {
    Nobody,
    /// An admin's number.
    Admin(u16),
    /// A team's number.
    Team(u16),
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartKind {
    Comment,
    Note,
    QuickReply,
    Assignment(Assignee),
    Open,
    Close,
    Snoozed,
    /// Another priority.
    Priority,
    /// Another conversation was merged into this one.
    MergedPrimary,
    /// A state change of a ticket, by the states' numbers.
    TicketState {
        from: u16,
        to: u16,
    },
    /// New values of a ticket's attributes.
    TicketAttribute,
    /// Something that only loaded parts tell.
    Other,
}

impl PartKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Note => "note",
            Self::QuickReply => "quick_reply",
            Self::Assignment(_) => "assignment",
            Self::Open => "open",
            Self::Close => "close",
            Self::Snoozed => "snoozed",
            Self::Priority => "priority_changed",
            Self::MergedPrimary => "merged_primary_conversation",
            Self::TicketState { .. } => "ticket_state_updated_by_admin",
            Self::TicketAttribute => "ticket_attribute_updated_by_admin",
            Self::Other => "custom_action_finished",
        }
    }
}

/// Who wrote a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// A contact's row.
    Contact(u32),
    /// An admin's number.
    Admin(u16),
    /// The platform itself.
    Bot,
}

/// What a part says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    None,
    /// Made from the seed and this number.
    Seeded(u32),
    /// Written by a call, as HTML.
    Written(Box<str>),
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    pub(crate) author: Author,
    pub(crate) at: i64,
    pub(crate) text: Text,
    pub(crate) redacted: bool,
    /// The places of files that a call attached.
    pub(crate) files: Option<Box<[u32]>>,
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

impl Part {
    pub(crate) fn new(kind: PartKind, author: Author, at: i64, text: Text) -> Self {
        Self {
            kind,
            author,
            at,
            text,
            redacted: false,
            files: None,
            kept: None,
        }
    }

    /// Whether somebody reads it as an answer: what opens or assigns may carry one.
    pub(crate) fn speaks(&self) -> bool {
        match self.kind {
            PartKind::Comment | PartKind::QuickReply => true,
            PartKind::Open | PartKind::Assignment(_) => self.text != Text::None,
            _ => false,
        }
    }
}

/// Open, closed or snoozed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Closed,
    Snoozed,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Snoozed => "snoozed",
        }
    }
}

/// A conversation.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) row: u32,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted: bool,
    pub(crate) state: State,
    pub(crate) read: bool,
    /// 0 none, 1 low, 2 medium, 3 high, 4 urgent.
    pub(crate) priority: u8,
    /// The people in it; the first one wrote the first message.
    pub(crate) contacts: Vec<u32>,
    /// The assigned admin's number plus one; 0 for nobody.
    pub(crate) admin: u16,
    /// The assigned team's number plus one; 0 for none.
    pub(crate) team: u16,
    pub(crate) tags: Vec<u32>,
    pub(crate) source: Text,
    /// The places of files that a call attached to the first message.
    pub(crate) files: Option<Box<[u32]>>,
    /// Who wrote the first message when it was not the first contact.
    pub(crate) author: Option<Author>,
    /// Whether the first message was taken back.
    pub(crate) redacted: bool,
    /// Whether a block of its contact took it out of lists.
    pub(crate) archived: bool,
    pub(crate) parts: Vec<Part>,
    pub(crate) title: Option<String>,
    pub(crate) snoozed_until: Option<i64>,
    pub(crate) rating: Option<(u8, i64)>,
    /// Fin's part in it.
    pub(crate) ai_agent: Option<Box<AiAgent>>,
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

/// The step between two conversations' ids, so that they look as sparse as real ones.
pub(super) const STEP: u64 = 37;
pub(super) const FIRST: u64 = 215_472_600_000_000;
/// Parts of one conversation are numbered within this span.
pub(super) const PART_SPAN: u64 = 100_000;
/// The number of the first message.
pub(super) const FIRST_MESSAGE: u64 = 403_000_000;

impl Conversation {
    /// An open conversation without parts.
    pub(crate) fn new(row: u32, contact: u32, created_at: i64, source: Text) -> Self {
        Self {
            row,
            created_at,
            updated_at: created_at,
            deleted: false,
            state: State::Open,
            read: false,
            priority: 0,
            contacts: vec![contact],
            admin: 0,
            team: 0,
            tags: Vec::new(),
            source,
            files: None,
            author: None,
            redacted: false,
            archived: false,
            parts: Vec::new(),
            title: None,
            snoozed_until: None,
            rating: None,
            ai_agent: None,
            attributes: None,
            kept: None,
        }
    }

    /// Whether lists and searches show it.
    pub(crate) fn is_listed(&self) -> bool {
        !self.deleted && !self.archived
    }

    /// Whether its texts come from the seed.
    pub(crate) fn is_generated(&self) -> bool {
        matches!(self.source, Text::Seeded(_))
    }

    pub(crate) fn id(&self, ids: &Ids) -> String {
        ids.conversation(self.row)
    }

    /// The id of the first message.
    pub(crate) fn message_id(&self, ids: &Ids) -> String {
        kept::field(&self.kept, "source")
            .and_then(|source| source["id"].as_str())
            .map_or_else(|| ids.message(self.row), str::to_owned)
    }

    /// The id of the part at an index.
    pub(crate) fn part_id(&self, ids: &Ids, index: usize) -> String {
        self.parts
            .get(index)
            .and_then(|part| kept::text(&part.kept, "id"))
            .map_or_else(|| ids.part(self.row, index), str::to_owned)
    }

    /// Since when its people wait for an answer: since the first thing that they said after a teammate spoke last.
    pub(crate) fn waiting_since(&self) -> Option<i64> {
        if self.state != State::Open {
            return None;
        }
        let answer = self
            .parts
            .iter()
            .rposition(|part| matches!(part.author, Author::Admin(_)) && part.speaks());
        if answer.is_none() && self.author.is_none() {
            return Some(self.created_at);
        }
        self.parts[answer.map_or(0, |place| place + 1)..]
            .iter()
            .find(|part| matches!(part.author, Author::Contact(_)) && part.speaks())
            .map(|part| part.at)
    }
}

/// The number of the conversation at a row.
pub(super) fn number(row: u32) -> u64 {
    FIRST + u64::from(row) * STEP
}

/// The row that a number was made for.
pub(super) fn row(number: u64) -> Option<u32> {
    let offset = number.checked_sub(FIRST)?;
    (offset % STEP == 0)
        .then(|| u32::try_from(offset / STEP).ok())
        .flatten()
}
