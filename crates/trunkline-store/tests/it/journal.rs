//! The journal: runs of actions and what they wrote.

use jiff::SignedDuration;
use serde_json::json;
use trunkline_store::{
    ActionRunFilter, ActionRunState, Answer, Begun, HeldRun, Lease, NewActionRun, NewWrite, Store, WriteState,
};

use crate::backends::{at, on_each};

pub(crate) const LIFE: SignedDuration = SignedDuration::from_secs(30);

pub(crate) fn new(key: Option<&str>) -> NewActionRun {
    NewActionRun {
        workspace: "abcd1234".to_owned(),
        action: "contacts.upsert".to_owned(),
        input_digest: "digest-1".to_owned(),
        input: json!({"email": "ada@example.com", "odd": "\u{0}'; -- \u{1f600}"}),
        key: key.map(str::to_owned),
        undo_of: None,
        batch: None,
        by_whom: "command line".to_owned(),
    }
}

pub(crate) fn write(subject: &str) -> NewWrite {
    NewWrite {
        operation: "contacts.update".to_owned(),
        subject: Some(subject.to_owned()),
        path: Some(json!({"id": "1"})),
        payload: Some(json!({"name": "Ada"})),
        before: Some(json!({"name": null})),
        ..NewWrite::default()
    }
}

pub(crate) fn held(begun: Begun) -> HeldRun {
    match begun {
        Begun::New(held) => held,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn begin(store: &Store, holder: &Lease, key: Option<&str>, second: i64) -> HeldRun {
    held(
        store
            .begin_action_run(&new(key), holder, at(second))
            .await
            .unwrap(),
    )
}

pub(crate) async fn finish(store: &Store, run: &HeldRun, state: ActionRunState, second: i64) {
    store
        .finish_action_run(run, state, Some(&json!({"id": "1"})), None, at(second))
        .await
        .unwrap();
}

pub(crate) fn done() -> Answer {
    Answer {
        status: Some(200),
        request_id: Some("req_1\u{0}\r\n".to_owned() + &"x".repeat(300)),
        after: Some(json!({"name": "Ada"})),
        inverse: Some(json!({"operation": "contacts.update"})),
        ..Answer::of(WriteState::Done)
    }
}

#[tokio::test]
async fn a_run_is_kept_whole_with_everything_that_it_wrote() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 1).await;
        assert_eq!(
            store
                .record_sending(&run, &write("contacts/1"), at(2))
                .await
                .unwrap(),
            1
        );
        store.record_answer(&run, 1, &done(), at(3)).await.unwrap();
        let create = NewWrite {
            operation: "tags.create".to_owned(),
            ..NewWrite::default()
        };
        assert_eq!(store.record_sending(&run, &create, at(4)).await.unwrap(), 2);
        let answer = Answer {
            subject: Some("tags/7".to_owned()),
            before: Some(json!([])),
            status: Some(400),
            ..Answer::of(WriteState::Refused)
        };
        store.record_answer(&run, 2, &answer, at(5)).await.unwrap();
        let error = json!({"code": "TL0108"});
        store
            .finish_action_run(&run, ActionRunState::Failed, None, Some(&error), at(6))
            .await
            .unwrap();

        let record = store.action_record(&run.id, at(7)).await.unwrap();
        assert_eq!(record.input, Some(new(None).input));
        let kept = &record.run;
        assert_eq!(
            (kept.action.as_str(), kept.key.as_deref()),
            ("contacts.upsert", Some("k"))
        );
        assert_eq!((kept.state, kept.writes), (ActionRunState::Failed, 2));
        assert_eq!((&kept.outcome, &kept.error), (&None, &Some(error)));
        assert_eq!((kept.started_at, kept.ended_at), (at(1), Some(at(6))));
        let [first, second] = record.writes.as_slice() else {
            panic!("{record:?}");
        };
        assert_eq!(
            (first.seq, first.state, first.status),
            (1, WriteState::Done, Some(200))
        );
        assert_eq!((first.sent_at, first.answered_at), (at(2), Some(at(3))));
        assert_eq!(first.before, Some(json!({"name": null})));
        assert_eq!(first.after, Some(json!({"name": "Ada"})));
        assert_eq!(first.inverse, Some(json!({"operation": "contacts.update"})));
        let request_id = first.request_id.as_deref().unwrap();
        assert!(
            request_id.starts_with("req_1x") && request_id.len() == 128,
            "{request_id}"
        );
        assert_eq!((second.seq, second.state), (2, WriteState::Refused));
        assert_eq!(
            (second.subject.as_deref(), &second.before),
            (Some("tags/7"), &Some(json!([])))
        );
        assert_eq!(
            (&second.path, &second.payload, &second.after),
            (&None, &None, &None)
        );
        let shown = serde_json::to_value(&record).unwrap();
        assert_eq!(
            (&shown["state"], &shown["journal"][1]["state"]),
            (&json!("failed"), &json!("refused"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_that_failed_may_be_tried_again_with_its_key_and_knows_what_it_did() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 0).await;
        store
            .record_sending(&run, &write("contacts/1"), at(1))
            .await
            .unwrap();
        store.record_answer(&run, 1, &done(), at(2)).await.unwrap();
        finish(store, &run, ActionRunState::Failed, 3).await;
        let again = store
            .begin_action_run(&new(Some("k")), &holder, at(4))
            .await
            .unwrap();
        let Begun::Interrupted(held, record) = again else {
            panic!("{again:?}")
        };
        assert_eq!(held.id, run.id);
        assert_eq!(record.writes[0].state, WriteState::Done);
        finish(store, &held, ActionRunState::Done, 5).await;
    })
    .await;
}

