//! The arithmetic of one rate window: when may the next request leave?
//!
//! The server counts arrivals in fixed windows of ten seconds by its own clock, and tells limit, remaining and end of the
//! window with each answer. We see neither its clock nor the way there, so:
//! - the offset between the clocks is kept as an interval that every answer narrows: the server handled the request
//!   between our sending and our receiving, and its window's end is known;
//! - a request in flight is charged to whatever window is current until its answer tells where it was counted. So a
//!   request that crosses the edge is charged to both sides, and no window can be overdrawn however long the way is;
//! - a new window is begun when an answer shows it, or when it has begun for certain by the interval's lower bound.
//!
//! With a ledger, a process sends only what it was granted there (`book.rs`): a grant names the window that it was counted in, and
//! what of it is in flight or unspent when that window ends is all that may be sent in the next one.
//!
//! The one rule: `used` + in flight + lost never passes the limit, and what is ours of it never passes the grant. Times are microseconds; `now` is ours, `reset` theirs.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    BudgetState, Outcome,
    book::{LIFE_MS, Report, Seen, Share},
};
use crate::{
    Priority,
    stack::headers::{Rate, RateWindow},
};

/// The length of a window (facts 3).
pub(super) const WINDOW: i64 = 10_000_000;
/// How many requests may be out before the first answer.
const BLIND: u32 = 4;
/// How much faster than even a background caller may go to make up for time lost.
const CATCH_UP: f64 = 1.1;
/// How much of what is sent at an even pace is asked for ahead, in microseconds.
const AHEAD: i64 = 600_000;
/// How long a grant is good for; shorter than its row lives, since clocks of machines differ.
const GRANT: i64 = LIFE_MS * 1_000 * 3 / 5;
/// Clocks drift apart by at most this many microseconds a second.
const DRIFT: i64 = 100;

/// What to do with a request that wants to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// It leaves now.
    Now {
        /// Its number, counted up over the life of the budget.
        number: u64,
    },
    /// It looks again at this time, or when something changed.
    At(i64),
    /// It looks again when an answer came.
    AfterAnswer,
    /// It looks again when the ledger granted more.
    AfterGrant,
}

/// What the ledger lets this process send.
#[derive(Clone, Copy, Debug)]
struct Grant {
    /// The window that it was counted in.
    reset: i64,
    /// The most that may be ours of that window.
    ceiling: u32,
    /// The most that may be ours of any later one.
    open: u32,
    /// Our even part of that window.
    part: u32,
    /// Busy processes, us included.
    busy: u32,
    until: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// No answer yet.
    Blind,
    /// Answers tell no limit.
    Unlimited,
    /// Answers tell a limit.
    Limited,
}

/// The state of the current window.
#[derive(Debug)]
pub(super) struct Window {
    max_share: f64,
    reserve: f64,
    mode: Mode,
    limit: u32,
    /// The end of the window, by the server's clock.
    reset: i64,
    /// The most that an answer has shown as used in this window, others' requests included.
    used: u32,
    /// Answers to our own requests that were counted in this window.
    own: u32,
    /// Requests that were sent and whose answers will not come; the next answer sent after them includes them.
    lost: u32,
    lost_at: i64,
    /// A 429 was seen in this window.
    full: bool,
    in_flight: u32,
    numbers: u64,
    /// Bounds of the server's clock minus ours.
    offset: (i64, i64),
    observed_at: i64,
    /// When the next background request may leave.
    next_at: i64,
    /// Named by `Retry-After`.
    not_before: i64,
    /// A smoothed round trip.
    round_trip: i64,
    /// Lowest and highest number that was counted in this window.
    numbers_seen: Option<(u64, u64)>,
    /// What others used of this window so far, and what they use a second.
    others: u32,
    others_rate: f64,
    throttled: u64,
    /// None without a ledger, and while it does not answer.
    grant: Option<Grant>,
    /// Something was asked for since the last report, and background calls were held back.
    wanted: bool,
    held_back: bool,
}

impl Window {
    pub(super) fn new(max_share: f64, reserve: f64) -> Self {
        Self {
            max_share,
            reserve,
            mode: Mode::Blind,
            limit: 0,
            reset: 0,
            used: 0,
            own: 0,
            lost: 0,
            lost_at: 0,
            full: false,
            in_flight: 0,
            numbers: 0,
            offset: (i64::MIN / 4, i64::MAX / 4),
            observed_at: 0,
            next_at: 0,
            not_before: 0,
            round_trip: 0,
            numbers_seen: None,
            others: 0,
            others_rate: 0.0,
            throttled: 0,
            grant: None,
            wanted: false,
            held_back: false,
        }
    }

