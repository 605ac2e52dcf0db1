//! What was found in a mirror, for as long as the mirror stays as it was: counts of a million rows, reports of years.
//!
//! The one rule: an answer is given again only while the files have the size and time that they had before it was found, and not when they
//! had just been written: what is written in the same instant could not be told apart. Whoever would rather have an older answer at once
//! than a new one later says so ([`Remembered::soon`]), and is told that it is older.

use std::{
    any::Any,
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout},
};

use crate::reply::Refusal;

/// How many answers are remembered.
const MOST: usize = 16;
/// How long a file has to be left alone before its time says something.
const SETTLED: SignedDuration = SignedDuration::from_secs(1);

/// Finding an answer anew takes no more than this part of the time while a mirror changes and somebody looks on.
const PART: u32 = 10;

/// Size and time of a mirror's file and of its log; none where there is no such file.
type Mark = [Option<(u64, SystemTime)>; 2];

/// An answer, and of what.
#[derive(Clone)]
struct Kept {
    /// None where the mirror had just been written.
    mark: Option<Mark>,
    at: Timestamp,
    /// How long it took to find.
    took: Duration,
    answer: Answer,
}

type Answer = Arc<dyn Any + Send + Sync>;
/// An answer that is being found, for all who wait for it.
type Finding = Shared<BoxFuture<'static, Result<Answer, Refusal>>>;

/// An answer as it is known by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Soon<T> {
    /// As the mirror is now, or was a moment ago.
    Known(T),
    /// As it was then; a new one is being found.
    Older(T, Timestamp),
    /// It is being found.
    NotYet,
}

/// Answers by what was asked.
#[derive(Clone, Default)]
pub(crate) struct Remembered {
    kept: Arc<Mutex<HashMap<String, Kept>>>,
    found: Arc<Mutex<HashMap<String, (Finding, AbortHandle)>>>,
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Remembered")
    }
}

impl Remembered {
    /// The answer to a question about the mirror at `path`: the one that is remembered, unless it is older than `life` or the mirror has
    /// changed, or a new one.
    pub(crate) fn or<T: Clone + Send + Sync + 'static, E>(
        &self,
        path: &Path,
        question: &str,
        (now, life): (Timestamp, Duration),
        find: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let key = format!("{}\0{question}", path.display());
        let mark = mark(path);
        let kept = locked(&self.kept).get(&key).cloned();
        if let Some(answer) = kept
            .filter(|kept| kept.mark == Some(mark) && kept.age(now) < life)
            .and_then(|kept| kept.answer())
        {
            return Ok(answer);
        }
        let began = Instant::now();
        let answer = find()?;
        self.keep(key, mark, now, began.elapsed(), Arc::new(answer.clone()));
        Ok(answer)
    }

    /// The answer to a question about the mirror at `path` as far as it is known within `patience`. One that is older than `life`, or of
    /// the mirror as it was, is found anew meanwhile, once for all who ask; where finding takes long, not at every change.
    ///
    /// # Errors
    /// What `find` came to, for whoever asks first after that.
    pub(crate) async fn soon<T: Clone + Send + Sync + 'static>(
        &self,
        path: &Path,
        question: &str,
        (now, life): (Timestamp, Duration),
        patience: Duration,
        find: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<Soon<T>, Refusal> {
        let key = format!("{}\0{question}", path.display());
        let mark = mark(path);
        let older = locked(&self.kept).get(&key).cloned();
        if let Some(kept) = older.as_ref().filter(|kept| {
            kept.age(now) < life && (kept.mark == Some(mark) || kept.age(now) < kept.took * PART)
        }) && let Some(answer) = kept.answer()
        {
            return Ok(Soon::Known(answer));
        }
        let finding = self.finding(&key, mark, now, find);
        match timeout(patience, finding.clone()).await {
            Ok(found) => {
                let mut all = locked(&self.found);
                if all.get(&key).is_some_and(|(other, _)| other.ptr_eq(&finding)) {
                    all.remove(&key);
                }
                drop(all);
                let answer = found?.downcast_ref::<T>().cloned();
                Ok(answer.map_or(Soon::NotYet, Soon::Known))
            }
            Err(_) => Ok(older
                .and_then(|kept| Some(Soon::Older(kept.answer()?, kept.at)))
                .unwrap_or(Soon::NotYet)),
        }
    }

    /// What finds the answer: what somebody asked for already, or a new task, which goes on when nobody waits any more.
    fn finding<T: Send + Sync + 'static>(
        &self,
        key: &str,
        mark: Mark,
        now: Timestamp,
        find: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Finding {
        let mut all = locked(&self.found);
        if let Some((finding, _)) = all.get(key) {
            return finding.clone();
        }
        if all.len() >= MOST {
            // What came to nothing, and nobody asked again.
            all.retain(|_, (_, task)| !task.is_finished());
        }
        let (remembered, owned) = (self.clone(), key.to_owned());
        let task = tokio::spawn(async move {
            let began = Instant::now();
            let answer: Answer = Arc::new(find.await?);
            remembered.keep(owned.clone(), mark, now, began.elapsed(), Arc::clone(&answer));
            locked(&remembered.found).remove(&owned);
            Ok(answer)
        });
        let handle = task.abort_handle();
        let finding = async move {
            match task.await {
                Ok(found) => found,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        .boxed()
        .shared();
        all.insert(key.to_owned(), (finding.clone(), handle));
        finding
    }

    fn keep(&self, key: String, mark: Mark, now: Timestamp, took: Duration, answer: Answer) {
        let mut all = locked(&self.kept);
        if all.len() >= MOST && !all.contains_key(&key) {
            all.clear();
        }
        all.insert(
            key,
            Kept {
                mark: is_settled(&mark, now).then_some(mark),
                at: now,
                took,
                answer,
            },
        );
    }
}

impl Kept {
    /// How old it is; a clock that was set back makes it as old as can be.
    fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.at)).unwrap_or(Duration::MAX)
    }

    fn answer<T: Clone + 'static>(&self) -> Option<T> {
        self.answer.downcast_ref::<T>().cloned()
    }
}

