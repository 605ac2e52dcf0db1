//! Actions in a browser: forms, what is wrong with them, plans, the history and undoing.

use reqwest::StatusCode;
use serde_json::{Value, json};
use trunkline_store::{AuditFilter, Role};

use super::{Browser, Seen, signed_in};
use crate::{
    api::Intercom,
    harness::{Process, now},
};

/// A process with a connection to something that answers.
pub(super) async fn connected() -> (Process, Intercom) {
    let process = Process::start().await;
    let intercom = Intercom::start().await;
    process
        .connection_at("live", "live1234", intercom.base_url())
        .await;
    (process, intercom)
}

/// The value of a hidden field.
fn hidden(seen: &Seen, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = seen
        .text
        .split_once(&start)
        .unwrap_or_else(|| panic!("{name}: {}", seen.text));
    rest.split('"').next().unwrap().replace("&quot;", "\"")
}

/// The part of a page that is about one field.
fn field<'s>(seen: &'s Seen, name: &str) -> &'s str {
    let (_, rest) = seen
        .text
        .split_once(&format!("id=\"f-{name}\""))
        .unwrap_or_else(|| panic!("{name}: {}", seen.text));
    rest.split("</div>").next().unwrap()
}

async fn form<'p>(process: &'p Process, id: &str) -> (Browser<'p>, Seen) {
    let mut browser = signed_in(process, "ann@example.com", Role::Operate).await;
    let seen = browser.look(&format!("/actions/{id}?connection=live")).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    (browser, seen)
}

#[tokio::test]
async fn an_action_is_found_by_our_words_and_by_those_of_another_connector() {
    let process = Process::start().await;
    let mut browser = signed_in(&process, "ann@example.com", Role::Read).await;
    for (query, expected) in [
        ("", "resource=contacts"),
        ("?words=tag+contact", "/actions/contacts.tag\""),
        ("?words=alumio+retrieve+a+ticket", "/actions/tickets.get\""),
        ("?resource=tags", "/actions/tags.upsert\""),
        ("?words=no+such+thing", "Nothing fits"),
    ] {
        let seen = browser.look(&format!("/actions{query}")).await;
        assert!(seen.text.contains(expected), "{query}: {}", seen.text);
    }
    let seen = browser.look("/actions/contacts.upsert").await;
    assert!(seen.text.contains("needs the role"), "{}", seen.text);
    let run = browser
        .post("/actions/contacts.upsert/run", &seen.token(), &[])
        .await;
    assert_eq!(run.status, StatusCode::FORBIDDEN);
    process.stop().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let (process, _intercom) = connected().await;
    let (mut browser, seen) = form(&process, "contacts.tag").await;
    let fields = [
        ("connection", "live"),
        ("input.email", "ann@example.com"),
        ("input.contact_id", "\"><script>"),
        ("input.untag", "perhaps"),
    ];
    let seen = browser
        .post("/actions/contacts.tag/plan", &seen.token(), &fields)
        .await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        field(&seen, "input.untag").contains("must be true or false"),
        "{}",
        seen.text
    );
    assert!(seen.text.contains("exclude each other"), "{}", seen.text);
    assert!(seen.text.contains("value=\"ann@example.com\""), "{}", seen.text);
    assert!(seen.text.contains("&quot;&gt;&lt;script&gt;"), "{}", seen.text);
    process.stop().await;
}

#[tokio::test]
async fn a_request_is_shown_carried_out_once_and_stands_in_the_history() {
    let (process, _intercom) = connected().await;
    let (mut browser, seen) = form(&process, "tags.upsert").await;
    let token = seen.token();
    let typed = [("connection", "live"), ("input.name", "fresh")];
    let planned = browser.post("/actions/tags.upsert/plan", &token, &typed).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.text);
    for expected in [
        "Do exactly this",
        "trunkline call tags.upsert --connection live",
        "$TRUNKLINE_KEY",
        "- intercom:",
    ] {
        assert!(planned.text.contains(expected), "{expected}: {}", planned.text);
    }
    let (word, plan) = (hidden(&planned, "word"), hidden(&planned, "plan"));
    let sent = [
        ("connection", "live"),
        ("word", word.as_str()),
        ("plan", plan.as_str()),
        ("input.name", "fresh"),
    ];
    let done = browser.post("/actions/tags.upsert/apply", &token, &sent).await;
    assert!(done.text.contains("See it in the history"), "{}", done.text);
    let again = browser.post("/actions/tags.upsert/apply", &token, &sent).await;
    assert!(again.text.contains("done before"), "{}", again.text);
    let other = plan.replace("tags.upsert", "tags.delete");
    let forged = [("connection", "live"), ("word", "x"), ("plan", other.as_str())];
    let forged = browser.post("/actions/tags.upsert/apply", &token, &forged).await;
    assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);

    let history = browser.look("/writes?action=tags.upsert").await;
    assert_eq!(
        history.text.matches("<td").count(),
        5,
        "one run: {}",
        history.text
    );
    assert!(history.text.contains("ann@example.com"), "{}", history.text);
    let (_, run) = history.text.split_once("href=\"/writes/").unwrap();
    let path = format!("/writes/{}", run.split('"').next().unwrap());
    let run = browser.look(&path).await;
    assert!(
        run.text.contains("tags.upsert") && run.text.contains("href=\"/connections/live\""),
        "{}",
        run.text
    );
    let undo = browser.look(&format!("{path}/undo")).await;
    assert_eq!(undo.status, StatusCode::OK, "{}", undo.text);
    let undone = browser.fill(&path, &format!("{path}/undo"), &[]).await;
    assert_eq!(undone.status, StatusCode::SEE_OTHER, "{}", undone.text);
    let audit = process.store.audit(&AuditFilter::default(), 10).await.unwrap();
    let deeds: Vec<&str> = audit.iter().map(|entry| entry.deed.as_str()).collect();
    for deed in ["actions.plan", "plans.apply", "action_runs.undo"] {
        assert!(deeds.contains(&deed), "{deed}: {deeds:?} {}", now());
    }
    process.stop().await;
}

