//! A journal that forgets everything with the test, and that can be made to look as a crash leaves it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use trunkline_actions::{Begun, Journal, JournalFuture, KeptWrite, NewRun, RunEnd, WriteEnd, WriteState};
use trunkline_client::PortError;

/// A run, as it is kept.
#[derive(Debug)]
struct Held {
    run: NewRun,
    writes: Vec<KeptWrite>,
    end: Option<RunEnd>,
    is_alive: bool,
}

/// Runs by their place: the first has the id `1`.
#[derive(Debug, Default)]
pub(crate) struct MemoryJournal(Mutex<Vec<Held>>);

impl MemoryJournal {
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As if the process had died right after the last write of the last run was sent.
    pub(crate) fn die(&self) {
        let mut held = self.held();
        let run = held.last_mut().unwrap();
        run.end = None;
        run.is_alive = false;
        let write = run.writes.last_mut().unwrap();
        write.state = WriteState::Sending;
        write.after = None;
        write.inverse = None;
    }

    /// As if the process had died right before it kept how the last run ended.
    pub(crate) fn die_before_the_end(&self) {
        let mut held = self.held();
        let run = held.last_mut().unwrap();
        run.end = None;
        run.is_alive = false;
    }

    /// As if the process had died right before the last write of the last run was sent.
    pub(crate) fn begin_only(&self, run: NewRun, write: KeptWrite) {
        self.held().push(Held {
            run,
            writes: vec![write],
            end: None,
            is_alive: false,
        });
    }

    /// The writes of the last run.
    pub(crate) fn last_writes(&self) -> Vec<KeptWrite> {
        self.held()
            .last()
            .map(|held| held.writes.clone())
            .unwrap_or_default()
    }

    fn with<T>(&self, run: &str, work: impl FnOnce(&mut Held) -> T) -> Result<T, PortError> {
        let place = run.parse::<usize>().map(|id| id.wrapping_sub(1));
        let mut held = self.held();
        let held = place.ok().and_then(|place| held.get_mut(place));
        held.map(work).ok_or_else(|| PortError {
            reason: format!("there is no run {run}"),
        })
    }
}

impl Journal for MemoryJournal {
    fn begin(&self, run: NewRun) -> JournalFuture<'_, Begun> {
        let mut held = self.held();
        let same = held
            .iter_mut()
            .enumerate()
            .find(|(_, held)| run.key.is_some() && held.run.key == run.key);
        let begun = match same {
            None => {
                held.push(Held {
                    run,
                    writes: Vec::new(),
                    end: None,
                    is_alive: true,
                });
                Begun::New(held.len().to_string())
            }
            Some((place, known)) => {
                let id = (place + 1).to_string();
                let is_same = (&known.run.action, &known.run.input) == (&run.action, &run.input);
                match &known.end {
                    _ if !is_same => Begun::Taken(id, known.run.action.clone()),
                    Some(RunEnd::Done(output)) => Begun::Done(id, output.clone()),
                    None if known.is_alive => Begun::Busy(id),
                    None | Some(RunEnd::Failed(_) | RunEnd::Unknown(_)) => {
                        known.end = None;
                        known.is_alive = true;
                        Begun::Interrupted(id, known.writes.clone(), known.run.at)
                    }
                }
            }
        };
        Box::pin(async { Ok(begun) })
    }

    fn sending<'a>(&'a self, run: &'a str, mut write: KeptWrite) -> JournalFuture<'a, u32> {
        let kept = self.with(run, |held| {
            write.seq = u32::try_from(held.writes.len()).unwrap_or(u32::MAX) + 1;
            let seq = write.seq;
            held.writes.push(write);
            seq
        });
        Box::pin(async { kept })
    }

    fn ended<'a>(&'a self, run: &'a str, seq: u32, end: WriteEnd) -> JournalFuture<'a, ()> {
        let kept = self.with(run, |held| {
            let write = held.writes.iter_mut().find(|write| write.seq == seq);
            let Some(write) = write.filter(|write| {
                // An end that is known stays as it is.
                matches!(write.state, WriteState::Sending | WriteState::Unknown)
            }) else {
                return Err(PortError {
                    reason: format!("no write {seq} waits for its end"),
                });
            };
            write.state = end.state;
            write.after = end.after;
            write.inverse = end.inverse;
            Ok(())
        });
        Box::pin(async { kept? })
    }

    fn finish<'a>(&'a self, run: &'a str, end: RunEnd, _: Timestamp) -> JournalFuture<'a, ()> {
        let kept = self.with(run, |held| held.end = Some(end));
        Box::pin(async { kept })
    }

    fn forget<'a>(&'a self, subject: &'a str) -> JournalFuture<'a, u64> {
        Box::pin(async move {
            let mut forgotten = 0;
            for run in self.held().iter_mut() {
                for write in &mut run.writes {
                    if write.subject.as_deref() == Some(subject) {
                        write.path.clear();
                        write.query.clear();
                        write.payload = None;
                        write.before = None;
                        write.after = None;
                        write.inverse = None;
                        forgotten += 1;
                    }
                }
            }
            Ok(forgotten)
        })
    }

    fn writes<'a>(&'a self, run: &'a str) -> JournalFuture<'a, Option<Vec<KeptWrite>>> {
        let kept = self.with(run, |held| held.writes.clone());
        Box::pin(async { Ok(kept.ok()) })
    }
}
