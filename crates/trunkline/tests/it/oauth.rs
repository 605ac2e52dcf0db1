//! Granting access as a person does it: the consent page, its button, the way back, the exchange; then what a token opens,
//! and what is said when it does not any more.
//!
//! The client signs in here at the simulator, which was written from the same facts without it.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use trunkline_client::{
    Call, CallError, Client, Connection, Settings, SystemClock,
    oauth::{
        AppCredentials, Begun, Endpoints, Grant, OAuthError, Outcome, Receiver, SignIn, SignInSettings,
        read_callback, same_state,
    },
};
use trunkline_simulator::{App, Options};

use crate::harness::{Desk, Simulator, small};

const BACK: &str = "https://me.example.org/auth/intercom/callback";

/// A simulator with one app, and somebody who signs in to it.
struct Scene {
    simulator: Simulator,
    runtime: tokio::runtime::Runtime,
    app: AppCredentials,
    sign_in: SignIn,
    random: ChaCha20Rng,
}

impl Scene {
    fn new(permissions: &[&str]) -> Self {
        let app = App {
            name: "Trunkline".to_owned(),
            client_id: "app-1".to_owned(),
            client_secret: "hush-secret".to_owned(),
            permissions: permissions.iter().map(|label| (*label).to_owned()).collect(),
            ..App::built_in()
        };
        let simulator = Simulator::start(Options {
            apps: vec![app],
            ..small()
        });
        let endpoints = Endpoints::at(simulator.base_url()).unwrap();
        let sign_in = SignIn::new(endpoints, SignInSettings::new(Arc::new(SystemClock))).unwrap();
        Self {
            simulator,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            app: AppCredentials::new("app-1", &"hush-secret".into()).unwrap(),
            sign_in,
            random: ChaCha20Rng::seed_from_u64(7),
        }
    }

    fn begin(&mut self, back: &str) -> Begun {
        let back = back.parse().unwrap();
        self.sign_in
            .endpoints()
            .begin("app-1", Some(&back), &mut self.random)
            .unwrap()
    }

    /// Opens the consent page, presses a button, and returns where the browser is sent.
    fn press(&self, begun: &Begun, button: &str) -> String {
        self.runtime.block_on(press(begun.url.as_str(), button))
    }

    fn exchange(&self, code: &SecretString) -> Result<Grant, OAuthError> {
        self.exchange_as(&self.app, code)
    }

    fn exchange_as(&self, app: &AppCredentials, code: &SecretString) -> Result<Grant, OAuthError> {
        let back = BACK.parse().unwrap();
        self.runtime
            .block_on(self.sign_in.exchange_code(app, code, Some(&back), None))
    }

    /// A code, as the browser brings it back.
    fn code(&mut self) -> SecretString {
        let begun = self.begin(BACK);
        let location = self.press(&begun, "authorize");
        let callback = read_callback(location.split_once('?').unwrap().1).unwrap();
        assert!(same_state(&begun.state, callback.state.as_ref().unwrap()));
        callback.into_code().unwrap()
    }

    fn granted(&mut self) -> SecretString {
        let code = self.code();
        self.exchange(&code).unwrap().access_token
    }

    fn call(&self, token: &SecretString, call: Call) -> Result<Value, CallError> {
        let version = "2.16".parse().unwrap();
        let connection = Connection::at(self.simulator.base_url(), token.clone(), version).unwrap();
        let client = Client::new(connection, Settings::new(Arc::new(SystemClock))).unwrap();
        self.runtime.block_on(client.call(call))?.json()
    }

    fn me(&self, token: &SecretString) -> Result<Value, CallError> {
        self.call(token, Call::new("me.get"))
    }
}

