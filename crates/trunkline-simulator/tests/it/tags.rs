//! Tags: made, renamed, put on, taken off, deleted.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn a_tag_is_made_once_by_name_and_renamed_by_id() {
    let sim = Sim::new();
    let made = sim.post("/tags", &json!({ "name": "Fresh" }));
    assert_eq!((&made["type"], &made["name"]), (&json!("tag"), &json!("Fresh")));
    assert_eq!(id(&sim.post("/tags", &json!({ "name": "Fresh" }))), id(&made));
    let renamed = sim.post("/tags", &json!({ "id": id(&made), "name": "Stale" }));
    assert_eq!((id(&renamed), &renamed["name"]), (id(&made), &json!("Stale")));
    assert_eq!(sim.get(&format!("/tags/{}", id(&made)))["name"], "Stale");
    assert!(ids(&sim.get("/tags")["data"]).contains(&id(&made)));
    let got = sim.send("POST", "/tags", &json!({}));
    assert_eq!(
        (got.refusal(), got.message()),
        (
            (400, "parameter_invalid".to_owned()),
            "invalid tag parameters".to_owned()
        )
    );
    assert_eq!(sim.try_get("/tags/1").refusal().0, 404);
}

#[test]
fn a_contact_gains_and_loses_a_tag() {
    let sim = Sim::new();
    let contact = id(&sim.user("Tagged One"));
    let tag = id(&sim.post("/tags", &json!({ "name": "Fresh" })));
    sim.advance(4);
    let applied = sim.post(&format!("/contacts/{contact}/tags"), &json!({ "id": tag }));
    assert_eq!(
        (
            id(&applied),
            &applied["applied_at"],
            &applied["applied_by"]["type"]
        ),
        (tag.clone(), &json!(NOW + 4), &json!("admin"))
    );
    let shown = sim.get(&format!("/contacts/{contact}"));
    assert_eq!(
        (ids(&shown["tags"]["data"]), &shown["updated_at"]),
        (vec![tag.clone()], &json!(NOW + 4))
    );
    assert_eq!(
        ids(&sim.get(&format!("/contacts/{contact}/tags"))["data"]),
        std::slice::from_ref(&tag)
    );
    assert_eq!(id(&sim.delete(&format!("/contacts/{contact}/tags/{tag}"))), tag);
    assert_eq!(sim.get(&format!("/contacts/{contact}"))["tags"]["total_count"], 0);
    for (path, body, status, code) in [
        (
            format!("/contacts/{contact}/tags"),
            json!({ "id": "1" }),
            404,
            "not_found",
        ),
        (
            format!("/contacts/{contact}/tags"),
            json!({}),
            400,
            "parameter_not_found",
        ),
        (
            "/contacts/64e1aa22bb33cc44dd55ee66/tags".to_owned(),
            json!({ "id": tag }),
            404,
            "not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", &path, &body).refusal(),
            (status, code.to_owned()),
            "{path} {body}"
        );
    }
}

#[test]
fn conversations_tickets_and_articles_are_tagged_too() {
    let sim = Sim::new();
    let tag = id(&sim.post("/tags", &json!({ "name": "Fresh" })));
    let admin = sim.admin();
    for (path, unknown, code) in [
        (
            format!("/conversations/{}", id(&sim.truth("conversations")[3])),
            "/conversations/1".to_owned(),
            "not_found",
        ),
        (
            format!("/tickets/{}", id(&sim.truth("tickets")[3])),
            "/tickets/1".to_owned(),
            "ticket_not_found",
        ),
        (
            format!("/articles/{}", id(&sim.truth("articles")[3])),
            "/articles/1".to_owned(),
            "article_not_found",
        ),
        (
            format!("/internal_articles/{}", id(&sim.truth("internal_articles")[3])),
            "/internal_articles/1".to_owned(),
            "internal_article_not_found",
        ),
    ] {
        let body = json!({ "id": tag, "admin_id": admin });
        assert_eq!(id(&sim.post(&format!("{path}/tags"), &body)), tag, "{path}");
        sim.post(&format!("{path}/tags"), &body);
        let gone = sim
            .send(
                "DELETE",
                &format!("{path}/tags/{tag}"),
                &json!({ "admin_id": admin }),
            )
            .ok();
        assert_eq!(id(&gone), tag, "{path}");
        assert_eq!(
            sim.send("POST", &format!("{unknown}/tags"), &body).refusal(),
            (404, code.to_owned()),
            "{unknown}"
        );
    }
}

