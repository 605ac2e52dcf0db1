//! Tokens that end: renewed in time, once, by whoever is first; and what happens when nothing renews them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use trunkline_client::Settings;
use trunkline_server::connect;
use trunkline_store::ConnectionState;

use crate::harness::{Process, now};

/// A sign-in that renews as long as it is asked with what it gave last.
async fn sign_in() -> (String, Arc<AtomicUsize>) {
    async fn token(State(count): State<Arc<AtomicUsize>>, form: String) -> (StatusCode, Json<Value>) {
        let number = count.load(Ordering::SeqCst);
        if !form.contains("grant_type=refresh_token")
            || !form.contains(&format!("refresh_token=renew-{number}"))
        {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
        }
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let grant = json!({
            "token_type": "Bearer",
            "access_token": format!("token-{number}"),
            "refresh_token": format!("renew-{number}"),
            "expires_in": 3_600,
        });
        (StatusCode::OK, Json(grant))
    }
    let count = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route("/auth/eagle/token", post(token))
        .with_state(Arc::clone(&count));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, count)
}

/// Keeps a connection whose token ends after some seconds, renewed at a sign-in by a word.
async fn keep(process: &Process, url: &str, ends_in: i64, renew: Option<&str>) -> String {
    let app = process.app("mine", "hush").await;
    let mut connection = process.connection("acme", "abcd1234", Some(&app), None).await;
    url.clone_into(&mut connection.details.base_url);
    connection.details.token_expires_at = Some(now() + SignedDuration::from_secs(ends_in));
    let store = &process.store;
    store
        .update_connection(&connection, &trunkline_store::ConnectionSecrets::default(), now())
        .await
        .unwrap();
    store
        .keep_grant(
            &connection,
            &"token-0".into(),
            renew.map(Into::into).as_ref(),
            now(),
        )
        .await
        .unwrap();
    connection.id
}

async fn token(process: &Process, id: &str) -> String {
    let secrets = process.store.connection_secrets(id).await.unwrap();
    secrets.token.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_once_however_many_want_it() {
    for (ends_in, renewals) in [(61, 0), (59, 1), (-5, 1)] {
        let (url, count) = sign_in().await;
        let process = Process::start().await;
        let id = keep(&process, &url, ends_in, Some("renew-0")).await;
        let open = || {
            connect(
                &process.store,
                Some("acme"),
                None,
                Settings::new(process.clock.clone()),
            )
        };
        let (one, two, three) = tokio::join!(open(), open(), open());
        for opened in [one, two, three] {
            opened.unwrap().close().await;
        }
        assert_eq!(count.load(Ordering::SeqCst), renewals, "{ends_in}");
        assert_eq!(token(&process, &id).await, format!("token-{renewals}"));
        process.clock.advance(SignedDuration::from_secs(3_590));
        open().await.unwrap().close().await;
        assert_eq!(
            token(&process, &id).await,
            format!("token-{}", renewals + 1),
            "what came renews again"
        );
        process.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_ends_and_is_not_renewed_needs_a_new_grant() {
    for (renew, reason) in [
        (None, "nothing renews it"),
        (Some("renew-9"), "could not be renewed"),
    ] {
        let (url, _) = sign_in().await;
        let process = Process::start().await;
        keep(&process, &url, 10, renew).await;
        let settings = Settings::new(process.clock.clone());
        let error = connect(&process.store, Some("acme"), None, settings)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TL0606", "{error}");
        let connection = process.store.connection("acme").await.unwrap();
        assert_eq!(connection.state, ConnectionState::NeedsGrant);
        assert!(connection.reason.unwrap().contains(reason));
        process.stop().await;
    }
}

#[tokio::test]
async fn a_sign_in_that_does_not_answer_ends_no_grant() {
    let process = Process::start().await;
    keep(&process, "http://127.0.0.1:1", 10, Some("renew-0")).await;
    let settings = Settings::new(process.clock.clone());
    let error = connect(&process.store, Some("acme"), None, settings)
        .await
        .unwrap_err();
    assert_ne!(error.code(), "TL0606", "{error}");
    assert!(process.store.connection("acme").await.unwrap().state.is_usable());
    process.stop().await;
}
