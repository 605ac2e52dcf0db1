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

#[tokio::test]
async fn what_is_not_there_is_made_before_and_what_is_there_is_not_sent_twice() {
    // A tracker: issues by label, and their comments.
    let issues = Arc::new(Mutex::new(Vec::<(String, Vec<String>)>::new()));
    let held = Arc::clone(&issues);
    let server = Server::start(move |body| {
        let mut issues = held.lock().unwrap();
        match body["do"].as_str().unwrap() {
            "find" => match issues.iter().position(|(label, _)| body["label"] == **label) {
                Some(at) => (200, json!({ "number": at })),
                None => (404, json!({ "message": "Not Found" })),
            },
            "make" => {
                issues.push((body["label"].as_str().unwrap().to_owned(), Vec::new()));
                (201, json!({ "number": issues.len() - 1 }))
            }
            "list" => (200, json!(issues[body["number"].as_u64().unwrap() as usize].1)),
            _ => {
                let text = body["text"].as_str().unwrap().to_owned();
                issues[body["number"].as_u64().unwrap() as usize].1.push(text);
                (201, json!({}))
            }
        }
    })
    .await;
    let settings = format!(
        r#"http: {{ url: '"{0}/\(.issue)"', headers: {{ Authorization: {{ env: KEY }} }}, body: '{{do: "say", number: .issue, text}}', unless: 'any(.there[]; . == "b")',
        first: [
          {{ into: issue, url: '"{0}/find"', method: POST, body: '{{do: "find", label}}', take: .body.number }},
          {{ into: issue, when: '.issue == null', url: '"{0}/make"', method: POST, body: '{{do: "make", label}}', take: .body.number }},
          {{ into: there, url: '"{0}/list"', method: POST, headers: {{ X-Own: .label }}, body: '{{do: "list", number: .issue}}' }} ] }}"#,
        server.address
    );
    let variables = variables([("KEY", "s3cret")]);
    let destination = harness::destination(&settings, &site(&variables));
    let record = |label: &str, text: &str| json!({ "label": label, "text": text });
    let preview = destination
        .preview(&harness::records(&[record("x", "a")])[0])
        .unwrap();
    assert_eq!(
        (
            preview["first"].as_array().unwrap().len(),
            &preview["body"]["text"]
        ),
        (3, &json!("a"))
    );
    assert_eq!(server.came().len(), 0, "a preview calls nobody");
    for (label, text) in [("x", "a"), ("x", "b"), ("y", "a"), ("x", "c")] {
        let delivered = destination
            .deliver(&harness::records(&[record(label, text)]))
            .await;
        assert!(delivered[0].is_ok(), "{delivered:?}");
    }
    let expected = [("x", vec!["a", "b"]), ("y", vec!["a"])];
    let held = issues.lock().unwrap().clone();
    assert!(
        held.iter()
            .zip(&expected)
            .all(|((label, texts), expected)| *label == expected.0 && *texts == expected.1),
        "{held:?}"
    );
    let came = server.came();
    let (find, list) = (&came[0], &came[2]);
    assert_eq!(find.headers["authorization"], "s3cret");
    assert!(!list.headers.contains_key("authorization") && list.headers["x-own"] == "x");
}

#[tokio::test]
async fn a_call_before_that_fails_is_the_deliverys_failure() {
    for (status, code, verdict) in [
        (500, "TL0863", Verdict::Retry(None)),
        (403, "TL0863", Verdict::Reject),
    ] {
        let server =
            Server::start(move |body| (if *body == json!({}) { status } else { 200 }, json!({}))).await;
        let settings = format!(
            r#"http: {{ url: '"{0}"', first: [ {{ into: a, url: '"{0}"', method: PUT, body: '{{}}' }} ] }}"#,
            server.address
        );
        let destination = harness::destination(&settings, &site(&variables([])));
        let error = refusal(&*destination, &json!({ "b": 1 })).await;
        assert_eq!((error.code, error.verdict), (code, verdict), "{error}");
        assert_eq!(error.request.unwrap()["method"], "PUT");
        assert_eq!(server.came().len(), 1);
    }
    let server = Server::start(|_| (200, json!({}))).await;
    let settings = format!(
        r#"http: {{ url: '"{0}"', first: [ {{ into: a, url: '"{0}"' }} ] }}"#,
        server.address
    );
    let destination = harness::destination(&settings, &site(&variables([])));
    assert_eq!(refusal(&*destination, &json!([1])).await.code, "TL0841");
    let text = "flow: tried\nsource: { file: { path: x } }\ndestinations:\n  - http: { url: .u, first: [ { into: a, url: .u, headers: { 'a b': .x } } ] }\n";
    let mistakes = harness::flow(text, &site(&variables([]))).unwrap_err();
    assert!(
        mistakes.contains("line 4") && mistakes.contains("header"),
        "{mistakes}"
    );
}
