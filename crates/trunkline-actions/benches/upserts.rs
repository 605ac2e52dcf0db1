//! What an upsert costs of this machine's own time, the network and the platform left out.
//!
//! The one rule: everything runs as it does for people (checks, turns, the client's whole stack), and a transport answers from
//! memory. `cargo xtask bench actions` runs it and lets the kernel count; here nothing is measured.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use trunkline_actions::{CallOptions, NoJournal, Workspace};
use trunkline_catalog::Version;
use trunkline_client::{Client, Connection, Exchange, ManualClock, Settings, Transport};

// What people run has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A workspace that has everybody, or nobody.
#[derive(Debug)]
struct Memory {
    /// What a search finds.
    page: Bytes,
    /// The contact, as it is and as every write answers.
    contact: Bytes,
}

impl Memory {
    fn new(is_known: bool) -> Self {
        let contact = contact();
        let data: Vec<&Value> = is_known.then_some(&contact).into_iter().collect();
        let page = json!({
            "type": "list", "data": data, "total_count": data.len(),
            "pages": { "type": "pages", "page": 1, "per_page": 50, "total_pages": 1 },
        });
        Self {
            page: page.to_string().into(),
            contact: contact.to_string().into(),
        }
    }
}

impl Transport for Memory {
    fn send(&self, request: Request<Bytes>) -> Exchange<'_> {
        let body = if request.uri().path().ends_with("/search") {
            self.page.clone()
        } else {
            self.contact.clone()
        };
        Box::pin(async move {
            Ok(Response::builder()
                .status(200)
                .header("content-type", "application/json")
                .header("x-request-id", "bench")
                .body(body)
                .expect("a response"))
        })
    }
}

/// A contact as large as they are, with attributes, tags and companies.
fn contact() -> Value {
    let attributes: serde_json::Map<String, Value> = (0..12)
        .map(|number| (format!("attribute {number}"), json!(format!("value {number}"))))
        .collect();
    let list = |kind: &str| {
        let rows: Vec<Value> = (0..4)
            .map(|number| json!({ "type": kind, "id": format!("{number:024}"), "url": format!("/{kind}/{number:024}") }))
            .collect();
        json!({ "type": "list", "data": rows, "url": format!("/contacts/1/{kind}"), "total_count": 4, "has_more": false })
    };
    json!({
        "type": "contact", "id": "6657a8386abd0160d35d1ea4", "workspace_id": "bench", "external_id": "u-1", "role": "user",
        "email": "somebody@paper.example", "email_domain": "paper.example", "phone": "+15550001", "name": "Somebody",
        "avatar": null, "owner_id": null, "social_profiles": { "type": "list", "data": [] }, "has_hard_bounced": false,
        "marked_email_as_spam": false, "unsubscribed_from_emails": false, "created_at": 1_717_020_728, "updated_at": 1_717_020_728,
        "signed_up_at": null, "last_seen_at": 1_717_020_728, "last_replied_at": null, "last_contacted_at": null,
        "language_override": null, "browser": "chrome", "browser_version": "140", "browser_language": "en", "os": "Linux",
        "location": { "type": "location", "country": "Ireland", "region": "Leinster", "city": "Dublin" },
        "custom_attributes": attributes, "tags": list("tags"), "notes": list("notes"), "companies": list("companies"),
        "opted_out_subscription_types": list("subscription_types"), "opted_in_subscription_types": list("subscription_types"),
    })
}

/// `upserts NUMBER KIND`, where the kind is `new` or `known`.
fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let number: u32 = arguments
        .first()
        .map_or(1_000, |text| text.parse().expect("a number of upserts"));
    let is_known = arguments.get(1).is_some_and(|kind| kind == "known");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let clock = Arc::new(ManualClock::new(
            "2026-11-20T12:00:00Z".parse().expect("a moment"),
        ));
        let connection = Connection::at(
            "http://127.0.0.1:1",
            "bench-token".to_owned().into(),
            Version::DEFAULT,
        )
        .expect("a connection");
        let settings = Settings::new(clock.clone());
        let client = Client::over(connection, settings, Arc::new(Memory::new(is_known))).expect("a client");
        let workspace = Workspace::new("bench", client, clock, Arc::new(NoJournal));
        for place in 0..number {
            // Known people are found by the address; whoever is new has one of their own.
            let email = if is_known {
                "somebody@paper.example".to_owned()
            } else {
                format!("person{place}@paper.example")
            };
            let input = json!({ "email": email, "name": format!("Person {place}"), "phone": "+15550002" });
            let outcome = workspace
                .call("contacts.upsert", input, CallOptions::default())
                .await
                .expect("an outcome");
            assert_eq!(outcome.writes, 1);
        }
    });
}
