//! `nats`: the messages of a JetStream stream.
//!
//! The one rule: a message counts as read when the flow's position behind it was kept. Without a `consumer` the position is all: the
//! stream keeps its messages, and any of them can be read again. With one the server remembers: each message is acknowledged after the
//! position was kept, never before. Read `nats/durable.rs` for that.

mod durable;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, Consumer, DeliverPolicy, pull},
};
use futures::{StreamExt as _, future::BoxFuture};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Mistake, Node, Span, read},
};

use crate::{
    Site,
    nats::{self, Credentials, Server, failed},
    registry::SourceKind,
};
use durable::Unacknowledged;

pub(crate) const KIND: SourceKind = SourceKind {
    name: "nats",
    summary: "Gives the messages of a NATS JetStream stream.",
    is_rereadable: true,
    is_endless: follows,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How often new messages are looked for.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the server may take to give a batch.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a consumer of ours lives on after nobody reads.
const LEFT: Duration = Duration::from_mins(5);
/// The most of a broken message that is shown.
const MOST_SHOWN: usize = 2_000;

/// Gives the messages of a NATS JetStream stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The server's address, such as `nats://host:4222`; several with commas.
    #[serde(default = "nats::local")]
    url: String,
    /// How to sign in.
    #[serde(default)]
    credentials: Option<Credentials>,
    /// Whether the way to the server must be protected.
    #[serde(default)]
    tls: bool,
    /// The stream's name.
    stream: String,
    /// Only messages of this subject, which may have wildcards.
    #[serde(default)]
    subject: Option<String>,
    /// A durable consumer, made when it is not there: the server remembers what was acknowledged.
    #[serde(default)]
    consumer: Option<String>,
    /// How long the server waits for an acknowledgement before it gives a message again, for a consumer that is made.
    #[serde(default = "ack_wait")]
    ack_wait: Span,
    /// Whether it waits for more instead of ending.
    #[serde(default = "yes")]
    follow: bool,
    /// Whether a flow that never ran begins with what the stream holds.
    #[serde(default = "yes")]
    from_start: bool,
    /// What a record is: the `payload`, or the whole `message` with its subject and headers.
    #[serde(default)]
    record: Form,
    /// How many messages are given at once.
    #[serde(default = "batch")]
    batch: u16,
}

fn ack_wait() -> Span {
    Span(Duration::from_mins(5))
}

const fn yes() -> bool {
    true
}

const fn batch() -> u16 {
    200
}

fn follows(node: &Node) -> bool {
    node.get("follow").is_none_or(|follow| follow.to_json() != false)
}

/// What a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// What the message holds.
    #[default]
    Payload,
    /// `{subject, headers, payload, sequence}`.
    Message,
}

struct Subscribed {
    settings: Settings,
    server: Server,
    /// What a durable consumer gave and what was not kept yet.
    unacknowledged: Arc<Unacknowledged>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    for (key, name) in [
        ("stream", Some(&settings.stream)),
        ("consumer", settings.consumer.as_ref()),
    ] {
        let is_bad = |name: &String| {
            name.is_empty()
                || name
                    .chars()
                    .any(|letter| letter.is_whitespace() || ".*>/\\".contains(letter))
        };
        if let Some(name) = name.filter(|name| is_bad(name)) {
            let message = format!("{name:?} is no name of a {key}");
            return Err(Mistake::new(
                spot(key),
                message,
                "Leave out dots, wildcards, slashes and spaces.",
            ));
        }
    }
    if settings.batch == 0 {
        let message = "no message at once is none at all";
        return Err(Mistake::new(spot("batch"), message, "Use 1 or more."));
    }
    let server = Server::new(
        node,
        &settings.url,
        settings.credentials.clone(),
        settings.tls,
        site,
    )?;
    Ok(Arc::new(Subscribed {
        settings,
        server,
        unacknowledged: Arc::default(),
    }))
}

