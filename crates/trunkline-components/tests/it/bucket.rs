//! Object storage as a place for a flow's files, against a stand-in that speaks S3: whole objects, large ones in parts, refusals,
//! and keys that are shown nowhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use serde_json::{Value, json};

use crate::harness::{self, Variables, bring, read_all, variables};

#[derive(Default)]
struct Held {
    objects: BTreeMap<String, Vec<u8>>,
    /// Parts of objects that are not whole yet.
    parts: BTreeMap<u32, Vec<u8>>,
    signed_by: Vec<String>,
    refuses: Option<StatusCode>,
}

/// A storage with one bucket, `lake`.
#[derive(Clone, Default)]
pub(crate) struct Storage(Arc<Mutex<Held>>);

async fn answer(
    State(Storage(held)): State<Storage>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let mut held = held.lock().unwrap();
    let signed = headers
        .get("authorization")
        .map_or("", |value| value.to_str().unwrap());
    held.signed_by.push(signed.to_owned());
    let say = |status: StatusCode, text: &str| (status, [("etag", "\"tag\"")], text.to_owned());
    if let Some(status) = held.refuses {
        return say(
            status,
            "<Error><Code>AccessDenied</Code><Message>not you, s3cret</Message></Error>",
        );
    }
    let Some(key) = uri
        .path()
        .strip_prefix("/lake")
        .map(|key| key.trim_start_matches('/'))
    else {
        return say(StatusCode::NOT_FOUND, "<Error><Code>NoSuchBucket</Code></Error>");
    };
    let query = uri.query().unwrap_or_default();
    let part = query.split('&').find_map(|one| one.strip_prefix("partNumber="));
    let upload = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    let complete = "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>";
    match (method, part) {
        (Method::PUT, Some(part)) => {
            held.parts.insert(part.parse().unwrap(), body.to_vec());
            say(StatusCode::OK, "")
        }
        (Method::PUT, None) => {
            held.objects.insert(key.to_owned(), body.to_vec());
            say(StatusCode::OK, "")
        }
        (Method::GET, _) if key.is_empty() => {
            let mut text = "<ListBucketResult><Name>lake</Name><IsTruncated>false</IsTruncated>".to_owned();
            for key in held.objects.keys() {
                text.push_str(&format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-01-02T00:00:00.000Z</LastModified>\
                     <ETag>x</ETag><Size>1</Size></Contents>"
                ));
            }
            text.push_str("</ListBucketResult>");
            say(StatusCode::OK, &text)
        }
        (Method::POST, _) if query.starts_with("delete") => {
            let asked = String::from_utf8_lossy(&body);
            let mut text = "<DeleteResult>".to_owned();
            for part in asked.split("<Key>").skip(1) {
                let key = part.split('<').next().unwrap();
                held.objects.remove(key);
                text.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
            }
            text.push_str("</DeleteResult>");
            say(StatusCode::OK, &text)
        }
        (Method::POST, _) if query.starts_with("uploads") => say(StatusCode::OK, upload),
        (Method::POST, _) => {
            let parts = std::mem::take(&mut held.parts);
            held.objects
                .insert(key.to_owned(), parts.into_values().flatten().collect());
            say(StatusCode::OK, complete)
        }
        _ => say(StatusCode::NO_CONTENT, ""),
    }
}

impl Storage {
    /// Starts it; what the environment of its users holds.
    pub(crate) async fn start(&self) -> Variables {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        variables([
            ("AWS_ENDPOINT_URL", &address),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_REGION", "eu-west-1"),
            ("LAKE_KEY", "OTHER"),
        ])
    }

    /// The names of the objects that are there.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().objects.keys().cloned().collect()
    }
}

#[tokio::test]
async fn what_was_delivered_is_an_object_when_it_is_settled() {
    let storage = Storage::default();
    let variables = storage.start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables);
    for (settings, ending) in [
        ("path: s3://lake/people, format: parquet", ".parquet"),
        ("path: s3://lake/people, format: jsonl", ".jsonl"),
        (
            "path: s3://lake, format: jsonl, storage: { access_key_id: { env: LAKE_KEY }, region: us-east-1 }",
            ".jsonl",
        ),
    ] {
        let destination = harness::destination(&format!("file: {{ {settings} }}"), &site);
        let values = [
            json!({ "id": 1, "name": "Zoë" }),
            json!({ "id": 2, "name": null }),
        ];
        let delivered = destination.deliver(&harness::records(&values)).await;
        assert!(delivered.iter().all(Result::is_ok), "{delivered:?}");
        assert!(
            storage.0.lock().unwrap().objects.is_empty(),
            "nothing is settled yet"
        );
        destination.settle().await.unwrap();
        let (objects, signed_by) = {
            let mut held = storage.0.lock().unwrap();
            (std::mem::take(&mut held.objects), held.signed_by.pop().unwrap())
        };
        assert_eq!(objects.len(), 1, "{settings}");
        let (name, bytes) = objects.into_iter().next().unwrap();
        assert!(name.ends_with(ending) && name.contains("tried-2026"), "{name}");
        assert_eq!(name.starts_with("people/"), settings.contains("people"), "{name}");
        let expected = if settings.contains("LAKE_KEY") {
            "AWS4-HMAC-SHA256 Credential=OTHER/"
        } else {
            "AWS4-HMAC-SHA256 Credential=AKID/"
        };
        assert!(signed_by.starts_with(expected), "{signed_by}");
        let local = folder.path().join(format!("local{ending}"));
        std::fs::write(&local, bytes).unwrap();
        let source = harness::source(&format!("{{ file: {{ path: local{ending} }} }}"), &site);
        assert_eq!(read_all(&*source, None).await.unwrap().0, values, "{settings}");
        // Nothing new, no object.
        destination.settle().await.unwrap();
        assert!(storage.0.lock().unwrap().objects.is_empty());
    }
}

