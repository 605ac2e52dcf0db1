//! Many at the queue at once, processes that are killed, connections that drop, disks that are full.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use secrecy::ExposeSecret as _;
use trunkline_store::{
    Claim, ClaimedLane, Dead, Enqueued, KeySource, Location, NewDelivery, Settled, Store, StoreError,
};

use crate::{
    backends::{Place, at, end_sessions_of, entropy, on_each_place},
    flows::begin,
    queue::{LIFE, claim, failure, new, once, records},
};

const KEYS: usize = 5;

fn key_of(record: usize) -> String {
    format!("key {}", record % KEYS)
}

/// Records from a number on, each with a dedupe key of its own.
fn batch(from: usize, count: usize) -> Vec<NewDelivery> {
    (from..from + count)
        .map(|number| once(&format!("{number:08}"), new(&key_of(number), &number.to_string())))
        .collect()
}

fn numbers(lane: &ClaimedLane) -> Vec<usize> {
    records(lane)
        .iter()
        .map(|record| record.parse().unwrap())
        .collect()
}

fn all_of(lane: &ClaimedLane) -> Settled {
    Settled {
        done: lane.deliveries.iter().map(|delivery| delivery.seq).collect(),
        is_free: true,
        ..Settled::default()
    }
}

/// More connections than a store holds.
const MOST_DROPPED: u32 = 64;

/// Everything that waits, in the order in which it is handed out to one process.
async fn drain(store: &Store, seconds: i64) -> Vec<usize> {
    let mut drained = Vec::new();
    let mut dropped = 0;
    loop {
        let lanes = match store.claim(&claim("the last"), at(seconds)).await {
            // A connection that was dropped may be noticed only now; each is used once more at most.
            Err(StoreError::Database { .. }) if dropped < MOST_DROPPED => {
                dropped += 1;
                continue;
            }
            lanes => lanes.unwrap(),
        };
        if lanes.is_empty() {
            return drained;
        }
        for lane in lanes {
            store
                .settle_lane(&lane.held, &all_of(&lane), at(seconds))
                .await
                .unwrap();
            drained.extend(numbers(&lane));
        }
    }
}

