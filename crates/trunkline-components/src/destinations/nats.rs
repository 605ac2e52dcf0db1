//! `nats`: publishes each record to a subject of NATS JetStream.
//!
//! The one rule: a record counts as delivered when the stream says that it has it. Its `Nats-Msg-Id` is the same when it comes again,
//! so that a stream keeps it once for as long as the stream's window of duplicates.

use std::{collections::BTreeMap, sync::Arc};

use async_nats::{
    HeaderName, HeaderValue,
    jetstream::{context::PublishErrorKind, message::PublishMessage, publish::PublishAck},
};
use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_client::with_causes;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    nats::{self, Credentials, Server},
    registry::DestinationKind,
    text::{Secrets, Text},
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "nats",
    summary: "Publishes each record to a subject of NATS JetStream.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The most records that are under way at once.
const MOST: usize = 200;
/// The header that tells a message from others.
const ID: &str = "Nats-Msg-Id";

/// Publishes each record to a subject of NATS JetStream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server's address, such as `nats://host:4222`; several with commas.
    #[serde(default = "nats::local")]
    url: String,
    /// How to sign in.
    #[serde(default)]
    credentials: Option<Credentials>,
    /// Whether the way to the server must be protected.
    #[serde(default)]
    tls: bool,
    /// The expression that gives the subject, such as `'"contacts.\(.id)"'`.
    subject: Jq,
    /// What is sent; the record itself unless told. Text is sent as it is, all else as JSON.
    #[serde(default)]
    body: Option<Jq>,
    /// Headers with the expressions that give their values, or `{env: NAME}`; a null leaves its header out.
    #[serde(default)]
    headers: BTreeMap<String, Text>,
    /// What tells this record from others: with the same id a stream keeps it once. Unless told, the record's stream, id and time of change.
    #[serde(default)]
    id: Option<Jq>,
    /// The stream that must take it, where another could.
    #[serde(default)]
    stream: Option<String>,
}

struct Publishing {
    settings: Settings,
    server: Server,
    site: Site,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    for (name, _) in node.get("headers").map(Node::entries).unwrap_or_default() {
        if name.text.parse::<HeaderName>().is_err() {
            let message = format!("{:?} is no name of a header", name.text);
            return Err(Mistake::new(
                name.spot,
                message,
                "Use letters, digits and hyphens.",
            ));
        }
        if name.text.eq_ignore_ascii_case(ID) {
            let message = format!("the header {ID} is made of `id`");
            return Err(Mistake::new(
                name.spot,
                message,
                "Give the expression under `id`.",
            ));
        }
    }
    let server = Server::new(
        node,
        &settings.url,
        settings.credentials.clone(),
        settings.tls,
        site,
    )?;
    Ok(Arc::new(Publishing {
        settings,
        server,
        site: site.clone(),
    }))
}

/// A record's message before secrets are put in.
struct Draft {
    subject: String,
    body: String,
    id: Option<String>,
    headers: Map<String, Value>,
}

impl Publishing {
    fn draft(&self, record: &Record, now: Timestamp) -> Result<Draft, ComponentError> {
        let settings = &self.settings;
        let subject = settings.subject.key(record, now)?.unwrap_or_default();
        if !is_subject(&subject) {
            return Err(ComponentError::reject(
                "TL0924",
                format!("{subject:?} is no subject that can be published to"),
                "Mend the expression of `subject`: parts with dots between them, no spaces, no wildcards.",
            ));
        }
        let body = match &settings.body {
            Some(body) => body.value(record, now)?,
            None => record.value.to_value(),
        };
        let id = match &settings.id {
            Some(id) => id.key(record, now)?,
            None => record
                .head
                .told_apart()
                .map(|told| format!("{}/{told}", self.site.flow)),
        };
        let mut headers = Map::new();
        for (name, text) in &settings.headers {
            if let Some(shown) = text.shown(record, now)? {
                headers.insert(name.clone(), shown.into());
            }
        }
        Ok(Draft {
            subject,
            body: match body {
                Value::String(text) => text,
                other => other.to_string(),
            },
            id,
            headers,
        })
    }

    fn shown(draft: &Draft) -> Value {
        let body = serde_json::from_str(&draft.body).unwrap_or_else(|_| Value::from(draft.body.as_str()));
        json!({ "subject": draft.subject, "id": draft.id, "headers": draft.headers, "body": body })
    }

