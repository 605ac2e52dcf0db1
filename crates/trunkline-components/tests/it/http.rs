//! `http` and `chat` against a server that answers by plan.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::Request, response::Response};
use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Verdict};

use crate::harness::{self, Variables, refusal, variables};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    text: String,
    body: Value,
    status: u16,
}

/// A server that notes what comes.
pub(crate) struct Server {
    pub(crate) address: String,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static) -> Self {
        Self::start_with(move |body| (answer(body), None)).await
    }

    /// With a `Retry-After` beside the answer.
    async fn start_with(
        answer: impl Fn(&Value) -> ((u16, Value), Option<&'static str>) + Send + Sync + 'static,
    ) -> Self {
        let came = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (Arc::clone(&came), Arc::new(answer));
        let take = move |request: Request| {
            let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let body = serde_json::from_str(&text).unwrap_or(Value::Null);
                let ((status, value), pause) = answer(&body);
                let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                    (name.to_string(), value.to_str().unwrap().to_owned())
                };
                noted.lock().unwrap().push(Came {
                    method: parts.method.to_string(),
                    path: parts.uri.to_string(),
                    headers: parts.headers.iter().map(header).collect(),
                    text,
                    body,
                    status,
                });
                let mut response = Response::builder().status(status);
                if let Some(pause) = pause {
                    response = response.header("retry-after", pause);
                }
                let text = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                response.body(axum::body::Body::from(text)).unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, came }
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// Bodies of what was answered well, in their order.
    pub(crate) fn good(&self) -> Vec<Value> {
        let came = self.came();
        came.into_iter()
            .filter(|came| came.status < 300)
            .map(|came| came.body)
            .collect()
    }
}

fn site(variables: &Variables) -> trunkline_components::Site {
    harness::site(std::path::Path::new("/"), variables)
}

#[tokio::test]
async fn a_request_is_what_the_expressions_make() {
    let server = Server::start(|_| (201, json!({ "made": 7 }))).await;
    let settings = format!(
        r#"http: {{ url: '"{}/people/\(.id)?q=1"', method: PUT, headers: {{ X-Id: .id, X-None: .none, Authorization: {{ env: KEY, prefix: "Bearer " }} }}, body: '{{id, twice: (.id * 2)}}', sign: {{ secret: {{ env: SIGN }} }} }}"#,
        server.address
    );
    let variables = variables([("KEY", "s3cret"), ("SIGN", "key")]);
    let destination = harness::destination(&settings, &site(&variables));
    let shown = destination
        .preview(&harness::records(&[json!({ "id": 21 })])[0])
        .unwrap();
    assert_eq!(server.came().len(), 0, "a preview calls nobody");
    assert_eq!(shown["headers"]["authorization"], "Bearer {env: KEY}");
    let answer = harness::bring(&*destination, &[json!({ "id": 21 })])
        .await
        .remove(0)
        .unwrap()
        .unwrap();
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&json!(201), &json!({ "made": 7 }))
    );
    let came = server.came().remove(0);
    assert_eq!(
        (came.method.as_str(), came.path.as_str()),
        ("PUT", "/people/21?q=1")
    );
    assert_eq!(came.text, r#"{"id":21,"twice":42}"#);
    let expected = [
        ("x-id", Some("21")),
        ("x-none", None),
        ("authorization", Some("Bearer s3cret")),
        ("content-type", Some("application/json")),
    ];
    for (name, value) in expected {
        assert_eq!(came.headers.get(name).map(String::as_str), value, "{name}");
    }
    let signature = &came.headers["x-trunkline-signature"];
    assert!(
        signature.starts_with("t=1767323045,v1=") && signature.len() == 80,
        "{signature}"
    );
}

