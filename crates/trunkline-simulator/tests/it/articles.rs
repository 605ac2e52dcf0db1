//! Articles, collections, redirects, internal articles and news.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn an_article_is_written_published_found_and_deleted() {
    let sim = Sim::new();
    let author: u64 = sim.admin().parse().unwrap();
    let collection: u64 = id(&sim.get("/help_center/collections")["data"][0])
        .parse()
        .unwrap();
    let made = sim.post("/articles", &json!({ "title": "Zebra care", "body": "<p>Brush it.</p>", "author_id": author, "parent_id": collection, "parent_type": "collection" }));
    assert_eq!(
        (&made["state"], &made["url"], &made["author_id"]),
        (&json!("draft"), &Value::Null, &json!(author))
    );
    assert_eq!(
        (&made["body"], &made["parent_ids"]),
        (
            &json!("<p class=\"no-margin\">Brush it.</p>"),
            &json!([collection])
        )
    );
    let path = format!("/articles/{}", id(&made));
    sim.advance(3);
    let published = sim.put(&path, &json!({ "state": "published" }));
    assert!(published["url"].as_str().unwrap().starts_with("https://"));
    assert_eq!(
        (&published["title"], &published["updated_at"]),
        (&json!("Zebra care"), &json!(NOW + 3))
    );
    assert_eq!(
        sim.put(&path, &json!({ "title": "Zebra" }))["state"],
        "published",
        "the state stays"
    );
    assert!(sim.get(&path)["statistics"].is_object());
    let first = sim.get("/articles?per_page=1")["data"][0].clone();
    assert_eq!(
        (id(&first), first.get("statistics")),
        (id(&made), None),
        "newest first, without statistics"
    );
    let found = sim.get("/articles/search?phrase=zebra&state=published&highlight=true");
    assert_eq!(ids(&found["data"]["articles"]), [id(&made)]);
    assert_eq!(found["data"]["highlights"].as_array().unwrap().len(), 1);
    assert_eq!(
        sim.delete(&path),
        json!({ "id": id(&made), "object": "article", "deleted": true })
    );
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn bad_articles_are_refused() {
    let sim = Sim::new();
    let author: u64 = sim.admin().parse().unwrap();
    for (body, status, code) in [
        (json!({ "title": "x" }), 400, "parameter_not_found"),
        (json!({ "author_id": author }), 400, "parameter_not_found"),
        (json!({ "title": "x", "author_id": 5 }), 404, "admin_not_found"),
        (
            json!({ "title": "x", "author_id": author, "state": "secret" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "title": "x", "author_id": author, "parent_id": 5 }),
            404,
            "not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/articles", &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
    let got = sim.send("POST", "/articles", &json!({ "title": "x" }));
    assert_eq!(
        got.message(),
        "author_id must be in the main body or default locale translated_content object"
    );
}

#[test]
fn a_draft_is_staged_beside_a_published_article() {
    let sim = Sim::new();
    let all = sim.truth("articles");
    let path = |state: &str| {
        format!(
            "/articles/{}",
            id(all.iter().find(|article| article["state"] == state).unwrap())
        )
    };
    let (published, draft) = (path("published"), path("draft"));
    assert_eq!(
        sim.send("PUT", &format!("{draft}/draft"), &json!({ "title": "x" }))
            .refusal(),
        (422, "parameter_invalid".to_owned())
    );
    assert_eq!(
        sim.send("POST", &format!("{published}/draft/publish"), &json!({}))
            .message(),
        "Article has no draft to publish"
    );
    let before = sim.get(&published)["title"].clone();
    let staged = sim.put(&format!("{published}/draft"), &json!({ "title": "Staged" }));
    assert_eq!(
        (&staged["title"], &staged["has_unpublished_changes"]),
        (&json!("Staged"), &json!(true))
    );
    assert_eq!(sim.get(&published)["title"], before);
    assert_eq!(sim.get(&format!("{published}/draft"))["title"], "Staged");
    let done = sim.post(&format!("{published}/draft/publish"), &json!({}));
    assert_eq!(
        (&done["title"], &done["has_unpublished_changes"]),
        (&json!("Staged"), &json!(false))
    );
    assert_eq!(sim.get(&published)["title"], "Staged");
    let versions = sim.get(&format!("{published}/versions"));
    assert_eq!(versions["data"][0]["title"], "Staged");
    let one = sim.get(&format!("{published}/versions/{}", id(&versions["data"][0])));
    assert!(one["body"].is_string());
    assert_eq!(
        sim.try_get(&format!("{published}/versions?locale=tlh")).message(),
        "Unknown locale"
    );
}

#[test]
fn before_2_16_the_first_parent_of_an_article_stands_beside_all() {
    let sim = Sim::new();
    let article = sim
        .truth("articles")
        .into_iter()
        .find(|article| article["parent_ids"][0].is_u64())
        .unwrap();
    let old = sim
        .at("2.15", "GET", &format!("/articles/{}", id(&article)), None)
        .ok();
    assert_eq!(
        (&old["parent_id"], &old["parent_type"], &old["parent_ids"]),
        (
            &article["parent_ids"][0],
            &json!("collection"),
            &article["parent_ids"]
        )
    );
}

#[test]
fn collections_nest_and_need_a_name() {
    let sim = Sim::new();
    let path = "/help_center/collections";
    let outer = sim.post(path, &json!({ "name": "Outer" }));
    let inner = sim.post(path, &json!({ "name": "Inner", "parent_id": id(&outer) }));
    assert_eq!(inner["parent_id"], outer["id"]);
    assert_eq!(
        sim.put(&format!("{path}/{}", id(&inner)), &json!({ "name": "Core" }))["name"],
        "Core"
    );
    let got = sim.send("POST", path, &json!({}));
    assert_eq!(
        (got.refusal(), got.message()),
        (
            (400, "parameter_not_found".to_owned()),
            "Name is a required parameter.".to_owned()
        )
    );
    assert_eq!(
        sim.delete(&format!("{path}/{}", id(&inner))),
        json!({ "id": inner["id"], "object": "collection", "deleted": true })
    );
    assert_eq!(sim.try_get(&format!("{path}/{}", id(&inner))).refusal().0, 404);
}

#[test]
fn redirects_lead_from_old_addresses() {
    let sim = Sim::new();
    let help_center = sim.get("/help_center/help_centers")["data"][0].clone();
    let base = help_center["url"].as_str().unwrap();
    let path = format!("/help_center/help_centers/{}/redirects", id(&help_center));
    let article = id(&sim.truth("articles")[0]);
    let body = |from: String| json!({ "from_url": from, "locale": "en", "target_type": "article", "target_id": article });
    let made = sim.post(&path, &body(format!("{base}/old")));
    assert_eq!(
        (&made["type"], &made["target_id"]),
        (&json!("help_center_redirect"), &json!(article))
    );
    assert_eq!(ids(&sim.get(&path)["data"]), [id(&made)]);
    assert_eq!(sim.get(&format!("{path}/{}", id(&made))), made);
    for (sent, status, code) in [
        (body(format!("{base}/old")), 409, "resource_conflict"),
        (
            body("https://elsewhere.example/old".to_owned()),
            422,
            "data_invalid",
        ),
        (
            json!({ "locale": "en", "target_type": "article", "target_id": article }),
            400,
            "parameter_not_found",
        ),
        (
            json!({ "from_url": format!("{base}/x"), "locale": "en", "target_type": "planet", "target_id": article }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "from_url": format!("{base}/x"), "locale": "en", "target_type": "article", "target_id": "1" }),
            404,
            "not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", &path, &sent).refusal(),
            (status, code.to_owned()),
            "{sent}"
        );
    }
    assert_eq!(sim.delete(&format!("{path}/{}", id(&made)))["deleted"], true);
    assert_eq!(
        sim.try_get("/help_center/help_centers/1/redirects").refusal().0,
        404
    );
}

