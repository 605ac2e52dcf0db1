//! What the journal costs: `cargo bench -p trunkline-store --bench journal [runs] [tasks] [postgres address]`.
//!
//! The one rule: the figures are those of whole runs, each begun, written to once, answered and finished, every step durable. The
//! processor time includes that of making the documents.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use trunkline_store::{
    ActionRunState, Answer, Begun, Entropy, HeldRun, KeySource, Location, NewActionRun, NewWrite, Store,
    WriteState,
};

fn contact(number: u64, name: &str) -> Value {
    let attributes: serde_json::Map<String, Value> = (0..12)
        .map(|index| (format!("attribute {index}"), json!(format!("value {number}"))))
        .collect();
    json!({
        "type": "contact", "id": format!("{number:024x}"), "external_id": format!("user-{number}"), "role": "user",
        "email": format!("person{number}@example.com"), "name": name, "owner_id": 7, "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000 + number, "custom_attributes": attributes,
        "tags": {"type": "list", "data": [], "total_count": 0}, "location": {"country": "Ireland", "city": "Dublin"},
    })
}

fn new(batch: &str, number: u64) -> NewActionRun {
    NewActionRun {
        workspace: "abcd1234".to_owned(),
        action: "contacts.upsert".to_owned(),
        input_digest: format!("{number:064x}"),
        input: json!({"email": format!("person{number}@example.com"), "name": format!("Ada {number}")}),
        key: Some(format!("{batch}/{number}")),
        undo_of: None,
        batch: Some(batch.to_owned()),
        by_whom: "bench".to_owned(),
    }
}

fn write(number: u64) -> NewWrite {
    NewWrite {
        operation: "contacts.update".to_owned(),
        subject: Some(format!("contacts/{number:024x}")),
        path: Some(json!({"id": format!("{number:024x}")})),
        payload: Some(json!({"name": format!("Ada {number}")})),
        before: Some(contact(number, "Ada")),
        ..NewWrite::default()
    }
}

/// Runs a step of every run, side by side, and returns what they gave.
async fn each<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    name: &str,
    tasks: u64,
    runs: u64,
    step: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Vec<T> {
    let (began, cpu) = (Instant::now(), cpu());
    let mut set = JoinSet::new();
    for task in 0..tasks {
        let step = step.clone();
        set.spawn(async move {
            let mut found = Vec::new();
            for number in (task..runs).step_by(usize::try_from(tasks).unwrap_or(1)) {
                let asked = Instant::now();
                let value = step(number).await;
                found.push((asked.elapsed(), value));
            }
            found
        });
    }
    let mut found: Vec<_> = set.join_all().await.into_iter().flatten().collect();
    let (took, cpu) = (began.elapsed(), self::cpu() - cpu);
    found.sort_by_key(|(waited, _)| *waited);
    let at = |share: usize| found[(found.len() - 1) * share / 100].0.as_secs_f64() * 1e3;
    println!(
        "{name:>18}: {:8.0} a second, median {:6.2} ms, p99 {:6.2} ms, {:5.0} µs of CPU",
        runs as f64 / took.as_secs_f64(),
        at(50),
        at(99),
        cpu * 1e6 / runs as f64,
    );
    found.into_iter().map(|(_, value)| value).collect()
}

/// Seconds of processor time that this process has used, as Linux counts them: in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

fn answer(number: u64) -> Answer {
    Answer {
        status: Some(200),
        request_id: Some("000000000000000000".to_owned()),
        after: Some(contact(number, "Ada Example")),
        ..Answer::of(WriteState::Done)
    }
}

fn new_run(begun: Begun) -> HeldRun {
    match begun {
        Begun::New(held) => held,
        other => panic!("{other:?}"),
    }
}

/// The runs by their numbers.
fn by_number(mut begun: Vec<(u64, HeldRun)>) -> Arc<Vec<HeldRun>> {
    begun.sort_by_key(|(number, _)| *number);
    Arc::new(begun.into_iter().map(|(_, run)| run).collect())
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let number = |index: usize, otherwise: u64| {
        arguments
            .get(index)
            .map_or(otherwise, |word| word.parse().expect("a number"))
    };
    let (runs, tasks) = (number(0, 20_000), number(1, 64));
    let folder = tempfile::tempdir().expect("a folder");
    let location = match arguments.get(2) {
        Some(address) => Location::Postgres(address.as_str().into()),
        None => Location::Sqlite(Store::file_in(folder.path())),
    };
    let entropy = Entropy::new(rand_chacha::ChaCha12Rng::seed_from_u64(7));
    let key = KeySource::File(Store::key_in(folder.path()));
    let store = Arc::new(Store::open(&location, key, entropy).await.expect("it opens"));
    let now = Timestamp::from_second(1_800_000_000).expect("a moment");
    let holder = Arc::new(
        store
            .be_holder(SignedDuration::from_hours(1), now)
            .await
            .expect("a holder"),
    );

    println!("in four steps:");
    let (on, by) = (Arc::clone(&store), Arc::clone(&holder));
    let begun = each("begin", tasks, runs, move |number| {
        let (on, by) = (Arc::clone(&on), Arc::clone(&by));
        async move {
            let begun = on.begin_action_run(&new("four", number), &by, now).await;
            (number, new_run(begun.expect("it begins")))
        }
    })
    .await;
    let held = by_number(begun);
    let (on, of) = (Arc::clone(&store), Arc::clone(&held));
    each("record_sending", tasks, runs, move |number| {
        let (on, run) = (Arc::clone(&on), of[number as usize].clone());
        async move {
            let kept = on.record_sending(&run, &write(number), now).await;
            kept.expect("it is kept")
        }
    })
    .await;
    let (on, of) = (Arc::clone(&store), Arc::clone(&held));
    each("record_answer", tasks, runs, move |number| {
        let (on, run) = (Arc::clone(&on), of[number as usize].clone());
        async move {
            let kept = on.record_answer(&run, 1, &answer(number), now).await;
            kept.expect("it is kept");
        }
    })
    .await;
    let (on, of) = (Arc::clone(&store), held);
    each("finish", tasks, runs, move |number| {
        let (on, run) = (Arc::clone(&on), of[number as usize].clone());
        async move {
            let outcome = json!({"id": format!("{number:024x}"), "changed": ["name"]});
            on.finish_action_run(&run, ActionRunState::Done, Some(&outcome), None, now)
                .await
                .expect("it ends");
        }
    })
    .await;

    println!("in two steps:");
    let (on, by) = (Arc::clone(&store), Arc::clone(&holder));
    let begun = each("begin and send", tasks, runs, move |number| {
        let (on, by) = (Arc::clone(&on), Arc::clone(&by));
        async move {
            let begun = on
                .begin_and_send(&new("two", number), &write(number), &by, now)
                .await;
            (number, new_run(begun.expect("it begins")))
        }
    })
    .await;
    let (on, of) = (Arc::clone(&store), by_number(begun));
    each("answer and finish", tasks, runs, move |number| {
        let (on, run) = (Arc::clone(&on), of[number as usize].clone());
        async move {
            let outcome = json!({"id": format!("{number:024x}"), "changed": ["name"]});
            on.answer_and_finish(
                &run,
                (1, &answer(number)),
                ActionRunState::Done,
                Some(&outcome),
                None,
                now,
            )
            .await
            .expect("it ends");
        }
    })
    .await;
    store.close().await;
}