fn assert_in_order(arrived: &[usize]) {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for number in arrived {
        let before = last.insert(key_of(*number), *number);
        assert!(
            before.is_none_or(|before| before < *number),
            "{number} after {before:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_add_and_deliver_at_once_in_two_processes_nobody_meets_another() {
    const EACH: usize = 200;
    on_each_place(async |place| {
        let key = || KeySource::File(place.key_file());
        let stores = [place.open_with(key(), 7).await, place.open_with(key(), 8).await]
            .map(|store| Arc::new(store.unwrap()));
        begin(&stores[0], "vip").await;
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let added = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for producer in 0..KEYS {
            let (store, added) = (Arc::clone(&stores[producer % 2]), Arc::clone(&added));
            tasks.spawn(async move {
                for round in 0..EACH / 5 {
                    let mine = (round * 5..round * 5 + 5).map(|index| index * KEYS + producer);
                    let mut deliveries: Vec<_> = mine.flat_map(|number| batch(number, 1)).collect();
                    // Whoever is not sure sends again.
                    deliveries.extend(batch(producer, 1));
                    let done = store.enqueue(&deliveries, 4, at(0)).await.unwrap();
                    added.fetch_add(usize::try_from(done.new).unwrap(), Ordering::SeqCst);
                }
            });
        }
        for consumer in 0..4 {
            let (store, added) = (Arc::clone(&stores[consumer % 2]), Arc::clone(&added));
            let arrived = Arc::clone(&arrived);
            tasks.spawn(async move {
                let some = Claim {
                    owner: format!("consumer {consumer}"),
                    lanes: 2,
                    deliveries: 3 + u32::try_from(consumer).unwrap(),
                    ..claim("")
                };
                loop {
                    for lane in store.claim(&some, at(0)).await.unwrap() {
                        let mut settled = all_of(&lane);
                        // Not always all of it.
                        settled.done.truncate(settled.done.len().div_ceil(2));
                        let numbers = numbers(&lane);
                        arrived
                            .lock()
                            .unwrap()
                            .extend_from_slice(&numbers[..settled.done.len()]);
                        store.settle_lane(&lane.held, &settled, at(0)).await.unwrap();
                    }
                    if added.load(Ordering::SeqCst) == EACH * KEYS
                        && arrived.lock().unwrap().len() == EACH * KEYS
                    {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
        tasks.join_all().await;
        let arrived = arrived.lock().unwrap().clone();
        assert_in_order(&arrived);
        let distinct: BTreeSet<usize> = arrived.iter().copied().collect();
        assert_eq!(distinct, (0..EACH * KEYS).collect());
        assert_eq!(stores[0].queue_depths(at(0)).await.unwrap(), []);
        for store in stores {
            store.close().await;
        }
    })
    .await;
}

const PLACE: &str = "TRUNKLINE_TEST_QUEUE_PLACE";
const KEY: &str = "TRUNKLINE_TEST_QUEUE_KEY";
const FROM: &str = "TRUNKLINE_TEST_QUEUE_FROM";
const LOT: usize = 20;

/// What the process that is to be killed does: adds and delivers at once, and says so before and after.
async fn work(place: &str, key: String, from: usize) {
    let location = if place.starts_with("postgres") {
        Location::Postgres(place.into())
    } else {
        Location::Sqlite(place.into())
    };
    let store = Store::open(&location, KeySource::File(key.into()), entropy(9))
        .await
        .unwrap();
    let adding = async {
        for round in 0.. {
            let first = from + round * LOT;
            store.enqueue(&batch(first, LOT), 3, at(0)).await.unwrap();
            if writeln!(std::io::stdout(), "added {first}").is_err() {
                return;
            }
        }
    };
    let delivering = async {
        loop {
            for lane in store.claim(&claim("the victim"), at(0)).await.unwrap() {
                let list: Vec<String> = numbers(&lane).iter().map(usize::to_string).collect();
                let list = list.join(" ");
                let begun = writeln!(std::io::stdout(), "begun {list}");
                store
                    .settle_lane(&lane.held, &all_of(&lane), at(0))
                    .await
                    .unwrap();
                if begun.is_err() || writeln!(std::io::stdout(), "arrived {list}").is_err() {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(adding, delivering);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_loses_nothing_and_delivers_nothing_twice() {
    if let (Ok(place), Ok(key), Ok(from)) = (std::env::var(PLACE), std::env::var(KEY), std::env::var(FROM)) {
        return work(&place, key, from.parse().unwrap()).await;
    }
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        begin(&store, "vip").await;
        let address = match &place.location {
            Location::Sqlite(path) => path.display().to_string(),
            Location::Postgres(url) => url.expose_secret().to_owned(),
        };
        let mut arrived = Vec::new();
        let mut unsure = BTreeSet::new();
        let mut from = 0;
        for kill in 0..6 {
            let mut victim = Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "queue_races::a_process_that_is_killed_loses_nothing_and_delivers_nothing_twice",
                    "--nocapture",
                ])
                .envs([(PLACE, address.clone()), (FROM, from.to_string())])
                .env(KEY, place.key_file())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut begun = BTreeSet::new();
            let mut added = from;
            let mut lines = 0;
            for line in BufReader::new(victim.stdout.take().unwrap()).lines() {
                let line = line.unwrap();
                let mut words = line.split(' ');
                let what = words.next().unwrap();
                // The harness of the test says something too.
                let Ok(told) = words.map(str::parse).collect::<Result<Vec<usize>, _>>() else {
                    continue;
                };
                match what {
                    "added" => added = told[0] + LOT,
                    "begun" => begun.extend(told),
                    "arrived" => {
                        for number in &told {
                            begun.remove(number);
                        }
                        arrived.extend(told);
                    }
                    _ => continue,
                }
                lines += 1;
                if lines == 25 + kill * 7 {
                    victim.kill().unwrap();
                }
            }
            victim.wait().unwrap();
            assert!(lines >= 25 + kill * 7, "it came to work");
            unsure.extend(begun);
            // The sender has no answer for the last lot, and sends it again.
            let again = store
                .enqueue(&batch(from, added + LOT - from), 3, at(0))
                .await
                .unwrap();
            assert!(again.new == 0 || again.new == LOT as u64, "{again:?}");
            from = added + LOT;
            arrived.extend(drain(&store, 1_000 * (kill + 1)).await);
        }
        assert_in_order(&arrived);
        let distinct: BTreeSet<usize> = arrived.iter().copied().collect();
        assert_eq!(distinct.len(), arrived.len(), "something arrived twice");
        let lost: Vec<usize> = (0..from)
            .filter(|number| !distinct.contains(number) && !unsure.contains(number))
            .collect();
        assert_eq!(lost, [0; 0]);
        assert_eq!(store.queue_depths(at(0)).await.unwrap(), []);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_drops_at_any_moment_loses_nothing() {
    on_each_place(async |place: &Place| {
        if place.database.is_none() {
            return;
        }
        let store = place.open().await.unwrap();
        begin(&store, "vip").await;
        let mut arrived = Vec::new();
        let mut unsure = BTreeSet::new();
        let mut failed = 0;
        for round in 0..40 {
            let mut now = i64::try_from(round).unwrap() * 100;
            // Until it is answered, however often the connection drops.
            let mut is_first = true;
            loop {
                let drop = async {
                    if is_first {
                        end_sessions_of(place).await;
                    }
                };
                let lot = batch(round * LOT, LOT);
                let (outcome, ()) = tokio::join!(store.enqueue(&lot, 3, at(now)), drop);
                match outcome {
                    Ok(done) => {
                        assert!(done.new == 0 || done.new == LOT as u64, "{done:?}");
                        break;
                    }
                    Err(StoreError::Database { .. }) => failed += 1,
                    Err(other) => panic!("{other}"),
                }
                is_first = false;
            }
            let some = claim("a");
            let (lanes, ()) = tokio::join!(store.claim(&some, at(now)), end_sessions_of(place));
            let lanes = match lanes {
                Ok(lanes) => lanes,
                Err(_) => {
                    failed += 1;
                    // Whether it was claimed is not known; when its time is over, it is handed out again.
                    now += LIFE.as_secs();
                    loop {
                        match store.claim(&some, at(now)).await {
                            Ok(lanes) => break lanes,
                            Err(_) => failed += 1,
                        }
                    }
                }
            };
            for lane in lanes {
                let settled = all_of(&lane);
                let (outcome, ()) = tokio::join!(
                    store.settle_lane(&lane.held, &settled, at(now)),
                    end_sessions_of(place)
                );
                match outcome {
                    Ok(_) => arrived.extend(numbers(&lane)),
                    Err(StoreError::Database { .. }) => {
                        failed += 1;
                        unsure.extend(numbers(&lane));
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        assert!(failed > 0, "some did drop");
        let late = drain(&store, 1_000_000).await;
        assert_in_order(&late);
        arrived.extend(late);
        let distinct: BTreeSet<usize> = arrived.iter().copied().collect();
        assert_eq!(distinct.len(), arrived.len(), "something arrived twice");
        let lost = (0..40 * LOT).filter(|number| !distinct.contains(number) && !unsure.contains(number));
        assert_eq!(lost.count(), 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_refuses_what_has_no_room_and_keeps_all_that_was_taken() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    begin(&store, "vip").await;
    store.limit_pages(300).await.unwrap();
    let long = "x".repeat(2_000);
    let lot = |from: usize| -> Vec<NewDelivery> {
        batch(from, LOT)
            .into_iter()
            .map(|delivery| NewDelivery {
                record: format!("{{\"text\":\"{long}\"}}"),
                ..delivery
            })
            .collect()
    };
    let mut taken = 0;
    let full = loop {
        match store.enqueue(&lot(taken), 2, at(0)).await {
            Ok(done) => assert_eq!(
                done,
                Enqueued {
                    new: LOT as u64,
                    repeats: 0
                }
            ),
            Err(error) => break error,
        }
        taken += LOT;
    };
    assert_eq!(full.code(), "TL0503");
    let pending = async || -> u64 {
        let depths = store.queue_depths(at(0)).await.unwrap();
        depths.iter().map(|depth| depth.pending).sum()
    };
    assert_eq!(pending().await, taken as u64);
    let lanes = store.claim(&claim("a"), at(0)).await.unwrap();
    // What becomes a dead letter needs room as well.
    let everything = Settled {
        dead: lanes[0]
            .deliveries
            .iter()
            .map(|delivery| Dead {
                seq: delivery.seq,
                fate: None,
                failure: failure(&long.repeat(10)),
            })
            .collect(),
        ..Settled::default()
    };
    let error = store
        .settle_lane(&lanes[0].held, &everything, at(0))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "TL0503");
    assert_eq!(pending().await, taken as u64, "nothing of it was done");
    let mut arrived = 0;
    for lane in &lanes {
        store
            .settle_lane(&lane.held, &all_of(lane), at(0))
            .await
            .expect("what leaves needs no room");
        arrived += lane.deliveries.len();
    }
    let again = store.enqueue(&lot(taken), 2, at(0)).await.unwrap();
    assert_eq!(again.new, LOT as u64, "what was refused is no repeat");
    store.limit_pages(1_000_000).await.unwrap();
    loop {
        let lanes = store.claim(&claim("a"), at(0)).await.unwrap();
        if lanes.is_empty() {
            break;
        }
        for lane in lanes {
            store
                .settle_lane(&lane.held, &all_of(&lane), at(0))
                .await
                .unwrap();
            arrived += lane.deliveries.len();
        }
    }
    assert_eq!(arrived, taken + LOT);
    store.close().await;
}
