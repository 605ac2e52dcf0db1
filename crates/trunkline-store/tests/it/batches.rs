//! Batches and how far they have come.

use jiff::SignedDuration;
use serde_json::json;
use trunkline_store::{
    Batch, BatchBegun, BatchFilter, BatchProgress, BatchState, HeldBatch, NewBatch, Store,
};

use crate::backends::{at, on_each};

const LIFE: SignedDuration = SignedDuration::from_secs(30);

pub(crate) fn new(digest: &str) -> NewBatch {
    NewBatch {
        workspace: "abcd1234".to_owned(),
        action: "contacts.upsert".to_owned(),
        source_digest: digest.to_owned(),
        input_name: "people.csv".to_owned(),
        options: json!({"map": "{email: .mail}", "odd": "\u{0}\u{1f600}"}),
    }
}

fn rows(rows_done: u64) -> BatchProgress {
    BatchProgress {
        rows_done,
        position: Some(format!("byte {}", rows_done * 10)),
        created: rows_done / 2,
        rejected: 1,
        ..BatchProgress::default()
    }
}

fn held(begun: BatchBegun) -> (HeldBatch, Batch) {
    match begun {
        BatchBegun::Held(held, batch) => (held, *batch),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_goes_on_where_it_stood_when_its_process_died() {
    on_each(async |store| {
        let first = store.be_holder(LIFE, at(0)).await.unwrap();
        let (held_first, begun) = held(store.begin_batch(&new("d"), &first, at(0)).await.unwrap());
        assert_eq!(
            (begun.state, begun.progress.clone()),
            (BatchState::Running, BatchProgress::default())
        );
        assert_eq!(
            (&begun.options, begun.input_name.as_str()),
            (&new("d").options, "people.csv")
        );
        store.advance_batch(&held_first, &rows(40), at(5)).await.unwrap();

        let second = store.be_holder(LIFE, at(29)).await.unwrap();
        for busy in [
            store.begin_batch(&new("d"), &second, at(29)).await.unwrap(),
            store.resume_batch(&begun.id, &second, at(29)).await.unwrap(),
        ] {
            assert!(
                matches!(&busy, BatchBegun::Busy(batch) if batch.id == begun.id),
                "{busy:?}"
            );
        }
        let unfinished = store.begin_batch(&new("d"), &second, at(30)).await.unwrap();
        assert!(
            matches!(&unfinished, BatchBegun::Unfinished(batch) if batch.state == BatchState::Interrupted),
            "{unfinished:?}"
        );
        let (held_second, resumed) = held(store.resume_batch(&begun.id, &second, at(30)).await.unwrap());
        assert_eq!(resumed.progress, rows(40));
        let late = store
            .advance_batch(&held_first, &rows(50), at(31))
            .await
            .unwrap_err();
        assert_eq!(late.code(), "TL0518", "the old holder brings it no further");
        store
            .advance_batch(&held_second, &rows(60), at(31))
            .await
            .unwrap();
        store
            .finish_batch(&held_second, BatchState::Done, &rows(70), at(32))
            .await
            .unwrap();
        let ended = store.batch(&begun.id, at(33)).await.unwrap();
        assert_eq!(
            (ended.state, ended.progress, ended.updated_at),
            (BatchState::Done, rows(70), at(32))
        );
        let again = store.resume_batch(&begun.id, &second, at(34)).await.unwrap();
        assert!(matches!(again, BatchBegun::Ended(_)), "{again:?}");
        held(store.begin_batch(&new("d"), &second, at(35)).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_was_stopped_is_resumed_or_abandoned_before_another_of_its_kind() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let (first, begun) = held(store.begin_batch(&new("d"), &holder, at(0)).await.unwrap());
        held(store.begin_batch(&new("other"), &holder, at(0)).await.unwrap());
        store
            .finish_batch(&first, BatchState::Stopped, &rows(3), at(1))
            .await
            .unwrap();
        let waits = store.begin_batch(&new("d"), &holder, at(2)).await.unwrap();
        assert!(matches!(waits, BatchBegun::Unfinished(_)), "{waits:?}");
        let (second, _) = held(store.resume_batch(&begun.id, &holder, at(2)).await.unwrap());
        store
            .finish_batch(&second, BatchState::Abandoned, &rows(3), at(3))
            .await
            .unwrap();
        let (third, _) = held(store.begin_batch(&new("d"), &holder, at(4)).await.unwrap());
        assert_ne!(third.id, begun.id);
        store.leave_holder(&holder).await.unwrap();
        assert_eq!(
            store.batch(&third.id, at(5)).await.unwrap().state,
            BatchState::Interrupted
        );
    })
    .await;
}

#[tokio::test]
async fn a_batch_never_goes_back_and_ends_only_in_what_is_an_end() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let (batch, _) = held(store.begin_batch(&new("d"), &holder, at(0)).await.unwrap());
        store.advance_batch(&batch, &rows(10), at(1)).await.unwrap();
        store.advance_batch(&batch, &rows(10), at(2)).await.unwrap();
        let bad = [
            BatchProgress {
                rows_done: 9,
                ..rows(10)
            },
            BatchProgress {
                rows_done: u64::MAX,
                ..rows(10)
            },
            BatchProgress {
                rejected: u64::MAX,
                ..rows(10)
            },
            BatchProgress {
                position: Some("a\0b".to_owned()),
                ..rows(10)
            },
            BatchProgress {
                position: Some(String::new()),
                ..rows(10)
            },
        ];
        for progress in bad {
            let refused = store.advance_batch(&batch, &progress, at(3)).await.unwrap_err();
            assert_eq!(refused.code(), "TL0510", "{progress:?}");
        }
        for state in [BatchState::Running, BatchState::Interrupted] {
            let refused = store
                .finish_batch(&batch, state, &rows(11), at(3))
                .await
                .unwrap_err();
            assert_eq!(refused.code(), "TL0510", "{state:?}");
        }
        for bad in ["", "a\nb", &"x".repeat(256)] {
            for refused in [
                NewBatch {
                    workspace: bad.to_owned(),
                    ..new("d")
                },
                NewBatch {
                    action: bad.to_owned(),
                    ..new("d")
                },
                NewBatch {
                    source_digest: bad.to_owned(),
                    ..new("d")
                },
                NewBatch {
                    input_name: bad.to_owned(),
                    ..new("d")
                },
            ] {
                let error = store.begin_batch(&refused, &holder, at(3)).await.unwrap_err();
                assert_eq!(error.code(), "TL0510", "{refused:?}");
            }
        }
        assert_eq!(store.batch(&batch.id, at(4)).await.unwrap().progress, rows(10));
        for error in [
            store.batch("none", at(4)).await.unwrap_err(),
            store.batch("a\0b", at(4)).await.unwrap_err(),
            store.resume_batch("none", &holder, at(4)).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "TL0507");
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_who_begin_one_batch_at_once_one_gets_it() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let new = new("d");
        let wishes: Vec<_> = (0..20).map(|_| store.begin_batch(&new, &holder, at(0))).collect();
        let mut begun = 0;
        for outcome in crate::leases::join_all(wishes).await {
            match outcome.unwrap() {
                BatchBegun::Held(..) => begun += 1,
                BatchBegun::Busy(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(begun, 1);
    })
    .await;
}

#[tokio::test]
async fn batches_are_found_by_workspace_action_and_state_and_forgotten_by_age() {
    on_each(async |store: &Store| {
        let dead = store.be_holder(LIFE, at(0)).await.unwrap();
        let alive = store
            .be_holder(SignedDuration::from_secs(10_000), at(0))
            .await
            .unwrap();
        let mut ids = Vec::new();
        for (index, (workspace, action, holder, end)) in [
            ("a", "x", &alive, Some(BatchState::Done)),
            ("a", "y", &alive, Some(BatchState::Stopped)),
            ("b", "x", &dead, None),
            ("b", "y", &alive, None),
        ]
        .into_iter()
        .enumerate()
        {
            let new = NewBatch {
                workspace: workspace.to_owned(),
                action: action.to_owned(),
                ..new("d")
            };
            let when = at(index as i64);
            let (batch, _) = held(store.begin_batch(&new, holder, when).await.unwrap());
            if let Some(end) = end {
                store.finish_batch(&batch, end, &rows(1), when).await.unwrap();
            }
            ids.push(batch.id);
        }
        let any = BatchFilter::default;
        let state = |state| BatchFilter {
            state: Some(state),
            ..any()
        };
        let cases = [
            (any(), vec![3, 2, 1, 0]),
            (
                BatchFilter {
                    workspace: Some("a".into()),
                    ..any()
                },
                vec![1, 0],
            ),
            (
                BatchFilter {
                    action: Some("x".into()),
                    ..any()
                },
                vec![2, 0],
            ),
            (
                BatchFilter {
                    action: Some("' OR true --".into()),
                    ..any()
                },
                vec![],
            ),
            (
                BatchFilter {
                    before: Some(ids[2].clone()),
                    ..any()
                },
                vec![1, 0],
            ),
            (
                BatchFilter {
                    workspace: Some("a\0b".into()),
                    ..any()
                },
                vec![],
            ),
            (state(BatchState::Running), vec![3]),
            (state(BatchState::Interrupted), vec![2]),
            (state(BatchState::Stopped), vec![1]),
            (state(BatchState::Done), vec![0]),
            (state(BatchState::Abandoned), vec![]),
        ];
        for (filter, expected) in cases {
            let found: Vec<_> = store
                .batches(&filter, 10, at(100))
                .await
                .unwrap()
                .into_iter()
                .map(|batch| batch.id)
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| ids[index].clone())
                .collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        assert_eq!(store.batches(&any(), 1, at(100)).await.unwrap().len(), 1);
        assert_eq!(store.forget_batches(at(1), at(100)).await.unwrap(), 1);
        assert_eq!(
            store.forget_batches(at(50), at(100)).await.unwrap(),
            2,
            "what lives stays"
        );
        assert_eq!(store.batches(&any(), 10, at(100)).await.unwrap()[0].id, ids[3]);
    })
    .await;
}
