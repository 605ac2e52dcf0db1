//! `http`: sends each record to an address.
//!
//! The one rule: a record counts as delivered only when the answer says so. What passes (a lost connection, 408, 425, 429, 5xx) is
//! tried again, not before `Retry-After`; any other refusal is the record's own. Read
//! `http/form.rs` for how a request is made, `http/first.rs` for calls before it.

mod first;
mod form;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::BoxFuture;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record, Verdict,
    document::{Jq, Mistake, Node, Span, read},
};

use self::{
    first::Step,
    form::{Body, Form, Headers, Verb, check_headers},
};
use super::one_by_one;
use crate::{
    Site,
    http::{Answer, Caller, judged, shown},
    registry::DestinationKind,
    sign::Sign,
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
    headers: Headers,
    /// What is sent; the record itself unless told. Text is sent as it is, all else as JSON. Null sends nothing.
    #[serde(default)]
    body: Option<Jq>,
    /// Calls that are made before, each with the fields that those before it put into the record: to find a thing, and to make it where it is
    /// not there.
    #[serde(default)]
    first: Vec<Step>,
    /// Records for which this holds after `first` are not sent: they are there already.
    #[serde(default)]
    unless: Option<Jq>,
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

/// What came of a call.
struct Called {
    /// The server says that there is no such thing.
    is_missing: bool,
    /// The answer, or why it is not good.
    good: Result<Value, ComponentError>,
}

struct Sending {
    settings: Settings,
    site: Site,
    caller: OnceLock<Caller>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    check_headers(node)?;
    first::check(node)?;
    Ok(Arc::new(Sending {
        settings,
        site: site.clone(),
        caller: OnceLock::new(),
    }))
}

impl Sending {
    fn form(&self) -> Form<'_> {
        let settings = &self.settings;
        Form {
            url: &settings.url,
            method: settings.method,
            headers: &settings.headers,
            body: match &settings.body {
                Some(body) => Body::Made(body),
                None if settings.method == Verb::Get => Body::Nothing,
                None => Body::Record,
            },
            sign: settings.sign.as_ref(),
        }
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
        let found = self.first(record, now, &mut secrets).await?;
        let record = found.as_ref().unwrap_or(record);
        if let Some(unless) = &self.settings.unless
            && unless.holds(record, now)?
        {
            return Ok(Some(json!({ "sent": false })));
        }
        let called = self.call(&self.form(), record, now, &mut secrets).await?;
        called.good.map(Some)
    }

    /// The record with what the calls before its own answered; none when there are no such calls.
    async fn first(
        &self,
        record: &Record,
        now: Timestamp,
        secrets: &mut Secrets,
    ) -> Result<Option<Record>, ComponentError> {
        if self.settings.first.is_empty() {
            return Ok(None);
        }
        let mut found = record.clone();
        for step in &self.settings.first {
            if !step.holds(&found, now)? {
                continue;
            }
            let form = step.form(&self.settings.headers);
            let called = self.call(&form, &found, now, secrets).await?;
            let taken = if called.is_missing {
                Value::Null
            } else {
                let answer = called.good?;
                match &step.take {
                    Some(take) => take.value(&record.derive(answer), now)?,
                    None => answer["body"].clone(),
                }
            };
            let fields = found.value.as_object_mut().ok_or_else(first::no_fields)?;
            fields.insert(step.into.clone(), taken);
        }
        Ok(Some(found))
    }

    /// Makes a call, and judges its answer.
    async fn call(
        &self,
        form: &Form<'_>,
        record: &Record,
        now: Timestamp,
        secrets: &mut Secrets,
    ) -> Result<Called, ComponentError> {
        let request = form.request(record, now, &self.site, secrets)?;
        let sent = request.shown.clone();
        let answer = self.caller()?.call(request, secrets, now).await?;
        let value = answer.to_value(secrets);
        let is_missing = answer.status == StatusCode::NOT_FOUND;
        let good = match self.verdict(&answer, &value, now)? {
            None => Ok(value),
            Some(error) => Err(ComponentError {
                message: secrets.hide(&error.message),
                ..error.with_exchange(Some(sent), Some(value))
            }),
        };
        Ok(Called { is_missing, good })
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

impl Destination for Sending {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(one_by_one(records, |record| self.one(record)))
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let now = (self.site.now)();
        let mut shown = self.form().shown(record, now)?;
        let mut first = Vec::new();
        for step in &self.settings.first {
            if step.holds(record, now)? {
                first.push(step.form(&self.settings.headers).shown(record, now)?);
            }
        }
        if !first.is_empty() {
            shown["first"] = first.into();
        }
        Ok(shown)
    }
}
