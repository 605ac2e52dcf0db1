//! What is kept is forgotten when its time is over.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use trunkline_store::{
    ActionRunFilter, ActionRunState, BatchBegun, BatchFilter, BatchProgress, BatchState, Begun, FateFilter,
    FlowOrigin, NewActionRun, NewBatch, NewFlow,
};

use crate::harness::{Process, flow, now};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn the_journal_of_actions_and_old_batches_are_forgotten_after_the_time_that_runs_are_kept() {
    let process =
        Process::start_with(|options| options.retention.runs = Some(Duration::from_hours(48))).await;
    // What the process was started with comes first.
    process
        .store
        .set_retention(&[("runs", Some(3_600))])
        .await
        .unwrap();
    assert_forgets(process).await;
}

#[tokio::test]
async fn what_is_set_while_the_process_runs_is_what_counts_from_then_on() {
    let process = Process::start().await;
    process
        .store
        .set_retention(&[("runs", Some(3_600 * 48))])
        .await
        .unwrap();
    assert_forgets(process).await;
}

/// Of what ended four days and one day ago only the latter is left.
async fn assert_forgets(process: Process) {
    let store = &process.store;
    let holder = store.be_holder(DAY * 30, now()).await.unwrap();
    for began in [now(), now() + DAY * 3] {
        let run = NewActionRun {
            workspace: "abcd1234".to_owned(),
            action: "tags.create".to_owned(),
            input_digest: "digest".to_owned(),
            input: json!({"name": "vip"}),
            key: None,
            undo_of: None,
            batch: None,
            by_whom: "test".to_owned(),
        };
        let Begun::New(run) = store.begin_action_run(&run, &holder, began).await.unwrap() else {
            panic!("it has no key");
        };
        store
            .finish_action_run(&run, ActionRunState::Done, None, None, began)
            .await
            .unwrap();
        let batch = NewBatch {
            workspace: "abcd1234".to_owned(),
            action: "tags.create".to_owned(),
            source_digest: began.to_string(),
            input_name: "tags.csv".to_owned(),
            options: json!({}),
        };
        let BatchBegun::Held(batch, _) = store.begin_batch(&batch, &holder, began).await.unwrap() else {
            panic!("it is new");
        };
        store
            .finish_batch(&batch, BatchState::Stopped, &BatchProgress::default(), began)
            .await
            .unwrap();
    }
    let later = now() + DAY * 4;
    process.clock.advance(DAY * 4);
    let left = async || {
        let runs = store.action_runs(&ActionRunFilter::default(), 9, later).await;
        let batches = store.batches(&BatchFilter::default(), 9, later).await;
        (runs.unwrap().len(), batches.unwrap().len())
    };
    let forgotten = async {
        while left().await != (1, 1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), forgotten).await;
    assert!(waited.is_ok(), "{:?} are left", left().await);
    process.stop().await;
}

#[tokio::test]
async fn what_became_of_records_is_forgotten_as_their_flows_say() {
    let process = Process::start().await;
    let store = &process.store;
    for (name, history) in [
        ("usual", ""),
        ("long", "policy: { history: { records: all, keep: 30d } }\n"),
        ("none", "policy: { history: { records: none } }\n"),
    ] {
        let new = NewFlow {
            name: name.to_owned(),
            text: format!("{}{history}", flow(name)),
            origin: FlowOrigin::File,
            by_whom: "command line".to_owned(),
        };
        store.put_flow(&new, None, now()).await.unwrap();
        for (number, at) in [(1, now()), (2, now() + DAY * 7)] {
            process.delivered(name, "run", number, at).await;
        }
    }
    process.clock.advance(DAY * 8);
    let left = async || {
        let mut left = Vec::new();
        for name in ["usual", "long", "none"] {
            let of_flow = FateFilter {
                flow: Some(name.to_owned()),
                ..FateFilter::default()
            };
            left.push(store.fates(&of_flow, 9).await.unwrap().len());
        }
        left
    };
    let forgotten = async {
        while left().await != [1, 2, 0] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), forgotten).await;
    assert!(waited.is_ok(), "{:?} are left", left().await);
    process.stop().await;
}