#[test]
fn many_are_tagged_at_once_and_since_2_16_the_unknown_are_skipped() {
    let sim = Sim::new();
    let contact = id(&sim.user("Mass One"));
    let company = sim.truth("companies")[0].clone();
    let tagged = sim.post(
        "/tags",
        &json!({ "name": "Mass", "users": [{ "id": contact }, { "id": "64e1aa22bb33cc44dd55ee66" }] }),
    );
    assert_eq!(
        tagged["users"],
        json!([{ "id": contact, "tagged": true }, { "id": "64e1aa22bb33cc44dd55ee66", "tagged": false }])
    );
    let by_own_id = json!({ "name": "Mass", "companies": [{ "company_id": company["company_id"] }] });
    assert_eq!(sim.post("/tags", &by_own_id)["companies"][0]["tagged"], true);
    let names: Vec<Value> = sim.get(&format!("/companies/{}", id(&company)))["tags"]["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].clone())
        .collect();
    assert!(names.contains(&json!("Mass")));
    sim.post(
        "/tags",
        &json!({ "name": "Mass", "companies": [{ "id": id(&company), "untag": true }] }),
    );
    let left = sim.get(&format!("/companies/{}", id(&company)))["tags"].to_string();
    assert!(!left.contains("Mass"));
    let old = sim.at(
        "2.15",
        "POST",
        "/tags",
        Some(&json!({ "name": "Mass", "users": [{ "id": "64e1aa22bb33cc44dd55ee66" }] })),
    );
    assert_eq!(old.refusal().0, 404);
}

#[test]
fn a_deleted_tag_leaves_everything_that_had_it() {
    let sim = Sim::new();
    let pair = sim.truth("contact_tags")[0].clone();
    let tag = pair["tag_id"].as_str().unwrap();
    let got = sim.at("2.16", "DELETE", &format!("/tags/{tag}"), None);
    assert_eq!((got.status, got.text.as_str()), (200, ""));
    for stream in ["contact_tags", "company_tags", "conversation_tags"] {
        assert!(
            sim.truth(stream).iter().all(|pair| pair["tag_id"] != tag),
            "{stream}"
        );
    }
    assert_eq!(sim.try_get(&format!("/tags/{tag}")).refusal().0, 404);
}

#[test]
fn a_refused_tagging_makes_no_tag_and_tags_nobody() {
    let sim = Sim::new();
    let person = id(&sim.user("A"));
    let tag = id(&sim.post("/tags", &json!({ "name": "Old name" })));
    let snippet = sim
        .at(
            "2.16",
            "POST",
            "/content_snippets",
            Some(&json!({ "title": "T", "json_blocks": [] })),
        )
        .json();
    let before = sim.truth("tags");
    let nobody = "64e1aa22bb33cc44dd55ee66";
    for (path, body) in [
        (
            "/tags".to_owned(),
            json!({ "name": "New", "users": [{ "id": person }, { "id": nobody }] }),
        ),
        (
            "/tags".to_owned(),
            json!({ "name": "New", "users": [{ "id": person }], "companies": [{ "id": nobody }] }),
        ),
        (
            "/tags".to_owned(),
            json!({ "id": tag, "name": "New name", "users": [{ "id": nobody }] }),
        ),
    ] {
        let got = sim.at("2.15", "POST", &path, Some(&body));
        assert_eq!(got.refusal().0, 404, "{body}");
        assert_eq!(sim.truth("tags"), before, "{body}");
        let held = sim.get(&format!("/contacts/{person}/tags"));
        assert_eq!(held["data"], json!([]), "{body}");
    }
    let path = format!("/content_snippets/{}/tags", id(&snippet));
    let got = sim.send("POST", &path, &json!({ "id": tag, "admin_id": "1" }));
    assert_eq!(got.refusal(), (404, "admin_not_found".to_owned()));
}
