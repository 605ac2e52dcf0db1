//! What stands on a ledger's page: the current window of a workspace's rate limit, and each process's part in it.
//!
//! Every row is of the page's window: what its process counted in it, what it has in flight, and what it may still send. When the
//! window changes, rows of the living are carried over with what may yet arrive, rows of the dead are dropped; until then a dead
//! one's row stays charged in full, as nobody knows how much of it was sent.
//!
//! The one rule: the rows, what others used, and what is granted never pass the limit together. A process that shows up with an old
//! window has no lesser part: what it sends from now on is counted in the newest. Times are milliseconds of the wall clock, the
//! ends of windows microseconds of the server's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format of the page.
const VERSION: u32 = 1;
/// How long a row lives unless it is written anew.
pub(super) const LIFE_MS: i64 = 5_000;
const WINDOW_MS: i64 = super::window::WINDOW / 1_000;
/// How far behind ours the server's clock may be before a window that nobody watches is taken for over.
const LAG_MS: i64 = 1_000;

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    version: u32,
    /// Calls a window, 0 when nobody knows yet.
    limit: u32,
    /// The end of the window.
    reset: i64,
    /// What is surely used of the window by others than the rows' processes.
    foreign: u32,
    rows: Vec<Row>,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    owner: String,
    counted: u32,
    in_flight: u32,
    unspent: u32,
    is_busy: bool,
    /// It knows the window from an answer.
    sees: bool,
    until: i64,
}

impl Row {
    const fn charge(&self) -> u32 {
        self.counted + self.in_flight + self.unspent
    }
}

/// What a ledger's page says of the current window, for whoever only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    /// Calls a window.
    pub limit: u32,
    /// Those of the current window that are used or under way.
    pub used: u32,
}

impl BudgetUse {
    /// Reads a page; none when it tells no limit, or stands in another format. A window that is over has nothing used of it.
    #[must_use]
    pub fn of_page(text: &str, now: Timestamp) -> Option<Self> {
        let book = Book::read(text).filter(|book| book.limit > 0)?;
        let is_over = now.as_millisecond() > book.reset / 1_000;
        let used = book
            .rows
            .iter()
            .map(|row| row.counted + row.in_flight)
            .sum::<u32>()
            + book.foreign;
        Some(Self {
            limit: book.limit,
            used: if is_over { 0 } else { used.min(book.limit) },
        })
    }
}

/// The window as a process sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) limit: u32,
    pub(super) reset: i64,
    /// The most that an answer has shown as used, by whomever.
    pub(super) used: u32,
}

/// What a process says and asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// None before the first answer.
    pub(super) seen: Option<Seen>,
    /// Requests of ours that were or may have been counted in the window, those in flight left out.
    pub(super) counted: u32,
    pub(super) in_flight: u32,
    /// What we may send already and want to keep.
    pub(super) keep: u32,
    /// What we want to have on top.
    pub(super) ask: u32,
    /// How much of the window to leave unused.
    pub(super) margin: u32,
    /// More would be sent if it were allowed.
    pub(super) is_busy: bool,
    /// Nothing more will be sent for now.
    pub(super) is_last: bool,
}

/// What a process got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Granted on top of what was kept.
    pub(super) extra: u32,
    /// The most that may be in flight or unspent: what is, and no more than fits. A process that was away for longer than its row lived may
    /// come back with more in flight than others left room for; what turns out to have arrived long ago is not sent once more then.
    pub(super) open: u32,
    /// Our even part of what the window still has, kept and granted requests included.
    pub(super) part: u32,
    /// How many processes are busy, us included.
    pub(super) busy: u32,
    /// What is surely used by others than all of us.
    pub(super) foreign: u32,
}

impl Book {
    /// Reads a page; none when another format stands on it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let book: Self = serde_json::from_str(text).ok()?;
        (book.version == VERSION).then_some(book)
    }

    pub(super) fn write(&self) -> String {
        let version = VERSION;
        serde_json::to_string(&Self {
            version,
            ..self.clone()
        })
        .unwrap_or_default()
    }

    /// Takes a report in and grants what there is.
    pub(super) fn enter(&mut self, owner: &str, report: &Report, now: i64) -> Share {
        self.rows.retain(|row| row.owner != owner);
        self.turn_over(report, now);
        let in_window = report.seen.is_none_or(|seen| seen.reset >= self.reset);
        let counted = if in_window { report.counted } else { 0 };
        let others: u32 = self.rows.iter().map(Row::charge).sum();
        let ours = counted + report.in_flight + report.keep;
        if let Some(seen) = report.seen.filter(|seen| seen.reset == self.reset) {
            self.limit = seen.limit;
            // What the rows' processes may have sent is taken off in full, so this is what others used at the least.
            self.foreign = self.foreign.max(seen.used.saturating_sub(others + ours));
        }
        let left = self
            .limit
            .saturating_sub(report.margin + self.foreign + others + ours);
        let extra = if self.limit == 0 {
            report.ask
        } else {
            report.ask.min(left)
        };
        let in_hand = report.in_flight + report.keep + extra;
        let open = if self.limit == 0 {
            in_hand
        } else {
            in_hand.min(self.limit.saturating_sub(self.foreign + others + counted))
        };
        let busy = u32::from(report.is_busy)
            + u32::try_from(
                self.rows
                    .iter()
                    .filter(|row| row.is_busy && row.until > now)
                    .count(),
            )
            .unwrap_or(0);
        let unspent: u32 = self
            .rows
            .iter()
            .filter(|row| row.until > now)
            .map(|row| row.unspent)
            .sum();
        let part = (left + report.keep + unspent) / busy.max(1);
        self.rows.push(Row {
            owner: owner.to_owned(),
            counted,
            in_flight: report.in_flight,
            unspent: report.keep + extra,
            is_busy: report.is_busy,
            sees: report.seen.is_some(),
            until: if report.is_last { 0 } else { now + LIFE_MS },
        });
        Share {
            extra,
            open,
            part: part.max(report.keep + extra),
            busy: busy.max(1),
            foreign: self.foreign,
        }
    }

    /// Begins the window that a report shows, or forgets one that is over and that nobody watches.
    fn turn_over(&mut self, report: &Report, now: i64) {
        match report.seen {
            Some(seen) if seen.reset > self.reset => self.begin(seen.reset, now),
            // The server's clock jumped back: its windows are numbered anew.
            Some(seen) if seen.reset + 2 * super::window::WINDOW < self.reset => self.begin(seen.reset, now),
            Some(_) => {}
            None => {
                let is_watched = self.rows.iter().any(|row| row.sees && row.until > now);
                if !is_watched && now > self.reset / 1_000 + LAG_MS {
                    self.begin(self.reset, now);
                    self.limit = 0;
                }
            }
        }
    }

    fn begin(&mut self, reset: i64, now: i64) {
        self.reset = reset;
        self.foreign = 0;
        let began = reset / 1_000 - WINDOW_MS;
        // One that died since the window began may have sent into it; where the server's clock tells us nothing, any of late.
        let cutoff = if (now - began).abs() <= WINDOW_MS + LAG_MS {
            began.min(now) - LAG_MS
        } else {
            now - WINDOW_MS
        };
        self.rows.retain(|row| row.until > cutoff);
        for row in &mut self.rows {
            row.counted = 0;
        }
    }
}

#[cfg(test)]
mod tests;
