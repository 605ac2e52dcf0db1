//! What those send who mean harm, and what must never be said.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::world::{World, connection};
use crate::harness::Process;

/// What comes back for bytes as they are.
async fn raw(process: &Process, request: &str) -> String {
    let address = process.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A socket that is closed in the middle of what was sent has been answered too.
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_address_leads_around_the_guard() {
    let process = Process::start().await;
    let close = "connection: close\r\n\r\n";
    let cases = [
        ("GET /api/v1/caller HTTP/1.1\r\nhost: 127.0.0.1", "200"),
        (
            "GET http://127.0.0.1/api/v1/caller HTTP/1.1\r\nhost: 127.0.0.1",
            "200",
        ),
        (
            "GET http://evil.example/api/v1/caller HTTP/1.1\r\nhost: 127.0.0.1",
            "401",
        ),
        (
            "GET http://127.0.0.1/api/v1/caller HTTP/1.1\r\nhost: evil.example",
            "401",
        ),
        (
            "GET /api/v1/caller HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example",
            "401",
        ),
        ("GET /api/v1/caller HTTP/1.0", "401"),
        (
            "GET /api/v1/connections/../keys HTTP/1.1\r\nhost: 127.0.0.1",
            "404",
        ),
        ("GET /api/v1/../../etc/passwd HTTP/1.1\r\nhost: 127.0.0.1", "404"),
        (
            "GET /api/v1/connections/..%2f..%2fkeys HTTP/1.1\r\nhost: 127.0.0.1",
            "404",
        ),
        (
            "GET /api/v1/connections/a%0d%0ax-evil:1 HTTP/1.1\r\nhost: 127.0.0.1",
            "404",
        ),
        ("GET //api/v1/keys HTTP/1.1\r\nhost: 127.0.0.1", "404"),
        ("GET /API/V1/keys HTTP/1.1\r\nhost: 127.0.0.1", "404"),
        ("GET /api/v1/keys/ HTTP/1.1\r\nhost: 127.0.0.1", "404"),
        ("GET /api/v1 HTTP/1.1\r\nhost: 127.0.0.1", "404"),
        ("TRACE /api/v1/caller HTTP/1.1\r\nhost: 127.0.0.1", "405"),
    ];
    for (request, expected) in cases {
        let answer = raw(&process, &format!("{request}\r\n{close}")).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(status, expected, "{request}\n{answer}");
        assert!(!answer.to_lowercase().contains("\r\nx-evil"), "{answer}");
    }
    process.stop().await;
}

#[tokio::test]
async fn what_is_given_never_becomes_a_header() {
    let world = World::new().await;
    for text in ["a\r\nset-cookie: x=y", "a\nb", "\u{0}", "\u{2028}"] {
        let new = json!({ "name": "new", "notes": text });
        let added = world.ask("admin", "post", "/connections", Some(&new)).await;
        assert_eq!((added.status, &added.json["notes"]), (201, &json!(text)));
        assert!(!added.headers.contains_key("set-cookie"));
        let shown = world.ask("read", "get", "/connections/new", None).await;
        assert_eq!(shown.json["notes"], text);
        world.ask("admin", "delete", "/connections/new", None).await;
        let named = json!({ "name": text });
        let refused = world.ask("admin", "post", "/connections", Some(&named)).await;
        assert_eq!((refused.status, refused.field()), (422, "name"));
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    let given = [world.key("read"), ("x-request-id", "mine".to_owned())];
    let answer = world.send("get", "/caller", &given, "").await;
    assert_ne!(answer.headers["x-request-id"], "mine");
    world.stop().await;
}

#[tokio::test]
async fn a_secret_that_was_given_is_never_shown() {
    let world = World::new().await;
    let mut secrets: Vec<String> = world.words().map(str::to_owned).collect();
    secrets.extend(
        [
            "hub-client-secret",
            "acme-webhook-secret",
            "spare-client-secret",
            "dG9r-new-token",
            "new-webhook-secret",
            "SHH-",
        ]
        .map(str::to_owned),
    );
    let mut said = Vec::new();
    let mut ask = async |method: &str, path: &str, body: Option<Value>| {
        said.push(world.ask("admin", method, path, body.as_ref()).await);
    };
    ask("post", "/connections", Some(connection("new"))).await;
    ask("post", "/connections", Some(connection("new"))).await;
    ask("post", "/connections/new/test", None).await;
    ask("post", "/connections/acme/resume", None).await;
    ask("patch", "/apps/hub", Some(json!({ "client_secret": "SHH-1" }))).await;
    let shapes = |secret: &str| {
        [
            json!([secret]),
            json!({ secret: 1 }),
            json!({ "value": secret }),
            json!(format!("{secret}\n")),
            json!(format!("{secret} \u{1} x")),
        ]
    };
    for value in shapes("SHH-2") {
        for field in ["token", "webhook_secret"] {
            ask("patch", "/connections/acme", Some(json!({ field: value }))).await;
            ask("post", "/connections", Some(json!({ "name": "A", field: value }))).await;
        }
        let app = json!({ "name": "A", "client_id": "i", "client_secret": value });
        ask("post", "/apps", Some(app)).await;
        ask("patch", "/apps/hub", Some(json!({ "client_secret": value }))).await;
    }
    let description = world.description().await;
    for (path, methods) in description["paths"].as_object().unwrap() {
        if methods.get("get").is_some() {
            for (name, id) in [("acme", "1"), ("hub", "1"), ("all", world.runs[0].as_str())] {
                let path = path.replace("{name}", name).replace("{id}", id);
                ask("get", &path, None).await;
            }
        }
    }
    let broken = [
        world.key("admin"),
        ("content-type", "application/json".to_owned()),
    ];
    said.push(
        world
            .send("patch", "/connections/acme", &broken, r#"{"token":"SHH-3"#)
            .await,
    );
    assert!(said.len() > 50);
    for answer in said {
        for secret in &secrets {
            assert!(
                !answer.text.contains(secret.as_str()),
                "{secret}: {}",
                answer.text
            );
        }
        let headers = format!("{:?}", answer.headers);
        assert!(!secrets.iter().any(|secret| headers.contains(secret.as_str())));
    }
    world.stop().await;
}