#[tokio::test]
async fn an_answer_says_what_becomes_of_the_record() {
    let server = Server::start_with(|body| {
        let status = u16::try_from(body["status"].as_u64().unwrap()).unwrap();
        let pause = match body["pause"].as_u64() {
            Some(7) => Some("7"),
            _ => None,
        };
        ((status, body["answer"].clone()), pause)
    })
    .await;
    let settings = format!(
        "http: {{ url: '\"{}\"', failed_when: '.body | if type == \"object\" then .error else false end', retry_when: '.body == \"busy\"' }}",
        server.address
    );
    let destination = harness::destination(&settings, &site(&variables([])));
    for (body, expected) in [
        (json!({ "status": 200, "answer": {} }), None),
        (json!({ "status": 204, "answer": "" }), None),
        (
            json!({ "status": 400, "answer": "no" }),
            Some(("TL0863", Verdict::Reject, "no")),
        ),
        (
            json!({ "status": 404, "answer": {} }),
            Some(("TL0863", Verdict::Reject, "404")),
        ),
        (
            json!({ "status": 302, "answer": {} }),
            Some(("TL0863", Verdict::Reject, "302")),
        ),
        (
            json!({ "status": 408, "answer": {} }),
            Some(("TL0863", Verdict::Retry(None), "408")),
        ),
        (
            json!({ "status": 500, "answer": {} }),
            Some(("TL0863", Verdict::Retry(None), "500")),
        ),
        (
            json!({ "status": 429, "answer": {}, "pause": 7 }),
            Some(("TL0863", Verdict::Retry(Some(Duration::from_secs(7))), "429")),
        ),
        (
            json!({ "status": 503, "answer": {}, "pause": 7 }),
            Some(("TL0863", Verdict::Retry(Some(Duration::from_secs(7))), "503")),
        ),
        (
            json!({ "status": 200, "answer": { "error": "no such list" } }),
            Some(("TL0864", Verdict::Reject, "an error inside: no such list")),
        ),
        (
            json!({ "status": 200, "answer": "busy" }),
            Some(("TL0864", Verdict::Retry(None), "busy")),
        ),
        (
            json!({ "status": 400, "answer": "busy" }),
            Some(("TL0864", Verdict::Retry(None), "busy")),
        ),
    ] {
        let result = harness::bring(&*destination, std::slice::from_ref(&body))
            .await
            .remove(0);
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(error), Some((code, verdict, words))) => {
                assert_eq!((error.code, error.verdict), (code, verdict), "{body}");
                assert!(error.message.contains(words), "{error}");
                assert_eq!(error.request.unwrap()["body"], body);
            }
            (result, _) => panic!("{body}: {result:?}"),
        }
    }
}

/// Every place where something of an error is shown or kept.
fn whole(error: &ComponentError) -> String {
    format!("{error:?}")
}

#[tokio::test]
async fn secrets_are_shown_nowhere() {
    let server = Server::start(|body| (400, json!({ "you sent": body, "key": "s3cret-s3cret" }))).await;
    let hook = format!("{}/hook/T0P-SECRET", server.address);
    let variables = variables([("HOOK", &hook), ("KEY", "s3cret-s3cret")]);
    let settings =
        "http: { url: { env: HOOK }, headers: { X-Key: { env: KEY } }, sign: { secret: { env: KEY } } }";
    for settings in [settings, "chat: { url: { env: HOOK }, text: .text }"] {
        let destination = harness::destination(settings, &site(&variables));
        let value = json!({ "text": "hello" });
        let error = refusal(&*destination, &value).await;
        let shown = destination
            .preview(&harness::records(&[value])[0])
            .unwrap()
            .to_string();
        for text in [whole(&error), shown] {
            assert!(text.contains("{env: HOOK}"), "{text}");
            assert!(
                !text.contains("T0P-SECRET") && (!settings.contains("KEY") || !text.contains("s3cret")),
                "{text}"
            );
        }
    }
    // Nobody listens there.
    variables
        .lock()
        .unwrap()
        .insert("HOOK".to_owned(), "http://127.0.0.1:9/T0P-SECRET".to_owned());
    let destination = harness::destination(settings, &site(&variables));
    let error = refusal(&*destination, &json!({})).await;
    assert_eq!((error.code, error.verdict), ("TL0860", Verdict::Retry(None)));
    assert!(!whole(&error).contains("T0P-SECRET"), "{error:?}");
    let own = harness::destination("http: { url: { env: TRUNKLINE_KEY } }", &site(&variables));
    variables
        .lock()
        .unwrap()
        .insert("TRUNKLINE_KEY".to_owned(), server.address.clone());
    assert_eq!(
        refusal(&*own, &json!({})).await.code,
        "TL0861",
        "the vault's key goes nowhere"
    );
    variables.lock().unwrap().clear();
    let error = refusal(&*destination, &json!({})).await;
    assert_eq!((error.code, error.verdict), ("TL0861", Verdict::Stop));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    for (settings, value, code) in [
        (
            "http: { url: .url }",
            json!({ "url": "http://169.254.169.254/latest" }),
            "TL0862",
        ),
        (
            "http: { url: .url }",
            json!({ "url": "http://[::ffff:169.254.169.254]/" }),
            "TL0862",
        ),
        (
            "http: { url: .url }",
            json!({ "url": "file:///etc/passwd" }),
            "TL0862",
        ),
        ("http: { url: .url }", json!({ "url": "no address" }), "TL0862"),
        ("http: { url: .url }", json!({}), "TL0862"),
        (
            "http: { url: '\"http://127.0.0.1:9\"', headers: { X: .x } }",
            json!({ "x": "a\nb: c" }),
            "TL0865",
        ),
        (
            "http: { url: '\"http://127.0.0.1:9\"', body: error }",
            json!({}),
            "TL0811",
        ),
        (
            "chat: { url: '\"http://127.0.0.1:9\"', text: .text }",
            json!({ "text": " " }),
            "TL0865",
        ),
    ] {
        let destination = harness::destination(settings, &site(&variables([])));
        let error = refusal(&*destination, &value).await;
        assert_eq!(
            (error.code, error.verdict),
            (code, Verdict::Reject),
            "{settings} {value}: {error}"
        );
    }
}

