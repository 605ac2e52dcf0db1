//! Notifications: what is kept, and what is refused.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use trunkline_server::Server;

use crate::harness::{Process, answer, body, now, open, options, sign};

const SHARED: &str = "/webhooks/intercom";

#[tokio::test]
async fn a_signed_notification_is_kept_byte_by_byte_and_once() {
    let process = Process::start().await;
    let app = process.app("mine", "hush").await;
    let text = body("abcd1234", "notif_1", "contact.user.created").replace("\"1\"", "\"Zoë ünd 日本\"");
    for _ in 0..3 {
        assert_eq!(process.notify(SHARED, "hush", &text).await, (200, String::new()));
    }
    let kept = process.kept().await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].body, text.as_bytes());
    assert_eq!(
        (kept[0].workspace.as_str(), kept[0].topic.as_str()),
        ("abcd1234", "contact.user.created")
    );
    assert_eq!((&kept[0].via, kept[0].created_at), (&app, Some(now())));
    assert_eq!(
        process
            .notify(SHARED, "hush", &body("abcd1234", "notif_2", "no.such.topic"))
            .await
            .0,
        200
    );
    assert_eq!(
        process.kept().await[1].topic,
        "no.such.topic",
        "an unknown topic is kept and shown"
    );
    process.stop().await;
}

#[tokio::test]
async fn the_check_of_an_address_is_answered_alike_for_every_name() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, Some("hush")).await;
    for path in [SHARED, "/webhooks/acme", "/webhooks/none"] {
        for method in [reqwest::Method::HEAD, reqwest::Method::GET] {
            assert_eq!(
                answer(process.http.request(method, process.url(path))).await.0,
                200,
                "{path}"
            );
        }
    }
    for path in [
        "/webhooks",
        "/webhooks/",
        "/webhooks/acme/more",
        "/webhooks/../healthz%2f",
    ] {
        assert_eq!(answer(process.http.get(process.url(path))).await.0, 404, "{path}");
    }
    assert_eq!(
        answer(process.http.put(process.url(SHARED)).body("x")).await.0,
        405
    );
    process.stop().await;
}

#[tokio::test]
async fn whatever_is_not_signed_with_a_known_secret_is_refused_in_the_same_words() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    process
        .connection("acme", "abcd1234", None, Some("acme-hush"))
        .await;
    process.connection("bare", "bare0000", None, None).await;
    process.connection("blank", "blank000", None, Some("")).await;
    let text = body("abcd1234", "notif_1", "ping");
    let bytes = text.as_bytes();
    let changed = sign("hush", text.replace("ping", "pong").as_bytes());
    let cases: Vec<(&str, Option<String>)> = vec![
        (SHARED, None),
        (SHARED, Some(String::new())),
        (SHARED, Some("sha1=".to_owned())),
        (SHARED, Some(changed)),
        (SHARED, Some(sign("other", bytes))),
        (SHARED, Some(sign("", bytes))),
        (SHARED, Some(sign("hush", bytes).replace("sha1", "sha256"))),
        (SHARED, Some(sign("hush", bytes)[..20].to_owned())),
        ("/webhooks/acme", Some(sign("hush", bytes))),
        ("/webhooks/bare", Some(sign("hush", bytes))),
        ("/webhooks/bare", Some(sign("", bytes))),
        ("/webhooks/blank", Some(sign("", bytes))),
        ("/webhooks/none", Some(sign("hush", bytes))),
        ("/webhooks/..%2Facme", Some(sign("acme-hush", bytes))),
        ("/webhooks/acme%00", Some(sign("acme-hush", bytes))),
    ];
    let mut words = Vec::new();
    for (path, signature) in cases {
        let mut request = process.http.post(process.url(path)).body(text.clone());
        if let Some(signature) = &signature {
            request = request.header("x-hub-signature", signature);
        }
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path} {signature:?}");
        words.push(refused.text().await.unwrap());
    }
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    let twice = process
        .http
        .post(process.url(SHARED))
        .header("x-hub-signature", sign("hush", bytes))
        .header("x-body-signature", sign("hush", bytes))
        .body(text.clone());
    assert_eq!(answer(twice).await.0, 401, "two signatures are one too many");
    assert!(process.kept().await.is_empty());
    process.stop().await;
}

