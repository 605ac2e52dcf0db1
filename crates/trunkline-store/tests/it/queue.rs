//! The delivery queue: what goes in once comes out in order, to one at a time.

use jiff::SignedDuration;
use trunkline_store::{
    Again, Claim, ClaimedLane, Dead, Enqueued, Failure, FlowState, NewDelivery, RecordForm, Settled, Store,
};

use crate::{
    backends::{at, on_each},
    flows::begin,
};

pub(crate) const LIFE: SignedDuration = SignedDuration::from_secs(10);

/// A delivery of the flow `vip` for the destination `out`; without a key when it is empty.
pub(crate) fn new(key: &str, record: &str) -> NewDelivery {
    NewDelivery {
        flow: "vip".to_owned(),
        destination: "out".to_owned(),
        key: (!key.is_empty()).then(|| key.to_owned()),
        dedupe_key: None,
        record: format!("\"{record}\""),
        head: None,
        source_record: None,
        form: RecordForm::Ready,
        run: None,
        origins: None,
        due_at: at(0),
    }
}

pub(crate) fn once(dedupe_key: &str, delivery: NewDelivery) -> NewDelivery {
    NewDelivery {
        dedupe_key: Some(dedupe_key.to_owned()),
        ..delivery
    }
}

pub(crate) fn claim(owner: &str) -> Claim {
    Claim {
        owner: owner.to_owned(),
        life: LIFE,
        lanes: 100,
        deliveries: 25,
        flow: None,
        destination: None,
        of_paused: false,
    }
}

pub(crate) fn failure(message: &str) -> Failure {
    Failure {
        source_record: None,
        record: None,
        head: None,
        steps: "[]".to_owned(),
        request: None,
        answer: None,
        code: "TL0105".to_owned(),
        message: message.to_owned(),
    }
}

/// The records in a lane, as they were written above.
pub(crate) fn records(lane: &ClaimedLane) -> Vec<String> {
    lane.deliveries
        .iter()
        .map(|delivery| delivery.record.trim_matches('"').to_owned())
        .collect()
}

fn numbers(lane: &ClaimedLane) -> Vec<i64> {
    lane.deliveries.iter().map(|delivery| delivery.seq).collect()
}

/// The only lane in which something is due.
async fn only(store: &Store, owner: &str, seconds: i64) -> ClaimedLane {
    let mut lanes = store.claim(&claim(owner), at(seconds)).await.unwrap();
    assert_eq!(lanes.len(), 1, "{lanes:?}");
    lanes.remove(0)
}

async fn pending(store: &Store) -> u64 {
    let depths = store.queue_depths(at(0)).await.unwrap();
    depths.iter().map(|depth| depth.pending).sum()
}

