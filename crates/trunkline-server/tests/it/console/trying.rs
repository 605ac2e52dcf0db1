//! Flows that are tried and run by hand, and recipes, in the browser.

use std::fs;

use reqwest::StatusCode;
use trunkline_store::{FlowOrigin, FlowRunCause, FlowRunFilter, FlowRunState, NewFlow, Role};

use super::signed_in;
use crate::harness::{Process, flow, now};

const NEW: &str = "/flow-editor";

#[tokio::test]
async fn a_text_is_tried_with_what_is_typed_and_shows_what_each_step_makes_of_it() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let text = flow("orders");
    let good = [
        ("text", text.as_str()),
        ("try", "given"),
        ("sample", "{\"number\": 21}"),
    ];
    let seen = ann.fill(NEW, NEW, &good).await;
    for words in [
        "After <code>map</code>",
        "&quot;twice&quot;: 42",
        "It would be given",
    ] {
        assert!(seen.text.contains(words), "{words}: {}", seen.text);
    }
    let failing = [
        ("text", text.as_str()),
        ("try", "given"),
        ("sample", "{\"number\": {}}"),
    ];
    let seen = ann.fill(NEW, NEW, &failing).await;
    let at = seen.text.find("After <code>map</code>").unwrap();
    let wrong = seen.text[at..].find("class=\"wrong\"").unwrap();
    assert!(
        seen.text[at..at + wrong].contains("failed"),
        "the step that failed says so: {}",
        seen.text
    );
    let broken = [
        ("text", text.as_str()),
        ("try", "given"),
        ("sample", "{\"number\": "),
    ];
    let seen = ann.fill(NEW, NEW, &broken).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        seen.text.contains("is no JSON")
            && seen.text.contains("{&quot;number&quot;: ")
            && seen.text.contains("twice"),
        "what was typed stays: {}",
        seen.text
    );
    let unknown = text.replace("map:", "mop:");
    let seen = ann
        .fill(
            NEW,
            NEW,
            &[("text", &unknown), ("try", "given"), ("sample", "{}")],
        )
        .await;
    assert!(
        seen.text.contains("there is no transform mop") && seen.text.contains("nothing was tried"),
        "{}",
        seen.text
    );
    let seen = ann.fill(NEW, NEW, &[("text", &text), ("try", "given")]).await;
    assert!(seen.text.contains("TL0970"), "{}", seen.text);
    assert!(process.store.flows().await.unwrap().is_empty());
    process.stop().await;
}

#[tokio::test]
async fn what_enrich_would_find_is_left_out_or_given() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let text = "flow: orders\nsource: { file: { path: in.jsonl } }\ntransforms:\n  - enrich: { into: who, operation: contacts.get, \
                with: { id: .id } }\ndestinations:\n  - file: { path: out.jsonl }\n";
    let mut fields = vec![("text", text), ("try", "given"), ("sample", "{\"id\": \"7\"}")];
    let seen = ann.fill(NEW, NEW, &fields).await;
    assert!(seen.text.contains("Nobody was asked"), "{}", seen.text);
    fields.push(("answers", "{\"who\": {\"name\": \"Zoë\"}}"));
    let seen = ann.fill(NEW, NEW, &fields).await;
    assert!(
        seen.text.contains("&quot;name&quot;: &quot;Zoë&quot;")
            && seen.text.contains("is the answer that was given"),
        "{}",
        seen.text
    );
    process.stop().await;
}

#[tokio::test]
async fn a_dry_run_shows_the_first_records_and_brings_nothing() {
    let process = Process::start().await;
    process.flow("orders").await;
    let lines: String = (1..=5)
        .map(|number| format!("{{\"number\":{number}}}\n"))
        .collect();
    fs::write(process.folder.path().join("in.jsonl"), lines).unwrap();
    let mut ben = signed_in(&process, "ben", Role::Operate).await;
    let dry = "/flows/orders/dry-run";
    let seen = ben.fill("/flows/orders", dry, &[("limit", "1")]).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(
        seen.text
            .contains("<strong>1 record</strong> from the first records of the source")
            && seen.text.contains("&quot;twice&quot;: 2"),
        "{}",
        seen.text
    );
    assert!(!process.folder.path().join("orders.jsonl").exists());
    fs::remove_file(process.folder.path().join("in.jsonl")).unwrap();
    let gone = ben.fill("/flows/orders", dry, &[("limit", "10")]).await;
    assert!(gone.text.contains("in.jsonl"), "{}", gone.text);
    process.stop().await;
}

