//! The console over a real socket: who comes in, what they may do, what is noted.

mod actions;
mod building;
mod data;
mod flows;
mod imports;
mod steering;
mod trying;

use reqwest::{Response, StatusCode, header, redirect::Policy};
use secrecy::ExposeSecret as _;
use trunkline_store::{AuditFilter, Role};

use crate::harness::{Process, now};

const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps cookies, and goes nowhere by itself.
struct Browser<'p> {
    process: &'p Process,
    http: reqwest::Client,
    cookies: Vec<(String, String)>,
    origin: Option<&'static str>,
}

/// A page.
struct Seen {
    status: StatusCode,
    location: String,
    text: String,
    headers: header::HeaderMap,
}

impl<'p> Browser<'p> {
    fn new(process: &'p Process) -> Self {
        Self {
            process,
            http: reqwest::Client::builder()
                .redirect(Policy::none())
                .build()
                .unwrap(),
            cookies: Vec::new(),
            origin: None,
        }
    }

    async fn look(&mut self, path: &str) -> Seen {
        let request = self.http.get(self.process.url(path));
        self.send(request).await
    }

    /// Fills in the form of a page that leads to `action`, and sends it.
    async fn fill(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Seen {
        let token = self.look(page).await.token();
        self.post(action, &token, fields).await
    }

    async fn post(&mut self, action: &str, token: &str, fields: &[(&str, &str)]) -> Seen {
        let mut all = vec![("_token", token)];
        all.extend_from_slice(fields);
        let request = self.http.post(self.process.url(action)).form(&all);
        self.send(request).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT, "text/html");
        if let Some(origin) = self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        let answer: Response = request.send().await.unwrap();
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let text = set.to_str().unwrap();
            assert!(
                text.contains("HttpOnly") && text.contains("SameSite=Lax"),
                "{text}"
            );
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let headers = answer.headers().clone();
        Seen {
            status: answer.status(),
            location: headers
                .get(header::LOCATION)
                .map_or("", |value| value.to_str().unwrap())
                .to_owned(),
            text: answer.text().await.unwrap(),
            headers,
        }
    }
}

