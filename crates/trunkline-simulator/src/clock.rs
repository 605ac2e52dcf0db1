//! The workspace's clock: real or fixed, and movable either way.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Seconds since 1970 as the workspace sees them.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Added to the system's time, or the whole time when the clock stands still.
    offset: AtomicI64,
    runs: bool,
}

impl Clock {
    /// A clock that begins at `start`, or at the system's time, and runs unless it is to stand.
    pub(crate) fn new(start: Option<Timestamp>, stands: bool) -> Self {
        let system = system_seconds();
        let start = start.map_or(system, Timestamp::as_second);
        Self {
            offset: AtomicI64::new(if stands { start } else { start - system }),
            runs: !stands,
        }
    }

    /// Now, in unix seconds.
    pub(crate) fn now(&self) -> i64 {
        let offset = self.offset.load(Ordering::Relaxed);
        if self.runs {
            system_seconds() + offset
        } else {
            offset
        }
    }

    /// Moves the clock on, or back with a negative number.
    pub(crate) fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Moves the clock on to a moment that lies ahead of it, as what was loaded may.
    pub(crate) fn not_before(&self, moment: i64) {
        if self.now() < moment {
            self.set(moment);
        }
    }

    /// Sets the clock to a moment.
    pub(crate) fn set(&self, now: i64) {
        self.advance(now - self.now());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulator reads the system's clock"
)]
fn system_seconds() -> i64 {
    Timestamp::now().as_second()
}
