//! Dead letters: what is kept of a record that was given up, and its way back.

use trunkline_store::{
    Dead, DeadLetterFilter, DeadLetterState, Enqueued, Failure, NewDeadLetter, NewDelivery, RecordForm,
    Redriven, Store,
};

use crate::{
    backends::{at, on_each},
    flows::begin,
    queue::{claim, failure, new, once, records},
};

fn story() -> Failure {
    Failure {
        source_record: Some("{\"id\":1}".to_owned()),
        record: Some("{\"id\":\"1\"}".to_owned()),
        steps: "[{\"before\":{\"id\":1},\"after\":{\"id\":\"1\"}}]".to_owned(),
        request: Some("{\"method\":\"POST\"}".to_owned()),
        answer: Some("{\"status\":404}".to_owned()),
        ..failure("there is no such contact")
    }
}

pub(crate) fn letter(destination: &str, code: &str) -> NewDeadLetter {
    NewDeadLetter {
        flow: "vip".to_owned(),
        destination: destination.to_owned(),
        run: Some("run-1".to_owned()),
        key: Some("k".to_owned()),
        dedupe_key: None,
        origins: None,
        attempts: 8,
        first_at: at(-60),
        failure: Failure {
            code: code.to_owned(),
            ..story()
        },
    }
}

/// Buries everything that is due, and returns the letters' ids.
async fn bury_all(store: &Store, seconds: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for lane in store.claim(&claim("a"), at(seconds)).await.unwrap() {
        for delivery in &lane.deliveries {
            let dead = Dead {
                seq: delivery.seq,
                fate: None,
                failure: failure("it is refused"),
            };
            ids.push(store.bury(&lane.held, dead, at(seconds)).await.unwrap());
        }
        store.release(&lane.held).await.unwrap();
    }
    ids
}

/// Delivers everything that is due.
async fn deliver_all(store: &Store, seconds: i64) -> Vec<(String, RecordForm)> {
    let mut delivered = Vec::new();
    for lane in store.claim(&claim("a"), at(seconds)).await.unwrap() {
        let seqs: Vec<_> = lane.deliveries.iter().map(|delivery| delivery.seq).collect();
        let forms = lane.deliveries.iter().map(|delivery| delivery.form);
        delivered.extend(records(&lane).into_iter().zip(forms));
        store.ack(&lane.held, &seqs, at(seconds)).await.unwrap();
        store.release(&lane.held).await.unwrap();
    }
    delivered
}

#[tokio::test]
async fn a_buried_delivery_lets_its_lane_go_on_and_all_of_it_is_kept() {
    on_each(async |store| {
        begin(store, "vip").await;
        let first = NewDelivery {
            run: Some("run-1".to_owned()),
            head: Some("{\"id\":\"1\"}".to_owned()),
            source_record: Some("{\"id\":1}".to_owned()),
            ..once("d", new("k", "a"))
        };
        store.enqueue(&[first, new("k", "b")], 1, at(0)).await.unwrap();
        let lane = store.claim(&claim("a"), at(1)).await.unwrap().remove(0);
        let dead = Dead {
            seq: lane.deliveries[0].seq,
            fate: None,
            failure: Failure {
                record: None,
                source_record: None,
                ..story()
            },
        };
        let id = store.bury(&lane.held, dead, at(2)).await.unwrap();
        store.release(&lane.held).await.unwrap();
        let kept = store.dead_letter(&id).await.unwrap();
        assert_eq!((kept.flow.as_str(), kept.destination.as_str()), ("vip", "out"));
        assert_eq!(kept.run.as_deref(), Some("run-1"));
        assert_eq!(
            (kept.key.as_deref(), kept.dedupe_key.as_deref()),
            (Some("k"), Some("d"))
        );
        assert_eq!((kept.attempts, kept.first_at, kept.last_at), (1, at(2), at(2)));
        let expected = Failure {
            record: Some("\"a\"".to_owned()),
            head: Some("{\"id\":\"1\"}".to_owned()),
            ..story()
        };
        assert_eq!(kept.failure, expected, "the delivery's own record is kept");
        assert_eq!(deliver_all(store, 3).await, [("b".to_owned(), RecordForm::Ready)]);
    })
    .await;
}