impl Seen {
    fn token(&self) -> String {
        let (_, rest) = self
            .text
            .split_once("name=\"_token\" value=\"")
            .unwrap_or_else(|| panic!("{}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Somebody signs in for the first time.
async fn signed_in<'p>(process: &'p Process, name: &str, role: Role) -> Browser<'p> {
    let person = process.store.add_person(name, role, now()).await.unwrap();
    let life = jiff::SignedDuration::from_hours(1);
    let word = process.store.invite(&person.id, life, now()).await.unwrap();
    let path = format!("/welcome/{}", word.expose_secret());
    let mut browser = Browser::new(process);
    let seen = browser.fill(&path, &path, &[("password", PASSWORD)]).await;
    assert_eq!(
        (seen.status, seen.location.as_str()),
        (StatusCode::SEE_OTHER, "/"),
        "{}",
        seen.text
    );
    browser
}

#[tokio::test]
async fn the_first_start_prints_a_link_that_is_good_once() {
    let process = Process::start().await;
    let server = process.server.as_ref().unwrap();
    let mut browser = Browser::new(&process);
    let turned = browser.look("/").await;
    assert_eq!(
        (turned.status, turned.location.as_str()),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    assert!(
        browser
            .look("/sign-in")
            .await
            .text
            .contains("trunkline people link admin")
    );
    let link = server.first_sign_in().await.unwrap().unwrap();
    let path = link.path().to_owned();
    let short = browser.fill(&path, &path, &[("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        short.text.contains("Is shorter") || short.text.contains("is shorter"),
        "{}",
        short.text
    );
    let done = browser.fill(&path, &path, &[("password", PASSWORD)]).await;
    assert_eq!(done.location, "/");
    let home = browser.look("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(
        home.text.contains("Connect your first workspace"),
        "{}",
        home.text
    );
    assert!(
        server.first_sign_in().await.unwrap().is_none(),
        "there is an owner now"
    );
    let mut other = Browser::new(&process);
    assert!(other.look(&path).await.text.contains("This link is over"));
    process.stop().await;
}

#[tokio::test]
async fn a_password_opens_and_whoever_is_wrong_learns_nothing_and_waits() {
    let process = Process::start().await;
    signed_in(&process, "ann@example.com", Role::Read).await;
    let mut browser = Browser::new(&process);
    let mut said = Vec::new();
    for (name, password) in [
        ("ann@example.com", "wrong password"),
        ("nobody", PASSWORD),
        ("", ""),
    ] {
        let seen = browser
            .fill("/sign-in", "/sign-in", &[("name", name), ("password", password)])
            .await;
        assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(
            !seen.text.contains("wrong password"),
            "a password is never shown again"
        );
        said.push(
            seen.text
                .split("role=\"alert\"")
                .nth(1)
                .unwrap()
                .split("</div>")
                .next()
                .unwrap()
                .to_owned(),
        );
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
    let before = browser.cookies.clone();
    let fields = [
        ("name", " ANN@example.com"),
        ("password", PASSWORD),
        ("next", "/settings"),
    ];
    let seen = browser.fill("/sign-in", "/sign-in", &fields).await;
    assert_eq!(seen.location, "/settings");
    assert_ne!(before, browser.cookies, "the word is a new one");
    for _ in 0..5 {
        browser
            .fill("/sign-in", "/sign-in", &[("name", "eve"), ("password", "x")])
            .await;
    }
    let seen = browser
        .fill("/sign-in", "/sign-in", &[("name", "eve"), ("password", "x")])
        .await;
    assert!(seen.text.contains("wait a minute"), "{}", seen.text);
    for evil in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let fields = [
            ("name", "ann@example.com"),
            ("password", PASSWORD),
            ("next", evil),
        ];
        let seen = browser.fill("/sign-in", "/sign-in", &fields).await;
        assert_eq!(seen.location, "/", "{evil}");
    }
    process.stop().await;
}

#[tokio::test]
async fn a_form_of_another_browser_or_site_changes_nothing() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let mut ben = signed_in(&process, "ben", Role::Admin).await;
    let token = ann.look("/keys").await.token();
    let fields = [("name", "k"), ("role", "read")];
    for wrong in ["", "x", &ben.look("/keys").await.token(), &token.to_uppercase()] {
        let seen = ann.post("/keys", wrong, &fields).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{wrong}");
        assert!(seen.text.contains("TL0932"), "{}", seen.text);
    }
    ann.origin = Some("https://evil.example");
    let seen = ann.post("/keys", &token, &fields).await;
    assert!(
        seen.status == StatusCode::FORBIDDEN && seen.text.contains("TL0623"),
        "{}",
        seen.text
    );
    ann.origin = None;
    let json = ann
        .http
        .post(process.url("/keys"))
        .header(header::CONTENT_TYPE, "application/json")
        .body("{}");
    assert_eq!(ann.send(json).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(!process.store.has_keys().await.unwrap());
    let made = ann.post("/keys", &token, &fields).await;
    assert!(
        made.status == StatusCode::OK && made.text.contains("tlk_"),
        "{}",
        made.text
    );
    assert!(!ann.look("/keys").await.text.contains("tlk_"), "it is shown once");
    process.stop().await;
}

#[tokio::test]
async fn each_role_does_what_the_api_lets_it_do() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, None).await;
    for (role, pauses, changes) in [
        (Role::Read, false, false),
        (Role::Operate, true, false),
        (Role::Admin, true, true),
    ] {
        let mut browser = signed_in(&process, role.as_str(), role).await;
        assert_eq!(browser.look("/connections/acme").await.status, StatusCode::OK);
        let token = browser.look("/account").await.token();
        let paused = browser.post("/connections/acme/pause", &token, &[]).await;
        assert_eq!(paused.status == StatusCode::SEE_OTHER, pauses, "{role}");
        for path in ["/connections/new", "/people", "/keys", "/audit"] {
            let seen = browser.look(path).await;
            assert_eq!(seen.status == StatusCode::OK, changes, "{role} {path}");
            assert!(changes || seen.text.contains("TL0931"), "{}", seen.text);
        }
    }
    process.stop().await;
}

#[tokio::test]
async fn signing_out_a_new_password_and_a_removal_end_sessions() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let mut elsewhere = Browser::new(&process);
    elsewhere
        .fill("/sign-in", "/sign-in", &[("name", "ann"), ("password", PASSWORD)])
        .await;
    assert_eq!(elsewhere.look("/").await.status, StatusCode::OK);
    let wrong = ann
        .fill(
            "/account",
            "/account/password",
            &[("old", "x"), ("password", "another good one")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("old", PASSWORD), ("password", "another good one")];
    let changed = ann.fill("/account", "/account/password", &fields).await;
    assert_eq!(changed.location, "/account", "{}", changed.text);
    assert_eq!(ann.look("/").await.status, StatusCode::OK);
    assert_eq!(elsewhere.look("/").await.location, "/sign-in");
    let old = ann.cookies.clone();
    assert_eq!(ann.fill("/account", "/sign-out", &[]).await.location, "/sign-in");
    ann.cookies = old;
    assert_eq!(
        ann.look("/connections").await.location,
        "/sign-in?next=%2Fconnections"
    );
    process.stop().await;
}

#[tokio::test]
async fn what_is_done_here_stands_in_the_audit_log() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    process.connection("acme", "abcd1234", None, None).await;
    ann.fill(
        "/connections/acme/edit",
        "/connections/acme/edit",
        &[
            ("name", "main"),
            ("region", "eu"),
            ("api_version", "2.14"),
            ("notes", "n"),
        ],
    )
    .await;
    let connection = process.store.connection("main").await.unwrap();
    assert_eq!(connection.details.base_url, "https://api.eu.intercom.io");
    let wrong = ann
        .fill(
            "/connections/main/edit",
            "/connections/main/edit",
            &[("name", "Not a name"), ("notes", "kept<b>")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("Not a name") && wrong.text.contains("kept&lt;b&gt;"),
        "{}",
        wrong.text
    );
    ann.fill("/account", "/connections/main/remove", &[]).await;
    assert_eq!(
        process.store.connection("main").await.unwrap_err().code(),
        "TL0507"
    );
    let audit = process.store.audit(&AuditFilter::default(), 10).await.unwrap();
    let deeds: Vec<_> = audit
        .iter()
        .map(|entry| {
            (
                entry.by_whom.as_str(),
                entry.deed.as_str(),
                entry.subject.as_str(),
            )
        })
        .collect();
    assert_eq!(
        deeds[..2],
        [
            ("ann", "connections.remove", "main"),
            ("ann", "connections.change", "main")
        ],
        "{deeds:?}"
    );
    process.stop().await;
}

#[tokio::test]
async fn a_secret_that_was_given_never_comes_back_to_a_browser() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let fields = [
        ("name", "Not a name"),
        ("access", "token"),
        ("region", "us"),
        ("token", "dG9r-very-secret"),
        ("webhook_secret", "hush-hush"),
    ];
    let again = ann.fill("/connections/new", "/connections/new", &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut fields = fields;
    fields[0].1 = "acme";
    fields[2] = ("base_url", "http://127.0.0.1:1");
    let added = ann.fill("/connections/new", "/connections/new", &fields).await;
    assert_eq!(added.location, "/connections/acme", "{}", added.text);
    let mut all = again.text + &added.text;
    for path in [
        "/connections",
        "/connections/acme",
        "/connections/acme/edit",
        "/requests",
        "/audit",
        "/",
    ] {
        let seen = ann.look(path).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}");
        all += &seen.text;
    }
    assert!(!all.contains("very-secret") && !all.contains("hush-hush"));
    let secrets = process
        .store
        .connection_secrets(&process.store.connection("acme").await.unwrap().id)
        .await
        .unwrap();
    assert_eq!(secrets.token.unwrap().expose_secret(), "dG9r-very-secret");
    process.stop().await;
}

#[tokio::test]
async fn every_page_is_sealed_and_every_file_is_kept() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    for path in [
        "/",
        "/sign-in",
        "/connections",
        "/nothing/at/all",
        "/connections/none",
    ] {
        let seen = ann.look(path).await;
        let policy = seen.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(seen.headers["cache-control"], "no-store", "{path}");
        assert_eq!(seen.headers["x-frame-options"], "DENY", "{path}");
    }
    assert_eq!(ann.look("/nothing/at/all").await.status, StatusCode::NOT_FOUND);
    for path in [
        "/assets/console.css",
        "/assets/console.js",
        "/assets/icons.svg",
        "/assets/mark.svg",
    ] {
        let seen = ann.look(path).await;
        assert!(
            seen.headers["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable"),
            "{path}"
        );
    }
    let program = process.http.get(process.url("/nothing")).send().await.unwrap();
    assert_eq!(
        (program.status(), program.text().await.unwrap().as_str()),
        (StatusCode::NOT_FOUND, "")
    );
    process.stop().await;
}

#[tokio::test]
async fn a_page_that_is_looked_at_hears_what_is_new_until_its_session_ends() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Read).await;
    process.connection("acme", "abcd1234", None, None).await;
    assert!(ann.look("/").await.text.contains("data-live=\"/live\""));
    let cookies: Vec<String> = ann
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = ann
        .http
        .get(process.url("/live"))
        .header(header::COOKIE, cookies.join("; "));
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(
        first.starts_with("data: {") && first.contains("connections"),
        "{first}"
    );
    process.connection("second", "efgh5678", None, None).await;
    let next = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(next.contains("second"), "{next}");
    ann.fill("/account", "/sign-out", &[]).await;
    while let Some(_more) = stream.chunk().await.unwrap() {}
    assert_eq!(ann.look("/live").await.location, "/sign-in");
    process.stop().await;
}
