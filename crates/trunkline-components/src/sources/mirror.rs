//! `mirror`: what changes in a mirror, told as it changes; or the records of one of its streams.
//!
//! The one rule: the mirror keeps a change until the flow's position behind it is kept, so none is missed, however long the flow
//! was away. Read `mirror/reading.rs` for the way through the mirror, `mirror/telling.rs` for what a record says.

mod reading;
mod telling;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Occasion, Read, Reader, Source, Trigger,
    document::{Kind as NodeKind, Mistake, Node, read},
    nearest,
};
use trunkline_mirror::{
    feed::{self, Feed, FeedOptions},
    storage::StorageError,
    tables,
};

use self::{
    reading::{Place, Reading, opened},
    telling::Wanted,
};
use crate::{Site, registry::SourceKind, site::MirrorPlace};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "mirror",
    summary: "Gives what changes in a mirror, with before and after; or the records of one of its streams.",
    is_rereadable: true,
    is_endless: |node| node.get("changes").is_some(),
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How often a mirror that is followed is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// Stands for all streams.
const ALL: &str = "*";

/// Gives what changes in a mirror, or the records of one of its streams.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The connection whose mirror it is; the default one unless told.
    #[serde(default)]
    connection: Option<String>,
    /// The mirror's SQLite file, in place of a connection's mirror. Relative paths begin at the flow's file.
    #[serde(default)]
    file: Option<String>,
    /// The streams whose changes are told, or `*` for all.
    #[serde(default)]
    changes: Option<Vec<String>>,
    /// The kinds of changes that are told; all of them unless told.
    #[serde(default)]
    kinds: Vec<Change>,
    /// Fields such as `email` or `custom_attributes.plan`: an update is told only when one of them changed.
    #[serde(default)]
    fields: Vec<String>,
    /// Whether a flow that never ran begins with all that is there, told as created.
    #[serde(default)]
    from_start: bool,
    /// The stream whose records are given, in place of changes.
    #[serde(default)]
    stream: Option<String>,
    /// Which records of the stream a run gives.
    #[serde(default)]
    read: Option<Which>,
    /// The streams, or `*` for all, whose records each run gives as `{stream, id, began, record}`, and at its end how many there were of each.
    #[serde(default)]
    streams: Option<Vec<String>>,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Change {
    /// It is there, and was not before.
    Created,
    /// What Intercom says of it changed.
    Updated,
    /// It is gone.
    Deleted,
    /// It is gone because it was merged into another.
    Merged,
}

/// Which records a run gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Which {
    /// All of them at first, then those that changed since the last run.
    Changed,
    /// All of them, each time.
    All,
}

