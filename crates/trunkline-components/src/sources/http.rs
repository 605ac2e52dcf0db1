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
use serde_json::json;
use subtle::ConstantTimeEq as _;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Document, Mistake, Node, read},
};

use crate::{
    Environment, Pushed, Site,
    registry::SourceKind,
    sign::{Sign, fits},
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
    /// How requests must be signed.
    #[serde(default)]
    sign: Option<Sign>,
    /// What records are called; `http` unless told.
    #[serde(default)]
    stream: Option<String>,
}

/// Who may send records to a flow.
pub struct Door {
    key: Option<SecretString>,
    sign: Option<(String, SecretString)>,
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
        Ok(Some(Self { key, sign }))
    }

    /// Whether a request may come in.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let has_key = self.key.as_ref().is_none_or(|key| {
            let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
            let given = bearer.or_else(|| text("x-api-key")).unwrap_or_default();
            given.as_bytes().ct_eq(key.expose_secret().as_bytes()).into()
        });
        let is_signed = self.sign.as_ref().is_none_or(|(header, key)| {
            let signature = text(header).unwrap_or_default();
            fits(signature, key, now, body)
        });
        has_key && is_signed && (self.key.is_some() || self.sign.is_some())
    }
}

struct Address {
    settings: Settings,
    site: Site,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    if settings.key.is_none() && settings.sign.is_none() {
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
            let found = self
                .site
                .pushes
                .after(&self.site.flow, self.number, BATCH)
                .await?;
            let Some(last) = found.last().map(|last| last.number) else {
                return Ok(Read::Idle(PAUSE));
            };
            self.number = last;
            Ok(Read::Batch(Batch {
                items: found.into_iter().map(|one| self.item(one)).collect(),
                behind: Some(Cursor(json!({ "number": last }))),
            }))
        })
    }
}
