//! A workspace that is saved and loaded is the same one: the same bytes when it is saved again, the same answers, and a life of
//! its own after it.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    TestSim, invariants,
    steps::{self, Step, World},
};
use crate::{folder, pipeline::read};

fn document(sim: &TestSim) -> Value {
    folder::document(&read(&sim.state.workspace))
}

/// The first place where two documents differ.
fn difference(before: &Value, after: &Value, place: &str) -> Option<String> {
    let inner: Vec<(String, &Value, &Value)> = match (before, after) {
        _ if before == after => return None,
        (Value::Object(old), Value::Object(new)) if old.keys().eq(new.keys()) => old
            .iter()
            .map(|(name, value)| (name.clone(), value, &new[name]))
            .collect(),
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            let pairs = old.iter().zip(new).enumerate();
            pairs
                .map(|(index, (old, new))| (index.to_string(), old, new))
                .collect()
        }
        _ => return Some(format!("{place}: {before} before, {after} after")),
    };
    inner
        .into_iter()
        .find_map(|(name, old, new)| difference(old, new, &format!("{place}/{name}")))
}

/// Saves and loads; the second save must give what the first one gave.
fn again(sim: &TestSim) -> TestSim {
    let before = document(sim);
    let loaded = sim
        .loaded(&before.to_string())
        .expect("what was saved can be loaded");
    let differs = difference(&before, &document(&loaded), "");
    assert_eq!(differs, None);
    invariants::check(&loaded);
    loaded
}

fn run(first: &[Step], then: &[Step]) {
    let sim = steps::few();
    let mut world = World::of(&sim);
    for step in first {
        world.take(&sim, *step);
    }
    let loaded = again(&sim);
    let mut world = World::of(&loaded);
    for step in then {
        world.take(&loaded, *step);
    }
    invariants::check(&loaded);
    again(&loaded);
}

/// A workspace with some of everything, in which searches show at once what changed.
fn some() -> TestSim {
    TestSim::with(|options| {
        options.contacts = 120;
        options.conversations = 90;
        options.habits.search_lag = false;
        options.habits.empty_200 = false;
    })
}

#[test]
fn a_generated_workspace_saves_loads_and_saves_the_same() {
    let sim = some();
    let loaded = again(&sim);
    let target = |name: &str| sim.json("GET", name, None);
    for path in [
        "/contacts?per_page=150",
        "/companies",
        "/tags",
        "/segments",
        "/admins",
        "/ticket_types",
        "/articles",
    ] {
        let (status, before) = target(path);
        let (_, after) = loaded.json("GET", path, None);
        assert_eq!(status, 200, "{path}");
        assert_eq!(before["data"], after["data"], "{path}");
    }
}

#[test]
fn a_loaded_workspace_goes_on_living() {
    let sim = some();
    let loaded = again(&sim);
    let now = loaded.state.clock.now();
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(5);
    loaded.state.change(|workspace| {
        for _ in 0..500 {
            crate::activity::step(workspace, now, &mut rng);
        }
    });
    invariants::check(&loaded);
    again(&again(&loaded));
}

proptest! {
    #![proptest_config(super::cases(24))]

    /// A failing sequence is printed as steps, which `run` takes.
    #[test]
    fn save_load_and_save_give_the_same_bytes_after_any_calls(
        first in proptest::collection::vec(steps::step(), 0..60),
        then in proptest::collection::vec(steps::step(), 0..40),
    ) {
        run(&first, &then);
    }
}
