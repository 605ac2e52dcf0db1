//! What became of records whose whole way is kept.

use trunkline_store::{
    Dead, DeadLetterFilter, Fate, FateFilter, FateOutcome, NewDeadLetter, NewDelivery, NewFate, NewFlowRun,
    Origin, Origins, RecordForm, Settled, Store, StoreError,
};

use crate::{
    backends::{at, on_each},
    dead_letters::letter,
    flow_runs,
    flows::begin,
    queue::{self, claim, failure},
};

/// A record that was delivered to `out` as it was given.
pub(crate) fn new(run: &str, number: u64) -> NewFate {
    let origin = Origin {
        number,
        id: Some(format!("c-{number}")),
    };
    NewFate {
        run: run.to_owned(),
        version: None,
        origins: vec![(origin, Some(format!("{{\"id\":\"c-{number}\"}}")))],
        joined: 1,
        destination: Some("out".to_owned()),
        outcome: FateOutcome::Delivered,
        key: Some("k".to_owned()),
        head: Some("{}".to_owned()),
        record: None,
        answer: Some("{\"ok\":true}".to_owned()),
        attempts: 2,
        at: at(3),
    }
}

fn let_go(run: &str, number: u64) -> NewFate {
    NewFate {
        destination: None,
        outcome: FateOutcome::LetGo,
        key: None,
        answer: None,
        attempts: 0,
        ..new(run, number)
    }
}

fn origins(numbers: &[u64]) -> Origins {
    let followed = numbers.iter().map(|number| new("", *number).origins[0].0.clone());
    Origins {
        followed: followed.collect(),
        of: numbers.len() as u64,
    }
}

async fn add(store: &Store, flow: &str, fate: NewFate, seconds: i64) {
    let fate = NewFate {
        at: at(seconds),
        ..fate
    };
    store.add_fates(flow, &[fate]).await.unwrap();
}

async fn all(store: &Store, filter: FateFilter) -> Vec<Fate> {
    store.fates(&filter, 1_000).await.unwrap()
}

fn shown(fates: &[Fate]) -> Vec<(u64, &str, FateOutcome)> {
    let one = |fate: &Fate| (fate.origin, fate.outcome);
    let mut shown: Vec<_> = fates
        .iter()
        .map(|fate| (one(fate).0, fate.destination.as_str(), one(fate).1))
        .collect();
    shown.sort_by_key(|(origin, destination, _)| (*origin, *destination));
    shown
}

#[tokio::test]
async fn what_became_of_a_record_is_kept_as_it_was_told() {
    on_each(async |store| {
        let run = NewFlowRun {
            version: 7,
            ..flow_runs::new("vip")
        };
        let run = store.begin_flow_run(&run, at(0)).await.unwrap();
        let changed = NewFate {
            record: Some("{\"name\":\"A\"}".to_owned()),
            ..new(&run, 4)
        };
        add(store, "vip", changed, 1).await;
        let kept = all(store, FateFilter::default()).await.remove(0);
        let expected = Fate {
            id: kept.id.clone(),
            flow: "vip".to_owned(),
            run,
            version: 7,
            origin: 4,
            record_id: Some("c-4".to_owned()),
            key: Some("k".to_owned()),
            destination: "out".to_owned(),
            outcome: FateOutcome::Delivered,
            head: Some("{}".to_owned()),
            source_record: Some("{\"id\":\"c-4\"}".to_owned()),
            record: Some("{\"name\":\"A\"}".to_owned()),
            joined: 1,
            joined_into: None,
            answer: Some("{\"ok\":true}".to_owned()),
            letter: None,
            attempts: 2,
            at: at(1),
        };
        assert_eq!(kept, expected);
        assert_eq!(store.fate(&kept.id).await.unwrap(), expected);
        for id in ["", "none", "a\0"] {
            let error = store.fate(id).await.unwrap_err();
            assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        }
        // The run may be forgotten, or another version may have made it.
        let anew = NewFate {
            version: Some(9),
            ..new("gone", 1)
        };
        add(store, "vip", anew, 2).await;
        add(store, "vip", new("gone", 2), 3).await;
        let versions: Vec<_> = all(store, FateFilter::default()).await;
        let versions: Vec<_> = versions.iter().map(|fate| fate.version).collect();
        assert_eq!(versions, [0, 9, 7]);
    })
    .await;
}

