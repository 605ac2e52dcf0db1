//! What every call goes through before its handler: token, version, path, rate window.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, TOKEN, small};

#[test]
fn a_call_without_a_good_token_is_refused() {
    let sim = Sim::new();
    let good = format!("Bearer {TOKEN}");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[], 401),
        (&[("authorization", "Bearer nonsense")], 401),
        (&[("authorization", TOKEN)], 401),
        (&[("authorization", "Basic dTpw")], 401),
        (&[("authorization", &good)], 200),
    ];
    for (headers, status) in cases {
        let got = sim.raw("GET", "/me", headers, "");
        assert_eq!(got.status, *status, "{headers:?}: {}", got.text);
        if *status == 401 {
            assert_eq!(got.refusal(), (401, "unauthorized".to_owned()));
            assert_eq!(got.message(), "Access Token Invalid");
            assert_eq!(
                got.header("x-ratelimit-limit"),
                None,
                "no rate headers without credentials"
            );
        }
    }
}

#[test]
fn without_configured_tokens_any_bearer_token_will_do() {
    let sim = Sim::start(trunkline_simulator::Options {
        tokens: Vec::new(),
        ..small()
    });
    assert_eq!(
        sim.raw("GET", "/me", &[("authorization", "Bearer whatever")], "")
            .status,
        200
    );
    assert_eq!(sim.raw("GET", "/me", &[], "").status, 401);
}

#[test]
fn a_version_is_known_and_has_the_operation_or_the_call_is_refused() {
    let sim = Sim::new();
    let unknown = "The requested version could not be found";
    let lacking = "Requested resource is not available in current API version.";
    for (version, path, expected) in [
        ("2.16", "/macros", None),
        ("Preview", "/macros", None),
        ("Unstable", "/me", None),
        ("2.13", "/macros", Some(lacking)),
        ("2.14", "/conversations/deleted", Some(lacking)),
        ("2.8", "/ticket_types", Some(lacking)),
        ("2.9", "/ticket_types", None),
        ("2.99", "/me", Some(unknown)),
        ("two", "/me", Some(unknown)),
        ("", "/me", Some(unknown)),
    ] {
        let got = sim.at(version, "GET", path, None);
        match expected {
            None => assert_eq!(got.status, 200, "{version} {path}: {}", got.text),
            Some(message) => {
                assert_eq!(
                    got.refusal(),
                    (400, "intercom_version_invalid".to_owned()),
                    "{version} {path}"
                );
                assert_eq!(got.message(), message, "{version} {path}");
            }
        }
    }
}

#[test]
fn without_the_header_the_default_version_answers() {
    let sim = Sim::new();
    let token = format!("Bearer {TOKEN}");
    let got = sim.raw("GET", "/macros", &[("authorization", &token)], "");
    assert_eq!(got.refusal().1, "intercom_version_invalid", "2.14 has no macros");
    assert_eq!(
        sim.raw("GET", "/me", &[("authorization", &token)], "")
            .header("intercom-version"),
        Some("2.14")
    );
}

#[test]
fn every_answer_has_a_request_id_of_its_own_and_names_its_version() {
    let sim = Sim::new();
    let first = sim.try_get("/me");
    let second = sim.try_get("/me");
    assert_eq!(first.header("intercom-version"), Some("2.16"));
    assert!(
        first
            .header("content-type")
            .unwrap()
            .starts_with("application/json")
    );
    let ids = (
        first.header("x-request-id").unwrap(),
        second.header("x-request-id").unwrap(),
    );
    assert_ne!(ids.0, ids.1);
    assert_eq!(ids.0.len(), 20);
    assert!(
        ids.0
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()),
        "{}",
        ids.0
    );
}

