use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Source,
    document::{Jq, Order, Retry},
    engine::{
        Pipeline, Steps, Way,
        testing::{Each, Kept, Noted, Sum, engine, flow, occasion, run, sorted, way},
    },
};

#[tokio::test(start_paused = true)]
async fn every_record_arrives_and_the_cursor_is_kept() {
    let noted = Arc::new(Noted::default());
    let flow = flow(10, 3, Vec::new, &noted);
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert_eq!(ran.ended, Ended::Done);
    assert_eq!(sorted(&noted), (0..10).collect::<Vec<_>>());
    assert_eq!(*kept.cursor.lock().unwrap(), Some(Cursor(json!(10))));
    assert_eq!((ran.counts.read, ran.counts.delivered["noted"]), (10, 10));

    let again = run(&flow, &kept).await;
    assert_eq!(again.counts.read, 0, "an idle run reads nothing");
    assert_eq!(noted.got().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_is_kept_with_its_way_and_the_rest_goes_on() {
    fn steps() -> Steps {
        let double = Each(|number| match number {
            2 => Err(ComponentError::reject(
                "TL0005",
                "two is not doubled",
                "Leave it out.",
            )),
            other => Ok(vec![other * 2]),
        });
        vec![("double".to_owned(), Box::new(double))]
    }
    let noted = Arc::new(Noted {
        rejected: vec![8],
        failing: Mutex::new(BTreeMap::from([(10, u32::MAX)])),
        ..Noted::default()
    });
    let mut flow = flow(15, 4, steps, &noted);
    flow.policy.retry = Retry {
        attempts: 3,
        ..Retry::default()
    };
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert_eq!(ran.ended, Ended::Done);
    assert_eq!(ran.counts.dead, 4);
    assert_eq!(ran.counts.retried, 2);
    assert_eq!(*kept.cursor.lock().unwrap(), Some(Cursor(json!(15))));
    let mut letters = kept.letters.lock().unwrap().clone();
    letters.sort_by_key(|letter| letter.code.clone());
    let told: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                letter.code.as_str(),
                letter.attempts,
                letter.destination.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("TL0001", 1, Some("noted")),
            ("TL0003", 3, Some("noted")),
            ("TL0005", 0, None),
            ("TL0811", 0, None),
        ]
    );
    assert_eq!(letters[3].record, json!("thirteen"));
    assert_eq!(letters[0].source, [json!({"id": 4, "key": 1})]);
    assert_eq!(
        letters[0].steps,
        [json!({"transform": "double", "before": [{"id": 4, "key": 1}], "after": [{"id": 8, "key": 1}]})]
    );
    assert!(
        letters[2].message.starts_with("transform 1 (double)"),
        "{}",
        letters[2].message
    );
}

