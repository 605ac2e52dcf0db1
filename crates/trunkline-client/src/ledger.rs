//! The ports through which several processes share a workspace: one rate budget, one scroll.
//!
//! The one rule: the client says what it needs and knows no store; whoever composes a process brings the adapters. Without them a
//! process keeps to itself, as if it were alone. Read `budget/book.rs` for what is written into a ledger's page.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// What a port answers with, some time.
pub type Told<'a, T> = Pin<Box<dyn Future<Output = Result<T, PortError>> + Send + 'a>>;

/// Why a port did not do what was asked: its store does not answer, for example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PortError {
    /// What is in the way, without secrets.
    pub reason: String,
}

/// A page that the processes which share a rate budget read and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPage {
    /// Grows with every change; what is written names the number that was read.
    pub fence: i64,
    /// What stands on it.
    pub text: String,
}

/// Where processes that share a rate budget write down what each of them may use.
///
/// It is asked a few times a second however many calls are made.
pub trait RateLedger: Send + Sync + fmt::Debug {
    /// Our name in it, which nobody else has or had.
    fn owner(&self) -> &str;

    /// The page as it is now; none when nothing was written yet.
    fn read(&self) -> Told<'_, Option<LedgerPage>>;

    /// Writes the page unless it changed since the number `seen`, 0 for one that was not there; false when it did.
    fn write(&self, seen: i64, text: String) -> Told<'_, bool>;
}

/// Whose turn it is to scroll: a workspace has one scroll.
pub trait ScrollTurns: Send + Sync + fmt::Debug {
    /// Takes the turn if it is free.
    fn take(&self) -> Told<'_, Turn>;
}

/// The turn, or why there is none yet.
#[derive(Debug)]
pub enum Turn {
    /// It is ours until it is finished or dropped.
    Ours(Box<dyn ScrollTurn>),
    /// Somebody else has it.
    Theirs {
        /// What to tell people.
        reason: String,
        /// When to ask again.
        again_in: Duration,
    },
}

/// The right to scroll. Dropping it says that a scroll may be left open.
pub trait ScrollTurn: Send + Sync + fmt::Debug {
    /// The scroll came to its end, or was never begun: the next one may begin at once.
    fn finish(self: Box<Self>) -> Told<'static, ()>;
}

/// The turns of one process that shares nothing: whoever scrolls in it waits for the others in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessTurns;

static SCROLL: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);
/// How often a turn is asked for within a process.
const LOOK: Duration = Duration::from_millis(200);

impl ScrollTurns for ProcessTurns {
    fn take(&self) -> Told<'_, Turn> {
        Box::pin(async {
            Ok(match Arc::clone(&SCROLL).try_lock_owned() {
                Ok(guard) => Turn::Ours(Box::new(ProcessTurn { _guard: guard })),
                Err(_) => Turn::Theirs {
                    reason: "another run reads the companies".to_owned(),
                    again_in: LOOK,
                },
            })
        })
    }
}

#[derive(Debug)]
struct ProcessTurn {
    _guard: OwnedMutexGuard<()>,
}

impl ScrollTurn for ProcessTurn {
    fn finish(self: Box<Self>) -> Told<'static, ()> {
        drop(self);
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_of_a_process_scrolls_at_a_time() {
        let turns = ProcessTurns;
        let Turn::Ours(first) = turns.take().await.unwrap() else {
            panic!("nobody has it yet")
        };
        assert!(matches!(turns.take().await.unwrap(), Turn::Theirs { .. }));
        first.finish().await.unwrap();
        let Turn::Ours(second) = turns.take().await.unwrap() else {
            panic!("it was given back")
        };
        drop(second);
        assert!(matches!(turns.take().await.unwrap(), Turn::Ours(_)));
    }
}
