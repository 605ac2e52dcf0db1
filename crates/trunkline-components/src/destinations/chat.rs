//! `chat`: posts a text for each record to a chat's incoming webhook: Slack's, or any that takes a JSON object.
//!
//! The one rule: a chat that asks for a pause gets it, and what comes behind waits too, so that texts keep their order.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Method;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record, Verdict,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    http::{Caller, Request, judged, shown},
    registry::DestinationKind,
    text::{Secrets, Text},
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "chat",
    summary: "Posts a text for each record to a chat's incoming webhook.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How long a chat may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest pause that is waited for on the spot; behind a longer one the record is tried again as any other.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How many pauses are waited for on the spot.
const PAUSES: usize = 5;

/// Posts a text for each record to a chat.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The webhook's address; whoever has it can post, so let the environment hold it: `{env: NAME}`.
    url: Text,
    /// The expression that gives the text.
    text: Jq,
    /// The field that the chat reads the text from: `text` for Slack and those like it, `content` for Discord.
    #[serde(default = "text")]
    field: String,
    /// More fields, such as `channel`, `username` or `blocks`, with the expressions that give them; a null leaves its field out.
    #[serde(default)]
    with: BTreeMap<String, Jq>,
    /// Whether link-local addresses may be called, under which clouds hand out credentials.
    #[serde(default)]
    allow_link_local: bool,
}

fn text() -> String {
    "text".to_owned()
}

struct Posting {
    settings: Settings,
    site: Site,
    caller: OnceLock<Caller>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    if settings.with.contains_key(&settings.field) {
        return Err(Mistake::new(
            node.get("with").map_or(node.spot, |with| with.spot),
            format!("the field {} is the text's own", settings.field),
            "Leave it out of `with`.",
        ));
    }
    Ok(Arc::new(Posting {
        settings,
        site: site.clone(),
        caller: OnceLock::new(),
    }))
}

impl Posting {
    fn body(&self, record: &Record, now: Timestamp) -> Result<Value, ComponentError> {
        let text = self.settings.text.key(record, now)?.unwrap_or_default();
        if text.trim().is_empty() {
            return Err(ComponentError::reject(
                "TL0865",
                "there is no text to post for this record",
                "Mend the expression of `text`, or filter such records out.",
            ));
        }
        let mut body = Map::from_iter([(self.settings.field.clone(), Value::from(text))]);
        for (name, expression) in &self.settings.with {
            match expression.value(record, now)? {
                Value::Null => {}
                value => {
                    body.insert(name.clone(), value);
                }
            }
        }
        Ok(body.into())
    }

    async fn one(&self, record: &Record) -> Delivered {
        let now = (self.site.now)();
        let body = self.body(record, now)?;
        let mut secrets = Secrets::default();
        let no_address = || {
            ComponentError::reject(
                "TL0862",
                "the expression of `url` gives no address for this record",
                "Mend the expression, or filter such records out.",
            )
        };
        let settings = &self.settings;
        let sent = json!({ "url": settings.url.shown(record, now)?, "body": body });
        let url = settings.url.value(record, now, &self.site, &mut secrets)?;
        let request = Request {
            method: Method::POST,
            url: url.ok_or_else(no_address)?,
            headers: vec![("content-type".to_owned(), "application/json".into())],
            body: body.to_string(),
            shown: sent.clone(),
        };
        let caller = match self.caller.get() {
            Some(caller) => caller,
            None => {
                let made = Caller::new(TIMEOUT, settings.allow_link_local)?;
                self.caller.get_or_init(|| made)
            }
        };
        let answer = caller.call(request, &secrets, now).await?;
        // Some chats say 200 to whatever they do not post.
        let is_refused = answer.body["ok"] == Value::Bool(false);
        let error = judged(&answer, "the chat").or_else(|| {
            is_refused.then(|| {
                let message = format!(
                    "the chat answered {}, and an error inside{}",
                    answer.status,
                    shown(&answer.body)
                );
                let advice = "Mend what is sent, and redrive the dead letter.";
                match answer.body["error"].as_str() {
                    Some("ratelimited" | "rate_limited") => ComponentError {
                        verdict: Verdict::Retry(answer.pause),
                        ..ComponentError::retry("TL0864", message, "It is tried again.")
                    },
                    _ => ComponentError::reject("TL0864", message, advice),
                }
            })
        });
        let value = answer.to_value(&secrets);
        match error {
            None => Ok(Some(value)),
            Some(error) => Err(ComponentError {
                message: secrets.hide(&error.message),
                ..error.with_exchange(Some(sent), Some(value))
            }),
        }
    }
}

impl Destination for Posting {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(records.len());
            for record in records {
                let mut result = self.one(record).await;
                for _ in 0..PAUSES {
                    let Err(ComponentError {
                        verdict: Verdict::Retry(Some(pause)),
                        ..
                    }) = result
                    else {
                        break;
                    };
                    if pause > LONGEST_PAUSE {
                        break;
                    }
                    tokio::time::sleep(pause).await;
                    result = self.one(record).await;
                }
                results.push(result);
            }
            results
        })
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let now = (self.site.now)();
        Ok(json!({ "url": self.settings.url.shown(record, now)?, "body": self.body(record, now)? }))
    }
}
