//! The delivery queue in any order of events, against the plainest model of it.
//!
//! Whatever happens, nothing is lost, nothing is in two hands at once, nothing arrives twice, and what has a key arrives in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;
use proptest::{prelude::*, test_runner::TestRunner};
use trunkline_store::{
    Again, Claim, Dead, DeadLetterFilter, FlowState, HeldLane, NewDelivery, RecordForm, Settled, Store,
    StoreError,
};

use crate::{
    backends::{Place, at, on_each_place},
    flows,
    queue::{failure, new, once},
};

const FLOWS: usize = 2;
const LIFE: i64 = 10;

/// What somebody may do next. Flows, keys and dedupe keys are few, so that they meet.
#[derive(Clone, Debug)]
enum Step {
    Enqueue {
        flow: usize,
        slots: u16,
        items: Vec<Item>,
    },
    Claim {
        flow: usize,
        lanes: u32,
        deliveries: u32,
    },
    /// Some of what was claimed once, by whoever claimed it, however long ago.
    Settle {
        hold: usize,
        arrived: u8,
        failed: u8,
        given_up: u8,
        wait: i64,
        is_free: bool,
    },
    Renew {
        hold: usize,
    },
    Release {
        hold: usize,
    },
    Pause {
        flow: usize,
        is_paused: bool,
    },
    Redrive {
        letter: usize,
    },
    Drop {
        letter: usize,
    },
    Forget,
    /// The clock goes on, stands still or goes back.
    Jump {
        seconds: i64,
    },
}

#[derive(Clone, Debug)]
struct Item {
    key: Option<usize>,
    dedupe: Option<usize>,
    later: i64,
}

fn item() -> impl Strategy<Value = Item> {
    (
        prop::option::weighted(0.7, 0..4_usize),
        prop::option::weighted(0.4, 0..8_usize),
        prop_oneof![4 => Just(0_i64), 1 => 0..20_i64],
    )
        .prop_map(|(key, dedupe, later)| Item { key, dedupe, later })
}