/// Where a stream was read to. A stream that was made anew counts from 1 again, so its age is a part of it.
struct Position {
    stream: i64,
    sequence: u64,
}

impl Position {
    fn of(cursor: &Cursor) -> Option<Self> {
        Some(Self {
            stream: cursor.0["stream"].as_i64()?,
            sequence: cursor.0["sequence"].as_u64()?,
        })
    }

    fn cursor(&self) -> Cursor {
        Cursor(json!({ "stream": self.stream, "sequence": self.sequence }))
    }
}

impl Source for Subscribed {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let context = self.server.jetstream().await?;
            let mut stream = stream(&context, &self.settings.stream).await?;
            if let Some(name) = &self.settings.consumer {
                let consumer = durable::consumer(&stream, name, &self.settings).await?;
                let unacknowledged = Arc::clone(&self.unacknowledged);
                return Ok(Box::new(durable::Durable::new(
                    consumer,
                    self.settings.clone(),
                    unacknowledged,
                )) as Box<dyn Reader>);
            }
            let info = stream
                .info()
                .await
                .map_err(|error| failed("the stream does not say how it is", &error))?;
            let born = info.created.unix_timestamp();
            let position = match cursor.as_ref().and_then(Position::of) {
                Some(position) if position.stream != born || position.sequence > info.state.last_sequence => {
                    return Err(ComponentError::stop(
                        "TL0922",
                        format!(
                            "the stream {} was made anew since the flow's position was kept",
                            self.settings.stream
                        ),
                        "Begin again with `trunkline flow run --from-start`.",
                    ));
                }
                Some(position) => position,
                None => Position {
                    stream: born,
                    sequence: if self.settings.from_start {
                        0
                    } else {
                        info.state.last_sequence
                    },
                },
            };
            let consumer = ours(&stream, &self.settings, position.sequence).await?;
            Ok(Box::new(Following {
                is_first: !self.settings.from_start && cursor.is_none(),
                stream,
                consumer,
                position,
                settings: self.settings.clone(),
            }) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        self.settings.follow
    }

    fn kept<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if self.settings.consumer.is_none() {
                return;
            }
            self.unacknowledged.acknowledge(cursor).await;
            if let Ok(client) = self.server.client().await {
                // What does not arrive is given again, and known again.
                client.flush().await.ok();
            }
        })
    }
}

async fn stream(
    context: &jetstream::Context,
    name: &str,
) -> Result<jetstream::stream::Stream, ComponentError> {
    use jetstream::context::GetStreamErrorKind::JetStream;
    context
        .get_stream(name)
        .await
        .map_err(|error| match error.kind() {
            JetStream(answer) if answer.code() == 404 => ComponentError::stop(
                "TL0922",
                format!("there is no stream {name}"),
                "Make it, for example with `nats stream add`, or mend `stream`.",
            ),
            _ => failed(&format!("the stream {name} cannot be asked for"), &error),
        })
}

/// A consumer that the server forgets when nobody reads.
async fn ours(
    stream: &jetstream::stream::Stream,
    settings: &Settings,
    sequence: u64,
) -> Result<Consumer<pull::Config>, ComponentError> {
    let config = pull::Config {
        description: Some("a flow of Trunkline, which keeps its position itself".to_owned()),
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: sequence + 1,
        },
        ack_policy: AckPolicy::None,
        filter_subject: settings.subject.clone().unwrap_or_default(),
        inactive_threshold: LEFT,
        ..pull::Config::default()
    };
    let made = stream.create_consumer(config).await;
    made.map_err(|error| failed(&format!("the stream {} cannot be read", settings.stream), &error))
}

struct Following {
    stream: jetstream::stream::Stream,
    consumer: Consumer<pull::Config>,
    position: Position,
    settings: Settings,
    /// Where it begins is kept at once, so that nothing is skipped when the process dies before the first message.
    is_first: bool,
}

