//! `http`: records that others send to the flow's own address, `POST /flows/NAME` of `trunkline serve`.
//!
//! The one rule: a record is on the disk before its sender hears that it arrived, and nobody gets one in without the key or signature;
//! a flow that names neither is no flow.

use std::{sync::Arc, time::Duration};

use ::http::HeaderMap;
use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Document, Mistake, Node, read},
};

use crate::{
    Environment, Pushed, Site,
    registry::SourceKind,
    sign::{Sign, fits, fits_body},
    site::Stirring,
    text::Env,
};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "http",
    summary: "Gives what others send to the flow's own address.",
    is_rereadable: true,
    is_endless: |_| true,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many records are looked at together.
const BATCH: u32 = 200;
/// How often new ones are looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Gives what others send to the flow's own address: `POST /flows/NAME` of `trunkline serve`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The variable of the environment that holds the key: senders give it as `Authorization: Bearer KEY`, or as `X-Api-Key`.
    #[serde(default)]
    key: Option<Env>,
    /// The field of what is sent in which the key may stand in place of a header. It is taken out before anything is kept.
    #[serde(default)]
    key_field: Option<String>,
    /// How requests must be signed.
    #[serde(default)]
    sign: Option<Sign>,
    /// How requests must be signed where others sign: `sha256=HEX`, the HMAC-SHA256 of the body, as webhooks of GitHub and others have it.
    #[serde(default)]
    sign_body: Option<SignBody>,
    /// What records are called; `http` unless told.
    #[serde(default)]
    stream: Option<String>,
}

/// A signature of the body alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignBody {
    /// The variable of the environment that holds the key.
    secret: Env,
    /// The header that holds the signature.
    #[serde(default = "hub")]
    header: String,
}

fn hub() -> String {
    "X-Hub-Signature-256".to_owned()
}

/// Who may send records to a flow.
pub struct Door {
    key: Option<SecretString>,
    key_field: Option<String>,
    sign: Option<(String, SecretString)>,
    sign_body: Option<(String, SecretString)>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// The door of a flow that has an address of its own; none for any other.
    ///
    /// # Errors
    ///
    /// A variable that holds its key is not set.
    pub fn of(document: &Document, environment: &Environment) -> Result<Option<Self>, ComponentError> {
        if document.source.kind != KIND.name {
            return Ok(None);
        }
        let Ok(settings) = read::<Settings>(&document.source.settings) else {
            return Ok(None);
        };
        let key = settings.key.map(|key| key.held(environment)).transpose()?;
        let sign = match settings.sign {
            Some(sign) => Some((sign.header.clone(), sign.secret.held(environment)?)),
            None => None,
        };
        let sign_body = match settings.sign_body {
            Some(sign) => Some((sign.header.clone(), sign.secret.held(environment)?)),
            None => None,
        };
        Ok(Some(Self {
            key,
            key_field: settings.key_field,
            sign,
            sign_body,
        }))
    }

    /// Whether a request may come in.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let has_key = self.key.as_ref().is_none_or(|key| {
            let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
            let inside = self.key_field.as_ref().and_then(|field| {
                let body: Value = serde_json::from_slice(body).ok()?;
                body.get(field)?.as_str().map(str::to_owned)
            });
            let given = bearer.or_else(|| text("x-api-key")).or(inside.as_deref());
            let given = given.unwrap_or_default().as_bytes();
            given.ct_eq(key.expose_secret().as_bytes()).into()
        });
        let is_signed = self.sign.as_ref().is_none_or(|(header, key)| {
            let signature = text(header).unwrap_or_default();
            fits(signature, key, now, body)
        });
        let is_signed_alone = self.sign_body.as_ref().is_none_or(|(header, key)| {
            let signature = text(header).unwrap_or_default();
            fits_body(signature, key, body)
        });
        let asks = self.key.is_some() || self.sign.is_some() || self.sign_body.is_some();
        has_key && is_signed && is_signed_alone && asks
    }

    /// Takes the key out of a record.
    pub fn strip(&self, record: &mut Value) {
        if let (Some(field), Value::Object(record)) = (&self.key_field, record) {
            record.remove(field);
        }
    }
}

struct Address {
    settings: Settings,
    site: Site,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    if settings.key_field.is_some() && settings.key.is_none() {
        return Err(Mistake::new(
            node.get("key_field").map_or(node.spot, |field| field.spot),
            "a field holds a key, and there is none",
            "Add `key: { env: NAME }`.",
        ));
    }
    if settings.key.is_none() && settings.sign.is_none() && settings.sign_body.is_none() {
        return Err(Mistake::new(
            node.spot,
            "anybody could send records to this flow",
            "Give it a key, `key: { env: NAME }`, or a signature, `sign: { secret: { env: NAME } }`.",
        ));
    }
    Ok(Arc::new(Address {
        settings,
        site: site.clone(),
    }))
}

impl Source for Address {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        // Whatever was sent since the flow is there is its own.
        let number = cursor.and_then(|cursor| cursor.0["number"].as_i64()).unwrap_or(0);
        let reader = Following {
            number,
            stream: self
                .settings
                .stream
                .clone()
                .unwrap_or_else(|| KIND.name.to_owned()),
            stirring: self.site.stirring(),
            site: self.site.clone(),
        };
        Box::pin(async { Ok(Box::new(reader) as Box<dyn Reader>) })
    }

    fn is_endless(&self) -> bool {
        true
    }

    fn position_at(&self, moment: Timestamp) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        Box::pin(async move {
            let number = self.site.pushes.before(&self.site.flow, moment).await?;
            Ok(Some(Cursor(json!({ "number": number }))))
        })
    }
}

struct Following {
    number: i64,
    stream: String,
    site: Site,
    stirring: Stirring,
}

impl Following {
    fn item(&self, pushed: Pushed) -> Item {
        let head = Head {
            stream: Some(self.stream.clone()),
            id: Some(pushed.id),
            updated_at: Some(pushed.received_at),
            branch: None,
        };
        // It was read before it was kept.
        match serde_json::from_str(&pushed.body) {
            Ok(value) => Item::Record(Record::new(value).with_head(head)),
            Err(error) => Item::Broken {
                text: pushed.body,
                error: ComponentError::reject(
                    "TL0635",
                    format!(
                        "record {} that was sent to the flow is no JSON: {error}",
                        pushed.number
                    ),
                    "The store is damaged; restore it from a backup.",
                ),
            },
        }
    }
}

impl Reader for Following {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            self.stirring.listen();
            let found = self
                .site
                .pushes
                .after(&self.site.flow, self.number, BATCH)
                .await?;
            let Some(last) = found.last().map(|last| last.number) else {
                return Ok(Read::Idle(self.stirring.pause(PAUSE)));
            };
            self.number = last;
            Ok(Read::Batch(Batch {
                items: found.into_iter().map(|one| self.item(one)).collect(),
                behind: Some(Cursor(json!({ "number": last }))),
            }))
        })
    }

    fn stirred(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.stirring.told())
    }
}
