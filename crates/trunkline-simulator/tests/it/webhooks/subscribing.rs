//! Setting, showing and ending webhooks, and what is refused.

use serde_json::{Value, json};
use trunkline_simulator::{App, Options, Subscription, WebhookError};

use super::{Receiver, receiver::SECRET};
use crate::harness::{Sim, small};

#[test]
fn what_cannot_be_subscribed_says_why_and_what_to_do() {
    let sim = Sim::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refusing = format!("http://{}/", sim.address());
    for (wanted, code, named) in [
        (json!({ "url": "hook" }), "TL0320", "hook"),
        (json!({ "url": "ftp://localhost/" }), "TL0320", "ftp"),
        (
            json!({ "url": "http://localhost/", "topics": ["contact.user.create"] }),
            "TL0321",
            "contact.user.created",
        ),
        (
            json!({ "url": "http://localhost/", "topics": ["ticket.resolved"], "version": "2.14" }),
            "TL0321",
            "2.15",
        ),
        (json!({ "url": format!("http://{closed}/") }), "TL0322", "refused"),
        (json!({ "url": refusing }), "TL0322", "401"),
        (
            json!({ "url": "http://localhost/", "version": "1.9" }),
            "TL0323",
            "1.9",
        ),
        (
            json!({ "url": "http://localhost/", "topics": [] }),
            "TL0323",
            "topics",
        ),
        (
            json!({ "url": "http://localhost/", "lost": 1.5 }),
            "TL0323",
            "lost",
        ),
        (
            json!({ "url": "http://localhost/", "reorder": 5_000 }),
            "TL0323",
            "reorder",
        ),
        (
            json!({ "url": "http://localhost/", "timeout_ms": 0 }),
            "TL0323",
            "timeout_ms",
        ),
        (
            json!({ "url": "http://localhost/", "topic": "*" }),
            "TL0323",
            "topic",
        ),
        (json!({}), "TL0323", "url"),
        (json!([]), "TL0323", "invalid"),
    ] {
        let got = sim.raw("POST", "/_sim/webhooks", &[], &wanted.to_string());
        let told = got.json();
        assert_eq!(got.status, 400, "{wanted} {told}");
        assert_eq!(told["code"], code, "{wanted} {told}");
        assert!(told["error"].as_str().unwrap().contains(named), "{wanted} {told}");
        assert!(told["advice"].as_str().unwrap().ends_with('.'), "{told}");
        let page = format!("{}/../../docs/errors/{code}.md", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&page).exists(), "{code} has no page");
    }
    assert_eq!(
        sim.control("GET", "/webhooks", None).json(),
        json!({ "webhooks": [] })
    );
}

#[test]
fn webhooks_of_the_options_are_there_from_the_start() {
    let receiver = Receiver::new();
    let mut wanted = Subscription::new(receiver.url());
    wanted.topics = vec!["contact.user.created".to_owned()];
    wanted.client_secret = Some(SECRET.to_owned().into());
    assert!(!format!("{wanted:?}").contains(SECRET), "{wanted:?}");
    let sim = Sim::start(Options {
        webhooks: vec![wanted],
        ..small()
    });
    sim.user("A");
    assert_eq!(receiver.events(1)[0].topic(), "contact.user.created");
    let shown = sim.control("GET", "/webhooks", None).json();
    assert_eq!(shown["webhooks"][0]["url"], receiver.url());
    assert!(!shown.to_string().contains(SECRET), "{shown}");
}

#[test]
fn a_simulator_with_a_webhook_that_cannot_be_does_not_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = Options {
        webhooks: vec![Subscription::new("nowhere")],
        ..small()
    };
    let error = runtime
        .block_on(trunkline_simulator::start(options))
        .err()
        .unwrap();
    assert_eq!(error.code(), "TL0320");
    assert!(matches!(
        error,
        trunkline_simulator::StartError::Webhook(WebhookError::Url { .. })
    ));
}

#[test]
fn a_webhook_that_ended_is_told_nothing_more() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let first = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    let second = receiver.subscribe(&sim, &json!({ "topics": ["contact.lead.created"] }));
    assert_ne!(first, second);
    sim.control("DELETE", &format!("/webhooks/{first}"), None);
    sim.user("A");
    sim.lead("B");
    let came = receiver.drain(&sim, second);
    assert_eq!(super::topics(&came), ["contact.lead.created"]);
    for (method, path) in [
        ("GET", format!("/_sim/webhooks/{first}")),
        ("DELETE", format!("/_sim/webhooks/{first}")),
        ("POST", "/_sim/webhooks/99/ping".to_owned()),
        ("POST", "/_sim/webhooks/x/enable".to_owned()),
        ("PUT", format!("/_sim/webhooks/{second}")),
        ("POST", "/_sim/deliveries".to_owned()),
    ] {
        assert_eq!(sim.raw(method, &path, &[], "").status, 404, "{method} {path}");
    }
}

#[test]
fn two_webhooks_are_told_the_same_in_their_own_versions() {
    let sim = Sim::new();
    let (old, new) = (Receiver::new(), Receiver::new());
    for (receiver, version) in [(&old, "2.14"), (&new, "2.16")] {
        receiver.subscribe(
            &sim,
            &json!({ "topics": ["contact.user.updated"], "version": version }),
        );
    }
    let user = sim.user("A");
    let body = json!({ "owner_id": sim.admin() });
    sim.put(&format!("/contacts/{}", crate::harness::id(&user)), &body);
    let (old, new) = (old.events(1)[0].json(), new.events(1)[0].json());
    assert!(old["data"]["item"]["owner_id"].is_u64(), "{old}");
    assert!(new["data"]["item"]["owner_id"].is_string(), "{new}");
    assert_ne!(old["id"], new["id"]);
}

