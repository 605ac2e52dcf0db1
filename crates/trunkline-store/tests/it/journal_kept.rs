//! The journal later on: runs that are looked for, undone, forgotten, erased.

use jiff::SignedDuration;
use serde_json::Value;
use trunkline_store::{ActionRunFilter, ActionRunState, NewActionRun, WriteState};

use crate::{
    backends::{Place, at, on_each},
    journal::{LIFE, begin, done, finish, held, new, write},
};

#[tokio::test]
async fn runs_are_found_by_what_they_are_and_shown_page_by_page() {
    on_each(async |store| {
        let alive = store
            .be_holder(SignedDuration::from_secs(10_000), at(0))
            .await
            .unwrap();
        let dead = store.be_holder(LIFE, at(0)).await.unwrap();
        let mut ids: Vec<String> = Vec::new();
        let runs = [
            (new(Some("k0")), &alive, Some(ActionRunState::Done)),
            (
                NewActionRun {
                    action: "contacts.tag".to_owned(),
                    ..new(None)
                },
                &alive,
                Some(ActionRunState::Failed),
            ),
            (
                NewActionRun {
                    workspace: "other".to_owned(),
                    ..new(Some("k0"))
                },
                &alive,
                None,
            ),
            (
                NewActionRun {
                    batch: Some("b".to_owned()),
                    ..new(None)
                },
                &dead,
                None,
            ),
            (new(None), &alive, Some(ActionRunState::Unknown)),
        ];
        for (index, (new, holder, end)) in runs.into_iter().enumerate() {
            let new = NewActionRun {
                undo_of: (index == 4).then(|| ids[0].clone()),
                ..new
            };
            let second = index as i64;
            let run = held(store.begin_action_run(&new, holder, at(second)).await.unwrap());
            store
                .record_sending(&run, &write(&format!("contacts/{}", index % 2)), at(second))
                .await
                .unwrap();
            if let Some(end) = end {
                finish(store, &run, end, second).await;
            }
            ids.push(run.id);
        }
        let any = ActionRunFilter::default;
        let state = |state| ActionRunFilter {
            state: Some(state),
            ..any()
        };
        let cases = [
            (any(), vec![4, 3, 2, 1, 0]),
            (
                ActionRunFilter {
                    workspace: Some("other".into()),
                    ..any()
                },
                vec![2],
            ),
            (
                ActionRunFilter {
                    action: Some("contacts.tag".into()),
                    ..any()
                },
                vec![1],
            ),
            (
                ActionRunFilter {
                    key: Some("k0".into()),
                    ..any()
                },
                vec![2, 0],
            ),
            (
                ActionRunFilter {
                    key: Some("' OR true --".into()),
                    ..any()
                },
                vec![],
            ),
            (
                ActionRunFilter {
                    batch: Some("b".into()),
                    ..any()
                },
                vec![3],
            ),
            (
                ActionRunFilter {
                    undo_of: Some(ids[0].clone()),
                    ..any()
                },
                vec![4],
            ),
            (
                ActionRunFilter {
                    subject: Some("contacts/1".into()),
                    ..any()
                },
                vec![3, 1],
            ),
            (
                ActionRunFilter {
                    since: Some(at(1)),
                    until: Some(at(3)),
                    ..any()
                },
                vec![2, 1],
            ),
            (
                ActionRunFilter {
                    before: Some(ids[2].clone()),
                    ..any()
                },
                vec![1, 0],
            ),
            (
                ActionRunFilter {
                    workspace: Some("abcd1234".into()),
                    before: Some(ids[4].clone()),
                    ..any()
                },
                vec![3, 1, 0],
            ),
            (state(ActionRunState::Running), vec![2]),
            (state(ActionRunState::Interrupted), vec![3]),
            (state(ActionRunState::Done), vec![0]),
            (state(ActionRunState::Failed), vec![1]),
            (state(ActionRunState::Unknown), vec![4]),
        ];
        for (filter, expected) in cases {
            let found: Vec<_> = store
                .action_runs(&filter, 10, at(100))
                .await
                .unwrap()
                .into_iter()
                .map(|run| run.id)
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| ids[index].clone())
                .collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        let all = store.action_runs(&any(), 10, at(100)).await.unwrap();
        for size in 1..=5 {
            let mut seen = Vec::new();
            loop {
                let before = seen.last().map(|run: &trunkline_store::ActionRun| run.id.clone());
                let page = store
                    .action_runs(&ActionRunFilter { before, ..any() }, size, at(100))
                    .await
                    .unwrap();
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            assert_eq!(seen, all, "pages of {size}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_run_knows_what_undid_it_unless_that_failed() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let first = begin(store, &holder, None, 0).await;
        finish(store, &first, ActionRunState::Done, 1).await;
        let elsewhere = NewActionRun {
            workspace: "other".to_owned(),
            undo_of: Some(first.id.clone()),
            ..new(None)
        };
        let error = store
            .begin_action_run(&elsewhere, &holder, at(2))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TL0507", "an undo stays in its workspace");
        let mut undone_by = None;
        for (second, end) in [(3, ActionRunState::Failed), (4, ActionRunState::Done)] {
            let undo = NewActionRun {
                undo_of: Some(first.id.clone()),
                ..new(None)
            };
            let undo = held(store.begin_action_run(&undo, &holder, at(second)).await.unwrap());
            finish(store, &undo, end, second).await;
            let kept = store.action_run(&undo.id, at(second)).await.unwrap();
            assert_eq!(kept.undo_of.as_ref(), Some(&first.id));
            if end == ActionRunState::Done {
                undone_by = Some(undo.id);
            }
            assert_eq!(
                store.action_run(&first.id, at(9)).await.unwrap().undone_by,
                undone_by
            );
        }
    })
    .await;
}

#[tokio::test]
async fn runs_are_forgotten_by_age_with_their_writes_unless_a_living_process_is_at_them() {
    on_each(async |store| {
        let alive = store
            .be_holder(SignedDuration::from_secs(10_000), at(0))
            .await
            .unwrap();
        let dead = store.be_holder(LIFE, at(0)).await.unwrap();
        let old = begin(store, &alive, Some("k"), 0).await;
        store
            .record_sending(&old, &write("contacts/1"), at(1))
            .await
            .unwrap();
        finish(store, &old, ActionRunState::Done, 2).await;
        let long = begin(store, &alive, None, 0).await;
        finish(store, &long, ActionRunState::Failed, 90).await;
        let running = begin(store, &alive, None, 0).await;
        let left = begin(store, &dead, None, 0).await;
        let young = begin(store, &alive, None, 60).await;
        finish(store, &young, ActionRunState::Done, 61).await;
        assert_eq!(store.forget_action_runs(at(0), at(100)).await.unwrap(), 0);
        assert_eq!(
            store.forget_action_runs(at(50), at(29)).await.unwrap(),
            1,
            "`left` still lives"
        );
        assert_eq!(store.forget_action_runs(at(50), at(100)).await.unwrap(), 1);
        for gone in [&old, &left] {
            assert_eq!(
                store.action_record(&gone.id, at(100)).await.unwrap_err().code(),
                "TL0507"
            );
            assert_eq!(store.action_writes(&gone.id).await.unwrap(), []);
        }
        for kept in [&long, &running, &young] {
            store.action_record(&kept.id, at(100)).await.unwrap();
        }
        begin(store, &alive, Some("k"), 101).await;
        assert_eq!(store.forget_action_runs(at(1_000), at(9_000)).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_great_many_old_runs_are_forgotten_in_small_steps() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    let holder = store.be_holder(LIFE, at(0)).await.unwrap();
    for _ in 0..1_100 {
        let run = begin(&store, &holder, None, 0).await;
        finish(&store, &run, ActionRunState::Done, 0).await;
    }
    assert_eq!(store.forget_action_runs(at(1), at(1)).await.unwrap(), 1_100);
    store.close().await;
}

#[tokio::test]
async fn what_is_held_about_a_subject_is_erased_and_the_fact_stays() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let mut runs = Vec::new();
        for (workspace, subject) in [
            ("abcd1234", "contacts/1"),
            ("abcd1234", "contacts/11"),
            ("other", "contacts/1"),
        ] {
            let new = NewActionRun {
                workspace: workspace.to_owned(),
                ..new(None)
            };
            let run = held(store.begin_action_run(&new, &holder, at(0)).await.unwrap());
            store.record_sending(&run, &write(subject), at(1)).await.unwrap();
            store.record_answer(&run, 1, &done(), at(1)).await.unwrap();
            finish(store, &run, ActionRunState::Done, 2).await;
            runs.push(run.id);
        }
        assert_eq!(store.erase_subject("abcd1234", "contacts/1").await.unwrap(), 1);
        assert_eq!(store.erase_subject("abcd1234", "contacts/2").await.unwrap(), 0);
        let record = async |index: usize| store.action_record(&runs[index], at(3)).await.unwrap();
        let erased = record(0).await;
        assert_eq!((&erased.input, &erased.run.outcome), (&None::<Value>, &None));
        let write = &erased.writes[0];
        assert_eq!(
            (write.state, write.subject.as_deref()),
            (WriteState::Done, Some("contacts/1"))
        );
        for document in [
            &write.path,
            &write.query,
            &write.payload,
            &write.before,
            &write.after,
            &write.inverse,
        ] {
            assert_eq!(document, &None);
        }
        for index in [1, 2] {
            let kept = record(index).await;
            assert!(
                kept.input.is_some() && kept.writes[0].before.is_some(),
                "{kept:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_removed_leaves_the_journal() {
    on_each(async |store| {
        store
            .add_connection(&crate::connections::new("acme"), at(0))
            .await
            .unwrap();
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 0).await;
        store.remove_connection("acme").await.unwrap();
        assert_eq!(
            store.action_record(&run.id, at(1)).await.unwrap().input,
            Some(new(None).input)
        );
    })
    .await;
}
