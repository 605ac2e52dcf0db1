//! All that becomes of records between the source and the destinations, as one piece of work without waiting.
//!
//! The one rule: it runs where blocking is allowed, since expressions take their time.

use jiff::Timestamp;

use super::{
    flow::Flow,
    pipeline::{Pipeline, Refused, Seen},
};
use crate::{
    ComponentError, Record,
    document::{Jq, Order},
};

/// The transforms of a flow and of its ways, and what tells which way a record goes.
#[derive(Debug)]
pub(super) struct Stages {
    common: Pipeline,
    ways: Vec<Way>,
    /// Set where records with the same key keep their order.
    key: Option<Jq>,
}

#[derive(Debug)]
struct Way {
    name: String,
    when: Option<Jq>,
    route: Option<String>,
    transforms: Pipeline,
}

/// What came of records.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// For each way, records with their keys.
    pub(super) by_way: Vec<Vec<(Record, Option<String>)>>,
    /// What could not be taken: on which way, the record, why.
    pub(super) refused: Vec<(Option<String>, Record, ComponentError)>,
    /// How many of which nothing goes any way.
    pub(super) filtered: u64,
    /// Of those that could not be taken, why the way itself could not say what to do with them: its condition, or the key.
    pub(super) undecided: Vec<(usize, ComponentError)>,
}

impl Stages {
    pub(super) fn of(flow: &Flow) -> Self {
        let way = |way: &super::flow::Way| Way {
            name: way.name.clone(),
            when: way.when.clone(),
            route: way.route.clone(),
            transforms: (way.transforms)(),
        };
        Self {
            common: (flow.transforms)(),
            ways: flow.ways.iter().map(way).collect(),
            key: flow
                .policy
                .key
                .clone()
                .filter(|_| flow.policy.order == Order::PerKey),
        }
    }

    /// The same, keeping what each transform is given and makes of it.
    pub(super) fn watched(mut self) -> Self {
        self.common = self.common.watched();
        for way in &mut self.ways {
            way.transforms = std::mem::take(&mut way.transforms).watched();
        }
        self
    }

    /// What was seen of the common transforms, and of those of each way.
    pub(super) fn into_seen(self) -> (Vec<Seen>, Vec<Vec<Seen>>) {
        let ways = self.ways.into_iter().map(|way| way.transforms.into_seen());
        (self.common.into_seen(), ways.collect())
    }

    /// Takes records through all.
    pub(super) fn apply(&mut self, records: Vec<Record>, now: Timestamp) -> Staged {
        let mut staged = self.staged();
        let taken = records.len() as u64;
        let applied = self.common.apply(records, now);
        let refused = applied.refused.len() as u64;
        let gone = applied.records.len() as u64;
        // A filter lets nothing through; a record that is held or split is not counted as let go.
        staged.filtered = if self.common.due().is_none() {
            taken.saturating_sub(refused + gone)
        } else {
            0
        };
        staged.refuse(None, applied.refused);
        self.route(applied.records, now, &mut staged);
        staged
    }

    /// Whether what becomes of records depends on those before them.
    pub(super) fn remembers(&self) -> bool {
        self.common.remembers() || self.ways.iter().any(|way| way.transforms.remembers())
    }

    /// When something that a transform holds is to be given out.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let ways = self.ways.iter().filter_map(|way| way.transforms.due());
        self.common.due().into_iter().chain(ways).min()
    }

    /// Gives out what is due, or all that is held at the end of a run.
    pub(super) fn flush(&mut self, now: Timestamp, is_end: bool) -> Staged {
        let mut staged = self.staged();
        let applied = self.common.flush(now, is_end);
        staged.refuse(None, applied.refused);
        self.route(applied.records, now, &mut staged);
        for at in 0..self.ways.len() {
            let way = &mut self.ways[at];
            let applied = way.transforms.flush(now, is_end);
            staged.refuse(Some(&way.name), applied.refused);
            self.enter(at, applied.records, now, &mut staged);
        }
        staged
    }

    fn staged(&self) -> Staged {
        Staged {
            by_way: self.ways.iter().map(|_| Vec::new()).collect(),
            ..Staged::default()
        }
    }

    /// Sends each record on the ways that want it.
    fn route(&mut self, records: Vec<Record>, now: Timestamp, staged: &mut Staged) {
        // For each way, what it says of each record.
        let said: Vec<Vec<Result<bool, ComponentError>>> = self
            .ways
            .iter()
            .map(|way| {
                let is_routed = |record: &Record| way.route.is_none() || way.route == record.head.branch;
                let routed: Vec<bool> = records.iter().map(is_routed).collect();
                match &way.when {
                    None => routed.into_iter().map(Ok).collect(),
                    Some(when) => when.holds_of(&records, &routed, now),
                }
            })
            .collect();
        let mut by_way: Vec<Vec<Record>> = self.ways.iter().map(|_| Vec::new()).collect();
        let mut said: Vec<_> = said.into_iter().map(Vec::into_iter).collect();
        for record in records {
            let mut wanted_by = Vec::new();
            let mut is_wanted = false;
            for (at, said) in said.iter_mut().enumerate() {
                match said.next().unwrap_or(Ok(false)) {
                    Ok(false) => {}
                    Ok(true) => wanted_by.push(at),
                    Err(error) => {
                        is_wanted = true;
                        staged.undecided.push((at, error.clone()));
                        let way = self.ways[at].name.clone();
                        staged.refused.push((Some(way), record.clone(), error));
                    }
                }
            }
            is_wanted |= !wanted_by.is_empty();
            staged.filtered += u64::from(!is_wanted);
            // The last one needs no copy.
            let last = wanted_by.pop();
            for at in wanted_by {
                by_way[at].push(record.clone());
            }
            if let Some(at) = last {
                by_way[at].push(record);
            }
        }
        for (at, records) in by_way.into_iter().enumerate() {
            if records.is_empty() {
                continue;
            }
            let way = &mut self.ways[at];
            let applied = way.transforms.apply(records, now);
            staged.refuse(Some(&way.name), applied.refused);
            self.enter(at, applied.records, now, staged);
        }
    }

    fn enter(&self, at: usize, records: Vec<Record>, now: Timestamp, staged: &mut Staged) {
        let keys = keys_of(self.key.as_ref(), &records, now);
        for (record, key) in records.into_iter().zip(keys) {
            match key {
                Ok(key) => staged.by_way[at].push((record, key)),
                Err(error) => {
                    staged.undecided.push((at, error.clone()));
                    let way = self.ways[at].name.clone();
                    staged.refused.push((Some(way), record, error));
                }
            }
        }
    }
}

/// The keys of records; they are read from what the source gave, of several from the first.
pub(super) fn keys_of(
    key: Option<&Jq>,
    records: &[Record],
    now: Timestamp,
) -> Vec<Result<Option<String>, ComponentError>> {
    let Some(key) = key else {
        return records.iter().map(|_| Ok(None)).collect();
    };
    let sources = records
        .iter()
        .map(|record| record.origins.records().next().unwrap_or(record));
    key.key_of_all(sources, now)
}

impl Staged {
    fn refuse(&mut self, way: Option<&String>, refused: Vec<Refused>) {
        for one in refused {
            let (at, name) = one.step;
            let error = ComponentError {
                message: format!("transform {} ({name}): {}", at + 1, one.error.message),
                ..one.error
            };
            self.refused.push((way.cloned(), one.record, error));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.by_way.iter().all(Vec::is_empty)
    }
}