#[tokio::test]
async fn a_redriven_letter_goes_back_once_in_the_form_that_was_asked_for() {
    on_each(async |store| {
        begin(store, "vip").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(
                store
                    .add_dead_letter(&letter("out", "TL0105"), at(0))
                    .await
                    .unwrap(),
            );
        }
        let bare = NewDeadLetter {
            failure: failure("a transform never ended"),
            ..letter("out", "TL0105")
        };
        let bare = store.add_dead_letter(&bare, at(0)).await.unwrap();
        assert!(
            store
                .redrive_one(&ids[0], RecordForm::Source, 2, at(1))
                .await
                .unwrap()
        );
        assert!(
            !store
                .redrive_one(&ids[0], RecordForm::Ready, 2, at(1))
                .await
                .unwrap()
        );
        assert!(
            !store
                .redrive_one(&bare, RecordForm::Ready, 2, at(1))
                .await
                .unwrap()
        );
        let went = store
            .redrive(&DeadLetterFilter::default(), RecordForm::Ready, 2, at(1))
            .await
            .unwrap();
        let expected = Redriven {
            redriven: 2,
            without_record: 1,
        };
        assert_eq!(went, expected);
        let form = |form| ("{\"id\":1}".to_owned(), form);
        let mut delivered = deliver_all(store, 2).await;
        assert_eq!(delivered.remove(0), form(RecordForm::Source));
        let ready = ("{\"id\":\"1\"}".to_owned(), RecordForm::Ready);
        assert_eq!(delivered, [ready.clone(), ready]);
        let states: Vec<_> = store
            .dead_letters(&DeadLetterFilter::default(), 10)
            .await
            .unwrap()
            .into_iter()
            .filter(|letter| letter.state == DeadLetterState::Waiting)
            .map(|letter| letter.id)
            .collect();
        assert_eq!(states, [bare]);
    })
    .await;
}