/// What is read of a mirror.
#[derive(Clone, Debug)]
enum Task {
    /// Changes that are wanted, of these streams.
    Changes { wanted: Wanted, from_start: bool },
    /// Records of a stream, those that changed since.
    Changed(&'static str),
    /// All records of a stream.
    All(&'static str),
    /// All records of several streams.
    Whole(Vec<&'static str>),
}

impl Task {
    /// Whether each run reads everything anew, and no change is looked for.
    const fn is_anew(&self) -> bool {
        matches!(self, Self::All(_) | Self::Whole(_))
    }
}

struct Mirrored {
    settings: Settings,
    task: Task,
    site: Site,
    /// The mirror as the run that is under way has it open.
    open: Mutex<Option<Arc<Mutex<Feed>>>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    if settings.connection.is_some() && settings.file.is_some() {
        return Err(Mistake::new(
            spot("file"),
            "a mirror is a connection's or a file, not both",
            "Leave one of them out.",
        ));
    }
    let misplaced = |keys: &[&str], of: &str| {
        let key = keys.iter().find(|key| node.get(key).is_some())?;
        let message = format!("{key} is for {of}");
        let advice = "Changes and records are read by flows of their own.";
        Some(Mistake::new(spot(key), message, advice))
    };
    let task = match (&settings.changes, &settings.stream, &settings.streams) {
        (None, None, Some(names)) => {
            let own = ["read", "kinds", "fields", "from_start"];
            if let Some(mistake) = misplaced(&own, "`changes` or one `stream`") {
                return Err(mistake);
            }
            Task::Whole(streams(node, "streams", names, |_| true)?)
        }
        (Some(names), None, None) => {
            if let Some(mistake) = misplaced(&["read"], "the records of a `stream`") {
                return Err(mistake);
            }
            Task::Changes {
                wanted: Wanted {
                    // Pairs follow what they hang on, and are told to who names them.
                    streams: streams(node, "changes", names, |table| !table.is_members())?,
                    kinds: settings.kinds.clone(),
                    fields: settings.fields.clone(),
                },
                from_start: settings.from_start,
            }
        }
        (None, Some(name), None) => {
            if let Some(mistake) = misplaced(&["kinds", "fields", "from_start"], "`changes`") {
                return Err(mistake);
            }
            let name =
                known(name).map_err(|(message, advice)| Mistake::new(spot("stream"), message, advice))?;
            match settings.read {
                None | Some(Which::Changed) => Task::Changed(name),
                Some(Which::All) => Task::All(name),
            }
        }
        _ => {
            return Err(Mistake::new(
                node.spot,
                "a mirror gives either changes or the records of a stream",
                "Add `changes: [contacts]`, `stream: contacts`, or `streams: [\"*\"]`.",
            ));
        }
    };
    Ok(Arc::new(Mirrored {
        settings,
        task,
        site: site.clone(),
        open: Mutex::default(),
    }))
}

/// The tables that a setting names; `is_meant` says which of them stand behind `*`.
fn streams(
    node: &Node,
    setting: &str,
    names: &[String],
    is_meant: impl Fn(&tables::Table) -> bool,
) -> Result<Vec<&'static str>, Mistake> {
    let spots = match node.get(setting).map(|list| &list.kind) {
        Some(NodeKind::List(all)) => all.as_slice(),
        _ => &[],
    };
    let spot = |at: usize| spots.get(at).map_or(node.spot, |one| one.spot);
    let mut streams = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if name == ALL {
            let records = tables::all().filter(|table| is_meant(table));
            streams.extend(records.map(|table| table.name));
            continue;
        }
        let name = known(name).map_err(|(message, advice)| Mistake::new(spot(at), message, advice))?;
        streams.push(name);
    }
    let mut seen = HashSet::new();
    streams.retain(|name| seen.insert(*name));
    if streams.is_empty() {
        return Err(Mistake::new(
            node.get(setting).map_or(node.spot, |list| list.spot),
            "no stream is named",
            "Name some, or `\"*\"` for all.",
        ));
    }
    Ok(streams)
}

/// A stream of mirrors.
fn known(name: &str) -> Result<&'static str, (String, String)> {
    if let Some(table) = tables::table(name) {
        return Ok(table.name);
    }
    let advice = match nearest::of(name, tables::all().map(|table| table.name)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "`trunkline streams` lists them.".to_owned(),
    };
    Err((format!("a mirror has no stream {name}"), advice))
}

impl Mirrored {
    async fn place(&self) -> Result<MirrorPlace, ComponentError> {
        match &self.settings.file {
            Some(file) => Ok(MirrorPlace {
                path: self.site.path(file),
                workspace: None,
            }),
            None => {
                self.site
                    .mirrors
                    .mirror(self.settings.connection.as_deref())
                    .await
            }
        }
    }
}

/// What a flow is called among the readers of a mirror.
fn reader(site: &Site) -> String {
    format!("flow:{}", site.flow)
}

/// Opens the mirror, as a reader of its feed where changes are wanted; and where the run begins.
fn begin(
    task: &Task,
    site: &Site,
    mirror: &MirrorPlace,
    place: Option<Place>,
) -> Result<(Feed, Option<Place>), ComponentError> {
    let now = (site.now)();
    let feed = match task {
        _ if site.is_dry => Feed::rows_of(&mirror.path),
        Task::All(_) | Task::Whole(_) => Feed::rows_of(&mirror.path),
        Task::Changes { .. } | Task::Changed(_) => {
            let options = FeedOptions {
                reader: reader(site),
                keeps_before: matches!(task, Task::Changes { .. }),
                name: format!("{} {now}", site.flow),
                now,
            };
            Feed::open(&mirror.path, &options)
        }
    };
    let feed = feed.map_err(|error| failed(&error))?;
    check(&feed, mirror)?;
    let place = opened(&feed, task, place)?;
    Ok((feed, place))
}

