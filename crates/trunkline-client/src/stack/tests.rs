//! The order of the layers, and what becomes of each sort of failure. Time is paused.

use std::sync::Arc;

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::{
    Client,
    testing::{self, Memory, Reply, Scripted, broken, client, client_with, refused, reply, reply_with},
};

const OK: &str = r#"{"id":"1"}"#;

fn get() -> Call {
    Call::new("test.get")
        .path("id", "1")
        .query("email", "ana@example.org")
}

#[tokio::test(start_paused = true)]
async fn each_attempt_passes_every_layer_in_order() {
    let network = Scripted::replies(vec![reply(503, ""), reply(200, OK)]);
    let mut settings = testing::settings();
    settings.request_log = Some(Memory::new(false));
    let client = client_with(&network, settings);
    let answer = client.call(get()).await.unwrap();
    assert_eq!((answer.attempts, client.requests_sent()), (2, 2));
    use Layer::{Auth, Budget, Log, Redaction, Retry, Timeout, Version};
    let order = [Budget, Retry, Timeout, Auth, Version, Log, Redaction];
    assert_eq!(*client.stack.trace.lock().unwrap(), [order, order].concat());
}

#[tokio::test(start_paused = true)]
async fn every_request_names_the_token_the_version_and_who_asks() {
    let network = Scripted::replies(vec![reply(200, OK)]);
    client(&network).call(get()).await.unwrap();
    let requests = network.requests();
    let headers = requests[0].headers();
    assert_eq!(headers["authorization"], format!("Bearer {}", testing::TOKEN));
    assert!(headers["authorization"].is_sensitive());
    assert_eq!(headers["intercom-version"], "2.16");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(headers["user-agent"], USER_AGENT);
}

