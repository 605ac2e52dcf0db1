//! A flow that is tried: what each step makes of some records, and which of them would come to which destination.
//!
//! The one rule: records go through the very stages of a run; only nothing is brought anywhere and no position is kept.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{flow::Flow, pipeline::Seen, stages::Stages};
use crate::{ComponentError, Frontier, Item, Occasion, Read, Record, Source};

/// What became of some records.
#[derive(Debug, Default)]
pub struct Watched {
    /// The common transforms, in their order.
    pub steps: Vec<Seen>,
    /// The destinations, in their order.
    pub ways: Vec<WatchedWay>,
    /// How many records went to no destination.
    pub filtered: u64,
}

/// What came to a destination.
#[derive(Debug, Default)]
pub struct WatchedWay {
    /// The transforms of its own, in their order.
    pub steps: Vec<Seen>,
    /// The records that it would be given.
    pub records: Vec<Record>,
    /// Why it could not be said of some records whether they come here.
    pub undecided: Vec<ComponentError>,
}

impl Flow {
    /// Takes records through everything before the destinations, what is held included, and tells what each step did.
    #[must_use]
    pub fn watch(&self, records: Vec<Record>, now: Timestamp) -> Watched {
        let mut stages = Stages::of(self).watched();
        // As in a run, a record knows what the source gave.
        let records = Frontier::default().enter(records, None);
        let mut watched = Watched {
            ways: self.ways.iter().map(|_| WatchedWay::default()).collect(),
            ..Watched::default()
        };
        for staged in [stages.apply(records, now), stages.flush(now, true)] {
            watched.filtered += staged.filtered;
            for (way, records) in watched.ways.iter_mut().zip(staged.by_way) {
                way.records.extend(records.into_iter().map(|(record, _)| record));
            }
            for (at, error) in staged.undecided {
                watched.ways[at].undecided.push(error);
            }
        }
        let (common, ways) = stages.into_seen();
        watched.steps = common;
        for (way, steps) in watched.ways.iter_mut().zip(ways) {
            way.steps = steps;
        }
        watched
    }
}

/// How much of a source is looked at.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// How many records are wanted.
    pub wanted: usize,
    /// Of a source without an end: how far back its newest records are looked for.
    pub back: Duration,
    /// How many are read at most to find the newest.
    pub most: usize,
    /// How long it may take.
    pub patience: Duration,
}

/// What a source gives: its first records, or the newest ones where it has no end. No position is kept, and nothing is waited for
/// that has not come yet.
///
/// # Errors
///
/// It cannot be read, or not in time.
pub async fn first(
    source: &dyn Source,
    occasion: &Occasion,
    limits: First,
) -> Result<Vec<Item>, ComponentError> {
    let until = Instant::now() + limits.patience;
    let late = || {
        ComponentError::retry(
            "TL0973",
            "the source gave nothing in the time that a look at it may take",
            "Try again later, or give a record to try the flow with.",
        )
    };
    let opened = async {
        let start = match source.is_endless() {
            true => {
                let moment = occasion.now.checked_sub(limits.back).unwrap_or(occasion.now);
                source.position_at(moment).await?
            }
            false => None,
        };
        source.open(start, occasion).await
    };
    let mut reader = timeout_at(until, opened).await.map_err(|_| late())??;
    let mut items: Vec<Item> = Vec::new();
    let mut seen = 0;
    while seen < limits.most && (source.is_endless() || items.len() < limits.wanted) {
        match timeout_at(until, reader.read()).await {
            Ok(Ok(Read::Batch(batch))) => {
                seen += batch.items.len();
                items.extend(batch.items);
                // Of what has no end the newest are wanted, and those before them are let go of as it is read.
                if source.is_endless() && items.len() > limits.wanted {
                    items.drain(..items.len() - limits.wanted);
                }
            }
            Ok(Ok(Read::Idle(_) | Read::End)) => break,
            Ok(Err(error)) => return Err(error),
            Err(_) if items.is_empty() => return Err(late()),
            Err(_) => break,
        }
    }
    items.truncate(limits.wanted);
    Ok(items)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        document::Jq,
        engine::{
            Pipeline,
            testing::{Each, Noted, Numbers, Sum, flow, occasion, way},
        },
    };

    fn some(count: u64) -> Vec<Record> {
        (0..count)
            .map(|number| Record::new(json!({ "id": number })))
            .collect()
    }

    const LIMITS: First = First {
        wanted: 3,
        back: Duration::from_secs(60),
        most: 100,
        patience: Duration::from_secs(5),
    };

    #[test]
    fn each_step_says_what_it_was_given_what_it_made_and_what_it_refused() {
        let noted = Arc::new(Noted::default());
        let steps = || {
            let odd: Box<Each> = Box::new(Each(|number| match number {
                3 => Err(ComponentError::reject("TL0001", "three", "Mend it.")),
                odd if odd % 2 == 1 => Ok(vec![odd]),
                _ => Ok(Vec::new()),
            }));
            vec![
                ("odd".to_owned(), odd as Box<dyn crate::Transform>),
                ("sum".to_owned(), Box::new(Sum::default())),
            ]
        };
        let mut flow = flow(0, 1, steps, &noted);
        let mut small = way("small", &noted);
        small.when = Some(Jq::compile(".id < 2").unwrap());
        let mut broken = way("broken", &noted);
        broken.when = Some(Jq::compile("error(\"no\")").unwrap());
        flow.ways.extend([small, broken]);
        let watched = flow.watch(some(6), Timestamp::UNIX_EPOCH);
        let [odd, sum] = watched.steps.as_slice() else {
            panic!("{:?}", watched.steps)
        };
        assert_eq!((odd.before.len(), odd.after.len()), (6, 2));
        let [(record, error)] = odd.refused.as_slice() else {
            panic!("{:?}", odd.refused)
        };
        assert_eq!((&record["id"], error.message.as_str()), (&json!(3), "three"));
        assert_eq!(
            sum.after,
            [json!({ "id": 6 })],
            "what is held is given out at the end"
        );
        let got: Vec<Vec<&Value>> = watched
            .ways
            .iter()
            .map(|way| way.records.iter().map(|record| &*record.value).collect())
            .collect();
        assert_eq!(got, [vec![&json!({ "id": 6 })], Vec::new(), Vec::new()]);
        assert_eq!(watched.ways[2].undecided.len(), 1);
        assert!(noted.got().is_empty(), "nothing is brought anywhere");
    }

    #[test]
    fn nobody_who_does_not_watch_is_told() {
        let mut pipeline = Pipeline::new(vec![("sum".to_owned(), Box::new(Sum::default()))]);
        pipeline.apply(some(4), Timestamp::UNIX_EPOCH);
        assert!(pipeline.into_seen().is_empty());
    }

    #[tokio::test]
    async fn the_first_records_are_read_and_no_more_is_asked_for() {
        for (count, expected) in [(0, 0), (2, 2), (50, 3)] {
            let source = Numbers { count, batch: 2 };
            let items = first(&source, &occasion(), LIMITS).await.unwrap();
            assert_eq!(items.len(), expected, "{count}");
        }
    }
}