#[test]
fn translations_are_answered_with_their_types() {
    let sim = Sim::new();
    let author: u64 = sim.admin().parse().unwrap();
    let translated = json!({ "fr": { "title": "Zèbres", "body": "rayés" } });
    let article = json!({ "title": "Zebras", "author_id": author, "translated_content": translated });
    let made = sim.post("/articles", &article);
    assert_eq!(
        (
            &made["translated_content"]["type"],
            &made["translated_content"]["fr"]["type"]
        ),
        (&json!("article_translated_content"), &json!("article_content"))
    );
    let collection = json!({ "name": "Animals", "translated_content": { "fr": { "name": "Animaux" } } });
    let made = sim.post("/help_center/collections", &collection);
    assert_eq!(made["translated_content"]["type"], "group_translated_content");
    assert_eq!(made["translated_content"]["fr"]["type"], "group_content");
}

#[test]
fn sections_of_2_9_are_the_nested_collections_of_2_10() {
    let sim = Sim::new();
    let collection = id(&sim.get("/help_center/collections")["data"][0]);
    let sections = |version: &str| sim.at(version, "GET", "/help_center/sections", None);
    assert_eq!(sections("2.9").ok()["total_count"], 0);
    let body = json!({ "name": "Old", "parent_id": collection });
    let made = sim.at("2.9", "POST", "/help_center/sections", Some(&body)).ok();
    assert_eq!(
        (&made["type"], made["parent_id"].to_string()),
        (&json!("section"), collection.clone())
    );
    let section = id(&made);
    assert_eq!(ids(&sections("2.7").ok()["data"]), [section.as_str()]);
    assert_eq!(sections("2.10").refusal().1, "intercom_version_invalid");

    let nested = sim.get(&format!("/help_center/collections/{section}"));
    assert_eq!(nested["parent_id"], collection.as_str());
    let held = |version: &str| {
        let listed = sim.at(version, "GET", "/help_center/collections", None).ok();
        ids(&listed["data"]).contains(&section)
    };
    assert_eq!((held("2.9"), held("2.10")), (false, true));
    let as_collection = format!("/help_center/collections/{section}");
    assert_eq!(sim.at("2.9", "GET", &as_collection, None).refusal().0, 404);

    let author: u64 = sim.admin().parse().unwrap();
    let within = json!({ "title": "Within", "author_id": author, "parent_id": section });
    let article = format!("/articles/{}", id(&sim.post("/articles", &within)));
    for (version, kind) in [("2.9", "section"), ("2.10", "collection")] {
        assert_eq!(sim.at(version, "GET", &article, None).ok()["parent_type"], kind);
    }

    let path = format!("/help_center/sections/{section}");
    let change = |body: &Value| sim.at("2.8", "PUT", &path, Some(body));
    assert_eq!(change(&json!({ "name": "Older" })).ok()["name"], "Older");
    assert_eq!(change(&json!({ "parent_id": null })).refusal().0, 400);
    assert_eq!(change(&json!({ "parent_id": section })).refusal().0, 400);
    assert_eq!(change(&json!({ "parent_id": "999999999" })).refusal().0, 404);
    let top = format!("/help_center/sections/{collection}");
    assert_eq!(sim.at("2.8", "GET", &top, None).refusal().0, 404);
    assert_eq!(sim.at("2.8", "DELETE", &path, None).ok()["object"], "section");
    assert_eq!(sections("2.8").ok()["total_count"], 0);
}