#[test]
fn the_rate_window_counts_down_refuses_and_starts_anew_on_the_clocks_grid() {
    let sim = Sim::start(trunkline_simulator::Options {
        rate_limit: Some(3),
        ..small()
    });
    sim.control("PUT", "/clock", Some(&json!({ "now": NOW + 4 })));
    for remaining in ["2", "1", "0"] {
        let got = sim.try_get("/me");
        assert_eq!(got.status, 200);
        assert_eq!(got.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(got.header("x-ratelimit-remaining"), Some(remaining));
        assert_eq!(
            got.header("x-ratelimit-reset"),
            Some((NOW + 10).to_string().as_str())
        );
    }
    let got = sim.try_get("/me");
    assert_eq!(got.refusal(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(got.message(), "Exceeded rate limit of 3 in 10_seconds");
    assert_eq!(got.header("x-ratelimit-remaining"), Some("0"));
    sim.advance(5);
    assert_eq!(
        sim.try_get("/me").status,
        429,
        "the slice ends on the grid, not ten seconds after its first call"
    );
    sim.advance(1);
    assert_eq!(sim.try_get("/me").status, 200);
}

#[test]
fn without_a_limit_no_answer_speaks_of_rates() {
    assert_eq!(Sim::new().try_get("/me").header("x-ratelimit-limit"), None);
}

#[test]
fn a_path_or_method_that_does_not_exist_is_not_found() {
    let sim = Sim::new();
    for (method, path, is_page) in [
        ("GET", "/nowhere", true),
        ("GET", "/contacts/a/b/c", true),
        ("DELETE", "/me", false),
        ("PATCH", "/contacts", false),
        ("PATCH", "/conversations/1", false),
    ] {
        let got = sim.at("2.16", method, path, None);
        assert_eq!(got.status, 404, "{method} {path}");
        let is_html = got.header("content-type").unwrap().starts_with("text/html");
        assert_eq!(is_html, is_page, "{method} {path}");
        assert!(
            is_html || got.refusal().1 == "not_found",
            "{method} {path}: {}",
            got.text
        );
    }
    sim.habit("html_404", false);
    assert_eq!(sim.try_get("/nowhere").refusal(), (404, "not_found".to_owned()));
}

#[test]
fn a_body_that_is_not_json_is_refused() {
    let sim = Sim::new();
    let token = format!("Bearer {TOKEN}");
    for body in ["{", "\"", "[1,", "role=user"] {
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        let got = sim.raw("POST", "/contacts", &headers, body);
        assert_eq!(got.refusal(), (400, "parameter_invalid".to_owned()), "{body}");
    }
}

#[test]
fn the_request_log_tells_what_was_called_and_can_be_cleared() {
    let sim = Sim::new();
    sim.get("/tags");
    sim.try_get("/contacts/nobody");
    let log = sim.requests();
    let short: Vec<(Value, Value)> = log
        .iter()
        .map(|entry| (entry["operation"].clone(), entry["status"].clone()))
        .collect();
    assert_eq!(
        short,
        [
            (json!("tags.list"), json!(200)),
            (json!("contacts.get"), json!(404))
        ]
    );
    assert_eq!(log[0]["at"], NOW);
    assert!(
        !log.iter().any(|entry| entry.to_string().contains(TOKEN)),
        "tokens are never logged"
    );
    sim.control("DELETE", "/requests", None);
    assert!(sim.requests().is_empty());
}

#[test]
fn the_control_surface_is_off_unless_asked_for() {
    let sim = Sim::start(trunkline_simulator::Options {
        control: false,
        ..small()
    });
    assert_eq!(sim.try_get("/_sim/truth").status, 404);
    assert_eq!(sim.raw("PUT", "/_sim/habits", &[], "{}").status, 401);
}

#[test]
fn me_tells_the_workspace_its_zone_and_region() {
    let me = Sim::new().get("/me");
    assert_eq!(me["type"], "admin");
    assert!(me["id"].is_string());
    assert_eq!(me["app"]["type"], "app");
    assert_eq!(me["app"]["id_code"].as_str().unwrap().len(), 8);
    assert_eq!(me["app"]["timezone"], "America/Los_Angeles");
    assert_eq!(me["app"]["region"], "US");
    assert!(
        me["app"]["created_at"].is_i64()
            && me["email_verified"].is_boolean()
            && me["has_inbox_seat"].is_boolean()
    );
}

#[test]
fn twenty_calls_at_once_are_all_answered() {
    let sim = Sim::new();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| sim.try_get("/tags").status))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 20]);
}

#[test]
fn the_scheme_of_a_token_may_be_written_in_any_case() {
    let sim = Sim::new();
    for (header, status) in [
        (format!("Bearer {TOKEN}"), 200),
        (format!("bearer {TOKEN}"), 200),
        (format!("BEARER  {TOKEN}"), 200),
        (format!("Basic {TOKEN}"), 401),
        (format!("Bearer{TOKEN}"), 401),
        (TOKEN.to_owned(), 401),
        ("Bearer ".to_owned(), 401),
    ] {
        let got = sim.raw("GET", "/me", &[("authorization", &header)], "");
        assert_eq!(got.status, status, "{header}");
    }
}
