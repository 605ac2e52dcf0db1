//! What a notification tells: `data.item`, which differs from what the API shows of the same thing (facts 7.3).
//!
//! The one rule: shapes follow what was really delivered, including what is odd about it; the table of them that the tests
//! hold these items against is `tests/it/webhooks/items.tsv`. One family of topics is one file.

mod articles;
mod calls;
mod companies;
mod contacts;
mod content_stats;
mod conversations;
mod people;
mod tickets;

use serde_json::Value;
use trunkline_catalog::Version;

use super::{
    ordered::Node,
    outbox::{Happening, Subject},
};
use crate::{presenter::View, resources::bulk_jobs, workspace::reference};

/// The first version that sends plain text and unix seconds inside conversations.
const PLAIN_SINCE: Version = Version::V2_15;

/// The item as JSON; `None` when the version does not tell this.
pub(super) fn item(view: View<'_>, happening: &Happening) -> Option<String> {
    let node = match &happening.subject {
        Subject::Contact(row) => contacts::of_topic(view, happening.topic, *row),
        Subject::Merge { from, into } => contacts::merged(view, *from, *into),
        Subject::ContactTag { contact, tag } => contacts::tagged(view, *contact, *tag),
        Subject::Consent { contact, kind } => {
            contacts::consented(view, happening.topic, *contact, *kind, happening.at)
        }
        Subject::Visitor(row) => contacts::visitor(view, *row),
        Subject::Company(row) => companies::of_topic(view, happening.topic, *row),
        Subject::CompanyContact { company, contact } => companies::with_contact(view, *company, *contact),
        Subject::Conversation { row, parts } => conversations::of_topic(view, happening.topic, *row, parts),
        Subject::ConversationContact { row, contact, actor } => {
            conversations::with_contact(view, *row, *contact, *actor, happening)
        }
        Subject::ConversationTag { row, tag } => conversations::with_tag(view, *row, *tag),
        Subject::Ticket(row) => tickets::whole(view, *row),
        Subject::ResolvedTicket(row) if view.version < PLAIN_SINCE => tickets::resolved(view, *row),
        Subject::ClosedTicket(row) if view.version >= PLAIN_SINCE => tickets::closed(view, *row),
        Subject::ResolvedTicket(_) | Subject::ClosedTicket(_) => return None,
        Subject::TicketPart { row, part } => tickets::with_part(view, *row, *part),
        Subject::TicketContact { row, contact } => tickets::with_contact(view, *row, *contact),
        Subject::Article(article) => articles::article(article),
        Subject::Admin(number) => people::admin(view, *number),
        Subject::ActivityLog(place) => people::activity(view, *place),
        Subject::Event(place) => people::event(view, *place),
        Subject::Call(row) => calls::of_topic(view, happening.topic, *row),
        Subject::Sight(sight) => content_stats::sight(view, sight, happening.at),
        Subject::BulkJob(place) => Node::of(&bulk_jobs::completed(view.workspace, *place, happening.at)?),
        Subject::Ready(item) => item.clone(),
    };
    serde_json::to_string(&node).ok()
}

/// Unix seconds as most items write them; anything else as it is.
fn date(value: Node) -> Node {
    match value.as_i64() {
        Some(seconds) => Node::Text(reference::iso(seconds).replace('Z', "+00:00")),
        None => value,
    }
}

/// Unix seconds as articles and the statistics of conversations write them.
fn zulu(value: Node) -> Node {
    match value.as_i64() {
        Some(seconds) => Node::Text(reference::iso(seconds)),
        None => value,
    }
}

/// Null as an empty text.
fn or_empty(value: Node) -> Node {
    match value {
        Node::Null => "".into(),
        other => other,
    }
}

/// An id that the API shows as text, as a number.
fn number(value: &Value) -> Node {
    match value.as_str().and_then(|text| text.parse::<u64>().ok()) {
        Some(id) => id.into(),
        None => value.into(),
    }
}

/// A list inside an object whose order of fields items share.
fn linked(value: Node) -> Node {
    value.in_order(&["type", "data", "total_count", "has_more"])
}
