//! The rate budget: one queue for everything in the process that uses the workspace.
//!
//! The one rule: a request is sent only while holding a [`Permit`], and every permit is settled exactly once; a dropped
//! one counts as a request whose answer was lost. The arithmetic is in `budget/window.rs`, without waiting or clocks; what
//! several processes agree on is in `budget/book.rs`, and `budget/keeper.rs` keeps this process's row there.

mod book;
mod keeper;
mod window;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use jiff::Timestamp;
use tokio::{
    sync::{Mutex as Turn, Notify},
    time::{Duration, Instant},
};

use crate::{Clock, Priority, RateLedger, stack::headers::Rate};
pub use book::BudgetUse;
use keeper::Keeper;
use window::{Take, Window};

/// What is known of the rate budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetState {
    /// Calls a window, as the workspace last told; none when it tells no limit.
    pub limit: Option<u32>,
    /// Calls left in the window, those in flight taken off.
    pub remaining: Option<u32>,
    /// When the window ends, by the server's clock.
    pub resets_at: Option<Timestamp>,
    /// Calls that wait for their place.
    pub waiting: u32,
    /// Requests without an answer yet.
    pub in_flight: u32,
    /// How many answers said that there were too many calls (429).
    pub throttled: u64,
    /// How long an answer takes, smoothed; zero before the first one.
    pub round_trip: Duration,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer came.
    Answered(Rate),
    /// Nothing was sent.
    NotSent,
    /// It was sent, or may have been, and nothing came back.
    Unanswered,
}

/// The shared budget.
#[derive(Debug)]
pub(crate) struct Budget {
    common: Arc<Common>,
    /// None where nothing is shared with other processes.
    keeper: Option<Arc<Keeper>>,
    waiting: AtomicU32,
    /// Whoever holds the turn is first in line; tokio's mutex is fair.
    background: Turn<()>,
    interactive: Turn<()>,
}

/// What the budget shares with its keeper.
#[derive(Debug)]
struct Common {
    window: Mutex<Window>,
    changed: Notify,
    origin: Instant,
}

/// The right to send one request.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit<'b> {
    budget: &'b Budget,
    sent_at: i64,
    number: u64,
    settled: bool,
}

impl Common {
    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX / 4)
    }

    fn moment(&self, at: i64) -> Instant {
        self.origin + Duration::from_micros(u64::try_from(at).unwrap_or(0))
    }
}

impl Budget {
    pub(crate) fn new(max_share: f64, reserve: f64) -> Self {
        Self {
            common: Arc::new(Common {
                window: Mutex::new(Window::new(max_share, reserve)),
                changed: Notify::new(),
                origin: Instant::now(),
            }),
            keeper: None,
            waiting: AtomicU32::new(0),
            background: Turn::new(()),
            interactive: Turn::new(()),
        }
    }

    /// Shares the workspace's budget with whoever writes into the same ledger.
    pub(crate) fn sharing(mut self, ledger: Arc<dyn RateLedger>, clock: Arc<dyn Clock>) -> Self {
        self.common.window().share();
        self.keeper = Some(Arc::new(Keeper::new(Arc::clone(&self.common), ledger, clock)));
        self
    }

    /// Gives back what of the shared budget is not used.
    pub(crate) async fn give_back(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.give_back().await;
        }
    }

    /// Waits for the right to send one request.
    pub(crate) async fn permit(&self, priority: Priority) -> Permit<'_> {
        let _waiting = Waiting::new(&self.waiting);
        let turn = match priority {
            Priority::Background => &self.background,
            Priority::Interactive => &self.interactive,
        };
        let _turn = turn.lock().await;
        loop {
            // Made before the window is looked at, so that no change in between is missed.
            let changed = self.common.changed.notified();
            let now = self.common.now();
            let (take, is_short) = {
                let mut window = self.common.window();
                let take = window.take(now, priority);
                (take, self.keeper.is_some() && window.is_short(now))
            };
            if let Some(keeper) = self.keeper.as_ref().filter(|_| is_short) {
                keeper.more();
            }
            match take {
                Take::Now { number } => {
                    return Permit {
                        budget: self,
                        sent_at: now,
                        number,
                        settled: false,
                    };
                }
                Take::At(at) => {
                    // Whichever comes first; both lead to another look.
                    let _ = tokio::time::timeout_at(self.common.moment(at), changed).await;
                }
                Take::AfterAnswer | Take::AfterGrant => changed.await,
            }
        }
    }

    pub(crate) fn state(&self) -> BudgetState {
        let window = self.common.window();
        BudgetState {
            waiting: self.waiting.load(Ordering::Relaxed),
            ..window.state()
        }
    }

    fn settle(&self, sent_at: i64, number: u64, outcome: Outcome) {
        let now = self.common.now();
        self.common.window().settle(now, sent_at, number, outcome);
        self.common.changed.notify_waiters();
    }
}

impl Permit<'_> {
    /// Tells what became of the request.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.settled = true;
        self.budget.settle(self.sent_at, self.number, outcome);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.budget.settle(self.sent_at, self.number, Outcome::Unanswered);
        }
    }
}

struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
