//! A site of a test, and components built from the lines that a flow's file would have.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use trunkline_actions::Workspace;
use trunkline_components::{
    MirrorPlace, Mirrors, Notifications, Notified, Pushed, Pushes, Site, Workspaces, build, kinds,
};
use trunkline_flow::{
    Batch, ComponentError, Cursor, Delivered, Destination, Item, Occasion, Read, Record, Source, Trigger,
    document::Document, engine::Flow,
};

struct NoWorkspaces;

impl Workspaces for NoWorkspaces {
    fn workspace<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async { Err(ComponentError::stop("TL0841", "there is no workspace", "None.")) })
    }
}

/// What the receiver of a test keeps.
#[derive(Default)]
pub(crate) struct Received(pub(crate) Mutex<Vec<Notified>>);

impl Notifications for Received {
    fn newest(&self) -> BoxFuture<'_, Result<i64, ComponentError>> {
        let newest = self.0.lock().unwrap().last().map_or(0, |last| last.number);
        Box::pin(async move { Ok(newest) })
    }

    fn before(&self, moment: Timestamp) -> BoxFuture<'_, Result<i64, ComponentError>> {
        let all = self.0.lock().unwrap();
        let earlier = all.iter().filter(|one| one.received_at < moment);
        let number = earlier.map(|one| one.number).max().unwrap_or(0);
        Box::pin(async move { Ok(number) })
    }

    fn after<'a>(
        &'a self,
        number: i64,
        _: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Notified>, ComponentError>> {
        let all = self.0.lock().unwrap();
        let later = all.iter().filter(|one| one.number > number);
        let found = later.take(most as usize).cloned().collect();
        Box::pin(async { Ok(found) })
    }
}

/// What was sent to the flows of a test.
#[derive(Default)]
pub(crate) struct Sent(pub(crate) Mutex<Vec<Pushed>>);

impl Pushes for Sent {
    fn before<'a>(&'a self, _: &'a str, moment: Timestamp) -> BoxFuture<'a, Result<i64, ComponentError>> {
        let all = self.0.lock().unwrap();
        let earlier = all.iter().filter(|one| one.received_at < moment);
        let number = earlier.map(|one| one.number).max().unwrap_or(0);
        Box::pin(async move { Ok(number) })
    }

    fn after<'a>(
        &'a self,
        _: &'a str,
        number: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Pushed>, ComponentError>> {
        let all = self.0.lock().unwrap();
        let later = all.iter().filter(|one| one.number > number);
        let found = later.take(most as usize).cloned().collect();
        Box::pin(async { Ok(found) })
    }
}

/// The mirror of a test's folder, whatever the connection.
struct InFolder(PathBuf);

impl Mirrors for InFolder {
    fn mirror<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MirrorPlace, ComponentError>> {
        let place = MirrorPlace {
            path: self.0.join("mirror.db"),
            workspace: connection.map(str::to_owned),
        };
        Box::pin(async { Ok(place) })
    }
}

/// What the environment of a test holds.
pub(crate) type Variables = Arc<Mutex<HashMap<String, String>>>;

pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn site(folder: &Path, variables: &Variables) -> Site {
    let variables = Arc::clone(variables);
    Site {
        flow: "tried".to_owned(),
        folder: folder.to_owned(),
        now: Arc::new(now),
        workspaces: Arc::new(NoWorkspaces),
        notifications: Arc::new(Received::default()),
        pushes: Arc::new(Sent::default()),
        mirrors: Arc::new(InFolder(folder.to_owned())),
        secrets: Arc::new(move |name| {
            variables
                .lock()
                .unwrap()
                .get(name)
                .cloned()
                .map(SecretString::from)
        }),
        stirred: None,
        is_dry: false,
    }
}

pub(crate) fn variables<const N: usize>(all: [(&str, &str); N]) -> Variables {
    let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Arc::new(Mutex::new(HashMap::from(all)))
}

/// A flow from its text; or its mistakes, a line each.
pub(crate) fn flow(text: &str, site: &Site) -> Result<Flow, String> {
    let document = Document::parse(text, &kinds(), now());
    let built = document.and_then(|document| build(&document, site));
    built.map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// A source from its settings, one line of YAML.
pub(crate) fn source(settings: &str, site: &Site) -> Arc<dyn Source> {
    let text = format!("flow: tried\nsource: {settings}\ndestinations: [stdout]\n");
    flow(&text, site)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
        .source
}

/// A destination from its settings, one line of YAML.
pub(crate) fn destination(settings: &str, site: &Site) -> Arc<dyn Destination> {
    let text = format!("flow: tried\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - {settings}\n");
    let mut flow = flow(&text, site).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    flow.ways.remove(0).destination
}

pub(crate) fn records(values: &[Value]) -> Vec<Record> {
    values.iter().cloned().map(Record::new).collect()
}

/// Brings values in one batch and settles.
pub(crate) async fn bring(destination: &dyn Destination, values: &[Value]) -> Vec<Delivered> {
    let results = destination.deliver(&records(values)).await;
    destination.settle().await.unwrap();
    results
}

/// The one error of a delivery of one value.
pub(crate) async fn refusal(destination: &dyn Destination, value: &Value) -> ComponentError {
    bring(destination, std::slice::from_ref(value))
        .await
        .remove(0)
        .unwrap_err()
}

/// What a source gives until it ends or has nothing for now: values, what is broken, and the last position.
pub(crate) async fn read_all(
    source: &dyn Source,
    cursor: Option<Cursor>,
) -> Result<(Vec<Value>, Vec<ComponentError>, Option<Cursor>), ComponentError> {
    let occasion = Occasion {
        now: now(),
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    let mut reader = source.open(cursor.clone(), &occasion).await?;
    let (mut values, mut broken, mut last) = (Vec::new(), Vec::new(), cursor);
    while let Read::Batch(Batch { items, behind }) = reader.read().await? {
        for item in items {
            match item {
                Item::Record(record) => values.push(record.value.into_value()),
                Item::Broken { error, .. } => broken.push(error),
            }
        }
        last = behind.or(last);
    }
    Ok((values, broken, last))
}

/// The PostgreSQL of the tests, where there is one.
pub(crate) fn postgres() -> Option<String> {
    service("TRUNKLINE_TEST_POSTGRES", "PostgreSQL")
}

/// The NATS server of the tests, where there is one.
pub(crate) fn nats() -> Option<String> {
    service("TRUNKLINE_TEST_NATS", "NATS")
}

fn service(variable: &str, name: &str) -> Option<String> {
    let address = std::env::var(variable).ok();
    if address.is_none() {
        let why = format!("left out: components on {name} ({variable} is not set)");
        assert!(std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_none(), "{why}");
        #[expect(clippy::print_stderr, reason = "nothing is left out in silence")]
        {
            eprintln!("{why}");
        }
    }
    address
}

/// A schema of its own on the PostgreSQL of the tests, dropped by the next test that takes the name.
pub(crate) async fn schema(address: &str, name: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let name = format!("components_{name}_{}", std::process::id());
    client
        .batch_execute(&format!(
            "set client_min_messages = warning; set timezone = 'UTC'; drop schema if exists {name} cascade; create schema {name}; set search_path = {name}"
        ))
        .await
        .unwrap();
    client
}

/// The name of the schema that [`schema`] made.
pub(crate) fn schema_name(name: &str) -> String {
    format!("components_{name}_{}", std::process::id())
}
