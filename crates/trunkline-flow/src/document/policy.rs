//! How deliveries of a flow are tried, ordered and given up.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{jq::Jq, span::Span};

/// How deliveries are tried, ordered and given up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How often, and with what pauses.
    pub retry: Retry,
    /// Whether records wait for others.
    pub order: Order,
    /// What records that keep their order have in common, as an expression over the source's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Jq>,
    /// How many deliveries are under way at once at each destination.
    pub concurrency: u16,
    /// What becomes of a record that cannot be delivered.
    pub failed: OnFailure,
    /// Whether deliveries wait in the store's queue: the source runs ahead of slow destinations, and several processes share the work.
    pub queue: bool,
    /// What tells deliveries from others, as an expression over the record as it is brought: of those with the same key the queue takes
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedupe_key: Option<Jq>,
    /// With this many in the queue, the source waits.
    pub most_waiting: u64,
    /// Of which records the whole way is kept: source, transforms, destinations with their answers.
    pub history: History,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            order: Order::default(),
            key: None,
            concurrency: 8,
            failed: OnFailure::default(),
            queue: false,
            dedupe_key: None,
            most_waiting: 100_000,
            history: History::default(),
        }
    }
}

/// Of which records the whole way is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// Of which records.
    pub records: Followed,
    /// For how long.
    pub keep: Span,
}

impl Default for History {
    fn default() -> Self {
        Self {
            records: Followed::default(),
            keep: Span(Duration::from_hours(7 * 24)),
        }
    }
}

/// Of which records the whole way is kept. Dead letters are kept with theirs whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Followed {
    /// Of the first 200 of each run and 20 a second after that, fewer of large ones; of a flow the newest 10,000.
    #[default]
    Recent,
    /// Of every one; this costs about as much as delivering it.
    All,
    /// Of none.
    None,
}

/// How often a delivery is tried, and with what pauses: they double, with chance added, unless the error asks for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often it is tried in all.
    pub attempts: u16,
    /// The first pause.
    pub first: Span,
    /// The longest pause.
    pub longest: Span,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Span(Duration::from_secs(1)),
            longest: Span(Duration::from_secs(300)),
        }
    }
}

impl Retry {
    /// The pause before the next attempt: `asked` when the error asks for one, otherwise doubled with each attempt, of which between
    /// a half and the whole is taken by `chance` (0 to 1).
    #[must_use]
    pub fn pause(&self, attempts: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self
            .first
            .0
            .saturating_mul(1_u32 << attempts.saturating_sub(1).min(20))
            .min(self.longest.0);
        let pause = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        asked.map_or(pause, |asked| asked.max(pause.min(self.longest.0)))
    }
}

/// Whether records wait for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Each goes when it can.
    #[default]
    None,
    /// Those with the same key go one after the other.
    PerKey,
    /// All go one after the other.
    All,
}

/// What becomes of a record that cannot be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is kept as a dead letter, and the flow goes on.
    #[default]
    DeadLetter,
    /// The run ends at it; the next one begins with it.
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_heed_what_is_asked() {
        let retry = Retry::default();
        let seconds = |attempts, asked: Option<u64>, chance| {
            retry
                .pause(attempts, asked.map(Duration::from_secs), chance)
                .as_secs_f64()
        };
        for (attempts, asked, chance, expected) in [
            (1, None, 1.0, 1.0),
            (1, None, 0.0, 0.5),
            (4, None, 1.0, 8.0),
            (20, None, 1.0, 300.0),
            (90, None, 1.0, 300.0),
            (1, Some(30), 1.0, 30.0),
            (6, Some(1), 1.0, 32.0),
        ] {
            let found: f64 = seconds(attempts, asked, chance);
            assert!((found - expected).abs() < 1e-9, "{attempts} {asked:?}: {found}");
        }
    }
}
