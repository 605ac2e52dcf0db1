//! `intercom`: what a read operation of Intercom gives, page by page.
//!
//! The one rule: the position is moved only when the last page was given. Inside of a run the request stays as it was, so that no
//! page is skipped because the question changed between two of them.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_actions::{CallOptions, Workspace, action};
use trunkline_catalog::Effect;
use trunkline_client::Priority;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source, Verdict,
    document::{Jq, Mistake, Node, read},
};

use crate::{Site, destinations::intercom::failed, registry::SourceKind};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "intercom",
    summary: "Gives what a read operation of Intercom answers, all pages of it.",
    is_rereadable: true,
    is_endless: |_| false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many records are given at once.
const BATCH: usize = 150;
/// The length of a page where the request does not say it.
const PAGE: u64 = 50;
/// How many batches are read ahead.
const AHEAD: usize = 2;

/// Gives what a read operation of Intercom answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The connection; the default one unless named.
    #[serde(default)]
    connection: Option<String>,
    /// The operation, or another action that only reads, as `trunkline actions` lists them.
    operation: String,
    /// Values for what the path names.
    #[serde(default)]
    path: Map<String, Value>,
    /// Parameters of the query.
    #[serde(default)]
    query: Map<String, Value>,
    /// The body.
    #[serde(default)]
    payload: Option<Value>,
    /// Whether all pages are read, or the first only.
    #[serde(default = "yes")]
    paginate: bool,
    /// The most records of one run.
    #[serde(default)]
    limit: Option<u64>,
    /// An expression over `{now, last_success, checkpoint, trigger, since, until}` (times in unix seconds; the last two of a range that is read again) that gives `{path, query, payload}`,
    /// each laid over what is set above.
    #[serde(default)]
    request: Option<Jq>,
    /// What of each record the next run's `checkpoint` is: the largest of all that were read. Without it, `checkpoint` is the moment at which the last run began.
    #[serde(default)]
    checkpoint: Option<Jq>,
}

const fn yes() -> bool {
    true
}

struct Asking {
    settings: Settings,
    site: Site,
    /// Whether the operation gives a list, which may be limited.
    gives_rows: bool,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let spot = node.get("operation").map_or(node.spot, |value| value.spot);
    let known =
        action(&settings.operation).map_err(|error| Mistake::new(spot, error.to_string(), error.advice()))?;
    if known.effect != Effect::Read {
        return Err(Mistake::new(
            spot,
            format!(
                "{} changes the workspace; a source only reads",
                settings.operation
            ),
            "Use it as a destination.",
        ));
    }
    Ok(Arc::new(Asking {
        settings,
        site: site.clone(),
        gives_rows: known.field("limit").is_some(),
    }))
}

impl Asking {
    /// What is asked for in this run.
    fn input(&self, checkpoint: &Value, occasion: &Occasion) -> Result<Value, ComponentError> {
        let settings = &self.settings;
        let mut parts = [
            ("path", Value::Object(settings.path.clone())),
            ("query", Value::Object(settings.query.clone())),
            ("payload", settings.payload.clone().unwrap_or(Value::Null)),
        ];
        if let Some(request) = &settings.request {
            let known = Record::new(json!({
                "now": occasion.now.as_second(),
                "last_success": occasion.last_success.map(Timestamp::as_second),
                "since": occasion.range.map(|(since, _)| since.as_second()),
                "until": occasion.range.map(|(_, until)| until.as_second()),
                "checkpoint": checkpoint,
                "trigger": occasion.trigger,
            }));
            let made = request
                .value(&known, occasion.now)
                .map_err(|error| ComponentError {
                    verdict: Verdict::Stop,
                    ..error
                })?;
            for (name, part) in &mut parts {
                lay(part, &made[*name]);
            }
        }
        let page = [&parts[1].1["per_page"], &parts[2].1["pagination"]["per_page"]]
            .into_iter()
            .find_map(Value::as_u64)
            .unwrap_or(PAGE);
        let limit = match (settings.limit, settings.paginate) {
            (limit, true) => limit,
            (limit, false) => Some(limit.map_or(page, |limit| limit.min(page))),
        };
        let is_set = |part: &Value| !part.is_null() && part.as_object().is_none_or(|part| !part.is_empty());
        let mut input: Map<String, Value> = parts
            .into_iter()
            .filter(|(_, part)| is_set(part))
            .map(|(name, part)| (name.to_owned(), part))
            .collect();
        if let Some(limit) = limit.filter(|_| self.gives_rows) {
            input.insert("limit".to_owned(), limit.into());
        }
        Ok(input.into())
    }
}

