//! Processes that share a store: of an address that Intercom itself would let two leads have, they make one contact.

use std::sync::Arc;

use jiff::SignedDuration;
use rand::SeedableRng as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_actions::{
    Journal as _, KeptWrite, NewReservation, NewRun, Reserved, Workspace, WriteEnd, WriteState,
};
use trunkline_catalog::Version;
use trunkline_client::Clock as _;
use trunkline_server::{RunHolder, StoredJournal};
use trunkline_store::{Entropy, KeySource, Location, Store};

use super::{Office, process};

const ANN: &str = "ann@paper.example";

/// Processes in one workspace, on one store.
struct Company {
    office: Office,
    folder: TempDir,
    processes: Vec<(Workspace, Arc<StoredJournal>)>,
}

impl Company {
    fn of(processes: u64) -> Self {
        Self::at(Version::DEFAULT, processes)
    }

    fn at(version: Version, processes: u64) -> Self {
        let office = Office::at(version);
        let folder = tempfile::tempdir().unwrap();
        let mut company = Self {
            office,
            folder,
            processes: Vec::new(),
        };
        for number in 0..processes {
            company.begin(number);
        }
        company
    }

    fn begin(&mut self, seed: u64) {
        let Office {
            actor,
            version,
            clock,
        } = &self.office;
        let location = Location::Sqlite(Store::file_in(self.folder.path()));
        let key = KeySource::File(Store::key_in(self.folder.path()));
        let entropy = Entropy::new(rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        let store = actor.runtime.block_on(Store::open(&location, key, entropy));
        let store = Arc::new(store.unwrap());
        let holder = Arc::new(RunHolder::new(Arc::clone(&store), clock.clone()));
        let journal = Arc::new(StoredJournal::new(store, clock.clone(), holder, "sim"));
        let workspace = process(
            &actor.runtime,
            &actor.simulator,
            *version,
            clock,
            Arc::clone(&journal) as _,
        );
        self.processes.push((workspace, journal));
    }

    fn workspace(&self, number: usize) -> &Workspace {
        &self.processes[number].0
    }

    /// What an action gives in one of the processes.
    fn call(&self, number: usize, id: &str, input: Value) -> Value {
        self.office
            .call_in(self.workspace(number), id, input)
            .unwrap_or_else(|error| panic!("{} {error}", error.code()))
            .output
    }

    /// The code of the error that an action ends with in one of the processes.
    fn refused(&self, number: usize, id: &str, input: Value) -> &'static str {
        match self.office.call_in(self.workspace(number), id, input) {
            Ok(outcome) => panic!("{}", outcome.output),
            Err(error) => error.code(),
        }
    }

    /// Inputs at once, each in the next process; the outcomes.
    fn at_once(&self, id: &'static str, inputs: Vec<Value>) -> Vec<Value> {
        self.office.actor.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for (number, input) in inputs.into_iter().enumerate() {
                let workspace = self.workspace(number % self.processes.len()).clone();
                all.spawn(async move {
                    let called = workspace.call(id, input, Default::default()).await;
                    called
                        .unwrap_or_else(|error| panic!("{} {error}", error.code()))
                        .output
                });
            }
            all.join_all().await
        })
    }

    /// How many identities the store knows.
    fn identities(&self) -> i64 {
        let file = Store::file_in(self.folder.path());
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let file = rusqlite::Connection::open_with_flags(file, flags).unwrap();
        file.query_row("SELECT count(*) FROM identities", [], |row| row.get(0))
            .unwrap()
    }

    /// A process reserves an address for a creation, writes down this much of it, and dies.
    fn dies_over_a_creation(&self, number: usize, written: Option<(WriteState, Option<&Value>)>) {
        let journal = &self.processes[number].1;
        let at = self.office.clock.now();
        self.office.actor.block_on(async {
            let run = NewRun {
                action: "contacts.upsert".to_owned(),
                input: lead("Ann"),
                key: None,
                undo_of: None,
                batch: None,
                by_whom: "test".to_owned(),
                at,
            };
            let trunkline_actions::Begun::New(run) = journal.begin(run).await.unwrap() else {
                panic!("it is new")
            };
            let wanted = NewReservation {
                identity: ANN.to_owned(),
                run: run.clone(),
                is_guarded: false,
                at,
            };
            let reserved = journal.identities().reserve(wanted).await.unwrap();
            assert!(matches!(reserved, Reserved::Ours(_)), "{reserved:?}");
            let Some((state, after)) = written else { return };
            let write = KeptWrite {
                seq: 0,
                operation: "contacts.create".to_owned(),
                path: Vec::new(),
                query: Vec::new(),
                payload: Some(lead("Ann")),
                subject: None,
                before: None,
                state: WriteState::Sending,
                after: None,
                inverse: None,
                at,
            };
            let seq = journal.sending(&run, write).await.unwrap();
            let end = WriteEnd {
                state,
                status: None,
                request_id: None,
                made: None,
                after: after.cloned(),
                inverse: None,
                at,
            };
            journal.ended(&run, seq, end).await.unwrap();
        });
    }
}

