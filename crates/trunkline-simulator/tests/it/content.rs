//! Content beside articles: import sources and their pages, snippets, audiences, and all content at once.

use serde_json::json;

use crate::harness::{Sim, id, ids};

#[test]
fn a_page_is_kept_once_for_its_source_and_outside_id_and_goes_with_its_source() {
    let sim = Sim::new();
    let source = sim.post(
        "/ai/content_import_sources",
        &json!({ "sync_behavior": "api", "url": "https://a.example" }),
    );
    let page = |title: &str| json!({ "title": title, "html": "<p>x</p>", "locale": "en", "source_id": source["id"], "external_id": "1" });
    let first = sim.post("/ai/external_pages", &page("One"));
    let second = sim.post("/ai/external_pages", &page("Two"));
    assert_eq!(
        (&first["id"], second["title"].as_str()),
        (&second["id"], Some("Two"))
    );
    let path = format!("/ai/external_pages/{}", id(&first));
    assert_eq!(sim.get(&path)["title"], "Two");
    let gone = sim.at(
        "2.16",
        "DELETE",
        &format!("/ai/content_import_sources/{}", id(&source)),
        None,
    );
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn only_pages_that_came_by_the_api_can_be_changed() {
    let sim = Sim::new();
    let pages = sim.get("/ai/external_pages?per_page=50");
    let sources = sim.get("/ai/content_import_sources");
    for source in sources["data"].as_array().unwrap() {
        let page = pages["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|page| page["source_id"] == source["id"])
            .unwrap();
        let body = json!({ "title": "New", "html": "<p>n</p>", "url": page["url"], "locale": "en", "source_id": source["id"] });
        let got = sim.send("PUT", &format!("/ai/external_pages/{}", id(page)), &body);
        let expected = if source["sync_behavior"] == "api" {
            200
        } else {
            400
        };
        assert_eq!(got.status, expected, "{}", got.text);
    }
}

#[test]
fn snippets_are_written_in_blocks_or_in_markdown_and_read_in_both() {
    let sim = Sim::new();
    let made = sim.send(
        "POST",
        "/content_snippets",
        &json!({ "title": "Reset", "json_blocks": [{ "type": "paragraph", "text": "Click it." }] }),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(made["body_markdown"], "# Reset\n\nClick it.\n");
    let path = format!("/content_snippets/{}", id(&made));
    let changed = sim.put(
        &path,
        &json!({ "body_markdown": "One.\n\nTwo.", "ai_copilot_availability": false }),
    );
    assert_eq!(changed["json_blocks"][1]["text"], "Two.");
    assert_eq!(changed["copilot_availability"], 0);
    assert_eq!(sim.get(&path)["body_markdown"], "One.\n\nTwo.");
    assert_eq!(sim.at("2.16", "DELETE", &path, None).status, 204);
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn what_a_snippet_or_an_audience_cannot_be_is_refused() {
    let sim = Sim::new();
    for (method, path, body, status, code) in [
        (
            "POST",
            "/content_snippets",
            json!({ "title": "a", "locale": "tlh" }),
            422,
            "validation_error",
        ),
        (
            "POST",
            "/content_snippets",
            json!({ "title": "x".repeat(256) }),
            422,
            "validation_error",
        ),
        (
            "POST",
            "/content_snippets",
            json!({ "title": "a", "audience_ids": [999] }),
            404,
            "parameter_invalid",
        ),
        ("POST", "/audiences", json!({}), 422, "validation_error"),
        (
            "POST",
            "/audiences",
            json!({ "name": "a", "predicates": [{ "type": "string" }] }),
            422,
            "validation_error",
        ),
        ("PUT", "/audiences/1", json!({ "name": "a" }), 404, "not_found"),
    ] {
        let got = sim.send(method, path, &body);
        assert_eq!(got.refusal(), (status, code.to_owned()), "{path} {body}");
    }
}

#[test]
fn audiences_page_with_their_numbers_beside_the_rows() {
    let sim = Sim::new();
    let made = sim.send("POST", "/audiences", &json!({ "name": "Everybody" }));
    assert_eq!(made.status, 201);
    let all = sim.get("/audiences");
    assert_eq!((&all["total_count"], &all["pages"]), (&json!(3), &json!(null)));
    let second = sim.get("/audiences?per_page=2&page=2");
    assert_eq!(
        (&second["total_pages"], ids(&second["data"])),
        (&json!(2), vec![id(&made.json())])
    );
    assert_eq!(sim.get("/audiences?per_page=2&page=9")["data"], json!([]));
}

#[test]
fn a_search_of_all_content_keeps_to_its_filters() {
    let sim = Sim::new();
    let made = sim.send(
        "POST",
        "/content_snippets",
        &json!({ "title": "Zeppelin policy", "body_markdown": "Never fly a zeppelin." }),
    );
    let snippet = id(&made.json());
    let tag = sim.post("/tags", &json!({ "name": "balloons" }));
    let tagged = format!("/content_snippets/{snippet}/tags");
    let applied = sim.post(&tagged, &json!({ "id": tag["id"] }));
    assert!(applied["applied_at"].is_i64(), "{applied}");
    let count = |query: &str| sim.get(&format!("/content/search?{query}"))["total_count"].clone();
    let tag = id(&tag);
    for (query, expected) in [
        ("query=ZEPPELIN".to_owned(), 1),
        ("query=zeppelin+submarine".to_owned(), 0),
        (format!("tag_ids={tag}"), 1),
        (format!("tag_ids[]={tag}&content_types=article"), 0),
        ("query=zeppelin&locales=fr,de".to_owned(), 0),
        ("query=zeppelin&copilot_state=off".to_owned(), 0),
        ("query=zeppelin&created_at_after=4000000000".to_owned(), 0),
    ] {
        assert_eq!(count(&query), expected, "{query}");
    }
    let everything = count("").as_u64().unwrap();
    assert_eq!(count(&format!("tag_ids={tag}&tag_operator=NIN")), everything - 1);
    assert_eq!(
        sim.get("/content/search?query=zeppelin")["data"][0]["id"],
        snippet.as_str()
    );
    for query in ["folder_ids=1", "copilot_state=maybe", "created_at_after=soon"] {
        let got = sim.try_get(&format!("/content/search?{query}"));
        assert_eq!(got.refusal(), (422, "data_invalid".to_owned()), "{query}");
    }
}

#[test]
fn a_bulk_action_reaches_every_piece_that_it_names() {
    let sim = Sim::new();
    let found = sim.get("/content/search?content_types=article&states=draft&per_page=50");
    let texts: Vec<String> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|article| id(&article["contents"][0]))
        .collect();
    assert!(!texts.is_empty());
    let pieces: Vec<_> = texts
        .iter()
        .map(|id| json!({ "type": "article_content", "id": id }))
        .collect();
    let got = sim.send(
        "POST",
        "/content/bulk_actions",
        &json!({ "action": "publish", "content_ids": pieces }),
    );
    assert_eq!((got.status, &got.json()["status"]), (202, &json!("queued")));
    assert_eq!(
        sim.get("/content/search?content_types=article&states=draft")["total_count"],
        0
    );
    for body in [
        json!({ "action": "publish", "content_ids": [{ "type": "content_snippet", "id": "1" }] }),
        json!({ "action": "delete", "content_ids": [] }),
        json!({ "action": "set_audience", "content_ids": pieces }),
        json!({ "action": "paint", "content_ids": pieces }),
        json!({ "action": "delete", "content_ids": vec![json!({ "type": "article", "id": "1" }); 1_001] }),
    ] {
        let got = sim.send("POST", "/content/bulk_actions", &body);
        assert_eq!(got.refusal(), (422, "parameter_invalid".to_owned()));
    }
}
