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

use crate::harness::{Simulator, small};

const BACK: &str = "https://me.example.org/auth/intercom/callback";

/// A simulator with one app, and somebody who signs in to it.
pub(crate) struct Scene {
    pub(crate) simulator: Simulator,
    runtime: tokio::runtime::Runtime,
    app: AppCredentials,
    sign_in: SignIn,
    random: ChaCha20Rng,
}

impl Scene {
    pub(crate) fn new(permissions: &[&str]) -> Self {
        let app = App {
            name: "Trunkline".to_owned(),
            client_id: "app-1".to_owned(),
            client_secret: "hush-secret".to_owned(),
            permissions: permissions.iter().map(|label| (*label).to_owned()).collect(),
            ..App::built_in()
        };
        let simulator = Simulator::start(Options {
            apps: vec![app],
            contacts: 60,
            companies: 10,
            conversations: 30,
            tickets: 10,
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

    pub(crate) fn granted(&mut self) -> SecretString {
        let code = self.code();
        self.exchange(&code).unwrap().access_token
    }

    pub(crate) fn call(&self, token: &SecretString, call: Call) -> Result<Value, CallError> {
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
