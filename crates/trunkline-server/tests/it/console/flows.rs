//! Flows and dead letters in the browser.

use reqwest::StatusCode;
use trunkline_store::{AuditFilter, DeadLetterFilter, DeadLetterState, Role};

use super::signed_in;
use crate::harness::{Process, flow, now};

/// The notes of the audit log, newest first.
async fn deeds(process: &Process) -> Vec<(String, String)> {
    let audit = process.store.audit(&AuditFilter::default(), 10).await.unwrap();
    audit
        .into_iter()
        .map(|entry| (entry.deed, entry.subject))
        .collect()
}

#[tokio::test]
async fn a_flow_is_written_mended_and_saved_only_over_what_was_seen() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let wrong = flow("orders").replace("source:", "sauce:").replace('\n', "\r\n");
    let seen = ann
        .fill("/flow-editor", "/flow-editor", &[("text", &wrong)])
        .await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        seen.text.contains("data-spot=\"3:1\"") && seen.text.contains("sauce:"),
        "{}",
        seen.text
    );
    let text = flow("orders");
    let checked = ann
        .fill(
            "/flow-editor",
            "/flow-editor",
            &[("text", &text), ("check", "yes")],
        )
        .await;
    assert!(checked.text.contains("The text is in order."), "{}", checked.text);
    assert!(
        process.store.flows().await.unwrap().is_empty(),
        "a check puts nothing"
    );
    let saved = ann
        .fill(
            "/flow-editor",
            "/flow-editor",
            &[("text", &text.replace('\n', "\r\n"))],
        )
        .await;
    assert_eq!(
        (saved.status, saved.location.as_str()),
        (StatusCode::SEE_OTHER, "/flows/orders")
    );
    assert_eq!(process.store.flow("orders").await.unwrap().text, text);
    let edit = "/flows/orders/edit";
    let other = text.replace("twice", "double");
    let changed = ann.fill(edit, edit, &[("text", &other), ("replaces", "1")]).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    let late = ann.fill(edit, edit, &[("text", &text), ("replaces", "1")]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        late.text.contains("TL0816") && late.text.contains("twice"),
        "what was typed stays: {}",
        late.text
    );
    let renamed = ann
        .fill(edit, edit, &[("text", &flow("others")), ("replaces", "2")])
        .await;
    assert_eq!(renamed.status, StatusCode::UNPROCESSABLE_ENTITY, "a name stays");
    let noted = deeds(&process).await;
    let orders = |deed: &str| (deed.to_owned(), "orders".to_owned());
    assert_eq!(
        noted[..2],
        [orders("flows.change"), orders("flows.apply")],
        "{noted:?}"
    );
    let shown = ann.look("/flows/orders").await;
    for words in ["orders.jsonl", "once, at 2040", "put by ann"] {
        assert!(shown.text.contains(words), "{words}: {}", shown.text);
    }
    process.stop().await;
}

#[tokio::test]
async fn what_became_of_a_record_is_found_read_and_taken_along() {
    let process = Process::start().await;
    process.flow("orders").await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(process.delivered("orders", "run", number, now()).await);
    }
    let mut zoe = signed_in(&process, "zoe", Role::Read).await;
    let found = zoe.look("/deliveries/records?flow=orders&record=order-7").await;
    assert!(
        found.text.contains(&format!("/deliveries/records/{}", ids[7])),
        "{}",
        found.text
    );
    assert!(!found.text.contains("order-8"), "{}", found.text);
    let shown = zoe.look(&format!("/deliveries/records/{}", ids[7])).await;
    for words in [
        "Delivered to file",
        "After <code>map</code>",
        "As the source gave it",
        "What was answered",
    ] {
        assert!(shown.text.contains(words), "{words}: {}", shown.text);
    }
    let letter = process.followed_letter("orders", "run", 7).await;
    let both = zoe.look(&format!("/deliveries/records/{}", ids[7])).await;
    let to_letter = format!("href=\"/deliveries/{letter}\"");
    assert!(both.text.contains(&to_letter), "{}", both.text);
    let buried = zoe.look(&format!("/deliveries/{letter}")).await;
    assert!(
        buried.text.contains("What became of this record everywhere"),
        "{}",
        buried.text
    );
    let nothing = zoe.look("/deliveries/records/nothing").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let wrong = zoe.look("/deliveries/records?outcome=lost").await;
    assert!(wrong.text.contains("outcome"), "{}", wrong.text);
    let lines = zoe
        .look("/deliveries/records/download?format=jsonl&flow=orders")
        .await;
    assert_eq!(lines.text.lines().count(), 121, "beyond the page");
    assert!(
        lines.text.contains(r#""source_record":{"number":7}"#),
        "{}",
        lines.text
    );
    let table = zoe
        .look("/deliveries/records/download?format=csv&record=order-7")
        .await;
    assert_eq!(table.text.lines().count(), 3, "{}", table.text);
    process.stop().await;
}

#[tokio::test]
async fn dead_letters_are_read_redriven_and_dropped_by_whoever_may() {
    let process = Process::start().await;
    process.flow("orders").await;
    let mut letters = Vec::new();
    for number in 0..3 {
        letters.push(process.letter("orders", "run", number, now()).await);
    }
    let mut ben = signed_in(&process, "ben", Role::Operate).await;
    let one = format!("/deliveries/{}", letters[2]);
    let shown = ben.look(&one).await;
    assert!(shown.text.contains("The disk is full"), "{}", shown.text);
    assert!(shown.text.contains("After <code>map</code>"), "{}", shown.text);
    let chosen = format!("{} orders", letters[2]);
    let back = ben
        .fill(
            &one,
            "/deliveries/redrive",
            &[("letters", &chosen), ("form", "source")],
        )
        .await;
    assert_eq!(
        (back.status, back.location.as_str()),
        (StatusCode::SEE_OTHER, "/deliveries"),
        "{}",
        back.text
    );
    let chosen = format!("{} orders", letters[1]);
    ben.fill("/deliveries", "/deliveries/drop", &[("letters", &chosen)])
        .await;
    ben.fill(
        "/deliveries?flow=orders",
        "/deliveries/redrive",
        &[("flow", "orders"), ("text", "disk")],
    )
    .await;
    for (id, state) in letters.iter().zip([
        DeadLetterState::Redriven,
        DeadLetterState::Dropped,
        DeadLetterState::Redriven,
    ]) {
        assert_eq!(process.store.dead_letter(id).await.unwrap().state, state);
    }
    let noted = deeds(&process).await;
    let deeds: Vec<&str> = noted.iter().take(3).map(|(deed, _)| deed.as_str()).collect();
    assert_eq!(
        deeds,
        [
            "dead_letters.redrive",
            "dead_letters.drop",
            "dead_letters.redrive"
        ]
    );
    let none = DeadLetterFilter {
        state: Some(DeadLetterState::Waiting),
        ..DeadLetterFilter::default()
    };
    assert!(process.store.dead_letters(&none, 10).await.unwrap().is_empty());
    let mut zoe = signed_in(&process, "zoe", Role::Read).await;
    let looks = zoe.look("/deliveries?state=dropped").await;
    assert!(!looks.text.contains("name=\"letters\""), "{}", looks.text);
    let token = zoe.look("/account").await.token();
    let refused = zoe
        .post("/deliveries/drop", &token, &[("letters", &chosen)])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(zoe.look("/flows/orders/edit").await.status, StatusCode::FORBIDDEN);
    process.stop().await;
}