/// What a browser does with the consent page: it sends every field of the form, and the button that was pressed.
async fn press(url: &str, button: &str) -> String {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = browser.get(url).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("Trunkline") && page.contains("method=\"post\""),
        "{page}"
    );
    let mut form: Vec<(String, String)> = page
        .split("<input ")
        .skip(1)
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect();
    form.push(("workspace".to_owned(), "0".to_owned()));
    form.push(("decision".to_owned(), button.to_owned()));
    let action = url.split_once('?').unwrap().0;
    let answer = browser.post(action).form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 302);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn attribute(tag: &str, name: &str) -> String {
    let tag = tag.split_once('>').unwrap().0;
    let rest = tag.split_once(&format!("{name}=\"")).unwrap().1;
    rest.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[test]
fn a_workspace_is_granted_through_the_consent_page() {
    let mut scene = Scene::new(&[]);
    let begun = scene.begin(BACK);
    let location = scene.press(&begun, "authorize");
    assert!(location.starts_with(BACK), "{location}");
    let callback = read_callback(location.split_once('?').unwrap().1).unwrap();
    assert!(same_state(&begun.state, callback.state.as_ref().unwrap()));
    let Outcome::Code(code) = callback.outcome else {
        panic!("{location}");
    };
    let grant = scene.exchange(&code).unwrap();
    assert_eq!(grant.token_type, "Bearer");
    assert!(grant.refresh_token.is_none() && grant.expires_at.is_none());
    let me = scene.me(&grant.access_token).unwrap();
    assert!(!me["app"]["id_code"].as_str().unwrap().is_empty());
}

#[test]
fn a_person_who_cancels_brings_no_code_back() {
    let mut scene = Scene::new(&[]);
    let begun = scene.begin(BACK);
    let location = scene.press(&begun, "cancel");
    let callback = read_callback(location.split_once('?').unwrap().1).unwrap();
    assert!(same_state(&begun.state, callback.state.as_ref().unwrap()));
    let error = callback.into_code().unwrap_err();
    assert_eq!(error.code(), "TL0129");
    assert!(error.to_string().contains("access_denied"), "{error}");
}

#[test]
fn a_code_that_is_wrong_old_used_or_of_another_app_is_refused_in_the_same_words() {
    let mut scene = Scene::new(&[]);
    let used = scene.code();
    scene.exchange(&used).unwrap();
    let stranger = AppCredentials::new("app-2", &"hush-secret".into()).unwrap();
    let forgetful = AppCredentials::new("app-1", &"hush-other".into()).unwrap();
    let fresh = scene.code();
    let old = scene.code();
    for (app, code, name) in [
        (&scene.app, SecretString::from("Y29kZTpodXNo="), "made up"),
        (&scene.app, used, "used"),
        (&stranger, fresh.clone(), "of another app"),
        (&forgetful, fresh.clone(), "with a wrong secret"),
    ] {
        let error = scene.exchange_as(app, &code).unwrap_err();
        assert_eq!(
            (error.code(), error.needs_new_grant()),
            ("TL0124", true),
            "{name}"
        );
        assert!(error.to_string().contains("Unauthorized Code"), "{error}");
        assert!(
            !format!("{error} {error:?}").contains(code.expose_secret()),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
    scene.exchange(&fresh).unwrap();
    scene.simulator.advance(301);
    assert_eq!(scene.exchange(&old).unwrap_err().code(), "TL0124", "old");
}

#[test]
fn a_token_that_was_given_back_needs_a_new_grant_and_a_new_grant_is_good() {
    let mut scene = Scene::new(&[]);
    let token = scene.granted();
    scene.me(&token).unwrap();
    scene.runtime.block_on(scene.sign_in.uninstall(&token)).unwrap();
    let error = scene.me(&token).unwrap_err();
    assert!(error.needs_new_grant() && !error.lacks_permission(), "{error}");
    assert!(!error.to_string().contains(token.expose_secret()), "{error}");
    let again = scene
        .runtime
        .block_on(scene.sign_in.uninstall(&token))
        .unwrap_err();
    assert_eq!(again.code(), "TL0125");
    let token = scene.granted();
    scene.me(&token).unwrap();
    let revoke = json!({ "token": token.expose_secret() });
    scene.simulator.control("POST", "/grants/revoke", Some(&revoke));
    assert!(scene.me(&token).unwrap_err().needs_new_grant());
}

#[test]
fn a_missing_permission_is_no_reason_for_a_new_grant() {
    let mut scene = Scene::new(&["Read tags"]);
    let token = scene.granted();
    scene.call(&token, Call::new("tags.list")).unwrap();
    for (operation, status, scope) in [
        ("contacts.list", 401, None),
        ("macros.list", 403, Some("read_conversations")),
    ] {
        let error = scene.call(&token, Call::new(operation)).unwrap_err();
        assert_eq!(error.status, Some(status), "{operation}");
        assert!(error.lacks_permission() && !error.needs_new_grant(), "{error}");
        assert_eq!(error.missing_scope(), scope, "{operation}");
    }
}

#[test]
fn a_command_line_receives_the_code_on_a_port_of_its_own() {
    let mut scene = Scene::new(&[]);
    let receiver = scene.runtime.block_on(Receiver::bind(0)).unwrap();
    let begun = scene.begin(receiver.redirect_uri().as_str());
    let browser = async {
        let location = press(begun.url.as_str(), "authorize").await;
        reqwest::get(location).await.unwrap().text().await.unwrap()
    };
    let (code, page) = scene
        .runtime
        .block_on(async { tokio::join!(receiver.code(&begun.state), browser) });
    let grant = scene.exchange(&code.unwrap()).unwrap();
    scene.me(&grant.access_token).unwrap();
    assert!(page.contains("Access is granted"), "{page}");
    assert!(!page.contains(grant.access_token.expose_secret()));
}

/// `trunkline permissions` with a token of an app that asked for these.
fn permissions(granted: &[&str], more: &[&str]) -> (Scene, Value) {
    let mut scene = Scene::new(granted);
    let token = scene.granted();
    let desk = Desk::new();
    let mut arguments = vec!["permissions", "--base-url", scene.simulator.base_url(), "--json"];
    arguments.extend_from_slice(more);
    let output = desk
        .trunkline(&arguments)
        .env("INTERCOM_TOKEN", token.expose_secret())
        .output()
        .unwrap();
    let outcome = crate::harness::Outcome::of(output);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!outcome.stdout.contains(token.expose_secret()));
    let report = outcome.json();
    (scene, report)
}

fn state<'r>(report: &'r Value, label: &str) -> &'r str {
    let lines = report["permissions"].as_array().unwrap();
    let line = lines.iter().find(|line| line["permission"] == label);
    line.unwrap_or_else(|| panic!("{label}"))["state"]
        .as_str()
        .unwrap()
}

