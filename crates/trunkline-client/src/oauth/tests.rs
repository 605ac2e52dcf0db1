//! Exchanges against a network that follows a script: what is sent, what an answer becomes, and that nothing leaks.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::{
    ManualClock, RequestLog, Transport,
    testing::{Memory, Reply, Scripted, broken, refused, reply, reply_with},
};

const NOW: &str = "2026-11-21T00:00:00Z";
const CODE: &str = "Y29kZTpodXNo=";
const SECRET: &str = "hush/secret=";
const TOKEN: &str = "dG9rOmh1c2g=";

struct Bench {
    network: Arc<Scripted>,
    log: Arc<Memory>,
    sign_in: SignIn,
}

impl Bench {
    fn new(replies: Vec<Reply>) -> Self {
        let network = Scripted::replies(replies);
        let log = Memory::new(true);
        let clock = ManualClock::new(NOW.parse().unwrap());
        let mut settings = SignInSettings::new(Arc::new(clock));
        let kept: Arc<dyn RequestLog> = Arc::<Memory>::clone(&log);
        settings.request_log = Some(kept);
        let transport: Arc<dyn Transport> = Arc::<Scripted>::clone(&network);
        let endpoints = Endpoints::at("http://127.0.0.1:1").unwrap();
        Self {
            sign_in: SignIn::over(endpoints, settings, transport).unwrap(),
            network,
            log,
        }
    }

    async fn exchange(&self) -> Result<Grant, OAuthError> {
        self.sign_in
            .exchange_code(&app(), &CODE.into(), None, Some(&"hush-verifier".into()))
            .await
    }

    /// All that was written down, as it would reach a file.
    fn written(&self) -> String {
        serde_json::to_string(&*self.log.records.lock().unwrap()).unwrap()
    }
}

fn app() -> AppCredentials {
    AppCredentials::new("app-1", &SECRET.into()).unwrap()
}

fn seconds(seconds: i64) -> Option<Timestamp> {
    let now: Timestamp = NOW.parse().unwrap();
    Some(now + jiff::SignedDuration::from_secs(seconds))
}

