//! Where a request by hand may go, what it may bring, and that it passes the same stack. Nothing leaves the machine.

use std::sync::Arc;

use super::*;
use crate::testing::{self, Memory, Reply, Scripted, broken, client, client_with, reply, reply_with};

fn raw(method: Method, path: &str) -> RawCall {
    RawCall::new(method, path).unwrap()
}

#[test]
fn a_path_that_could_lead_elsewhere_is_refused() {
    for path in [
        "",
        " ",
        "/",
        "https://api.intercom.io/segments",
        "HTTPS://example.org/",
        "https:/segments",
        "https:segments",
        "javascript:alert(1)",
        "example.org:443/segments",
        "//example.org/segments",
        "///example.org",
        "/\\example.org",
        "\\\\example.org\\x",
        "ana@example.org/segments",
        "user:secret@example.org/segments",
        "/segments\nHost: example.org",
        "/seg\tments",
        "\t//example.org",
        " /segments",
        "/segments ",
        "/../segments",
        "/contacts/../segments",
        "/contacts/..",
        "/contacts/./1",
        "/contacts/%2e%2E/segments",
        "/contacts/.%2e",
        "/contacts//tags",
        "/contacts/{id}",
        "/segments#top",
        "/contacts?x=1#y",
        "/contacts/100%",
        "/contacts/%zz",
        "/contacts/%0d%0aHost:x",
        "/contacts/%7F",
        "/contacts?x=%",
        "/contacts\u{85}",
    ] {
        let error = RawCall::new(Method::Get, path).unwrap_err();
        assert_eq!(error.code(), "TL0130", "{path:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_arrives_as_it_was_written() {
    for (path, query, target) in [
        ("/segments", &[] as &[(&str, &str)], "/segments"),
        ("segments", &[], "/segments"),
        ("/segments/", &[], "/segments/"),
        ("segments?include_count=true", &[], "/segments?include_count=true"),
        (
            "/contacts?per_page=5",
            &[("starting_after", "a&b=c"), ("per_page", "6")],
            "/contacts?per_page=5&starting_after=a%26b%3Dc&per_page=6",
        ),
        ("/contacts", &[("", ""), ("ü", " ")], "/contacts?=&%C3%BC=%20"),
        (
            "/contacts/find_by_external_id/ana@example.org:1",
            &[],
            "/contacts/find_by_external_id/ana@example.org:1",
        ),
        ("/tags/my tag", &[], "/tags/my%20tag"),
        ("/contacts/a%2Fb", &[], "/contacts/a%2Fb"),
        ("/x?a=https://example.org/?b", &[], "/x?a=https://example.org/?b"),
        ("/x?a[]=\"é\"", &[], "/x?a[]=%22%C3%A9%22"),
    ] {
        let network = Scripted::replies(vec![reply(200, "{}")]);
        let call = query.iter().fold(raw(Method::Get, path), |call, (name, value)| {
            call.query(name, value)
        });
        client(&network).request(call).await.unwrap();
        assert_eq!(network.targets(), [target], "{path}");
    }
}

#[test]
fn headers_of_the_connection_and_of_the_transport_are_refused() {
    for (name, value) in [
        ("Authorization", "Bearer x"),
        (" authorization ", "Basic x"),
        ("Proxy-Authorization", "x"),
        ("Cookie", "a=b"),
        ("Host", "example.org"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Upgrade", "h2c"),
        ("Accept-Encoding", "br"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("", "x"),
        ("with space", "x"),
        ("name:", "x"),
        ("x-note", "a\r\nauthorization: b"),
        ("x-note", "a\u{0}"),
        ("Intercom-Version", "9.9"),
        ("Intercom-Version", ""),
    ] {
        let error = raw(Method::Get, "/segments").header(name, value).unwrap_err();
        assert_eq!(error.code(), "TL0131", "{name}");
        assert!(
            value.len() < 4 || name == "Intercom-Version" || !error.to_string().contains(value),
            "{error}"
        );
    }
    let twice = raw(Method::Get, "/segments")
        .header("X-Note", "1")
        .and_then(|call| call.header("x-note", "2"));
    assert!(twice.unwrap_err().to_string().contains("twice"));
}

#[test]
fn a_body_fits_its_method_and_its_type() {
    let typed = |content: &str| {
        raw(Method::Post, "/things")
            .header("Content-Type", content)
            .unwrap()
    };
    for (call, body, fits) in [
        (raw(Method::Post, "/tags"), "{\"name\":\"x\"}", true),
        (raw(Method::Post, "/tags"), "\u{feff}[1]", true),
        (raw(Method::Delete, "/tags/1"), "{}", true),
        (raw(Method::Post, "/tags"), "", false),
        (raw(Method::Post, "/tags"), "{\"name\":", false),
        (raw(Method::Post, "/tags"), "name=x", false),
        (raw(Method::Get, "/tags"), "{}", false),
        (typed("application/x-www-form-urlencoded"), "name=x", true),
        (typed("application/json; charset=utf-8"), "name=x", false),
    ] {
        let result = call.body(body);
        assert_eq!(result.is_ok(), fits, "{body:?}");
        if let Err(error) = result {
            assert_eq!(error.code(), "TL0132");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_connections_token_goes_along_and_the_version_that_was_asked_for() {
    let network = Scripted::new(|_| reply(200, "{}"));
    let client = client(&network);
    client.request(raw(Method::Get, "/segments")).await.unwrap();
    let call = raw(Method::Post, "/tags")
        .header("intercom-version", "2.11")
        .and_then(|call| call.header("Accept", "text/plain"))
        .and_then(|call| call.header("X-Note", "hello"))
        .and_then(|call| call.body("{}"))
        .unwrap();
    client.request(call).await.unwrap();
    let requests = network.requests();
    for (request, version, accept) in [
        (&requests[0], "2.16", "application/json"),
        (&requests[1], "2.11", "text/plain"),
    ] {
        let headers = request.headers();
        assert_eq!(headers["authorization"], format!("Bearer {}", testing::TOKEN));
        assert_eq!(
            (&headers["intercom-version"], &headers["accept"]),
            (&version.parse().unwrap(), &accept.parse().unwrap())
        );
    }
    assert_eq!(requests[1].headers()["content-type"], "application/json");
    assert_eq!(requests[1].headers()["x-note"], "hello");
    assert_eq!(requests[1].body(), "{}");
}

#[tokio::test(start_paused = true)]
async fn what_is_repeated_is_decided_by_the_operation_and_with_care_where_there_is_none() {
    // (method, path, first answer, whether a second request follows)
    let cases: Vec<(Method, &str, Reply, bool)> = vec![
        (Method::Get, "/segments", broken(), true),
        (Method::Get, "/beta/things", broken(), true),
        (Method::Get, "/beta/things", reply(500, ""), true),
        (Method::Get, "/segments", reply(404, "{}"), false),
        (Method::Post, "/contacts/search", broken(), true),
        (Method::Post, "/contacts", broken(), false),
        (Method::Post, "/contacts", reply(429, ""), true),
        (Method::Post, "/beta/things", broken(), false),
        (Method::Post, "/beta/things", reply(429, ""), true),
        (Method::Patch, "/beta/things", broken(), false),
        (Method::Put, "/contacts/1", broken(), true),
        (Method::Put, "/beta/things/1", broken(), false),
        (Method::Delete, "/contacts/1", broken(), false),
        (Method::Delete, "/contacts/1/tags/2", broken(), true),
        (Method::Delete, "/beta/things/1", broken(), false),
        (Method::Get, "/companies/scroll", broken(), true),
        (Method::Get, "/companies/scroll?scroll_param=x", broken(), false),
        // What a success holds is the caller's to judge.
        (Method::Get, "/segments", reply(200, ""), false),
        (Method::Get, "/segments", reply(200, "<html>"), false),
    ];
    for (method, path, first, repeated) in cases {
        let shown = format!("{method} {path} {first:?}");
        let network = Scripted::replies(vec![first, reply(200, "{}")]);
        let _ = client(&network).request(raw(method, path)).await;
        assert_eq!(network.targets().len() == 2, repeated, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_status_is_an_answer_and_says_what_it_means() {
    for (status, code) in [
        (200, None),
        (202, None),
        (204, None),
        (302, Some("TL0115")),
        (401, Some("TL0101")),
        (403, Some("TL0102")),
        (404, Some("TL0105")),
        (409, Some("TL0107")),
        (422, Some("TL0108")),
    ] {
        let location = [("location", "https://example.org/elsewhere")];
        let network = Scripted::replies(vec![reply_with(status, "{\"a\":1}", &location)]);
        let answer = client(&network)
            .request(raw(Method::Post, "/things"))
            .await
            .unwrap();
        assert_eq!((answer.status, &answer.body[..]), (status, &b"{\"a\":1}"[..]));
        assert_eq!(answer.headers["x-request-id"], "req1");
        assert_eq!(answer.refused.as_ref().map(CallError::code), code, "{status}");
        assert_eq!(network.targets(), ["/things"], "a redirect is not followed");
    }
    let network = Scripted::new(|_| broken());
    let error = client(&network)
        .request(raw(Method::Post, "/things"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Network);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_the_version_lacks_is_refused_before_it_is_sent() {
    let network = Scripted::new(|_| reply(200, "{}"));
    let client = client(&network);
    let old = raw(Method::Get, "/content/search")
        .header("Intercom-Version", "2.7")
        .unwrap();
    let error = client.request(old).await.unwrap_err();
    assert_eq!(
        (error.kind, error.operation.as_ref()),
        (ErrorKind::NotInVersion, "content.search")
    );
    assert!(network.targets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_no_values_of_a_path_that_nobody_knows() {
    for (path, told, operation) in [
        (
            "/contacts/6657adf6?email=ana@example.org",
            "/contacts/{id}",
            "contacts.get",
        ),
        ("/beta/ana@example.org/x?email=ana", "/beta/{}/{}", "request"),
        ("/Ana%20B", "/{}", "request"),
    ] {
        let network = Scripted::replies(vec![reply(200, r#"{"email":"ana@example.org"}"#)]);
        let log = Memory::new(true);
        let mut settings = testing::settings();
        settings.request_log = Some(Arc::<Memory>::clone(&log));
        let call = raw(Method::Get, path).header("Intercom-Version", "2.15").unwrap();
        assert!(!format!("{call:?}").contains("ana"), "{call:?}");
        client_with(&network, settings).request(call).await.unwrap();
        let records = log.records.lock().unwrap();
        let record = &records[0];
        assert_eq!(
            (record.path.as_ref(), record.operation, record.version),
            (told, operation, "2.15")
        );
        assert!(!format!("{record:?}").contains("ana"), "{record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_draft_shows_everything_but_the_token_and_sends_nothing() {
    let network = Scripted::new(|_| reply(200, "{}"));
    let client = client(&network);
    let call = raw(Method::Post, "/contacts/search?x=1")
        .body("{\"query\":{}}")
        .unwrap();
    let draft = client.draft(&call).unwrap();
    assert_eq!(draft.url, "http://127.0.0.1:1/contacts/search?x=1");
    assert_eq!(
        (draft.method, draft.operation, draft.effect),
        ("POST", Some("contacts.search"), Effect::Read)
    );
    let names: Vec<&str> = draft.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["accept", "user-agent", "content-type", "intercom-version"]
    );
    assert!(!format!("{draft:?}").contains(testing::TOKEN));
    assert!(network.targets().is_empty());
}
