//! Office hours: how much of the time between two moments somebody was there.
//!
//! The one rule: a moment is within office hours when the clock on the office's wall says so. Where the clock is put
//! forward, the hour that is skipped does not count; where it is put back, the hour that comes twice counts twice. So the
//! function is exact to the second, adds up, and never exceeds the time that passed.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;

const MINUTE: i64 = 60;
const DAY_MINUTES: i64 = 1_440;
const WEEK_MINUTES: i64 = 7 * DAY_MINUTES;
const DAY: i64 = 86_400;

/// A span of open minutes: from Monday's midnight in a week, from midnight in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Interval {
    /// The first open minute.
    #[serde(rename = "start_minute")]
    pub start: i64,
    /// The first minute that is not.
    #[serde(rename = "end_minute")]
    pub end: i64,
}

/// A day that has other hours than its weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The day.
    pub date: Date,
    /// Whether it is the same every year.
    pub every_year: bool,
    /// Its hours, in minutes of the day or of the week; none when it is closed.
    pub hours: Vec<Interval>,
}

/// The hours of one office.
#[derive(Clone, Debug)]
pub struct OfficeHours {
    zone: TimeZone,
    always: bool,
    /// Monday first; open seconds of the day, in order and apart.
    week: [Vec<(i64, i64)>; 7],
    days: BTreeMap<Date, Vec<(i64, i64)>>,
    yearly: BTreeMap<(i8, i8), Vec<(i64, i64)>>,
}

impl OfficeHours {
    /// Hours of a week in `zone`, with the days that differ. What is no span (backwards, outside of the week) is cut to
    /// what is.
    #[must_use]
    pub fn new(zone: TimeZone, week: &[Interval], exceptions: &[Exception]) -> Self {
        let mut hours = Self {
            zone,
            always: false,
            week: std::array::from_fn(|day| spans(week, i64::try_from(day).unwrap_or(0) * DAY_MINUTES)),
            days: BTreeMap::new(),
            yearly: BTreeMap::new(),
        };
        for exception in exceptions {
            let date = exception.date;
            let open = of_day(
                &exception.hours,
                i64::from(date.weekday().to_monday_zero_offset()),
            );
            if exception.every_year {
                let held = hours.yearly.entry((date.month(), date.day()));
                held.and_modify(|held| *held = common(held, &open))
                    .or_insert(open);
            } else {
                let held = hours.days.entry(date);
                held.and_modify(|held| *held = common(held, &open))
                    .or_insert(open);
            }
        }
        hours
    }

    /// Open around the clock, but for the days that differ.
    #[must_use]
    pub fn always(zone: TimeZone, exceptions: &[Exception]) -> Self {
        let whole = [Interval {
            start: 0,
            end: WEEK_MINUTES,
        }];
        Self {
            always: exceptions.is_empty(),
            ..Self::new(zone, &whole, exceptions)
        }
    }

    /// The time zone of the office.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The open seconds from `from` until `to`; 0 when `to` is not later.
    #[must_use]
    pub fn seconds_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        let (mut start, end) = (from.as_second(), to.as_second());
        if end <= start {
            return 0;
        }
        if self.always {
            return end - start;
        }
        let mut total = 0;
        // Between two changes of the offset the wall's clock runs evenly.
        let mut changes = self.zone.following(from);
        while start < end {
            let change = changes.next().map(|change| change.timestamp().as_second());
            let stop = change.map_or(end, |change| change.min(end));
            if stop > start {
                let offset = Timestamp::from_second(start)
                    .map_or(0, |moment| i64::from(self.zone.to_offset(moment).seconds()));
                total += self.wall_seconds(start + offset, stop + offset);
                start = stop;
            }
            if change.is_none() {
                break;
            }
        }
        total
    }

    /// The same in minutes, with two decimals.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of a conversation are far below 2^52"
    )]
    pub fn minutes_between(&self, from: Timestamp, to: Timestamp) -> f64 {
        (self.seconds_between(from, to) as f64 / 0.6).round() / 100.0
    }

    /// The open seconds between two readings of the wall's clock, in seconds since 1970 as it counts them.
    fn wall_seconds(&self, start: i64, end: i64) -> i64 {
        let mut total = 0;
        let mut day = start.div_euclid(DAY);
        while day * DAY < end {
            let midnight = day * DAY;
            for (open, close) in self.of(day) {
                total += ((midnight + close).min(end) - (midnight + open).max(start)).max(0);
            }
            day += 1;
        }
        total
    }

    /// The open seconds of the day that many days after 1970-01-01.
    fn of(&self, day: i64) -> &[(i64, i64)] {
        if !(self.days.is_empty() && self.yearly.is_empty())
            && let Some(date) = date(day)
        {
            let yearly = || self.yearly.get(&(date.month(), date.day()));
            if let Some(open) = self.days.get(&date).or_else(yearly) {
                return open;
            }
        }
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
        &self.week[weekday]
    }
}

fn date(day: i64) -> Option<Date> {
    let moment = Timestamp::from_second(day.checked_mul(DAY)?).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date())
}

/// What of `week` falls on the day that begins at `first`, in seconds of that day.
fn spans(week: &[Interval], first: i64) -> Vec<(i64, i64)> {
    let list = week.iter().map(|interval| {
        let start = interval.start.clamp(first, first + DAY_MINUTES) - first;
        let end = interval.end.clamp(first, first + DAY_MINUTES) - first;
        (start * MINUTE, end * MINUTE)
    });
    joined(list.collect())
}

/// The hours of an exception: minutes of its day, or of the week that it stands in.
fn of_day(hours: &[Interval], weekday: i64) -> Vec<(i64, i64)> {
    let first = weekday * DAY_MINUTES;
    let of_the_week = hours
        .iter()
        .all(|interval| interval.start >= first && interval.end <= first + DAY_MINUTES);
    spans(hours, if of_the_week { first } else { 0 })
}

/// In order, without what is empty, and joined where they touch.
fn joined(mut list: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    list.retain(|(start, end)| end > start);
    list.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::with_capacity(list.len());
    for (start, end) in list {
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

/// What is open in both: of two exceptions for one day, the stricter holds.
fn common(left: &[(i64, i64)], right: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut both = Vec::new();
    for (start, end) in left {
        for (other, until) in right {
            both.push((*start.max(other), *end.min(until)));
        }
    }
    joined(both)
}

#[cfg(test)]
mod tests;