fn lead(name: &str) -> Value {
    json!({"role": "lead", "email": ANN, "name": name})
}

#[test]
fn leads_by_one_address_in_many_processes_at_once_are_one_lead() {
    for id in ["contacts.upsert", "contacts.find_or_create"] {
        let company = Company::of(4);
        let inputs = (0..24)
            .map(|number| json!({"role": "lead", "email": if number % 3 == 0 { "Ann@Paper.example" } else { ANN }, "phone": format!("+1555000{number:02}")}))
            .collect();
        let outcomes = company.at_once(id, inputs);
        let created = outcomes.iter().filter(|one| one["outcome"] == "created");
        assert_eq!(created.count(), 1, "{id}");
        let contact = &outcomes[0]["contact"]["id"];
        assert!(
            outcomes.iter().all(|one| one["contact"]["id"] == *contact),
            "{id}"
        );
        let all = company.office.actor.simulator.truth("contacts", "2.16");
        let there = all.iter().filter(|contact| {
            let address = contact["email"].as_str().unwrap_or_default();
            address.to_lowercase() == ANN
        });
        assert_eq!(there.count(), 1, "{id}");
    }
}

#[test]
fn a_lead_and_a_user_of_one_address_at_once_are_one_contact() {
    for _ in 0..5 {
        let company = Company::of(2);
        let inputs = (0..8)
            .map(|number| match number % 2 {
                0 => lead("Ann"),
                _ => json!({"email": ANN, "name": "Ann"}),
            })
            .collect();
        company.at_once("contacts.upsert", inputs);
        assert_eq!(company.office.having("email", ANN).len(), 1);
    }
}

#[test]
fn many_leads_that_several_processes_bring_together_are_each_there_once() {
    for version in [Version::DEFAULT, Version::Preview] {
        let company = Company::at(version, 2);
        let rows: Vec<Value> = (0..15)
            .map(|number| json!({"role": "lead", "email": format!("{number}@paper.example"), "name": "Lead"}))
            .collect();
        let inputs = (0..4).map(|_| json!({ "rows": rows })).collect();
        for outcome in company.at_once("contacts.bulk_upsert", inputs) {
            let failed = outcome
                .as_array()
                .unwrap()
                .iter()
                .find(|row| row["outcome"] == "failed");
            assert!(failed.is_none(), "{version}: {failed:?}");
        }
        for number in 0..15 {
            let address = format!("{number}@paper.example");
            assert_eq!(
                company.office.having("email", &address).len(),
                1,
                "{version} {address}"
            );
        }
    }
}

#[test]
fn a_lead_that_another_process_made_a_moment_ago_is_found_before_the_search_shows_it() {
    let company = Company::of(2);
    let made = company.call(0, "contacts.upsert", lead("Ann"));
    let id = made["contact"]["id"].as_str().unwrap();
    company.office.calls();
    let found = company.call(1, "contacts.upsert", lead("Ann B."));
    assert_eq!(
        (&found["outcome"], &found["contact"]["id"]),
        (&json!("updated"), &json!(id))
    );
    assert_eq!(
        company.office.calls(),
        [
            "POST /contacts/search".to_owned(),
            format!("GET /contacts/{id}"),
            format!("PUT /contacts/{id}"),
        ]
    );
    // Then this process knows it too.
    company.call(1, "contacts.upsert", lead("Ann C."));
    assert_eq!(
        company.office.calls(),
        [format!("GET /contacts/{id}"), format!("PUT /contacts/{id}")]
    );
    assert_eq!(company.office.having("email", ANN).len(), 1);
}

#[test]
fn whoever_has_an_external_id_is_not_reserved() {
    let company = Company::of(2);
    company.call(0, "contacts.upsert", json!({"external_id": "u-1", "email": ANN}));
    assert_eq!(company.identities(), 0);
    company.call(
        0,
        "contacts.upsert",
        json!({"role": "lead", "email": "ben@paper.example"}),
    );
    assert_eq!(company.identities(), 1);
}

#[test]
fn a_process_that_dies_between_sending_and_answer_leaves_one_lead() {
    let company = Company::of(2);
    company
        .office
        .actor
        .simulator
        .faults(&json!([{"operation": "contacts.create", "latency_ms": 600_000}]));
    let dies = company.workspace(0).clone();
    let dying = company.office.actor.runtime.spawn(async move {
        dies.call("contacts.upsert", lead("Ann"), Default::default())
            .await
    });
    crate::process::until("the request to arrive", || {
        company.office.having("email", ANN).len() == 1
    });
    dying.abort();
    company.office.calls();
    // As long as it may be at it, the other one waits; if it did not, there would be two.
    let waits = company.workspace(1).clone();
    let waiting = company.office.actor.runtime.spawn(async move {
        waits
            .call("contacts.upsert", lead("Ann B."), Default::default())
            .await
    });
    crate::process::until("the other one to look", || {
        let requests = company.office.actor.simulator.requests();
        requests
            .iter()
            .any(|request| request["path"] == "/contacts/search")
    });
    assert!(!waiting.is_finished());
    company.office.clock.advance(SignedDuration::from_secs(31));
    let told = company.office.actor.block_on(waiting).unwrap().unwrap_err();
    assert_eq!(told.code(), "TL0767", "{told}");
    assert!(matches!(told.disposition(), trunkline_client::Disposition::Retry));
    assert_eq!(company.refused(1, "contacts.upsert", lead("Ann B.")), "TL0767");
    company.office.pass(90);
    let found = company.call(1, "contacts.upsert", lead("Ann B."));
    assert_eq!(found["outcome"], "updated");
    assert_eq!(company.office.having("email", ANN).len(), 1);
}

