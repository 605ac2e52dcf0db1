//! What the delivery queue carries: `cargo bench -p trunkline-store --bench queue [rounds] [rising|scattered|both] [how many wait] [two
//! empty databases of PostgreSQL]`, one figure a line: how many a second, and microseconds of processor time for each.
//!
//! The one rule: every step is durable, and the same work is done with a thousand waiting and with a million, so that the two can be
//! compared. `cargo xtask bench queue` runs it and says what was promised.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

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
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;

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
        head: None,
        source_record: None,
        form: RecordForm::Ready,
        run: None,
        origins: None,
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

/// Delivers at least a number of deliveries, several tasks at once; how many, and how many a second.
async fn deliver(store: &Arc<Store>, count: u64) -> (u64, f64) {
    let began = Instant::now();
    let total = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, total) = (Arc::clone(store), Arc::clone(&total));
        tasks.spawn(async move {
            let claim = Claim {
                owner: format!("task {task}"),
                life: SignedDuration::from_secs(60),
                lanes: u32::from(SLOTS) / TASKS as u32,
                deliveries: 50,
                flow: None,
                destination: None,
                of_paused: false,
            };
            while total.load(Ordering::SeqCst) < count {
                for lane in store.claim(&claim, now()).await.expect("it is claimed") {
                    let settled = Settled {
                        done: lane.deliveries.iter().map(|delivery| delivery.seq).collect(),
                        is_free: true,
                        ..Settled::default()
                    };
                    total.fetch_add(settled.done.len() as u64, Ordering::SeqCst);
                    store
                        .settle_lane(&lane.held, &settled, now())
                        .await
                        .expect("it is settled");
                }
            }
        });
    }
    tasks.join_all().await;
    let total = total.load(Ordering::SeqCst);
    (total, total as f64 / began.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// Seconds of processor time that this process has used, as Linux counts them: in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A queue of its own, with so many waiting.
struct Queue {
    store: Arc<Store>,
    next: u64,
    waiting: u64,
    /// How many wait at the end of a round.
    level: u64,
    /// How many a second, and microseconds of processor time for each, round by round: added, then delivered.
    figures: [(Vec<f64>, Vec<f64>); 2],
    _folder: tempfile::TempDir,
}

impl Queue {
    async fn open(waiting: u64, keys: Keys, address: Option<&String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = match address {
            Some(address) => Location::Postgres(address.as_str().into()),
            None => Location::Sqlite(Store::file_in(folder.path())),
        };
        let entropy = Entropy::new(rand_chacha::ChaCha12Rng::seed_from_u64(7));
        let key = KeySource::File(Store::key_in(folder.path()));
        let store = Arc::new(Store::open(&location, key, entropy).await.expect("it opens"));
        let flow = NewFlow {
            name: "bench".to_owned(),
            text: "flow: bench".to_owned(),
            origin: FlowOrigin::File,
            by_whom: "bench".to_owned(),
        };
        store.put_flow(&flow, None, now()).await.expect("it is kept");
        add(&store, 0, waiting, keys).await;
        Self {
            store,
            next: waiting,
            waiting,
            level: waiting,
            figures: Default::default(),
            _folder: folder,
        }
    }

    async fn round(&mut self, keys: Keys) {
        let before = cpu();
        // The last round may have delivered a few more than it added.
        let count = ROUND + self.level - self.waiting;
        let added = add(&self.store, self.next, count, keys).await;
        self.next += count;
        let between = cpu();
        let (gone, delivered) = deliver(&self.store, ROUND).await;
        self.waiting = self.waiting + count - gone;
        let spent = [
            (between - before) * 1e6 / count as f64,
            (cpu() - between) * 1e6 / gone as f64,
        ];
        for ((speeds, costs), (speed, cost)) in self
            .figures
            .iter_mut()
            .zip([added, delivered].into_iter().zip(spent))
        {
            speeds.push(speed);
            costs.push(cost);
        }
    }
}

/// Rounds take turns between the queue with few and the one with many, so that whatever else the machine does meets both.
#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let rounds: u64 = arguments
        .first()
        .map_or(5, |word| word.parse().expect("a number"));
    let many = arguments
        .get(2)
        .map_or(MANY, |word| word.parse().expect("a number"));
    let kinds = [("rising", Keys::Rising), ("scattered", Keys::Scattered)];
    for (word, keys) in kinds {
        if arguments
            .get(1)
            .is_some_and(|only| only != "both" && only != word)
        {
            continue;
        }
        let mut queues = Vec::new();
        for (index, waiting) in [FEW, many].into_iter().enumerate() {
            queues.push(Queue::open(waiting, keys, arguments.get(3 + index)).await);
        }
        for _ in 0..rounds {
            for queue in &mut queues {
                queue.round(keys).await;
            }
        }
        for (queue, waiting) in queues.into_iter().zip([FEW, many]) {
            for ((speeds, costs), what) in queue.figures.into_iter().zip(["add", "deliver"]) {
                println!(
                    "{word} {waiting} {what} {:.0} {:.1}",
                    median(speeds),
                    median(costs)
                );
            }
            queue.store.close().await;
        }
    }
}
