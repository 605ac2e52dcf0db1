//! Many who want one run at once: in one process, in two, and in any order.

use std::collections::HashMap;

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;
use trunkline_store::{ActionRunState, Answer, Begun, HeldRun, Lease, NewActionRun, Store, WriteState};

use crate::{
    backends::{Place, at, on_each_place},
    journal::{LIFE, new, write},
};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_tasks_in_two_processes_exactly_one_begins_a_run_and_one_takes_it_over() {
    on_each_place(async |place| {
        let stores = [
            place.open().await.unwrap(),
            place.open_with(key(place), 8).await.unwrap(),
        ]
        .map(std::sync::Arc::new);
        for round in 0..5 {
            let begun = at(round * 1_000);
            let mut holders = Vec::new();
            for store in &stores {
                holders.push(store.be_holder(LIFE, begun).await.unwrap());
            }
            // At first nobody has the key; then whoever got it is dead.
            for (now, is_new) in [(begun, true), (begun + LIFE, false)] {
                let mut tasks = tokio::task::JoinSet::new();
                for task in 0..24 {
                    let store = std::sync::Arc::clone(&stores[task % 2]);
                    let mut holder = holders[task % 2].clone();
                    tasks.spawn(async move {
                        if !is_new {
                            holder = store.be_holder(LIFE, now).await.unwrap();
                        }
                        let key = format!("round-{round}");
                        store
                            .begin_action_run(&new(Some(&key)), &holder, now)
                            .await
                            .unwrap()
                    });
                }
                let mut got = 0;
                for begun in tasks.join_all().await {
                    match begun {
                        Begun::New(_) if is_new => got += 1,
                        Begun::Interrupted(..) if !is_new => got += 1,
                        Begun::Busy(_) => {}
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(got, 1, "round {round}, new: {is_new}");
            }
        }
        for store in stores {
            store.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_one_run_from_many_tasks_get_a_number_each() {
    on_each_place(async |place| {
        let store = std::sync::Arc::new(place.open().await.unwrap());
        let holder = store.be_holder(LIFE, at(0)).await.unwrap();
        let run = crate::journal::held(store.begin_action_run(&new(None), &holder, at(0)).await.unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..40 {
            let (store, run) = (std::sync::Arc::clone(&store), run.clone());
            tasks.spawn(async move {
                let seq = store
                    .record_sending(&run, &write(&format!("contacts/{index}")), at(1))
                    .await
                    .unwrap();
                store
                    .record_answer(&run, seq, &Answer::of(WriteState::Done), at(2))
                    .await
                    .unwrap();
                seq
            });
        }
        let mut numbers = tasks.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
        store.close().await;
    })
    .await;
}

/// What somebody may do next. Processes, keys and inputs are few, so that they meet.
#[derive(Clone, Debug)]
enum Step {
    Begin {
        process: usize,
        key: usize,
        input: usize,
    },
    Send {
        hold: usize,
    },
    Answer {
        hold: usize,
    },
    Finish {
        hold: usize,
        end: usize,
    },
    Abandon {
        hold: usize,
    },
    Renew {
        process: usize,
    },
    Leave {
        process: usize,
    },
    Wait {
        seconds: i64,
    },
}

const PROCESSES: usize = 3;
const ENDS: [ActionRunState; 3] = [
    ActionRunState::Done,
    ActionRunState::Failed,
    ActionRunState::Unknown,
];

fn step() -> impl Strategy<Value = Step> {
    let process = 0..PROCESSES;
    prop_oneof![
        8 => (process.clone(), 0..2_usize, 0..2_usize)
            .prop_map(|(process, key, input)| Step::Begin { process, key, input }),
        4 => any::<usize>().prop_map(|hold| Step::Send { hold }),
        2 => any::<usize>().prop_map(|hold| Step::Answer { hold }),
        3 => (any::<usize>(), 0..3_usize).prop_map(|(hold, end)| Step::Finish { hold, end }),
        1 => any::<usize>().prop_map(|hold| Step::Abandon { hold }),
        3 => process.clone().prop_map(|process| Step::Renew { process }),
        1 => process.prop_map(|process| Step::Leave { process }),
        3 => (1..40_i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A run as it should be.
#[derive(Clone, Debug)]
struct Expected {
    input: usize,
    state: ActionRunState,
    process: usize,
    /// Who may write: the number of the hold that was given last.
    hold: usize,
    writes: Vec<WriteState>,
}

/// What the store should hold, kept by the plainest means.
struct Model {
    now: i64,
    ends: [i64; PROCESSES],
    runs: HashMap<usize, Expected>,
    /// Every hold that was ever given, with the key that it is of.
    holds: Vec<(HeldRun, usize)>,
}

impl Model {
    fn lives(&self, process: usize) -> bool {
        self.ends[process] > self.now
    }

    /// The run that a hold is good for.
    fn good(&mut self, hold: usize) -> Option<&mut Expected> {
        let key = self.holds[hold].1;
        self.runs
            .get_mut(&key)
            .filter(|run| run.hold == hold && run.state == ActionRunState::Running)
    }
}

async fn walk(store: &Store, round: usize, steps: &[Step]) {
    let start = 100_000 * i64::try_from(round).unwrap();
    let mut leases: Vec<Lease> = Vec::new();
    for _ in 0..PROCESSES {
        leases.push(store.be_holder(LIFE, at(start)).await.unwrap());
    }
    let mut model = Model {
        now: start,
        ends: [start + LIFE.as_secs(); PROCESSES],
        runs: HashMap::new(),
        holds: Vec::new(),
    };
    for step in steps {
        take(store, &mut leases, &mut model, &format!("round-{round}"), step).await;
    }
    for (key, expected) in &model.runs {
        let id = &model.holds[expected.hold].0.id;
        let record = store.action_record(id, at(model.now)).await.unwrap();
        let is_left = expected.state == ActionRunState::Running && !model.lives(expected.process);
        let state = if is_left {
            ActionRunState::Interrupted
        } else {
            expected.state
        };
        assert_eq!(record.run.state, state, "key {key}");
        let writes: Vec<_> = record.writes.iter().map(|write| write.state).collect();
        assert_eq!(writes, expected.writes, "key {key}");
    }
}

async fn take(store: &Store, leases: &mut [Lease], model: &mut Model, round: &str, step: &Step) {
    let now = at(model.now);
    let which = |hold: usize, model: &Model| (!model.holds.is_empty()).then(|| hold % model.holds.len());
    let agrees = |done: Result<(), trunkline_store::StoreError>, is_good: bool| match done {
        Ok(()) => assert!(is_good, "{step:?} was done"),
        Err(error) => assert!(!is_good && error.code() == "TL0518", "{step:?}: {error}"),
    };
    match *step {
        Step::Begin { process, key, input } => {
            let wish = NewActionRun {
                input_digest: format!("input-{input}"),
                ..new(Some(&format!("{round}/{key}")))
            };
            let begun = store
                .begin_action_run(&wish, &leases[process], now)
                .await
                .unwrap();
            began(model, process, key, input, begun);
        }
        Step::Send { hold } => {
            let Some(hold) = which(hold, model) else { return };
            let done = store
                .record_sending(&model.holds[hold].0, &write("contacts/1"), now)
                .await;
            let run = model.good(hold);
            agrees(done.map(drop), run.is_some());
            if let Some(run) = run {
                run.writes.push(WriteState::Sending);
            }
        }
        Step::Answer { hold } => {
            let Some(hold) = which(hold, model) else { return };
            let held = model.holds[hold].0.clone();
            let run = model.good(hold);
            let open = run.and_then(|run| {
                run.writes
                    .iter_mut()
                    .enumerate()
                    .find(|(_, state)| matches!(state, WriteState::Sending | WriteState::Unknown))
            });
            let seq = open.as_ref().map_or(1, |(index, _)| *index as i64 + 1);
            let done = store
                .record_answer(&held, seq, &Answer::of(WriteState::Done), now)
                .await;
            agrees(done, open.is_some());
            if let Some((_, state)) = open {
                *state = WriteState::Done;
            }
        }
        Step::Finish { hold, end } => {
            let Some(hold) = which(hold, model) else { return };
            let held = model.holds[hold].0.clone();
            let done = store
                .finish_action_run(&held, ENDS[end], Some(&json!(end)), None, now)
                .await;
            let run = model.good(hold);
            agrees(done, run.is_some());
            if let Some(run) = run {
                run.state = ENDS[end];
                for state in &mut run.writes {
                    if *state == WriteState::Sending {
                        *state = WriteState::Unknown;
                    }
                }
            }
        }
        Step::Abandon { hold } => {
            let Some(hold) = which(hold, model) else { return };
            let done = store.abandon_action_run(&model.holds[hold].0).await;
            let is_good = model.good(hold).is_some_and(|run| run.writes.is_empty());
            agrees(done, is_good);
            if is_good {
                let key = model.holds[hold].1;
                model.runs.remove(&key);
            }
        }
        Step::Renew { process } => {
            store.keep_holder(&mut leases[process], LIFE, now).await.unwrap();
            model.ends[process] = model.now + LIFE.as_secs();
        }
        Step::Leave { process } => {
            store.leave_holder(&leases[process]).await.unwrap();
            model.ends[process] = i64::MIN;
        }
        Step::Wait { seconds } => model.now += seconds,
    }
}

/// Holds what the store answered against what it should answer.
fn began(model: &mut Model, process: usize, key: usize, input: usize, begun: Begun) {
    let hold = model.holds.len();
    let Some(run) = model.runs.get(&key).cloned() else {
        let Begun::New(held) = begun else {
            panic!("it is new: {begun:?}")
        };
        model.holds.push((held, key));
        let run = Expected {
            input,
            state: ActionRunState::Running,
            process,
            hold,
            writes: Vec::new(),
        };
        model.runs.insert(key, run);
        return;
    };
    let is_left = run.state == ActionRunState::Running && !model.lives(run.process);
    match begun {
        Begun::Other(_) => assert_ne!(run.input, input),
        _ if run.input != input => panic!("it has another input: {begun:?}"),
        Begun::Same(found) => {
            assert_eq!(run.state, ActionRunState::Done, "{run:?}");
            assert_eq!(found.state, run.state);
        }
        Begun::Busy(_) => assert!(run.state == ActionRunState::Running && !is_left, "{run:?}"),
        Begun::Interrupted(held, record) => {
            let is_open = matches!(run.state, ActionRunState::Unknown | ActionRunState::Failed);
            assert!(is_left || is_open, "{run:?}");
            let writes: Vec<_> = record.writes.iter().map(|write| write.state).collect();
            assert_eq!(writes, run.writes);
            model.holds.push((held, key));
            let run = Expected {
                state: ActionRunState::Running,
                process,
                hold,
                ..run
            };
            model.runs.insert(key, run);
        }
        Begun::New(_) => panic!("there is one: {run:?}"),
    }
}

#[test]
fn whatever_the_order_a_key_has_one_run_with_one_holder() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(on_each_place(async |place: &Place| {
        let store = place.open().await.unwrap();
        let rounds = std::cell::Cell::new(0);
        let config = ProptestConfig {
            cases: 48,
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
            .run(&prop::collection::vec(step(), 1..60), |steps| {
                rounds.set(rounds.get() + 1);
                tokio::runtime::Handle::current().block_on(walk(&store, rounds.get(), &steps));
                Ok(())
            })
        });
        outcome.unwrap();
        store.close().await;
    }));
}

fn key(place: &Place) -> trunkline_store::KeySource {
    trunkline_store::KeySource::File(place.key_file())
}