#[tokio::test]
async fn of_the_folders_of_days_the_newest_stay() {
    let storage = Storage::default();
    let variables = storage.start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables);
    let settings = "file: { path: s3://lake/nights, format: jsonl, folder: .day, keep: 2 }";
    let destination = harness::destination(settings, &site);
    for day in ["2026-01-01", "notes", "2026-01-02", "2026-01-03"] {
        bring(&*destination, &[json!({ "day": day })]).await;
        destination.settle().await.unwrap();
    }
    let names = storage.names();
    let folders: Vec<&str> = names.iter().map(|name| name.split('/').nth(1).unwrap()).collect();
    assert_eq!(folders, ["2026-01-02", "2026-01-03", "notes"]);
}

#[tokio::test]
async fn a_large_object_comes_in_parts_and_is_there_as_a_whole() {
    let storage = Storage::default();
    let variables = storage.start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables);
    let destination = harness::destination("file: { path: s3://lake/large, format: jsonl }", &site);
    let text = "x".repeat(20_000);
    let values: Vec<Value> = (0..1_000)
        .map(|number| json!({ "number": number, "text": text }))
        .collect();
    bring(&*destination, &values).await;
    let held = storage.0.lock().unwrap();
    assert_eq!(held.objects.len(), 1);
    let lines = held.objects.values().next().unwrap();
    let numbers: Vec<u64> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice::<Value>(line).unwrap()["number"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert!(numbers.into_iter().eq(0..1_000));
    assert!(held.signed_by.len() >= 4, "a beginning, parts and an end");
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_no_key_and_what_waits_is_brought_later() {
    let storage = Storage::default();
    let variables = storage.start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables);
    let destination = harness::destination("file: { path: s3://lake/people, format: jsonl }", &site);
    let records = harness::records(&[json!({ "id": 1 })]);
    assert!(destination.deliver(&records).await[0].is_ok());
    storage.0.lock().unwrap().refuses = Some(StatusCode::FORBIDDEN);
    let error = destination.settle().await.unwrap_err();
    assert!(
        error.code == "TL0897" && error.message.contains("s3://lake/people"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    storage.0.lock().unwrap().refuses = None;
    destination.settle().await.unwrap();
    assert_eq!(storage.0.lock().unwrap().objects.len(), 1);

    let missing = harness::destination("file: { path: s3://sea/people, format: jsonl }", &site);
    assert!(missing.deliver(&records).await[0].is_ok());
    let error = missing.settle().await.unwrap_err();
    assert!(
        error.code == "TL0897" && error.advice.contains("bucket"),
        "{error:?}"
    );

    let settings = "file: { path: s3://lake/a, format: jsonl, storage: { access_key_id: { env: NOT_SET } } }";
    let keyless = harness::destination(settings, &site);
    assert!(keyless.deliver(&records).await[0].is_ok());
    assert_eq!(keyless.settle().await.unwrap_err().code, "TL0861");
}

#[test]
fn places_and_settings_that_cannot_be_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for (settings, expected) in [
        (
            "path: s3:///people, format: jsonl",
            "line 4, column 19: this is no place",
        ),
        (
            "path: 's3://me:pw@lake/people', format: jsonl",
            "this is no place",
        ),
        (
            "path: s3://lake/people",
            "line 4, column 19: object storage takes",
        ),
        ("path: s3://lake/people.csv", "object storage takes"),
        (
            "path: s3://lake/people.parquet, storage: { endpont: x }",
            "has no setting endpont",
        ),
        (
            "path: s3://lake/people.parquet, storage: { secret_access_key: x }",
            "secret_access_key is a secret",
        ),
        (
            "path: people.jsonl, storage: { region: x }",
            "only object storage has settings",
        ),
    ] {
        let text = format!(
            "flow: tried\nsource: {{ file: {{ path: a }} }}\ndestinations:\n  - file: {{ {settings} }}\n"
        );
        let said = harness::flow(&text, &site).unwrap_err();
        assert!(said.contains(expected), "{settings}: {said}");
        assert!(!said.contains("pw"), "{said}");
    }
    for place in ["s3://lake/a", "gs://lake/a", "az://lake/a"] {
        let settings = format!("file: {{ path: {place}, format: parquet }}");
        let _ = harness::destination(&settings, &site);
    }
}
