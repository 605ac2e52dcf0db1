//! The poll as the auditor of notifications: what it found that nothing had told, and whether a subscription has fallen
//! silent.
//!
//! The one rule: a mirror that notifications feed holds already what they told, so what a run of the mirror still changes
//! is exactly what they missed.

use jiff::Timestamp;
use serde::Serialize;
use trunkline_catalog::Topic;

use super::coverage::{streams_of, told_by};
use crate::report::SyncReport;

/// What a run found in one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The stream.
    pub stream: &'static str,
    /// Whether any topic tells what happens there. Where none does, finding changes is the run's own work.
    pub told: bool,
    /// How many rows it had to change.
    pub found: u64,
    /// Some of their ids, the newest changes first.
    pub newest: Vec<String>,
}

/// What a run found, stream by stream; streams without a find are left out.
#[must_use]
pub fn gaps(report: &SyncReport) -> Vec<Gap> {
    report
        .streams
        .iter()
        .filter(|stream| stream.found_by_poll > 0)
        .map(|stream| Gap {
            stream: stream.stream,
            told: told_by(stream.stream),
            found: stream.found_by_poll,
            newest: stream.newest_found.clone(),
        })
        .collect()
}

/// A subscription that should have told something and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// When it last told anything; never, if there is nothing.
    pub last_told: Option<Timestamp>,
    /// The streams of its topics in which a run found changes.
    pub streams: Vec<&'static str>,
    /// How many changes.
    pub changes: u64,
}

/// Whether a subscription to `topics` is silent: it told nothing after `since`, when the run before the last one ended, and
/// the last run found changes in streams that its topics keep up to date.
#[must_use]
pub fn silent(
    topics: &[&Topic],
    last_told: Option<Timestamp>,
    since: Timestamp,
    gaps: &[Gap],
) -> Option<Silence> {
    if last_told.is_some_and(|last_told| last_told > since) {
        return None;
    }
    let is_meant = |gap: &&Gap| {
        let mut streams = topics.iter().flat_map(|topic| streams_of(topic));
        streams.any(|stream| stream == gap.stream)
    };
    let missed: Vec<&Gap> = gaps.iter().filter(is_meant).collect();
    (!missed.is_empty()).then(|| Silence {
        last_told,
        streams: missed.iter().map(|gap| gap.stream).collect(),
        changes: missed.iter().map(|gap| gap.found).sum(),
    })
}

#[cfg(test)]
mod tests {
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn a_subscription_is_silent_when_it_told_nothing_of_what_was_found() {
        let gap = |stream, found| Gap {
            stream,
            told: told_by(stream),
            found,
            newest: Vec::new(),
        };
        let second = |second| Timestamp::from_second(second).unwrap();
        let found = [
            gap("conversation_parts", 3),
            gap("segments", 2),
            gap("companies", 1),
        ];
        for (topics, last_told, gaps, expected) in [
            (
                &["conversation.*"][..],
                None,
                &found[..],
                Some((vec!["conversation_parts"], 3)),
            ),
            (
                &["conversation.*"],
                Some(100),
                &found,
                Some((vec!["conversation_parts"], 3)),
            ),
            (&["conversation.*"], Some(101), &found, None),
            (
                &["*"],
                None,
                &found,
                Some((vec!["conversation_parts", "companies"], 4)),
            ),
            (&["ticket.*"], None, &found, None),
            (&["ping", "content_stat.*"], None, &found, None),
            (&["*"], None, &found[1..2], None),
            (&["*"], None, &[], None),
        ] {
            let chosen = Catalog::embedded().expand_topics(topics).unwrap();
            let silence = silent(&chosen, last_told.map(second), second(100), gaps);
            let short = silence.map(|silence| (silence.streams, silence.changes));
            assert_eq!(short, expected, "{topics:?} {last_told:?}");
        }
    }
}