#[test]
fn the_permissions_of_a_token_are_told_and_nothing_is_written() {
    let granted = ["Read tags", "Read conversations", "Read events", "Write tickets"];
    for writes in [false, true] {
        let more: &[&str] = if writes { &["--writes"] } else { &[] };
        let (scene, report) = permissions(&granted, more);
        let asked = |write: &'static str| if writes { write } else { "not_probed" };
        for (label, expected) in [
            ("Read tags", "granted"),
            ("Read conversations", "granted"),
            ("Read events", "granted"),
            ("Read and list users and companies", "missing"),
            ("Read one user and one company", "missing"),
            ("Read and write custom object instances", "missing"),
            ("read_write_office_hours", "missing"),
            ("Write tickets", asked("granted")),
            ("Write conversations", asked("missing")),
            ("Read and write users", asked("missing")),
            ("Write events", "not_probed"),
            ("Read counts", "not_probed"),
        ] {
            assert_eq!(state(&report, label), expected, "{label} with writes {writes}");
        }
        let requests = scene.simulator.requests();
        let wrote = requests.iter().any(|request| {
            let is_success = request["status"].as_u64().is_some_and(|status| status < 300);
            let method = request["method"].as_str().unwrap();
            let path = request["path"].as_str().unwrap();
            is_success
                && method != "GET"
                && path.starts_with('/')
                && !path.ends_with("/search")
                && !path.contains("oauth")
                && !path.contains("/auth/")
        });
        assert!(!wrote, "{requests:?}");
    }
}

#[test]
fn a_token_with_everything_lacks_nothing_that_can_be_asked() {
    let (_scene, report) = permissions(&[], &["--writes"]);
    for line in report["permissions"].as_array().unwrap() {
        let state = line["state"].as_str().unwrap();
        assert!(
            matches!(state, "granted" | "not_probed" | "not_in_version"),
            "{line}"
        );
    }
}

/// What `trunkline scopes` says is enough, is: a token with these permissions reads and does what was chosen.
#[test]
fn the_fewest_permissions_open_everything_that_was_chosen() {
    let desk = Desk::new();
    let outcome = desk.run(&[
        "scopes",
        "--json",
        "--streams",
        "contacts,companies,tags,tickets,articles",
        "--actions",
        "contacts.create,conversations.get,tags.list",
        "read_teams",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let scopes = outcome.json();
    let ticked: Vec<String> = scopes["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tick| tick["permission"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        ticked,
        [
            "Read and list users and companies",
            "Read and write users",
            "Read tags",
            "Read conversations",
            "Read tickets",
            "Read admins",
            "Read and List articles",
        ]
    );
    assert_eq!(scopes["understood"][0]["permission"], "Read admins");
    let mut scene = Scene::new(&ticked.iter().map(String::as_str).collect::<Vec<_>>());
    let token = scene.granted();
    for call in [
        Call::new("contacts.list"),
        Call::new("companies.scroll"),
        Call::new("tags.list"),
        Call::new("ticket_types.list"),
        Call::new("articles.list"),
        Call::new("teams.list"),
        Call::new("contacts.create").body(json!({ "email": "new@example.org" })),
    ] {
        let id = call.operation_id().to_owned();
        if let Err(error) = scene.call(&token, call) {
            panic!("{id}: {error}");
        }
    }
    let error = scene.call(&token, Call::new("newsfeeds.list")).unwrap_err();
    assert!(error.lacks_permission(), "{error}");
}

#[test]
fn names_that_are_no_permission_stream_or_operation_are_refused_with_what_is_near() {
    let desk = Desk::new();
    for (arguments, code, near) in [
        (&["scopes", "read_ticket_things"][..], "TL0011", "Read tickets"),
        (&["scopes", "--streams", "contact"][..], "TL0250", "contacts"),
        (
            &["scopes", "--actions", "contacts.upsert"][..],
            "TL0006",
            "contacts.",
        ),
        (
            &["scopes", "--actions", "nothing.*"][..],
            "TL0006",
            "trunkline operations",
        ),
    ] {
        let outcome = desk.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(
            outcome.stderr.contains(code) && outcome.stderr.contains(near),
            "{}",
            outcome.stderr
        );
    }
    let outcome = desk.run(&["scopes", "--actions", "me.get"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("any token will do"), "{}", outcome.stdout);
}

#[test]
fn permissions_of_a_token_that_is_not_accepted_are_not_guessed() {
    let scene = Scene::new(&[]);
    let desk = Desk::new();
    let output = desk
        .trunkline(&["permissions", "--base-url", scene.simulator.base_url()])
        .env("INTERCOM_TOKEN", "hush-wrong")
        .output()
        .unwrap();
    let outcome = crate::harness::Outcome::of(output);
    assert_eq!(outcome.code, 3, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("TL0101") && !outcome.stderr.contains("hush-wrong"),
        "{}",
        outcome.stderr
    );
}
