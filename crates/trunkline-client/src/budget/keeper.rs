//! Keeps this process's row in the ledger: says what was used, asks for more ahead of need, gives back what is not used.
//!
//! The one rule: one exchange at a time, and none for a call: a few a second while calls are made, none while nothing happens.
//! A ledger that does not answer stops nobody; the process goes by its own estimate until it does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    sync::{Mutex, Notify},
    time::{Duration, Instant},
};

use super::{
    Common,
    book::{Book, Report, Share},
};
use crate::{Clock, PortError, RateLedger};

/// Between two exchanges while calls are made, and the least between any two.
const SLICE: Duration = Duration::from_millis(250);
const APART: Duration = Duration::from_millis(20);
/// How long an exchange may take before the process goes on alone, and how long it then leaves the ledger alone.
const PATIENCE: Duration = Duration::from_secs(3);
const ALONE: Duration = Duration::from_secs(5);
/// How often a page that others changed in between is read anew.
const ATTEMPTS: u32 = 50;

/// Keeps the row.
#[derive(Debug)]
pub(super) struct Keeper {
    common: Arc<Common>,
    ledger: Arc<dyn RateLedger>,
    clock: Arc<dyn Clock>,
    /// Held during an exchange.
    turn: Mutex<()>,
    short: Notify,
    is_running: AtomicBool,
}

/// How an exchange ended.
enum Ended {
    /// With all that was asked for.
    Full,
    /// With less.
    Partly,
    /// There was nothing to ask for, and nothing is under way.
    Idle,
    /// Without an answer.
    Alone,
}

impl Keeper {
    pub(super) fn new(common: Arc<Common>, ledger: Arc<dyn RateLedger>, clock: Arc<dyn Clock>) -> Self {
        Self {
            common,
            ledger,
            clock,
            turn: Mutex::default(),
            short: Notify::new(),
            is_running: AtomicBool::new(false),
        }
    }

    /// More will be needed soon, or is needed now.
    pub(super) fn more(self: &Arc<Self>) {
        self.short.notify_one();
        if !self.is_running.swap(true, Ordering::AcqRel) {
            tokio::spawn(run(Running(Arc::clone(self))));
        }
    }

    /// Gives back what is not used.
    pub(super) async fn give_back(&self) {
        self.exchange(true).await;
    }

    /// Reports, asks, and takes over what was granted.
    async fn exchange(&self, is_last: bool) -> Ended {
        let _turn = self.turn.lock().await;
        let then = self.common.now();
        let (reset, report) = self.common.window().report(then, is_last);
        let outcome = tokio::time::timeout(PATIENCE, self.enter(&report)).await;
        let ended = match outcome.unwrap_or_else(|_| Err(late())) {
            Ok(share) => {
                self.common.window().granted(then, (reset, &report), share);
                match report {
                    Report { is_last: true, .. } => Ended::Idle,
                    Report { ask, .. } if share.extra < ask => Ended::Partly,
                    _ => Ended::Full,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the shared rate budget cannot be reached; this process goes by its own estimate");
                self.common.window().go_alone();
                Ended::Alone
            }
        };
        self.common.changed.notify_waiters();
        ended
    }

    /// Writes the report into the page as it is, however often others change it in between.
    async fn enter(&self, report: &Report) -> Result<Share, PortError> {
        for _ in 0..ATTEMPTS {
            let page = self.ledger.read().await?;
            let (seen, mut book) = match &page {
                None => (0, Book::default()),
                Some(page) => {
                    let book = Book::read(&page.text).ok_or_else(|| PortError {
                        reason: "the ledger is written by another version of Trunkline".to_owned(),
                    })?;
                    (page.fence, book)
                }
            };
            let share = book.enter(self.ledger.owner(), report, self.clock.now().as_millisecond());
            if self.ledger.write(seen, book.write()).await? {
                return Ok(share);
            }
        }
        Err(PortError {
            reason: "others change the ledger all the time".to_owned(),
        })
    }
}

fn late() -> PortError {
    PortError {
        reason: format!("no answer within {PATIENCE:?}"),
    }
}

/// A running keeper, which says so when it ends, however it does.
struct Running(Arc<Keeper>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

async fn run(running: Running) {
    let keeper = &running.0;
    loop {
        let began = Instant::now();
        let ended = keeper.exchange(false).await;
        match ended {
            Ended::Idle => break,
            Ended::Alone => tokio::time::sleep(ALONE).await,
            // Nobody has more to give before this.
            Ended::Partly => {
                let end = keeper
                    .common
                    .window()
                    .ends_at()
                    .map(|at| keeper.common.moment(at));
                let next = began + SLICE;
                tokio::time::sleep_until(end.map_or(next, |end| next.min(end.max(began + APART)))).await;
            }
            Ended::Full => {
                tokio::time::timeout_at(began + SLICE, keeper.short.notified())
                    .await
                    .ok();
                tokio::time::sleep_until(began + APART).await;
            }
        }
    }
    let keeper = Arc::clone(keeper);
    drop(running);
    // Whoever came while the last exchange ran found a keeper that was about to end.
    let now = keeper.common.now();
    let is_short = {
        let window = keeper.common.window();
        window.is_wanted() && window.is_short(now)
    };
    if is_short {
        keeper.more();
    }
}
