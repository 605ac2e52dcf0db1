//! Times: written as people write them, sent as each operation wants them, read back from the simulator.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use trunkline_actions::CallOptions;

use super::Actor;

fn in_zone(name: &str) -> CallOptions {
    CallOptions {
        zone: TimeZone::get(name).unwrap(),
        ..CallOptions::default()
    }
}

#[test]
fn a_time_arrives_in_the_form_that_the_operation_wants() {
    let actor = Actor::new();
    for (action, zone, input, field, sent) in [
        (
            "contacts.create",
            "Europe/Dublin",
            json!({"email": "t@example.org", "signed_up_at": "2026-06-21T10:00"}),
            "signed_up_at",
            json!(1_782_032_400),
        ),
        (
            "contacts.create",
            "UTC",
            json!({"email": "t@example.org", "last_seen_at": "1782032400"}),
            "last_seen_at",
            json!(1_782_032_400),
        ),
        (
            "articles.create",
            "Asia/Tokyo",
            json!({"title": "T", "author_id": 1, "scheduled_publish_at": "2027-01-01T09:00"}),
            "scheduled_publish_at",
            json!("2027-01-01T00:00:00Z"),
        ),
        (
            "articles.create",
            "UTC",
            json!({"title": "T", "author_id": 1, "translated_content": {"pt-BR": {"title": "T", "created_at": "2026-06-21"}}}),
            "translated_content.pt-BR.created_at",
            json!(1_782_000_000),
        ),
        (
            "office_hours_exceptions.create",
            "Asia/Tokyo",
            json!({"path": {"office_hours_schedule_id": "1"}, "payload": {"name": "X", "exception_type": "closed", "exception_date": "2026-12-25"}}),
            "exception_date",
            json!("2026-12-25"),
        ),
        (
            "news_items.create",
            "UTC",
            json!({"title": "T", "sender_id": 1, "newsfeed_assignments": [{"newsfeed_id": 1, "published_at": "2026-06-21T10:00+01:00"}]}),
            "newsfeed_assignments.0.published_at",
            json!(1_782_032_400),
        ),
    ] {
        let plan = actor
            .block_on(actor.workspace.plan(action, input.clone(), in_zone(zone)))
            .unwrap_or_else(|error| panic!("{action}: {error}"));
        let payload = plan.writes[0].payload.clone().unwrap();
        let found = field
            .split('.')
            .fold(&payload, |value, part| match part.parse::<usize>() {
                Ok(index) => &value[index],
                Err(_) => &value[part],
            });
        assert_eq!(*found, sent, "{action} {input}: {payload}");
    }
}

#[test]
fn a_time_in_a_query_and_one_that_is_written_are_found_again() {
    let actor = Actor::new();
    actor.received();
    let input =
        json!({"created_at_after": "2026-11-01", "created_at_before": "2026-11-01T06:00-05:00", "limit": 1});
    actor
        .block_on(
            actor
                .workspace
                .call("activity_logs.list", input, in_zone("America/New_York")),
        )
        .unwrap();
    let asked = actor.simulator.requests();
    let query = asked[0]["query"].as_str().unwrap();
    assert!(query.contains("created_at_after=1793505600"), "{query}");
    assert!(query.contains("created_at_before=1793530800"), "{query}");
    let found = actor.simulator.truth("tickets", "2.16").remove(0);
    let ticket = found["id"].as_str().unwrap();
    let admin = actor.first("/admins")["id"].clone();
    let until = "2027-03-04T09:00[Asia/Tokyo]";
    actor.output(
        "tickets.update",
        json!({"id": ticket, "admin_id": admin, "snoozed_until": until}),
    );
    assert_eq!(
        actor.truth(&format!("/tickets/{ticket}"))["snoozed_until"],
        1_804_118_400
    );
}

#[test]
fn what_could_be_two_moments_is_refused_before_any_call() {
    let actor = Actor::new();
    actor.received();
    for (time, said) in [
        (json!(1_795_284_615_000_i64), "milliseconds"),
        (json!("20261121"), "without hyphens"),
        (json!("2026"), "year"),
        (json!("soon"), "is no time"),
        (json!("+5"), "without a unit"),
        (json!("2026-11-21T10:00[Mars/Olympus]"), "time zone"),
        (Value::Bool(true), "is no time"),
    ] {
        let error = actor.error(
            "contacts.create",
            json!({"email": "t@example.org", "signed_up_at": time}),
        );
        assert_eq!(error.code(), "TL0702");
        assert!(error.to_string().contains(said), "{time}: {error}");
        assert!(error.to_string().contains("signed_up_at"), "{error}");
    }
    assert!(actor.received().is_empty());
}
