//! Bodies of every topic are decoded into heads; what is no notification is refused with a reason; nothing panics.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use proptest::prelude::*;
use trunkline_catalog::{Catalog, TopicChange};

use super::{DecodeError, Notification, decode};

/// Every fixture by its place.
fn fixtures() -> BTreeMap<String, Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/notifications");
    let mut bodies = BTreeMap::new();
    for version in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(version.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let version = path
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            bodies.insert(format!("{version}/{name}"), std::fs::read(&path).unwrap());
        }
    }
    bodies
}

fn fixture(name: &str) -> Notification {
    decode(&fixtures()[name]).unwrap()
}

#[test]
fn every_body_is_decoded_into_records() {
    let mut table = String::new();
    for (name, body) in fixtures() {
        let told = decode(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(name.ends_with(&format!("/{}", told.topic)), "{name}");
        assert!(!told.heads.is_empty() && told.delivery_attempts == 1, "{name}");
        writeln!(table, "{name}").unwrap();
        for head in &told.heads {
            let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            writeln!(
                table,
                "    {} {} {} {}{}{}",
                head.stream.unwrap_or("-"),
                or(head.id.clone()),
                head.change.as_str(),
                or(head.time.map(|time| time.to_string())),
                head.other
                    .as_ref()
                    .map(|other| format!(" with {other}"))
                    .unwrap_or_default(),
                head.record.as_ref().map_or("", |_| " whole"),
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn records_are_as_the_api_gives_them() {
    for (name, place, expected) in [
        (
            "2.14/contact.user.updated",
            0,
            vec![r#""email_domain":"new.example""#, r#""owner_id":"#],
        ),
        ("2.14/conversation.admin.replied", 0, vec![r#""statistics":{"#]),
        (
            "2.14/admin.away_mode_updated",
            0,
            vec![r#""type":"admin","id":""#],
        ),
        (
            "2.14/admin.activity_log_event.created",
            0,
            vec![r#""type":"activity_log""#],
        ),
        (
            "2.14/contact.user.tag.created",
            1,
            vec![r#"{"type":"tag","id":""#, r#""name":"vip"}"#],
        ),
    ] {
        let told = fixture(name);
        let record = told.heads[place].record.clone().unwrap();
        let text = String::from_utf8(record.to_vec()).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        for expected in expected {
            assert!(text.contains(expected), "{name}: {expected} is not in {text}");
        }
        for only_told in [
            "sms_consent",
            "formatted_phone",
            "\"conversation_parts\":",
            "2026-11-20T",
        ] {
            assert!(!text.contains(only_told), "{name}: {only_told} is in {text}");
        }
    }
}

/// A notification around an item.
fn envelope(topic: &str, item: &str) -> String {
    format!(
        r#"{{"type":"notification_event","app_id":"abcd1234","data":{{"type":"notification_event_data","item":{item}}},"id":"notif_1","topic":"{topic}","delivery_attempts":2,"created_at":1768114250,"first_sent_at":1768114251}}"#
    )
}

#[test]
fn a_topic_that_nobody_knows_is_kept() {
    for topic in ["pigeon.arrived", "contacts", "custom.topic.of.later"] {
        let told = decode(envelope(topic, r#"{"type":"pigeon","id":7,"created_at":5}"#).as_bytes()).unwrap();
        assert_eq!(told.topic, topic);
        assert_eq!(told.id.as_deref(), Some("notif_1"));
        assert_eq!(told.delivery_attempts, 2);
        let [head] = &told.heads[..] else {
            panic!("{:?}", told.heads)
        };
        assert_eq!(
            (head.stream, head.id.as_deref(), head.change),
            (None, Some("7"), TopicChange::Other)
        );
        assert_eq!(head.time.unwrap().as_second(), 5);
    }
}

#[test]
fn odd_items_say_what_they_can() {
    for (topic, item, expected) in [
        (
            "conversation.contact.attached",
            r#"{"conversation":{"model":{"id":12}},"contact":{"id":"c"}}"#,
            "conversations 12, contacts c",
        ),
        (
            "ticket.contact.attached",
            r#"{"ticket":{"id":13,"state":"x"},"contact":{"id":"c"}}"#,
            "tickets 13, contacts c",
        ),
        ("ticket.closed", r#"{"ticket":{"id":"13"}}"#, "tickets 13"),
        ("ticket.closed", r#"{"type":"ticket","id":"13"}"#, "tickets 13"),
        (
            "company.contact.detached",
            r#"{"company":{"id":"f"},"contact":{"id":"c"}}"#,
            "contacts c, companies f",
        ),
        (
            "conversation.read",
            r#"{"id":"1","conversation_parts":{"conversation_parts":[{"id":"2"},{"no":1},7,{"id":3}]}}"#,
            "conversations 1, conversation_parts 2, conversation_parts 3",
        ),
        (
            "conversation.read",
            r#"{"id":"1","conversation_parts":"none"}"#,
            "conversations 1",
        ),
        (
            "contact.merged",
            r#"{"id":"a","merged_from":{"type":"contact","id":"b"}}"#,
            "contacts a, contacts b",
        ),
        (
            "event.created",
            r#"{"event_name":"e","created_at":5,"intercom_user_id":"c"}"#,
            "data_events c-e-5",
        ),
        ("article.deleted", r#"{"id":"1","title":"t"}"#, "articles 1"),
        ("call.newly_invented", r#"{"id":"1"}"#, "calls 1"),
    ] {
        let told =
            decode(envelope(topic, item).as_bytes()).unwrap_or_else(|error| panic!("{topic}: {error}"));
        let heads: Vec<String> = told
            .heads
            .iter()
            .map(|head| format!("{} {}", head.stream.unwrap(), head.id.as_deref().unwrap()))
            .collect();
        assert_eq!(heads.join(", "), expected, "{topic} {item}");
    }
}

#[test]
fn a_body_that_is_no_notification_is_refused_with_a_reason() {
    let deep = envelope(
        "contact.user.created",
        &format!("{}{}", "{\"a\":".repeat(200_000), "1"),
    );
    let nested = envelope(
        "ping",
        &format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000)),
    );
    let whole = envelope("contact.user.created", r#"{"id":"c"}"#);
    let cut = &whole[..whole.len() - 20];
    for (body, code, says) in [
        ("", "TL0214", "0 bytes"),
        ("hello", "TL0214", "not a JSON object"),
        ("[]", "TL0214", "expected an object"),
        ("null", "TL0214", "expected an object"),
        (cut, "TL0214", "EOF"),
        (deep.as_str(), "TL0214", "EOF"),
        ("{}", "TL0215", "topic is missing"),
        (r#"{"topic":null}"#, "TL0215", "topic is null"),
        (r#"{"topic":""}"#, "TL0215", "topic is empty"),
        (r#"{"topic":["ping"]}"#, "TL0215", "topic is a list"),
        (r#"{"topic":7}"#, "TL0215", "topic is a number"),
        (r#"{"topic":"ping"}"#, "TL0215", "data is missing"),
        (r#"{"topic":"ping","data":"x"}"#, "TL0215", "data is text"),
        (
            r#"{"topic":"ping","data":{"item":[]}}"#,
            "TL0215",
            "item is a list",
        ),
        (
            r#"{"topic":"ping","data":{"item":true}}"#,
            "TL0215",
            "item is true or false",
        ),
        (
            &envelope("user.created", r#"{"type":"user","id":"1"}"#),
            "TL0216",
            "version 1.x",
        ),
        (
            &envelope("contact.created", r#"{"type":"contact","id":"1"}"#),
            "TL0216",
            "version 1.x",
        ),
        (
            &envelope(
                "conversation.user.created",
                r#"{"id":"1","conversation_message":{},"user":{}}"#,
            ),
            "TL0216",
            "conversation.user.created",
        ),
        (&envelope("contact.user.created", "{}"), "TL0217", "no id"),
        (
            &envelope("contact.user.created", r#"{"id":{"a":1}}"#),
            "TL0217",
            "no id",
        ),
        (
            &envelope("contact.user.created", r#"{"id":""}"#),
            "TL0217",
            "no id",
        ),
        (
            &envelope("contact.user.tag.created", r#"{"contact":[]}"#),
            "TL0217",
            "no contact",
        ),
        (
            &envelope("conversation.deleted", r#"{"type":"conversation"}"#),
            "TL0217",
            "no conversation_id",
        ),
        (
            &envelope(
                "conversation.contact.attached",
                r#"{"conversation":{},"contact":{"id":"c"}}"#,
            ),
            "TL0217",
            "no conversation",
        ),
        (
            &envelope("company.contact.attached", r#"{"company":{"id":"f"}}"#),
            "TL0217",
            "no contact",
        ),
        (
            &envelope("event.created", r#"{"event_name":"e"}"#),
            "TL0217",
            "no id",
        ),
    ] {
        let error: DecodeError = decode(body.as_bytes()).expect_err(body.get(..80).unwrap_or(body));
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{says:?} is not in {error}");
        assert!(!error.advice().is_empty());
    }
    assert_eq!(decode(b"{\"topic\":\"ping\xFF\"}").unwrap_err().code(), "TL0214");
    assert_eq!(decode(nested.as_bytes()).unwrap().topic, "ping");
    let marked = [b"\xEF\xBB\xBF", whole.as_bytes()].concat();
    assert_eq!(decode(&marked).unwrap().topic, "contact.user.created");
}

/// JSON of any shape, some of it under names that are looked for.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        Just("2026-01-10T04:22:28.240+00:00".into()),
    ];
    let names = prop_oneof![
        prop::sample::select(vec![
            "id",
            "type",
            "contact",
            "company",
            "conversation",
            "model",
            "ticket",
            "ticket_part",
            "tag",
            "tags_added",
            "conversation_parts",
            "statistics",
            "merged_from",
            "updated_at",
            "created_at",
            "email",
            "plan",
            "role",
            "conversation_id",
            "author",
            "item",
            "data",
            "topic",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((names.clone(), inner), 0..8)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_topic() -> impl Strategy<Value = String> {
    let names: Vec<String> = Catalog::embedded()
        .topics()
        .iter()
        .map(|topic| topic.name.to_owned())
        .collect();
    prop_oneof![4 => prop::sample::select(names), 1 => "[a-z.]{0,20}"]
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(decode(&body));
    }

    #[test]
    fn no_item_makes_decoding_panic(topic in any_topic(), item in any_json()) {
        if let Ok(told) = decode(envelope(&topic, &item.to_string()).as_bytes()) {
            prop_assert!(!told.heads.is_empty());
            for head in told.heads {
                if let Some(record) = head.record {
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&record).is_ok());
                }
            }
        }
    }

    #[test]
    fn no_damage_to_a_real_body_makes_decoding_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let all = fixtures();
        let mut body = all.values().nth(which.index(all.len())).unwrap().clone();
        let place = at.index(body.len());
        body[place] = byte;
        if cut {
            body.truncate(place);
        }
        drop(decode(&body));
    }
}
