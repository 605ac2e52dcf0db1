//! What careless and hostile callers send: every call gets the platform's own refusal, and the next call is answered as ever.

use serde_json::{Value, json};

use crate::harness::{Sim, TOKEN, id};

/// A call with a token and these headers at 2.16.
fn call(sim: &Sim, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> (u16, String) {
    let token = format!("Bearer {TOKEN}");
    let mut headers = vec![("authorization", token.as_str()), ("intercom-version", "2.16")];
    headers.extend(more);
    let got = sim.raw(method, path, &headers, body);
    if got.status < 400 {
        (got.status, String::new())
    } else {
        got.refusal()
    }
}

#[test]
fn bodies_that_are_no_object_of_json_are_refused() {
    let sim = Sim::new();
    let deep = "[".repeat(100_000);
    let deep_and_whole = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for path in [
        "/contacts",
        "/contacts/search",
        "/companies",
        "/messages",
        "/tags",
        "/tickets",
        "/conversations",
    ] {
        for body in [
            "{",
            "[1,2]",
            "[]",
            "5",
            "-0",
            "\"text\"",
            "true",
            "nul",
            "{\"a\":1}x",
            "{\"a\":}",
            "\u{0}",
            "{\"a\":\"\u{0}\"}",
            "\u{feff}{}",
            "{'a':1}",
            "{\"a\":1e999}",
            deep.as_str(),
            deep_and_whole.as_str(),
        ] {
            let shown: String = body.chars().take(20).collect();
            let (status, code) = call(&sim, "POST", path, &[("content-type", "application/json")], body);
            assert_eq!(
                (status, code.as_str()),
                (400, "parameter_invalid"),
                "{path} {shown}"
            );
        }
        let (status, _) = call(&sim, "POST", path, &[], "null");
        assert_eq!(status, 400, "{path}");
    }
    assert_eq!(sim.try_get("/me").status, 200);
}

#[test]
fn text_that_is_no_utf8_is_refused_wherever_it_stands() {
    let sim = Sim::new();
    let head = |line: &str, length: usize| {
        format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut body = head("POST /contacts", 21).into_bytes();
    body.extend_from_slice(b"{\"role\":\"\xC3\x28\xFF\xFE\xFA\xFB lead\"}");
    assert_eq!(sim.bytes(&body).refusal(), (400, "parameter_invalid".to_owned()));
    for (line, status) in [
        ("GET /contacts/%FF", 400),
        ("GET /contacts/%C3%28", 400),
        ("GET /companies?name=%E2%82", 400),
        ("GET /companies?%ff=1", 400),
        ("GET /contacts/%00", 404),
        ("GET /contacts/caf%C3%A9", 404),
        ("GET /contacts/%", 404),
        ("GET /contacts/%2F%2e%2e%2fme", 404),
        ("GET /contacts?per_page=%00", 400),
        ("GET /companies?name=%00", 404),
    ] {
        let got = sim.bytes(head(line, 0).as_bytes());
        assert_eq!(got.refusal().0, status, "{line}");
    }
    let mut raw = b"GET /contacts/\xFF\xFE HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_vec();
    let status = sim.bytes(&raw).status;
    assert!((400..500).contains(&status), "{status}");
    raw = b"GET /\x00 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_vec();
    assert_eq!(sim.bytes(&raw).status, 400, "no HTTP at all");
}

#[test]
fn a_body_says_what_it_is_or_is_json() {
    let sim = Sim::new();
    let lead = "{\"role\":\"lead\"}";
    for (kind, body, expected) in [
        (None, lead, 200),
        (Some("application/json"), lead, 200),
        (Some("application/json; charset=utf-8"), lead, 200),
        (Some("application/vnd.intercom.3+json"), lead, 200),
        (Some("APPLICATION/JSON"), lead, 200),
        (Some("application/x-www-form-urlencoded"), "role=lead", 200),
        (Some("text/xml"), lead, 415),
        (Some("application/xml"), "<role>lead</role>", 415),
        (Some("text/plain"), lead, 415),
        (Some("image/png"), "\u{89}PNG", 415),
        (Some("application/javascript"), lead, 415),
        (Some("multipart/form-data"), lead, 400),
        (Some("multipart/form-data; boundary=x"), lead, 400),
    ] {
        let headers: Vec<(&str, &str)> = kind.map(|kind| ("content-type", kind)).into_iter().collect();
        let (status, code) = call(&sim, "POST", "/contacts", &headers, body);
        assert_eq!(status, expected, "{kind:?} {code}");
        let (status, _) = call(&sim, "GET", "/me", &headers, "");
        assert_eq!(status, 200, "no body, nothing to say of it: {kind:?}");
    }
}

#[test]
fn a_caller_who_takes_no_json_gets_none() {
    let sim = Sim::new();
    let cases: &[(&[&str], u16)] = &[
        (&[], 200),
        (&["*/*"], 200),
        (&["application/json"], 200),
        (&["application/vnd.intercom.3+json"], 200),
        (&["application/octet-stream"], 200),
        (&["text/plain"], 200),
        (&["text/html", "application/json"], 200),
        (&["text/html, */*;q=0.1"], 200),
        (&["text/html"], 406),
        (&["text/html", "application/xml"], 406),
        (&["application/json;q=0"], 406),
    ];
    for (accepted, expected) in cases {
        let headers: Vec<(&str, &str)> = accepted.iter().map(|kind| ("accept", *kind)).collect();
        let (status, code) = call(&sim, "GET", "/me", &headers, "");
        assert_eq!(status, *expected, "{accepted:?}");
        assert!(status == 200 || code == "media_type_not_acceptable", "{code}");
    }
}

#[test]
fn attributes_have_a_length_and_must_exist() {
    let sim = Sim::new();
    let contact = id(&sim.lead("Long"));
    let company = id(&sim.get("/companies?per_page=1")["data"][0]);
    let conversation = id(&sim.get("/conversations?per_page=1")["conversations"][0]);
    let ticket = id(&sim.post(
        "/tickets/search",
        &json!({ "query": { "field": "open", "operator": "IN", "value": [true, false] } , "pagination": { "per_page": 1 } }),
    )["tickets"][0]);
    let (most, more) = ("é".repeat(255), "é".repeat(256));
    let writes: Vec<(&str, String, Value, bool)> = vec![
        (
            "PUT",
            format!("/contacts/{contact}"),
            json!({ "name": most }),
            true,
        ),
        (
            "PUT",
            format!("/contacts/{contact}"),
            json!({ "name": more }),
            false,
        ),
        (
            "POST",
            "/contacts".to_owned(),
            json!({ "role": "lead", "name": more }),
            false,
        ),
        (
            "PUT",
            format!("/contacts/{contact}"),
            json!({ "custom_attributes": { "Plan tier": most } }),
            true,
        ),
        (
            "PUT",
            format!("/contacts/{contact}"),
            json!({ "custom_attributes": { "Plan tier": more } }),
            false,
        ),
        (
            "POST",
            "/companies".to_owned(),
            json!({ "company_id": "long", "name": more }),
            false,
        ),
        (
            "PUT",
            format!("/companies/{company}"),
            json!({ "name": more }),
            false,
        ),
        (
            "PUT",
            format!("/contacts/{contact}"),
            json!({ "custom_attributes": { "nowhere": 1 } }),
            false,
        ),
        (
            "PUT",
            format!("/companies/{company}"),
            json!({ "custom_attributes": { "nowhere": 1 } }),
            false,
        ),
        (
            "PUT",
            format!("/conversations/{conversation}"),
            json!({ "custom_attributes": { "nowhere": 1 } }),
            false,
        ),
        (
            "PUT",
            format!("/tickets/{ticket}"),
            json!({ "ticket_attributes": { "nowhere": 1 } }),
            false,
        ),
    ];
    for (method, path, body, good) in writes {
        let before = sim.try_get(&format!("/contacts/{contact}")).text;
        let got = sim.send(method, &path, &body);
        if good {
            assert_eq!(got.status, 200, "{path} {}", got.text);
        } else {
            assert_eq!(got.refusal(), (400, "parameter_invalid".to_owned()), "{path}");
            let after = sim.try_get(&format!("/contacts/{contact}")).text;
            assert_eq!(after, before, "nothing changed");
        }
    }
    let unknown = sim.send("POST", "/companies", &json!({ "company_id": "k", "test": 1 }));
    assert_eq!(unknown.refusal(), (400, "bad_request".to_owned()));
    assert_eq!(unknown.message(), "bad 'test' parameter");
}

#[test]
fn cursors_that_no_page_gave_out_are_refused() {
    let sim = Sim::new();
    let searched = json!({ "field": "created_at", "operator": ">", "value": 0 });
    for cursor in [
        "x",
        "!!!",
        "====",
        "W10=",
        "WzEsMiwzXQ==",
        "bm90IGpzb24=",
        "eyJpZCI6MX0=",
        "%00",
        "WzE=",
        "..%2F",
        "%F0%9F%98%80",
        // [1,"1",4294967295] and [1,"-1",2]
        "WzEsIjEiLDQyOTQ5NjcyOTVd",
        "WzEsIi0xIiwyXQ==",
    ] {
        for path in ["/contacts", "/conversations"] {
            let (status, code) = call(&sim, "GET", &format!("{path}?starting_after={cursor}"), &[], "");
            assert_eq!((status, code.as_str()), (400, "client_error"), "{path} {cursor}");
        }
        for path in ["/contacts/search", "/conversations/search", "/tickets/search"] {
            let body = json!({ "query": searched, "pagination": { "starting_after": cursor } });
            let (status, code) = sim.send("POST", path, &body).refusal();
            assert_eq!((status, code.as_str()), (400, "client_error"), "{path} {cursor}");
        }
        for path in ["/macros", "/data_connectors"] {
            let (status, _) = call(&sim, "GET", &format!("{path}?starting_after={cursor}"), &[], "");
            assert_eq!(status, 400, "{path} {cursor}");
        }
    }
    for sent in [json!(1), json!([]), json!({}), json!(true)] {
        let body = json!({ "query": searched, "pagination": { "starting_after": sent } });
        assert_eq!(
            sim.send("POST", "/contacts/search", &body).refusal().0,
            400,
            "{sent}"
        );
    }
}

#[test]
fn sizes_and_pages_of_any_number_are_answered_or_refused() {
    let sim = Sim::new();
    let big = "99999999999999999999999999";
    for path in [
        "/contacts",
        "/conversations",
        "/companies",
        "/articles",
        "/tags",
        "/admins/activity_logs?created_at_after=0",
    ] {
        for (name, value, good) in [
            ("per_page", "-1", false),
            ("per_page", "0", false),
            ("per_page", "", false),
            ("per_page", "1.5", false),
            ("per_page", "1e3", false),
            ("per_page", "9999", true),
            ("per_page", big, false),
            ("page", "18446744073709551615", true),
            ("page", "1000000", true),
            ("page", big, false),
            ("page", "-1", false),
            ("page", "0", false),
        ] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let (status, code) = call(&sim, "GET", &format!("{path}{mark}{name}={value}"), &[], "");
            let ignored =
                path == "/tags" || (name == "page" && ["/contacts", "/conversations"].contains(&path));
            let deep = path == "/companies" && name == "page";
            let expected = if good || ignored { 200 } else { 400 };
            assert!(
                status == expected || (deep && status == 400),
                "{path} {name}={value}: {status} {code}"
            );
        }
    }
    let searched = json!({ "field": "created_at", "operator": ">", "value": 0 });
    for path in ["/contacts/search", "/conversations/search", "/tickets/search"] {
        for (value, good) in [
            (json!(-1), false),
            (json!(0), false),
            (json!(1.5), false),
            (json!("many"), false),
            (json!([]), false),
            (json!(u64::MAX), true),
            (json!("50"), true),
        ] {
            let body = json!({ "query": searched, "pagination": { "per_page": value } });
            let got = sim.send("POST", path, &body);
            assert_eq!(got.status, if good { 200 } else { 400 }, "{path} {value}");
        }
        for query in [
            json!(null),
            json!([]),
            json!("x"),
            json!(1),
            json!({ "operator": "AND" }),
        ] {
            let got = sim.send("POST", path, &json!({ "query": query }));
            assert_eq!(got.refusal().0, 400, "{path} {query}");
        }
    }
}

#[test]
fn a_body_can_be_too_large() {
    let sim = Sim::new();
    let filled = |bytes: usize| format!("{{\"role\":\"lead\",\"x\":\"{}\"}}", "a".repeat(bytes));
    assert_eq!(call(&sim, "POST", "/contacts", &[], &filled(9_000_000)).0, 200);
    let (status, code) = call(&sim, "POST", "/contacts", &[], &filled(10_000_000));
    assert_eq!((status, code.as_str()), (413, "request_entity_too_large"));
    let (status, _) = call(&sim, "POST", "/contacts", &[], &filled(40_000_000));
    assert_eq!(status, 413);
    assert_eq!(sim.try_get("/me").status, 200);
}

#[test]
fn methods_that_a_path_does_not_have_are_not_found() {
    let sim = Sim::new();
    for habit in [true, false] {
        sim.habit("html_404", habit);
        for (method, path) in [
            ("PATCH", "/contacts"),
            ("POST", "/me"),
            ("DELETE", "/contacts"),
            ("OPTIONS", "/contacts"),
            ("TRACE", "/me"),
            ("NONSENSE", "/me"),
            ("get", "/me"),
        ] {
            let got = sim.at("2.16", method, path, None);
            assert_eq!(got.status, 404, "{method} {path}");
            assert_eq!(got.refusal().1, "not_found", "{method} {path}");
        }
        let got = sim.at("2.16", "HEAD", "/me", None);
        assert_eq!((got.status, got.text.as_str()), (404, ""));
    }
}

#[test]
fn headers_that_are_sent_twice_or_make_no_sense_do_no_harm() {
    let sim = Sim::new();
    let token = format!("Bearer {TOKEN}");
    let good = ("authorization", token.as_str());
    let long = "x".repeat(8_000);
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[good, good], 200),
        (&[good, ("authorization", "Bearer nonsense")], 200),
        (&[("authorization", "Bearer nonsense"), good], 401),
        (
            &[good, ("intercom-version", "2.16"), ("intercom-version", "2.9")],
            200,
        ),
        (&[good, ("intercom-version", "2.16, 2.9")], 400),
        (&[good, ("intercom-version", &long)], 400),
        (&[good, ("x-long", &long)], 200),
        (&[good, ("host", "evil.example")], 200),
        (&[("authorization", "Bearer"), ("accept", "")], 401),
        (&[("authorization", &long)], 401),
    ];
    for (headers, status) in cases {
        let got = sim.raw("GET", "/me", headers, "");
        assert_eq!(got.status, *status, "{:.80}", format!("{headers:?}"));
    }
    let many: String = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect();
    let request = format!("GET /me HTTP/1.1\r\nhost: a\r\n{many}\r\n");
    assert_eq!(sim.bytes(request.as_bytes()).status, 431, "too many headers");
}