#[tokio::test(start_paused = true)]
async fn failures_are_repeated_when_that_is_safe() {
    let no_rows = || reply(200, "");
    let html = || reply(200, "<html>busy</html>");
    let cut = || reply(200, r#"{"id":"1","#);
    let again = || reply_with(503, "", &[("retry-after", "3")]);
    // (operation, first answer, whether a second request follows)
    let cases: Vec<(&str, Reply, bool)> = vec![
        ("test.get", broken(), true),
        ("test.get", refused(), true),
        ("test.get", reply(500, ""), true),
        ("test.get", reply(408, ""), true),
        ("test.get", reply(429, ""), true),
        ("test.get", no_rows(), true),
        ("test.get", html(), true),
        ("test.get", cut(), true),
        ("test.get", reply(404, ""), false),
        ("test.get", reply(401, ""), false),
        ("test.replace", broken(), true),
        ("test.replace", no_rows(), false),
        ("test.create", refused(), true),
        ("test.create", reply(429, ""), true),
        ("test.create", again(), true),
        ("test.create", broken(), false),
        ("test.create", reply(502, ""), false),
        ("test.create", reply(503, ""), false),
        ("test.create", html(), false),
    ];
    for (id, first, repeated) in cases {
        let shown = format!("{id} {first:?}");
        let network = Scripted::replies(vec![first, reply(200, OK)]);
        let mut call = Call::new(id);
        if id != "test.create" {
            call = call.path("id", "1");
        }
        if id != "test.get" {
            call = call.body(json!({}));
        }
        let _ = client(&network).call(call).await;
        assert_eq!(network.targets().len() == 2, repeated, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_the_server_names_is_kept() {
    for (headers, seconds) in [
        (vec![("retry-after", "7")], 7),
        (vec![("retry-after", "Sat, 21 Nov 2026 00:00:40 GMT")], 40),
        (
            vec![
                ("retry-after", "Sat, 21 Nov 2026 09:00:05 GMT"),
                ("date", "Sat, 21 Nov 2026 09:00:00 GMT"),
            ],
            5,
        ),
    ] {
        for status in [429, 503] {
            let network = Scripted::replies(vec![reply_with(status, "", &headers), reply(200, OK)]);
            let started = Instant::now();
            client(&network).call(get()).await.unwrap();
            let took = started.elapsed().as_secs();
            assert!(
                (seconds..seconds + 2).contains(&took),
                "{status} {headers:?}: {took} s"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_and_total_time_are_bounded() {
    let network = Scripted::new(|_| reply(500, r#"{"errors":[{"code":"server_error","message":"oops"}]}"#));
    let started = Instant::now();
    let error = client(&network).call(get()).await.unwrap_err();
    assert_eq!(
        (error.kind, error.attempts, error.status),
        (ErrorKind::Server, 8, Some(500))
    );
    assert_eq!(error.intercom_code.as_deref(), Some("server_error"));
    assert!(error.elapsed > Duration::from_secs(20) && started.elapsed() < Duration::from_secs(300));

    let network = Scripted::new(|_| reply_with(429, "", &[("retry-after", "3600")]));
    let error = client(&network).call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::RateLimited, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_times_out() {
    let network = Scripted::new(|_| {
        (
            Duration::from_secs(100_000),
            Err(TransportError::Broken(String::new())),
        )
    });
    let mut settings = testing::settings();
    settings.retry.max_attempts = 2;
    let client = client_with(&network, settings);
    let error = client.call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Timeout, 2));
    assert_eq!(client.budget().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_call_that_cannot_work() {
    let network = Scripted::replies(vec![]);
    let client = client(&network);
    let kind = |error: CallError| (error.kind, error.attempts);
    assert_eq!(
        kind(client.call(Call::new("test.none")).await.unwrap_err()),
        (ErrorKind::BadCall, 0)
    );
    assert_eq!(
        kind(client.call(Call::new("test.get")).await.unwrap_err()),
        (ErrorKind::BadCall, 0)
    );
    let old = Connection {
        version: Version::V2_10,
        ..testing::connection()
    };
    let old = Client::over(old, testing::settings(), Arc::<Scripted>::clone(&network)).unwrap();
    let error = old.call(get()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotInVersion);
    assert!(
        error.message.contains("2.14 to 2.16") && error.message.contains("2.10"),
        "{error}"
    );
    assert!(network.targets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_merged_object_gives_its_link_and_a_redirect_is_not_followed() {
    let network = Scripted::replies(vec![
        reply_with(410, "{}", &[("link", "</contacts/9>; rel=\"canonical\"")]),
        reply_with(302, "", &[("location", "https://evil.example/?secret=1")]),
    ]);
    let client = client(&network);
    let error = client.call(get()).await.unwrap_err();
    assert_eq!(
        (error.kind, error.link.as_deref()),
        (ErrorKind::Gone, Some("/contacts/9"))
    );
    let error = client.call(get()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadAnswer);
    assert!(
        error.message.contains("evil.example") && !error.message.contains("secret"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_log_has_a_line_per_attempt_and_no_secrets() {
    for bodies in [false, true] {
        let log = Memory::new(bodies);
        let network = Scripted::replies(vec![
            broken(),
            reply(200, r#"{"id":"1","email":"ana@example.org"}"#),
        ]);
        let mut settings = testing::settings();
        settings.request_log = Some(Arc::<Memory>::clone(&log));
        client_with(&network, settings).call(get()).await.unwrap();
        let records = log.records.lock().unwrap();
        assert_eq!(
            records
                .iter()
                .map(|record| (record.attempt, record.status))
                .collect::<Vec<_>>(),
            [(1, None), (2, Some(200))]
        );
        assert_eq!(records[0].error.as_deref(), Some("the connection broke: reset"));
        assert_eq!(records[1].query, ["email"]);
        assert_eq!(records[1].request_id.as_deref(), Some("req1"));
        assert_eq!(records[1].response_body.is_some(), bodies);
        let written = serde_json::to_string(&*records).unwrap();
        assert!(
            !written.contains("ana@") && !written.contains(testing::TOKEN),
            "{written}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_may_mean_either_is_settled_by_asking_whose_token_it_is() {
    use crate::Refusal::{GrantOver, PermissionMissing, Unclear};
    let told =
        |code: &str| format!(r#"{{"type":"error.list","errors":[{{"code":"{code}","message":"Token"}}]}}"#);
    let me = || reply(200, r#"{"type":"admin"}"#);
    for (first, second, expected) in [
        (reply(401, told("unauthorized")), Some(me()), PermissionMissing),
        (
            reply(401, told("unauthorized")),
            Some(reply(401, told("unauthorized"))),
            GrantOver,
        ),
        (reply(401, "<html>"), Some(me()), PermissionMissing),
        (reply(401, "<html>"), Some(reply(401, "<html>")), Unclear),
        (
            reply(401, told("token_unauthorized")),
            Some(reply(401, told("token_revoked"))),
            GrantOver,
        ),
        (reply(401, told("token_revoked")), None, GrantOver),
        (reply(403, told("forbidden")), None, PermissionMissing),
    ] {
        let asks = second.is_some();
        let network = Scripted::replies(std::iter::once(first).chain(second).collect());
        let client = client(&network);
        let error = client.call(Call::new("tags.list")).await.unwrap_err();
        assert_eq!(client.why_refused(&error).await, Some(expected), "{error}");
        assert_eq!(network.targets().len(), 1 + usize::from(asks), "{error}");
    }
}
