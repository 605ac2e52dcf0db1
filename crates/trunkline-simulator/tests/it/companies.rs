//! Companies: upsert, update, find, list, contacts, notes, delete.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn posting_a_company_twice_updates_it() {
    let sim = Sim::new();
    let first = sim.post("/companies", &json!({ "company_id": "c-1", "name": "One", "plan": "Gold", "size": 12, "monthly_spend": 12.9, "website": "https://one.example", "custom_attributes": { "Account: tier": "gold" } }));
    assert_eq!(first["type"], "company");
    assert_eq!(
        (&first["company_id"], &first["name"], &first["size"]),
        (&json!("c-1"), &json!("One"), &json!(12))
    );
    assert_eq!(first["monthly_spend"], 12, "fractions are cut off");
    assert_eq!(
        (&first["plan"]["type"], &first["plan"]["name"]),
        (&json!("plan"), &json!("Gold"))
    );
    assert_eq!(first["custom_attributes"]["Account: tier"], "gold");
    assert_eq!(first["created_at"], NOW);
    sim.advance(5);
    let second = sim.post("/companies", &json!({ "company_id": "c-1", "name": "Uno" }));
    assert_eq!(second["id"], first["id"]);
    assert_eq!(
        (&second["name"], &second["size"], &second["created_at"]),
        (&json!("Uno"), &json!(12), &json!(NOW))
    );
    assert_eq!(second["updated_at"], NOW + 5);
    let by_id = sim.put(
        &format!("/companies/{}", id(&first)),
        &json!({ "name": "Eins", "company_id": "c-2" }),
    );
    assert_eq!(
        (&by_id["name"], &by_id["company_id"]),
        (&json!("Eins"), &json!("c-1")),
        "company_id never changes"
    );
}

#[test]
fn what_was_never_set_is_left_out() {
    let sim = Sim::new();
    let bare = sim.post("/companies", &json!({ "company_id": "bare", "name": "Bare" }));
    for field in ["size", "website", "industry", "last_request_at"] {
        assert!(bare.get(field).is_none(), "{field} in {bare}");
    }
    assert_eq!(bare["tags"], json!({ "type": "tag.list", "tags": [] }));
    assert_eq!(
        bare["segments"],
        json!({ "type": "segment.list", "segments": [] })
    );
}

#[test]
fn bad_companies_are_refused() {
    let sim = Sim::new();
    for (body, code, message) in [
        (
            json!({ "company_id": "t", "test": 1 }),
            "bad_request",
            Some("bad 'test' parameter"),
        ),
        (
            json!({ "company_id": "t", "size": "large" }),
            "parameter_invalid",
            None,
        ),
        (
            json!({ "company_id": "t", "custom_attributes": { "isOpenSource": true } }),
            "parameter_invalid",
            Some("Custom attribute 'isOpenSource' does not exist"),
        ),
    ] {
        let got = sim.send("POST", "/companies", &body);
        assert_eq!(got.refusal(), (400, code.to_owned()), "{body}");
        if let Some(message) = message {
            assert_eq!(got.message(), message);
        }
    }
}

#[test]
fn a_company_is_found_by_its_own_id_or_name_as_one_object() {
    let sim = Sim::new();
    let company = sim.post(
        "/companies",
        &json!({ "company_id": "find me", "name": "Find & Me" }),
    );
    for query in ["company_id=find%20me", "name=Find%20%26%20Me"] {
        let found = sim.get(&format!("/companies?{query}"));
        assert_eq!(found["id"], company["id"], "{query}");
        assert_eq!(found["type"], "company", "{query}");
    }
    assert_eq!(
        sim.try_get("/companies?company_id=none").refusal(),
        (404, "company_not_found".to_owned())
    );
}

