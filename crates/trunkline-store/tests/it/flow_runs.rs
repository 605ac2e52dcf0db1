//! Runs of flows.

use std::collections::BTreeMap;

use trunkline_store::{
    Again, Dead, FlowRunCause, FlowRunCounts, FlowRunFilter, FlowRunState, NewDelivery, NewFlowRun, Settled,
    Store, Tally,
};

use crate::{
    backends::{at, on_each},
    flows::begin,
    queue,
};

pub(crate) fn new(flow: &str) -> NewFlowRun {
    NewFlowRun {
        flow: flow.to_owned(),
        version: 3,
        cause: FlowRunCause::Schedule,
    }
}

pub(crate) fn counts(read: u64) -> FlowRunCounts {
    FlowRunCounts {
        read,
        delivered: read - 1,
        filtered: 1,
        dead: 2,
        queued: 0,
        retried: 3,
        calls: 4,
        bytes: Some(5),
        followed: 6,
        errors: BTreeMap::from([("TL0112".to_owned(), 3), ("TL0105".to_owned(), 2)]),
        note: Some("a part was left out".to_owned()),
    }
}

async fn ids(store: &Store, filter: &FlowRunFilter) -> Vec<String> {
    let runs = store.flow_runs(filter, 100).await.unwrap();
    runs.into_iter().map(|run| run.id).collect()
}

