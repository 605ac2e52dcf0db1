//! What a change does: to what is kept, and to what is shown.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trunkline_store::{NotificationFilter, NotificationState};

use super::world::{World, connection, mirror};
use crate::harness::{body, now};

/// A workspace that says who it is, and its address.
async fn workspace() -> String {
    let me = json!({
        "type": "admin", "id": "7",
        "app": { "type": "app", "id_code": "abcd1234", "name": "Acme", "timezone": "UTC", "region": "EU" },
    });
    let router = Router::new().route("/me", get(async move || Json(me)));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_connection_is_kept_as_given_and_its_secrets_sealed() {
    let world = World::with(|options| {
        options.public_url = Some("https://trunkline.example.com/t/".parse().unwrap());
    })
    .await;
    let added = world
        .ask("admin", "post", "/connections", Some(&connection("new")))
        .await;
    assert_eq!(added.status, 201);
    let expected = json!({
        "name": "new", "is_default": false, "state": "new", "app": "hub", "region": "eu",
        "base_url": "https://api.eu.intercom.io", "api_version": "2.14", "logs_requests": true, "notes": "Zoë's",
        "has_token": true, "has_webhook_secret": true, "workspace": null,
        "webhook_url": "https://trunkline.example.com/t/webhooks/new",
        "authorize_url": "https://auth.example/oauth", "token_url": "https://auth.example/token",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&added.json[name], value, "{name}");
    }
    let id = added.json["id"].as_str().unwrap();
    let secrets = world.process.store.connection_secrets(id).await.unwrap();
    assert_eq!(secrets.token.unwrap().expose_secret(), "dG9r-new-token");
    let change = json!({ "app": null, "authorize_url": null, "notes": "", "base_url": "http://127.0.0.1:9" });
    let changed = world
        .ask("admin", "patch", "/connections/new", Some(&change))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    for (name, value) in [
        ("app", Value::Null),
        ("authorize_url", Value::Null),
        ("token_url", json!("https://auth.example/token")),
        ("region", Value::Null),
        ("has_token", json!(true)),
    ] {
        assert_eq!(changed.json[name], value, "{name}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_connection_is_renamed_chosen_and_forgotten() {
    let world = World::new().await;
    let name = json!({ "name": "main" });
    let renamed = world
        .ask("admin", "post", "/connections/spare/rename", Some(&name))
        .await;
    assert_eq!((renamed.status, &renamed.json["name"]), (200, &json!("main")));
    assert_eq!(
        world.ask("read", "get", "/connections/spare", None).await.status,
        404
    );
    let chosen = world
        .ask("admin", "post", "/connections/main/default", None)
        .await;
    assert_eq!(chosen.json["is_default"], true);
    let acme = world.ask("read", "get", "/connections/acme", None).await;
    assert_eq!(acme.json["is_default"], false);
    let refused = world.ask("admin", "delete", "/connections/acme", None).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "TL0509"),
        "a mirror uses it"
    );
    assert_eq!(
        world
            .ask("admin", "delete", "/connections/main", None)
            .await
            .status,
        204
    );
    let left = world.ask("read", "get", "/connections", None).await;
    assert_eq!(left.json["items"].as_array().unwrap().len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_test_says_which_workspace_answers_or_why_none_does() {
    let world = World::new().await;
    let failed = world.ask("operate", "post", "/connections/acme/test", None).await;
    assert_eq!((failed.status, &failed.json["works"]), (200, &json!(false)));
    let code = failed.json["error"]["code"].as_str().unwrap();
    assert!(code.starts_with("TL01"), "{}", failed.text);
    let there = json!({ "base_url": workspace().await });
    assert_eq!(
        world
            .ask("admin", "patch", "/connections/acme", Some(&there))
            .await
            .status,
        200
    );
    let paused = world
        .ask("operate", "post", "/connections/acme/pause", None)
        .await;
    assert_eq!(paused.json["state"], "paused");
    let tested = world.ask("operate", "post", "/connections/acme/test", None).await;
    assert_eq!(tested.json["works"], true, "{}", tested.text);
    assert_eq!(
        tested.json["connection"]["state"], "paused",
        "a test changes no pause"
    );
    let resumed = world
        .ask("operate", "post", "/connections/acme/resume", None)
        .await;
    assert_eq!(resumed.json["connection"]["state"], "ready", "{}", resumed.text);
    assert_eq!(resumed.json["connection"]["workspace"]["name"], "Acme");
    let bare = json!({ "name": "bare" });
    world.ask("admin", "post", "/connections", Some(&bare)).await;
    let without = world.ask("operate", "post", "/connections/bare/test", None).await;
    assert_eq!(without.json["error"]["code"], "TL0605");
    world.stop().await;
}

#[tokio::test]
async fn a_webhook_secret_that_is_given_is_the_one_that_counts() {
    let world = World::new().await;
    let text = body("abcd1234", "notif_new", "ping");
    assert_eq!(
        world.process.notify("/webhooks/acme", "another", &text).await.0,
        401
    );
    let change = json!({ "webhook_secret": "another" });
    world
        .ask("admin", "patch", "/connections/acme", Some(&change))
        .await;
    world.process.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(
        world.process.notify("/webhooks/acme", "another", &text).await.0,
        200
    );
    world.stop().await;
}

#[tokio::test]
async fn a_mirror_is_added_paused_let_go_on_run_and_forgotten() {
    let world = World::new().await;
    let added = world.ask("admin", "post", "/mirrors", Some(&mirror("new"))).await;
    for (name, value) in mirror("new").as_object().unwrap() {
        assert_eq!(&added.json[name], value, "{name}");
    }
    let paused = world.ask("operate", "post", "/mirrors/new/pause", None).await;
    assert_eq!(paused.json["is_paused"], true);
    let refused = world.ask("operate", "post", "/mirrors/new/run", None).await;
    assert_eq!((refused.status, refused.code()), (409, "TL0633"));
    world.process.clock.advance(SignedDuration::from_mins(5));
    let due = (now() + SignedDuration::from_mins(5)).to_string();
    let resumed = world.ask("operate", "post", "/mirrors/new/resume", None).await;
    assert_eq!(
        (&resumed.json["is_paused"], &resumed.json["next_run_at"]),
        (&json!(false), &json!(due))
    );
    let run = world.ask("operate", "post", "/mirrors/all/run", None).await;
    assert_eq!((run.status, &run.json["next_run_at"]), (202, &json!(due)));
    let shown = world
        .ask(
            "read",
            "get",
            &format!("/mirrors/all/runs/{}", world.runs[0]),
            None,
        )
        .await;
    assert_eq!(shown.json["report"], json!({ "streams": [] }));
    let other = world
        .ask(
            "read",
            "get",
            &format!("/mirrors/new/runs/{}", world.runs[0]),
            None,
        )
        .await;
    assert_eq!(other.status, 404, "a run is shown under its own mirror");
    assert_eq!(
        world.ask("admin", "delete", "/mirrors/all", None).await.status,
        204
    );
    assert_eq!(world.ask("read", "get", "/mirrors/all", None).await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn a_notification_is_shown_letter_by_letter_and_replayed_alone_or_with_others() {
    let world = World::new().await;
    let shown = world.ask("read", "get", "/notifications/notif_2", None).await;
    assert_eq!(
        shown.json["body"],
        json!(body("abcd1234", "notif_2", "contact.user.created"))
    );
    let store = Arc::clone(&world.process.store);
    let lease = store
        .take_lease("notifications", "test", SignedDuration::from_mins(1), now())
        .await
        .unwrap()
        .unwrap();
    let all = store
        .notifications(&NotificationFilter::default(), 10)
        .await
        .unwrap();
    let done: Vec<_> = all
        .iter()
        .map(|notification| trunkline_store::Kept::Done(notification.seq))
        .collect();
    store.settle(&lease, &done).await.unwrap();
    let waiting = async || {
        let filter = NotificationFilter {
            state: Some(NotificationState::Waiting),
            ..NotificationFilter::default()
        };
        store.count_notifications(&filter).await.unwrap()
    };
    assert_eq!(waiting().await, 0);
    let one = world
        .ask("operate", "post", "/notifications/notif_2/replay", None)
        .await;
    assert_eq!((&one.json, waiting().await), (&json!({ "replayed": 1 }), 1));
    let late = json!({ "since": (now() + SignedDuration::from_secs(3)).to_string(), "state": "done" });
    let two = world
        .ask("operate", "post", "/notifications/replay", Some(&late))
        .await;
    assert_eq!((&two.json, waiting().await), (&json!({ "replayed": 2 }), 3));
    let none = json!({ "topics": ["no.such.topic"] });
    let none = world
        .ask("operate", "post", "/notifications/replay", Some(&none))
        .await;
    assert_eq!(none.json, json!({ "replayed": 0 }));
    world.stop().await;
}

#[tokio::test]
async fn a_key_opens_what_its_role_allows_until_it_is_ended() {
    let world = World::new().await;
    let new = json!({ "name": "ops", "role": "operate" });
    let made = world.ask("admin", "post", "/keys", Some(&new)).await;
    let key = [(
        "authorization",
        format!("Bearer {}", made.json["key"].as_str().unwrap()),
    )];
    let caller = world.send("get", "/caller", &key, "").await;
    assert_eq!(caller.json, json!({ "key": "ops", "role": "operate" }));
    assert_eq!(
        world.send("post", "/mirrors/all/pause", &key, "").await.status,
        200
    );
    assert_eq!(world.send("get", "/keys", &key, "").await.status, 403);
    assert_eq!(world.ask("admin", "delete", "/keys/ops", None).await.status, 204);
    assert_eq!(world.send("get", "/caller", &key, "").await.status, 401);
    world.stop().await;
}

#[tokio::test]
async fn every_change_stands_in_the_audit_log_with_who_made_it_and_nothing_else_does() {
    let world = World::new().await;
    let last = async || {
        let audit = world.ask("admin", "get", "/audit?limit=1", None).await;
        let entry = audit.json["items"][0].clone();
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        (text("by_whom"), text("deed"), text("subject"))
    };
    let deeds = [
        (
            "post",
            "/connections",
            Some(connection("new")),
            "connections.add",
            "new",
        ),
        (
            "post",
            "/connections/new/rename",
            Some(json!({ "name": "newer" })),
            "connections.rename",
            "new",
        ),
        (
            "post",
            "/people",
            Some(json!({ "name": "cat", "role": "read" })),
            "people.invite",
            "cat",
        ),
        (
            "post",
            "/keys",
            Some(json!({ "name": "k", "role": "read" })),
            "keys.add",
            "k",
        ),
        ("delete", "/keys/k", None, "keys.remove", "k"),
        ("post", "/mirrors/all/pause", None, "mirrors.pause", "all"),
    ];
    for (method, path, body, deed, subject) in deeds {
        let done = world.ask("admin", method, path, body.as_ref()).await;
        assert!(done.status < 300, "{deed}: {}", done.text);
        let expected = ("key admin".to_owned(), deed.to_owned(), subject.to_owned());
        assert_eq!(last().await, expected);
        // Neither a look nor what is refused is a change.
        world.ask("admin", "get", "/connections", None).await;
        world.ask("read", method, path, body.as_ref()).await;
        assert_eq!(last().await, expected);
    }
    world.stop().await;
}
