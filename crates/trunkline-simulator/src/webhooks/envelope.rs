//! The envelope of a notification and its signature (facts 7.2).
//!
//! The one rule: what is signed is byte for byte what is sent.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::value::RawValue;
use sha1::Sha1;

use super::{outbox::Notification, topic::Topic};

#[derive(Serialize)]
struct Data<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    item: &'a RawValue,
}

#[derive(Serialize)]
struct Links {}

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    app_id: &'a str,
    data: Data<'a>,
    links: Links,
    id: Option<&'a str>,
    topic: &'static str,
    delivery_status: Option<&'static str>,
    delivery_attempts: u32,
    delivered_at: i64,
    first_sent_at: i64,
    created_at: i64,
    #[serde(rename = "self")]
    own: Option<&'static str>,
}

/// The item of a ping.
pub(super) const PING: &str = r#"{"type":"ping","message":"Trunkline's simulator says hello."}"#;

/// The body of one attempt.
pub(super) fn body(notification: &Notification, attempt: u32, first_sent_at: i64) -> Vec<u8> {
    let item = serde_json::from_str(&notification.item).unwrap_or(RawValue::NULL);
    let envelope = Envelope {
        kind: "notification_event",
        app_id: &notification.app_id,
        data: Data {
            kind: "notification_event_data",
            item,
        },
        links: Links {},
        id: notification.id.as_deref(),
        topic: notification.topic.as_str(),
        delivery_status: (notification.topic != Topic::Ping).then_some("pending"),
        delivery_attempts: attempt,
        delivered_at: 0,
        first_sent_at,
        created_at: notification.created_at,
        own: None,
    };
    serde_json::to_vec(&envelope).expect("an envelope has string keys and no failing serializers")
}

/// What `X-Hub-Signature` says of a body.
pub(super) fn signature(client_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(client_secret.as_bytes()).expect("any key is long enough");
    mac.update(body);
    let mut text = "sha1=".to_owned();
    for byte in mac.finalize().into_bytes() {
        // Writing into a text cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_examples() {
        // RFC 2202, test cases 2 and 6.
        for (key, data, digest) in [
            (
                "Jefe".to_owned(),
                "what do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (String::new(), "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"),
        ] {
            assert_eq!(signature(&key, data.as_bytes()), format!("sha1={digest}"));
        }
    }

    #[test]
    fn the_fields_stand_in_the_order_of_the_platform() {
        let notification = Notification {
            subscription: 1,
            topic: Topic::ContactUserCreated,
            id: Some("notif_1".to_owned()),
            app_id: "abc".to_owned(),
            item: r#"{"z":"ü","a":1}"#.into(),
            created_at: 5,
        };
        let text = String::from_utf8(body(&notification, 2, 6)).unwrap();
        assert_eq!(
            text,
            "{\"type\":\"notification_event\",\"app_id\":\"abc\",\"data\":{\"type\":\"notification_event_data\",\
             \"item\":{\"z\":\"ü\",\"a\":1}},\"links\":{},\"id\":\"notif_1\",\"topic\":\"contact.user.created\",\
             \"delivery_status\":\"pending\",\"delivery_attempts\":2,\"delivered_at\":0,\"first_sent_at\":6,\
             \"created_at\":5,\"self\":null}"
        );
    }
}