fn step() -> impl Strategy<Value = Step> {
    let flow = 0..FLOWS;
    prop_oneof![
        8 => (flow.clone(), prop_oneof![Just(1_u16), Just(3)], prop::collection::vec(item(), 1..7))
            .prop_map(|(flow, slots, items)| Step::Enqueue { flow, slots, items }),
        8 => (flow.clone(), 1..4_u32, 1..6_u32)
            .prop_map(|(flow, lanes, deliveries)| Step::Claim { flow, lanes, deliveries }),
        12 => (any::<usize>(), any::<u8>(), any::<u8>(), any::<u8>(), 1..30_i64, any::<bool>()).prop_map(
            |(hold, arrived, failed, given_up, wait, is_free)| Step::Settle {
                hold, arrived, failed, given_up: given_up & 0x11, wait, is_free,
            }
        ),
        2 => any::<usize>().prop_map(|hold| Step::Renew { hold }),
        3 => any::<usize>().prop_map(|hold| Step::Release { hold }),
        2 => (flow, any::<bool>()).prop_map(|(flow, is_paused)| Step::Pause { flow, is_paused }),
        2 => any::<usize>().prop_map(|letter| Step::Redrive { letter }),
        1 => any::<usize>().prop_map(|letter| Step::Drop { letter }),
        1 => Just(Step::Forget),
        4 => prop_oneof![3 => 1..15_i64, 1 => -30..0_i64].prop_map(|seconds| Step::Jump { seconds }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Waits,
    Arrived,
    Dead,
    Dropped,
}

/// A record as it should be.
#[derive(Clone, Debug)]
struct Record {
    flow: usize,
    key: Option<usize>,
    dedupe: Option<usize>,
    due: i64,
    fate: Fate,
    /// Grows with every way into the queue.
    place: usize,
}

/// A lane as it was seen last.
#[derive(Clone, Debug)]
struct Lane {
    fence: i64,
    is_held: bool,
    until: i64,
}

/// A claim, however old.
#[derive(Clone, Debug)]
struct Hold {
    held: HeldLane,
    keeps_order: bool,
    /// What was handed out, in order: its number, its record, and the record's place in line.
    handed: Vec<(i64, usize, usize)>,
}

/// What the store should hold, kept by the plainest means.
#[derive(Default)]
struct Model {
    names: Vec<String>,
    now: i64,
    paused: [bool; FLOWS],
    records: Vec<Record>,
    places: usize,
    lanes: HashMap<i64, Lane>,
    holds: Vec<Hold>,
    /// Known dedupe keys, with the moment that what they stand for arrived.
    known: HashMap<(usize, usize), Option<i64>>,
    /// Dead letters that wait: their id and record.
    letters: Vec<(String, usize)>,
    /// The place in line of the last that arrived, by flow and key.
    arrived: HashMap<(usize, usize), usize>,
}

impl Model {
    fn waiting(&self, flow: usize) -> impl Iterator<Item = (usize, &Record)> {
        self.records
            .iter()
            .enumerate()
            .filter(move |(_, record)| record.flow == flow && record.fate == Fate::Waits)
    }

    fn is_good(&self, hold: &Hold) -> bool {
        let lane = &self.lanes[&hold.held.lane];
        lane.is_held && lane.fence == hold.held.fence
    }

    /// What of a claim still waits.
    fn left(&self, hold: &Hold) -> Vec<(i64, usize)> {
        let waits = |(_, number, place): &&(i64, usize, usize)| {
            let record = &self.records[*number];
            record.fate == Fate::Waits && record.place == *place
        };
        let pair = |(seq, record, _): &(i64, usize, usize)| (*seq, *record);
        hold.handed.iter().filter(waits).map(pair).collect()
    }

    fn pending(&self) -> BTreeMap<String, u64> {
        let mut pending = BTreeMap::new();
        for record in self.records.iter().filter(|record| record.fate == Fate::Waits) {
            *pending.entry(self.names[record.flow].clone()).or_default() += 1;
        }
        pending
    }
}

async fn enqueue(store: &Store, model: &mut Model, flow: usize, slots: u16, items: &[Item]) {
    let mut batch = Vec::new();
    let mut expected = 0;
    for item in items {
        let number = model.records.len();
        let key = item.key.map(|key| format!("key {key}")).unwrap_or_default();
        let delivery = NewDelivery {
            flow: model.names[flow].clone(),
            due_at: at(model.now + item.later),
            ..new(&key, &number.to_string())
        };
        let is_known = item
            .dedupe
            .is_some_and(|dedupe| model.known.contains_key(&(flow, dedupe)));
        batch.push(match item.dedupe {
            Some(dedupe) => once(&dedupe.to_string(), delivery),
            None => delivery,
        });
        if let Some(dedupe) = item.dedupe {
            model.known.entry((flow, dedupe)).or_insert(None);
        }
        expected += u64::from(!is_known);
        model.places += 1;
        model.records.push(Record {
            flow,
            key: item.key,
            dedupe: item.dedupe,
            due: model.now + item.later,
            // A repeat is nowhere, as if somebody had dropped it.
            fate: if is_known { Fate::Dropped } else { Fate::Waits },
            place: model.places,
        });
    }
    let done = store.enqueue(&batch, slots, at(model.now)).await.unwrap();
    assert_eq!(
        (done.new, done.repeats),
        (expected, items.len() as u64 - expected)
    );
}

async fn claim(store: &Store, model: &mut Model, flow: usize, lanes: u32, deliveries: u32) -> usize {
    let claim = Claim {
        owner: "somebody".to_owned(),
        life: SignedDuration::from_secs(LIFE),
        lanes,
        deliveries,
        flow: Some(model.names[flow].clone()),
        destination: None,
        of_paused: false,
    };
    let found = store.claim(&claim, at(model.now)).await.unwrap();
    assert!(found.len() <= lanes as usize);
    assert!(found.is_empty() || !model.paused[flow], "the flow is paused");
    let count = found.len();
    for lane in found {
        let seen = model.lanes.entry(lane.held.lane).or_insert(Lane {
            fence: 0,
            is_held: false,
            until: 0,
        });
        assert!(!seen.is_held || seen.until <= model.now, "it is in two hands");
        assert_eq!(lane.held.fence, seen.fence + 1);
        *seen = Lane {
            fence: lane.held.fence,
            is_held: true,
            until: model.now + LIFE,
        };
        assert!(!lane.deliveries.is_empty() && lane.deliveries.len() <= deliveries as usize);
        let handed: Vec<(i64, usize)> = lane
            .deliveries
            .iter()
            .map(|delivery| (delivery.seq, delivery.record.trim_matches('"').parse().unwrap()))
            .collect();
        for (index, (_, number)) in handed.iter().enumerate() {
            let record = &model.records[*number];
            assert_eq!((record.flow, record.fate), (flow, Fate::Waits), "{number}");
            assert!(record.due <= model.now, "{number} is not due");
            assert_eq!(lane.keeps_order, record.key.is_some());
            // Whatever has the same key and was there before is handed out before.
            let before: BTreeSet<usize> = handed[..index].iter().map(|(_, before)| *before).collect();
            for (other, earlier) in model.waiting(flow) {
                let is_earlier =
                    record.key.is_some() && earlier.key == record.key && earlier.place < record.place;
                assert!(
                    !is_earlier || before.contains(&other),
                    "{number} overtakes {other}"
                );
            }
        }
        let handed = handed
            .into_iter()
            .map(|(seq, number)| (seq, number, model.records[number].place))
            .collect();
        model.holds.push(Hold {
            held: lane.held,
            keeps_order: lane.keeps_order,
            handed,
        });
    }
    count
}

/// What of a claim becomes what, by the bits: a record arrives only if nothing of its key stays behind before it.
fn settled(
    model: &Model,
    hold: &Hold,
    (arrived, failed, given_up): (u8, u8, u8),
    (due, is_free): (i64, bool),
) -> Settled {
    let mut settled = Settled {
        is_free,
        ..Settled::default()
    };
    let mut held_back = BTreeSet::new();
    for (index, (seq, record)) in model.left(hold).into_iter().enumerate() {
        let key = model.records[record].key;
        let is = |bits: u8| bits >> (index % 8) & 1 == 1;
        if hold.keeps_order && held_back.contains(&key) {
            continue;
        }
        if is(arrived) {
            settled.done.push(seq);
        } else if is(given_up) {
            settled.dead.push(Dead {
                seq,
                fate: None,
                failure: failure("it is refused"),
            });
        } else {
            held_back.insert(key);
            if is(failed) {
                settled.again.push(Again {
                    seq,
                    due_at: at(due),
                    error: "it is down".to_owned(),
                });
            }
        }
    }
    settled
}

async fn settle(store: &Store, model: &mut Model, hold: &Hold, settled: &Settled, due: i64) {
    let outcome = store.settle_lane(&hold.held, settled, at(model.now)).await;
    if !model.is_good(hold) {
        assert!(matches!(outcome, Err(StoreError::NotHeld { .. })), "{outcome:?}");
        return;
    }
    let letters = outcome.unwrap();
    let pairs = hold.handed.iter().map(|(seq, record, _)| (*seq, *record));
    let record_of: HashMap<i64, usize> = pairs.collect();
    for seq in &settled.done {
        let number = record_of[seq];
        let record = &mut model.records[number];
        assert_eq!(record.fate, Fate::Waits, "{number} arrives twice");
        record.fate = Fate::Arrived;
        let (flow, place) = (record.flow, record.place);
        if let Some(key) = record.key {
            let last = model.arrived.insert((flow, key), place).unwrap_or(0);
            assert!(last < place, "{number} arrives out of order");
        }
        if let Some(dedupe) = record.dedupe {
            let kept = model.known.insert((flow, dedupe), Some(model.now));
            assert_eq!(kept, Some(None), "something of this dedupe key has arrived");
        }
    }
    for again in &settled.again {
        model.records[record_of[&again.seq]].due = due;
    }
    for (dead, id) in settled.dead.iter().zip(letters) {
        let number = record_of[&dead.seq];
        model.records[number].fate = Fate::Dead;
        model.letters.push((id, number));
    }
    if settled.is_free {
        model.lanes.get_mut(&hold.held.lane).unwrap().is_held = false;
    }
}

async fn take(store: &Store, model: &mut Model, step: &Step) {
    let hold_of = |model: &Model, hold: usize| {
        (!model.holds.is_empty()).then(|| model.holds[hold % model.holds.len()].clone())
    };
    match step {
        Step::Enqueue { flow, slots, items } => enqueue(store, model, *flow, *slots, items).await,
        Step::Claim {
            flow,
            lanes,
            deliveries,
        } => {
            claim(store, model, *flow, *lanes, *deliveries).await;
        }
        Step::Settle {
            hold,
            arrived,
            failed,
            given_up,
            wait,
            is_free,
        } => {
            let Some(hold) = hold_of(model, *hold) else { return };
            let due = model.now + wait;
            let settled = settled(model, &hold, (*arrived, *failed, *given_up), (due, *is_free));
            settle(store, model, &hold, &settled, due).await;
        }
        Step::Renew { hold } => {
            let Some(hold) = hold_of(model, *hold) else { return };
            let life = SignedDuration::from_secs(LIFE);
            let outcome = store.renew_lane(&hold.held, life, at(model.now)).await;
            assert_eq!(outcome.is_ok(), model.is_good(&hold));
            if outcome.is_ok() {
                model.lanes.get_mut(&hold.held.lane).unwrap().until = model.now + LIFE;
            }
        }
        Step::Release { hold } => {
            let Some(hold) = hold_of(model, *hold) else { return };
            let outcome = store.release(&hold.held).await;
            assert_eq!(outcome.is_ok(), model.is_good(&hold));
            if outcome.is_ok() {
                model.lanes.get_mut(&hold.held.lane).unwrap().is_held = false;
            }
        }
        Step::Pause { flow, is_paused } => {
            let state = if *is_paused {
                FlowState::Paused
            } else {
                FlowState::Active
            };
            store.set_flow_state(&model.names[*flow], state).await.unwrap();
            model.paused[*flow] = *is_paused;
        }
        Step::Redrive { letter } | Step::Drop { letter } if model.letters.is_empty() => {
            let nothing = store
                .redrive_one(&format!("none {letter}"), RecordForm::Ready, 3, at(model.now))
                .await;
            assert!(matches!(nothing, Err(StoreError::NotFound { .. })));
        }
        Step::Redrive { letter } => {
            let (id, number) = model.letters.remove(letter % model.letters.len());
            for is_first in [true, false] {
                let went = store
                    .redrive_one(&id, RecordForm::Ready, 3, at(model.now))
                    .await
                    .unwrap();
                assert_eq!(went, is_first, "each once");
            }
            model.places += 1;
            let record = &mut model.records[number];
            (record.fate, record.place, record.due) = (Fate::Waits, model.places, model.now);
        }
        Step::Drop { letter } => {
            let (id, number) = model.letters.remove(letter % model.letters.len());
            assert!(store.drop_dead_letter(&id, at(model.now)).await.unwrap());
            let record = &mut model.records[number];
            record.fate = Fate::Dropped;
            if let Some(dedupe) = record.dedupe {
                model.known.insert((record.flow, dedupe), Some(model.now));
            }
        }
        Step::Forget => {
            store.forget_dedupe_keys(at(model.now)).await.unwrap();
            let now = model.now;
            model.known.retain(|_, done| done.is_none_or(|done| done >= now));
        }
        Step::Jump { seconds } => model.now += seconds,
    }
}

async fn check(store: &Store, model: &Model) {
    let depths = store.queue_depths(at(model.now)).await.unwrap();
    let pending: BTreeMap<String, u64> = depths
        .into_iter()
        .filter(|depth| model.names.contains(&depth.flow))
        .map(|depth| (depth.flow, depth.pending))
        .collect();
    assert_eq!(pending, model.pending());
}

/// One course of events, to the end of which everything arrives.
async fn walk(store: &Store, round: usize, steps: &[Step]) {
    let mut model = Model {
        names: (0..FLOWS)
            .map(|flow| format!("round {round} flow {flow}"))
            .collect(),
        ..Model::default()
    };
    for name in &model.names {
        flows::begin(store, name).await;
    }
    for step in steps {
        take(store, &mut model, step).await;
        check(store, &model).await;
    }
    for flow in 0..FLOWS {
        store
            .set_flow_state(&model.names[flow], FlowState::Active)
            .await
            .unwrap();
        model.paused[flow] = false;
        // Whoever still holds something is dead, and everything is due.
        model.now += 1_000;
        loop {
            let from = model.holds.len();
            if claim(store, &mut model, flow, 100, 3).await == 0 {
                break;
            }
            for hold in model.holds.split_off(from) {
                let all = settled(&model, &hold, (0xff, 0, 0), (0, true));
                settle(store, &mut model, &hold, &all, 0).await;
            }
        }
        assert_eq!(model.waiting(flow).count(), 0, "something is lost");
    }
    check(store, &model).await;
    let waiting = DeadLetterFilter {
        flow: Some(model.names[0].clone()),
        ..DeadLetterFilter::default()
    };
    for letter in store.dead_letters(&waiting, 1_000).await.unwrap() {
        let is_ours = model.letters.iter().any(|(id, _)| *id == letter.id);
        assert_eq!(is_ours, letter.state == trunkline_store::DeadLetterState::Waiting);
    }
    let theirs = |flow: &String| model.names.contains(flow);
    let counts = store.count_dead_letters().await.unwrap();
    let counted = counts.iter().filter(|count| theirs(&count.flow));
    let counted: u64 = counted.map(|count| count.count).sum();
    assert_eq!(
        counted,
        model.letters.len() as u64,
        "what waits is counted as it is"
    );
}

#[test]
fn whatever_happens_each_delivery_arrives_once_and_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(on_each_place(async |place: &Place| {
        let store = place.open().await.unwrap();
        let rounds = std::cell::Cell::new(0);
        let config = ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let outcome = tokio::task::block_in_place(|| {
            TestRunner::new_with_rng(
                config,
                proptest::test_runner::TestRng::deterministic_rng(
                    proptest::test_runner::RngAlgorithm::ChaCha,
                ),
            )
            .run(&prop::collection::vec(step(), 1..80), |steps| {
                rounds.set(rounds.get() + 1);
                tokio::runtime::Handle::current().block_on(walk(&store, rounds.get(), &steps));
                Ok(())
            })
        });
        outcome.unwrap();
        store.close().await;
    }));
}