#[tokio::test]
async fn what_several_were_joined_into_belongs_to_each_and_is_kept_once() {
    on_each(async |store| {
        let mut joined = NewFate {
            record: Some("[1,2,3]".to_owned()),
            joined: 5,
            ..new("r", 1)
        };
        joined.origins.push(new("r", 2).origins[0].clone());
        joined.origins.push((Origin { number: 3, id: None }, None));
        add(store, "vip", joined, 1).await;
        let mut found = all(store, FateFilter::default()).await;
        found.sort_by_key(|fate| fate.origin);
        let first = found[0].id.clone();
        for (fate, source, into) in [
            (&found[0], Some("{\"id\":\"c-1\"}"), None),
            (&found[1], Some("{\"id\":\"c-2\"}"), Some(first.as_str())),
            (&found[2], None, Some(first.as_str())),
        ] {
            assert_eq!(fate.source_record.as_deref(), source);
            assert_eq!(fate.joined_into.as_deref(), into);
            assert_eq!((fate.joined, fate.record.as_deref()), (5, Some("[1,2,3]")));
            assert_eq!(fate.answer.as_deref(), Some("{\"ok\":true}"));
        }
        let of_second = FateFilter {
            record: Some("c-2".to_owned()),
            ..FateFilter::default()
        };
        assert_eq!(all(store, of_second).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn every_part_of_a_filter_narrows() {
    on_each(async |store| {
        add(store, "vip", new("r1", 1), 10).await;
        let other = NewFate {
            destination: Some("file".to_owned()),
            key: Some("x".repeat(300)),
            ..new("r1", 1)
        };
        add(store, "vip", other, 20).await;
        add(store, "vip", let_go("r1", 2), 30).await;
        add(store, "vip", new("r2", 1), 40).await;
        add(store, "all", new("r3", 9), 50).await;
        let word = |word: &str| Some(word.to_owned());
        let is = FateFilter::default;
        let third = all(store, is()).await[2].id.clone();
        for (filter, expected) in [
            (is(), 5),
            (
                FateFilter {
                    flow: word("vip"),
                    ..is()
                },
                4,
            ),
            (
                FateFilter {
                    run: word("r1"),
                    ..is()
                },
                3,
            ),
            (
                FateFilter {
                    run: word("r1"),
                    origin: Some(1),
                    ..is()
                },
                2,
            ),
            (
                FateFilter {
                    flow: word("vip"),
                    run: word("r3"),
                    ..is()
                },
                0,
            ),
            (
                FateFilter {
                    destination: word("file"),
                    flow: word("vip"),
                    ..is()
                },
                1,
            ),
            (
                FateFilter {
                    outcome: Some(FateOutcome::LetGo),
                    flow: word("vip"),
                    ..is()
                },
                1,
            ),
            (
                FateFilter {
                    outcome: Some(FateOutcome::Delivered),
                    ..is()
                },
                4,
            ),
            (
                FateFilter {
                    record: word("c-1"),
                    ..is()
                },
                3,
            ),
            (
                FateFilter {
                    record: word("c-1"),
                    run: word("r2"),
                    destination: word("out"),
                    flow: word("vip"),
                    ..is()
                },
                1,
            ),
            (
                FateFilter {
                    record: word("' OR true --"),
                    ..is()
                },
                0,
            ),
            (
                FateFilter {
                    key: Some("x".repeat(300)),
                    flow: word("vip"),
                    ..is()
                },
                1,
            ),
            (
                FateFilter {
                    since: Some(at(20)),
                    ..is()
                },
                4,
            ),
            (
                FateFilter {
                    until: Some(at(20)),
                    ..is()
                },
                1,
            ),
            (
                FateFilter {
                    since: Some(at(20)),
                    until: Some(at(50)),
                    flow: word("vip"),
                    ..is()
                },
                3,
            ),
            (
                FateFilter {
                    before: Some(third.clone()),
                    ..is()
                },
                2,
            ),
            (
                FateFilter {
                    flow: word("a\0"),
                    ..is()
                },
                0,
            ),
        ] {
            let found = all(store, filter.clone()).await;
            assert_eq!(found.len(), expected, "{filter:?}");
            assert!(found.is_sorted_by(|one, next| one.id > next.id));
        }
        assert_eq!(store.fates(&is(), 2).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_no_database_takes_is_refused_or_kept_as_a_hash() {
    on_each(async |store| {
        let bad = [
            NewFate {
                run: String::new(),
                ..new("r", 1)
            },
            NewFate {
                destination: Some("a\n".to_owned()),
                ..new("r", 1)
            },
            NewFate {
                record: Some("{".to_owned()),
                ..new("r", 1)
            },
            NewFate {
                answer: Some("nope".to_owned()),
                ..new("r", 1)
            },
            NewFate {
                origins: vec![(Origin::default(), Some("'".to_owned()))],
                ..new("r", 1)
            },
        ];
        for fate in bad {
            let error = store
                .add_fates("vip", std::slice::from_ref(&fate))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "TL0510", "{fate:?}");
        }
        let mut strange = new("r", 1);
        strange.origins[0].0.id = Some("a\0b".to_owned());
        strange.answer = Some("\"a\\u0000b\"".to_owned());
        add(store, "vip", strange, 1).await;
        let asked = FateFilter {
            record: Some("a\0b".to_owned()),
            ..FateFilter::default()
        };
        assert_eq!(all(store, asked).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_dead_letter_has_a_row_and_its_way_back_belongs_to_the_same_record() {
    on_each(async |store| {
        begin(store, "vip").await;
        let dead = NewDeadLetter {
            origins: Some(origins(&[4])),
            ..letter("out", "TL0105")
        };
        let id = store.add_dead_letter(&dead, at(0)).await.unwrap();
        let row = all(store, FateFilter::default()).await.remove(0);
        assert_eq!(
            (row.outcome, row.letter.as_deref()),
            (FateOutcome::Dead, Some(id.as_str()))
        );
        assert_eq!((row.run.as_str(), row.origin, row.attempts), ("run-1", 4, 8));
        assert!(
            store
                .redrive_one(&id, RecordForm::Source, 1, at(1))
                .await
                .unwrap()
        );
        let lane = store.claim(&claim("a"), at(2)).await.unwrap().remove(0);
        assert_eq!(lane.deliveries[0].origins, Some(origins(&[4])));
        let settled = Settled {
            done: vec![lane.deliveries[0].seq],
            fates: vec![new("run-1", 4)],
            is_free: true,
            ..Settled::default()
        };
        store.settle_lane(&lane.held, &settled, at(3)).await.unwrap();
        let of_record = FateFilter {
            run: Some("run-1".to_owned()),
            origin: Some(4),
            ..FateFilter::default()
        };
        let whole = all(store, of_record).await;
        let outcomes: Vec<_> = whole.iter().map(|fate| fate.outcome).collect();
        assert_eq!(outcomes, [FateOutcome::Delivered, FateOutcome::Dead]);
        assert!(whole.iter().all(|fate| fate.flow == "vip"));
    })
    .await;
}

#[tokio::test]
async fn what_became_of_queued_records_is_settled_with_them_or_not_at_all() {
    on_each(async |store| {
        begin(store, "vip").await;
        let delivery = |number: u64| NewDelivery {
            run: Some("r".to_owned()),
            origins: Some(origins(&[number])),
            ..queue::new("k", "a")
        };
        store
            .enqueue(&[delivery(1), delivery(2), queue::new("k", "b")], 1, at(0))
            .await
            .unwrap();
        let lane = store.claim(&claim("a"), at(1)).await.unwrap().remove(0);
        let carried: Vec<_> = lane.deliveries.iter().map(|one| one.origins.clone()).collect();
        assert_eq!(carried, [Some(origins(&[1])), Some(origins(&[2])), None]);
        let seqs: Vec<_> = lane.deliveries.iter().map(|one| one.seq).collect();
        let dead = Dead {
            seq: seqs[1],
            fate: Some(NewFate::of_letter(
                &origins(&[2]),
                "r",
                "out",
                Some(&"k".to_owned()),
                1,
                at(2),
            )),
            failure: failure("refused"),
        };
        let settled = Settled {
            done: vec![seqs[0]],
            dead: vec![dead],
            fates: vec![new("r", 1)],
            is_free: true,
            ..Settled::default()
        };
        let mut old = lane.held.clone();
        old.fence -= 1;
        assert!(store.settle_lane(&old, &settled, at(2)).await.is_err());
        assert_eq!(
            all(store, FateFilter::default()).await,
            [],
            "an old fence settles nothing"
        );
        let ids = store.settle_lane(&lane.held, &settled, at(2)).await.unwrap();
        let found = all(store, FateFilter::default()).await;
        let expected = [(1, "out", FateOutcome::Delivered), (2, "out", FateOutcome::Dead)];
        assert_eq!(shown(&found), expected);
        let of_letter = found
            .iter()
            .find(|fate| fate.outcome == FateOutcome::Dead)
            .unwrap();
        assert_eq!(of_letter.letter, ids.first().cloned());
        let letters = store
            .dead_letters(&DeadLetterFilter::default(), 10)
            .await
            .unwrap();
        assert_eq!(letters[0].origins, Some(origins(&[2])));
    })
    .await;
}

#[tokio::test]
async fn rows_are_forgotten_by_age_and_by_number_and_go_with_their_flow() {
    on_each(async |store| {
        begin(store, "vip").await;
        let many: Vec<_> = (0..1_201)
            .map(|number| NewFate {
                at: at(0),
                ..new("r", number)
            })
            .collect();
        store.add_fates("vip", &many).await.unwrap();
        for second in 1..=5 {
            add(store, "vip", new("r", second), second as i64).await;
            add(store, "other", let_go("q", second), second as i64).await;
        }
        assert_eq!(store.keep_newest_fates("vip", 10).await.unwrap(), 1_196);
        assert_eq!(store.keep_newest_fates("vip", 10).await.unwrap(), 0);
        assert_eq!(store.forget_fates(Some("vip"), at(3)).await.unwrap(), 7);
        assert_eq!(store.forget_fates(Some("vip"), at(3)).await.unwrap(), 0);
        let left = |flow: &str| FateFilter {
            flow: Some(flow.to_owned()),
            ..FateFilter::default()
        };
        let ages: Vec<_> = all(store, left("vip")).await;
        let ages: Vec<_> = ages.iter().map(|fate| fate.at).collect();
        assert_eq!(ages, [at(5), at(4), at(3)]);
        assert_eq!(all(store, left("other")).await.len(), 5);
        assert_eq!(store.forget_fates(None, at(2)).await.unwrap(), 1);
        store.remove_flow("vip", false).await.unwrap();
        assert_eq!(all(store, left("vip")).await, []);
        assert_eq!(all(store, left("other")).await.len(), 4);
    })
    .await;
}