#[tokio::test]
async fn a_key_gives_the_first_outcome_again_and_is_good_for_one_input() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        for key in ["good", "better"] {
            let end = ActionRunState::Done;
            let run = begin(store, &holder, Some(key), 0).await;
            let busy = store
                .begin_action_run(&new(Some(key)), &holder, at(1))
                .await
                .unwrap();
            assert!(
                matches!(&busy, Begun::Busy(found) if found.id == run.id),
                "{busy:?}"
            );
            finish(store, &run, end, 2).await;
            let same = store
                .begin_action_run(&new(Some(key)), &holder, at(100))
                .await
                .unwrap();
            let Begun::Same(same) = same else {
                panic!("{same:?}")
            };
            assert_eq!((&same.id, same.state), (&run.id, end));
            assert_eq!(same.outcome, Some(json!({"id": "1"})));
            for other in [
                NewActionRun {
                    input_digest: "digest-2".to_owned(),
                    ..new(Some(key))
                },
                NewActionRun {
                    action: "contacts.find".to_owned(),
                    ..new(Some(key))
                },
            ] {
                let begun = store.begin_action_run(&other, &holder, at(3)).await.unwrap();
                assert!(matches!(begun, Begun::Other(_)), "{begun:?}");
            }
        }
        let elsewhere = NewActionRun {
            workspace: "other".to_owned(),
            ..new(Some("good"))
        };
        held(store.begin_action_run(&elsewhere, &holder, at(4)).await.unwrap());
        assert_ne!(
            begin(store, &holder, None, 5).await.id,
            begin(store, &holder, None, 5).await.id
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_process_died_is_told_from_one_that_is_at_it_and_is_taken_over_once() {
    on_each(async |store| {
        let first = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &first, Some("k"), 0).await;
        store
            .record_sending(&run, &write("contacts/1"), at(1))
            .await
            .unwrap();
        store.record_answer(&run, 1, &done(), at(2)).await.unwrap();
        store
            .record_sending(&run, &write("contacts/2"), at(3))
            .await
            .unwrap();
        let state = async |second| store.action_run(&run.id, at(second)).await.unwrap().state;
        assert_eq!(state(29).await, ActionRunState::Running);
        assert_eq!(state(30).await, ActionRunState::Interrupted);

        let second = store.be_holder(LIFE, at(31)).await.unwrap();
        let other = NewActionRun {
            input_digest: "digest-2".to_owned(),
            ..new(Some("k"))
        };
        let refused = store.begin_action_run(&other, &second, at(31)).await.unwrap();
        assert!(matches!(refused, Begun::Other(_)), "{refused:?}");
        let Begun::Interrupted(taken, record) = store
            .begin_action_run(&new(Some("k")), &second, at(31))
            .await
            .unwrap()
        else {
            panic!("its process is gone");
        };
        let states: Vec<_> = record.writes.iter().map(|write| write.state).collect();
        assert_eq!(states, [WriteState::Done, WriteState::Sending]);
        assert_eq!(record.input, Some(new(None).input));
        assert_eq!(record.run.state, ActionRunState::Running);
        let third = store.be_holder(LIFE, at(32)).await.unwrap();
        for busy in [
            store
                .begin_action_run(&new(Some("k")), &third, at(32))
                .await
                .unwrap(),
            store.take_action_run(&run.id, &third, at(32)).await.unwrap(),
        ] {
            assert!(matches!(busy, Begun::Busy(_)), "{busy:?}");
        }
        for late in [
            store
                .record_sending(&run, &write("contacts/3"), at(33))
                .await
                .map(drop),
            store.record_answer(&run, 2, &done(), at(33)).await,
            store
                .finish_action_run(&run, ActionRunState::Done, None, None, at(33))
                .await,
            store.abandon_action_run(&run).await,
        ] {
            assert_eq!(late.unwrap_err().code(), "TL0518");
        }
        store.record_answer(&taken, 2, &done(), at(34)).await.unwrap();
        finish(store, &taken, ActionRunState::Done, 35).await;
        assert_eq!(store.action_run(&run.id, at(99)).await.unwrap().writes, 2);
        let ended = store.take_action_run(&run.id, &third, at(99)).await.unwrap();
        assert!(matches!(ended, Begun::Same(_)), "{ended:?}");
    })
    .await;
}

