//! What is read of a notification before it is kept: which workspace, which topic, which id, when (facts 7.2).
//!
//! The one rule: the item inside is not looked at here, so that no shape of it can keep a notification out.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

/// Longer words than Intercom's are none of Intercom's.
const LONGEST: usize = 200;

/// A notification's envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) id: Option<String>,
    pub(super) topic: String,
    pub(super) app_id: String,
    pub(super) created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(default, borrow)]
    id: Option<Cow<'b, str>>,
    #[serde(default, borrow)]
    topic: Option<Cow<'b, str>>,
    #[serde(default, borrow)]
    app_id: Option<Cow<'b, str>>,
    #[serde(default)]
    created_at: Option<i64>,
}

impl Envelope {
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let raw: Raw<'_> = serde_json::from_slice(body).map_err(|error| {
            format!(
                "the body is no notification: line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        let word = |name: &str, value: Option<Cow<'_, str>>| match value {
            Some(text) if !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control) => {
                Ok(text.into_owned())
            }
            _ => Err(format!("the body is no notification: it has no usable {name}")),
        };
        Ok(Self {
            id: raw.id.map(|id| word("id", Some(id))).transpose()?,
            topic: word("topic", raw.topic)?,
            app_id: word("app_id", raw.app_id)?,
            created_at: raw
                .created_at
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_whatever_its_item_is() {
        let cases = [
            (
                r#"{"type":"notification_event","app_id":"abc","data":{"item":{"deep":[[[1]]]}},"id":"notif_1","topic":"ticket.closed","created_at":1768114250}"#,
                ("notif_1", "ticket.closed", 1_768_114_250),
            ),
            (
                r#"{"app_id":"abc","topic":"ping","id":null,"data":7}"#,
                ("", "ping", 0),
            ),
            (
                r#"{"app_id":"abc","topic":"p\u00efng","created_at":-9223372036854775808}"#,
                ("", "pïng", 0),
            ),
        ];
        for (body, (id, topic, created_at)) in cases {
            let found = Envelope::read(body.as_bytes()).unwrap();
            assert_eq!(found.id.unwrap_or_default(), id);
            assert_eq!(found.topic, topic);
            assert_eq!(found.created_at.map_or(0, Timestamp::as_second), created_at);
        }
    }

    #[test]
    fn what_is_no_notification_is_refused_without_its_values() {
        let long = format!(r#"{{"app_id":"abc","topic":"{}"}}"#, "t".repeat(201));
        for body in [
            &b""[..],
            b"null",
            b"[]",
            b"{}",
            br#"{"app_id":"secret-ish"}"#,
            br#"{"topic":"ping"}"#,
            br#"{"app_id":"","topic":"ping"}"#,
            br#"{"app_id":5,"topic":"ping"}"#,
            br#"{"app_id":"abc","topic":"a\nb"}"#,
            br#"{"app_id":"abc","topic":"ping""#,
            b"\xff\xfe{\x00",
            b"app_id=abc&topic=ping",
            long.as_bytes(),
        ] {
            let refusal = Envelope::read(body).unwrap_err();
            assert!(
                !refusal.contains("secret-ish") && !refusal.contains("ttt"),
                "{refusal}"
            );
        }
    }
}
