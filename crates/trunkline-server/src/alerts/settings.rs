//! What is looked at, and who is told: the part `[alerts]` of the settings file.
//!
//! The one rule: without settings everything is looked at with limits that suit most, and nobody is told.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use trunkline_flow::document::Span;

/// What is looked at, and who is told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertSettings {
    /// How often somebody is reminded of what still stands; never when there is none.
    #[serde(deserialize_with = "span_or_never")]
    pub remind: Option<Duration>,
    /// How long a condition must be over before that is said.
    #[serde(deserialize_with = "span")]
    pub settle: Duration,
    /// How many dead letters of a flow are too many; 0 for any number being fine.
    pub dead_letters: u64,
    /// How much older than its interval a mirror may be; any age when there is none.
    #[serde(deserialize_with = "span_or_never")]
    pub mirror_stale: Option<Duration>,
    /// How long no webhook may come for a workspace that got some; any time when there is none.
    #[serde(deserialize_with = "span_or_never")]
    pub subscription_silent: Option<Duration>,
    /// Who is told, by the names of the channels.
    pub channels: BTreeMap<String, Map<String, Value>>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            remind: Some(Duration::from_hours(24)),
            settle: Duration::from_mins(5),
            dead_letters: 10,
            mirror_stale: Some(Duration::from_hours(1)),
            subscription_silent: Some(Duration::from_hours(24)),
            channels: BTreeMap::new(),
        }
    }
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Span::deserialize(from).map(|span| span.0)
}

fn span_or_never<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "never" {
        return Ok(None);
    }
    let span: Span = text
        .parse()
        .map_err(|error| serde::de::Error::custom(format!("{error}, or `never`")))?;
    Ok(Some(span.0))
}
