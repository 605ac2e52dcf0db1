//! Channels: the ways by which somebody is told.
//!
//! The one rule: a channel is a flow's destination, so that what is signed, kept secret and refused is as there.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde_json::Value;
use trunkline_client::Clock;
use trunkline_components::Site;
use trunkline_flow::{ComponentError, Destination, Record};

use super::{AlertSettings, KINDS, words};
use crate::{ServerError, flows::environment};

/// The longest that a channel may take for one message.
const LONGEST: Duration = Duration::from_mins(2);
/// The longest name of a channel.
const LONGEST_NAME: usize = 64;

/// The ways by which somebody is told, by their names.
#[derive(Clone, Debug, Default)]
pub struct Channels(BTreeMap<String, Channel>);

/// A way by which somebody is told.
#[derive(Clone)]
pub struct Channel {
    /// What it is: `chat`, `http` or `mail`.
    pub kind: &'static str,
    /// The conditions that it is told of; all when there are none.
    pub only: Vec<String>,
    destination: Arc<dyn Destination>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("kind", &self.kind)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

impl Channels {
    /// Makes the channels of the settings. Nothing is called.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn new(settings: &AlertSettings, clock: &Arc<dyn Clock>) -> Result<Self, ServerError> {
        let mut channels = BTreeMap::new();
        for (name, own) in &settings.channels {
            let bad = |reason: String| ServerError::Channel {
                name: name.clone(),
                reason,
            };
            let is_name = !name.is_empty()
                && name.len() <= LONGEST_NAME
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !is_name {
                return Err(bad(
                    "a name has letters, digits, `-` and `_`, 64 at most".to_owned()
                ));
            }
            let mut own = own.clone();
            let only = match own.remove("only") {
                None => Vec::new(),
                Some(only) => kinds(&only).map_err(bad)?,
            };
            let clock = Arc::clone(clock);
            let site = Site::alone("alerts", Arc::new(move || clock.now()), environment());
            let (kind, destination) = trunkline_components::channel(&own, &site).map_err(|mistake| {
                bad(format!(
                    "{}. {}",
                    mistake.message.trim_end_matches('.'),
                    mistake.advice
                ))
            })?;
            let channel = Channel {
                kind,
                only,
                destination,
            };
            channels.insert(name.clone(), channel);
        }
        Ok(Self(channels))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Channel)> {
        self.0.iter().map(|(name, channel)| (name.as_str(), channel))
    }

    /// The one of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Channel> {
        self.0.get(name)
    }

    /// The names of those that are told of a condition.
    pub(super) fn told_of(&self, kind: &str) -> Vec<String> {
        self.iter()
            .filter(|(_, channel)| channel.only.is_empty() || channel.only.iter().any(|only| only == kind))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// Sends a message by one, to see whether it arrives.
    ///
    /// # Errors
    /// When there is none of this name, or it does not take the message.
    pub async fn test(&self, name: &str, clock: &dyn Clock) -> Result<(), ServerError> {
        let channel = self.get(name).ok_or_else(|| ServerError::NoChannel {
            name: name.to_owned(),
        })?;
        let sent = channel.send(words::test(name, clock.now())).await;
        sent.map_err(|error| ServerError::Untold {
            name: name.to_owned(),
            error: Box::new(error),
        })
    }
}

impl Channel {
    /// Sends a message, and waits for its arrival.
    pub(super) async fn send(&self, message: Record) -> Result<(), ComponentError> {
        let messages = [message];
        let sending = tokio::time::timeout(LONGEST, self.destination.deliver(&messages));
        match sending.await {
            Ok(answers) => answers
                .into_iter()
                .next()
                .map_or(Ok(()), |answer| answer.map(drop)),
            Err(_) => Err(ComponentError::retry(
                "TL0912",
                format!("the channel did not take the message within {LONGEST:?}"),
                "It is tried again.",
            )),
        }
    }
}

fn kinds(only: &Value) -> Result<Vec<String>, String> {
    let known = || format!("`only` is a list of conditions: {}", KINDS.join(", "));
    let all = only.as_array().ok_or_else(known)?;
    all.iter()
        .map(|one| {
            let one = one.as_str().filter(|one| KINDS.contains(one));
            one.map(str::to_owned).ok_or_else(known)
        })
        .collect()
}
