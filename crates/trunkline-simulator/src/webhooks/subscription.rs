//! A subscription: who is told, of which topics, in which version, and how badly the way there behaves.
//!
//! The one rule: nothing is subscribed that was not checked here. The secret is never shown again, not even in a log.

use std::fmt;

use serde::Deserialize;
use trunkline_catalog::Version;

use super::topic::{Topic, Topics};
use crate::{App, oauth::permissions};

/// A client secret, which signs notifications; it does not show itself.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl From<String> for ClientSecret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What an app asked to be told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Where notifications are sent.
    pub url: String,
    /// The topics, or `*` for all that the version has but `api.request.completed`.
    #[serde(default = "all")]
    pub topics: Vec<String>,
    /// The `client_id` of the app that it belongs to, which then decides about secret, version and permissions.
    #[serde(default)]
    pub app: Option<String>,
    /// What signs the notifications; the secret of the app, or of the first one, when `None`.
    #[serde(default)]
    pub client_secret: Option<ClientSecret>,
    /// Decides about topics and shapes; the version of the app, or the simulator's default one, when `None`.
    #[serde(default)]
    pub version: Option<String>,
    /// How likely a notification is sent twice, from 0 to 1.
    #[serde(default)]
    pub duplicates: f64,
    /// Every so-manieth notification is sent twice; 0 for none.
    #[serde(default)]
    pub duplicate_every: u32,
    /// How many notifications later one may come; 0 keeps the order.
    #[serde(default)]
    pub reorder: u32,
    /// How likely a notification is never sent, from 0 to 1.
    #[serde(default)]
    pub lost: f64,
    /// How long an answer may take, in milliseconds.
    #[serde(default = "patience")]
    pub timeout_ms: u64,
    /// Whether the address must answer a `HEAD` request before it is accepted.
    #[serde(default = "yes")]
    pub check: bool,
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

fn patience() -> u64 {
    5_000
}

fn yes() -> bool {
    true
}

impl Subscription {
    /// A subscription to all topics.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            topics: all(),
            app: None,
            client_secret: None,
            version: None,
            duplicates: 0.0,
            duplicate_every: 0,
            reorder: 0,
            lost: 0.0,
            timeout_ms: patience(),
            check: yes(),
        }
    }

    /// What was asked for, understood.
    pub(super) fn checked(self, default_version: Version, apps: &[App]) -> Result<Checked, WebhookError> {
        let app = match &self.app {
            None => None,
            Some(id) => Some(apps.iter().find(|app| app.client_id == *id).ok_or_else(|| {
                let known: Vec<&str> = apps.iter().map(|app| app.client_id.as_str()).collect();
                WebhookError::Setting(format!("there is no app `{id}`, only {}", known.join(", ")))
            })?),
        };
        let url = url::Url::parse(&self.url).map_err(|error| WebhookError::Url {
            url: self.url.clone(),
            why: error.to_string(),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebhookError::Url {
                url: self.url.clone(),
                why: format!("notifications do not go by {}", url.scheme()),
            });
        }
        let version = match self.version.as_ref().or(app.map(|app| &app.version)) {
            None => default_version,
            Some(text) => text.parse().map_err(|error: trunkline_catalog::UnknownVersion| {
                WebhookError::Setting(format!("version: {error}"))
            })?,
        };
        for (name, share) in [("duplicates", self.duplicates), ("lost", self.lost)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(WebhookError::Setting(format!(
                    "{name} is {share}, which is no likelihood"
                )));
            }
        }
        if self.reorder > MOST_LATER {
            return Err(WebhookError::Setting(format!(
                "reorder is {}, more than {MOST_LATER}",
                self.reorder
            )));
        }
        if !(1..=60_000).contains(&self.timeout_ms) {
            return Err(WebhookError::Setting(format!(
                "timeout_ms is {}, not between 1 and 60000",
                self.timeout_ms
            )));
        }
        let topics = topics(&self.topics, version, app)?;
        let secret = || {
            let app = app.or(apps.first());
            app.map(|app| app.client_secret.clone())
                .unwrap_or_default()
                .into()
        };
        Ok(Checked {
            secret: self.client_secret.clone().unwrap_or_else(secret),
            url,
            topics,
            version,
            wanted: self,
        })
    }
}

/// The farthest that a notification may be put off.
const MOST_LATER: u32 = 1_000;

/// Whether an app may be told of a topic; one that asks for no permissions in particular has all of them.
fn may(app: Option<&App>, topic: Topic) -> bool {
    let given: &[String] = app.map_or(&[], |app| &app.permissions);
    given.is_empty()
        || topic.permissions().is_empty()
        || topic
            .permissions()
            .iter()
            .any(|needed| given.iter().any(|given| permissions::covers(given, needed)))
}

fn topics(names: &[String], version: Version, app: Option<&App>) -> Result<Topics, WebhookError> {
    let mut wanted = Topics::default();
    for name in names {
        if name == "*" {
            let mut all = Topics::of_version(version);
            // Every call of the API is told only to whoever names it: a reader would be told of its own reading.
            all.remove(Topic::ApiRequestCompleted);
            for topic in Topic::ALL {
                if !may(app, *topic) {
                    all.remove(*topic);
                }
            }
            wanted = wanted.union(all);
            continue;
        }
        let topic = Topic::named(name).ok_or_else(|| WebhookError::Topic {
            topic: name.clone(),
            why: format!(
                "there is no such topic; the nearest are {}",
                Topic::near(name).join(", ")
            ),
        })?;
        if topic.since() > version {
            return Err(WebhookError::Topic {
                topic: name.clone(),
                why: format!(
                    "{version} does not have it, {} is the first that does",
                    topic.since()
                ),
            });
        }
        if !may(app, topic) {
            return Err(WebhookError::Topic {
                topic: name.clone(),
                why: format!(
                    "the app lacks the permission `{}`",
                    topic.permissions().join("` or `")
                ),
            });
        }
        wanted.insert(topic);
    }
    if wanted.is_empty() {
        return Err(WebhookError::Setting("topics is empty".to_owned()));
    }
    Ok(wanted)
}

/// A subscription that can be served.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) url: url::Url,
    pub(super) topics: Topics,
    pub(super) version: Version,
    pub(super) secret: ClientSecret,
    pub(super) wanted: Subscription,
}

/// Why nobody was subscribed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address is none that notifications can be sent to.
    #[error("notifications cannot be sent to `{url}`: {why}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such topic, or not in this version.
    #[error("`{topic}` cannot be subscribed to: {why}")]
    Topic {
        /// The topic.
        topic: String,
        /// What there is instead.
        why: String,
    },
    /// The address did not answer the `HEAD` request.
    #[error("`{url}` did not pass the HEAD check: {why}")]
    Refused {
        /// The address.
        url: String,
        /// What it answered.
        why: String,
    },
    /// A setting that cannot be.
    #[error("a webhook cannot be set up: {0}")]
    Setting(String),
}

impl WebhookError {
    /// The error's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "TL0320",
            Self::Topic { .. } => "TL0321",
            Self::Refused { .. } => "TL0322",
            Self::Setting(_) => "TL0323",
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Url { .. } => "Use an address such as http://127.0.0.1:8080/intercom.".to_owned(),
            Self::Topic { .. } => {
                "`GET /_sim/webhooks/topics` lists the topics; `*` stands for all of them.".to_owned()
            }
            Self::Refused { .. } => {
                "Start the receiver first and let it answer HEAD requests with 200, or set `check` to false."
                    .to_owned()
            }
            Self::Setting(_) => "docs/simulator/webhooks.md explains every setting of a webhook.".to_owned(),
        }
    }
}
