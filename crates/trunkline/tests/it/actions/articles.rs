//! Articles: made once, changed by id or title, never guessed.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

fn count(actor: &Actor) -> usize {
    actor.simulator.truth("articles", "2.16").len()
}

#[test]
fn an_article_is_made_once_and_then_changed_by_id_or_title() {
    let actor = Actor::new();
    let before = count(&actor);
    let made = actor.output(
        "articles.upsert",
        json!({ "title": "Zebras", "body": "<p>Stripes</p>", "state": "published" }),
    );
    assert_eq!((count(&actor), &made["state"]), (before + 1, &json!("published")));
    let id = made["id"].as_str().unwrap();
    let again = actor.output(
        "articles.upsert",
        json!({ "title": " Zebras", "body_markdown": "Spots" }),
    );
    assert_eq!((&again["id"], count(&actor)), (&made["id"], before + 1));
    let now = actor.truth(&format!("/articles/{id}"));
    assert!(now["body"].as_str().unwrap().contains("Spots"), "{now}");
    assert_eq!(now["state"], "published", "what is not given stays");
    let collection = actor.first("/help_center/collections")["id"].clone();
    actor.output(
        "articles.upsert",
        json!({ "article_id": id, "title": "Giraffes", "parent_id": collection }),
    );
    let now = actor.truth(&format!("/articles/{id}"));
    assert_eq!(now["title"], "Giraffes");
    assert_eq!(now["parent_ids"][0].to_string(), collection.as_str().unwrap());
    let plan = actor.plan("articles.upsert", json!({ "title": "Planned" }));
    let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
    assert_eq!(planned, ["articles.create"]);
    assert_eq!(count(&actor), before + 1);
}

#[test]
fn an_article_that_is_not_one_is_refused() {
    let actor = Actor::new();
    let author = actor.first("/admins")["id"]
        .as_str()
        .unwrap()
        .parse::<u64>()
        .unwrap();
    for _ in 0..2 {
        actor.output(
            "articles.create",
            json!({ "title": "Twice", "author_id": author }),
        );
    }
    let before = count(&actor);
    let check = |input: Value, code: &str, part: &str| {
        let error = actor.error("articles.upsert", input.clone());
        assert_eq!(error.code(), code, "{input}: {error}");
        assert!(error.to_string().contains(part), "{input}: {error}");
    };
    check(json!({ "title": "Twice" }), "TL0953", "several");
    check(
        json!({ "article_id": "999999", "title": "x" }),
        "TL0953",
        "no article 999999",
    );
    check(json!({ "title": " " }), "TL0702", "empty");
    check(json!({}), "TL0702", "title");
    check(json!({ "title": "x", "author_id": "me" }), "TL0702", "author_id");
    check(json!({ "title": "x", "state": "gone" }), "TL0702", "state");
    check(
        json!({ "title": "x", "body": "a", "body_markdown": "b" }),
        "TL0702",
        "body_markdown",
    );
    assert_eq!(count(&actor), before);
    let old = Actor::at(Version::V2_11);
    let error = old.error("articles.upsert", json!({ "title": "x", "body_markdown": "b" }));
    assert_eq!(error.code(), "TL0702", "{error}");
    old.output("articles.upsert", json!({ "title": "x", "body": "<p>b</p>" }));
}
