//! `http`: sends each record to an address.
//!
//! The one rule: a record counts as delivered only when the answer says so. What passes (a lost connection, 408, 425, 429, 5xx) is
//! tried again, not before `Retry-After`; any other refusal is the record's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Method;
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record, Verdict,
    document::{Jq, Mistake, Node, Span, read},
};

use crate::{
    Site,
    http::{Answer, Caller, Request, judged, shown},
    registry::DestinationKind,
    sign::{Sign, signed},
    text::{Secrets, Text},
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "http",
    summary: "Sends each record to an address, signed where asked.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Sends each record to an address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address: an expression that gives it, such as `'"https://example.com/people/\(.id)"'`, or `{env: NAME}`.
    url: Text,
    /// The method.
    #[serde(default)]
    method: Verb,
    /// Headers with the expressions that give their values, or `{env: NAME, prefix: "Bearer "}`; a null leaves its header out.
    #[serde(default)]
    headers: BTreeMap<String, Text>,
    /// What is sent; the record itself unless told. Text is sent as it is, all else as JSON. Null sends nothing.
    #[serde(default)]
    body: Option<Jq>,
    /// How requests are signed.
    #[serde(default)]
    sign: Option<Sign>,
    /// How long an answer may take.
    #[serde(default = "half_a_minute")]
    timeout: Span,
    /// An expression over the answer, `{status, headers, body}`: where it holds, the record was refused although the status is good. A text that it gives is the reason.
    #[serde(default)]
    failed_when: Option<Jq>,
    /// An expression over the answer, `{status, headers, body}`: where it holds, the record is tried again whatever the status.
    #[serde(default)]
    retry_when: Option<Jq>,
    /// Whether link-local addresses may be called, under which clouds hand out credentials.
    #[serde(default)]
    allow_link_local: bool,
}

fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Verb {
    #[serde(rename = "GET")]
    Get,
    #[default]
    #[serde(rename = "POST")]
    Post,
    #[serde(rename = "PUT")]
    Put,
    #[serde(rename = "PATCH")]
    Patch,
    #[serde(rename = "DELETE")]
    Delete,
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::GET,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Patch => Self::PATCH,
            Verb::Delete => Self::DELETE,
        }
    }
}

struct Sending {
    settings: Settings,
    site: Site,
    caller: OnceLock<Caller>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    for (name, _) in node.get("headers").map(Node::entries).unwrap_or_default() {
        if http::HeaderName::from_bytes(name.text.as_bytes()).is_err() {
            let message = format!("{:?} is no name of a header", name.text);
            return Err(Mistake::new(
                name.spot,
                message,
                "Use letters, digits and hyphens.",
            ));
        }
    }
    Ok(Arc::new(Sending {
        settings,
        site: site.clone(),
        caller: OnceLock::new(),
    }))
}

/// A record's request before secrets are put in.
struct Draft {
    url: String,
    headers: Map<String, Value>,
    body: String,
}

impl Sending {
    fn body(&self, record: &Record, now: Timestamp) -> Result<(String, bool), ComponentError> {
        let value = match &self.settings.body {
            Some(body) => body.value(record, now)?,
            None if self.settings.method == Verb::Get => Value::Null,
            None => record.value.clone(),
        };
        Ok(match value {
            Value::Null => (String::new(), false),
            Value::String(text) => (text, false),
            other => (other.to_string(), true),
        })
    }

    /// What may be shown of a record's request.
    fn draft(&self, record: &Record, now: Timestamp) -> Result<Draft, ComponentError> {
        let url = self.settings.url.shown(record, now)?.ok_or_else(no_address)?;
        let (body, is_json) = self.body(record, now)?;
        let mut headers = Map::new();
        if is_json {
            headers.insert("content-type".to_owned(), "application/json".into());
        }
        for (name, text) in &self.settings.headers {
            if let Some(shown) = text.shown(record, now)? {
                headers.insert(name.to_ascii_lowercase(), shown.into());
            }
        }
        Ok(Draft { url, headers, body })
    }

