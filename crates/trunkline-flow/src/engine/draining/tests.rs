use std::collections::BTreeMap;

use futures::future::BoxFuture;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    Cursor, Marks,
    document::{Jq, Order, Retry},
    engine::{
        DeadLetter, Steps,
        queue::Queued,
        testing::{Each, Kept, Noted, engine, flow, occasion, way},
    },
};

/// How long a lane stays with whoever claimed it.
const LIFE: SignedDuration = SignedDuration::from_secs(12);

/// A queue in memory, on the paused clock.
struct Remembered {
    state: std::sync::Mutex<State>,
    began: tokio::time::Instant,
}

#[derive(Default)]
struct State {
    lanes: Vec<Row>,
    numbers: i64,
    keys: HashSet<(String, String)>,
    letters: Vec<DeadLetter>,
    fates: Vec<Fate>,
    /// After so many settlements the process is gone.
    dies_after: Option<u32>,
}

struct Row {
    way: String,
    slot: usize,
    keeps_order: bool,
    fence: i64,
    fruitless: u32,
    locked_until: Timestamp,
    waiting: Vec<(Waiting, Timestamp)>,
}

impl Remembered {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: std::sync::Mutex::default(),
            began: tokio::time::Instant::now(),
        })
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn letters(&self) -> Vec<DeadLetter> {
        self.state().letters.clone()
    }

    fn add(&self, way: &str, key: Option<&str>, waiting: Waiting) {
        let mut state = self.state();
        state.numbers += 1;
        let slot = key.map_or(0, |key| key.bytes().map(usize::from).sum::<usize>() % 4);
        let row = Waiting {
            number: state.numbers,
            key: key.map(str::to_owned),
            ..waiting
        };
        let is_of =
            |lane: &&mut Row| lane.way == way && lane.slot == slot && lane.keeps_order == key.is_some();
        if let Some(lane) = state.lanes.iter_mut().find(is_of) {
            lane.waiting.push((row, Timestamp::UNIX_EPOCH));
        } else {
            state.lanes.push(Row {
                way: way.to_owned(),
                slot,
                keeps_order: key.is_some(),
                fence: 0,
                fruitless: 0,
                locked_until: Timestamp::UNIX_EPOCH,
                waiting: vec![(row, Timestamp::UNIX_EPOCH)],
            });
        }
    }
}

fn waiting(record: Value, form: Form) -> Waiting {
    Waiting {
        number: 0,
        record: Record::new(record),
        form,
        source: None,
        key: None,
        attempts: 0,
        run: None,
        origins: Marks::default(),
    }
}

