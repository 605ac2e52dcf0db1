//! A stream: a named set of records of one kind, and how the API gives it out.

use crate::Version;

/// What the records of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Objects with an id of their own.
    Collection,
    /// Objects that live inside a parent's object or under its path (`conversation_parts`).
    Nested,
    /// Pairs of ids (`contact_tags`).
    Membership,
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamRead {
    /// A search with a cursor field, day or second granular by the operation's own search granularity.
    Search,
    /// The whole list, every run.
    WholeList,
    /// The workspace's one scroll.
    Scroll,
    /// Newest first, until what is already held (activity logs, deleted conversations).
    NewestFirst,
    /// Comes inside the records of the parent stream; no request of its own beyond completing cut lists.
    InsideParent,
    /// One request for each parent record that needs it.
    PerParent,
}

/// A list inside a parent's record that makes a membership or nested stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipList {
    /// Where the list stands in the parent's record, such as `tags.data`.
    pub path: &'static str,
    /// The operation that gives the whole list when the record's own is cut short.
    pub complete_with: Option<&'static str>,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The name, also the table's: `contacts`, `conversation_parts`, `contact_tags`.
    pub name: &'static str,
    /// One line in our own words.
    pub summary: &'static str,
    /// What its records are.
    pub kind: StreamKind,
    /// How it is read.
    pub read: StreamRead,
    /// The operation that lists or searches it; for parts, the one that gets the parent.
    pub operation: &'static str,
    /// The first version that can give the stream.
    pub since: Version,
    /// The columns that identify a record.
    pub primary_key: Vec<&'static str>,
    /// The field that a run continues from, such as `updated_at`.
    pub cursor_field: Option<&'static str>,
    /// The stream whose records it hangs on.
    pub parent: Option<&'static str>,
    /// Where its records stand in the parent's.
    pub list: Option<MembershipList>,
    /// The permission to tick in the Developer Hub, in Intercom's words.
    pub permission: &'static str,
}
