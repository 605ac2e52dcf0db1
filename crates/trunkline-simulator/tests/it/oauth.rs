//! Signing in: the consent page, codes, tokens, permissions and taking it all back.

use serde_json::{Value, json};
use trunkline_simulator::{App, Options};

use crate::harness::{Got, Sim, TOKEN, small};

const REDIRECT: &str = "http://localhost:3000/callback";

fn app(permissions: &[&str]) -> App {
    App {
        name: "Reports <&> more".to_owned(),
        client_id: "app-1".to_owned(),
        client_secret: "hush".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned(), "https://other.example/back".to_owned()],
        permissions: permissions.iter().map(|label| (*label).to_owned()).collect(),
        version: "2.16".to_owned(),
        ..App::built_in()
    }
}

fn sim(permissions: &[&str]) -> Sim {
    Sim::start(Options {
        apps: vec![app(permissions)],
        ..small()
    })
}

fn decide(sim: &Sim, form: &str) -> Got {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    sim.raw("POST", "/oauth", &headers, form)
}

/// The parameters of the address that an answer leads to.
fn target(got: &Got) -> Vec<(String, String)> {
    assert_eq!(got.status, 302, "{}", got.text);
    let address = url::Url::parse(got.header("location").unwrap()).unwrap();
    address
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn code(sim: &Sim) -> String {
    let got = decide(sim, "client_id=app-1&state=s-1&workspace=0&decision=authorize");
    target(&got)[0].1.clone()
}

fn exchange(sim: &Sim, code: &str) -> Got {
    let body = json!({ "code": code, "client_id": "app-1", "client_secret": "hush" });
    let headers = [("content-type", "application/json")];
    sim.raw("POST", "/auth/eagle/token", &headers, &body.to_string())
}

fn token(sim: &Sim) -> String {
    let answer: Value = exchange(sim, &code(sim)).ok();
    assert_eq!(
        (&answer["token_type"], &answer["token"]),
        (&json!("Bearer"), &answer["access_token"])
    );
    answer["token"].as_str().unwrap().to_owned()
}

fn as_app(sim: &Sim, token: &str, method: &str, path: &str) -> Got {
    let bearer = format!("Bearer {token}");
    sim.raw(method, path, &[("authorization", &bearer)], "")
}

#[test]
fn the_consent_page_names_the_app_its_permissions_and_where_it_leads() {
    let sim = sim(&["Read tags", "Write conversations"]);
    let page = sim.raw("GET", "/oauth?client_id=app-1&state=%22%3E%3Cb%3E", &[], "");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for part in [
        "Reports &lt;&amp;&gt; more",
        "<li>Read tags</li><li>Write conversations</li>",
        "value=\"&quot;&gt;&lt;b&gt;\"",
        "Paper Planes",
        REDIRECT,
    ] {
        assert!(page.text.contains(part), "{part} is not on {}", page.text);
    }
    for query in [
        "client_id=nobody",
        "",
        "client_id=app-1&redirect_uri=https://evil.example",
    ] {
        let got = sim.raw("GET", &format!("/oauth?{query}"), &[], "");
        assert_eq!(got.status, 400, "{query}");
        assert_eq!(got.header("location"), None);
    }
}

#[test]
fn agreeing_sends_a_code_and_the_state_back_and_declining_an_error() {
    let sim = sim(&[]);
    let agreed = decide(
        &sim,
        "client_id=app-1&state=a%3Db&workspace=0&decision=authorize&redirect_uri=https://other.example/back",
    );
    assert!(
        agreed
            .header("location")
            .unwrap()
            .starts_with("https://other.example/back?code=")
    );
    assert_eq!(target(&agreed)[1], ("state".to_owned(), "a=b".to_owned()));
    let declined = decide(&sim, "client_id=app-1&state=s&workspace=0&decision=cancel");
    assert_eq!(
        target(&declined)[0],
        ("error".to_owned(), "access_denied".to_owned())
    );
    assert_eq!(
        decide(&sim, "client_id=app-1&workspace=7&decision=authorize").status,
        400
    );
}

#[test]
fn a_code_becomes_a_token_once_by_form_or_json_before_it_expires() {
    let sim = sim(&[]);
    let first = code(&sim);
    let form = format!(
        "code={}&client_id=app-1&client_secret=hush",
        first.replace('=', "%3D")
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let granted = sim.raw("POST", "/auth/eagle/token", &headers, &form).ok();
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(as_app(&sim, token, "GET", "/me").status, 200);
    for wrong in [first, "made-up".to_owned()] {
        let got = exchange(&sim, &wrong);
        assert_eq!((got.status, got.text.as_str()), (401, "Unauthorized Code"));
    }
    let late = code(&sim);
    sim.advance(301);
    assert_eq!(exchange(&sim, &late).status, 401);
    let broken = sim.raw(
        "POST",
        "/auth/eagle/token",
        &[("content-type", "application/json")],
        "{",
    );
    assert_eq!(broken.status, 400);
}

#[test]
fn permissions_gate_operations_and_the_apps_version_answers() {
    let sim = sim(&["Read tags", "Read conversations"]);
    let token = token(&sim);
    for (path, status) in [
        ("/me", 200),
        ("/tags", 200),
        ("/conversations", 200),
        ("/contacts", 401),
        ("/calls", 200),
        ("/office_hours_schedules", 403),
    ] {
        let got = as_app(&sim, &token, "GET", path);
        assert_eq!(got.status, status, "{path}: {}", got.text);
        if status != 200 {
            got.refusal();
        }
    }
    let tags = as_app(&sim, &token, "GET", "/tags");
    assert_eq!(tags.header("intercom-version"), Some("2.16"));
    let refused = as_app(&sim, &token, "GET", "/office_hours_schedules");
    assert_eq!(
        refused.message(),
        "You do not have the required scope (read_write_office_hours) to access this resource"
    );
}

#[test]
fn an_uninstalled_app_and_a_revoked_grant_are_refused_from_then_on() {
    let sim = sim(&[]);
    let revoked = (401, "token_revoked".to_owned());
    let (first, second) = (token(&sim), token(&sim));
    sim.control("POST", "/grants/revoke", Some(&json!({ "token": first })));
    assert_eq!(as_app(&sim, &first, "GET", "/me").refusal(), revoked);
    let third = token(&sim);
    assert_eq!(as_app(&sim, &second, "GET", "/me").status, 200);
    assert_eq!(as_app(&sim, &second, "POST", "/auth/uninstall").status, 200);
    for token in [second, third] {
        assert_eq!(as_app(&sim, &token, "GET", "/me").refusal(), revoked);
    }
    assert_eq!(as_app(&sim, TOKEN, "GET", "/me").status, 200);
    let nobody = sim.raw("POST", "/auth/uninstall", &[], "");
    assert_eq!(nobody.status, 401);
}

#[test]
fn without_any_app_set_up_there_is_one_that_takes_any_address() {
    let sim = Sim::new();
    let apps = sim.control("GET", "/apps", None).json();
    let id = apps[0]["client_id"].as_str().unwrap();
    let got = decide(
        &sim,
        &format!("client_id={id}&workspace=0&decision=authorize&redirect_uri=http://127.0.0.1:9/cb"),
    );
    assert!(
        got.header("location")
            .unwrap()
            .starts_with("http://127.0.0.1:9/cb?code=")
    );
}

#[test]
fn an_app_can_have_tokens_from_the_start_one_for_each_workspace() {
    let apps = vec![App {
        tokens: vec!["tok-one".to_owned(), "tok-two".to_owned()],
        ..app(&["Read tags"])
    }];
    let sim = Sim::start(Options {
        apps,
        workspaces: 2,
        ..small()
    });
    let code = |token: &str| as_app(&sim, token, "GET", "/me").ok()["app"]["id_code"].clone();
    assert_ne!(code("tok-one"), code("tok-two"));
    assert_eq!(as_app(&sim, "tok-one", "GET", "/contacts").status, 401);
    let grants = sim.control("GET", "/grants", None).json();
    assert_eq!(grants.as_array().unwrap().len(), 2, "{grants}");
}

#[test]
fn where_any_token_is_good_an_uninstalled_one_is_not() {
    let sim = Sim::start(Options {
        tokens: Vec::new(),
        apps: vec![app(&[])],
        ..small()
    });
    let token = token(&sim);
    assert_eq!(as_app(&sim, &token, "POST", "/auth/uninstall").status, 200);
    assert_eq!(as_app(&sim, &token, "GET", "/me").status, 401);
    assert_eq!(as_app(&sim, "anything", "GET", "/me").status, 200);
}

#[test]
fn what_cannot_be_uninstalled_is_refused() {
    let sim = sim(&[]);
    for (body, status, named) in [
        (json!({ "client_id": "nobody" }), 404, "nobody"),
        (json!({ "client_id": "app-1" }), 404, "not installed"),
        (
            json!({ "client_id": "app-1", "workspace": 9 }),
            404,
            "workspace 9",
        ),
        (json!({ "app": "app-1" }), 400, "app"),
        (json!("app-1"), 400, "cannot be read"),
    ] {
        let got = sim.send("POST", "/_sim/apps/uninstall", &body);
        assert_eq!(got.status, status, "{body}: {}", got.text);
        assert!(got.text.contains(named), "{body}: {}", got.text);
    }
}