#[test]
fn the_topics_are_listed_with_permission_and_first_version() {
    let listed = Sim::new().control("GET", "/webhooks/topics", None).json();
    let all = listed["topics"].as_array().unwrap();
    let find = |name: &str| all.iter().find(|topic| topic["topic"] == name).unwrap();
    assert!(all.len() > 90, "{}", all.len());
    assert_eq!(find("ticket.resolved")["since"], "2.15");
    assert_eq!(find("ticket.created")["permissions"], json!(["Read tickets"]));
    assert_eq!(find("ping")["permissions"], json!([]));
    for absent in ["contact.created", "conversation.created", "conversation.updated"] {
        assert!(!all.iter().any(|topic| topic["topic"] == absent), "{absent}");
    }
}

#[test]
fn a_webhook_of_an_app_has_its_secret_its_version_and_its_permissions() {
    let receiver = Receiver::new();
    let sim = Sim::start(Options {
        apps: vec![App {
            client_id: "support".to_owned(),
            client_secret: SECRET.to_owned(),
            permissions: vec!["Read tickets".to_owned(), "Read and write users".to_owned()],
            version: "2.16".to_owned(),
            tokens: vec!["dG9rOmFwcA==".to_owned()],
            ..App::built_in()
        }],
        ..small()
    });
    let url = receiver.url();
    for (wanted, code, named) in [
        (json!({ "url": url, "app": "other" }), "TL0323", "support"),
        (
            json!({ "url": url, "app": "support", "topics": ["article.created"] }),
            "TL0321",
            "Read and List articles",
        ),
    ] {
        let told = sim.raw("POST", "/_sim/webhooks", &[], &wanted.to_string()).json();
        assert_eq!(told["code"], code, "{told}");
        assert!(told["error"].as_str().unwrap().contains(named), "{told}");
    }
    let wanted = json!({ "url": url, "app": "support", "client_secret": null, "topics": ["*"] });
    let webhook = receiver.subscribe(&sim, &wanted);
    let person = crate::harness::id(&sim.user("A"));
    sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": person }, "body": "hello" }),
    );
    let came = receiver.drain(&sim, webhook);
    assert_eq!(super::topics(&came), ["contact.user.created"]);
    assert_eq!(
        came[0].header("x-hub-signature"),
        super::signature(SECRET, &came[0].body)
    );
    let shown = sim.control("GET", &format!("/webhooks/{webhook}"), None).json();
    assert_eq!(shown["version"], "2.16", "{shown}");
}

#[test]
fn a_webhook_of_an_app_hears_only_of_workspaces_that_installed_it() {
    let (of_app, of_all, farewell) = (Receiver::new(), Receiver::new(), Receiver::new());
    let tokens = ["dG9rOm9uZQ==", "dG9rOnR3bw=="];
    let app = App {
        client_id: "support".to_owned(),
        client_secret: SECRET.to_owned(),
        uninstall_url: Some(farewell.url()),
        ..App::built_in()
    };
    let sim = Sim::start(Options {
        workspaces: 2,
        tokens: tokens.map(str::to_owned).to_vec(),
        apps: vec![app],
        ..small()
    });
    let topics = ["contact.lead.created"];
    let own = of_app.subscribe(&sim, &json!({ "app": "support", "topics": topics }));
    let all = of_all.subscribe(&sim, &json!({ "topics": topics }));
    let codes = tokens.map(|token| {
        let bearer = format!("Bearer {token}");
        sim.raw("GET", "/me", &[("authorization", &bearer)], "").json()["app"]["id_code"].clone()
    });
    let heard = |expected: &[usize]| {
        for token in tokens {
            let bearer = format!("Bearer {token}");
            sim.raw(
                "POST",
                "/contacts",
                &[("authorization", &bearer)],
                r#"{"role":"lead"}"#,
            )
            .ok();
        }
        let of = |receiver: &Receiver, webhook: u64| -> Vec<Value> {
            let came = receiver.drain(&sim, webhook);
            came.iter().map(|one| one.json()["app_id"].clone()).collect()
        };
        assert_eq!(of(&of_all, all), codes);
        let expected: Vec<Value> = expected.iter().map(|place| codes[*place].clone()).collect();
        assert_eq!(of(&of_app, own), expected);
    };
    let install = |workspace: usize| -> String {
        let form = format!(
            "client_id=support&workspace={workspace}&decision=authorize&redirect_uri=http://127.0.0.1:9/cb"
        );
        let got = sim.raw("POST", "/oauth", &[], &form);
        let address = url::Url::parse(got.header("location").unwrap()).unwrap();
        let code = address.query_pairs().next().unwrap().1.into_owned();
        let body = json!({ "code": code, "client_id": "support", "client_secret": SECRET }).to_string();
        let json = [("content-type", "application/json")];
        sim.raw("POST", "/auth/eagle/token", &json, &body).ok()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    heard(&[]);
    install(1);
    heard(&[1]);
    let token = install(0);
    heard(&[0, 1]);
    let bearer = format!("Bearer {token}");
    let left = sim.raw("POST", "/auth/uninstall", &[("authorization", &bearer)], "");
    assert_eq!(left.status, 200);
    heard(&[1]);
    let by_customer = json!({ "client_id": "support", "workspace": 1 });
    sim.control("POST", "/apps/uninstall", Some(&by_customer));
    heard(&[]);
    // Only a customer's uninstalling is told: whoever leaves by itself knows.
    let told = farewell.requests(1);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json(), json!({ "app_id": codes[1] }));
}
