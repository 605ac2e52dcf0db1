//! What a run of a flow keeps, in the store.

use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

use futures::future::BoxFuture;
use trunkline_client::{Clock, Meter};
use trunkline_flow::{
    ComponentError, Cursor, Head, Marks,
    engine::{Counts, DeadLetter, Fate, Keeper, queue::EVERY_WAY},
};
use trunkline_store::{
    Failure, FateOutcome, FlowRunCounts, Lease, NewDeadLetter, NewFate, Origin, Origins, Store, StoreError,
};

/// The one part of a flow's source.
pub(super) const PART: &str = "source";

/// Keeps what a run of a flow must not lose.
pub(super) struct StoredKeeper {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flow: String,
    pub(super) run: String,
    /// Which part of the source is read.
    pub(super) part: String,
    pub(super) lease: Arc<Mutex<Lease>>,
    /// How far it goes, for whoever looks.
    pub(super) counts: Arc<Mutex<Counts>>,
}

impl Keeper for StoredKeeper {
    fn cursor(&self) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        Box::pin(async {
            let kept = self
                .store
                .checkpoint(&self.flow, &self.part)
                .await
                .map_err(|error| of_store(&error))?;
            let Some(kept) = kept else { return Ok(None) };
            serde_json::from_str(&kept.cursor).map(Some).map_err(|error| {
                ComponentError::stop(
                    "TL0822",
                    format!(
                        "the position that was kept of {} cannot be read: {error}",
                        self.flow
                    ),
                    "Begin again with `trunkline flow run --from-start`.",
                )
            })
        })
    }

    fn save<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, Result<(), ComponentError>> {
        Box::pin(async move {
            let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.store
                .save_checkpoint(
                    &self.flow,
                    &self.part,
                    &cursor.0.to_string(),
                    &lease,
                    self.clock.now(),
                )
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async move {
            let new = NewDeadLetter {
                flow: self.flow.clone(),
                destination: letter.destination.clone().unwrap_or_else(|| EVERY_WAY.to_owned()),
                run: Some(self.run.clone()),
                key: letter.key.clone(),
                dedupe_key: None,
                origins: of_marks(&letter.origins),
                attempts: letter.attempts.into(),
                first_at: letter.at,
                failure: failure(letter),
            };
            self.store
                .add_dead_letter(&new, self.clock.now())
                .await
                .map(drop)
                .map_err(|error| of_store(&error))
        })
    }

    fn note(&self, fates: Vec<Fate>) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async move {
            let fates: Vec<NewFate> = fates
                .into_iter()
                .map(|fate| of_fate(fate, self.run.clone(), None))
                .collect();
            let added = self.store.add_fates(&self.flow, &fates).await;
            added.map_err(|error| of_store(&error))
        })
    }

    fn tell(&self, counts: &Counts) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(counts);
    }
}

/// The store's own form of why a record was given up.
pub(super) fn failure(letter: DeadLetter) -> Failure {
    // What several were joined into cannot be made again of one: they are shown, and what was made of them is what is redriven.
    let (source, steps) = match <[_; 1]>::try_from(letter.source) {
        Ok([one]) => (Some(one.to_string()), letter.steps),
        Err(several) if several.is_empty() => (None, letter.steps),
        Err(several) => (None, vec![serde_json::json!({ "joined": several })]),
    };
    Failure {
        source_record: source,
        record: Some(letter.record.to_string()),
        head: serde_json::to_string(&letter.head).ok(),
        steps: serde_json::Value::from(steps).to_string(),
        request: letter.request.map(|request| request.to_string()),
        answer: letter.answer.map(|answer| answer.to_string()),
        code: letter.code,
        message: format!("{}. {}", letter.message, letter.advice),
    }
}

/// The store's own form of what became of a record: that of `run`, which went through the transforms of `version`, if it is known.
pub(super) fn of_fate(fate: Fate, run: String, version: Option<i64>) -> NewFate {
    let origins = fate.origins.into_iter().map(|(mark, source)| {
        let origin = Origin {
            number: mark.number,
            id: mark.id,
        };
        (origin, source.map(|source| source.to_string()))
    });
    NewFate {
        run,
        version: version.filter(|_| fate.is_made_anew),
        origins: origins.collect(),
        joined: fate.joined as u64,
        outcome: match &fate.destination {
            Some(_) => FateOutcome::Delivered,
            None => FateOutcome::LetGo,
        },
        destination: fate.destination,
        key: fate.key,
        head: (fate.head != Head::default()).then(|| serde_json::to_string(&fate.head).unwrap_or_default()),
        record: fate.record.map(|record| record.to_string()),
        answer: fate.answer.map(|answer| answer.to_string()),
        attempts: fate.attempts.into(),
        at: fate.at,
    }
}

/// The store's own form of what something came of; none where no way is kept.
pub(super) fn of_marks(marks: &Marks) -> Option<Origins> {
    (!marks.followed.is_empty()).then(|| Origins {
        followed: marks
            .followed
            .iter()
            .map(|mark| Origin {
                number: mark.number,
                id: mark.id.clone(),
            })
            .collect(),
        of: marks.of as u64,
    })
}

/// The store's own form of what a run did.
pub(super) fn of_counts(counts: &Counts, calls: &Meter, note: Option<String>) -> FlowRunCounts {
    FlowRunCounts {
        read: counts.read,
        delivered: counts.delivered.values().sum(),
        filtered: counts.filtered,
        dead: counts.dead,
        retried: counts.retried,
        queued: counts.queued,
        calls: calls.load(Ordering::Relaxed),
        followed: counts.followed,
        bytes: None,
        errors: counts.errors.clone(),
        note,
    }
}

pub(super) fn of_store(error: &StoreError) -> ComponentError {
    ComponentError::stop(error.code(), error.to_string(), error.advice())
}
