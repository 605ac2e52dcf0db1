//! What flows do in a workspace: source and destination held to their suites, and what records are enriched by.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use trunkline_actions::Workspace;
use trunkline_catalog::Version;
use trunkline_client::{Client, Clock as _, Connection, Settings, SystemClock};
use trunkline_components::{Site, Workspaces, build, kinds};
use trunkline_flow::{
    ComponentError, Destination, Record, Source,
    conformance::{self, DestinationSubject, Keeps, SourceSubject},
    document::Document,
    engine::Flow,
};

use super::{lines, put};
use crate::{
    actions::memory::MemoryJournal,
    harness::{Desk, Simulator, TOKEN, small},
    process::json as shown,
};

const ACT: &str = r#"
flow: act
source: { file: { path: in.jsonl } }
destinations:
  - intercom:
      action: contacts.upsert
      with:
        external_id: 'if .number == null then null else "n-\(.number)" end'
        name: .name
"#;

struct One(Workspace);

impl Workspaces for One {
    fn workspace<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// People of a simulated workspace, who are there as records of a flow.
struct People {
    simulator: Simulator,
    journal: Arc<MemoryJournal>,
}

/// A flow on a simulated workspace.
fn flow(text: &str, simulator: &Simulator, journal: Arc<MemoryJournal>) -> Flow {
    let clock = Arc::new(SystemClock);
    let connection = Connection::at(simulator.base_url(), TOKEN.to_owned().into(), Version::DEFAULT).unwrap();
    let client = Client::new(connection, Settings::new(clock.clone())).unwrap();
    let workspace = Workspace::new("sim", client, clock, journal);
    let site = Site {
        folder: PathBuf::from("/nowhere"),
        workspaces: Arc::new(One(workspace)),
        ..Site::alone("flow", Arc::new(|| SystemClock.now()), Arc::new(|_| None))
    };
    let document = Document::parse(text, &kinds(), SystemClock.now()).unwrap();
    build(&document, &site).unwrap()
}

impl DestinationSubject for People {
    fn destination(&self) -> Arc<dyn Destination> {
        let mut flow = flow(ACT, &self.simulator, self.journal.clone());
        flow.ways.remove(0).destination
    }

    fn keeps(&self) -> Keeps {
        Keeps {
            is_idempotent: true,
            order: false,
        }
    }

    fn record(&self, number: u64) -> Value {
        json!({ "name": format!("Zoë \"{number}\""), "number": number })
    }

    /// Nothing tells whom it is about.
    fn refused(&self, _: u64) -> Option<Value> {
        Some(json!({ "name": "Nobody" }))
    }

    fn held(&self) -> BoxFuture<'_, Option<Vec<Value>>> {
        let all = tokio::task::block_in_place(|| self.simulator.truth("contacts", "2.16"));
        let ours = |contact: &Value| -> Option<Value> {
            let number: u64 = contact["external_id"]
                .as_str()?
                .strip_prefix("n-")?
                .parse()
                .ok()?;
            Some(json!({ "name": contact["name"], "number": number }))
        };
        let held = all.iter().filter_map(ours).collect();
        Box::pin(async { Some(held) })
    }
}

/// The moment of the first conversation of the test's own: before all that the workspace has.
const BEGIN: u64 = 900_000_000;

