//! What answers of every sort say about a permission, over a network that follows a script.

use http::{Method, Request};

use super::*;
use crate::testing::{Scripted, broken, client, reply};

const ME: &str = r#"{"type":"admin","app":{"id_code":"abc","name":"Mine"}}"#;

/// The line of a permission when its probe is answered like this.
async fn line_with(label: &str, writes: bool, status: u16, body: &'static str) -> PermissionLine {
    let operation = trunkline_catalog::permission(label)
        .and_then(|(permission, _)| permission.probe.as_ref())
        .and_then(|probe| Catalog::embedded().operation(probe.operation))
        .unwrap();
    let path = operation.path.split('{').next().unwrap();
    let network = Scripted::new(move |request| match request.uri().path() {
        "/me" => reply(200, ME),
        asked if asked.starts_with(path) => reply(status, body),
        _ => reply(200, "{}"),
    });
    let report = probe(&client(&network), writes).await.unwrap();
    report
        .permissions
        .into_iter()
        .find(|line| line.permission == label)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_tells_whether_the_permission_is_there() {
    use PermissionState::{Granted, Missing, NotInPlan, Unknown};
    let scope = r#"{"type":"error.list","errors":[{"code":"forbidden","message":"You do not have the required scope (x) to access this resource"}]}"#;
    let plan = r#"{"type":"error.list","errors":[{"code":"api_plan_restricted","message":"Active subscription needed."}]}"#;
    let old = r#"{"type":"error.list","errors":[{"code":"token_unauthorized","message":"Not authorized to access resource"}]}"#;
    let invalid =
        r#"{"type":"error.list","errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}"#;
    let lost = r#"{"type":"error.list","errors":[{"code":"not_found","message":"Not there"}]}"#;
    let data = r#"{"type":"error.list","errors":[{"code":"data_invalid","message":"Odd"}]}"#;
    for (label, writes, status, body, expected) in [
        ("Read tags", false, 200, r#"{"data":[]}"#, Granted),
        ("Read tags", false, 403, scope, Missing),
        ("Read tags", false, 401, old, Missing),
        // Old endpoints may say so, and /me tells that the token is good.
        ("Read tags", false, 401, invalid, Missing),
        ("Read tags", false, 403, plan, NotInPlan),
        ("Read tags", false, 403, "<html>", Unknown),
        ("Read tags", false, 404, lost, Unknown),
        ("Read tags", false, 400, data, Unknown),
        ("Read events", false, 404, lost, Granted),
        ("Write tickets", true, 404, lost, Granted),
        ("Write tickets", true, 422, data, Granted),
        ("Write tickets", true, 403, scope, Missing),
    ] {
        let line = line_with(label, writes, status, body).await;
        assert_eq!(line.state, expected, "{label} {status} {body}: {:?}", line.why);
        assert_eq!(line.code.is_some(), expected != Granted, "{label} {status}");
        assert!(line.probe.is_some(), "{label}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_unless_it_is_asked_for_and_then_only_where_nothing_can_be() {
    let reads = |request: &&Request<bytes::Bytes>| {
        request.method() == Method::GET || request.uri().path().ends_with("/search")
    };
    for writes in [false, true] {
        let network = Scripted::new(|request| match request.uri().path() {
            "/me" => reply(200, ME),
            _ => reply(200, "{}"),
        });
        let report = probe(&client(&network), writes).await.unwrap();
        assert_eq!(
            (report.workspace.as_str(), report.workspace_name.as_str()),
            ("abc", "Mine")
        );
        let requests = network.requests();
        let written: Vec<_> = requests.iter().filter(|request| !reads(request)).collect();
        assert_eq!(written.is_empty(), !writes);
        for request in written {
            let path = request.uri().path();
            assert!(
                path.split('/')
                    .any(|part| !part.is_empty() && part.bytes().all(|byte| byte == b'0')),
                "{path}"
            );
        }
        for line in &report.permissions {
            let is_written = line.why.as_deref() == Some("permissions to write are probed when asked for");
            assert!(!(is_written && writes), "{}", line.permission);
            assert_eq!(line.probe.is_none(), line.why.is_some(), "{}", line.permission);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_accepted_ends_the_probing() {
    let revoked = r#"{"type":"error.list","errors":[{"code":"token_revoked","message":"Gone"}]}"#;
    let network = Scripted::new(move |_| reply(401, revoked));
    assert!(
        probe(&client(&network), false)
            .await
            .unwrap_err()
            .needs_new_grant()
    );
    let network = Scripted::new(move |request| match request.uri().path() {
        "/me" => reply(200, ME),
        _ => reply(401, revoked),
    });
    assert!(
        probe(&client(&network), false)
            .await
            .unwrap_err()
            .needs_new_grant()
    );
    let network = Scripted::new(|_| broken());
    assert_eq!(
        probe(&client(&network), false).await.unwrap_err().code(),
        "TL0114"
    );
}

#[tokio::test(start_paused = true)]
async fn a_line_names_the_streams_and_operations_that_are_lost() {
    let line = line_with("Read tickets", false, 200, "{}").await;
    assert!(line.streams.contains(&"tickets") && line.streams.contains(&"ticket_parts"));
    assert!(line.operations.contains(&"tickets.search"));
    let line = line_with("Read events", false, 200, "{}").await;
    assert_eq!(line.streams, ["data_events"]);
}
