//! State that only a few operations touch: jobs, redirects, drafts, links between tickets and conversations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::lookup::WrittenNames;

/// A message to a telephone.
#[derive(Clone, Debug)]
pub(crate) struct OutboundMessage {
    pub(crate) contact: u32,
    pub(crate) conversation: u32,
    pub(crate) template: String,
    pub(crate) sent_at: i64,
}

/// How often something happened to a contact, told without the single events.
#[derive(Clone, Debug)]
pub(crate) struct EventSummary {
    pub(crate) contact: u32,
    pub(crate) name: String,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
}

/// A step of a procedure that waits for a teammate.
#[derive(Clone, Debug)]
pub(crate) struct WaitingStep {
    pub(crate) id: String,
    pub(crate) procedure: &'static str,
    /// What it asks for: identifier, name and type of each.
    pub(crate) attributes: Vec<(String, &'static str, &'static str)>,
    /// Whether it got that.
    pub(crate) is_fulfilled: bool,
}

/// What a workspace keeps beside its rows and lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// Jobs as the API shows them.
    pub(crate) jobs: Vec<Value>,
    /// Redirects of help centers.
    pub(crate) redirects: Vec<Value>,
    /// What is staged for a published article, by the article's id.
    pub(crate) drafts: BTreeMap<String, Map<String, Value>>,
    /// Earlier states of articles, oldest first, by the article's id.
    pub(crate) versions: BTreeMap<String, Vec<Value>>,
    /// Merged conversations: from, into.
    pub(crate) merged_conversations: BTreeMap<u32, u32>,
    /// The conversations that are linked to a ticket.
    pub(crate) links: BTreeMap<u32, Vec<u32>>,
    /// The company of a conversation.
    pub(crate) company_of_conversation: BTreeMap<u32, u32>,
    /// The company of a ticket.
    pub(crate) company_of_ticket: BTreeMap<u32, u32>,
    /// The tickets that conversations became.
    pub(crate) converted: BTreeMap<u32, u32>,
    /// Contacts by the addresses and external ids that were ever written.
    pub(crate) written_names: WrittenNames,
    /// When the newest contact came, by the time that search goes by.
    pub(crate) last_indexed_at: i64,
    /// Contacts that became users or leads: row, moment, whether it is a lead since.
    pub(crate) role_changes: Vec<(u32, i64, bool)>,
    /// Merges that were refused: from, into, moment.
    pub(crate) failed_merges: Vec<(u32, u32, i64)>,
    /// Counts of events that were told as such.
    pub(crate) event_summaries: Vec<EventSummary>,
    /// Messages to telephones, oldest first.
    pub(crate) outbound_messages: Vec<OutboundMessage>,
    /// Steps of procedures that wait for a teammate, by conversation.
    pub(crate) waiting_steps: BTreeMap<u32, WaitingStep>,
    /// What parts of tickets tell of changed attributes, by the ticket's row and the part's place.
    pub(crate) attribute_changes: BTreeMap<(u32, u32), Value>,
    /// What contacts did with content so far; their number gives the next one its id.
    pub(crate) sights: u64,
    /// The messages that were sent; their number gives the next one its id.
    pub(crate) messages_sent: u64,
}
