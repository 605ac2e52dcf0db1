//! The way through a mirror: the rows that are there, page by page, then what changed since the first page was read.
//!
//! The one rule: where the feed ends is noted before the first page, so that what changes while pages are read is read again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trunkline_flow::{ComponentError, Item};
use trunkline_mirror::feed::{Feed, Position};

use super::{
    Task, failed,
    telling::{self, Telling},
};

/// How many rows or changes are looked at together.
const BATCH: u32 = 500;
/// How long a reader says nothing of itself to a mirror in which nothing changes.
const SILENCE: SignedDuration = SignedDuration::from_hours(24);

/// Where a flow stands in a mirror.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The last change that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Position>,
    /// The page of rows that comes next; none when all were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<Page>,
    /// Contacts that were told to be gone before the mirror knew where they went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<String>,
    /// When the reading of several streams began, and how many records of each were given since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<Whole>,
}

/// A reading of several streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Whole {
    pub(super) began: Timestamp,
    pub(super) records: BTreeMap<String, u64>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    stream: String,
    /// The key of the last row before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind: Option<Vec<String>>,
}

/// The streams whose rows are given at first.
fn rows_of(task: &Task) -> Vec<&'static str> {
    match task {
        Task::Changes {
            wanted,
            from_start: true,
        } => wanted.streams.clone(),
        Task::Changes { .. } => Vec::new(),
        Task::Changed(stream) | Task::All(stream) => vec![stream],
        Task::Whole(streams) => streams.clone(),
    }
}

/// The place at which a run begins.
pub(super) fn opened(
    feed: &Feed,
    task: &Task,
    place: Option<Place>,
) -> Result<Option<Place>, ComponentError> {
    let Some(place) = place else { return Ok(None) };
    if task.is_anew() {
        return Ok(Some(place).filter(|place| place.page.is_some()));
    }
    if let Some(at) = &place.at
        && feed.resumes(at).map_err(|error| failed(&error))?
    {
        return Ok(Some(place));
    }
    // Records that are there can be given anew; what changed in between cannot be known any more.
    if matches!(task, Task::Changed(_)) {
        return Ok(None);
    }
    Err(ComponentError::stop(
        "TL0892",
        format!(
            "{} no longer has the changes since the last run of this flow",
            feed.path().display()
        ),
        "It was made anew, or the flow was away for a month. `trunkline flow run --from-start` begins anew.",
    ))
}

pub(super) struct Reading {
    feed: Arc<Mutex<Feed>>,
    task: Task,
    place: Place,
    telling: Telling,
    /// Whether nothing was given yet by a flow that never ran.
    is_new: bool,
    /// Whether only rows are looked at, and no feed.
    is_of_rows: bool,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    seen_at: Timestamp,
}

impl Reading {
    pub(super) fn new(
        feed: Arc<Mutex<Feed>>,
        task: Task,
        place: Option<Place>,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        is_dry: bool,
    ) -> Self {
        let is_new = place.is_none();
        let place = place.unwrap_or_default();
        Self {
            telling: Telling::new(&task, place.gone.clone()),
            is_of_rows: is_dry || task.is_anew(),
            feed,
            task,
            is_new,
            place,
            seen_at: now(),
            now,
        }
    }

    /// Some items with the place behind them; none when there is nothing more for now.
    pub(super) fn next(&mut self) -> Result<Option<(Vec<Item>, Place)>, ComponentError> {
        let feed = Arc::clone(&self.feed);
        let feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = rows_of(&self.task);
        if self.is_new {
            if matches!(self.task, Task::Whole(_)) {
                self.place.whole = Some(Whole {
                    began: (self.now)(),
                    records: streams.iter().map(|stream| ((*stream).to_owned(), 0)).collect(),
                });
            }
            if !self.is_of_rows {
                self.place.at = Some(feed.end().map_err(|error| failed(&error))?);
            }
            self.place.page = streams.first().map(|stream| Page {
                stream: (*stream).to_owned(),
                behind: None,
            });
        }
        let is_bound = self.place.at.is_some() || self.place.whole.is_some();
        if self.is_new && is_bound && self.place.page.is_some() {
            // Where the feed ends, or when the reading began, is kept before a row is given: what is told of rows later follows from there, whenever the process dies.
            self.is_new = false;
            return Ok(Some((Vec::new(), self.place.clone())));
        }
        let was = std::mem::take(&mut self.is_new).then(Place::default);
        let was = was.unwrap_or_else(|| self.place.clone());
        while let Some(page) = self.place.page.clone() {
            let items = self.page(&feed, page, &streams)?;
            if !items.is_empty() {
                return Ok(Some((items, self.place.clone())));
            }
        }
        if let Some(whole) = self.place.whole.take() {
            return Ok(Some((vec![telling::end(&whole)], self.place.clone())));
        }
        if self.is_of_rows {
            return Ok((self.place != was).then(|| (Vec::new(), self.place.clone())));
        }
        let items = self.changes(&feed)?;
        Ok((!items.is_empty() || self.place != was).then(|| (items, self.place.clone())))
    }

    /// The rows of a page; moves to the next one.
    fn page(
        &mut self,
        feed: &Feed,
        page: Page,
        streams: &[&'static str],
    ) -> Result<Vec<Item>, ComponentError> {
        let at = streams.iter().position(|stream| *stream == page.stream);
        let rows = match at {
            Some(at) => feed
                .page(streams[at], page.behind.as_deref(), BATCH)
                .map_err(|error| failed(&error))?,
            // The flow names other streams than it did.
            None => Vec::new(),
        };
        self.place.page = match (rows.last(), at) {
            (Some((key, _)), _) => Some(Page {
                stream: page.stream,
                behind: Some(key.clone()),
            }),
            (None, Some(at)) => streams.get(at + 1).map(|next| Page {
                stream: (*next).to_owned(),
                behind: None,
            }),
            (None, None) => None,
        };
        let Some(stream) = at.map(|at| streams[at]) else {
            return Ok(Vec::new());
        };
        let whole = self.place.whole.as_mut();
        let began = whole.map(|whole| {
            *whole.records.entry(stream.to_owned()).or_default() += rows.len() as u64;
            whole.began
        });
        Ok(rows
            .into_iter()
            .filter_map(|(key, record)| self.telling.row(stream, &key, record, began))
            .collect())
    }

    /// What changed, as far as there is something to tell of it.
    fn changes(&mut self, feed: &Feed) -> Result<Vec<Item>, ComponentError> {
        let mut seq = self.place.at.as_ref().map_or(0, |at| at.seq);
        let end = feed.end().map_err(|error| failed(&error))?.seq;
        let mut items = Vec::new();
        let from = seq;
        while items.is_empty() && seq < end {
            let changes = feed.changes(seq, BATCH).map_err(|error| failed(&error))?;
            let Some(last) = changes.last() else { break };
            seq = last.seq;
            items = self.telling.changes(changes);
        }
        if seq > from {
            self.place.at = Some(feed.position(seq).map_err(|error| failed(&error))?);
            self.place.gone = self.telling.gone();
            self.seen_at = (self.now)();
        } else if (self.now)().duration_since(self.seen_at) > SILENCE {
            self.seen_at = (self.now)();
            // A reader of which nobody hears is forgotten in the end.
            let known = feed.acknowledged().map_err(|error| failed(&error))?;
            if let Some(known) = known {
                feed.acknowledge(known.seq, self.seen_at)
                    .map_err(|error| failed(&error))?;
            }
        }
        Ok(items)
    }
}
