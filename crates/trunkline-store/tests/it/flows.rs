//! Flows: their texts, and how far each has read.

use jiff::SignedDuration;
use trunkline_store::{FlowOrigin, FlowState, NewFlow, Put, Store};

use crate::{
    backends::{Place, at, on_each},
    dead_letters, flow_runs, queue,
};

pub(crate) fn new(name: &str, text: &str) -> NewFlow {
    NewFlow {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: FlowOrigin::File,
        by_whom: "command line".to_owned(),
    }
}

/// Puts a flow that is not there yet.
pub(crate) async fn begin(store: &Store, name: &str) {
    let put = store.put_flow(&new(name, "flow: it"), None, at(0)).await.unwrap();
    assert!(matches!(put, Put::New(_)), "{put:?}");
}

#[tokio::test]
async fn a_text_takes_the_place_of_the_one_that_its_author_saw_and_of_no_other() {
    on_each(async |store| {
        let Put::New(first) = store.put_flow(&new("vip", "one"), None, at(0)).await.unwrap() else {
            panic!("it is new");
        };
        assert_eq!((first.version, first.state), (1, FlowState::Active));
        assert_eq!(first.digest.len(), 64);
        assert_eq!(store.flow("vip").await.unwrap(), first);
        let put = |text: &'static str, expected| async move {
            let from_console = NewFlow {
                origin: FlowOrigin::Console,
                by_whom: "ada".to_owned(),
                ..new("vip", text)
            };
            store.put_flow(&from_console, expected, at(1)).await.unwrap()
        };
        assert_eq!(
            put("one", Some(9)).await,
            Put::Same(first.clone()),
            "word for word"
        );
        store.set_flow_state("vip", FlowState::Paused).await.unwrap();
        for expected in [None, Some(0), Some(2)] {
            let there = Put::Conflict {
                version: 1,
                digest: first.digest.clone(),
            };
            assert_eq!(put("two", expected).await, there, "{expected:?}");
        }
        let Put::Changed(second) = put("two", Some(1)).await else {
            panic!("it changed");
        };
        assert_eq!((second.version, second.state), (2, FlowState::Paused));
        assert_eq!(
            (second.origin, second.by_whom.as_str()),
            (FlowOrigin::Console, "ada")
        );
        assert_eq!(store.flow("vip").await.unwrap(), second);
        let gone = Put::Conflict {
            version: 0,
            digest: String::new(),
        };
        assert_eq!(
            store.put_flow(&new("none", "x"), Some(3), at(1)).await.unwrap(),
            gone,
            "it was removed meanwhile"
        );
        assert_eq!(store.flows().await.unwrap(), [second]);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_change_one_text_at_once_one_is_shown_the_others() {
    on_each(async |store| {
        begin(store, "vip").await;
        for version in 1..20 {
            let (one, two) = (format!("one {version}"), format!("two {version}"));
            let (one, two) = (new("vip", &one), new("vip", &two));
            let (one, two) = tokio::join!(
                store.put_flow(&one, Some(version), at(1)),
                store.put_flow(&two, Some(version), at(1))
            );
            let outcomes = [one.unwrap(), two.unwrap()];
            let changed: Vec<_> = outcomes
                .iter()
                .filter_map(|put| match put {
                    Put::Changed(flow) => Some(&flow.digest),
                    _ => None,
                })
                .collect();
            let [digest] = changed.as_slice() else {
                panic!("one changed it: {outcomes:?}");
            };
            let shown = Put::Conflict {
                version: version + 1,
                digest: (*digest).clone(),
            };
            assert!(outcomes.contains(&shown), "{outcomes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_is_paused_and_goes_on() {
    on_each(async |store| {
        begin(store, "vip").await;
        for (state, is_change) in [
            (FlowState::Active, false),
            (FlowState::Paused, true),
            (FlowState::Paused, false),
            (FlowState::Active, true),
        ] {
            assert_eq!(store.set_flow_state("vip", state).await.unwrap(), is_change);
            assert_eq!(store.flow("vip").await.unwrap().state, state);
        }
        for name in ["none", "", "a\0b"] {
            let error = store.set_flow_state(name, FlowState::Paused).await.unwrap_err();
            assert_eq!(error.code(), "TL0507", "{name:?}");
            assert_eq!(store.find_flow(name).await.unwrap(), None);
        }
        let error = store.put_flow(&new("", "x"), None, at(0)).await.unwrap_err();
        assert_eq!(error.code(), "TL0510");
    })
    .await;
}

const LIFE: SignedDuration = SignedDuration::from_secs(10);

#[tokio::test]
async fn a_checkpoint_is_saved_under_the_flows_lease_and_never_by_who_lost_it() {
    on_each(async |store| {
        begin(store, "vip").await;
        let lease = |owner: &'static str, seconds| async move {
            store
                .take_lease(&Store::flow_lease("vip"), owner, LIFE, at(seconds))
                .await
                .unwrap()
                .unwrap()
        };
        let first = lease("a", 0).await;
        assert_eq!(store.checkpoint("vip", "contacts").await.unwrap(), None);
        for (part, cursor, seconds) in [("contacts", "1", 1), ("tickets", "{}", 1), ("contacts", "[2]", 2)] {
            store
                .save_checkpoint("vip", part, cursor, &first, at(seconds))
                .await
                .unwrap();
            let found = store.checkpoint("vip", part).await.unwrap().unwrap();
            assert_eq!(
                (found.cursor.as_str(), found.fence, found.saved_at),
                (cursor, 1, at(seconds))
            );
        }
        let second = lease("b", 10).await;
        store
            .save_checkpoint("vip", "contacts", "3", &second, at(11))
            .await
            .unwrap();
        let other = store
            .take_lease("flow:other", "b", LIFE, at(11))
            .await
            .unwrap()
            .unwrap();
        for (holder, part, cursor, code) in [
            (&first, "contacts", "4", "TL0518"),
            (&first, "new", "4", "TL0518"),
            (&other, "contacts", "4", "TL0518"),
            (&second, "contacts", "{", "TL0510"),
            (&second, "", "4", "TL0510"),
        ] {
            let error = store
                .save_checkpoint("vip", part, cursor, holder, at(12))
                .await
                .unwrap_err();
            assert_eq!(error.code(), code, "{part} {cursor} {error}");
        }
        let cursors: Vec<_> = store
            .checkpoints("vip")
            .await
            .unwrap()
            .into_iter()
            .map(|found| found.cursor)
            .collect();
        assert_eq!(cursors, ["3", "{}"]);
        assert_eq!(store.checkpoint("vip", "a\0").await.unwrap(), None);
        for (part, left) in [(Some("tickets"), 1), (None, 0)] {
            let error = store.forget_checkpoints("vip", part, &first).await.unwrap_err();
            assert_eq!(error.code(), "TL0518");
            assert_eq!(store.forget_checkpoints("vip", part, &second).await.unwrap(), 1);
            assert_eq!(store.checkpoints("vip").await.unwrap().len(), left);
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_is_removed_with_what_hangs_on_it_only_when_that_was_asked_for() {
    on_each(async |store| {
        let lease = store
            .take_lease(&Store::flow_lease("vip"), "a", LIFE, at(0))
            .await
            .unwrap()
            .unwrap();
        for (checkpoint, delivery, letter, holds) in [
            (false, false, false, None),
            (true, false, false, Some("1 checkpoints")),
            (true, true, false, Some("1 checkpoints, 2 waiting deliveries")),
            (false, false, true, Some("1 dead letters")),
        ] {
            begin(store, "vip").await;
            store.begin_flow_run(&flow_runs::new("vip"), at(0)).await.unwrap();
            if checkpoint {
                store
                    .save_checkpoint("vip", "contacts", "1", &lease, at(0))
                    .await
                    .unwrap();
            }
            if delivery {
                let batch = [queue::once("d", queue::new("k", "a")), queue::new("", "b")];
                assert_eq!(store.enqueue(&batch, 2, at(0)).await.unwrap().new, 2);
            }
            if letter {
                store
                    .add_dead_letter(&dead_letters::letter("out", "TL0105"), at(0))
                    .await
                    .unwrap();
            }
            match holds {
                None => store.remove_flow("vip", false).await.unwrap(),
                Some(what) => {
                    let error = store.remove_flow("vip", false).await.unwrap_err();
                    assert_eq!(error.code(), "TL0880");
                    assert!(error.to_string().ends_with(what), "{error}");
                    store.flow("vip").await.expect("it is still there");
                    store.remove_flow("vip", true).await.unwrap();
                    assert_eq!(store.flow_runs(&Default::default(), 10).await.unwrap(), []);
                }
            }
            assert_eq!(store.remove_flow("vip", true).await.unwrap_err().code(), "TL0507");
            assert_eq!(store.queue_depths(at(0)).await.unwrap(), []);
            assert_eq!(store.checkpoints("vip").await.unwrap(), []);
            assert_eq!(store.dead_letters(&Default::default(), 10).await.unwrap(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_with_much_history_is_removed_in_small_steps_and_again_after_it_was_cut() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    begin(&store, "vip").await;
    for number in 0..1_300 {
        let letter = dead_letters::letter("out", if number == 1_100 { "TL0811" } else { "TL0105" });
        store.add_dead_letter(&letter, at(number)).await.unwrap();
        store
            .begin_flow_run(&flow_runs::new("vip"), at(number))
            .await
            .unwrap();
    }
    let other = rusqlite::Connection::open(Store::file_in(place.folder.path())).unwrap();
    let cut = "CREATE TRIGGER cut BEFORE DELETE ON dead_letters WHEN old.code = 'TL0811' BEGIN SELECT raise(ABORT, 'cut'); END";
    other.execute_batch(cut).unwrap();
    store.remove_flow("vip", true).await.unwrap_err();
    let left: u64 = store
        .count_dead_letters()
        .await
        .unwrap()
        .iter()
        .map(|kind| kind.count)
        .sum();
    assert!((1..1_300).contains(&left), "{left} letters are left");
    store.flow("vip").await.expect("it is still there");
    other.execute_batch("DROP TRIGGER cut").unwrap();
    store.remove_flow("vip", true).await.unwrap();
    assert_eq!(store.dead_letters(&Default::default(), 10).await.unwrap(), []);
    assert_eq!(store.flow_runs(&Default::default(), 10).await.unwrap(), []);
    assert_eq!(store.find_flow("vip").await.unwrap(), None);
    store.close().await;
}

#[tokio::test]
async fn who_held_a_lane_of_a_removed_flow_settles_nothing_of_the_next_one_of_its_name() {
    on_each(async |store| {
        begin(store, "vip").await;
        store.enqueue(&[queue::new("k", "a")], 1, at(0)).await.unwrap();
        let old = store.claim(&queue::claim("a"), at(0)).await.unwrap().remove(0);
        store.remove_flow("vip", true).await.unwrap();
        begin(store, "vip").await;
        store.enqueue(&[queue::new("k", "b")], 1, at(0)).await.unwrap();
        let new = store.claim(&queue::claim("b"), at(0)).await.unwrap().remove(0);
        let error = store
            .ack(&old.held, &[old.deliveries[0].seq], at(1))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TL0518");
        assert_eq!(queue::records(&new), ["b"]);
    })
    .await;
}