#[tokio::test]
async fn a_process_that_slept_keeps_what_nobody_took() {
    on_each(async |store| {
        let mut holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 0).await;
        // Another one comes after days, and forgets the leases of those that seem dead.
        let other = store.be_holder(LIFE, at(200_000)).await.unwrap();
        assert_eq!(store.lease_ends(&holder.name).await.unwrap(), None);
        store
            .record_sending(&run, &write("contacts/1"), at(200_001))
            .await
            .unwrap();
        store.keep_holder(&mut holder, LIFE, at(200_002)).await.unwrap();
        let busy = store
            .begin_action_run(&new(Some("k")), &other, at(200_003))
            .await
            .unwrap();
        assert!(matches!(busy, Begun::Busy(_)), "{busy:?}");
        store.leave_holder(&holder).await.unwrap();
        let taken = store
            .begin_action_run(&new(Some("k")), &other, at(200_004))
            .await
            .unwrap();
        assert!(matches!(taken, Begun::Interrupted(..)), "{taken:?}");
    })
    .await;
}

#[tokio::test]
async fn one_process_that_finds_its_own_run_left_behind_holds_it_once() {
    on_each(async |store| {
        let mut holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let before = begin(store, &holder, Some("k"), 0).await;
        let Begun::Interrupted(after, _) = store
            .begin_action_run(&new(Some("k")), &holder, at(60))
            .await
            .unwrap()
        else {
            panic!("its lease has ended");
        };
        store.keep_holder(&mut holder, LIFE, at(61)).await.unwrap();
        let late = store
            .record_sending(&before, &write("contacts/1"), at(61))
            .await
            .unwrap_err();
        assert_eq!(late.code(), "TL0518");
        store
            .record_sending(&after, &write("contacts/1"), at(61))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_not_found_out_is_taken_up_again_and_ends_once() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 0).await;
        store
            .record_sending(&run, &write("contacts/1"), at(1))
            .await
            .unwrap();
        store
            .record_sending(&run, &write("contacts/2"), at(1))
            .await
            .unwrap();
        store
            .record_answer(&run, 1, &Answer::of(WriteState::Unknown), at(2))
            .await
            .unwrap();
        finish(store, &run, ActionRunState::Unknown, 3).await;
        let writes = store.action_writes(&run.id).await.unwrap();
        assert!(
            writes.iter().all(|write| write.state == WriteState::Unknown),
            "{writes:?}"
        );
        assert_eq!(writes[1].answered_at, None);
        let late = store.record_answer(&run, 1, &done(), at(4)).await.unwrap_err();
        assert_eq!(late.code(), "TL0518", "an ended run is not written into");

        let Begun::Interrupted(again, record) = store
            .begin_action_run(&new(Some("k")), &holder, at(5))
            .await
            .unwrap()
        else {
            panic!("it is not known yet");
        };
        assert_eq!((record.run.ended_at, &record.run.outcome), (None, &None));
        store.record_answer(&again, 1, &done(), at(6)).await.unwrap();
        let settled = store
            .record_answer(&again, 1, &Answer::of(WriteState::Refused), at(6))
            .await
            .unwrap_err();
        assert_eq!(settled.code(), "TL0518", "what is known stays");
        store
            .record_answer(&again, 2, &Answer::of(WriteState::Refused), at(6))
            .await
            .unwrap();
        finish(store, &again, ActionRunState::Done, 7).await;
        let twice = store
            .finish_action_run(&again, ActionRunState::Failed, None, None, at(8))
            .await;
        assert_eq!(twice.unwrap_err().code(), "TL0518");
    })
    .await;
}