#[test]
fn internal_articles_and_news_are_written_too() {
    let sim = Sim::new();
    let admin: u64 = sim.admin().parse().unwrap();
    let playbook = sim.post(
        "/internal_articles",
        &json!({ "title": "Refunds", "body": "ask first", "author_id": admin, "owner_id": admin }),
    );
    let path = format!("/internal_articles/{}", id(&playbook));
    assert_eq!(
        sim.put(&path, &json!({ "title": "Refunds 2" }))["title"],
        "Refunds 2"
    );
    assert!(
        sim.get("/internal_articles/search?per_page=100")
            .to_string()
            .contains("Refunds 2")
    );
    assert_eq!(sim.delete(&path)["object"], "internal_article");
    let feed = sim.get("/news/newsfeeds")["data"][0].clone();
    let feed_number: u64 = id(&feed).parse().unwrap();
    let news = sim.post("/news/news_items", &json!({ "title": "Faster", "body": "<p>!</p>", "sender_id": admin, "state": "live", "newsfeed_assignments": [{ "newsfeed_id": feed_number, "published_at": NOW }] }));
    assert!(
        sim.get(&format!("/news/newsfeeds/{feed_number}/items?per_page=100"))
            .to_string()
            .contains("Faster")
    );
    let path = format!("/news/news_items/{}", id(&news));
    assert_eq!(
        sim.put(&path, &json!({ "title": "Fastest", "sender_id": admin }))["title"],
        "Fastest"
    );
    assert_eq!(sim.delete(&path)["deleted"], true);
    assert_eq!(
        sim.send(
            "POST",
            "/news/news_items",
            &json!({ "title": "x", "sender_id": 5 })
        )
        .refusal()
        .0,
        404
    );
}