impl Source for Mirrored {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let place: Option<Place> = cursor
                .map(|cursor| serde_json::from_value(cursor.0).map_err(|_| foreign()))
                .transpose()?;
            let mirror = self.place().await?;
            let (task, site) = (self.task.clone(), self.site.clone());
            let begun = tokio::task::spawn_blocking(move || begin(&task, &site, &mirror, place));
            let (feed, place) = begun.await.map_err(|error| broke_off(&error))??;
            let feed = Arc::new(Mutex::new(feed));
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&feed));
            let now = Arc::clone(&self.site.now);
            let reading = Reading::new(feed, self.task.clone(), place, now, self.site.is_dry);
            Ok(Box::new(Pages {
                reading: Some(reading),
                // What was called for by its time or by somebody ends where the mirror does; what runs by itself follows it.
                follows: occasion.trigger == Trigger::Event && self.is_endless(),
            }) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        matches!(self.task, Task::Changes { .. })
    }

    fn kept<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let place: Option<Place> = serde_json::from_value(cursor.0.clone()).ok();
            let (Some(feed), Some(at)) = (open, place.and_then(|place| place.at)) else {
                return;
            };
            let now = (self.site.now)();
            let acknowledge = tokio::task::spawn_blocking(move || {
                let feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
                // When another program holds the file, the next position says it too.
                feed.acknowledge(at.seq, now).ok();
            });
            acknowledge.await.ok();
        })
    }

    fn removed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.task.is_anew() {
                return;
            }
            let Ok(mirror) = self.place().await else { return };
            let reader = reader(&self.site);
            let forget = tokio::task::spawn_blocking(move || {
                // A mirror that cannot be opened now forgets a reader of which nobody hears by itself, in time.
                if mirror.path.exists() {
                    feed::forget(&mirror.path, &reader).ok();
                }
            });
            forget.await.ok();
        })
    }
}

/// Refuses another workspace's mirror.
fn check(feed: &Feed, mirror: &MirrorPlace) -> Result<(), ComponentError> {
    let held = feed.workspace().map_err(|error| failed(&error))?;
    match (&mirror.workspace, held) {
        (Some(wanted), Some(held)) if *wanted != held => Err(ComponentError::stop(
            "TL0893",
            format!(
                "{} holds the workspace {held}, and the connection's is {wanted}",
                mirror.path.display()
            ),
            "Name the connection whose mirror is meant, or the mirror's file with `file:`.",
        )),
        _ => Ok(()),
    }
}

struct Pages {
    /// Taken out while it is read on a thread of its own.
    reading: Option<Reading>,
    follows: bool,
}

impl Reader for Pages {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let Some(mut reading) = self.reading.take() else {
                return Ok(Read::End);
            };
            let done = tokio::task::spawn_blocking(move || {
                let next = reading.next();
                (reading, next)
            });
            let (reading, next) = done.await.map_err(|error| broke_off(&error))?;
            self.reading = Some(reading);
            Ok(match next? {
                Some((items, place)) => Read::Batch(Batch {
                    items,
                    behind: Some(Cursor(serde_json::json!(place))),
                }),
                None if self.follows => Read::Idle(PAUSE),
                None => Read::End,
            })
        })
    }
}

fn failed(error: &StorageError) -> ComponentError {
    ComponentError::stop(error.code(), error.to_string(), error.advice())
}

fn broke_off(error: &tokio::task::JoinError) -> ComponentError {
    ComponentError::stop(
        "TL0812",
        format!("reading the mirror broke off: {error}"),
        "This is a fault of Trunkline; please report it.",
    )
}

fn foreign() -> ComponentError {
    ComponentError::stop(
        "TL0891",
        "the position that was kept is none of a mirror",
        "The flow had another source: give it another name, or begin anew with `trunkline flow run --from-start`.",
    )
}
