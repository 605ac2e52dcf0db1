//! Whether a write whose answer was lost was carried out.
//!
//! The one rule: what Intercom shows decides. A write counts as done only when what it makes is there, and as not done only
//! when it would be seen; between the two it stays unknown, and nothing is sent. `people.rs`, `threads.rs` and `rows.rs`
//! hold the ways to look.

mod people;
mod rows;
mod threads;

use serde_json::Value;
use trunkline_catalog::{Catalog, Effect, Method};
use trunkline_client::{Call, CallError};

use super::{Run, subject::subject, value_of};
use crate::{ActionError, KeptWrite};

/// What was found out about a write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// It was carried out; this stands for its answer.
    Done(Value),
    /// It was not carried out.
    NotDone,
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl Found {
    fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }
}

/// How far our clock and Intercom's may be apart, in seconds.
const TOLERANCE: i64 = 120;
/// How long something new may stay out of searches, in seconds.
const UNSEEN: i64 = 60;

/// Looks whether a write of an interrupted run was carried out.
pub(crate) async fn find_out(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let Some(operation) = Catalog::embedded().operation(&write.operation) else {
        return Ok(Found::unknown(
            "this version of Trunkline does not know the operation",
        ));
    };
    let verb = operation.id.split_once('.').map_or("", |(_, verb)| verb);
    match operation.id {
        "conversations.reply" | "conversations.manage" | "conversations.run_assignment_rules" => {
            threads::part_of_conversation(run, write).await
        }
        "conversations.create" => threads::conversation(run, write).await,
        "conversations.convert_to_ticket" => threads::converted(run, write).await,
        "conversations.redact" => threads::redacted(run, write).await,
        "messages.create" => threads::message(run, write).await,
        "tickets.reply" => threads::part_of_ticket(run, write).await,
        "tickets.create" | "tickets.enqueue" => threads::ticket(run, write).await,
        "contacts.create" => people::contact(run, write).await,
        "contacts.create_note" => people::note(run, write).await,
        "contacts.merge" => people::merged(run, write).await,
        _ if operation.effect == Effect::IdempotentWrite => match again(run, write).await? {
            Again::Done(answer) => Ok(Found::Done(answer)),
            Again::Refused(_) => Ok(Found::NotDone),
        },
        _ if operation.method == Method::Delete => match subject(operation, &write.path) {
            Some(subject) => Ok(match run.find(subject.read).await? {
                None => Found::Done(Value::Null),
                Some(_) => Found::NotDone,
            }),
            None => Ok(Found::unknown("Intercom does not tell whether it is gone")),
        },
        _ if verb == "create" => rows::made(run, operation.family(), write).await,
        _ => Ok(Found::unknown("the answer was lost, and Intercom does not tell")),
    }
}

/// From when on what the write made can have been made, in unix seconds.
fn since(write: &KeptWrite) -> i64 {
    write.at.as_second() - TOLERANCE
}

/// What it means that a search does not show something: nothing, while it may be too new for that.
fn unseen(run: &Run, write: &KeptWrite) -> Found {
    if run.workspace.now().as_second() - write.at.as_second() < UNSEEN {
        Found::unknown(
            "what is new is not found at once; call again with the same key in a minute, and it will be looked for again",
        )
    } else {
        Found::NotDone
    }
}

/// What came of sending a write once more.
enum Again {
    Done(Value),
    Refused(CallError),
}

/// Sends a write once more, for those that leave the same however often they are sent. It stays the same write in the
/// journal, with what was there before it, so that undoing gives that back.
async fn again(run: &mut Run, write: &KeptWrite) -> Result<Again, ActionError> {
    run.writes += 1;
    let error = match run.client().call(call_of(write).priority(run.priority())).await {
        Ok(answer) => return Ok(Again::Done(value_of(&answer))),
        Err(error) => error,
    };
    let is_refused = error
        .status
        .is_some_and(|status| (400..500).contains(&status) && status != 408);
    if is_refused {
        Ok(Again::Refused(error))
    } else {
        Err(error.into())
    }
}

/// The write's call.
fn call_of(write: &KeptWrite) -> Call {
    let mut call = Call::new(write.operation.clone());
    for (name, value) in &write.path {
        call = call.path(name.clone(), value.clone());
    }
    for (name, value) in &write.query {
        call = call.query(name.clone(), value.clone());
    }
    match &write.payload {
        Some(payload) => call.body(payload.clone()),
        None => call,
    }
}

/// A value of the body that was sent; null when there was none.
fn sent<'a>(write: &'a KeptWrite, pointer: &str) -> &'a Value {
    write
        .payload
        .as_ref()
        .and_then(|payload| payload.pointer(pointer))
        .unwrap_or(&Value::Null)
}

/// A parameter of the path that was sent.
fn parameter<'a>(write: &'a KeptWrite, name: &str) -> &'a str {
    write
        .path
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

/// Whether a shown text is a sent one: Intercom wraps texts in markup, and changes their white space.
fn same_text(sent: &Value, shown: &Value) -> bool {
    bare(sent) == bare(shown)
}

/// The letters of a text without markup and white space.
fn bare(text: &Value) -> String {
    let mut letters = String::new();
    let mut is_markup = false;
    let mut rest = text.as_str().unwrap_or_default().chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            // A sign for "less than" is no markup.
            '<' if rest
                .peek()
                .is_some_and(|next| next.is_ascii_alphabetic() || *next == '/') =>
            {
                is_markup = true;
            }
            '>' if is_markup => is_markup = false,
            letter if !is_markup && !letter.is_whitespace() => letters.push(letter),
            _ => {}
        }
    }
    for (name, letter) in [
        ("&nbsp;", ""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        letters = letters.replace(name, letter);
    }
    letters
}

/// Whether two values are the same; Intercom gives some ids as numbers and takes them as text.
fn same(left: &Value, right: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    left == right || plain(left).is_some_and(|text| Some(text) == plain(right))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_known_again_in_markup() {
        for (sent, shown, expected) in [
            ("Hello there", "<p>Hello there</p>", true),
            ("Hello\n\nthere", "<p>Hello</p>\n<p>there</p>", true),
            ("<b>Hello</b>", "<p><b>Hello</b></p>", true),
            ("1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>", true),
            ("Hello", "<p>Hello!</p>", false),
            ("Hello", "", false),
            ("", "", true),
        ] {
            assert_eq!(same_text(&json!(sent), &json!(shown)), expected, "{sent} {shown}");
        }
        assert!(same_text(&Value::Null, &Value::Null));
    }
}