impl Reader for Following {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let messages = match fetch(&self.consumer, &self.settings).await {
                Ok(messages) => messages,
                Err(_) => {
                    // The server may have forgotten the consumer while everything behind us was busy.
                    self.consumer = ours(&self.stream, &self.settings, self.position.sequence).await?;
                    fetch(&self.consumer, &self.settings).await?
                }
            };
            let mut items = Vec::with_capacity(messages.len());
            for message in messages {
                let at = place(&message)?;
                if at.sequence <= self.position.sequence {
                    continue;
                }
                self.position.sequence = at.sequence;
                items.push(item(&message, &at, &self.settings));
            }
            if items.is_empty() && !std::mem::take(&mut self.is_first) {
                return Ok(if self.settings.follow {
                    Read::Idle(PAUSE)
                } else {
                    Read::End
                });
            }
            self.is_first = false;
            Ok(Read::Batch(Batch {
                items,
                behind: Some(self.position.cursor()),
            }))
        })
    }
}

/// What there is now, up to a batch.
async fn fetch(
    consumer: &Consumer<pull::Config>,
    settings: &Settings,
) -> Result<Vec<jetstream::Message>, ComponentError> {
    let what = format!("the stream {} cannot be read", settings.stream);
    let all = async {
        let fetched = consumer
            .fetch()
            .max_messages(settings.batch.into())
            .messages()
            .await;
        let mut fetched = fetched.map_err(|error| failed(&what, &error))?;
        let mut messages = Vec::new();
        while let Some(message) = fetched.next().await {
            messages.push(message.map_err(|error| failed(&what, &*error))?);
        }
        Ok(messages)
    };
    match tokio::time::timeout(PATIENCE, all).await {
        Ok(messages) => messages,
        Err(_) => Err(ComponentError::retry(
            "TL0920",
            format!("{what}: no answer within {PATIENCE:?}"),
            "It is tried again; check the server.",
        )),
    }
}

/// Where a message stands.
struct Place {
    sequence: u64,
    at: Option<Timestamp>,
}

fn place(message: &jetstream::Message) -> Result<Place, ComponentError> {
    let info = message
        .info()
        .map_err(|error| failed("a message does not say where it stands", &*error))?;
    Ok(Place {
        sequence: info.stream_sequence,
        at: i64::try_from(info.published.unix_timestamp_nanos() / 1_000_000)
            .ok()
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
    })
}

/// A message as a flow takes it.
fn item(message: &async_nats::Message, at: &Place, settings: &Settings) -> Item {
    let payload: Value = match serde_json::from_slice(&message.payload) {
        Ok(payload) => payload,
        Err(error) => {
            let text = String::from_utf8_lossy(&message.payload);
            return Item::Broken {
                text: text.chars().take(MOST_SHOWN).collect(),
                error: ComponentError::reject(
                    "TL0923",
                    format!(
                        "message {} of the stream {}, subject {}, is no JSON: {error}",
                        at.sequence, settings.stream, message.subject
                    ),
                    "Mend whoever sends it; the messages behind it go on.",
                ),
            };
        }
    };
    let header = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
    let head = Head {
        stream: Some(message.subject.to_string()),
        id: Some(header("Nats-Msg-Id").unwrap_or_else(|| format!("{}/{}", settings.stream, at.sequence))),
        updated_at: at.at,
        branch: None,
    };
    let value = match settings.record {
        Form::Payload => payload,
        Form::Message => json!({
            "subject": message.subject.as_str(),
            "headers": headers(message),
            "payload": payload,
            "sequence": at.sequence,
        }),
    };
    Item::Record(Record::new(value).with_head(head))
}

fn headers(message: &async_nats::Message) -> Map<String, Value> {
    let all = message.headers.iter().flat_map(|headers| headers.iter());
    all.map(|(name, values)| {
        let values: Vec<&str> = values.iter().map(async_nats::HeaderValue::as_str).collect();
        (name.to_string(), values.join(", ").into())
    })
    .collect()
}
