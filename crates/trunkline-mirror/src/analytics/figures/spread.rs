//! Minutes of many conversations: how they spread.
//!
//! The one rule: the median of an even number is the mean of the two in the middle; "90 percent within" is a value that occurs.

use serde::Serialize;

use super::Facts;
use crate::analytics::hours::OfficeHours;
use jiff::Timestamp;

/// The bounds of the bars, in minutes, with what they are called.
pub const BUCKETS: [(f64, &str); 8] = [
    (5.0, "under 5 min"),
    (15.0, "5–15 min"),
    (60.0, "15–60 min"),
    (240.0, "1–4 h"),
    (480.0, "4–8 h"),
    (1_440.0, "8–24 h"),
    (4_320.0, "1–3 days"),
    (f64::INFINITY, "over 3 days"),
];

/// How some minutes spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half took no longer.
    pub median: Option<f64>,
    /// Nine in ten took no longer.
    pub within_90_percent: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
}

/// How long something took, by every clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Times {
    /// Of how many conversations.
    pub count: u64,
    /// Minutes that passed.
    pub minutes: Spread,
    /// Minutes within office hours; nothing without a schedule.
    pub office_minutes: Option<Spread>,
    /// How many took how long.
    pub buckets: Vec<Bucket>,
}

/// How many took about this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// How long.
    pub label: &'static str,
    /// By the minutes that passed.
    pub count: u64,
    /// By minutes within office hours.
    pub office_count: Option<u64>,
}

impl Spread {
    /// The spread of some minutes.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of conversations are far below 2^52"
    )]
    pub(super) fn of(mut minutes: Vec<f64>) -> Self {
        minutes.sort_by(f64::total_cmp);
        let count = minutes.len();
        let at = |place: usize| minutes.get(place).copied();
        let median = match (at(count.saturating_sub(1) / 2), at(count / 2)) {
            (Some(low), Some(high)) => Some(rounded(f64::midpoint(low, high))),
            _ => None,
        };
        Self {
            median,
            within_90_percent: at((count * 9).div_ceil(10).saturating_sub(1)).map(rounded),
            mean: (count > 0).then(|| rounded(minutes.iter().sum::<f64>() / count as f64)),
        }
    }
}

/// Two decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// From what the contact wrote to the first answer.
pub(super) fn first_response(facts: &[&Facts], hours: Option<&OfficeHours>) -> Times {
    times(
        facts
            .iter()
            .filter_map(|facts| Some((facts.asked_at?, facts.first_response_at?))),
        hours,
    )
}

/// From the beginning to the last close.
pub(super) fn resolution(facts: &[&Facts], hours: Option<&OfficeHours>) -> Times {
    times(
        facts
            .iter()
            .filter_map(|facts| Some((facts.created_at, facts.resolved_at?))),
        hours,
    )
}

fn times(spans: impl Iterator<Item = (Timestamp, Timestamp)>, hours: Option<&OfficeHours>) -> Times {
    let spans: Vec<_> = spans.collect();
    let minutes: Vec<f64> = spans.iter().map(|(from, to)| passed(*from, *to)).collect();
    let office: Option<Vec<f64>> = hours.map(|hours| {
        spans
            .iter()
            .map(|(from, to)| hours.minutes_between(*from, *to))
            .collect()
    });
    let raw = counts(&minutes);
    let within = office.as_deref().map(counts);
    let buckets = BUCKETS.iter().enumerate().map(|(place, (_, label))| Bucket {
        label,
        count: raw[place],
        office_count: within.map(|within| within[place]),
    });
    Times {
        count: spans.len() as u64,
        buckets: buckets.collect(),
        minutes: Spread::of(minutes),
        office_minutes: office.map(Spread::of),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a conversation are far below 2^52"
)]
fn passed(from: Timestamp, to: Timestamp) -> f64 {
    rounded((to.as_second() - from.as_second()).max(0) as f64 / 60.0)
}

fn counts(minutes: &[f64]) -> [u64; BUCKETS.len()] {
    let mut counts = [0; BUCKETS.len()];
    for value in minutes {
        let place = BUCKETS.iter().position(|(below, _)| value < below);
        counts[place.unwrap_or(BUCKETS.len() - 1)] += 1;
    }
    counts
}
