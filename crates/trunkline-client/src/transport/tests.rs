//! The real network against servers in the same process: what a refused, cut, slow or redirected exchange becomes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use trunkline_catalog::Version;

use super::*;
use crate::{Call, Client, Connection, ErrorKind, testing};

fn client(address: SocketAddr, attempts: u32, timeout: Duration) -> Client {
    let mut settings = testing::settings();
    settings.retry.max_attempts = attempts;
    settings.retry.base = Duration::from_millis(1);
    settings.timeout = timeout;
    let connection = Connection::at(
        &format!("http://{address}"),
        testing::TOKEN.into(),
        Version::V2_16,
    )
    .unwrap();
    Client::new(connection, settings).unwrap()
}

const LONG: Duration = Duration::from_secs(60);

fn get_thing() -> Call {
    Call::new("test.get").path("id", "a b")
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn serve(router: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Answers every connection's first request with these bytes and closes it.
async fn raw(answer: &'static str) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 4_096];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_call_goes_over_a_real_socket() {
    let router = Router::new().route(
        "/things/{id}",
        get(
            |headers: http::HeaderMap, axum::extract::Path(id): axum::extract::Path<String>| async move {
                let named = |name: &str| headers[name].to_str().unwrap().to_owned();
                assert!(
                    !headers.contains_key("accept-encoding"),
                    "loopback answers need no compression"
                );
                format!(
                    r#"{{"id":"{id}","version":"{}","token":"{}"}}"#,
                    named("intercom-version"),
                    named("authorization")
                )
            },
        ),
    );
    let client = client(serve(router).await, 1, LONG);
    let answer = client.call(get_thing()).await.unwrap();
    let body: serde_json::Value = answer.json().unwrap();
    assert_eq!(body["id"], "a b");
    assert_eq!(body["version"], "2.16");
    assert_eq!(body["token"], format!("Bearer {}", testing::TOKEN));
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_given_up_after_three_attempts() {
    let (listener, address) = listen().await;
    drop(listener);
    let client = client(address, 8, LONG);
    let error = client.call(get_thing()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Network, 3));
    assert!(
        error.message.contains("refused")
            && error.message.contains(&address.to_string())
            && !error.message.contains("a b"),
        "{error}"
    );
    assert_eq!((client.requests_sent(), client.budget().in_flight), (3, 0));
}

#[tokio::test]
async fn a_cut_body_and_a_server_that_is_none_are_network_errors() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "",
    ] {
        let error = client(raw(answer).await, 2, LONG)
            .call(get_thing())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.attempts),
            (ErrorKind::Network, 2),
            "{answer:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_body_that_stalls_times_out() {
    let router = Router::new().route(
        "/things/{id}",
        get(|| async {
            let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"id\":"))]);
            Body::from_stream(futures::StreamExt::chain(first, futures::stream::pending()))
        }),
    );
    let error = client(serve(router).await, 2, Duration::from_millis(100))
        .call(get_thing())
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Timeout, 2));
}

#[tokio::test]
async fn the_token_never_follows_a_redirect() {
    let asked = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&asked);
    let other = serve(Router::new().fallback(move || {
        seen.fetch_add(1, Ordering::SeqCst);
        async { "{}" }
    }))
    .await;
    let to = format!("http://{other}/");
    let router = Router::new().fallback(move || {
        let to = to.clone();
        async move { (http::StatusCode::FOUND, [("location", to)]) }
    });
    let error = client(serve(router).await, 1, LONG)
        .call(get_thing())
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::BadAnswer, Some(302)));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}
