//! What flows do in a workspace: the destination held to the suite of destinations, and what records are enriched by.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use trunkline_actions::Workspace;
use trunkline_catalog::Version;
use trunkline_client::{Client, Clock as _, Connection, Settings, SystemClock};
use trunkline_components::{Site, Workspaces, build, kinds};
use trunkline_flow::{
    ComponentError, Destination,
    conformance::{self, DestinationSubject, Keeps},
    document::Document,
};

use super::{lines, put};
use crate::{
    actions::memory::MemoryJournal,
    harness::{Desk, Simulator, TOKEN},
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

impl DestinationSubject for People {
    fn destination(&self) -> Arc<dyn Destination> {
        let clock = Arc::new(SystemClock);
        let connection = Connection::at(
            self.simulator.base_url(),
            TOKEN.to_owned().into(),
            Version::DEFAULT,
        )
        .unwrap();
        let client = Client::new(connection, Settings::new(clock.clone())).unwrap();
        let workspace = Workspace::new("sim", client, clock, self.journal.clone());
        let site = Site {
            folder: PathBuf::from("/nowhere"),
            workspaces: Arc::new(One(workspace)),
            ..Site::alone("act", Arc::new(|| SystemClock.now()), Arc::new(|_| None))
        };
        let document = Document::parse(ACT, &kinds(), SystemClock.now()).unwrap();
        let mut flow = build(&document, &site).unwrap();
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