#[tokio::test]
async fn a_run_of_one_write_takes_two_steps_and_each_is_done_whole_or_not_at_all() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let sent = async |key: &str, write: &NewWrite| {
            store.begin_and_send(&new(Some(key)), write, &holder, at(1)).await
        };
        let bad = NewWrite::default();
        assert_eq!(sent("k", &bad).await.unwrap_err().code(), "TL0510");
        let run = held(sent("k", &write("contacts/1")).await.unwrap());
        let again = sent("k", &write("contacts/2")).await.unwrap();
        assert!(matches!(again, Begun::Busy(_)), "{again:?}");
        let writes = store.action_writes(&run.id).await.unwrap();
        assert_eq!(
            (writes.len(), writes[0].seq, writes[0].state),
            (1, 1, WriteState::Sending)
        );
        assert_eq!(writes[0].before, write("contacts/1").before);

        let end = async |run: &HeldRun, seq, answer: WriteState, state| {
            let answer = Answer {
                after: Some(json!({"name": "Ada"})),
                ..Answer::of(answer)
            };
            store
                .answer_and_finish(run, (seq, &answer), state, Some(&json!({"id": "1"})), None, at(2))
                .await
                .map_err(|error| error.code())
        };
        for (seq, answer, state, code) in [
            (2, WriteState::Done, ActionRunState::Done, "TL0518"),
            (1, WriteState::Sending, ActionRunState::Done, "TL0510"),
            (1, WriteState::Done, ActionRunState::Running, "TL0510"),
        ] {
            assert_eq!(
                end(&run, seq, answer, state).await,
                Err(code),
                "{seq} {answer:?} {state:?}"
            );
        }
        let record = store.action_record(&run.id, at(3)).await.unwrap();
        assert_eq!(
            (record.run.state, record.writes[0].state),
            (ActionRunState::Running, WriteState::Sending)
        );
        end(&run, 1, WriteState::Done, ActionRunState::Done)
            .await
            .unwrap();
        let record = store.action_record(&run.id, at(3)).await.unwrap();
        assert_eq!(
            (record.run.state, record.writes[0].state),
            (ActionRunState::Done, WriteState::Done)
        );
        assert_eq!(
            (record.run.writes, record.run.outcome),
            (1, Some(json!({"id": "1"})))
        );
        assert_eq!(record.writes[0].after, Some(json!({"name": "Ada"})));
        assert_eq!(
            end(&run, 1, WriteState::Done, ActionRunState::Done).await,
            Err("TL0518")
        );
        let same = sent("k", &write("contacts/1")).await.unwrap();
        assert!(matches!(same, Begun::Same(_)), "{same:?}");
        assert_eq!(store.action_writes(&run.id).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_run_without_writes_can_be_abandoned_and_frees_its_key() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = begin(store, &holder, Some("k"), 0).await;
        store.abandon_action_run(&run).await.unwrap();
        assert_eq!(
            store.action_record(&run.id, at(1)).await.unwrap_err().code(),
            "TL0507"
        );
        assert_eq!(store.abandon_action_run(&run).await.unwrap_err().code(), "TL0518");
        let run = begin(store, &holder, Some("k"), 1).await;
        store
            .record_sending(&run, &write("contacts/1"), at(2))
            .await
            .unwrap();
        assert_eq!(store.abandon_action_run(&run).await.unwrap_err().code(), "TL0518");
    })
    .await;
}

