//! What the delivery queue carries: `cargo bench -p trunkline-store --bench queue [rounds] [postgres address]`, one figure a line.
//!
//! The one rule: every step is durable, and the same work is done with a thousand waiting and with a million, so that the two can be
//! compared. `cargo xtask bench queue` runs it and says what was promised.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use tokio::task::JoinSet;
use trunkline_store::{
    Claim, Entropy, FlowOrigin, KeySource, Location, NewDelivery, NewFlow, RecordForm, Settled, Store,
};

/// Deliveries that are added in one transaction.
const LOT: u64 = 200;
/// Who adds at once, and who delivers.
const TASKS: u64 = 4;
/// Deliveries that a round adds and then delivers.
const ROUND: u64 = 20_000;
const SLOTS: u16 = 16;
const WAITING: [u64; 2] = [1_000, 1_000_000];

/// How dedupe keys follow each other.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    /// As numbers and ids of version 7 do.
    Rising,
    /// As hashes and ids of version 4 do.
    Scattered,
}

impl Keys {
    fn key(self, number: u64) -> String {
        match self {
            Self::Rising => format!("{number:020}"),
            // An odd factor makes each number another one.
            Self::Scattered => format!("{:020}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a moment")
}

fn delivery(number: u64, keys: Keys) -> NewDelivery {
    let body =
        "two thousand bytes of a record that came out of a source, and went through transforms. ".repeat(23);
    NewDelivery {
        flow: "bench".to_owned(),
        destination: "out".to_owned(),
        key: Some(format!("contact-{}", number % 5_000)),
        dedupe_key: Some(keys.key(number)),
        record: format!("{{\"id\":{number},\"body\":\"{body}\"}}"),
        form: RecordForm::Ready,
        run: None,
        due_at: now(),
    }
}

/// Adds deliveries from a number on, several tasks at once; how many a second. Making them is not counted.
async fn add(store: &Arc<Store>, from: u64, count: u64, keys: Keys) -> f64 {
    let mut seconds = 0.0;
    for part in (from..from + count).step_by(ROUND as usize) {
        let end = (part + ROUND).min(from + count);
        let mut lots: Vec<Vec<_>> = (0..TASKS).map(|_| Vec::new()).collect();
        for (turn, lot) in (part..end).step_by(LOT as usize).enumerate() {
            let deliveries: Vec<_> = (lot..(lot + LOT).min(end))
                .map(|number| delivery(number, keys))
                .collect();
            lots[turn % TASKS as usize].push(deliveries);
        }
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for lots in lots {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                for lot in lots {
                    let done = store.enqueue(&lot, SLOTS, now()).await.expect("it is kept");
                    assert_eq!(done.new, lot.len() as u64, "none is a repeat");
                }
            });
        }
        tasks.join_all().await;
        seconds += began.elapsed().as_secs_f64();
    }
    count as f64 / seconds
}

/// Delivers a number of deliveries, several tasks at once; how many a second.
async fn deliver(store: &Arc<Store>, count: u64) -> f64 {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let claim = Claim {
                owner: format!("task {task}"),
                life: SignedDuration::from_secs(60),
                lanes: u32::from(SLOTS) / TASKS as u32,
                deliveries: 50,
                flow: None,
                destination: None,
            };
            let mut done = 0;
            while done < count / TASKS {
                for lane in store.claim(&claim, now()).await.expect("it is claimed") {
                    let settled = Settled {
                        done: lane.deliveries.iter().map(|delivery| delivery.seq).collect(),
                        is_free: true,
                        ..Settled::default()
                    };
                    done += settled.done.len() as u64;
                    store
                        .settle_lane(&lane.held, &settled, now())
                        .await
                        .expect("it is settled");
                }
            }
            done
        });
    }
    let done: u64 = tasks.join_all().await.into_iter().sum();
    done as f64 / began.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let rounds: u64 = arguments
        .first()
        .map_or(5, |word| word.parse().expect("a number"));
    for keys in [Keys::Rising, Keys::Scattered] {
        let folder = tempfile::tempdir().expect("a folder");
        let location = match arguments.get(1) {
            Some(address) => Location::Postgres(address.as_str().into()),
            None => Location::Sqlite(Store::file_in(folder.path())),
        };
        let entropy = Entropy::new(rand_chacha::ChaCha12Rng::seed_from_u64(7));
        let key = KeySource::File(Store::key_in(folder.path()));
        let store = Arc::new(Store::open(&location, key, entropy).await.expect("it opens"));
        // What an earlier one left in a database that stays.
        store.remove_flow("bench", true).await.ok();
        let flow = NewFlow {
            name: "bench".to_owned(),
            text: "flow: bench".to_owned(),
            origin: FlowOrigin::File,
            by_whom: "bench".to_owned(),
        };
        store.put_flow(&flow, None, now()).await.expect("it is kept");
        let word = match keys {
            Keys::Rising => "rising",
            Keys::Scattered => "scattered",
        };
        let mut next = 0;
        let mut waiting = 0;
        for level in WAITING {
            if level > waiting {
                add(&store, next, level - waiting, keys).await;
                next += level - waiting;
                waiting = level;
            }
            let (mut adding, mut delivering) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                adding.push(add(&store, next, ROUND, keys).await);
                next += ROUND;
                delivering.push(deliver(&store, ROUND).await);
            }
            println!("{word} {level} add {}", median(adding));
            println!("{word} {level} deliver {}", median(delivering));
        }
        store.close().await;
    }
}
