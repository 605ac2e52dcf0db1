//! Who comes in, and who does not.

use serde_json::json;
use trunkline_server::ServerOptions;
use trunkline_store::Role;

use super::world::World;
use crate::harness::{Process, now, open};

/// Status of a question about oneself, asked without a key but with these headers.
async fn status(process: &Process, headers: &[(&str, &str)]) -> u16 {
    let mut request = process.http.get(process.url("/api/v1/caller"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn while_there_is_no_key_only_programs_on_this_machine_come_in() {
    let process = Process::start().await;
    let here = process.url("");
    let bare = here.trim_start_matches("http://").to_owned();
    let port = bare.rsplit_once(':').unwrap().1.to_owned();
    let localhost = format!("localhost:{port}");
    let cases: [(&[(&str, &str)], u16); 19] = [
        (&[], 200),
        (&[("host", &localhost)], 200),
        (&[("host", "[::1]:1")], 200),
        (&[("origin", &here)], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-origin"), ("origin", &here)], 200),
        (&[("host", "evil.example")], 401),
        (
            &[("host", "evil.example"), ("origin", "http://evil.example")],
            401,
        ),
        (
            &[
                ("host", "127.0.0.1.evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            401,
        ),
        (&[("host", "192.168.1.7")], 401),
        (&[("x-forwarded-for", "203.0.113.9")], 401),
        (&[("forwarded", "for=203.0.113.9")], 401),
        (&[("via", "1.1 proxy")], 401),
        (&[("authorization", "Bearer tlk_0")], 401),
        (&[("authorization", "")], 401),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
    ];
    for (headers, expected) in cases {
        assert_eq!(status(&process, headers).await, expected, "{headers:?}");
    }
    let form = process
        .http
        .post(process.url("/api/v1/keys"))
        .header("content-type", "text/plain")
        .body(r#"{"name":"evil","role":"admin"}"#);
    assert_eq!(
        form.send().await.unwrap().status(),
        415,
        "as a form of an old browser sends it"
    );
    assert!(!process.store.has_keys().await.unwrap());
    process.stop().await;
}

#[tokio::test]
async fn a_process_that_is_made_reachable_lets_nobody_in_without_a_key() {
    let published = |url: &'static str| {
        move |options: &mut ServerOptions| options.public_url = Some(url.parse().unwrap())
    };
    let behind_proxy =
        |options: &mut ServerOptions| options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let cases: [(Box<dyn FnOnce(&mut ServerOptions)>, u16); 4] = [
        (Box::new(published("https://trunkline.example.com")), 401),
        (Box::new(behind_proxy), 401),
        (Box::new(published("http://127.0.0.1:7070")), 200),
        (Box::new(published("http://localhost")), 200),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let process = Process::start_with(change).await;
        assert_eq!(status(&process, &[]).await, expected, "case {index}");
        process.stop().await;
    }
}

#[tokio::test]
async fn as_soon_as_there_is_a_key_a_key_is_needed() {
    let process = Process::start().await;
    let made = process
        .http
        .post(process.url("/api/v1/keys"))
        .header("content-type", "application/json")
        .body(r#"{"name":"first","role":"admin"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    assert_eq!(status(&process, &[]).await, 401);
    assert_eq!(status(&process, &[("authorization", &bearer)]).await, 200);
    let lower = bearer.replace("Bearer", "bearer");
    assert_eq!(status(&process, &[("authorization", &lower)]).await, 200);
    let elsewhere = [
        ("authorization", bearer.as_str()),
        ("host", "trunkline.example.com"),
    ];
    assert_eq!(
        status(&process, &elsewhere).await,
        200,
        "a proxy may name it as it likes"
    );
    process.stop().await;
}

#[tokio::test]
async fn whoever_does_not_come_in_reads_the_same_words_whatever_is_wrong() {
    let world = World::new().await;
    let (_, key) = world.key("admin");
    let (_, over) = world.key("spare");
    world.process.store.remove_key("spare").await.unwrap();
    let name = "authorization";
    let attempts: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![(name, String::new())],
        vec![(name, "Bearer".to_owned())],
        vec![(name, "Bearer ".to_owned())],
        vec![(name, format!("Bearer tlk_{}", "0".repeat(64)))],
        vec![(name, format!("Bearer {}", "x".repeat(8_000)))],
        vec![(name, over)],
        vec![(name, format!("{key}0"))],
        vec![(name, key.to_uppercase())],
        vec![(name, key.replace("Bearer", "Basic"))],
        vec![(name, key.replace("Bearer ", ""))],
        vec![(name, key.clone()), (name, key.clone())],
        vec![("x-api-key", key.replace("Bearer ", ""))],
        vec![("cookie", format!("key={}", key.replace("Bearer ", "")))],
    ];
    let mut seen = Vec::new();
    for headers in &attempts {
        for path in ["/caller", "/keys", "/connections/none", "/no/such/address"] {
            let answer = world.send("get", path, headers, "").await;
            assert_eq!(answer.status, 401, "{path} {headers:?}");
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            seen.push((answer.text, names));
        }
    }
    let query = format!("/caller?access_token={}", key.replace("Bearer ", ""));
    let answer = world.send("get", &query, &[], "").await;
    assert_eq!(answer.text, seen[0].0, "a key in an address is no key");
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    world.stop().await;
}

#[tokio::test]
async fn other_machines_are_listened_to_only_behind_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(&folder).await);
    let clock = std::sync::Arc::new(trunkline_client::ManualClock::new(now()));
    let options = ServerOptions::on(([0, 0, 0, 0], 0).into(), folder.path().to_owned());
    let start = || trunkline_server::Server::start(store.clone(), options.clone(), clock.clone());
    assert_eq!(start().await.unwrap_err().code(), "TL0602");
    store.add_key("first", Role::Read, now()).await.unwrap();
    let server = start().await.unwrap();
    let http = reqwest::Client::builder().build().unwrap();
    let url = format!("http://127.0.0.1:{}/api/v1/caller", server.address().port());
    assert_eq!(http.get(&url).send().await.unwrap().status(), 401);
    store.remove_key("first").await.unwrap();
    let without_any = http.get(&url).send().await.unwrap().status();
    assert_eq!(without_any, 401, "nor when the last key is ended while it runs");
    server.stop().await;
    store.close().await;
}

#[tokio::test]
async fn the_last_key_of_an_admin_cannot_be_ended_from_afar() {
    let world = World::new().await;
    let refused = world.ask("admin", "delete", "/keys/admin", None).await;
    assert_eq!((refused.status, refused.code()), (409, "TL0631"));
    let second = json!({ "name": "second", "role": "admin" });
    assert_eq!(
        world.ask("admin", "post", "/keys", Some(&second)).await.status,
        201
    );
    assert_eq!(
        world.ask("admin", "delete", "/keys/admin", None).await.status,
        204
    );
    assert_eq!(
        world.ask("admin", "get", "/keys", None).await.status,
        401,
        "it is ended at once"
    );
    world.stop().await;
}