const ASK: &str = r#"
flow: ask
source:
  intercom:
    operation: conversations.search
    payload: { pagination: { per_page: 20 } }
    request: |
      {payload: {query: {operator: "AND", value: [
        {field: "created_at", operator: ">", value: (.checkpoint // 0)},
        {field: "created_at", operator: "<", value: 1000000000}
      ]}}}
    checkpoint: .created_at
destinations: [stdout]
"#;

/// Conversations of a simulated workspace, each a second after the one before it.
struct Talks {
    simulator: Simulator,
    contact: String,
    /// What the API says of them, by number.
    told: Mutex<Vec<Value>>,
}

impl SourceSubject for Talks {
    fn source(&self) -> Arc<dyn Source> {
        flow(ASK, &self.simulator, Arc::default()).source
    }

    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()> {
        tokio::task::block_in_place(|| {
            for number in from..from + count {
                let body = json!({
                    "from": { "type": "user", "id": self.contact },
                    "body": format!("<p>Zoë \"{number}\"</p>"),
                    "created_at": BEGIN + number,
                });
                let (status, answer) = self.simulator.api("POST", "/conversations", Some(&body));
                assert_eq!(status, 200, "{answer}");
                let query =
                    json!({ "query": { "field": "created_at", "operator": "=", "value": BEGIN + number } });
                let (_, found) = self.simulator.api("POST", "/conversations/search", Some(&query));
                assert_eq!(found["total_count"], 1, "{found}");
                self.told.lock().unwrap().push(found["conversations"][0].clone());
            }
        });
        Box::pin(async {})
    }

    fn expected(&self, number: u64) -> Value {
        self.told.lock().unwrap()[usize::try_from(number).unwrap()].clone()
    }

    fn number(&self, record: &Record) -> u64 {
        record.value["created_at"].as_u64().unwrap() - BEGIN
    }

    /// They come as the search gives them.
    fn is_ordered(&self) -> bool {
        false
    }
}

#[test]
fn what_is_asked_of_a_workspace_keeps_what_sources_must() {
    let mut options = small();
    options.habits.turn_off("search_lag").unwrap();
    let simulator = Simulator::start(options);
    let contact = simulator.truth("contacts", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let talks = Talks {
        simulator,
        contact,
        told: Mutex::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(conformance::source(&talks, 320));
}

#[test]
fn actions_of_a_flow_keep_what_destinations_must() {
    let people = People {
        simulator: Simulator::small(),
        journal: Arc::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(conformance::destination(&people));
}

#[test]
fn a_record_gets_what_the_workspace_knows_and_each_question_is_asked_once() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let contacts = simulator.truth("contacts", "2.16");
    let known: Vec<&Value> = contacts.iter().take(20).collect();
    let mut text = String::new();
    for round in 0..3 {
        for contact in &known {
            text.push_str(&format!("{}\n", json!({ "round": round, "who": contact["id"] })));
        }
    }
    for who in [json!("65f0000000000000000000ff"), Value::Null] {
        text.push_str(&format!("{}\n", json!({ "round": 3, "who": who })));
    }
    put(&desk, "in.jsonl", &text);
    for (missing, there) in [("leave", 62), ("drop", 60)] {
        let flow = format!(
            "flow: enriched-{missing}\nsource: {{ file: {{ path: in.jsonl }} }}\ntransforms:\n  \
             - enrich: {{ into: contact, operation: contacts.get, with: {{ id: .who }}, take: '{{ name, email }}', missing: {missing} }}\n\
             destinations:\n  - file: {{ path: {missing}.jsonl }}\n"
        );
        put(&desk, "flow.yaml", &flow);
        simulator.forget_requests();
        let told = shown(
            &desk,
            &["flow", "run", "flow.yaml", "--base-url", simulator.base_url()],
        );
        assert_eq!(told["dead_letters"], 0, "{told}");
        let made = lines(&desk, &format!("{missing}.jsonl"));
        for record in made.iter().filter(|record| record["round"] != 3) {
            let contact = known
                .iter()
                .find(|contact| contact["id"] == record["who"])
                .unwrap();
            let expected = json!({ "name": contact["name"], "email": contact["email"] });
            assert_eq!(record["contact"], expected);
        }
        let others: Vec<&Value> = made.iter().filter(|record| record["round"] == 3).collect();
        assert!(
            others.iter().all(|record| record.get("contact").is_none()),
            "{others:?}"
        );
        assert_eq!(made.len(), there, "{missing}");
        let mut asked = simulator.requests();
        asked.retain(|request| {
            request["path"]
                .as_str()
                .is_some_and(|path| path.starts_with("/contacts/"))
        });
        assert_eq!(asked.len(), 21, "each contact once, and the one that is missing");
        let runs = shown(&desk, &["flow", "runs", &format!("enriched-{missing}")]);
        assert_eq!(runs[0]["calls"], 21, "{runs}");
    }
}
