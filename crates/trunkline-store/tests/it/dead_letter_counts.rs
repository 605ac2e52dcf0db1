//! How many dead letters wait is kept beside them, and has to be what counting them would give, whoever changed them and however many at
//! once.

use std::collections::BTreeMap;

use trunkline_store::{DeadLetterFilter, DeadLetterState, KeySource, NewDeadLetter, RecordForm, Store};

use crate::{
    backends::{Place, at, on_each, on_each_place},
    dead_letters::letter,
    flows::begin,
    leases::join_all,
};

/// Flow, destination, code, how many, and when the newest was given up in seconds.
type Lines = Vec<(String, String, String, u64, i64)>;

async fn kept(store: &Store) -> Lines {
    let counts = store.count_dead_letters().await.unwrap();
    counts
        .into_iter()
        .map(|kind| {
            let newest = kind.newest_at.as_second() - at(0).as_second();
            (kind.flow, kind.destination, kind.code, kind.count, newest)
        })
        .collect()
}

/// The same, counted one by one.
async fn counted(store: &Store) -> Lines {
    let waiting = DeadLetterFilter {
        state: Some(DeadLetterState::Waiting),
        ..DeadLetterFilter::default()
    };
    let mut kinds: BTreeMap<(String, String, String), (u64, i64)> = BTreeMap::new();
    for letter in store.dead_letters(&waiting, 10_000).await.unwrap() {
        let kind = kinds
            .entry((letter.flow, letter.destination, letter.failure.code))
            .or_default();
        kind.0 += 1;
        kind.1 = kind.1.max(letter.last_at.as_second() - at(0).as_second());
    }
    kinds
        .into_iter()
        .map(|((flow, destination, code), (count, newest))| (flow, destination, code, count, newest))
        .collect()
}

async fn assert_right(store: &Store, after: &str, kinds: usize) {
    let kept = kept(store).await;
    assert_eq!(kept, counted(store).await, "{after}");
    assert_eq!(kept.len(), kinds, "{after}");
}

fn of(flow: &str, destination: &str, code: &str) -> NewDeadLetter {
    NewDeadLetter {
        flow: flow.to_owned(),
        ..letter(destination, code)
    }
}

#[tokio::test]
async fn what_is_kept_is_what_counting_gives_after_every_change() {
    on_each(async |store| {
        for flow in ["vip", "plain"] {
            begin(store, flow).await;
        }
        assert_right(store, "nothing", 0).await;
        for second in 0..30 {
            let flow = ["vip", "vip", "plain"][second as usize % 3];
            let code = ["TL0105", "TL0112"][second as usize % 2];
            let new = of(flow, ["out", "second"][second as usize / 15], code);
            store.add_dead_letter(&new, at(second)).await.unwrap();
        }
        assert_right(store, "added", 8).await;
        let first = store.dead_letters(&DeadLetterFilter::default(), 1).await.unwrap();
        assert!(store.drop_dead_letter(&first[0].id, at(40)).await.unwrap());
        assert!(!store.drop_dead_letter(&first[0].id, at(40)).await.unwrap());
        assert_right(store, "the newest dropped", 8).await;
        let of_vip = DeadLetterFilter {
            flow: Some("vip".to_owned()),
            destination: Some("out".to_owned()),
            ..DeadLetterFilter::default()
        };
        let redriven = store
            .redrive(&of_vip, RecordForm::Source, 4, at(41))
            .await
            .unwrap();
        assert_eq!(redriven.redriven, 10);
        assert_right(store, "redriven", 6).await;
        assert!(store.forget_dead_letters(at(20), at(50)).await.unwrap() > 0);
        assert_right(store, "the old forgotten", 4).await;
        store.remove_flow("vip", true).await.unwrap();
        assert_right(store, "a flow removed", 2).await;
    })
    .await;
}

#[tokio::test]
async fn of_many_who_give_up_and_drop_at_once_none_is_counted_twice_or_passed_over() {
    on_each_place(async |place: &Place| {
        let (one, two) = {
            let open = |seed| place.open_with(KeySource::File(place.key_file()), seed);
            tokio::join!(open(1), open(2))
        };
        let stores = [one.unwrap(), two.unwrap()];
        begin(&stores[0], "vip").await;
        let work: Vec<_> = (0..8)
            .map(async |task: usize| {
                let store = &stores[task % 2];
                for turn in 0..25 {
                    let code = ["TL0105", "TL0112", "TL0811"][(task + turn) % 3];
                    let id = store
                        .add_dead_letter(&of("vip", "out", code), at(1))
                        .await
                        .unwrap();
                    if turn % 5 == 4 {
                        // Those of several kinds, in one transaction, while others change the same.
                        let some = DeadLetterFilter {
                            flow: Some("vip".to_owned()),
                            ..DeadLetterFilter::default()
                        };
                        if task.is_multiple_of(4) {
                            store.redrive(&some, RecordForm::Source, 4, at(2)).await.unwrap();
                        } else {
                            store.drop_dead_letter(&id, at(2)).await.unwrap();
                        }
                    }
                }
            })
            .collect();
        join_all(work).await;
        let kept = kept(&stores[0]).await;
        assert_eq!(kept, counted(&stores[1]).await);
        for store in stores {
            store.close().await;
        }
    })
    .await;
}
