//! The body of a notification becomes what happened to which record.
//!
//! The one rule: a topic that is not known is kept, not refused; only what is no notification at all is an error. Read
//! `heads.rs` for what each topic is about, `record.rs` for how items become records.

use bytes::Bytes;
use jiff::Timestamp;
use trunkline_catalog::TopicChange;

use super::{errors::DecodeError, fields::Fields, heads};

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Intercom's id of it, by which repetitions are told; a ping has none.
    pub id: Option<String>,
    /// What it tells, such as `conversation.user.replied`.
    pub topic: String,
    /// The workspace's code.
    pub app_id: Option<String>,
    /// When it happened.
    pub created_at: Option<Timestamp>,
    /// When Intercom first tried to tell it.
    pub first_sent_at: Option<Timestamp>,
    /// Which attempt this is, from 1.
    pub delivery_attempts: u32,
    /// The records that it is about, the one that the topic names first; never empty.
    pub heads: Vec<Head>,
}

/// What happened to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The stream of the record; none where no stream has such records.
    pub stream: Option<&'static str>,
    /// The record's id.
    pub id: Option<String>,
    /// What happened to it.
    pub change: TopicChange,
    /// The state that is told: when the record last changed, or when it happened.
    pub time: Option<Timestamp>,
    /// The record as the API would give it, where the item has it whole.
    pub record: Option<Bytes>,
    /// The id on the other side: the conversation of a part, the company of a contact, the contact into which it went.
    pub other: Option<String>,
}

/// Decodes the raw body of a notification.
///
/// # Errors
/// When it is no JSON object, no notification, of version 1.x, or does not say which record it is about.
pub fn decode(body: &[u8]) -> Result<Notification, DecodeError> {
    let not_json = |reason: String| DecodeError::NotJson {
        length: body.len(),
        reason,
    };
    // Some senders put a mark before UTF-8; JSON has none.
    let unmarked = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(unmarked).map_err(|error| not_json(error.to_string()))?;
    let envelope = Fields::read(text).map_err(|error| not_json(error.to_string()))?;
    let topic = envelope
        .text("topic")
        .filter(|topic| !topic.is_empty())
        .ok_or_else(|| wrong(&envelope, "topic", "text"))?;
    let data = envelope
        .object("data")
        .ok_or_else(|| wrong(&envelope, "data", "an object"))?;
    let item = data
        .object("item")
        .ok_or_else(|| wrong(&data, "item", "an object"))?;
    let created_at = moment(&envelope, "created_at");
    Ok(Notification {
        id: envelope.id("id"),
        app_id: envelope.text("app_id"),
        first_sent_at: moment(&envelope, "first_sent_at"),
        delivery_attempts: envelope
            .raw("delivery_attempts")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
        heads: heads::of(&topic, &item, created_at)?,
        topic,
        created_at,
    })
}

/// A moment of whole seconds; one that no calendar has is none.
pub(super) fn moment(fields: &Fields<'_>, name: &str) -> Option<Timestamp> {
    fields
        .seconds(name)
        .filter(|seconds| *seconds > 0)
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
}

fn wrong(fields: &Fields<'_>, field: &'static str, expected: &'static str) -> DecodeError {
    let found = match fields.raw(field).map(str::as_bytes) {
        None if fields.has(field) => "null",
        None => "missing",
        Some([b'{', ..]) => "an object",
        Some([b'[', ..]) => "a list",
        Some([b'"', b'"']) => "empty",
        Some([b'"', ..]) => "text",
        Some([b't' | b'f', ..]) => "true or false",
        Some(_) => "a number",
    };
    DecodeError::NotANotification {
        field,
        found: found.to_owned(),
        expected,
    }
}
