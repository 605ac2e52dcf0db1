//! What is written down of an exchange of a grant, and by a log that is given more than it can take.

use std::sync::Arc;

use trunkline_client::{RequestLog as _, RequestRecord};
use trunkline_server::{Code, StoredLog, finish_grant};
use trunkline_store::{AppDetails, ConnectionSecrets, NewApp, RequestFilter};

use crate::harness::{Process, now};

#[tokio::test]
async fn an_exchange_is_written_down_without_code_and_secret() {
    let process = Process::start().await;
    let app = NewApp {
        name: "app".to_owned(),
        client_id: "app-client".to_owned(),
        client_secret: "hush-secret".into(),
        details: AppDetails {
            token_url: Some("http://127.0.0.1:1/auth/eagle/token".to_owned()),
            ..AppDetails::default()
        },
    };
    let app = process.store.add_app(&app, now()).await.unwrap();
    let mut connection = process.connection("acme", "abcd1234", Some(&app.id), None).await;
    connection.details.logs_requests = true;
    process
        .store
        .update_connection(&connection, &ConnectionSecrets::default(), now())
        .await
        .unwrap();
    let code = Code {
        code: &"hush-code".into(),
        redirect_uri: None,
        verifier: None,
    };
    let outcome = finish_grant(&process.store, &connection, &app, code, process.clock.clone()).await;
    assert!(outcome.is_err(), "nobody listens there");
    let kept = process
        .store
        .requests(&RequestFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].connection.as_str(), kept[0].status),
        (connection.id.as_str(), None)
    );
    assert!(kept[0].record.contains("oauth.exchange"), "{}", kept[0].record);
    assert!(!kept[0].record.contains("hush"), "{}", kept[0].record);
    process.stop().await;
}

fn record(at: &str) -> RequestRecord {
    let mut record = RequestRecord::default();
    at.clone_into(&mut record.at);
    record.operation = "contacts.get";
    record.status = Some(200);
    record
}

#[tokio::test]
async fn a_flood_is_written_as_far_as_there_is_room_and_what_is_left_out_is_counted() {
    let process = Process::start().await;
    let log = StoredLog::new(Arc::clone(&process.store), "acme");
    // The writer gets no turn in between: this task does not wait.
    for _ in 0..10_000 {
        log.record(&record("2026-11-21T00:00:00Z"));
    }
    log.record(&record("no time at all"));
    log.close().await;
    log.record(&record("2026-11-21T00:00:00Z"));
    let kept = process
        .store
        .requests(&RequestFilter::default(), 20_000)
        .await
        .unwrap()
        .len() as u64;
    assert!(kept >= 4_096, "{kept}");
    assert_eq!(kept + log.dropped(), 10_002);
    process.stop().await;
}