    fn shown(&self, draft: &Draft) -> Value {
        let body = serde_json::from_str(&draft.body).unwrap_or_else(|_| Value::from(draft.body.as_str()));
        json!({
            "method": Method::from(self.settings.method).as_str(),
            "url": draft.url,
            "headers": draft.headers,
            "body": body,
        })
    }

    fn request(
        &self,
        record: &Record,
        now: Timestamp,
        secrets: &mut Secrets,
    ) -> Result<Request, ComponentError> {
        let draft = self.draft(record, now)?;
        let shown = self.shown(&draft);
        let site = &self.site;
        let url = self
            .settings
            .url
            .value(record, now, site, secrets)?
            .ok_or_else(no_address)?;
        let mut headers: Vec<(String, SecretString)> = Vec::new();
        for (name, value) in &draft.headers {
            headers.push((name.clone(), value.as_str().unwrap_or_default().into()));
        }
        for (name, text) in &self.settings.headers {
            if let (Text::Held(_), Some(value)) = (text, text.value(record, now, site, secrets)?) {
                headers.push((name.clone(), value));
            }
        }
        if let Some(sign) = &self.settings.sign {
            let key = sign.secret.value(site, secrets)?;
            headers.push((sign.header.clone(), signed(&key, now, &draft.body).into()));
        }
        Ok(Request {
            method: self.settings.method.into(),
            url,
            headers,
            body: draft.body,
            shown,
        })
    }

    fn caller(&self) -> Result<&Caller, ComponentError> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller);
        }
        let made = Caller::new(self.settings.timeout.0, self.settings.allow_link_local)?;
        Ok(self.caller.get_or_init(|| made))
    }

    async fn one(&self, record: &Record) -> Delivered {
        let now = (self.site.now)();
        let mut secrets = Secrets::default();
        let request = self.request(record, now, &mut secrets)?;
        let sent = request.shown.clone();
        let answer = self.caller()?.call(request, &secrets, now).await?;
        let value = answer.to_value(&secrets);
        match self.verdict(&answer, &value, now)? {
            None => Ok(Some(value)),
            Some(error) => Err(ComponentError {
                message: secrets.hide(&error.message),
                ..error.with_exchange(Some(sent), Some(value))
            }),
        }
    }

    /// What the answer means; none when it is good.
    fn verdict(
        &self,
        answer: &Answer,
        value: &Value,
        now: Timestamp,
    ) -> Result<Option<ComponentError>, ComponentError> {
        let seen = Record::new(value.clone());
        if let Some(again) = &self.settings.retry_when
            && again.holds(&seen, now)?
        {
            let message = format!("the answer asks to be tried again{}", shown(&answer.body));
            return Ok(Some(ComponentError {
                verdict: Verdict::Retry(answer.pause),
                ..ComponentError::retry("TL0864", message, "It is what `retry_when` says.")
            }));
        }
        if let Some(error) = judged(answer, "the server") {
            return Ok(Some(error));
        }
        let Some(failed) = &self.settings.failed_when else {
            return Ok(None);
        };
        let reason = match failed.value(&seen, now)? {
            Value::Null | Value::Bool(false) => return Ok(None),
            Value::String(reason) => format!(": {reason}"),
            _ => shown(&answer.body),
        };
        Ok(Some(ComponentError::reject(
            "TL0864",
            format!("the answer is {}, and an error inside{reason}", answer.status),
            "Mend what is sent, and redrive the dead letter.",
        )))
    }
}

fn no_address() -> ComponentError {
    ComponentError::reject(
        "TL0862",
        "the expression of `url` gives no address for this record",
        "Mend the expression, or filter such records out.",
    )
}

impl Destination for Sending {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(records.len());
            for record in records {
                results.push(self.one(record).await);
            }
            results
        })
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let draft = self.draft(record, (self.site.now)())?;
        Ok(self.shown(&draft))
    }
}
