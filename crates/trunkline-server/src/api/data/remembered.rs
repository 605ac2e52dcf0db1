//! What was found in a mirror, for as long as the mirror stays as it was: counts of a million rows, reports of years.
//!
//! The one rule: an answer is given again only while the files have the size and time that they had before it was found, and not when they
//! had just been written: what is written in the same instant could not be told apart.

use std::{
    any::Any,
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};

/// How many answers are remembered.
const MOST: usize = 16;
/// How long a file has to be left alone before its time says something.
const SETTLED: SignedDuration = SignedDuration::from_secs(1);

/// Size and time of a mirror's file and of its log; none where there is no such file.
type Mark = [Option<(u64, SystemTime)>; 2];

/// An answer, and of what.
#[derive(Clone)]
struct Kept {
    mark: Mark,
    at: Timestamp,
    answer: Arc<dyn Any + Send + Sync>,
}

/// Answers by what was asked.
#[derive(Clone, Default)]
pub(crate) struct Remembered(Arc<Mutex<HashMap<String, Kept>>>);

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
        let is_fresh = |kept: &Kept| {
            kept.mark == mark && now >= kept.at && now.duration_since(kept.at).unsigned_abs() < life
        };
        let kept = self.locked().get(&key).filter(|kept| is_fresh(kept)).cloned();
        if let Some(answer) = kept.and_then(|kept| kept.answer.downcast_ref::<T>().cloned()) {
            return Ok(answer);
        }
        let answer = find()?;
        if is_settled(&mark, now) {
            let mut all = self.locked();
            if all.len() >= MOST {
                all.clear();
            }
            let answer = Arc::new(answer.clone());
            all.insert(
                key,
                Kept {
                    mark,
                    at: now,
                    answer,
                },
            );
        }
        Ok(answer)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
}
