//! An own certificate: what is served over it, and files that make none.

use std::path::PathBuf;

use trunkline_server::{Server, TlsFiles};

use crate::harness::{Process, answer, body, now, open, options, sign};

/// A certificate for `localhost` that nobody else trusts, made for these tests.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[tokio::test]
async fn notifications_are_received_over_an_own_certificate() {
    let mut process = Process::start_with(|options| {
        options.tls = Some(TlsFiles {
            certificate: file("localhost.pem"),
            key: file("localhost.key"),
        });
    })
    .await;
    process.app("mine", "hush").await;
    let certificate = std::fs::read(file("localhost.pem")).unwrap();
    process.http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&certificate).unwrap()])
        .build()
        .unwrap();
    let port = process.server.as_ref().unwrap().address().port();
    let text = body("abcd1234", "notif_1", "ping");
    let request = process
        .http
        .post(format!("https://localhost:{port}/webhooks/intercom"))
        .header("x-hub-signature", sign("hush", text.as_bytes()))
        .body(text);
    assert_eq!(answer(request).await.0, 200);
    assert_eq!(process.kept().await.len(), 1);
    let plain = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(process.url("/healthz"))
        .send()
        .await;
    assert!(plain.is_err(), "without TLS nothing is answered");
    process.stop().await;
}

#[tokio::test]
async fn files_that_make_no_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(&folder).await);
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let (certificate, key) = (file("localhost.pem"), file("localhost.key"));
    for (certificate, key, named) in [
        (folder.path().join("none.pem"), key.clone(), "none.pem"),
        (certificate.clone(), folder.path().join("none.key"), "none.key"),
        (empty.clone(), key.clone(), "empty.pem"),
        (certificate.clone(), certificate.clone(), "localhost.pem"),
        (key.clone(), key, "localhost.key"),
    ] {
        let mut options = options(&folder);
        options.tls = Some(TlsFiles { certificate, key });
        let clock = std::sync::Arc::new(trunkline_client::ManualClock::new(now()));
        let error = Server::start(std::sync::Arc::clone(&store), options, clock)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TL0603");
        assert!(error.to_string().contains(named), "{error}");
    }
    store.close().await;
}