#[test]
fn a_creation_whose_answer_was_lost_is_made_anew_when_the_search_would_show_it() {
    for is_applied in [false, true] {
        let company = Company::of(2);
        company
            .office
            .actor
            .simulator
            .faults(&json!([{"operation": "contacts.create", "status": 502, "applied": is_applied}]));
        company.refused(0, "contacts.upsert", lead("Ann"));
        for number in [0, 1] {
            assert_eq!(company.refused(number, "contacts.upsert", lead("Ann")), "TL0767");
        }
        company.office.pass(601);
        let found = company.call(1, "contacts.upsert", lead("Ann"));
        let expected = if is_applied { "unchanged" } else { "created" };
        assert_eq!(found["outcome"], expected);
        assert_eq!(company.office.having("email", ANN).len(), 1);
    }
}

#[test]
fn what_the_journal_of_a_dead_process_tells_needs_no_waiting() {
    let made = |company: &Company| company.office.made_by_others(&lead("Ann"));
    let company = Company::of(2);
    company.dies_over_a_creation(0, None);
    company.office.pass(31);
    assert_eq!(
        company.call(1, "contacts.upsert", lead("Ann"))["outcome"],
        "created"
    );

    let company = Company::of(2);
    company.dies_over_a_creation(0, Some((WriteState::Refused, None)));
    company.office.pass(31);
    assert_eq!(
        company.call(1, "contacts.upsert", lead("Ann"))["outcome"],
        "created"
    );

    let company = Company::of(2);
    let contact = made(&company);
    company.dies_over_a_creation(0, Some((WriteState::Done, Some(&contact))));
    company.office.clock.advance(SignedDuration::from_secs(31));
    let found = company.call(1, "contacts.upsert", lead("Ann B."));
    assert_eq!(
        (&found["outcome"], &found["contact"]["id"]),
        (&json!("updated"), &contact["id"])
    );
    assert_eq!(company.office.having("email", ANN).len(), 1);
}

#[test]
fn a_creation_that_was_refused_is_free_for_the_next_one_at_once() {
    let company = Company::of(2);
    company
        .office
        .actor
        .simulator
        .faults(&json!([{"operation": "contacts.create", "status": 422}]));
    company.refused(0, "contacts.upsert", lead("Ann"));
    assert_eq!(company.identities(), 0);
    assert_eq!(
        company.call(1, "contacts.upsert", lead("Ann"))["outcome"],
        "created"
    );
}

#[test]
fn whoever_went_away_in_one_process_is_met_by_no_other() {
    for (id, is_there) in [
        ("contacts.archive", true),
        ("contacts.delete", false),
        ("contacts.erase", false),
    ] {
        let company = Company::of(2);
        let made = company.call(0, "contacts.upsert", lead("Ann"));
        let contact = &made["contact"]["id"];
        let field = if id == "contacts.erase" {
            "contact_id"
        } else {
            "id"
        };
        company.call(0, id, json!({ field: contact }));
        assert_eq!(company.identities(), i64::from(is_there), "{id}");
        let anew = company.call(1, "contacts.upsert", lead("Ann"));
        assert_eq!(anew["outcome"], "created", "{id}");
        assert_ne!(anew["contact"]["id"], *contact, "{id}");
    }
    // Who came back is met again.
    let company = Company::of(2);
    let made = company.call(0, "contacts.upsert", lead("Ann"));
    let contact = &made["contact"]["id"];
    company.call(0, "contacts.archive", json!({ "id": contact }));
    company.call(1, "contacts.unarchive", json!({ "id": contact }));
    let met = company.call(1, "contacts.upsert", lead("Ann B."));
    assert_eq!(met["contact"]["id"], *contact);
    assert_eq!(company.office.having("email", ANN).len(), 1);
}

#[test]
fn who_got_another_address_is_somebody_else_for_the_old_one() {
    let company = Company::of(2);
    let made = company.call(0, "contacts.upsert", lead("Ann"));
    let contact = &made["contact"]["id"];
    let moved = json!({"contact_id": contact, "email": "moved@paper.example"});
    company.call(0, "contacts.upsert", moved);
    let other = company.call(1, "contacts.upsert", lead("Ann"));
    assert_eq!(other["outcome"], "created");
    assert_ne!(other["contact"]["id"], *contact);
}