#[test]
fn companies_are_listed_by_tag_and_segment() {
    let sim = Sim::new();
    let truth = sim.truth("companies");
    let tagged = truth
        .iter()
        .find(|company| company["tags"]["tags"][0].is_object())
        .unwrap();
    let tag = id(&tagged["tags"]["tags"][0]);
    let expected: Vec<String> = sorted(
        truth
            .iter()
            .filter(|company| ids(&company["tags"]["tags"]).contains(&tag))
            .map(id)
            .collect(),
    );
    let page = sim.get(&format!("/companies?tag_id={tag}&per_page=60"));
    assert_eq!(page["type"], "list");
    assert_eq!(sorted(ids(&page["data"])), expected);
    let member = truth
        .iter()
        .find(|company| company["segments"]["segments"][0].is_object())
        .unwrap();
    let segment = id(&member["segments"]["segments"][0]);
    let page = sim.get(&format!("/companies?segment_id={segment}&per_page=60"));
    assert!(ids(&page["data"]).contains(&id(member)));
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[test]
fn attaching_and_detaching_a_contact_counts() {
    let sim = Sim::new();
    let contact = id(&sim.user("Joiner"));
    let company = id(&sim.post("/companies", &json!({ "company_id": "club", "name": "Club" })));
    let path = format!("/contacts/{contact}/companies");
    let attached = sim.post(&path, &json!({ "id": company }));
    assert_eq!(
        (&attached["type"], id(&attached)),
        (&json!("company"), company.clone())
    );
    sim.post(&path, &json!({ "id": company }));
    assert_eq!(
        sim.get(&format!("/companies/{company}"))["user_count"],
        1,
        "attaching twice changes nothing"
    );
    let list = sim.get(&path);
    assert_eq!(ids(&list["data"]), std::slice::from_ref(&company));
    assert_eq!(list["total_count"], 1);
    assert_eq!(
        sim.get(&format!("/companies/{company}/contacts"))["data"][0]["id"],
        contact
    );
    let detached = sim.delete(&format!("{path}/{company}"));
    assert_eq!(id(&detached), company);
    assert_eq!(
        sim.at("2.16", "DELETE", &format!("{path}/{company}"), None)
            .refusal()
            .0,
        404,
        "no longer attached"
    );
    assert_eq!(
        sim.send("POST", &path, &json!({})).message(),
        "company not specified"
    );
    assert_eq!(
        sim.send("POST", &path, &json!({ "id": "nope" })).refusal(),
        (404, "company_not_found".to_owned())
    );
}

#[test]
fn deleting_a_company_detaches_its_contacts() {
    let sim = Sim::new();
    let contact = id(&sim.user("Left Over"));
    let company = id(&sim.post(
        "/companies",
        &json!({ "company_id": "closing", "name": "Closing" }),
    ));
    sim.post(
        &format!("/contacts/{contact}/companies"),
        &json!({ "id": company }),
    );
    let gone = sim.delete(&format!("/companies/{company}"));
    assert_eq!(
        gone,
        json!({ "id": company, "object": "company", "deleted": true })
    );
    assert_eq!(
        sim.try_get(&format!("/companies/{company}")).refusal(),
        (404, "company_not_found".to_owned())
    );
    assert_eq!(
        sim.get(&format!("/contacts/{contact}"))["companies"]["total_count"],
        0
    );
}

#[test]
fn notes_on_companies_exist_from_2_15_on() {
    let sim = Sim::new();
    let company = id(&sim.post("/companies", &json!({ "company_id": "noted", "name": "Noted" })));
    let path = format!("/companies/{company}/notes");
    let note = sim.post(&path, &json!({ "body": "call them", "admin_id": sim.admin() }));
    assert_eq!(note["type"], "note");
    assert!(note["body"].as_str().unwrap().contains("call them"));
    assert_eq!(ids(&sim.get(&path)["data"]), [id(&note)]);
    assert_eq!(id(&sim.get(&format!("/notes/{}", id(&note)))), id(&note));
    assert_eq!(
        sim.at("2.14", "GET", &path, None).refusal().1,
        "intercom_version_invalid"
    );
}

#[test]
fn segments_of_a_company_are_those_that_it_shows() {
    let sim = Sim::new();
    for company in sim.truth("companies").iter().take(20) {
        let shown = sim.get(&format!("/companies/{}/segments", id(company)));
        assert_eq!(ids(&shown["data"]), ids(&company["segments"]["segments"]));
    }
    assert_eq!(
        sim.try_get("/companies/none/segments").refusal().1,
        "company_not_found"
    );
}

#[test]
fn the_list_ends_with_a_null_next_and_then_with_empty_pages() {
    let sim = Sim::new();
    let total = sim.truth("companies").len();
    let mut seen = 0;
    let mut page = 1;
    loop {
        let got = sim.post(&format!("/companies/list?page={page}&per_page=25"), &json!({}));
        assert_eq!(got["total_count"], total);
        let rows = ids(&got["data"]).len();
        seen += rows;
        if rows == 0 {
            break;
        }
        assert_eq!(got["pages"]["next"].is_null(), seen == total, "{}", got["pages"]);
        page += 1;
    }
    assert_eq!(seen, total);
    assert_eq!(sim.post("/companies/list", &json!({}))["pages"]["per_page"], 15);
    assert!(Value::is_array(&sim.get("/companies")["data"]));
}

#[test]
fn companies_are_listed_by_who_was_active_last_either_way() {
    let sim = Sim::new();
    let times = |order: &str| -> Vec<i64> {
        let page = sim.post(&format!("/companies/list?per_page=150{order}"), &json!({}));
        let rows = page["data"].as_array().unwrap();
        rows.iter()
            .filter_map(|row| row["last_request_at"].as_i64())
            .collect()
    };
    let mut newest = times("");
    assert!(newest.len() > 10 && newest.is_sorted_by(|left, right| left >= right));
    assert_eq!(newest, times("&order=desc"));
    newest.reverse();
    assert_eq!(newest, times("&order=asc"));
    let refused = sim.send("POST", "/companies/list?order=up", &json!({}));
    assert_eq!(refused.status, 400);
}
