//! Mirrors and their runs.

use jiff::SignedDuration;
use trunkline_store::{Mirror, MirrorDetails, NewMirror, RunState, Store, StoreError};

use crate::{
    backends::{at, on_each},
    connections::new,
};

const LIFE: SignedDuration = SignedDuration::from_secs(30);

async fn mirror(store: &Store) -> Mirror {
    let connection = store.add_connection(&new("acme"), at(0)).await.unwrap();
    let new = NewMirror {
        name: "all".to_owned(),
        connection: connection.id,
        details: MirrorDetails {
            to: "sqlite:mirror.db".to_owned(),
            interval_seconds: 600,
            ..MirrorDetails::default()
        },
    };
    let added = store.add_mirror(&new, at(0)).await.unwrap();
    assert_eq!(store.add_mirror(&new, at(0)).await.unwrap_err().code(), "TL0508");
    added
}

#[tokio::test]
async fn a_due_run_is_begun_once_and_the_next_is_due_an_interval_later() {
    on_each(async |store| {
        let due = mirror(store).await;
        assert_eq!(due.next_run_at, at(0));
        let lease = store
            .take_lease("run/all", "a", LIFE, at(1))
            .await
            .unwrap()
            .unwrap();
        let run = store.begin_run(&due, &lease, at(1)).await.unwrap().unwrap();
        assert_eq!(
            store.begin_run(&due, &lease, at(1)).await.unwrap(),
            None,
            "it is no longer due"
        );
        assert_eq!(store.mirror("all").await.unwrap().next_run_at, at(601));
        store
            .finish_run(&run, RunState::Complete, "{}", at(5))
            .await
            .unwrap();
        let runs = store.runs(&due.id, 10).await.unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!(
            (runs[0].state, runs[0].finished_at),
            (RunState::Complete, Some(at(5)))
        );
    })
    .await;
}

#[tokio::test]
async fn whoever_lost_the_lease_begins_nothing_and_a_run_left_open_is_marked_lost() {
    on_each(async |store| {
        let due = mirror(store).await;
        let first = store
            .take_lease("run/all", "a", LIFE, at(1))
            .await
            .unwrap()
            .unwrap();
        let left_open = store.begin_run(&due, &first, at(1)).await.unwrap().unwrap();
        let second = store
            .take_lease("run/all", "b", LIFE, at(700))
            .await
            .unwrap()
            .unwrap();
        let due = store.mirror("all").await.unwrap();
        assert_eq!(store.begin_run(&due, &first, at(700)).await.unwrap(), None);
        store.begin_run(&due, &second, at(700)).await.unwrap().unwrap();
        let late = store
            .finish_run(&left_open, RunState::Complete, "{}", at(701))
            .await
            .unwrap_err();
        assert!(matches!(late, StoreError::Unmet));
        let states: Vec<_> = store
            .runs(&due.id, 10)
            .await
            .unwrap()
            .into_iter()
            .map(|run| run.state)
            .collect();
        assert_eq!(states, [RunState::Running, RunState::Lost]);
    })
    .await;
}

#[tokio::test]
async fn a_paused_mirror_begins_no_run_and_is_due_when_it_goes_on() {
    on_each(async |store| {
        let due = mirror(store).await;
        let lease = store
            .take_lease("run/all", "a", LIFE, at(1))
            .await
            .unwrap()
            .unwrap();
        store.pause_mirror("all", true, at(2)).await.unwrap();
        assert_eq!(store.begin_run(&due, &lease, at(3)).await.unwrap(), None);
        store.pause_mirror("all", false, at(9)).await.unwrap();
        let due = store.mirror("all").await.unwrap();
        assert_eq!((due.is_paused, due.next_run_at), (false, at(9)));
        assert!(store.begin_run(&due, &lease, at(9)).await.unwrap().is_some());
        store.run_mirror_now("all", at(10)).await.unwrap();
        assert_eq!(store.mirror("all").await.unwrap().next_run_at, at(10));
        for outcome in [
            store.pause_mirror("none", true, at(11)).await,
            store.run_mirror_now("none", at(11)).await,
            store.remove_mirror("none").await,
        ] {
            assert_eq!(outcome.unwrap_err().code(), "TL0507");
        }
    })
    .await;
}

#[tokio::test]
async fn old_runs_are_forgotten_but_the_last_stays() {
    on_each(async |store| {
        mirror(store).await;
        let lease = store
            .take_lease("run/all", "a", LIFE, at(0))
            .await
            .unwrap()
            .unwrap();
        for second in [1, 601, 1_201] {
            let due = store.mirror("all").await.unwrap();
            let run = store.begin_run(&due, &lease, at(second)).await.unwrap().unwrap();
            store
                .finish_run(&run, RunState::Complete, "{}", at(second + 1))
                .await
                .unwrap();
        }
        assert_eq!(store.forget_runs(at(100_000)).await.unwrap(), 2);
        let due = store.mirror("all").await.unwrap();
        assert_eq!(store.runs(&due.id, 10).await.unwrap()[0].started_at, at(1_201));
    })
    .await;
}

#[tokio::test]
async fn runs_are_shown_page_by_page_and_one_by_one() {
    on_each(async |store| {
        let due = mirror(store).await;
        let mut ids = Vec::new();
        // Two begin in the same moment.
        for second in [1, 2, 2, 3] {
            store.run_mirror_now("all", at(second)).await.unwrap();
            let due = store.mirror("all").await.unwrap();
            let lease = store
                .take_lease("run/all", "a", LIFE, at(second))
                .await
                .unwrap()
                .unwrap();
            let run = store.begin_run(&due, &lease, at(second)).await.unwrap().unwrap();
            store
                .finish_run(&run, RunState::Complete, "{}", at(second))
                .await
                .unwrap();
            ids.push(run.id);
        }
        let all = store.runs(&due.id, 10).await.unwrap();
        for size in 1..=4 {
            let mut seen = Vec::new();
            let mut before: Option<String> = None;
            loop {
                let page = store.runs_before(&due.id, before.as_deref(), size).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some(last.id.clone());
                seen.extend(page);
            }
            assert_eq!(seen, all, "pages of {size}");
        }
        assert_eq!(store.run(&due.id, &ids[0]).await.unwrap().started_at, at(1));
        for (mirror, id) in [(due.id.as_str(), "none"), ("none", ids[0].as_str())] {
            assert_eq!(store.run(mirror, id).await.unwrap_err().code(), "TL0507");
            assert_eq!(
                store.runs_before(mirror, Some(id), 1).await.unwrap_err().code(),
                "TL0507"
            );
        }
    })
    .await;
}