fn holds_no_secret(text: &str) {
    for secret in ["hush", "aHVza", "Y29kZTpo", "h1c2g", "%2Fsecret"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_becomes_a_grant_however_the_answer_is_written() {
    let token = |rest: &str| format!(r#"{{"token_type":"Bearer","access_token":"{TOKEN}"{rest}}}"#);
    for (body, expires_at, refresh) in [
        (
            format!(r#"{{"token_type":"Bearer","token":"{TOKEN}","access_token":"{TOKEN}"}}"#),
            None,
            None,
        ),
        (format!(r#"{{"token":"{TOKEN}"}}"#), None, None),
        (
            format!(r#" {{"access_token":"{TOKEN}","token":null,"app":{{}}}} "#),
            None,
            None,
        ),
        (
            format!(r#"{{"access_token":"","token":"{TOKEN}","token_type":"bearer"}}"#),
            None,
            None,
        ),
        (token(r#","expires_in":3600"#), seconds(3_600), None),
        (
            token(r#","expires_in":"60","refresh_token":"hush-r""#),
            seconds(60),
            Some("hush-r"),
        ),
        (token(r#","expires_in":0"#), None, None),
        (token(r#","expires_in":-5,"refresh_token":"""#), None, None),
        (token(r#","expires_in":1e300,"refresh_token":7"#), None, None),
        (token(r#","expires_in":"soon","refresh_token":"a b""#), None, None),
    ] {
        let bench = Bench::new(vec![reply(200, body.clone())]);
        let grant = bench
            .exchange()
            .await
            .unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(grant.access_token.expose_secret(), TOKEN, "{body}");
        assert_eq!(grant.expires_at, expires_at, "{body}");
        assert_eq!(
            grant
                .refresh_token
                .as_ref()
                .map(secrecy::ExposeSecret::expose_secret),
            refresh,
            "{body}"
        );
        assert_eq!(grant.token_type, "Bearer");
        holds_no_secret(&format!("{grant:?}"));
        holds_no_secret(&bench.written());
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_is_one_form_and_names_no_version_and_no_token() {
    let bench = Bench::new(vec![reply(200, format!(r#"{{"token":"{TOKEN}"}}"#))]);
    let back = "https://me.example.org/auth/intercom/callback?a=1"
        .parse()
        .unwrap();
    bench
        .sign_in
        .exchange_code(&app(), &CODE.into(), Some(&back), None)
        .await
        .unwrap();
    let requests = bench.network.requests();
    let [request] = requests.as_slice() else {
        panic!("one request");
    };
    assert_eq!(request.uri().to_string(), "/auth/eagle/token");
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.headers()["accept"], "application/json");
    assert!(!request.headers().contains_key("authorization"));
    let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body()).into_owned().collect();
    let expected = [
        ("grant_type", "authorization_code"),
        ("client_id", "app-1"),
        ("client_secret", SECRET),
        ("code", CODE),
        ("redirect_uri", back.as_str()),
    ];
    assert_eq!(
        form,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_is_no_grant_becomes_one_clear_error_without_secrets() {
    let echo = format!("no code {CODE} of Y29kZTpodXNo%3D with {SECRET} or hush%2Fsecret%3D");
    for (answer, code, new_grant) in [
        (reply(401, "Unauthorized Code"), "TL0124", true),
        (reply(401, ""), "TL0124", true),
        (reply(401, echo.clone()), "TL0124", true),
        (reply(401, format!("{}{CODE}", "x".repeat(195))), "TL0124", true),
        (
            reply(
                400,
                format!(r#"{{"error":"invalid_grant","error_description":"{echo}"}}"#),
            ),
            "TL0124",
            true,
        ),
        (reply(200, r#"{"error":"bad_verification_code"}"#), "TL0124", true),
        (
            reply(403, "<html><title>Y29kZTpodXNo&#61;</title>"),
            "TL0124",
            true,
        ),
        (reply(401, r#"{"error":"invalid_client"}"#), "TL0126", false),
        (reply(400, r#"{"error":"unauthorized_client"}"#), "TL0126", false),
        (reply(200, ""), "TL0127", true),
        (reply(204, ""), "TL0127", true),
        (
            reply(200, "<html><title>Sign in to the proxy</title></html>"),
            "TL0127",
            true,
        ),
        (reply(200, "[]"), "TL0127", true),
        (reply(200, "{}"), "TL0127", true),
        (reply(200, r#"{"access_token":7}"#), "TL0127", true),
        (reply(200, r#"{"access_token":"hush hush"}"#), "TL0127", true),
        (reply(200, r#"{"access_token":"hush\r\nx: y"}"#), "TL0127", true),
        (
            reply(200, r#"{"access_token":"hush","token_type":"mac"}"#),
            "TL0127",
            true,
        ),
        (
            reply(200, format!(r#"{{"access_token":"{}"}}"#, "h".repeat(9_000))),
            "TL0127",
            true,
        ),
        (reply(200, r#"{"access_token":"hush"#), "TL0127", true),
        (reply(404, "not found"), "TL0127", true),
        (
            reply_with(
                302,
                "",
                &[("location", "https://elsewhere.example.org/?code=hush")],
            ),
            "TL0127",
            true,
        ),
        (reply(500, echo.clone()), "TL0128", true),
        (reply(503, "<html>"), "TL0128", true),
        (reply(429, ""), "TL0128", false),
        (broken(), "TL0128", true),
        (refused(), "TL0128", false),
        ((Duration::from_secs(60), reply(200, "{}").1), "TL0128", true),
    ] {
        let shown = format!("{answer:?}");
        let bench = Bench::new(vec![answer]);
        let error = bench.exchange().await.unwrap_err();
        assert_eq!(error.code(), code, "{shown}: {error}");
        assert_eq!(error.needs_new_grant(), new_grant, "{shown}: {error}");
        for text in [error.to_string(), format!("{error:?}"), bench.written()] {
            holds_no_secret(&text);
        }
        assert_eq!(bench.network.requests().len(), 1, "sent once: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_where_the_server_knows_how() {
    let renewed = reply(200, format!(r#"{{"access_token":"{TOKEN}","expires_in":60}}"#));
    let rotated = reply(
        200,
        format!(r#"{{"access_token":"{TOKEN}","refresh_token":"hush-new"}}"#),
    );
    let over = reply(400, r#"{"error":"invalid_grant"}"#);
    let bench = Bench::new(vec![renewed, rotated, over]);
    let refresh = || async { bench.sign_in.refresh(&app(), &"hush-old".into()).await };
    for expected in ["hush-old", "hush-new"] {
        let grant = refresh().await.unwrap();
        assert_eq!(grant.refresh_token.unwrap().expose_secret(), expected);
    }
    let error = refresh().await.unwrap_err();
    assert_eq!((error.code(), error.needs_new_grant()), ("TL0125", true));
    holds_no_secret(&bench.written());
    let body = String::from_utf8(bench.network.requests()[0].body().to_vec()).unwrap();
    assert!(body.contains("grant_type=refresh_token") && body.contains("refresh_token=hush-old"));
}

#[tokio::test(start_paused = true)]
async fn an_app_leaves_a_workspace_with_its_token() {
    for (answer, code) in [
        (reply(200, ""), None),
        (reply(204, ""), None),
        (
            reply(
                401,
                r#"{"type":"error.list","errors":[{"code":"token_revoked","message":"gone"}]}"#,
            ),
            Some("TL0125"),
        ),
        (reply(404, ""), Some("TL0127")),
        (reply(502, ""), Some("TL0128")),
    ] {
        let bench = Bench::new(vec![answer]);
        let outcome = bench.sign_in.uninstall(&TOKEN.into()).await;
        assert_eq!(outcome.err().map(|error| error.code()), code);
        let request = &bench.network.requests()[0];
        assert_eq!(request.uri().to_string(), "/auth/uninstall");
        assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
        holds_no_secret(&bench.written());
    }
    let bad = Bench::new(Vec::new())
        .sign_in
        .uninstall(&"a\nb".into())
        .await
        .unwrap_err();
    assert_eq!(bad.code(), "TL0123");
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_what_happened_and_blots_out_the_rest() {
    let bench = Bench::new(vec![
        reply(
            200,
            format!(r#"{{"token_type":"Bearer","token":"{TOKEN}","key":{{"a":"{TOKEN}"}}}}"#),
        ),
        reply(401, "Unauthorized Code"),
        refused(),
    ]);
    for _ in 0..3 {
        let _ = bench.exchange().await;
    }
    let lines = bench.log.records.lock().unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.operation,
                line.path.as_ref(),
                line.status,
                line.error.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("oauth.exchange", "/auth/eagle/token", Some(200), false),
            ("oauth.exchange", "/auth/eagle/token", Some(401), false),
            ("oauth.exchange", "/auth/eagle/token", None, true),
        ]
    );
    assert_eq!(
        (lines[0].at.as_str(), lines[0].version, lines[0].duration_ms),
        (NOW, "", 20)
    );
    assert_eq!(
        lines[0].request_body.as_deref(),
        Some(
            r#"{"client_id":"app-1","client_secret":"[redacted]","code":"[redacted]","code_verifier":"[redacted]","grant_type":"authorization_code"}"#
        )
    );
    assert_eq!(
        lines[0].response_body.as_deref(),
        Some(r#"{"key":"[redacted]","token":"[redacted]","token_type":"Bearer"}"#)
    );
    assert_eq!(
        lines[1].response_body.as_deref(),
        Some("[17 bytes that are not a JSON object]")
    );
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up() {
    let router = axum::Router::new().fallback(|| async { "x".repeat(100_000) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoints = Endpoints::at(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let clock = ManualClock::new(NOW.parse().unwrap());
    let sign_in = SignIn::new(endpoints, SignInSettings::new(Arc::new(clock))).unwrap();
    let code = SecretString::from(CODE);
    let error = sign_in
        .exchange_code(&app(), &code, None, None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "TL0128");
    assert!(error.to_string().contains("larger than 65536 bytes"), "{error}");
}
