//! The report of the workspace that was made by hand. Each figure was counted by hand from the table in `testing.rs`.

use serde_json::{Value, json};

use super::{Question, Report, report};
use crate::{
    analytics::{
        ReportError,
        testing::{Desk, now, records, schedule, week},
    },
    storage::Change,
};

async fn made(question: &Question) -> Report {
    let desk = Desk::full().await;
    report(&desk.path(), question, now()).unwrap()
}

/// What differs from `expected` at these pointers of the report's JSON.
async fn check(question: &Question, expected: &[(&str, Value)]) {
    let report = serde_json::to_value(made(question).await).unwrap();
    for (pointer, value) in expected {
        assert_eq!(report.pointer(pointer), Some(value), "{pointer}");
    }
}

#[tokio::test]
async fn totals_are_of_the_conversations_that_began_in_the_week() {
    check(
        &week(),
        &[(
            "/totals",
            json!({
                "conversations": 11, "begun_by_contacts": 9, "asked": 10, "answered": 7, "waiting": 2,
                "closed_unanswered": 1, "closed_by_bot": 1, "closed": 4, "open": 6, "snoozed": 1, "reopened": 1,
            }),
        )],
    )
    .await;
}

#[tokio::test]
async fn times_are_by_the_clock_and_within_office_hours() {
    check(
        &week(),
        &[
            ("/first_response/count", json!(7)),
            (
                "/first_response/minutes",
                json!({ "median": 30.0, "within_90_percent": 3990.0, "mean": 735.29 }),
            ),
            (
                "/first_response/office_minutes",
                json!({ "median": 30.0, "within_90_percent": 90.0, "mean": 41.0 }),
            ),
            (
                "/first_response/buckets/2",
                json!({ "label": "15–60 min", "count": 3, "office_count": 4 }),
            ),
            (
                "/first_response/buckets/6",
                json!({ "label": "1–3 days", "count": 1, "office_count": 0 }),
            ),
            ("/resolution/count", json!(4)),
            (
                "/resolution/minutes",
                json!({ "median": 180.0, "within_90_percent": 1830.0, "mean": 550.0 }),
            ),
            (
                "/resolution/office_minutes",
                json!({ "median": 180.0, "within_90_percent": 870.0, "mean": 310.0 }),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn days_and_hours_are_those_of_the_workspaces_time_zone() {
    let report = made(&week()).await;
    let days: Vec<_> = report
        .figures
        .days
        .iter()
        .map(|day| (day.date.day(), day.began, day.closed, day.open, day.snoozed))
        .collect();
    assert_eq!(
        days,
        [
            (19, 3, 1, 3, 0),
            (20, 1, 3, 1, 0),
            (21, 2, 1, 2, 0),
            (22, 1, 0, 2, 1),
            (23, 4, 0, 6, 1),
            (24, 0, 0, 6, 1),
            (25, 0, 0, 6, 1),
            (26, 0, 0, 6, 1),
        ]
    );
    let mut busy = Vec::new();
    for (weekday, row) in report.figures.hours.iter().enumerate() {
        for (hour, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            busy.push((weekday, hour, *count));
        }
    }
    assert_eq!(
        busy,
        [
            (0, 10, 2),
            (0, 16, 1),
            (1, 10, 1),
            (2, 10, 1),
            (2, 11, 1),
            (3, 10, 1),
            (4, 0, 1),
            (4, 16, 1)
        ]
    );
    // By another clock, half past midnight is the day before.
    let utc = Question {
        time_zone: Some("UTC".to_owned()),
        ..week()
    };
    check(&utc, &[("/days/3/began", json!(2)), ("/hours/3/22", json!(1))]).await;
}

#[tokio::test]
async fn ratings_and_groups() {
    check(
        &week(),
        &[
            (
                "/ratings",
                json!({ "count": 2, "by_value": [0, 1, 0, 0, 1], "average": 3.5, "positive_percent": 50.0 }),
            ),
            ("/teams/0/name", json!("no team")),
            ("/teams/0/conversations", json!(8)),
            ("/teams/1/conversations", json!(3)),
            ("/teams/1/first_response", json!(60.0)),
            ("/teams/1/office_first_response", json!(45.0)),
            ("/teams/1/closed", json!(2)),
            ("/teams/1/ratings", json!(2)),
            ("/tags/0/name", json!("vip")),
            ("/tags/0/conversations", json!(1)),
            ("/companies/0/name", json!("Acme")),
            ("/companies/1/name", json!("Duck \"& Co\"")),
            ("/companies/1/resolution", json!(1830.0)),
            (
                "/admins/0",
                json!({
                    "id": "2", "name": "Bob", "first_responses": 4, "first_response": 512.5, "office_first_response": 32.5,
                    "closed": 0, "resolution": null, "office_resolution": null, "assigned_not_closed": 1,
                    "ratings": 1, "average_rating": 2.0,
                }),
            ),
            (
                "/admins/1",
                json!({
                    "id": "1", "name": "Ann", "first_responses": 2, "first_response": 45.0, "office_first_response": 45.0,
                    "closed": 3, "resolution": 240.0, "office_resolution": 240.0, "assigned_not_closed": 0,
                    "ratings": 1, "average_rating": 5.0,
                }),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_report_can_be_narrowed() {
    let with = |change: &dyn Fn(&mut Question)| {
        let mut question = week();
        change(&mut question);
        question
    };
    for (question, count, name) in [
        (
            with(&|asked| asked.team = Some("10".to_owned())),
            3,
            "/about/team",
        ),
        (
            with(&|asked| asked.team = Some("first <B>LINE</b>".to_owned())),
            3,
            "/about/team",
        ),
        (with(&|asked| asked.tag = Some("VIP".to_owned())), 1, "/about/tag"),
        (
            with(&|asked| asked.company = Some("acme-1".to_owned())),
            1,
            "/about/company",
        ),
        // Through its contact.
        (
            with(&|asked| asked.company = Some("31".to_owned())),
            1,
            "/about/company",
        ),
        (
            with(&|asked| {
                asked.tag = Some("vip".to_owned());
                asked.company = Some("31".to_owned());
            }),
            0,
            "/about/tag",
        ),
        (
            with(&|asked| asked.to = Some("2026-10-20".to_owned())),
            4,
            "/about/last_day",
        ),
        (
            with(&|asked| asked.to = Some("2026-10-20T00:00".to_owned())),
            3,
            "/about/last_day",
        ),
        (
            with(&|asked| asked.to = Some("2026-10-19T08:00:00Z".to_owned())),
            0,
            "/about/last_day",
        ),
    ] {
        let report = serde_json::to_value(made(&question).await).unwrap();
        assert_eq!(report["totals"]["conversations"], count, "{question:?}");
        assert!(report.pointer(name).is_some_and(Value::is_string), "{question:?}");
    }
}

#[tokio::test]
async fn four_weeks_until_today_when_nothing_is_said() {
    let report = made(&Question::default()).await;
    assert_eq!(
        (report.about.first_day.as_str(), report.about.last_day.as_str()),
        ("2026-09-29", "2026-10-26")
    );
    assert_eq!(report.figures.days.len(), 28);
    assert_eq!(report.figures.totals.conversations, 12);
    assert_eq!(
        report.about.office_hours.as_deref(),
        Some("Berlin (Europe/Berlin)")
    );
    assert_eq!(
        report.remarks,
        [
            "Of 1 of these conversations the mirror does not hold all parts; for them Intercom's own statistics stand in, \
          where it gives any."
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_what_can() {
    let desk = Desk::full().await;
    let some = |text: &str| Some(text.to_owned());
    for (question, code, says) in [
        (
            Question {
                from: some("2026-10-26"),
                to: some("2026-10-19"),
                ..Question::default()
            },
            "TL0172",
            "2026-10-20 00:00",
        ),
        (
            Question {
                from: some("2026-10-19T08:00:00Z"),
                to: some("2026-10-19T08:00:00Z"),
                ..Question::default()
            },
            "TL0172",
            "not after",
        ),
        (
            Question {
                from: some("last week"),
                ..Question::default()
            },
            "TL0171",
            "last week",
        ),
        (
            Question {
                to: some("2026-02-30"),
                ..Question::default()
            },
            "TL0171",
            "Europe/Berlin",
        ),
        (
            Question {
                time_zone: some("Mars/Olympus"),
                ..week()
            },
            "TL0173",
            "Mars/Olympus",
        ),
        (
            Question {
                team: some("Second line"),
                ..week()
            },
            "TL0174",
            "Second line",
        ),
        (
            Question {
                tag: some("' OR 1=1 --"),
                ..week()
            },
            "TL0174",
            "' OR 1=1 --",
        ),
        (
            Question {
                office_hours: some("Paris"),
                ..week()
            },
            "TL0175",
            "Paris",
        ),
    ] {
        let error = report(&desk.path(), &question, now()).unwrap_err();
        assert_eq!(error.code(), code, "{question:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.is_usage() && !error.advice().is_empty());
    }
    let known = Question {
        team: some("x"),
        ..week()
    };
    let error = report(&desk.path(), &known, now()).unwrap_err();
    assert!(error.advice().contains("First <b>line</b>"), "{}", error.advice());
}

#[tokio::test]
async fn without_a_mirror_or_without_conversations_there_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| report(&folder.path().join(name), &week(), now()).unwrap_err();
    assert!(matches!(of("none.db"), ReportError::NoMirror { .. }));
    assert_eq!(
        report(folder.path(), &week(), now()).unwrap_err().code(),
        "TL0170"
    );
    std::fs::write(folder.path().join("letter.db"), "Dear Sir or Madam, ".repeat(100)).unwrap();
    assert_eq!(of("letter.db").code(), "TL0205");
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE conversations (id)").unwrap();
    assert_eq!(of("other.db").code(), "TL0170");
    let desk = Desk::empty();
    let error = report(&desk.path(), &week(), now()).unwrap_err();
    assert_eq!(error.code(), "TL0176");
    assert!(!error.is_usage());
}

#[tokio::test]
async fn the_mirror_of_an_older_program_is_reported_from_too() {
    let desk = Desk::full().await;
    let path = desk.path();
    let expected = report(&path, &week(), now()).unwrap();
    let folder = desk.close().await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    for model in crate::analytics::models::MODELS {
        connection
            .execute_batch(&format!("DROP VIEW {}", model.name))
            .unwrap();
    }
    connection
        .execute_batch("DROP TABLE _trunkline_office_minutes; DROP TABLE handling_events; DROP TABLE tags")
        .unwrap();
    let found = report(&path, &week(), now()).unwrap();
    assert_eq!(found.figures.first_response, expected.figures.first_response);
    assert_eq!(found.figures.totals, expected.figures.totals);
    // Where the tags are unknown, their ids are their names.
    assert_eq!(found.figures.tags[0].name, "20");
    drop(folder);
}

#[tokio::test]
async fn what_the_mirror_lacks_is_told() {
    let mut desk = Desk::full().await;
    desk.write(vec![
        Change::Vanished {
            stream: "office_hours_schedules",
            ids: vec!["40".to_owned()],
        },
        Change::Workspace {
            id_code: "abcd1234".to_owned(),
            name: String::new(),
            time_zone: "Pacific Time (US & Canada)".to_owned(),
            region: "EU".to_owned(),
            version: "2.16".to_owned(),
        },
    ])
    .await;
    let later = "2026-11-30T12:00:00Z".parse().unwrap();
    let found = report(&desk.path(), &Question { to: None, ..week() }, later).unwrap();
    let remarks = found.remarks.join("\n");
    for says in [
        "Pacific Time",
        "UTC",
        "no office hours",
        "What happened after 2026-10-26 12:00",
    ] {
        assert!(remarks.contains(says), "{says}: {remarks}");
    }
    assert_eq!(found.figures.first_response.office_minutes, None);
    // Two schedules, of which one is in a time zone that nobody knows: the other is used.
    let mut second = schedule("Paris", "Europe/Paris");
    second["id"] = "41".into();
    desk.write(vec![records(
        "office_hours_schedules",
        &[schedule("Nowhere", "Nowhere/Land"), second],
    )])
    .await;
    let found = report(&desk.path(), &week(), now()).unwrap();
    assert_eq!(found.about.office_hours.as_deref(), Some("Paris (Europe/Paris)"));
    assert!(found.remarks.join("\n").contains("2 schedules"));
}