    /// What may be sent is from now on what a ledger grants, which is nothing so far.
    pub(super) fn share(&mut self) {
        self.grant.get_or_insert(Grant {
            reset: 0,
            ceiling: 0,
            open: 0,
            part: 0,
            busy: 1,
            until: i64::MIN,
        });
    }

    /// The ledger does not answer: the process goes by its own estimate.
    pub(super) fn go_alone(&mut self) {
        self.grant = None;
    }

    pub(super) fn take(&mut self, now: i64, priority: Priority) -> Take {
        self.wanted = true;
        let take = self.look(now, priority);
        self.held_back |= priority == Priority::Background && !matches!(take, Take::Now { .. });
        take
    }

    fn look(&mut self, now: i64, priority: Priority) -> Take {
        if now < self.not_before {
            return Take::At(self.not_before);
        }
        match self.mode {
            Mode::Blind if self.in_flight >= BLIND => return Take::AfterAnswer,
            Mode::Blind => return self.go_if_granted(now),
            Mode::Unlimited => return self.go(),
            Mode::Limited => self.roll(now),
        }
        let end = self.reset - self.offset.0;
        let left = (end - now).clamp(1, WINDOW);
        let limit = f64::from(self.limit);
        let others = self.others_rate(now);
        let margin = match priority {
            Priority::Background => self.margin(others),
            // A person would rather risk a refusal, which is tried again, than wait out the window.
            Priority::Interactive => 0.0,
        };
        let usable = (limit - margin).max(1.0);
        let charged = f64::from(self.used + self.in_flight + self.lost);
        let own = f64::from(self.own + self.in_flight + self.lost);
        let own_usable = (limit * self.max_share).floor().clamp(1.0, usable);
        if self.full || charged + 1.0 > usable || own + 1.0 > own_usable {
            return Take::At(end.max(now + 1_000));
        }
        if priority == Priority::Interactive {
            return self.go_if_granted(now);
        }
        let part_left = micros(left) / micros(WINDOW);
        if charged + 1.0 > (usable - (limit * self.reserve * part_left).floor()).max(1.0) {
            return Take::At(now + (left / 50).max(5_000));
        }
        if self.next_at > now {
            return Take::At(self.next_at);
        }
        if own >= f64::from(self.allowed(now)) {
            return Take::AfterGrant;
        }
        let room = self.room(now);
        let fastest = micros(WINDOW) / (own_usable * CATCH_UP);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a part of ten seconds in microseconds"
        )]
        let interval = (micros(left) / room).max(fastest) as i64;
        let slack = (4 * interval).clamp(20_000, 250_000);
        self.next_at = self.next_at.max(now - slack) + interval;
        self.go()
    }

    pub(super) fn settle(&mut self, now: i64, sent_at: i64, number: u64, outcome: Outcome) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            Outcome::NotSent => {}
            Outcome::Unanswered => self.lose(now),
            Outcome::Answered(rate) => self.answered(now, sent_at, number, rate),
        }
    }

    pub(super) fn state(&self) -> BudgetState {
        let limited = self.mode == Mode::Limited;
        let charged = self.used + self.in_flight + self.lost;
        BudgetState {
            limit: limited.then_some(self.limit),
            remaining: limited.then(|| {
                if self.full {
                    0
                } else {
                    self.limit.saturating_sub(charged)
                }
            }),
            resets_at: limited
                .then(|| Timestamp::from_microsecond(self.reset).ok())
                .flatten(),
            waiting: 0,
            in_flight: self.in_flight,
            throttled: self.throttled,
            round_trip: Duration::from_micros(u64::try_from(self.round_trip).unwrap_or(0)),
        }
    }

    /// What a process that shares says to the others. What it does not keep is given up now, so that it is never granted twice.
    pub(super) fn report(&mut self, now: i64, is_last: bool) -> (i64, Report) {
        if self.mode == Mode::Limited {
            self.roll(now);
        }
        let counted = self.own + self.lost;
        let charged = counted + self.in_flight;
        let allowed = self.allowed(now);
        let unspent = match &self.grant {
            Some(_) => allowed.saturating_sub(charged),
            None => 0,
        };
        let is_last = is_last || self.mode == Mode::Unlimited;
        let want = if self.wanted && !is_last {
            self.want(now)
        } else {
            0
        };
        let keep = unspent.min(want);
        if let Some(grant) = &mut self.grant {
            *grant = Grant {
                reset: self.reset,
                ceiling: (charged + keep).min(allowed),
                open: (self.in_flight + keep).min(allowed.saturating_sub(counted)),
                part: if grant.reset == self.reset {
                    grant.part
                } else {
                    self.limit / grant.busy.max(1)
                },
                ..*grant
            };
        }
        let margin = if self.mode == Mode::Limited {
            self.margin(self.others_rate(now))
        } else {
            0.0
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a window's calls"
        )]
        let report = Report {
            seen: (self.mode == Mode::Limited).then_some(Seen {
                limit: self.limit,
                reset: self.reset,
                used: self.used,
            }),
            counted,
            in_flight: self.in_flight,
            keep,
            ask: want - keep,
            margin: margin as u32,
            is_busy: self.held_back && !is_last,
            is_last: is_last || (want == 0 && self.in_flight == 0),
        };
        (self.wanted, self.held_back) = (false, false);
        (self.reset, report)
    }

    /// Takes over what the ledger granted upon a report that was made at `then`.
    pub(super) fn granted(&mut self, then: i64, (reset, report): (i64, &Report), share: Share) {
        self.grant = Some(Grant {
            reset,
            ceiling: report.counted + share.open,
            open: share.open,
            part: report.counted + report.in_flight + share.part,
            busy: share.busy,
            until: then + GRANT,
        });
        if reset == self.reset {
            self.others = share.foreign;
        }
    }

    /// Whether so little is left of the grant that more should be asked for.
    pub(super) fn is_short(&self, now: i64) -> bool {
        let charged = self.own + self.in_flight + self.lost;
        self.mode != Mode::Unlimited
            && self.grant.is_some()
            && self.allowed(now).saturating_sub(charged) <= self.want(now) / 2
    }

    /// Whether something was asked for since the last report.
    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// When the window ends for certain, by our clock.
    pub(super) fn ends_at(&self) -> Option<i64> {
        (self.mode == Mode::Limited).then_some(self.reset - self.offset.0)
    }

    /// The most that may be ours of the current window.
    fn allowed(&self, now: i64) -> u32 {
        match &self.grant {
            None => u32::MAX,
            Some(grant) if now >= grant.until => 0,
            Some(grant) if grant.reset == self.reset => grant.ceiling,
            Some(grant) => grant.open,
        }
    }

    /// How many calls the background may still make in this window.
    fn room(&self, now: i64) -> f64 {
        let left = (self.reset - self.offset.0 - now).clamp(1, WINDOW);
        let others = self.others_rate(now);
        let limit = f64::from(self.limit);
        let usable = (limit - self.margin(others)).max(1.0);
        let charged = f64::from(self.used + self.in_flight + self.lost);
        let own = f64::from(self.own + self.in_flight + self.lost);
        let own_usable = (limit * self.max_share).floor().clamp(1.0, usable);
        let for_us = match &self.grant {
            None => usable - charged - others * micros(left) / 1e6,
            Some(grant) if grant.reset == self.reset => f64::from(grant.part) - own,
            Some(grant) => usable / f64::from(grant.busy.max(1)) - own,
        };
        for_us.min(own_usable - own).max(1.0)
    }

    /// How many calls to have in hand.
    fn want(&self, now: i64) -> u32 {
        if self.mode != Mode::Limited {
            return BLIND;
        }
        let left = (self.reset - self.offset.0 - now).clamp(AHEAD / 2, WINDOW);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a window's calls"
        )]
        let ahead = (self.room(now) * micros(AHEAD) / micros(left)).ceil() as u32;
        ahead.clamp(2, (self.limit / 4).max(2))
    }

    fn go_if_granted(&mut self, now: i64) -> Take {
        if self.own + self.in_flight + self.lost >= self.allowed(now) {
            return Take::AfterGrant;
        }
        self.go()
    }

    fn go(&mut self) -> Take {
        self.in_flight += 1;
        self.numbers += 1;
        Take::Now { number: self.numbers }
    }

    fn lose(&mut self, now: i64) {
        if self.mode == Mode::Limited {
            self.lost += 1;
            self.lost_at = now;
        }
    }

    fn answered(&mut self, now: i64, sent_at: i64, number: u64, rate: Rate) {
        let took = now - sent_at;
        self.round_trip = if self.round_trip == 0 {
            took
        } else {
            (self.round_trip * 7 + took) / 8
        };
        if rate.throttled {
            self.throttled += 1;
            if let Some(pause) = rate.retry_after {
                self.not_before = self
                    .not_before
                    .max(now + i64::try_from(pause.as_micros()).unwrap_or(WINDOW));
            }
        }
        match rate.window {
            Some(window) => self.counted(now, sent_at, number, window, rate.throttled),
            None if rate.success && self.mode == Mode::Blind => self.mode = Mode::Unlimited,
            None if rate.throttled && self.mode == Mode::Limited => self.full = true,
            None => self.lose(now),
        }
    }

    fn counted(&mut self, now: i64, sent_at: i64, number: u64, window: RateWindow, throttled: bool) {
        let reset = window.reset.saturating_mul(1_000_000);
        let first = self.mode != Mode::Limited;
        let agrees = self.observe(now, sent_at, reset);
        if first || !agrees || reset > self.reset {
            self.mode = Mode::Limited;
            self.begin(reset);
        }
        if reset < self.reset {
            // Counted in a window that is over; all it tells is that it is no longer in flight.
            return;
        }
        self.limit = window.limit;
        let used = window.limit - window.remaining;
        self.used = self.used.max(used);
        self.own += u32::from(!throttled);
        if self.lost > 0 && sent_at > self.lost_at {
            if self.grant.is_some() {
                // The others were told of them.
                self.own += self.lost;
            }
            self.lost = 0;
        }
        // A 429 with calls left is another limit than this one, such as that of export jobs.
        self.full |= throttled && window.remaining == 0;
        self.see_others(number, used);
    }

    /// Narrows the interval of the clocks' offset; false when the answer contradicts it, as after a jump.
    fn observe(&mut self, now: i64, sent_at: i64, reset: i64) -> bool {
        let seen = (reset - WINDOW - now, reset - sent_at);
        let drift = (now - self.observed_at).max(0) / 1_000_000 * DRIFT;
        if drift > 0 {
            self.observed_at = now;
        }
        let narrowed = (
            (self.offset.0 - drift).max(seen.0),
            (self.offset.1 + drift).min(seen.1),
        );
        let agrees = narrowed.0 <= narrowed.1;
        self.offset = if agrees { narrowed } else { seen };
        agrees
    }

    /// Begins the windows that have begun for certain.
    fn roll(&mut self, now: i64) {
        let behind = now + self.offset.0 - self.reset;
        if behind >= 0 {
            self.begin(self.reset + (behind / WINDOW + 1) * WINDOW);
        }
    }

    fn begin(&mut self, reset: i64) {
        let per_second = f64::from(self.others) / (micros(WINDOW) / 1e6);
        self.others_rate = per_second.max(self.others_rate / 2.0);
        self.reset = reset;
        self.used = 0;
        self.own = 0;
        self.lost = 0;
        self.full = false;
        self.numbers_seen = None;
        self.others = 0;
    }

    /// Estimates what others used: what the server counted beyond our own requests up to this one.
    fn see_others(&mut self, number: u64, used: u32) {
        let (low, high) = self.numbers_seen.unwrap_or((number, 0));
        let low = low.min(number);
        if number > high {
            let ours = u32::try_from(number - low + 1).unwrap_or(u32::MAX);
            if self.grant.is_none() {
                self.others = used.saturating_sub(ours);
            }
        }
        self.numbers_seen = Some((low, high.max(number)));
    }

    fn others_rate(&self, now: i64) -> f64 {
        // The middle of what the server's clock may show; in the first window that is all there is.
        let theirs = now + self.offset.0 + (self.offset.1 - self.offset.0) / 2;
        let gone = (micros((theirs - (self.reset - WINDOW)).clamp(0, WINDOW)) / 1e6).max(1.0);
        self.others_rate.max(f64::from(self.others) / gone)
    }

    /// What is left unused: half a percent, and what others may take while an answer is on its way.
    fn margin(&self, others: f64) -> f64 {
        let apart = f64::from(self.limit / 200);
        if others < 0.05 {
            return apart;
        }
        apart + (others * (2.0 * micros(self.round_trip) / 1e6 + 0.5)).ceil() + 1.0
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "durations of seconds in microseconds are exact"
)]
const fn micros(value: i64) -> f64 {
    value as f64
}