/// Lays one value over another: objects key by key, all else as a whole.
fn lay(under: &mut Value, over: &Value) {
    match (under, over) {
        (_, Value::Null) => {}
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                lay(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

impl Source for Asking {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let checkpoint = cursor.map_or(Value::Null, |cursor| cursor.0["checkpoint"].clone());
            let input = self.input(&checkpoint, occasion)?;
            let connection = self.settings.connection.as_deref();
            let workspace = self.site.workspaces.workspace(connection).await?;
            let options = CallOptions {
                priority: Priority::Background,
                by_whom: format!("flow {}", self.site.flow),
                ..CallOptions::default()
            };
            let (give, pages) = std::sync::mpsc::sync_channel(AHEAD);
            let operation = self.settings.operation.clone();
            let runtime = tokio::runtime::Handle::current();
            // A thread of its own, which may wait for whoever takes the rows.
            tokio::task::spawn_blocking(move || {
                runtime.block_on(ask(&workspace, &operation, input, options, &give));
            });
            Ok(Box::new(Paging {
                stream: stream_of(&self.settings.operation),
                expression: self.settings.checkpoint.clone(),
                now: occasion.now,
                largest: checkpoint,
                pages: Some(pages),
            }) as Box<dyn Reader>)
        })
    }
}

/// Rows, and whether they are the last.
type Page = Result<(Vec<Value>, bool), ComponentError>;

/// Asks, and gives rows in pages until nobody takes them.
async fn ask(
    workspace: &Workspace,
    operation: &str,
    input: Value,
    options: CallOptions,
    give: &SyncSender<Page>,
) {
    let mut page = Vec::with_capacity(BATCH);
    let mut take = |row: Value| {
        page.push(row);
        if page.len() < BATCH {
            return ControlFlow::Continue(());
        }
        match give.send(Ok((std::mem::take(&mut page), false))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let ended = workspace.each(operation, input.clone(), options, &mut take).await;
    let last = match ended {
        Ok(None) => Ok((page, true)),
        Ok(Some(outcome)) => {
            let rows = match outcome.output {
                Value::Array(rows) => rows,
                Value::Null => Vec::new(),
                one => vec![one],
            };
            Ok((rows, true))
        }
        Err(error) => Err(ComponentError {
            // A source that cannot be read is no record's fault.
            verdict: Verdict::Stop,
            ..failed(operation, &error, &input)
        }),
    };
    // Whoever read may have gone.
    give.send(last).ok();
}

/// The stream that rows of an operation are said to be of: `contacts` of `contacts.search`.
fn stream_of(operation: &str) -> String {
    operation.split('.').next().unwrap_or(operation).to_owned()
}

struct Paging {
    stream: String,
    expression: Option<Jq>,
    now: Timestamp,
    /// The largest checkpoint of the records that were given.
    largest: Value,
    pages: Option<Receiver<Page>>,
}

impl Paging {
    fn record(&self, value: Value) -> Record {
        let id = match &value["id"] {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        };
        let updated_at = value["updated_at"]
            .as_i64()
            .and_then(|at| Timestamp::from_second(at).ok());
        Record::new(value).with_head(Head {
            stream: Some(self.stream.clone()),
            id,
            updated_at,
            branch: None,
        })
    }

    fn note(&mut self, record: &Record) -> Result<(), ComponentError> {
        let Some(expression) = &self.expression else {
            return Ok(());
        };
        let value = expression.value(record, self.now)?;
        let is_larger = match (value.as_f64(), self.largest.as_f64()) {
            (Some(new), Some(old)) => new > old,
            (None, None) => value.as_str() > self.largest.as_str(),
            (new, _) => new.is_some(),
        };
        if is_larger {
            self.largest = value;
        }
        Ok(())
    }
}

impl Reader for Paging {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let Some(pages) = self.pages.take() else {
                return Ok(Read::End);
            };
            let taken = tokio::task::spawn_blocking(move || {
                let page = pages.recv();
                (pages, page)
            });
            let Ok((pages, page)) = taken.await else {
                return Err(broke_off());
            };
            let (rows, is_last) = page.map_err(|_| broke_off())??;
            let mut items = Vec::with_capacity(rows.len());
            for row in rows {
                let record = self.record(row);
                match self.note(&record) {
                    Ok(()) => items.push(Item::Record(record)),
                    Err(error) => items.push(Item::Broken {
                        text: record.value.to_string(),
                        error,
                    }),
                }
            }
            let mut behind = None;
            if is_last {
                let reached = match &self.expression {
                    Some(_) => self.largest.clone(),
                    None => self.now.as_second().into(),
                };
                behind = Some(Cursor(json!({ "checkpoint": reached })));
            } else {
                self.pages = Some(pages);
            }
            Ok(Read::Batch(Batch { items, behind }))
        })
    }
}

fn broke_off() -> ComponentError {
    ComponentError::stop(
        "TL0846",
        "reading from Intercom broke off",
        "This is a fault of Trunkline; please report it.",
    )
}
