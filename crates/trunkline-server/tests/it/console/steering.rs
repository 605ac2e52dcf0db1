//! Settings and the simulator, in the browser.

use axum::{Json, Router, routing::get};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use trunkline_store::{AuditFilter, Role};

use super::signed_in;
use crate::harness::Process;

#[tokio::test]
async fn the_key_of_the_secrets_is_changed_by_an_admin_and_nothing_is_lost() {
    let process = Process::start().await;
    let hub = process.app("hub", "hub-client-secret").await;
    let acme = process
        .connection("acme", "abcd1234", Some(&hub), Some("hush"))
        .await;
    let key = || std::fs::read(process.folder.path().join("secret.key")).unwrap();
    let before = key();
    let mut ben = signed_in(&process, "ben", Role::Operate).await;
    let seen = ben.look("/settings").await;
    assert!(
        seen.text.contains("Store") && !seen.text.contains("Change the key"),
        "{}",
        seen.text
    );
    assert_eq!(ben.look("/settings/secrets").await.status, StatusCode::FORBIDDEN);
    let refused = ben.fill("/account", "/settings/secrets/rotate", &[]).await;
    assert_eq!((refused.status, key()), (StatusCode::FORBIDDEN, before.clone()));
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let done = ann
        .fill("/settings/secrets", "/settings/secrets/rotate", &[])
        .await;
    assert_eq!(done.location, "/settings", "{}", done.text);
    assert_ne!(key(), before);
    let secrets = process.store.connection_secrets(&acme.id).await.unwrap();
    assert_eq!(secrets.webhook_secret.unwrap().expose_secret(), "hush");
    let audit = process.store.audit(&AuditFilter::default(), 10).await.unwrap();
    assert_eq!(
        (audit[0].by_whom.as_str(), audit[0].deed.as_str()),
        ("ann", "secrets.rotate")
    );
    process.stop().await;
}

#[tokio::test]
async fn how_long_things_are_kept_is_set_by_an_admin_unless_the_start_said_it() {
    let fixed = std::time::Duration::from_hours(48);
    let process = Process::start_with(|options| options.retention.requests = Some(fixed)).await;
    let mut ben = signed_in(&process, "ben", Role::Operate).await;
    assert!(!ben.look("/settings").await.text.contains("Change how long"));
    let change = [("notifications", "2d"), ("runs", "36h"), ("audit", "")];
    let refused = ben.fill("/account", "/settings/retention", &change).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let page = ann.look("/settings").await.text;
    assert!(
        page.contains("name=\"runs\"") && !page.contains("name=\"requests\""),
        "{page}"
    );
    let wrong = [("notifications", "2d"), ("runs", "a while"), ("audit", "")];
    let seen = ann.fill("/settings", "/settings/retention", &wrong).await;
    assert!(
        seen.text.contains("value=\"a while\"") && seen.text.contains("class=\"wrong\""),
        "{}",
        seen.text
    );
    assert!(
        process.store.retention().await.unwrap().is_empty(),
        "all of it, or nothing"
    );
    let done = ann.fill("/settings", "/settings/retention", &change).await;
    assert_eq!(done.location, "/settings", "{}", done.text);
    let kept = process.store.retention().await.unwrap();
    let expected = [("notifications", 172_800), ("runs", 129_600)];
    assert_eq!(
        kept,
        expected.map(|(what, seconds)| (what.to_owned(), seconds)).into()
    );
    let conflict = ann
        .fill("/settings", "/settings/retention", &[("requests", "1d")])
        .await;
    assert!(conflict.text.contains("--keep-requests"), "{}", conflict.text);
    let audit = process.store.audit(&AuditFilter::default(), 10).await.unwrap();
    assert_eq!(
        (
            audit[0].by_whom.as_str(),
            audit[0].deed.as_str(),
            audit[0].subject.as_str()
        ),
        ("ann", "settings.keep", "retention")
    );
    process.stop().await;
}

#[tokio::test]
async fn a_simulator_is_steered_only_where_there_is_one() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Operate).await;
    assert!(
        ann.look("/simulator")
            .await
            .text
            .contains("trunkline simulate --control")
    );
    let overview = || {
        Json(
            json!({ "name": "Ducks", "now": 1_795_000_000, "answered": 3, "counts": [["Contacts", 5]], "faults": [] }),
        )
    };
    let faults = async |Json(faults): Json<serde_json::Value>| match faults[0]["operation"].as_str() {
        Some(_) => (StatusCode::OK, Json(faults)),
        None => (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": "missing field `operation`" })),
        ),
    };
    let router = Router::new()
        .route(
            "/_sim/workspaces",
            get(async || Json(json!([{ "id_code": "abcd1234" }]))),
        )
        .route("/_sim/workspaces/0/overview", get(async move || overview()))
        .route("/_sim/workspaces/0/faults", axum::routing::put(faults));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    process.connection_at("here", "abcd1234", &address).await;
    process.connection("silent", "efgh5678", None, None).await;
    process
        .connection_at("real", "ijkl9012", "https://api.intercom.io")
        .await;
    let seen = ann.look("/simulator").await.text;
    assert!(
        seen.contains("Ducks") && seen.contains("no simulator answers there"),
        "{seen}"
    );
    assert!(
        seen.contains("/connections/silent") && !seen.contains("/connections/real"),
        "{seen}"
    );
    let path = "/simulator/here/faults";
    let set = ann
        .fill(
            "/simulator",
            path,
            &[("usual", ""), ("fault", r#"{"operation":"*"}"#)],
        )
        .await;
    assert_eq!(set.location, "/simulator", "{}", set.text);
    for (wrong, why) in [
        ("{", "is no object of JSON"),
        (r#"{"status":500}"#, "Missing field"),
        ("<b>", "is no object of JSON"),
    ] {
        let again = ann.fill("/simulator", path, &[("fault", wrong)]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(
            again.text.contains(why) && again.text.contains("aria-invalid"),
            "{wrong}: {}",
            again.text
        );
    }
    let elsewhere = ann
        .fill("/simulator", "/simulator/real/activity", &[("steps", "10")])
        .await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND, "{}", elsewhere.text);
    serving.abort();
    process.stop().await;
}
