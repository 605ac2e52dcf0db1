//! What becomes of flows and their dead letters over the API.

use serde_json::{Value, json};

use super::world::{MANY, World};
use crate::harness::flow;

#[tokio::test]
async fn a_flow_is_put_shown_and_changed_only_by_whoever_saw_it() {
    let world = World::new().await;
    let put = async |body: Value| world.ask("admin", "post", "/flows", Some(&body)).await;
    let new = put(json!({ "text": flow("new") })).await;
    assert_eq!(new.json, json!({ "name": "new", "outcome": "new", "version": 1 }));
    let shown = world.ask("read", "get", "/flows/new", None).await;
    for (place, expected) in [
        ("/text", json!(flow("new"))),
        ("/flow/state", json!("active")),
        ("/flow/origin", json!("console")),
        ("/flow/by_whom", json!("key admin")),
        ("/made/source", json!({ "kind": "file", "says": "in.jsonl" })),
        ("/made/schedule", json!("once, at 2040-01-01T00:00:00Z")),
        (
            "/made/destinations/0/part",
            json!({ "kind": "file", "says": "new.jsonl" }),
        ),
        ("/mistakes", json!([])),
    ] {
        assert_eq!(
            shown.json.pointer(place),
            Some(&expected),
            "{place}: {}",
            shown.text
        );
    }
    let other = flow("new").replace("twice", "double");
    let blind = put(json!({ "text": other })).await;
    assert_eq!((blind.status, blind.code()), (409, "TL0816"), "{}", blind.text);
    let changed = put(json!({ "text": other, "replaces": 1 })).await;
    assert_eq!(changed.json["outcome"], "changed");
    let late = put(json!({ "text": flow("new"), "replaces": 1 })).await;
    assert_eq!((late.status, late.code()), (409, "TL0816"), "{}", late.text);
    let same = put(json!({ "text": other })).await;
    assert_eq!(
        same.json,
        json!({ "name": "new", "outcome": "unchanged", "version": 2 })
    );
    world.stop().await;
}

#[tokio::test]
async fn every_mistake_is_told_with_its_place_and_nothing_is_put() {
    let world = World::new().await;
    let text = flow("new")
        .replace("source:", "sauce:")
        .replace("path: new", "pth: new");
    let body = json!({ "text": text });
    let checked = world.ask("admin", "post", "/flow-checks", Some(&body)).await;
    let mistakes = checked.json["mistakes"].as_array().unwrap();
    assert_eq!(checked.json["name"], Value::Null);
    assert_eq!(mistakes[0]["line"], 1, "the flow has no source: {}", checked.text);
    assert!(
        mistakes.iter().any(|mistake| mistake["line"] == 3),
        "{}",
        checked.text
    );
    let refused = world.ask("admin", "post", "/flows", Some(&body)).await;
    assert_eq!((refused.status, refused.code()), (422, "TL0810"));
    assert!(refused.text.contains("line 3, column 1"), "{}", refused.text);
    assert_eq!(world.ask("read", "get", "/flows/new", None).await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn a_record_is_shown_from_its_source_to_what_its_destination_answered() {
    let world = World::new().await;
    let number = MANY - 1;
    let found = world
        .ask(
            "read",
            "get",
            &format!("/flows/orders/deliveries?record=order-{number}"),
            None,
        )
        .await;
    assert_eq!(
        found.json["items"][0]["id"],
        json!(world.delivered),
        "{}",
        found.text
    );
    assert_eq!(
        found.json["items"][0].get("source_record"),
        None,
        "a list is short"
    );
    let way = world
        .ask("read", "get", &format!("/deliveries/{}", world.delivered), None)
        .await;
    for (place, expected) in [
        ("/flow", json!("orders")),
        ("/origin", json!(number)),
        ("/source_record", json!({ "number": number })),
        ("/steps/0/transform", json!("map")),
        (
            "/steps/0/after",
            json!([{ "number": number, "twice": 2 * number }]),
        ),
        ("/note", Value::Null),
        ("/places/0/outcome", json!("delivered")),
        (
            "/places/0/record",
            json!({ "number": number, "twice": 2 * number }),
        ),
        ("/places/0/answer", json!({ "line": number })),
        ("/places/0/steps", json!([])),
    ] {
        assert_eq!(way.json.pointer(place), Some(&expected), "{place}: {}", way.text);
    }
    let changed = json!({ "text": flow("orders").replace("twice", "double"), "replaces": 1 });
    let put = world.ask("admin", "post", "/flows", Some(&changed)).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let way = world
        .ask("read", "get", &format!("/deliveries/{}", world.delivered), None)
        .await;
    assert!(
        way.json["note"].as_str().unwrap().contains("version 2"),
        "{}",
        way.text
    );
    assert_eq!(
        way.json["places"][0]["record"]["twice"],
        2 * number,
        "what was delivered stays"
    );
    world.stop().await;
}

#[tokio::test]
async fn dead_letters_go_back_once_or_are_dropped_and_hold_the_flow_until_then() {
    let world = World::new().await;
    let ask = async |deed: &str, body: Value| {
        let path = format!("/flows/orders/dead-letters/{deed}");
        world.ask("operate", "post", &path, Some(&body)).await.json
    };
    let letter = world
        .ask(
            "read",
            "get",
            &format!("/dead-letters/{}", world.letters[0]),
            None,
        )
        .await;
    assert_eq!(letter.json["source_record"], json!({ "number": MANY - 1 }));
    assert_eq!(letter.json["steps"][0]["transform"], "map");
    assert_eq!(letter.json["request"], json!({ "path": "orders.jsonl" }));
    assert_eq!(letter.json["delivery"], Value::Null, "its way was not kept");
    let held = world.ask("admin", "delete", "/flows/orders", None).await;
    assert_eq!((held.status, held.code()), (409, "TL0880"), "{}", held.text);
    let one = json!({ "letters": { "ids": [world.letters[0]] }, "form": "source" });
    assert_eq!(ask("redrive", one.clone()).await, json!({ "redriven": 1 }));
    assert_eq!(ask("redrive", one).await, json!({ "redriven": 0 }));
    let two = json!({ "ids": [world.letters[1]] });
    assert_eq!(ask("drop", two.clone()).await, json!({ "dropped": 1 }));
    assert_eq!(ask("drop", two).await, json!({ "dropped": 0 }));
    let none = json!({ "letters": { "text": "no such words" } });
    assert_eq!(ask("redrive", none).await, json!({ "redriven": 0 }));
    assert_eq!(ask("redrive", json!({})).await, json!({ "redriven": MANY - 2 }));
    let shown = world.ask("read", "get", "/flows/orders", None).await;
    assert_eq!(shown.json["flow"]["queued"], MANY - 1, "{}", shown.text);
    assert_eq!(shown.json["waiting"][0]["destination"], "file");
    assert_eq!(shown.json["dead_letters"], json!([]));
    let gone = world
        .ask("admin", "delete", "/flows/orders?with_state=true", None)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    world.stop().await;
}
