//! A request as settings say it, for a record.
//!
//! The one rule: what may be shown of a request is made first, and secrets are put into the request alone.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    ComponentError, Record,
    document::{Jq, Mistake, Node},
};

use crate::{
    Site,
    http::Request,
    sign::{Sign, signed},
    text::{Secrets, Text},
};

/// Headers with what gives their values.
pub(super) type Headers = BTreeMap<String, Text>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum Verb {
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

/// What is sent with a request.
pub(super) enum Body<'a> {
    Nothing,
    /// The record itself.
    Record,
    Made(&'a Jq),
}

/// What says how a request looks.
pub(super) struct Form<'a> {
    pub(super) url: &'a Text,
    pub(super) method: Verb,
    pub(super) headers: &'a Headers,
    pub(super) body: Body<'a>,
    pub(super) sign: Option<&'a Sign>,
}

/// A record's request before secrets are put in.
struct Draft {
    url: String,
    headers: Map<String, Value>,
    body: String,
}

impl Form<'_> {
    fn body(&self, record: &Record, now: Timestamp) -> Result<(String, bool), ComponentError> {
        let value = match self.body {
            Body::Made(body) => body.value(record, now)?,
            Body::Nothing => Value::Null,
            Body::Record => record.value.to_value(),
        };
        Ok(match value {
            Value::Null => (String::new(), false),
            Value::String(text) => (text, false),
            other => (other.to_string(), true),
        })
    }

    fn draft(&self, record: &Record, now: Timestamp) -> Result<Draft, ComponentError> {
        let url = self.url.shown(record, now)?.ok_or_else(no_address)?;
        let (body, is_json) = self.body(record, now)?;
        let mut headers = Map::new();
        if is_json {
            headers.insert("content-type".to_owned(), "application/json".into());
        }
        for (name, text) in self.headers {
            if let Some(shown) = text.shown(record, now)? {
                headers.insert(name.to_ascii_lowercase(), shown.into());
            }
        }
        Ok(Draft { url, headers, body })
    }

    /// What may be shown of a record's request.
    pub(super) fn shown(&self, record: &Record, now: Timestamp) -> Result<Value, ComponentError> {
        Ok(self.show(&self.draft(record, now)?))
    }

    fn show(&self, draft: &Draft) -> Value {
        let body = serde_json::from_str(&draft.body).unwrap_or_else(|_| Value::from(draft.body.as_str()));
        json!({
            "method": Method::from(self.method).as_str(),
            "url": draft.url,
            "headers": draft.headers,
            "body": body,
        })
    }

    /// A record's request.
    pub(super) fn request(
        &self,
        record: &Record,
        now: Timestamp,
        site: &Site,
        secrets: &mut Secrets,
    ) -> Result<Request, ComponentError> {
        let draft = self.draft(record, now)?;
        let shown = self.show(&draft);
        let url = self
            .url
            .value(record, now, site, secrets)?
            .ok_or_else(no_address)?;
        let mut headers: Vec<(String, SecretString)> = Vec::new();
        for (name, value) in &draft.headers {
            headers.push((name.clone(), value.as_str().unwrap_or_default().into()));
        }
        for (name, text) in self.headers {
            if let (Text::Held(_), Some(value)) = (text, text.value(record, now, site, secrets)?) {
                headers.push((name.clone(), value));
            }
        }
        if let Some(sign) = self.sign {
            let key = sign.secret.value(site, secrets)?;
            headers.push((sign.header.clone(), signed(&key, now, &draft.body).into()));
        }
        Ok(Request {
            method: self.method.into(),
            url,
            headers,
            body: draft.body,
            shown,
        })
    }
}

/// Refuses headers whose names are none.
pub(super) fn check_headers(node: &Node) -> Result<(), Mistake> {
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
    Ok(())
}

fn no_address() -> ComponentError {
    ComponentError::reject(
        "TL0862",
        "the expression of `url` gives no address for this record",
        "Mend the expression, or filter such records out.",
    )
}