fn locked<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

fn mark(path: &Path) -> Mark {
    ["", "-wal"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let metadata = std::fs::metadata(name).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    })
}

/// Whether nothing was written within the last moments.
fn is_settled(mark: &Mark, now: Timestamp) -> bool {
    let mut times = mark.iter().flatten();
    times.all(|(_, time)| Timestamp::try_from(*time).is_ok_and(|time| now.duration_since(time) >= SETTLED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(60);

    fn ask(remembered: &Remembered, path: &Path, question: &str, now: Timestamp, answer: u32) -> u32 {
        let found: Result<u32, ()> = remembered.or(path, question, (now, LIFE), || Ok(answer));
        found.unwrap()
    }

    #[test]
    fn an_answer_is_given_again_until_the_mirror_changes_or_its_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.db");
        std::fs::write(&path, "a").unwrap();
        let written = Timestamp::try_from(path.metadata().unwrap().modified().unwrap()).unwrap();
        let after = |seconds| written + SignedDuration::from_secs(seconds);
        let remembered = Remembered::default();
        assert_eq!(ask(&remembered, &path, "how many", after(0), 1), 1);
        assert_eq!(
            ask(&remembered, &path, "how many", after(2), 2),
            2,
            "just written: not remembered"
        );
        assert_eq!(ask(&remembered, &path, "how many", after(3), 3), 2);
        assert_eq!(ask(&remembered, &path, "how old", after(3), 4), 4);
        assert_eq!(
            ask(&remembered, &path, "how many", after(63), 5),
            5,
            "its time is over"
        );
        std::fs::write(folder.path().join("mirror.db-wal"), "b").unwrap();
        assert_eq!(
            ask(&remembered, &path, "how many", after(64), 6),
            6,
            "the mirror changed"
        );
        let refused: Result<u32, &str> = remembered.or(&path, "what", (after(70), LIFE), || Err("no"));
        assert_eq!(refused, Err("no"));
        assert_eq!(
            ask(&remembered, &path, "what", after(70), 7),
            7,
            "a failure is not remembered"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_answer_is_given_at_once_while_one_task_finds_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.db");
        std::fs::write(&path, "a").unwrap();
        let written = Timestamp::try_from(path.metadata().unwrap().modified().unwrap()).unwrap();
        let after = |seconds| written + SignedDuration::from_secs(seconds);
        let remembered = Remembered::default();
        let patience = Duration::from_millis(30);
        // Finding takes so long.
        let soon = async |now, takes: u64, found: Result<u32, &'static str>| {
            let find = async move {
                tokio::time::sleep(Duration::from_millis(takes)).await;
                found.map_err(|why| Refusal::of_field("from", why))
            };
            let soon = remembered
                .soon(&path, "how many", (now, LIFE), patience, find)
                .await;
            soon.map_err(|refusal| refusal.message)
        };
        let rest = async || tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(soon(after(2), 1_000, Ok(1)).await, Ok(Soon::NotYet));
        assert_eq!(
            soon(after(2), 0, Ok(2)).await,
            Ok(Soon::NotYet),
            "one task finds it"
        );
        rest().await;
        assert_eq!(soon(after(3), 0, Ok(3)).await, Ok(Soon::Known(1)));
        std::fs::write(folder.path().join("mirror.db-wal"), "b").unwrap();
        assert_eq!(
            soon(after(11), 0, Ok(4)).await,
            Ok(Soon::Known(1)),
            "it took a second, so it is good for ten"
        );
        assert_eq!(soon(after(12), 1_000, Ok(5)).await, Ok(Soon::Older(1, after(2))));
        rest().await;
        assert_eq!(soon(after(13), 0, Ok(6)).await, Ok(Soon::Known(5)));
        assert_eq!(
            soon(after(80), 10, Ok(7)).await,
            Ok(Soon::Known(7)),
            "what is quick is waited for"
        );
        assert_eq!(
            soon(after(200), 1_000, Err("no")).await,
            Ok(Soon::Older(7, after(80)))
        );
        rest().await;
        assert!(
            soon(after(200), 0, Ok(8)).await.is_err(),
            "who asks next hears of it"
        );
        assert_eq!(soon(after(200), 0, Ok(9)).await, Ok(Soon::Known(9)));
        assert!(locked(&remembered.found).is_empty());
    }
}