impl Queue for Remembered {
    fn put<'a>(
        &'a self,
        way: &'a str,
        deliveries: Vec<Queued>,
        _: u16,
    ) -> BoxFuture<'a, Result<u64, ComponentError>> {
        for queued in deliveries {
            if let Some(key) = &queued.dedupe_key
                && !self.state().keys.insert((way.to_owned(), key.clone()))
            {
                continue;
            }
            let one = Waiting {
                source: queued.source.map(|source| source.to_string()),
                run: Some("run".to_owned()),
                origins: queued.origins,
                ..waiting(queued.record.value.into_value(), Form::Ready)
            };
            self.add(way, queued.key.as_deref(), one);
        }
        self.waiting()
    }

    fn waiting(&self) -> BoxFuture<'_, Result<u64, ComponentError>> {
        let count = self
            .state()
            .lanes
            .iter()
            .map(|lane| lane.waiting.len() as u64)
            .sum();
        Box::pin(async move { Ok(count) })
    }

    fn claim(&self, lanes: u32, deliveries: u32) -> BoxFuture<'_, Result<Vec<Claimed>, ComponentError>> {
        let now = self.now();
        let mut claimed = Vec::new();
        for (at, lane) in self.state().lanes.iter_mut().enumerate() {
            let due = lane.waiting.iter().take_while(|(_, due)| *due <= now);
            let deliveries: Vec<_> = due
                .map(|(one, _)| one.clone())
                .take(deliveries as usize)
                .collect();
            if deliveries.is_empty() || lane.locked_until > now || claimed.len() >= lanes as usize {
                continue;
            }
            lane.fence += 1;
            lane.locked_until = now + LIFE;
            lane.fruitless += 1;
            claimed.push(Claimed {
                lane: Lane {
                    number: at as i64,
                    fence: lane.fence,
                },
                way: lane.way.clone(),
                keeps_order: lane.keeps_order,
                fruitless: lane.fruitless - 1,
                deliveries,
            });
        }
        Box::pin(async { Ok(claimed) })
    }

    fn settle<'a>(&'a self, lane: &'a Lane, outcome: Outcome) -> BoxFuture<'a, Result<bool, ComponentError>> {
        let mut state = self.state();
        if let Some(left) = &mut state.dies_after {
            if *left == 0 {
                return Box::pin(async { Err(ComponentError::stop("TL0006", "the process is gone", "")) });
            }
            *left -= 1;
        }
        let row = &mut state.lanes[lane.number as usize];
        if row.fence != lane.fence {
            return Box::pin(async { Ok(false) });
        }
        if !outcome.done.is_empty() || !outcome.again.is_empty() || !outcome.dead.is_empty() {
            row.fruitless = 0;
        }
        let gone = outcome.done.iter().map(|(number, _)| *number);
        let gone: HashSet<i64> = gone
            .chain(outcome.dead.iter().map(|(number, ..)| *number))
            .collect();
        row.waiting.retain(|(one, _)| !gone.contains(&one.number));
        for again in outcome.again {
            let (one, due) = row
                .waiting
                .iter_mut()
                .find(|(one, _)| one.number == again.number)
                .unwrap();
            one.attempts += 1;
            *due = again.at;
        }
        if outcome.is_free {
            row.locked_until = Timestamp::UNIX_EPOCH;
        }
        state
            .fates
            .extend(outcome.fates.into_iter().map(|(_, fate)| fate));
        state
            .letters
            .extend(outcome.dead.into_iter().map(|(_, _, letter)| letter));
        Box::pin(async { Ok(true) })
    }

    fn renew<'a>(&'a self, lane: &'a Lane) -> BoxFuture<'a, Result<bool, ComponentError>> {
        let until = self.now() + LIFE;
        let row = &mut self.state().lanes[lane.number as usize];
        let is_ours = row.fence == lane.fence;
        if is_ours {
            row.locked_until = until;
        }
        Box::pin(async move { Ok(is_ours) })
    }

    fn next_at(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ComponentError>> {
        let next = |lane: &Row| lane.waiting.first().map(|(_, due)| (*due).max(lane.locked_until));
        let next = self.state().lanes.iter().filter_map(next).min();
        Box::pin(async move { Ok(next) })
    }
}

fn engine_of(queue: &Arc<Remembered>) -> Engine {
    let queue = Arc::clone(queue);
    Engine {
        now: Arc::new(move || queue.now()),
        ..engine()
    }
}

async fn fill(flow: &Flow, queue: &Arc<Remembered>, kept: &Kept) -> Ran {
    let engine = engine_of(queue);
    let port: Arc<dyn Queue> = Arc::clone(queue) as _;
    let (_hold, stop) = watch::channel(false);
    let filling = flow.filling(&port, &engine.now);
    engine.run(&filling, &occasion(), kept, stop).await
}