#[tokio::test]
async fn what_destroys_is_run_only_after_its_request_was_shown() {
    let (process, _intercom) = connected().await;
    let (mut browser, seen) = form(&process, "tags.delete").await;
    let token = seen.token();
    assert!(!seen.text.contains("formaction"), "{}", seen.text);
    // The tags of the workspace stand in a list to pick from.
    assert!(
        field(&seen, "input.path.id").contains("<option value=\"9\""),
        "{}",
        seen.text
    );
    let typed = [("connection", "live"), ("input.path.id", "9")];
    let run = browser.post("/actions/tags.delete/run", &token, &typed).await;
    assert!(
        run.status.is_client_error() && run.text.contains("TL0960"),
        "{}",
        run.text
    );
    let planned = browser.post("/actions/tags.delete/plan", &token, &typed).await;
    let (word, plan) = (hidden(&planned, "word"), hidden(&planned, "plan"));
    let sent = [
        ("connection", "live"),
        ("word", word.as_str()),
        ("plan", plan.as_str()),
        ("input.path.id", "9"),
    ];
    let unsure = browser.post("/actions/tags.delete/apply", &token, &sent).await;
    assert!(unsure.text.contains("TL0960"), "{}", unsure.text);
    let sure: Vec<(&str, &str)> = sent.into_iter().chain([("sure", "yes")]).collect();
    let done = browser.post("/actions/tags.delete/apply", &token, &sure).await;
    assert!(done.text.contains("The answer"), "{}", done.text);
    process.stop().await;
}

#[tokio::test]
async fn permissions_are_asked_for_by_a_button_and_remembered() {
    let (process, _intercom) = connected().await;
    let mut browser = signed_in(&process, "ann@example.com", Role::Operate).await;
    let before = browser.look("/connections/live").await;
    assert!(before.text.contains("Nobody has asked yet"), "{}", before.text);
    let asked = browser
        .fill("/connections/live", "/connections/live/permissions", &[])
        .await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
    let after = browser.look("/connections/live").await;
    assert!(
        after.text.contains("Ask again") && after.text.contains("Without it"),
        "{}",
        after.text
    );
    process.stop().await;
}

#[tokio::test]
async fn every_step_of_a_flow_that_is_spelled_is_in_order() {
    let process = Process::start().await;
    let nasty = json!({ "email": "it's \"Ann\": {a}\n# \\(x)", "custom_attributes": { "a b": [1, null] } });
    let parts = json!({ "path": { "id": "it's" }, "payload": { "name": "\u{e9}: - x" } });
    let given = [("contacts.upsert", nasty), ("contacts.update", parts)];
    let empty = trunkline_actions::actions()
        .iter()
        .map(|action| (action.id, json!({})));
    for (id, input) in given.into_iter().chain(empty) {
        let call = json!({ "input": input, "connection": "acme" });
        let url = process.url(&format!("/api/v1/actions/{id}/spell"));
        let spelled: Value = process
            .http
            .post(url)
            .json(&call)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let step = spelled["flow"].as_str().unwrap().replace("\n", "\n  ");
        let text = format!(
            "flow: spelled\nschedule: {{ once: 2040-01-01T00:00:00Z }}\nsource: {{ file: {{ path: in.jsonl }} }}\n\
             destinations:\n  {step}"
        );
        let url = process.url("/api/v1/flow-checks");
        let asked = process.http.post(url).json(&json!({ "text": text })).send();
        let checked: Value = asked.await.unwrap().json().await.unwrap();
        assert_eq!(checked["mistakes"], json!([]), "{id}\n{text}");
    }
    process.stop().await;
}