    fn message(
        &self,
        record: &Record,
        draft: Draft,
        now: Timestamp,
        secrets: &mut Secrets,
    ) -> Result<PublishMessage, ComponentError> {
        let mut message = PublishMessage::build();
        for (name, text) in &self.settings.headers {
            let Some(value) = text.value(record, now, &self.site, secrets)? else {
                continue;
            };
            let named = name.parse::<HeaderName>().ok();
            let Some((named, value)) = named.zip(value.expose_secret().parse::<HeaderValue>().ok()) else {
                return Err(unfit(&format!("the header {name}")));
            };
            message = message.header(named, value);
        }
        if let Some(id) = draft.id {
            let id: HeaderValue = id.parse().map_err(|_| unfit("its id"))?;
            message = message.header(ID, id);
        }
        if let Some(stream) = &self.settings.stream {
            message = message.expected_stream(stream);
        }
        Ok(message.payload(draft.body.into()))
    }

    async fn one(&self, context: &async_nats::jetstream::Context, record: &Record) -> Delivered {
        let now = (self.site.now)();
        let draft = self.draft(record, now)?;
        let (shown, subject) = (Self::shown(&draft), draft.subject.clone());
        let mut secrets = Secrets::default();
        let message = self.message(record, draft, now, &mut secrets)?;
        let published = async {
            let acknowledged = context.send_publish(subject.clone(), message).await?;
            acknowledged.await
        };
        match published.await {
            Ok(PublishAck {
                stream,
                sequence,
                duplicate,
                ..
            }) => Ok(Some(
                json!({ "stream": stream, "sequence": sequence, "is_repeated": duplicate }),
            )),
            Err(error) => {
                let failed = refused(&subject, &error);
                Err(ComponentError {
                    message: secrets.hide(&failed.message),
                    ..failed.with_exchange(Some(shown), None)
                })
            }
        }
    }
}

fn unfit(what: &str) -> ComponentError {
    ComponentError::reject(
        "TL0924",
        format!("{what} has letters that no header may have"),
        "Leave line breaks out of it.",
    )
}

fn refused(subject: &str, error: &async_nats::jetstream::context::PublishError) -> ComponentError {
    let told = with_causes(error);
    match error.kind() {
        PublishErrorKind::StreamNotFound => ComponentError::retry(
            "TL0922",
            format!("no stream takes the subject {subject}"),
            "It is tried again; make a stream for it, for example with `nats stream add`, or mend `subject`.",
        ),
        PublishErrorKind::MaxPayloadExceeded => ComponentError::reject(
            "TL0924",
            format!("the message is larger than the server takes: {told}"),
            "Send less of the record by `body`, or raise the server's `max_payload`.",
        ),
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe | PublishErrorKind::MaxAckPending => {
            ComponentError::retry(
                "TL0920",
                format!("no stream has said that it has the message for {subject}: {told}"),
                "It is tried again, with the same id.",
            )
        }
        _ => ComponentError::retry(
            "TL0925",
            format!("the stream refused the message for {subject}: {told}"),
            "It is tried again; look at the stream's limits, and at `stream`.",
        ),
    }
}

/// Whether something can be published to it: parts with dots between them, none empty, no wildcard.
#[must_use]
pub fn is_subject(subject: &str) -> bool {
    !subject.is_empty()
        && !subject.starts_with('$')
        && subject.split('.').all(|part| {
            let is_wildcard = part == "*" || part == ">";
            !part.is_empty()
                && !is_wildcard
                && !part
                    .chars()
                    .any(|letter| letter.is_whitespace() || letter.is_control())
        })
}

impl Destination for Publishing {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            if records.is_empty() {
                return Vec::new();
            }
            match self.server.jetstream().await {
                // Each is sent in its turn, and all are waited for together.
                Ok(context) => join_all(records.iter().map(|record| self.one(&context, record))).await,
                Err(error) => records.iter().map(|_| Err(error.clone())).collect(),
            }
        })
    }

    fn most_at_once(&self) -> usize {
        MOST
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        self.draft(record, (self.site.now)())
            .map(|draft| Self::shown(&draft))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_parts_and_no_wildcard() {
        for (subject, expected) in [
            ("contacts", true),
            ("contacts.7.changed", true),
            ("contacts.ü", true),
            ("", false),
            (".", false),
            ("contacts.", false),
            ("contacts..7", false),
            ("contacts.*", false),
            ("contacts.>", false),
            ("con tacts", false),
            ("contacts\r\nPUB x 0", false),
            ("$JS.API.STREAM.DELETE.x", false),
        ] {
            assert_eq!(is_subject(subject), expected, "{subject}");
        }
    }
}