#[tokio::test]
async fn deliveries_come_out_in_the_order_in_which_they_went_in_and_to_one_at_a_time() {
    on_each(async |store| {
        begin(store, "vip").await;
        let batch: Vec<_> = (0..300).map(|number| new("k", &number.to_string())).collect();
        let all = Enqueued { new: 300, repeats: 0 };
        assert_eq!(store.enqueue(&batch, 8, at(0)).await.unwrap(), all);
        store.enqueue(&[new("k", "300")], 8, at(0)).await.unwrap();
        let mut seen = Vec::new();
        while let Some(lane) = store.claim(&claim("a"), at(1)).await.unwrap().pop() {
            assert!(lane.keeps_order);
            assert_eq!((lane.flow.as_str(), lane.destination.as_str()), ("vip", "out"));
            assert!(
                store.claim(&claim("b"), at(2)).await.unwrap().is_empty(),
                "somebody is at it"
            );
            seen.extend(records(&lane));
            store.ack(&lane.held, &numbers(&lane), at(2)).await.unwrap();
            store.release(&lane.held).await.unwrap();
        }
        let expected: Vec<_> = (0..301).map(|number: i32| number.to_string()).collect();
        assert_eq!(seen, expected);
        assert_eq!(store.queue_depths(at(2)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_was_not_settled_comes_again_when_its_time_is_over_and_an_old_fence_settles_nothing() {
    on_each(async |store| {
        begin(store, "vip").await;
        let batch = ["a", "b", "c", "d"].map(|record| new("k", record));
        store.enqueue(&batch, 1, at(0)).await.unwrap();
        let first = only(store, "one", 0).await;
        let seqs = numbers(&first);
        store.ack(&first.held, &seqs[..1], at(1)).await.unwrap();
        store.renew_lane(&first.held, LIFE, at(5)).await.unwrap();
        assert!(store.claim(&claim("two"), at(14)).await.unwrap().is_empty());
        let second = only(store, "two", 15).await;
        assert_eq!(records(&second), ["b", "c", "d"]);
        assert_eq!(second.fruitless, 0, "something came of the claim before");
        let old = [
            store.ack(&first.held, &seqs[1..], at(16)).await.unwrap_err(),
            store.renew_lane(&first.held, LIFE, at(16)).await.unwrap_err(),
            store.release(&first.held).await.unwrap_err(),
            store
                .retry(
                    &first.held,
                    Again {
                        seq: seqs[1],
                        due_at: at(99),
                        error: "late".to_owned(),
                    },
                    at(16),
                )
                .await
                .unwrap_err(),
            store
                .bury(
                    &first.held,
                    Dead {
                        seq: seqs[1],
                        fate: None,
                        failure: failure("late"),
                    },
                    at(16),
                )
                .await
                .unwrap_err(),
        ];
        assert!(old.iter().all(|error| error.code() == "TL0518"), "{old:?}");
        assert_eq!(store.dead_letters(&Default::default(), 10).await.unwrap(), []);
        for wrong in [vec![seqs[0]], vec![seqs[1], seqs[1]], vec![seqs[1], 99], vec![-1]] {
            let error = store.ack(&second.held, &wrong, at(17)).await.unwrap_err();
            assert_eq!(error.code(), "TL0881", "{wrong:?}");
        }
        store
            .ack(&second.held, &[seqs[3], seqs[1]], at(17))
            .await
            .unwrap();
        store.release(&second.held).await.unwrap();
        assert_eq!(
            store
                .ack(&second.held, &[seqs[2]], at(17))
                .await
                .unwrap_err()
                .code(),
            "TL0518",
            "it was given back"
        );
        let third = only(store, "three", 17).await;
        assert_eq!((records(&third), pending(store).await), (vec!["c".to_owned()], 1));
        for round in 1..3 {
            let again = only(store, "four", 17 + round * 10).await;
            assert_eq!(again.fruitless, round, "nothing came of it");
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeat_is_left_out_while_it_waits_and_until_its_key_is_forgotten() {
    on_each(async |store| {
        begin(store, "vip").await;
        begin(store, "other").await;
        let elsewhere = |flow: &str, destination: &str| NewDelivery {
            flow: flow.to_owned(),
            destination: destination.to_owned(),
            ..once("d1", new("k", "x"))
        };
        let long = "x".repeat(1_000);
        let batch = [
            once("d1", new("k", "a")),
            once("d2", new("", "b")),
            once("d1", new("l", "c")),
            elsewhere("vip", "second"),
            elsewhere("other", "out"),
            once(&long, new("k", "d")),
            once("n\0ul", new("n\0ul", "e")),
        ];
        let enqueue = |new, repeats| {
            let batch = &batch;
            async move {
                let expected = Enqueued { new, repeats };
                assert_eq!(store.enqueue(batch, 4, at(0)).await.unwrap(), expected);
            }
        };
        enqueue(6, 1).await;
        enqueue(0, 7).await;
        let mut seen = Vec::new();
        for lane in store.claim(&claim("a"), at(0)).await.unwrap() {
            seen.extend(records(&lane));
            store.ack(&lane.held, &numbers(&lane), at(100)).await.unwrap();
            store.release(&lane.held).await.unwrap();
        }
        seen.sort_unstable();
        assert_eq!(seen, ["a", "b", "d", "e", "x", "x"]);
        enqueue(0, 7).await;
        assert_eq!(store.forget_dedupe_keys(at(100)).await.unwrap(), 0);
        enqueue(0, 7).await;
        assert_eq!(store.forget_dedupe_keys(at(101)).await.unwrap(), 6);
        enqueue(6, 1).await;
        assert_eq!(
            store.forget_dedupe_keys(at(1_000)).await.unwrap(),
            0,
            "what waits keeps its key"
        );
    })
    .await;
}

#[tokio::test]
async fn a_retry_holds_its_lane_back_and_one_without_a_key_only_itself() {
    on_each(async |store| {
        begin(store, "vip").await;
        for (key, slots) in [("k", 1), ("", 1)] {
            let batch = ["a", "b", "c"].map(|record| new(key, record));
            store.enqueue(&batch, slots, at(0)).await.unwrap();
            let lane = only(store, "one", 0).await;
            assert_eq!(lane.keeps_order, !key.is_empty());
            let settled = Settled {
                done: vec![lane.deliveries[1].seq],
                again: vec![Again {
                    seq: lane.deliveries[0].seq,
                    due_at: at(60),
                    error: "it is down".to_owned(),
                }],
                is_free: true,
                ..Settled::default()
            };
            store.settle_lane(&lane.held, &settled, at(1)).await.unwrap();
            if key.is_empty() {
                let next = only(store, "two", 2).await;
                assert_eq!(records(&next), ["c"]);
                store.ack(&next.held, &numbers(&next), at(2)).await.unwrap();
                store.release(&next.held).await.unwrap();
            }
            assert_eq!(store.claim(&claim("two"), at(59)).await.unwrap(), []);
            assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(60)));
            let last = only(store, "two", 60).await;
            let expected: &[&str] = if key.is_empty() { &["a"] } else { &["a", "c"] };
            assert_eq!(records(&last), expected);
            let failed = &last.deliveries[0];
            assert_eq!((failed.attempts, failed.first_at), (1, Some(at(1))));
            assert_eq!(failed.error.as_deref(), Some("it is down"));
            store.ack(&last.held, &numbers(&last), at(61)).await.unwrap();
            store.release(&last.held).await.unwrap();
            assert_eq!(store.next_delivery_at().await.unwrap(), None);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_due_later_waits_and_what_stands_behind_it_with_a_key_too() {
    on_each(async |store| {
        begin(store, "vip").await;
        let later = |key: &str, record: &str, seconds| NewDelivery {
            due_at: at(seconds),
            ..new(key, record)
        };
        let batch = [
            later("k", "a", 50),
            later("k", "b", 0),
            later("", "c", 50),
            later("", "d", 20),
        ];
        store.enqueue(&batch, 1, at(0)).await.unwrap();
        let mut seen = Vec::new();
        for seconds in [0, 20, 50] {
            let mut now = Vec::new();
            for lane in store.claim(&claim("a"), at(seconds)).await.unwrap() {
                now.extend(records(&lane));
                store.ack(&lane.held, &numbers(&lane), at(seconds)).await.unwrap();
                store.release(&lane.held).await.unwrap();
            }
            now.sort_unstable();
            seen.push(now.concat());
        }
        assert_eq!(seen, ["", "d", "abc"]);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_paused_flow_is_handed_out_and_more_may_be_added() {
    on_each(async |store| {
        begin(store, "vip").await;
        store.enqueue(&[new("k", "a")], 1, at(0)).await.unwrap();
        let held = only(store, "one", 0).await;
        store.set_flow_state("vip", FlowState::Paused).await.unwrap();
        store
            .enqueue(&[new("k", "b"), new("", "c")], 1, at(0))
            .await
            .unwrap();
        store
            .ack(&held.held, &numbers(&held), at(1))
            .await
            .expect("what was under way still arrives");
        store.release(&held.held).await.unwrap();
        assert_eq!(store.claim(&claim("one"), at(100)).await.unwrap(), []);
        assert_eq!(store.next_delivery_at().await.unwrap(), None);
        assert_eq!(pending(store).await, 2);
        store.set_flow_state("vip", FlowState::Active).await.unwrap();
        assert_eq!(store.claim(&claim("one"), at(100)).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn lanes_take_turns_so_that_a_long_queue_starves_nobody() {
    on_each(async |store| {
        begin(store, "vip").await;
        begin(store, "small").await;
        let long: Vec<_> = (0..400).map(|number| new(&number.to_string(), "long")).collect();
        store.enqueue(&long, 8, at(0)).await.unwrap();
        let one = |_| async {
            let lanes = Claim {
                lanes: 1,
                deliveries: 5,
                ..claim("a")
            };
            let lane = store.claim(&lanes, at(0)).await.unwrap().remove(0);
            store.ack(&lane.held, &numbers(&lane), at(0)).await.unwrap();
            store.release(&lane.held).await.unwrap();
            lane
        };
        for round in 0..4 {
            one(round).await;
        }
        let small = NewDelivery {
            flow: "small".to_owned(),
            ..new("k", "small")
        };
        store.enqueue(&[small.clone(), small], 8, at(0)).await.unwrap();
        let mut turns = Vec::new();
        for round in 0..8 {
            turns.push(one(round).await);
        }
        assert!(
            turns.iter().any(|lane| lane.flow == "small"),
            "the clock stands still"
        );
        let mut lanes: Vec<_> = turns.iter().map(|lane| lane.held.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        assert_eq!(lanes.len(), 8, "each had one turn");
        let of = |flow: Option<&str>, destination: Option<&str>| Claim {
            flow: flow.map(str::to_owned),
            destination: destination.map(str::to_owned),
            ..claim("a")
        };
        for (claim, count) in [
            (of(Some("none"), None), 0),
            (of(None, Some("other")), 0),
            (of(Some("a\0"), None), 0),
            (of(Some("vip"), Some("out")), 8),
        ] {
            assert_eq!(
                store.claim(&claim, at(0)).await.unwrap().len(),
                count,
                "{claim:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn another_number_of_slots_waits_until_no_key_could_change_its_lane() {
    on_each(async |store| {
        begin(store, "vip").await;
        let keys: Vec<_> = (0..40).map(|key| new(&format!("key {key}"), "1")).collect();
        store.enqueue(&keys, 2, at(0)).await.unwrap();
        store.enqueue(&keys, 16, at(0)).await.unwrap();
        let lanes = store.claim(&claim("a"), at(0)).await.unwrap();
        assert_eq!(lanes.len(), 2);
        for lane in lanes {
            store.release(&lane.held).await.unwrap();
        }
        let all = Claim {
            deliveries: 100,
            ..claim("a")
        };
        for lane in store.claim(&all, at(0)).await.unwrap() {
            store.ack(&lane.held, &numbers(&lane), at(0)).await.unwrap();
            store.release(&lane.held).await.unwrap();
        }
        store.enqueue(&keys, 16, at(0)).await.unwrap();
        assert!(store.claim(&claim("a"), at(0)).await.unwrap().len() > 8);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_cannot_be_kept_is_refused_whole() {
    on_each(async |store| {
        begin(store, "vip").await;
        let good = || new("k", "a");
        let cases = [
            (
                NewDelivery {
                    flow: "none".to_owned(),
                    ..good()
                },
                1,
                "TL0507",
            ),
            (
                NewDelivery {
                    flow: String::new(),
                    ..good()
                },
                1,
                "TL0510",
            ),
            (
                NewDelivery {
                    destination: "a\nb".to_owned(),
                    ..good()
                },
                1,
                "TL0510",
            ),
            (
                NewDelivery {
                    record: "{\"a\":".to_owned(),
                    ..good()
                },
                1,
                "TL0510",
            ),
            (
                NewDelivery {
                    run: Some(String::new()),
                    ..good()
                },
                1,
                "TL0510",
            ),
            (good(), 0, "TL0510"),
            (good(), 1_025, "TL0510"),
        ];
        for (bad, slots, code) in cases {
            let error = store
                .enqueue(&[good(), bad.clone()], slots, at(0))
                .await
                .unwrap_err();
            assert_eq!(error.code(), code, "{bad:?}");
        }
        assert_eq!(store.enqueue(&[], 1, at(0)).await.unwrap(), Enqueued::default());
        assert_eq!(store.queue_depths(at(0)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn how_much_waits_is_known_by_flow_and_destination() {
    on_each(async |store| {
        begin(store, "vip").await;
        begin(store, "other").await;
        let elsewhere = NewDelivery {
            flow: "other".to_owned(),
            due_at: at(30),
            ..new("k", "x")
        };
        let second = NewDelivery {
            destination: "second".to_owned(),
            due_at: at(5),
            ..new("", "x")
        };
        let batch = [new("a", "1"), new("a", "2"), new("", "3"), elsewhere, second];
        store.enqueue(&batch, 1, at(0)).await.unwrap();
        store.claim(&claim("a"), at(1)).await.unwrap();
        let found: Vec<_> = store
            .queue_depths(at(2))
            .await
            .unwrap()
            .into_iter()
            .map(|depth| {
                let counts = (depth.pending, depth.lanes, depth.held);
                (depth.flow, depth.destination, counts, depth.oldest_due)
            })
            .collect();
        let expected = [
            ("other", "out", (1, 1, 0), at(30)),
            ("vip", "out", (3, 2, 2), at(0)),
            ("vip", "second", (1, 1, 0), at(5)),
        ]
        .map(|(flow, destination, counts, due)| (flow.to_owned(), destination.to_owned(), counts, due));
        assert_eq!(found, expected);
    })
    .await;
}