#[tokio::test]
async fn each_of_several_secrets_is_tried() {
    let process = Process::start().await;
    let one = process.app("one", "first").await;
    process.app("two", "second").await;
    process
        .connection("acme", "abcd1234", Some(&one), Some("own"))
        .await;
    let cases = [
        (SHARED, "first", 200),
        (SHARED, "second", 200),
        (SHARED, "own", 200),
        ("/webhooks/acme", "first", 200),
        ("/webhooks/acme", "own", 200),
        ("/webhooks/acme", "second", 401),
    ];
    for (index, (path, secret, status)) in cases.into_iter().enumerate() {
        let text = body("abcd1234", &format!("notif_{index}"), "ping");
        assert_eq!(
            process.notify(path, secret, &text).await.0,
            status,
            "{path} {secret}"
        );
    }
    let other_header = process
        .http
        .post(process.url(SHARED))
        .header(
            "X-Body-Signature",
            sign("second", body("w", "n", "ping").as_bytes()),
        )
        .body(body("w", "n", "ping"));
    assert_eq!(answer(other_header).await.0, 200);
    process.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_added_or_removed_later_counts() {
    let process = Process::start().await;
    let text = body("abcd1234", "notif_1", "ping");
    assert_eq!(process.notify(SHARED, "hush", &text).await.0, 401);
    process.app("mine", "hush").await;
    process.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(process.notify(SHARED, "hush", &text).await.0, 200);
    process.store.remove_app("mine").await.unwrap();
    process.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(process.notify(SHARED, "hush", &text).await.0, 401);
    process.stop().await;
}

#[tokio::test]
async fn an_address_of_one_workspace_takes_no_other_and_what_is_no_notification_is_refused() {
    let process = Process::start_with(|options| options.body_limit = 2_000).await;
    process.connection("acme", "abcd1234", None, Some("hush")).await;
    let named = "/webhooks/acme";
    let long = format!(
        "{{\"app_id\":\"abcd1234\",\"topic\":\"ping\",\"data\":\"{}\"}}",
        "x".repeat(2_000)
    );
    let elsewhere = body("other000", "notif_1", "ping");
    let good = body("abcd1234", "notif_1", "ping");
    let deep = b"[".repeat(1_900);
    let cases: [(&[u8], u16, &str); 8] = [
        (elsewhere.as_bytes(), 403, "TL0613"),
        (b"", 400, "TL0612"),
        (b"{", 400, "TL0612"),
        (b"\xff\xfe\x00", 400, "TL0612"),
        (b"{\"app_id\":\"abcd1234\"}", 400, "TL0612"),
        (&deep, 400, "TL0612"),
        (long.as_bytes(), 413, "TL0616"),
        (good.as_bytes(), 200, ""),
    ];
    for (bytes, status, code) in cases {
        let told = process.send(named, bytes, Some(&sign("hush", bytes))).await;
        assert_eq!(
            told,
            (status, code.to_owned()),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    assert_eq!(process.kept().await.len(), 1);
    process.stop().await;
}

#[tokio::test]
async fn old_notifications_are_refused_only_when_that_is_asked_for() {
    for (max_age, age, status) in [
        (None, 1_000_000, 200),
        (Some(3_600), 3_600, 200),
        (Some(3_600), 3_601, 403),
        (Some(3_600), -60, 200),
    ] {
        let process =
            Process::start_with(|options| options.webhook_max_age = max_age.map(Duration::from_secs)).await;
        process.app("mine", "hush").await;
        process.clock.advance(SignedDuration::from_secs(age));
        let told = process
            .notify(SHARED, "hush", &body("abcd1234", "notif_1", "ping"))
            .await;
        assert_eq!(told.0, status, "{max_age:?} {age}");
        process.stop().await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_keep_it_asks_for_it_again() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    assert_eq!(
        process
            .notify(SHARED, "hush", &body("a", "notif_1", "ping"))
            .await
            .0,
        200
    );
    process.store.close().await;
    let text = body("a", "notif_2", "ping");
    let request = process
        .http
        .post(process.url(SHARED))
        .header("x-hub-signature", sign("hush", text.as_bytes()))
        .body(text);
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "60");
    assert_eq!(answer(process.http.get(process.url("/readyz"))).await.0, 503);
    assert_eq!(answer(process.http.get(process.url("/healthz"))).await.0, 200);
}

#[tokio::test]
async fn a_full_disk_asks_for_it_again_and_loses_nothing_that_was_answered() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    process.store.limit_pages(1).await.unwrap();
    let filler = "x".repeat(20_000);
    let text = |index: u32| {
        body("a", &format!("notif_{index}"), "ping").replace("\"contact\"", &format!("\"{filler}\""))
    };
    let mut answered = 0;
    let refused = loop {
        let told = process.notify(SHARED, "hush", &text(answered)).await;
        if told.0 != 200 {
            break told;
        }
        answered += 1;
        assert!(answered < 100, "the disk is never full");
    };
    assert_eq!(refused, (503, "TL0503".to_owned()));
    assert_eq!(process.kept().await.len(), answered as usize);
    process.store.limit_pages(1 << 20).await.unwrap();
    assert_eq!(
        process.notify(SHARED, "hush", &text(answered)).await.0,
        200,
        "sent again, it is kept"
    );
    assert_eq!(process.kept().await.len(), answered as usize + 1);
    process.stop().await;
}

#[tokio::test]
async fn the_figures_count_what_became_of_notifications() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    let text = body("a", "notif_1", "ping");
    process.notify(SHARED, "hush", &text).await;
    process.notify(SHARED, "hush", &text).await;
    process.notify(SHARED, "wrong", &text).await;
    let figures = process.http.get(process.url("/metrics")).send().await.unwrap();
    assert!(
        figures.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let figures = figures.text().await.unwrap();
    for line in [
        "trunkline_notifications_total{outcome=\"kept\"} 1",
        "trunkline_notifications_total{outcome=\"repeated\"} 1",
        "trunkline_notifications_total{outcome=\"TL0611\"} 1",
        "trunkline_receive_seconds_count 2",
        "# EOF",
    ] {
        assert!(figures.lines().any(|found| found == line), "{line}\n{figures}");
    }
    process.stop().await;
}

#[tokio::test]
async fn what_was_answered_with_200_is_there_after_the_process_is_gone() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    for index in 0..20 {
        assert_eq!(
            process
                .notify(SHARED, "hush", &body("a", &format!("notif_{index}"), "ping"))
                .await
                .0,
            200
        );
    }
    let folder = process.stop().await;
    let store = Arc::new(open(&folder).await);
    let server = Server::start(
        Arc::clone(&store),
        options(&folder),
        Arc::new(trunkline_client::ManualClock::new(now())),
    )
    .await;
    assert_eq!(
        store
            .count_notifications(&trunkline_store::NotificationFilter::default())
            .await
            .unwrap(),
        20
    );
    server.unwrap().stop().await;
    store.close().await;
}

#[tokio::test]
async fn others_than_this_machine_are_let_in_only_when_there_is_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder).await);
    let everywhere =
        || trunkline_server::ServerOptions::on(([0, 0, 0, 0], 0).into(), folder.path().to_owned());
    let clock = || Arc::new(trunkline_client::ManualClock::new(now()));
    let refused = Server::start(Arc::clone(&store), everywhere(), clock())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "TL0602");
    store
        .add_key("ops", trunkline_store::Role::Admin, now())
        .await
        .unwrap();
    Server::start(Arc::clone(&store), everywhere(), clock())
        .await
        .unwrap()
        .stop()
        .await;
    store.close().await;
}