#[tokio::test]
async fn a_letters_dedupe_key_is_its_own_while_it_waits_and_on_its_way_back() {
    on_each(async |store| {
        begin(store, "vip").await;
        let repeat = || async {
            let batch = [once("d", new("k", "a"))];
            store.enqueue(&batch, 1, at(5)).await.unwrap()
        };
        let is_new = Enqueued { new: 1, repeats: 0 };
        let is_repeat = Enqueued { new: 0, repeats: 1 };
        assert_eq!(repeat().await, is_new);
        let ids = bury_all(store, 5).await;
        assert_eq!(store.forget_dedupe_keys(at(1_000)).await.unwrap(), 0);
        assert_eq!(repeat().await, is_repeat, "it lies among the dead letters");
        assert!(
            store
                .redrive_one(&ids[0], RecordForm::Ready, 1, at(6))
                .await
                .unwrap()
        );
        assert_eq!(store.forget_dedupe_keys(at(1_000)).await.unwrap(), 0);
        assert_eq!(repeat().await, is_repeat, "it waits again");
        assert_eq!(deliver_all(store, 7).await.len(), 1);
        assert_eq!(repeat().await, is_repeat, "it arrived");
        assert_eq!(store.forget_dedupe_keys(at(8)).await.unwrap(), 1);
        assert_eq!(repeat().await, is_new);
        let ids = bury_all(store, 9).await;
        for still in [true, false] {
            assert_eq!(store.drop_dead_letter(&ids[0], at(10)).await.unwrap(), still);
        }
        assert_eq!(repeat().await, is_repeat, "it was dropped only now");
        assert_eq!(store.forget_dedupe_keys(at(11)).await.unwrap(), 1);
        assert_eq!(repeat().await, is_new);
        bury_all(store, 12).await;
        assert_eq!(store.forget_dead_letters(at(12), at(20)).await.unwrap(), 2);
        assert_eq!(store.forget_dead_letters(at(13), at(20)).await.unwrap(), 1);
        assert_eq!(repeat().await, is_repeat);
        assert_eq!(store.forget_dedupe_keys(at(21)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_redrive_the_same_letters_at_once_each_letter_goes_back_once() {
    on_each(async |store| {
        begin(store, "vip").await;
        for _ in 0..450 {
            store
                .add_dead_letter(&letter("out", "TL0105"), at(0))
                .await
                .unwrap();
        }
        let all = DeadLetterFilter::default();
        let (one, two) = tokio::join!(
            store.redrive(&all, RecordForm::Ready, 4, at(1)),
            store.redrive(&all, RecordForm::Ready, 4, at(1))
        );
        assert_eq!(one.unwrap().redriven + two.unwrap().redriven, 450);
        let pending: u64 = store
            .queue_depths(at(1))
            .await
            .unwrap()
            .iter()
            .map(|depth| depth.pending)
            .sum();
        assert_eq!(pending, 450);
    })
    .await;
}

#[tokio::test]
async fn letters_are_found_counted_and_dropped_by_what_they_are() {
    on_each(async |store| {
        let mut made = Vec::new();
        for (index, (destination, code)) in [
            ("out", "TL0105"),
            ("second", "TL0105"),
            ("out", "TL0112"),
            ("out", "TL0105"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut new = letter(destination, code);
            new.failure.message = format!("100% of {index}_x");
            made.push(store.add_dead_letter(&new, at(index as i64)).await.unwrap());
        }
        let any = DeadLetterFilter::default;
        let cases = [
            (any(), vec![3, 2, 1, 0]),
            (
                DeadLetterFilter {
                    flow: Some("vip".into()),
                    destination: Some("out".into()),
                    ..any()
                },
                vec![3, 2, 0],
            ),
            (
                DeadLetterFilter {
                    flow: Some("other".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    run: Some("run-2".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    code: Some("TL0112".into()),
                    ..any()
                },
                vec![2],
            ),
            (
                DeadLetterFilter {
                    since: Some(at(1)),
                    until: Some(at(3)),
                    ..any()
                },
                vec![2, 1],
            ),
            (
                DeadLetterFilter {
                    before: Some(made[1].clone()),
                    ..any()
                },
                vec![0],
            ),
            (
                DeadLetterFilter {
                    text: Some("100% of 2_".into()),
                    ..any()
                },
                vec![2],
            ),
            (
                DeadLetterFilter {
                    text: Some("100_".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    text: Some("\"id\":1".into()),
                    ..any()
                },
                vec![3, 2, 1, 0],
            ),
            (
                DeadLetterFilter {
                    text: Some("\"ID\"".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    text: Some(String::new()),
                    ..any()
                },
                vec![3, 2, 1, 0],
            ),
            (
                DeadLetterFilter {
                    text: Some("\0".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    flow: Some("a\0".into()),
                    ..any()
                },
                vec![],
            ),
            (
                DeadLetterFilter {
                    state: Some(DeadLetterState::Dropped),
                    ..any()
                },
                vec![],
            ),
        ];
        for (filter, expected) in cases {
            let found: Vec<_> = store
                .dead_letters(&filter, 10)
                .await
                .unwrap()
                .into_iter()
                .map(|letter| letter.id)
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| made[index].clone())
                .collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        let counts = || async {
            let counts = store.count_dead_letters().await.unwrap();
            counts
                .into_iter()
                .map(|count| (count.destination, count.code, count.count, count.newest_at))
                .collect::<Vec<_>>()
        };
        let line = |destination: &str, code: &str, count, seconds| {
            (destination.to_owned(), code.to_owned(), count, at(seconds))
        };
        assert_eq!(
            counts().await,
            [
                line("out", "TL0105", 2, 3),
                line("out", "TL0112", 1, 2),
                line("second", "TL0105", 1, 1)
            ]
        );
        let refused = DeadLetterFilter {
            code: Some("TL0105".into()),
            ..any()
        };
        assert_eq!(store.drop_dead_letters(&refused, at(9)).await.unwrap(), 3);
        assert_eq!(store.drop_dead_letters(&refused, at(9)).await.unwrap(), 0);
        assert_eq!(counts().await, [line("out", "TL0112", 1, 2)]);
        let dropped = DeadLetterFilter {
            state: Some(DeadLetterState::Dropped),
            ..any()
        };
        assert_eq!(store.dead_letters(&dropped, 10).await.unwrap().len(), 3);
        assert_eq!(store.forget_dead_letters(at(2), at(9)).await.unwrap(), 2);
        assert_eq!(store.dead_letters(&any(), 10).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_changes_nothing() {
    on_each(async |store| {
        begin(store, "vip").await;
        let cases: [fn(&mut Failure); 5] = [
            |failure| failure.steps = "[".to_owned(),
            |failure| failure.request = Some(String::new()),
            |failure| failure.code = String::new(),
            |failure| failure.message = "\0".to_owned(),
            |failure| failure.source_record = Some("x".to_owned()),
        ];
        store.enqueue(&[new("k", "a")], 1, at(0)).await.unwrap();
        let lane = store.claim(&claim("a"), at(0)).await.unwrap().remove(0);
        for spoil in cases {
            let mut new = letter("out", "TL0105");
            spoil(&mut new.failure);
            let dead = Dead {
                seq: lane.deliveries[0].seq,
                fate: None,
                failure: new.failure.clone(),
            };
            for error in [
                store.add_dead_letter(&new, at(0)).await.unwrap_err(),
                store.bury(&lane.held, dead, at(0)).await.unwrap_err(),
            ] {
                assert_eq!(error.code(), "TL0510", "{new:?}");
            }
        }
        for id in ["none", "", "a\0"] {
            for error in [
                store.dead_letter(id).await.unwrap_err(),
                store.drop_dead_letter(id, at(0)).await.unwrap_err(),
                store
                    .redrive_one(id, RecordForm::Ready, 1, at(0))
                    .await
                    .unwrap_err(),
            ] {
                assert_eq!(error.code(), "TL0507", "{id:?}");
            }
        }
        let elsewhere = NewDeadLetter {
            flow: "gone".to_owned(),
            ..letter("out", "TL0105")
        };
        let id = store.add_dead_letter(&elsewhere, at(0)).await.unwrap();
        let error = store
            .redrive_one(&id, RecordForm::Ready, 1, at(0))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TL0507", "its flow is gone");
        assert_eq!(
            store.dead_letter(&id).await.unwrap().state,
            DeadLetterState::Waiting
        );
    })
    .await;
}

#[tokio::test]
async fn a_text_is_looked_for_among_so_many_letters_at_a_time() {
    on_each(async |store| {
        let mut made = Vec::new();
        for index in 0..7_i64 {
            let mut new = letter("out", "TL0105");
            new.failure.message = if index % 3 == 0 { "a needle" } else { "hay" }.to_owned();
            made.push(store.add_dead_letter(&new, at(index)).await.unwrap());
        }
        let needles = |before: Option<usize>| DeadLetterFilter {
            text: Some("needle".into()),
            before: before.map(|index| made[index].clone()),
            ..DeadLetterFilter::default()
        };
        let all = DeadLetterFilter::default;
        // Letters 6, 3 and 0 hold it. How many are wanted, how many are read, what is found, where it goes on.
        let cases = [
            (needles(None), 10, 7, vec![6, 3, 0], Some(0)),
            (needles(None), 10, 8, vec![6, 3, 0], None),
            (needles(None), 10, 3, vec![6], Some(4)),
            (needles(Some(3)), 10, 2, vec![], Some(1)),
            (needles(Some(1)), 10, 2, vec![0], None),
            (needles(None), 1, 7, vec![6], Some(6)),
            (needles(Some(0)), 10, 2, vec![], None),
            (all(), 3, 1, vec![6, 5, 4], Some(4)),
            (all(), 7, 1, vec![6, 5, 4, 3, 2, 1, 0], None),
        ];
        for (filter, limit, most, expected, next) in cases {
            let found = store.look_for_dead_letters(&filter, limit, most).await.unwrap();
            let ids: Vec<_> = found.letters.into_iter().map(|letter| letter.id).collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| made[index].clone())
                .collect();
            let next: Option<String> = next.map(|index: usize| made[index].clone());
            assert_eq!((ids, found.next), (expected, next), "{filter:?} {limit} {most}");
        }
    })
    .await;
}
