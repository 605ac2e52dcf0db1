//! Flows that are built step by step in the browser, without script.

use reqwest::StatusCode;
use trunkline_store::Role;

use super::{Browser, Seen, signed_in};
use crate::harness::{Process, flow};

const NEW: &str = "/flow-builder";

/// The text that a page of the builder carries.
fn text_of(seen: &Seen) -> String {
    let (_, rest) = seen
        .text
        .split_once("tabindex=\"-1\" readonly>")
        .unwrap_or_else(|| panic!("{}", seen.text));
    let text = rest.split("</textarea>").next().unwrap();
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Sends the form of the builder.
async fn press(ann: &mut Browser<'_>, text: &str, fields: &[(&str, &str)]) -> Seen {
    let mut all = vec![("text", text)];
    all.extend_from_slice(fields);
    ann.fill(NEW, NEW, &all).await
}

#[tokio::test]
async fn a_flow_is_built_of_steps_and_is_the_text_that_the_editor_has() {
    let process = Process::start().await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let fresh = ann.look(NEW).await;
    assert_eq!(fresh.status, StatusCode::OK);
    let text = text_of(&fresh);
    let source = press(
        &mut ann,
        &text,
        &[("do", "source"), ("source", "file"), ("flow", "orders")],
    )
    .await;
    let text = text_of(&source);
    assert!(
        text.contains("flow: orders\n") && text.contains("file: {}"),
        "{text}"
    );
    let missing = press(&mut ann, &text, &[("do", "save")]).await;
    assert!(missing.text.contains("missing field `path`"), "{}", missing.text);
    assert!(process.store.flows().await.unwrap().is_empty());
    let set = [
        ("steps", "s"),
        ("s.path", "in.jsonl"),
        ("do", "add t"),
        ("add-t", "map"),
    ];
    let text = text_of(&press(&mut ann, &text, &set).await);
    assert!(
        text.contains("path: in.jsonl") && text.contains("map: {}"),
        "{text}"
    );
    let set = [
        ("steps", "t0"),
        ("t0.set.k0", "twice"),
        ("t0.set.v0", ".number * 2"),
        ("t0.keep", "number\r\ntwice"),
        ("do", "add t"),
        ("add-t", "filter"),
    ];
    let text = text_of(&press(&mut ann, &text, &set).await);
    let set = [("steps", "t1"), ("t1.value", ".number > 1"), ("do", "up t1")];
    let text = text_of(&press(&mut ann, &text, &set).await);
    let order = (text.find("filter").unwrap(), text.find("map").unwrap());
    assert!(order.0 < order.1, "{text}");
    let set = [
        ("when", "daily"),
        ("when_time", "07:30"),
        ("when_days", "1-5"),
        ("when_zone", "Europe/Dublin"),
        ("do", "check"),
    ];
    let checked = press(&mut ann, &text, &set).await;
    assert!(checked.text.contains("The flow is in order."), "{}", checked.text);
    let text = text_of(&checked);
    let tried = press(
        &mut ann,
        &text,
        &[
            ("try", "given"),
            ("sample", "{\"number\": 3, \"who\": {\"id\": 1}}"),
        ],
    )
    .await;
    for piece in [
        "&quot;twice&quot;: 6",
        "data-insert=\".who.id\"",
        "<option value=\".number\">",
    ] {
        assert!(tried.text.contains(piece), "{piece}: {}", tried.text);
    }
    let as_text = press(&mut ann, &text, &[("do", "text")]).await;
    assert!(as_text.text.contains("The flow, as YAML"), "{}", as_text.text);
    let saved = press(&mut ann, &text, &[("do", "save")]).await;
    assert_eq!(
        (saved.status, saved.location.as_str()),
        (StatusCode::SEE_OTHER, "/flows/orders"),
        "{}",
        saved.text
    );
    let kept = process.store.flow("orders").await.unwrap().text;
    assert_eq!(kept, text);
    for piece in [
        "cron: 30 7 * * 1-5",
        "time_zone: Europe/Dublin",
        "twice: .number * 2",
    ] {
        assert!(kept.contains(piece), "{piece}: {kept}");
    }
    process.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_stays_as_it_was_typed_and_changes_nothing() {
    let process = Process::start().await;
    process.flow("orders").await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let build = "/flows/orders/build";
    let opened = ann.look(build).await;
    assert_eq!(
        text_of(&opened),
        flow("orders"),
        "what nobody changed stays letter by letter"
    );
    let with_comment = format!("# Ours.\n{}", flow("orders"));
    let mut fields = vec![
        ("text", with_comment.as_str()),
        ("replaces", "1"),
        ("steps", "t0"),
        ("t0.set.k0", "twice"),
        ("t0.set.v0", ".number * 2"),
        ("do", "check"),
    ];
    let same = ann.fill(build, build, &fields).await;
    assert_eq!(text_of(&same), with_comment);
    assert!(same.text.contains("The text has comments"), "{}", same.text);
    fields.extend([("t0.set.k1", "twice"), ("t0.set.v1", "1"), ("policy", "retry: [")]);
    let wrong = ann.fill(build, build, &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for piece in [
        "has the name twice twice",
        "retry: [</textarea>",
        "2 mistakes",
        "name=\"t0.set.k1\" value=\"twice\"",
    ] {
        assert!(wrong.text.contains(piece), "{piece}: {}", wrong.text);
    }
    let bad = [
        ("text", with_comment.as_str()),
        ("steps", "t0"),
        ("t0.set.k0", "twice"),
        ("t0.set.v0", ".number *"),
        ("do", "save"),
    ];
    let wrong = ann.fill(build, build, &bad).await;
    let at = wrong.text.find("id=\"step-t0\"").unwrap();
    let step = &wrong.text[at..wrong.text[at..].find("</section>").unwrap() + at];
    assert!(
        step.contains("class=\"wrong\"") && step.contains(".number *"),
        "{step}"
    );
    let late = ann
        .fill(
            build,
            build,
            &[
                ("text", &flow("orders").replace("twice", "double")),
                ("replaces", "7"),
                ("do", "save"),
            ],
        )
        .await;
    assert!(late.text.contains("TL0816"), "{}", late.text);
    let other = ann
        .fill(
            build,
            build,
            &[("text", &flow("others")), ("replaces", "1"), ("do", "save")],
        )
        .await;
    assert!(other.text.contains("a name stays"), "{}", other.text);
    assert_eq!(process.store.flow("orders").await.unwrap().text, flow("orders"));
    let nothing = press(&mut ann, "flow: [", &[("do", "check")]).await;
    assert!(
        nothing.text.contains("cannot be shown as steps"),
        "{}",
        nothing.text
    );
    process.stop().await;
}

#[tokio::test]
async fn a_publisher_is_previewed_before_it_is_saved() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, None).await;
    let people = "{\"id\":1,\"mail\":\"ann@example.com\"}\n{\"id\":2,\"mail\":\"bo@example.com\"}\n";
    std::fs::write(process.folder.path().join("people.jsonl"), people).unwrap();
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let page = "/outgoing/new";
    assert!(ann.look("/outgoing").await.text.contains("Nothing goes out yet"));
    let mut fields = vec![
        ("name", "people-out"),
        ("other", "file"),
        ("settings", "path: people.jsonl"),
        ("connection", "acme"),
        ("action", "contacts.upsert"),
        ("with.k0", "email"),
        ("with.v0", ".email"),
        ("with.k1", "role"),
        ("with.v1", "\"user\""),
        ("transform", ".email = (.mail | ascii_upcase)"),
        ("every", "1h"),
        ("do", "preview"),
    ];
    let seen = ann.fill(page, page, &fields).await;
    for piece in [
        "<strong>2 records</strong>",
        "contacts.upsert",
        "ANN@EXAMPLE.COM",
        "value=\"people-out\"",
    ] {
        assert!(seen.text.contains(piece), "{piece}: {}", seen.text);
    }
    assert!(process.store.flows().await.unwrap().is_empty());
    fields[2].1 = "- a list";
    let wrong = ann.fill(page, page, &fields).await;
    assert!(
        wrong.text.contains("is no map of settings") && wrong.text.contains("- a list"),
        "{}",
        wrong.text
    );
    fields[2].1 = "path: people.jsonl";
    fields[5].1 = "no_such_field";
    fields[11].1 = "save";
    let wrong = ann.fill(page, page, &fields).await;
    assert!(
        wrong.text.contains("contacts.upsert has no field no_such_field"),
        "{}",
        wrong.text
    );
    fields[5].1 = "email";
    fields[11].1 = "build";
    let steps = ann.fill(page, page, &fields).await;
    assert!(steps.text.contains("id=\"step-d0\""), "{}", steps.text);
    fields[11].1 = "save";
    let saved = ann.fill(page, page, &fields).await;
    assert_eq!(saved.location, "/flows/people-out", "{}", saved.text);
    let list = ann.look("/outgoing").await;
    assert!(
        list.text.contains("people-out") && !list.text.contains("Nothing goes out"),
        "{}",
        list.text
    );
    assert!(ann.look("/incoming").await.text.contains("Nothing comes in yet"));
    process.stop().await;
}

#[tokio::test]
async fn a_subscriber_says_what_the_workspace_does_not_answer_and_keeps_what_was_typed() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, None).await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let page = "/incoming/new";
    let mut fields = vec![
        ("name", "tags-in"),
        ("connection", "acme"),
        ("action", "tags.list"),
        ("query.k0", "per_page"),
        ("query.v0", "5"),
        ("payload", "{"),
        ("other", "file"),
        ("settings", "path: tags.jsonl"),
        ("every", "1d"),
        ("do", "preview"),
    ];
    let wrong = ann.fill(page, page, &fields).await;
    assert!(
        wrong.text.contains("is no YAML") && wrong.text.contains("value=\"per_page\""),
        "{}",
        wrong.text
    );
    fields[5].1 = "";
    // Nobody listens where this connection leads.
    let seen = ann.fill(page, page, &fields).await;
    assert!(
        seen.text.contains("class=\"wrong\"") && seen.text.contains("<strong>0 records</strong>"),
        "{}",
        seen.text
    );
    fields[9].1 = "save";
    let saved = ann.fill(page, page, &fields).await;
    assert_eq!(saved.location, "/flows/tags-in", "{}", saved.text);
    let text = process.store.flow("tags-in").await.unwrap().text;
    for piece in [
        "operation: tags.list",
        "connection: acme",
        "per_page:",
        "paginate: false",
        "every: 1d",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    assert!(ann.look("/incoming").await.text.contains("tags.list"));
    process.stop().await;
}

