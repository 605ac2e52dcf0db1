//! Grants through a browser, as far as they get without Intercom: states, browsers, redirects, uninstalling.

use jiff::SignedDuration;
use reqwest::{Client, Response, redirect::Policy};
use trunkline_server::begin_grant;
use trunkline_store::ConnectionState;

use crate::harness::{Process, answer, sign};

/// A browser that shows where it is sent, and keeps its cookie.
struct Browser {
    http: Client,
    cookie: Option<String>,
}

impl Browser {
    fn new() -> Self {
        Self {
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
            cookie: None,
        }
    }

    async fn send(&mut self, method: reqwest::Method, url: &str) -> Response {
        let mut request = self.http.request(method, url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get("set-cookie") {
            let text = cookie.to_str().unwrap();
            self.cookie = Some(text.split(';').next().unwrap().to_owned());
        }
        response
    }

    async fn get(&mut self, url: &str) -> Response {
        self.send(reqwest::Method::GET, url).await
    }

    async fn press(&mut self, url: &str) -> Response {
        self.send(reqwest::Method::POST, url).await
    }
}

/// A process with a connection that may be granted, and a link to begin with.
async fn offered(process: &Process) -> String {
    if process.store.connections().await.unwrap().is_empty() {
        let app = process.app("mine", "hush").await;
        process.connection("acme", "abcd1234", Some(&app), None).await;
    }
    let connection = process.store.connection("acme").await.unwrap();
    let public_url = process.url("/").parse().unwrap();
    begin_grant(&process.store, &connection, &public_url, &*process.clock)
        .await
        .unwrap()
        .into()
}

fn state_of(link: &str) -> &str {
    link.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn the_button_leads_to_the_connections_own_consent_page_and_nowhere_else() {
    let process = Process::start().await;
    let link = offered(&process).await;
    let mut browser = Browser::new();
    for _ in 0..2 {
        let page = browser.get(&link).await;
        assert_eq!(page.status(), 200, "looking uses nothing up");
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert!(page.headers()[name].to_str().unwrap().contains(part), "{name}");
        }
        assert!(page.text().await.unwrap().contains("Grant access to Intercom"));
    }
    let sent = browser.press(&format!("{link}?next=https://evil.example")).await;
    assert_eq!(sent.status(), 303);
    let location = sent.headers()["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://127.0.0.1:1/oauth?client_id=mine-client&"),
        "{location}"
    );
    assert!(
        location.contains(&format!("state={}", state_of(&link))),
        "{location}"
    );
    assert!(!location.contains("evil"), "{location}");
    let cookie = sent.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let again = browser.press(&link).await;
    assert_eq!(again.status(), 303, "the same browser may press it again");
    assert_eq!(Browser::new().press(&link).await.status(), 403, "another may not");
    for invented in ["x", &"0".repeat(64), "%2e%2e%2fhealthz", "a%0d%0aset-cookie:x=y"] {
        let refused = Browser::new()
            .press(&process.url(&format!("/auth/intercom/begin/{invented}")))
            .await;
        assert_eq!(refused.status(), 403, "{invented}");
        assert!(refused.headers().get("location").is_none() && refused.headers().get("set-cookie").is_none());
    }
    process.stop().await;
}

#[tokio::test]
async fn a_callback_with_a_wrong_old_or_used_state_or_in_another_browser_changes_nothing() {
    let process = Process::start().await;
    // What comes back, seconds later, whether in the browser that went, and the status that it gets.
    let cases = [
        ("code=c&state=STATE", 0, true, 502),
        ("code=c&state=STATE", 0, false, 403),
        ("code=c&state=STATE", 601, true, 403),
        ("code=c&state=0000", 0, true, 403),
        ("code=c", 0, true, 502),
        ("state=STATE", 0, true, 502),
        ("code=c&code=d&state=STATE", 0, true, 502),
        (
            "error=access_denied&error_description=%3Cscript%3E&state=STATE",
            0,
            true,
            502,
        ),
        ("", 0, true, 502),
    ];
    for (query, later, same, status) in cases {
        let link = offered(&process).await;
        let mut browser = Browser::new();
        browser.press(&link).await;
        process.clock.advance(SignedDuration::from_secs(later));
        let url = process.url(&format!(
            "/auth/intercom/callback?{}",
            query.replace("STATE", state_of(&link))
        ));
        let mut back = if same { browser } else { Browser::new() };
        let response = back.get(&url).await;
        assert_eq!(response.status(), status, "{query} {later} {same}");
        let page = response.text().await.unwrap();
        assert!(
            page.contains("Access was not granted") && !page.contains("<script>"),
            "{page}"
        );
        if query == "code=c&state=STATE" && same && later == 0 {
            let again = back.get(&url).await;
            assert_eq!(again.status(), 403);
            assert!(again.text().await.unwrap().contains("finished before"));
        }
    }
    let connection = process.store.connection("acme").await.unwrap();
    assert_eq!(connection.state, ConnectionState::Ready);
    process.stop().await;
}

#[tokio::test]
async fn a_connection_without_an_app_cannot_be_granted() {
    let process = Process::start().await;
    let connection = process.connection("acme", "abcd1234", None, None).await;
    let public_url = "https://t.example/trunkline".parse().unwrap();
    let refused = begin_grant(&process.store, &connection, &public_url, &*process.clock)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "TL0609");
    let link = {
        let app = process.app("mine", "hush").await;
        let granted = trunkline_store::Connection {
            app: Some(app),
            ..connection
        };
        begin_grant(&process.store, &granted, &public_url, &*process.clock)
            .await
            .unwrap()
    };
    assert!(
        link.as_str()
            .starts_with("https://t.example/trunkline/auth/intercom/begin/"),
        "{link}"
    );
    process.stop().await;
}

#[tokio::test]
async fn an_uninstalled_app_ends_the_grants_of_its_own_connections() {
    let process = Process::start().await;
    let one = process.app("one", "first").await;
    process.app("two", "second").await;
    process.connection("acme", "abcd1234", Some(&one), None).await;
    process.connection("token", "abcd1234", None, None).await;
    process
        .connection("elsewhere", "efgh5678", Some(&one), None)
        .await;
    let told = r#"{"app_id":"abcd1234"}"#;
    let tell = async |secret: &str, body: &str| {
        let request = process
            .http
            .post(process.url("/auth/intercom/uninstall"))
            .header("X-Body-Signature", sign(secret, body.as_bytes()))
            .body(body.to_owned());
        answer(request).await.0
    };
    let states = async || {
        let connections = process.store.connections().await.unwrap();
        connections
            .into_iter()
            .map(|connection| (connection.name, connection.state))
            .collect::<Vec<_>>()
    };
    let ready = |name: &str| (name.to_owned(), ConnectionState::Ready);
    assert_eq!(tell("forged", told).await, 401);
    assert_eq!(tell("second", told).await, 200, "another app was removed");
    assert_eq!(tell("first", "{}").await, 400);
    assert_eq!(
        states().await,
        [ready("acme"), ready("elsewhere"), ready("token")]
    );
    assert_eq!(tell("first", told).await, 200);
    let over = ("acme".to_owned(), ConnectionState::NeedsGrant);
    assert_eq!(states().await, [over, ready("elsewhere"), ready("token")]);
    process.stop().await;
}