#[tokio::test]
async fn bad_words_states_and_numbers_are_refused_and_leave_nothing() {
    on_each(async |store| {
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        for bad in ["", "a\0b", "line\nbreak", &"k".repeat(256)] {
            let word = || bad.to_owned();
            for refused in [
                NewActionRun {
                    workspace: word(),
                    ..new(None)
                },
                NewActionRun {
                    action: word(),
                    ..new(None)
                },
                NewActionRun {
                    input_digest: word(),
                    ..new(None)
                },
                NewActionRun {
                    key: Some(word()),
                    ..new(None)
                },
                NewActionRun {
                    batch: Some(word()),
                    ..new(None)
                },
                NewActionRun {
                    by_whom: word(),
                    ..new(None)
                },
            ] {
                let error = store
                    .begin_action_run(&refused, &holder, at(0))
                    .await
                    .unwrap_err();
                assert_eq!(error.code(), "TL0510", "{refused:?}");
            }
        }
        for undo_of in ["none", "", "a\0b"] {
            let missing = NewActionRun {
                undo_of: Some(undo_of.to_owned()),
                ..new(None)
            };
            let error = store
                .begin_action_run(&missing, &holder, at(0))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "TL0507", "{undo_of:?}");
        }
        assert_eq!(
            store
                .action_runs(&ActionRunFilter::default(), 9, at(0))
                .await
                .unwrap(),
            []
        );
        let run = begin(store, &holder, None, 0).await;
        for bad in ["", "a\0b"] {
            for refused in [
                NewWrite {
                    operation: bad.to_owned(),
                    ..NewWrite::default()
                },
                NewWrite {
                    subject: Some(bad.to_owned()),
                    ..write("x")
                },
            ] {
                let error = store.record_sending(&run, &refused, at(1)).await.unwrap_err();
                assert_eq!(error.code(), "TL0510", "{refused:?}");
            }
        }
        assert_eq!(
            store
                .record_sending(&run, &write("contacts/1"), at(1))
                .await
                .unwrap(),
            1
        );
        for (seq, answer, code) in [
            (1, Answer::of(WriteState::Sending), "TL0510"),
            (
                1,
                Answer {
                    subject: Some("a\0b".to_owned()),
                    ..done()
                },
                "TL0510",
            ),
            (0, done(), "TL0518"),
            (2, done(), "TL0518"),
            (-1, done(), "TL0518"),
            (i64::MAX, done(), "TL0518"),
        ] {
            let error = store.record_answer(&run, seq, &answer, at(2)).await.unwrap_err();
            assert_eq!(error.code(), code, "{seq} {answer:?}");
        }
        for state in [ActionRunState::Running, ActionRunState::Interrupted] {
            let error = store
                .finish_action_run(&run, state, None, None, at(3))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "TL0510", "{state:?}");
        }
        for error in [
            store.action_run("none", at(4)).await.unwrap_err(),
            store.action_record("'; --", at(4)).await.unwrap_err(),
            store.action_run("a\0b", at(4)).await.unwrap_err(),
            store.take_action_run("none", &holder, at(4)).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "TL0507");
        }
        for bad in ["", "a\0b"] {
            assert_eq!(
                store.erase_subject("abcd1234", bad).await.unwrap_err().code(),
                "TL0510"
            );
            assert_eq!(
                store.erase_subject(bad, "contacts/1").await.unwrap_err().code(),
                "TL0510"
            );
        }
        for none in ["none", "a\0b", ""] {
            assert_eq!(store.action_writes(none).await.unwrap(), []);
            let filter = ActionRunFilter {
                before: Some(none.to_owned()),
                key: Some(none.to_owned()),
                ..ActionRunFilter::default()
            };
            assert_eq!(store.action_runs(&filter, 9, at(4)).await.unwrap(), []);
        }
    })
    .await;
}