#[tokio::test(start_paused = true)]
async fn records_with_one_key_keep_their_order_through_failures() {
    let failing = BTreeMap::from([(0, 3), (4, 2), (7, 1)]);
    let noted = Arc::new(Noted {
        failing: Mutex::new(failing),
        most: 5,
        ..Noted::default()
    });
    let mut flow = flow(12, 5, Vec::new, &noted);
    flow.policy.order = Order::PerKey;
    flow.policy.key = Some(Jq::compile(".key").unwrap());
    let ran = run(&flow, &Kept::default()).await;
    assert_eq!(ran.counts.retried, 6);
    let got = noted.got().clone();
    for key in 0..3 {
        let of_key: Vec<_> = got.iter().filter(|number| *number % 3 == key).collect();
        assert!(of_key.is_sorted(), "{of_key:?}");
        assert_eq!(of_key.len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nothing_gets_around_ends_the_run_and_the_next_one_begins_there() {
    let noted = Arc::new(Noted {
        stops_at: Some(7),
        ..Noted::default()
    });
    let mut flow = flow(12, 2, Vec::new, &noted);
    flow.policy.order = Order::All;
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert!(
        matches!(&ran.ended, Ended::Failed(error) if error.code == "TL0002"),
        "{ran:?}"
    );
    assert_eq!(*noted.got(), (0..7).collect::<Vec<_>>());
    assert_eq!(*kept.cursor.lock().unwrap(), Some(Cursor(json!(6))));

    let mended = Arc::new(Noted::default());
    flow.ways = vec![way("noted", &mended)];
    assert_eq!(run(&flow, &kept).await.ended, Ended::Done);
    assert_eq!(*mended.got(), (6..12).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_cannot_be_kept_ends_the_run() {
    let noted = Arc::new(Noted {
        rejected: vec![3],
        ..Noted::default()
    });
    let flow = flow(6, 2, Vec::new, &noted);
    let kept = Kept {
        cannot_bury: true,
        ..Kept::default()
    };
    let ran = run(&flow, &kept).await;
    assert!(
        matches!(&ran.ended, Ended::Failed(error) if error.code == "TL0004"),
        "{ran:?}"
    );
    let cursor = kept.cursor.lock().unwrap().clone();
    assert!(
        cursor.is_none_or(|cursor| cursor.0.as_u64() <= Some(2)),
        "the third is read again"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_given_out_at_the_end_and_only_then_is_the_cursor_kept() {
    fn steps() -> Steps {
        vec![("sum".to_owned(), Box::new(Sum::default()))]
    }
    let noted = Arc::new(Noted::default());
    let flow = flow(10, 3, steps, &noted);
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert_eq!(ran.ended, Ended::Done);
    assert_eq!(sorted(&noted), [6, 17, 22]);
    assert_eq!(*kept.cursor.lock().unwrap(), Some(Cursor(json!(10))));
    assert_eq!(ran.counts.filtered, 0);
}

#[tokio::test(start_paused = true)]
async fn each_way_gets_what_it_wants() {
    let (small, odd) = (Arc::new(Noted::default()), Arc::new(Noted::default()));
    let mut flow = flow(6, 6, Vec::new, &small);
    flow.ways[0].when = Some(Jq::compile(".id < 3").unwrap());
    flow.ways.push(Way {
        when: Some(Jq::compile(".id % 2 == 1").unwrap()),
        transforms: Arc::new(|| {
            Pipeline::new(vec![(
                "ten".to_owned(),
                Box::new(Each(|number| Ok(vec![number * 10]))),
            )])
        }),
        ..way("odd", &odd)
    });
    let ran = run(&flow, &Kept::default()).await;
    assert_eq!(sorted(&small), [0, 1, 2]);
    assert_eq!(sorted(&odd), [10, 30, 50]);
    assert_eq!(ran.counts.filtered, 1, "four goes nowhere");
    assert_eq!(
        ran.counts.delivered,
        BTreeMap::from([("noted".to_owned(), 3), ("odd".to_owned(), 3)])
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn runs_that_are_stopped_anywhere_lose_nothing(
        stops in prop::collection::vec(1_u64..40, 0..6),
        batch in 1_u64..9,
        most in 1_usize..5,
        per_key in any::<bool>(),
        failing in prop::collection::btree_map(0_u64..40, 1_u32..3, 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async move {
            let noted = Arc::new(Noted { failing: Mutex::new(failing), most, ..Noted::default() });
            let mut flow = flow(40, batch, Vec::new, &noted);
            if per_key {
                flow.policy.order = Order::PerKey;
                flow.policy.key = Some(Jq::compile(".key").unwrap());
            }
            let kept = Kept::default();
            for after in stops {
                let (ask, stop) = watch::channel(false);
                let asking = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(after)).await;
                    ask.send(true).ok();
                    ask.closed().await;
                });
                engine().run(&flow, &occasion(), &kept, stop).await;
                asking.await.unwrap();
                let cursor = kept.cursor.lock().unwrap().as_ref().and_then(|cursor| cursor.0.as_u64()).unwrap_or(0);
                let got = sorted(&noted);
                for number in (0..cursor).filter(|number| *number != 13) {
                    assert!(got.binary_search(&number).is_ok(), "{number} is before the cursor {cursor} and did not arrive");
                }
            }
            assert_eq!(run(&flow, &kept).await.ended, Ended::Done);
            let mut got = sorted(&noted);
            got.dedup();
            assert_eq!(got, (0..40).filter(|number| *number != 13).collect::<Vec<_>>());
        });
    }
}

/// A source that says that there is nothing for an hour, and is told of a record much earlier.
struct Told(Arc<tokio::sync::Notify>);

struct ToldReader {
    told: Arc<tokio::sync::Notify>,
    is_told: bool,
    is_given: bool,
}

impl Source for Told {
    fn open<'a>(
        &'a self,
        _: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        let reader = ToldReader {
            told: Arc::clone(&self.0),
            is_told: false,
            is_given: false,
        };
        Box::pin(async { Ok(Box::new(reader) as Box<dyn Reader>) })
    }
}

impl Reader for ToldReader {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async {
            if !self.is_told {
                return Ok(Read::Idle(Duration::from_secs(3_600)));
            }
            if std::mem::replace(&mut self.is_given, true) {
                return Ok(Read::End);
            }
            Ok(Read::Batch(Batch {
                items: vec![Item::Record(Record::new(json!({ "id": 1 })))],
                behind: Some(Cursor(json!(1))),
            }))
        })
    }

    fn stirred(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.told.notified().await;
            self.is_told = true;
        })
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_told_that_there_is_more_does_not_wait_for_the_next_look() {
    let (noted, told) = (Arc::new(Noted::default()), Arc::new(tokio::sync::Notify::new()));
    let flow = Flow {
        source: Arc::new(Told(Arc::clone(&told))),
        ..flow(0, 1, Vec::new, &noted)
    };
    let began = Instant::now();
    let tell = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        told.notify_one();
    };
    let kept = Kept::default();
    let (ran, ()) = futures::join!(run(&flow, &kept), tell);
    assert_eq!((ran.ended, noted.got().len()), (Ended::Done, 1));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