#[tokio::test]
async fn what_takes_too_long_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = format!("http: {{ url: '\"http://{address}\"', timeout: 50ms }}");
    let error = refusal(
        &*harness::destination(&settings, &site(&variables([]))),
        &json!({}),
    )
    .await;
    assert_eq!((error.code, error.verdict), ("TL0860", Verdict::Retry(None)));
    assert!(error.message.contains("did not answer within"), "{error}");
}

#[tokio::test]
async fn a_chat_that_asks_for_a_pause_gets_it_and_the_order_stays() {
    let answers = Mutex::new(vec![(200, "ok"), (429, "slow down"), (429, "slow down")]);
    let server = Server::start_with(move |_| {
        let (status, text) = answers.lock().unwrap().pop().unwrap_or((200, "ok"));
        ((status, json!(text)), Some("0"))
    })
    .await;
    let settings = format!(
        "chat: {{ url: '\"{}\"', text: .text, field: content, with: {{ name: .name }} }}",
        server.address
    );
    let destination = harness::destination(&settings, &site(&variables([])));
    let values = [json!({ "text": "one" }), json!({ "text": "two", "name": "n" })];
    let results = harness::bring(&*destination, &values).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(
        server.good(),
        [
            json!({ "content": "one" }),
            json!({ "content": "two", "name": "n" })
        ]
    );
    assert_eq!(server.came().len(), 4);
}

#[tokio::test]
async fn a_chat_that_says_no_with_a_good_status() {
    for (answer, expected) in [
        (
            json!({ "ok": false, "error": "channel_not_found" }),
            ("TL0864", Verdict::Reject),
        ),
        (
            json!({ "ok": false, "error": "ratelimited" }),
            ("TL0864", Verdict::Retry(None)),
        ),
    ] {
        let server = Server::start(move |_| (200, answer.clone())).await;
        let settings = format!("chat: {{ url: '\"{}\"', text: .text }}", server.address);
        let destination = harness::destination(&settings, &site(&variables([])));
        let error = refusal(&*destination, &json!({ "text": "x" })).await;
        assert_eq!((error.code, error.verdict), expected);
    }
}

#[test]
fn settings_that_are_wrong_have_their_place() {
    for (settings, words) in [
        ("http: { url: 'http://example.com' }", "this is no expression"),
        ("http: { url: { env: X, more: 1 } }", "there is no key more"),
        ("http: { url: .u, headers: { 'a b': .x } }", "no name of a header"),
        ("http: { url: .u, method: put }", "put is not known"),
        ("http: { url: .u, timeout: 5 }", "in timeout"),
        ("http: {}", "missing field `url`"),
        (
            "chat: { url: .u, text: .t, with: { text: .x } }",
            "the text's own",
        ),
        (
            "sqlite: { path: x.db, table: sqlite_x, key: .id }",
            "cannot be the name of a table",
        ),
        ("sqlite: { path: x.db, table: t }", "missing field `key`"),
        (
            "postgres: { url: 'postgres://u:p@h/d', table: t, key: .id }",
            "in url",
        ),
        (
            "postgres: { url: { env: PG }, schema: '', table: t, key: .id }",
            "name of a schema",
        ),
    ] {
        let text = format!("flow: tried\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - {settings}\n");
        let mistakes = harness::flow(&text, &site(&variables([]))).unwrap_err();
        assert!(
            mistakes.contains("line 4") && mistakes.contains(words),
            "{settings}: {mistakes}"
        );
    }
}