async fn drain(flow: &Flow, queue: &Arc<Remembered>) -> Ran {
    let port: Arc<dyn Queue> = Arc::clone(queue) as _;
    let (_hold, stop) = watch::channel(false);
    let may_end = watch::channel(true).1;
    engine_of(queue).drain(flow, &port, may_end, stop, |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn a_source_runs_ahead_of_its_destinations_and_all_arrives() {
    let noted = Arc::new(Noted {
        failing: std::sync::Mutex::new(BTreeMap::from([(3, 2)])),
        rejected: vec![5],
        most: 4,
        ..Noted::default()
    });
    let flow = flow(12, 5, Vec::new, &noted);
    let (queue, kept) = (Remembered::new(), Kept::default());
    let filled = fill(&flow, &queue, &kept).await;
    assert_eq!(filled.ended, Ended::Done);
    assert_eq!((filled.counts.read, filled.counts.queued), (12, 12));
    assert!(filled.counts.delivered.is_empty() && noted.got().is_empty());
    assert_eq!(*kept.cursor.lock().unwrap(), Some(Cursor(json!(12))));

    let drained = drain(&flow, &queue).await;
    assert_eq!(drained.ended, Ended::Done);
    let counts = &drained.counts;
    assert_eq!(
        (counts.delivered["noted"], counts.retried, counts.dead),
        (11, 2, 1)
    );
    assert_eq!(noted.got().len(), 11);
    assert_eq!(queue.next_at().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_became_of_deliveries_of_the_queue_is_kept_for_the_records_that_are_followed() {
    fn steps() -> Steps {
        let some = Each(|number| match number {
            1 => Ok(Vec::new()),
            2 => Ok(vec![12]),
            other => Ok(vec![other]),
        });
        vec![("some".to_owned(), Box::new(some))]
    }
    for (records, expected) in [
        (
            Followed::Recent,
            vec![(0, None, 1), (2, Some(12), 1), (3, None, 3)],
        ),
        (Followed::None, Vec::new()),
    ] {
        let noted = Arc::new(Noted {
            failing: std::sync::Mutex::new(BTreeMap::from([(3, 2)])),
            rejected: vec![4],
            ..Noted::default()
        });
        let mut flow = flow(5, 5, steps, &noted);
        flow.policy.history.records = records;
        let (queue, kept) = (Remembered::new(), Kept::default());
        fill(&flow, &queue, &kept).await;
        let let_go: Vec<_> = kept.fates.lock().unwrap().clone();
        drain(&flow, &queue).await;
        let mut found: Vec<_> = queue
            .state()
            .fates
            .iter()
            .map(|fate| {
                let record = fate.record.as_ref().and_then(|record| record["id"].as_u64());
                (fate.origins[0].0.number, record, fate.attempts)
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        let is_followed = records != Followed::None;
        assert_eq!(
            let_go.len(),
            usize::from(is_followed),
            "only the one that was let go"
        );
        let dead = queue.letters();
        assert_eq!(dead[0].origins.followed.len(), usize::from(is_followed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_of_the_queue_shows_the_records_whole_way() {
    fn steps() -> Steps {
        vec![("double".to_owned(), Box::new(Each(|number| Ok(vec![number * 2]))))]
    }
    let noted = Arc::new(Noted {
        rejected: vec![4],
        ..Noted::default()
    });
    let mut flow = flow(3, 5, steps, &noted);
    flow.policy.order = Order::PerKey;
    flow.policy.key = Some(Jq::compile(".key").unwrap());
    let queue = Remembered::new();
    fill(&flow, &queue, &Kept::default()).await;
    drain(&flow, &queue).await;
    let letters = queue.letters();
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    assert_eq!(letter.source, [json!({"id": 2, "key": 2})]);
    assert_eq!(letter.record, json!({"id": 4, "key": 2}));
    assert_eq!(letter.steps.len(), 1, "{:?}", letter.steps);
    assert_eq!((letter.key.as_deref(), letter.attempts), (Some("2"), 1));
    assert_eq!(letter.destination.as_deref(), Some("noted"));
}

#[tokio::test(start_paused = true)]
async fn a_record_as_its_source_gave_it_goes_through_the_transforms() {
    fn steps() -> Steps {
        let odd = Each(|number| match number {
            9 => Err(ComponentError::reject("TL0005", "nine is not taken", "Leave it.")),
            _ if number % 2 == 0 => Ok(Vec::new()),
            _ => Ok(vec![number, number + 100]),
        });
        vec![("odd".to_owned(), Box::new(odd))]
    }
    let (one, other) = (Arc::new(Noted::default()), Arc::new(Noted::default()));
    let mut flow = flow(0, 1, steps, &one);
    flow.ways.push(way("other", &other));
    let queue = Remembered::new();
    for (way, number) in [
        ("noted", 1),
        ("other", 3),
        (EVERY_WAY, 5),
        ("noted", 2),
        ("noted", 9),
    ] {
        queue.add(way, None, waiting(json!({ "id": number }), Form::Source));
    }
    queue.add("gone", None, waiting(json!({ "id": 7 }), Form::Ready));
    let drained = drain(&flow, &queue).await;
    assert_eq!(drained.ended, Ended::Done);
    let sorted = |noted: &Noted| crate::engine::testing::sorted(noted);
    assert_eq!(sorted(&one), [1, 5, 101, 105]);
    assert_eq!(sorted(&other), [3, 5, 103, 105]);
    let mut codes: Vec<_> = queue.letters().into_iter().map(|letter| letter.code).collect();
    codes.sort();
    assert_eq!(codes, ["TL0005", "TL0818"]);
}

#[tokio::test(start_paused = true)]
async fn what_nothing_gets_around_ends_it_and_nothing_is_lost() {
    let noted = Arc::new(Noted {
        stops_at: Some(4),
        ..Noted::default()
    });
    let stopping = flow(8, 8, Vec::new, &noted);
    let queue = Remembered::new();
    fill(&stopping, &queue, &Kept::default()).await;
    let drained = drain(&stopping, &queue).await;
    assert!(matches!(drained.ended, Ended::Failed(ref error) if error.code == "TL0002"));
    assert_eq!(queue.letters().len(), 0);
    let mended = Arc::new(Noted::default());
    let flow = flow(8, 8, Vec::new, &mended);
    assert_eq!(drain(&flow, &queue).await.ended, Ended::Done);
    let mut all: Vec<u64> = noted.got().iter().chain(mended.got().iter()).copied().collect();
    all.sort_unstable();
    assert_eq!(all, (0..8).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_ends_the_process_each_time_is_given_up() {
    let noted = Arc::new(Noted::default());
    let flow = flow(3, 3, Vec::new, &noted);
    let queue = Remembered::new();
    fill(&flow, &queue, &Kept::default()).await;
    queue.state().lanes[0].fruitless = HOPELESS;
    let drained = drain(&flow, &queue).await;
    assert_eq!(drained.counts.dead, 1);
    assert_eq!(queue.letters()[0].code, "TL0817");
    assert_eq!(*noted.got(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_another_has_taken_over_is_left_to_him() {
    let noted = Arc::new(Noted::default());
    let flow = flow(0, 1, Vec::new, &noted);
    let queue = Remembered::new();
    for number in 0..4 {
        queue.add("noted", Some("a"), waiting(json!({ "id": number }), Form::Ready));
    }
    let port: Arc<dyn Queue> = Arc::clone(&queue) as _;
    let claimed = queue.claim(1, 10).await.unwrap().remove(0);
    queue.state().lanes[0].fence += 1;
    let work = Arc::new(Drain {
        engine: engine_of(&queue),
        flow: flow.clone(),
        queue: port,
        turns: vec![Mutex::new(())],
    });
    work.work(claimed).await.unwrap();
    assert_eq!(
        *noted.got(),
        [0],
        "it stops at the first word that the lane is another's"
    );
    assert_eq!(queue.state().lanes[0].waiting.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn repeats_are_left_out_and_a_full_queue_holds_its_source_up() {
    let noted = Arc::new(Noted::default());
    let mut flow = flow(9, 3, Vec::new, &noted);
    flow.policy.dedupe_key = Some(Jq::compile(".key").unwrap());
    let queue = Remembered::new();
    let filled = fill(&flow, &queue, &Kept::default()).await;
    assert_eq!(filled.counts.queued, 9);
    assert_eq!(queue.waiting().await.unwrap(), 3);
    let before = queue.now();
    flow.policy.most_waiting = 2;
    let kept = Kept::default();
    assert_eq!(fill(&flow, &queue, &kept).await.ended, Ended::Done);
    let waited = queue.now().duration_since(before);
    assert!(
        waited > SignedDuration::from_secs(4),
        "it waits for room: {waited}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// However often the process dies, each arrives, and those of one key in their order.
    #[test]
    fn whatever_fails_or_dies_all_arrives_and_each_key_keeps_its_order(
        count in 1_u64..60,
        most in 1_usize..9,
        failing in proptest::collection::btree_map(0_u64..60, 1_u32..4, 0..8),
        deaths in proptest::collection::vec(0_u32..12, 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let noted = Arc::new(Noted { failing: std::sync::Mutex::new(failing), most, ..Noted::default() });
            let mut flow = flow(count, 7, Vec::new, &noted);
            flow.policy.order = Order::PerKey;
            flow.policy.key = Some(Jq::compile(".key").unwrap());
            flow.policy.retry = Retry { attempts: 9, ..Retry::default() };
            let queue = Remembered::new();
            fill(&flow, &queue, &Kept::default()).await;
            for death in deaths {
                queue.state().dies_after = Some(death);
                drain(&flow, &queue).await;
            }
            queue.state().dies_after = None;
            prop_assert_eq!(drain(&flow, &queue).await.ended, Ended::Done);
            prop_assert!(queue.letters().is_empty());
            let got = noted.got().clone();
            for key in 0..3 {
                // A death between arriving and settling brings a batch once more: what counts is when each came first.
                let mut seen = HashSet::new();
                let first: Vec<u64> = got.iter().copied().filter(|n| n % 3 == key && seen.insert(*n)).collect();
                let expected: Vec<u64> = (0..count).filter(|n| *n != 13 && n % 3 == key).collect();
                prop_assert_eq!(first, expected);
            }
            Ok(())
        })?;
    }
}