#[tokio::test]
async fn a_flow_runs_when_somebody_says_so_also_when_it_is_switched_off() {
    let process = Process::start().await;
    process.flow("orders").await;
    fs::write(process.folder.path().join("in.jsonl"), "{\"number\":1}\n").unwrap();
    let mut ben = signed_in(&process, "ben", Role::Operate).await;
    let done = ben.fill("/flows", "/flows/orders/run", &[]).await;
    assert_eq!(
        (done.status, done.location.as_str()),
        (StatusCode::SEE_OTHER, "/flows/orders")
    );
    let run = loop {
        let runs = process
            .store
            .flow_runs(&FlowRunFilter::default(), 1)
            .await
            .unwrap();
        if let Some(run) = runs.into_iter().find(|run| run.state != FlowRunState::Running) {
            break run;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((run.state, run.cause), (FlowRunState::Done, FlowRunCause::Manual));
    let brought = fs::read_to_string(process.folder.path().join("orders.jsonl")).unwrap();
    assert_eq!(brought, "{\"number\":1,\"twice\":2}\n");
    let endless = flow("endless")
        .replace("path: in.jsonl", "path: in.jsonl, follow: true")
        .replace("schedule: { once: 2040-01-01T00:00:00Z }\n", "");
    let new = NewFlow {
        name: "endless".to_owned(),
        text: endless,
        origin: FlowOrigin::File,
        by_whom: "command line".to_owned(),
    };
    process.store.put_flow(&new, None, now()).await.unwrap();
    let refused = ben
        .fill("/flows", "/flows/endless/run", &[("_from", "/flows")])
        .await;
    assert_eq!(refused.location, "/flows");
    let said = ben.look("/flows").await;
    assert!(said.text.contains("TL0971"), "{}", said.text);
    process.stop().await;
}

#[tokio::test]
async fn a_recipe_is_picked_filled_in_tried_and_switched_on() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, None).await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let gallery = ann.look("/recipes").await;
    assert!(
        gallery.text.contains("/recipes/conversation-routing"),
        "{}",
        gallery.text
    );
    let page = "/recipes/conversation-routing";
    let mut fields = vec![
        ("file", "flow.yaml"),
        ("name", "routing"),
        ("connection", "acme"),
        ("values.urgent_tag", "gold"),
        ("values.tier_two", "7'"),
        ("values.billing", "8"),
        ("values.teammate", "9"),
    ];
    let wrong = ann.fill(page, page, &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("value=\"gold\"") && wrong.text.contains("is not digits"),
        "{}",
        wrong.text
    );
    fields[4].1 = "7";
    fields.push(("do", "try"));
    let tried = ann.fill(page, page, &fields).await;
    for words in ["<strong>4 records</strong>", "conversations.assign", "tier-two"] {
        assert!(tried.text.contains(words), "{words}: {}", tried.text);
    }
    assert!(
        process.store.flows().await.unwrap().is_empty(),
        "trying puts nothing"
    );
    fields.pop();
    let on = ann.fill(page, page, &fields).await;
    assert_eq!(
        (on.status, on.location.as_str()),
        (StatusCode::SEE_OTHER, "/flows/routing"),
        "{}",
        on.text
    );
    let text = process.store.flow("routing").await.unwrap().text;
    for piece in [
        "connection: acme",
        ".name == \"gold\"",
        "team_id: '\"7\"'",
        "team_id: '\"8\"'",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    fields[3].1 = "silver";
    let again = ann.fill(page, page, &fields).await;
    assert!(again.text.contains("is there already"), "{}", again.text);
    assert_eq!(ann.look("/recipes/none").await.status, StatusCode::NOT_FOUND);
    let mut cy = signed_in(&process, "cy", Role::Read).await;
    let looked = cy.look(page).await;
    assert!(!looked.text.contains("Switch it on</button>"), "{}", looked.text);
    process.stop().await;
}

#[tokio::test]
async fn what_a_list_shows_is_kept_as_a_file_beyond_its_page() {
    let process = Process::start().await;
    process.flow("orders").await;
    process.flow("others").await;
    for number in 0..130 {
        process.letter("orders", "run", number, now()).await;
    }
    process.letter("others", "run", 1, now()).await;
    let mut cy = signed_in(&process, "cy", Role::Read).await;
    let list = cy.look("/deliveries?flow=orders").await;
    assert!(
        list.text
            .contains("/deliveries/download?flow=orders&amp;format=csv"),
        "{}",
        list.text
    );
    let lines = cy.look("/deliveries/download?flow=orders&format=jsonl").await;
    assert_eq!(
        lines.headers["content-disposition"],
        "attachment; filename=\"dead-letters.jsonl\""
    );
    let numbers: std::collections::BTreeSet<u64> = lines
        .text
        .lines()
        .map(|line| {
            let letter: serde_json::Value = serde_json::from_str(line).unwrap();
            letter["source_record"]["number"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(numbers.len(), 130);
    let table = cy.look("/deliveries/download?format=csv").await;
    assert_eq!(table.text.lines().count(), 132);
    assert!(table.text.starts_with("id,flow,destination,"), "{}", table.text);
    let bad = cy.look("/deliveries/download?state=lost").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let runs = cy.look("/deliveries/runs/download?format=csv").await;
    assert!(runs.text.starts_with("id,flow,version,"), "{}", runs.text);
    process.stop().await;
}
