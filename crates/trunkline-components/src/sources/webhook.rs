//! `webhook`: the notifications that the receiver keeps, as records, in the order in which they came.
//!
//! The one rule: a notification is on the disk before Intercom hears that it arrived, so the number of the last one that was
//! acknowledged is all that must be kept to lose none.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_catalog::Catalog;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Mistake, Node, read},
};

use crate::{
    Site,
    registry::SourceKind,
    site::{Notified, Stirring},
};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "webhook",
    summary: "Gives what Intercom's webhooks tell, as it comes.",
    is_rereadable: true,
    is_endless: |_| true,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many notifications are looked at together.
const BATCH: u32 = 200;
/// How often new ones are looked for.
const PAUSE: Duration = Duration::from_millis(200);

/// Gives what Intercom's webhooks tell, as it comes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The connection; without one the notifications of all workspaces.
    #[serde(default)]
    connection: Option<String>,
    /// Topics, patterns such as `conversation.*`, and the names of other products for them; all of them unless told.
    #[serde(default)]
    topics: Vec<String>,
    /// What a record is: the `item` that the notification is about, or the whole `notification`.
    #[serde(default)]
    record: Form,
    /// Whether a flow that never ran begins with what was received before.
    #[serde(default)]
    from_start: bool,
}

/// What a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// What the notification is about.
    #[default]
    Item,
    /// All of it, with topic, times and workspace.
    Notification,
}

struct Received {
    settings: Settings,
    /// None for all.
    topics: Option<Vec<String>>,
    site: Site,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let mut topics = Vec::new();
    for (at, named) in settings.topics.iter().enumerate() {
        let found = Catalog::embedded().expand_topics(&[named]).map_err(|error| {
            let spot = match node.get("topics").map(|topics| &topics.kind) {
                Some(trunkline_flow::document::Kind::List(all)) => {
                    all.get(at).map_or(node.spot, |one| one.spot)
                }
                _ => node.spot,
            };
            Mistake::new(spot, error.to_string(), "`trunkline topics` lists them.")
        })?;
        topics.extend(found.iter().map(|topic| topic.name.to_owned()));
    }
    let topics = (!settings.topics.is_empty()).then_some(topics);
    Ok(Arc::new(Received {
        settings,
        topics,
        site: site.clone(),
    }))
}

impl Source for Received {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let number = match cursor.and_then(|cursor| cursor.0["number"].as_i64()) {
                Some(number) => number,
                None if self.settings.from_start => 0,
                None => self.site.notifications.newest().await?,
            };
            let workspace = match &self.settings.connection {
                None => None,
                named => {
                    let workspace = self.site.workspaces.workspace(named.as_deref()).await?;
                    Some(workspace.id().to_owned())
                }
            };
            Ok(Box::new(Following {
                number,
                is_first: true,
                workspace,
                topics: self.topics.clone(),
                form: self.settings.record,
                stirring: self.site.stirring(),
                site: self.site.clone(),
            }) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        true
    }

    fn position_at(&self, moment: Timestamp) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        Box::pin(async move {
            let number = self.site.notifications.before(moment).await?;
            Ok(Some(Cursor(json!({ "number": number }))))
        })
    }
}

struct Following {
    number: i64,
    /// Where it begins is kept at once, so that nothing is skipped when the process dies before the first notification.
    is_first: bool,
    workspace: Option<String>,
    topics: Option<Vec<String>>,
    form: Form,
    site: Site,
    stirring: Stirring,
}

impl Following {
    fn item(&self, notified: Notified) -> Item {
        let body: Value = match serde_json::from_slice(&notified.body) {
            Ok(body) => body,
            Err(error) => {
                return Item::Broken {
                    text: String::from_utf8_lossy(&notified.body)
                        .chars()
                        .take(2_000)
                        .collect(),
                    error: ComponentError::reject(
                        "TL0847",
                        format!("notification {} is no JSON: {error}", notified.number),
                        "Look at it with `trunkline notifications show`.",
                    ),
                };
            }
        };
        let at = body["created_at"]
            .as_i64()
            .and_then(|at| Timestamp::from_second(at).ok());
        let head = Head {
            stream: Some(notified.topic),
            id: Some(
                body["id"]
                    .as_str()
                    .map_or_else(|| notified.number.to_string(), str::to_owned),
            ),
            updated_at: at.or(Some(notified.received_at)),
            branch: None,
        };
        let value = match self.form {
            Form::Notification => body,
            Form::Item => body["data"]["item"].clone(),
        };
        Item::Record(Record::new(value).with_head(head))
    }
}

impl Reader for Following {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            self.stirring.listen();
            let found = self
                .site
                .notifications
                .after(self.number, self.workspace.as_deref(), BATCH)
                .await?;
            let Some(last) = found.last().map(|last| last.number) else {
                if std::mem::take(&mut self.is_first) {
                    return Ok(Read::Batch(Batch {
                        items: Vec::new(),
                        behind: Some(Cursor(json!({ "number": self.number }))),
                    }));
                }
                return Ok(Read::Idle(self.stirring.pause(PAUSE)));
            };
            self.is_first = false;
            self.number = last;
            let is_wanted = |one: &Notified| {
                self.topics
                    .as_ref()
                    .is_none_or(|topics| topics.contains(&one.topic))
            };
            let items = found
                .into_iter()
                .filter(is_wanted)
                .map(|one| self.item(one))
                .collect();
            Ok(Read::Batch(Batch {
                items,
                behind: Some(Cursor(json!({ "number": last }))),
            }))
        })
    }

    fn stirred(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.stirring.told())
    }
}