#[tokio::test]
async fn a_run_notes_what_it_does_and_ends_once() {
    on_each(async |store| {
        let id = store.begin_flow_run(&new("vip"), at(0)).await.unwrap();
        let begun = store.flow_run(&id).await.unwrap();
        assert_eq!(
            (begun.state, begun.started_at, begun.ended_at),
            (FlowRunState::Running, at(0), None)
        );
        assert_eq!(
            (begun.flow.as_str(), begun.version, begun.cause),
            ("vip", 3, FlowRunCause::Schedule)
        );
        assert_eq!(begun.counts, FlowRunCounts::default());
        for read in [5, 9] {
            store.note_flow_run(&id, &counts(read)).await.unwrap();
            assert_eq!(store.flow_run(&id).await.unwrap().counts, counts(read));
        }
        let no_end = store
            .end_flow_run(&id, FlowRunState::Running, &counts(9), at(1))
            .await
            .unwrap_err();
        assert_eq!(no_end.code(), "TL0510");
        let last = FlowRunCounts {
            bytes: None,
            note: Some("nul \0".to_owned()),
            ..counts(10)
        };
        store
            .end_flow_run(&id, FlowRunState::Done, &last, at(2))
            .await
            .unwrap();
        let ended = store.flow_run(&id).await.unwrap();
        assert_eq!((ended.state, ended.ended_at), (FlowRunState::Done, Some(at(2))));
        assert_eq!(ended.counts.note.as_deref(), Some("nul \u{fffd}"));
        assert_eq!(ended.counts.bytes, None);
        for late in [
            store.note_flow_run(&id, &counts(1)).await.unwrap_err(),
            store
                .end_flow_run(&id, FlowRunState::Failed, &counts(1), at(3))
                .await
                .unwrap_err(),
            store.note_flow_run("none", &counts(1)).await.unwrap_err(),
        ] {
            assert_eq!(late.code(), "TL0518");
        }
        assert_eq!(store.flow_run(&id).await.unwrap(), ended);
        for unknown in ["none", "", "a\0"] {
            assert_eq!(store.flow_run(unknown).await.unwrap_err().code(), "TL0507");
        }
        assert_eq!(
            store.begin_flow_run(&new(""), at(0)).await.unwrap_err().code(),
            "TL0510"
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_process_left_running_is_ended_by_who_takes_the_flow_over() {
    on_each(async |store| {
        let left = store.begin_flow_run(&new("vip"), at(0)).await.unwrap();
        let elsewhere = store.begin_flow_run(&new("other"), at(0)).await.unwrap();
        store.note_flow_run(&left, &counts(5)).await.unwrap();
        assert_eq!(
            store
                .end_left_flow_runs("vip", false, "it was killed", at(9))
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            store
                .end_left_flow_runs("vip", false, "again", at(10))
                .await
                .unwrap(),
            0
        );
        let run = store.flow_run(&left).await.unwrap();
        assert_eq!((run.state, run.ended_at), (FlowRunState::Failed, Some(at(9))));
        assert_eq!(run.counts.note.as_deref(), Some("it was killed"));
        assert_eq!(run.counts.read, 5);
        assert_eq!(
            store.flow_run(&elsewhere).await.unwrap().state,
            FlowRunState::Running
        );
    })
    .await;
}

#[tokio::test]
async fn runs_are_found_newest_first_and_page_by_page() {
    on_each(async |store| {
        let mut made = Vec::new();
        for (index, flow) in ["vip", "other", "vip", "vip"].into_iter().enumerate() {
            made.push(store.begin_flow_run(&new(flow), at(index as i64)).await.unwrap());
        }
        for (index, state) in [(0, FlowRunState::Done), (2, FlowRunState::Failed)] {
            store
                .end_flow_run(&made[index], state, &counts(1), at(10))
                .await
                .unwrap();
        }
        let any = FlowRunFilter::default;
        let cases = [
            (any(), vec![3, 2, 1, 0]),
            (
                FlowRunFilter {
                    flow: Some("vip".into()),
                    ..any()
                },
                vec![3, 2, 0],
            ),
            (
                FlowRunFilter {
                    state: Some(FlowRunState::Failed),
                    ..any()
                },
                vec![2],
            ),
            (
                FlowRunFilter {
                    state: Some(FlowRunState::Running),
                    ..any()
                },
                vec![3, 1],
            ),
            (
                FlowRunFilter {
                    since: Some(at(1)),
                    until: Some(at(3)),
                    ..any()
                },
                vec![2, 1],
            ),
            (
                FlowRunFilter {
                    before: Some(made[2].clone()),
                    ..any()
                },
                vec![1, 0],
            ),
            (
                FlowRunFilter {
                    flow: Some("' OR true --".into()),
                    ..any()
                },
                vec![],
            ),
            (
                FlowRunFilter {
                    flow: Some("a\0".into()),
                    ..any()
                },
                vec![],
            ),
        ];
        for (filter, expected) in cases {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| made[index].clone())
                .collect();
            assert_eq!(ids(store, &filter).await, expected, "{filter:?}");
        }
        assert_eq!(store.flow_runs(&any(), 2).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn runs_are_forgotten_by_age_and_by_count_but_not_while_they_run() {
    on_each(async |store| {
        let mut made = Vec::new();
        for index in 0..6 {
            let id = store.begin_flow_run(&new("vip"), at(index)).await.unwrap();
            if index != 1 {
                store
                    .end_flow_run(&id, FlowRunState::Done, &counts(1), at(index + 10))
                    .await
                    .unwrap();
            }
            made.push(id);
        }
        let left = |store: &'static str, indices: &[usize]| {
            let expected: Vec<_> = indices.iter().map(|index| made[*index].clone()).collect();
            (store, expected)
        };
        assert_eq!(store.forget_flow_runs(at(12)).await.unwrap(), 1);
        let (why, expected) = left("by age", &[5, 4, 3, 2, 1]);
        assert_eq!(ids(store, &FlowRunFilter::default()).await, expected, "{why}");
        assert_eq!(store.keep_newest_flow_runs("vip", 2).await.unwrap(), 2);
        let (why, expected) = left("by count", &[5, 4, 1]);
        assert_eq!(ids(store, &FlowRunFilter::default()).await, expected, "{why}");
        assert_eq!(store.keep_newest_flow_runs("other", 0).await.unwrap(), 0);
        assert_eq!(store.keep_newest_flow_runs("a\0", 0).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_becomes_of_queued_deliveries_counts_for_the_run_that_made_them() {
    on_each(async |store| {
        let run = store.begin_flow_run(&new("vip"), at(0)).await.unwrap();
        begin(store, "vip").await;
        let batch: Vec<NewDelivery> = ["a", "b", "c"]
            .map(|record| NewDelivery {
                run: Some(run.clone()),
                ..queue::new("k", record)
            })
            .into();
        store.enqueue(&batch, 1, at(0)).await.unwrap();
        let noted = FlowRunCounts {
            read: 3,
            queued: 3,
            calls: 2,
            errors: BTreeMap::from([("TL0112".to_owned(), 4)]),
            ..FlowRunCounts::default()
        };
        store.note_flow_run(&run, &noted).await.unwrap();
        let lane = store.claim(&queue::claim("a"), at(1)).await.unwrap().remove(0);
        let settled = Settled {
            done: vec![lane.deliveries[0].seq],
            dead: vec![Dead {
                seq: lane.deliveries[1].seq,
                fate: None,
                failure: queue::failure("refused"),
            }],
            again: vec![Again {
                seq: lane.deliveries[2].seq,
                due_at: at(9),
                error: "not now".to_owned(),
            }],
            tallies: vec![Tally {
                run: run.clone(),
                delivered: 1,
                dead: 1,
                retried: 1,
                calls: 5,
                errors: BTreeMap::from([("TL0105".to_owned(), 1), ("TL0112".to_owned(), 1)]),
            }],
            is_free: true,
            ..Settled::default()
        };
        store.settle_lane(&lane.held, &settled, at(2)).await.unwrap();
        // The run knows nothing of it, and takes nothing back.
        store
            .end_flow_run(&run, FlowRunState::Done, &noted, at(3))
            .await
            .unwrap();
        let counts = store.flow_run(&run).await.unwrap().counts;
        assert_eq!((counts.delivered, counts.dead, counts.retried), (1, 1, 1));
        assert_eq!((counts.read, counts.queued, counts.calls), (3, 3, 7));
        let errors = BTreeMap::from([("TL0105".to_owned(), 1), ("TL0112".to_owned(), 5)]);
        assert_eq!(counts.errors, errors);
        let listed = store.flow_runs(&FlowRunFilter::default(), 10).await.unwrap();
        assert_eq!(listed[0].counts.errors, errors);
        // Somebody may have forgotten the run since; what waited is settled all the same.
        assert_eq!(store.forget_flow_runs(at(10)).await.unwrap(), 1);
        let lane = store.claim(&queue::claim("a"), at(10)).await.unwrap().remove(0);
        let late = Settled {
            done: vec![lane.deliveries[0].seq],
            tallies: settled.tallies,
            is_free: true,
            ..Settled::default()
        };
        store.settle_lane(&lane.held, &late, at(11)).await.unwrap();
        assert_eq!(store.pending_deliveries("vip").await.unwrap(), 0);
    })
    .await;
}
