//! What goes by the day and by the hour.
//!
//! The one rule: a day is a day of the report's time zone, 23 or 25 hours long where the clock changes.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::Serialize;

use super::{Facts, State, Window};

/// One day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Conversations that began.
    pub began: u64,
    /// Conversations that were closed; one that was closed twice counts once.
    pub closed: u64,
    /// Conversations that were open at the end of the day, or are now.
    pub open: u64,
    /// Conversations that slept then.
    pub snoozed: u64,
}

/// More days than a report is asked for.
const MOST_DAYS: usize = 3_660;

/// The days of the window that have begun, with what happened on each.
pub(super) fn days(all: &[Facts], window: &Window) -> Vec<Day> {
    let mut dates = Vec::new();
    let mut ends = Vec::new();
    let mut date = window.from.to_zoned(window.zone.clone()).date();
    let last = window.to.min(window.now);
    while dates.len() < MOST_DAYS {
        let Some((next, end)) = date
            .tomorrow()
            .ok()
            .and_then(|next| Some((next, next.to_zoned(window.zone.clone()).ok()?.timestamp())))
        else {
            break;
        };
        dates.push(date);
        ends.push(end.min(last));
        if end >= last {
            break;
        }
        date = next;
    }
    let mut days: Vec<Day> = dates
        .into_iter()
        .map(|date| Day {
            date,
            began: 0,
            closed: 0,
            open: 0,
            snoozed: 0,
        })
        .collect();
    // A moment belongs to the first day that ends after it.
    let day_of = |moment: Timestamp| {
        let place = ends.partition_point(|end| *end <= moment);
        (window.has(moment) && place < ends.len()).then_some(place)
    };
    for facts in all {
        if let Some(day) = day_of(facts.created_at) {
            days[day].began += 1;
        }
        let closed: BTreeSet<usize> = facts
            .states
            .iter()
            .filter(|(_, state)| *state == State::Closed)
            .filter_map(|(moment, _)| day_of(*moment))
            .collect();
        for day in closed {
            days[day].closed += 1;
        }
        for (place, (since, state)) in facts.states.iter().enumerate() {
            let until = facts.states.get(place + 1).map(|(moment, _)| *moment);
            let first = ends.partition_point(|end| end <= since);
            let past = until.map_or(ends.len(), |until| ends.partition_point(|end| *end <= until));
            for day in days.get_mut(first..past).unwrap_or_default() {
                match state {
                    State::Open => day.open += 1,
                    State::Snoozed => day.snoozed += 1,
                    State::Closed => {}
                }
            }
        }
    }
    days
}

/// Conversations that contacts began, by weekday and hour of the report's time zone.
pub(super) fn hours(began: &[&Facts], window: &Window) -> [[u64; 24]; 7] {
    let mut grid = [[0; 24]; 7];
    for facts in began.iter().filter(|facts| facts.by_contact) {
        let moment = facts.created_at.to_zoned(window.zone.clone());
        let weekday = usize::try_from(moment.weekday().to_monday_zero_offset()).unwrap_or(0);
        let hour = usize::try_from(moment.hour()).unwrap_or(0);
        if let Some(cell) = grid.get_mut(weekday).and_then(|day| day.get_mut(hour)) {
            *cell += 1;
        }
    }
    grid
}

/// The last day of a window, for people: the day before, when it ends at midnight.
#[must_use]
pub(crate) fn last_day(window: &Window) -> Date {
    let end = window.to.saturating_sub(1.second()).unwrap_or(window.to);
    end.to_zoned(window.zone.clone()).date()
}