#[tokio::test]
async fn a_subscriber_of_a_mirror_or_of_webhooks_reads_as_it_happens_and_takes_no_parameters() {
    let process = Process::start().await;
    process.connection("acme", "abcd1234", None, None).await;
    let mut ann = signed_in(&process, "ann", Role::Admin).await;
    let page = "/incoming/new";
    let offered = ann.look(page).await.text;
    for word in [
        "topic:*",
        "topic:contact.user.created",
        "changes:conversations",
        "records:companies",
    ] {
        assert!(offered.contains(&format!("value=\"{word}\"")), "{word}");
    }
    for (name, action, source, has_schedule) in [
        (
            "told",
            "topic:contact.user.created",
            "contact.user.created",
            false,
        ),
        ("changed", "changes:contacts", "changes:", false),
        ("kept", "records:companies", "stream: companies", true),
    ] {
        let mut fields = vec![
            ("name", name),
            ("connection", "acme"),
            ("action", action),
            ("query.k0", "per_page"),
            ("query.v0", "5"),
            ("other", "file"),
            ("settings", "path: out.jsonl"),
            ("every", "1h"),
            ("do", "save"),
        ];
        let refused = ann.fill(page, page, &fields).await;
        assert!(refused.text.contains("is for operations"), "{}", refused.text);
        fields[4].1 = "";
        fields[3].1 = "";
        let saved = ann.fill(page, page, &fields).await;
        assert_eq!(saved.location, format!("/flows/{name}"), "{}", saved.text);
        let text = process.store.flow(name).await.unwrap().text;
        assert!(
            text.contains(source) && text.contains("connection: acme"),
            "{text}"
        );
        assert_eq!(text.contains("every: 1h"), has_schedule, "{text}");
        assert!(ann.look("/incoming").await.text.contains(name));
    }
    process.stop().await;
}
