//! Bulk writes of contacts and companies, and the history of contacts, which only Preview has.

use serde_json::{Value, json};

use crate::harness::{Sim, id};

fn preview(sim: &Sim, method: &str, path: &str, body: &Value) -> Value {
    let got = sim.at("Preview", method, path, Some(body));
    assert!((200..300).contains(&got.status), "{method} {path}: {}", got.text);
    got.json()
}

fn state(sim: &Sim, of: &str, job: &Value) -> Value {
    let got = sim.at("Preview", "GET", &format!("/{of}/bulk/{}", id(job)), None);
    got.ok()["state"].clone()
}

#[test]
fn contacts_are_made_changed_and_deleted_in_bulk_and_errors_are_told() {
    let sim = Sim::new();
    let tag = id(&sim.get("/tags")["data"][0]);
    let made = json!({ "contacts": [
        { "external_id": "b-1", "email": "b1@people.example", "role": "user",
          "companies": [{ "company_id": "bulk-co", "name": "Bulk" }], "tags": { "add": [{ "id": tag }] } },
        { "external_id": "b-2", "email": "b2@people.example", "role": "user" },
    ] });
    let job = preview(&sim, "POST", "/contacts/bulk", &made);
    assert_eq!(
        (&job["state"], &job["tasks"][0]["item_count"]),
        (&json!("running"), &json!(2))
    );
    sim.advance(4);
    assert_eq!(state(&sim, "contacts", &job), "completed");
    let first = sim.get("/contacts/find_by_external_id/b-1");
    assert_eq!(first["tags"]["data"][0]["id"], tag.as_str());
    assert_eq!(first["companies"]["total_count"], 1);
    let again = preview(&sim, "POST", "/contacts/bulk", &made);
    sim.advance(4);
    assert_eq!(state(&sim, "contacts", &again), "completed_with_errors");
    let change = json!({ "contacts": [{ "id": first["id"], "name": "Bee", "tags": { "remove": [{ "id": tag }] },
        "companies": [{ "company_id": "bulk-co", "remove": true }] }] });
    preview(&sim, "PUT", "/contacts/bulk", &change);
    let changed = sim.get("/contacts/find_by_external_id/b-1");
    assert_eq!(
        (
            &changed["name"],
            &changed["tags"]["total_count"],
            &changed["companies"]["total_count"]
        ),
        (&json!("Bee"), &json!(0), &json!(0))
    );
    preview(
        &sim,
        "POST",
        "/contacts/bulk/delete",
        &json!({ "contacts": [{ "id": first["id"] }] }),
    );
    assert_eq!(sim.try_get("/contacts/find_by_external_id/b-1").status, 404);
}

#[test]
fn a_job_takes_more_tasks_until_it_is_done() {
    let sim = Sim::new();
    let companies = |name: &str| json!({ "companies": [{ "company_id": "c-1", "name": name }] });
    let job = preview(&sim, "POST", "/companies/bulk", &companies("One"));
    let mut more = companies("Two");
    more["job"] = json!({ "id": job["id"] });
    let both = preview(&sim, "POST", "/companies/bulk", &more);
    assert_eq!(
        (both["id"].clone(), both["tasks"].as_array().unwrap().len()),
        (job["id"].clone(), 2)
    );
    assert_eq!(sim.get("/companies?company_id=c-1")["name"], "Two");
    sim.advance(10);
    let late = sim.at("Preview", "POST", "/companies/bulk", Some(&more));
    assert_eq!(late.refusal(), (403, "forbidden".to_owned()));
    for (body, status, code) in [
        (json!({}), 422, "field_not_found"),
        (json!({ "companies": 1 }), 422, "type_mismatch"),
        (json!({ "companies": [1] }), 422, "type_mismatch"),
        (
            json!({ "companies": vec![json!({}); 101] }),
            422,
            "parameter_invalid",
        ),
        (
            json!({ "companies": [], "job": { "id": "job_v2_99" } }),
            404,
            "job_not_found",
        ),
    ] {
        let got = sim.at("Preview", "POST", "/companies/bulk", Some(&body));
        assert_eq!(got.refusal(), (status, code.to_owned()));
    }
    let nameless = sim.at(
        "Preview",
        "PUT",
        "/companies/bulk",
        Some(&json!({ "companies": [{ "name": "x" }] })),
    );
    assert_eq!(nameless.refusal(), (422, "field_not_found".to_owned()));
}

#[test]
fn the_history_of_contacts_is_paged_oldest_first_and_tells_what_happened() {
    let sim = Sim::new();
    sim.advance(60);
    let (lead, user) = (sim.lead("Lee"), sim.user("Lee"));
    sim.advance(60);
    let refused = sim.send(
        "POST",
        "/contacts/merge",
        &json!({ "from": user["id"], "into": lead["id"] }),
    );
    assert_eq!(refused.status, 400);
    sim.advance(60);
    sim.post(
        "/contacts/merge",
        &json!({ "from": lead["id"], "into": user["id"], "skip_duplicate_validation": true }),
    );
    sim.advance(60);
    sim.delete(&format!("/contacts/{}", id(&user)));
    let mut all: Vec<Value> = Vec::new();
    let mut path = "/contacts/activities?per_page=150".to_owned();
    loop {
        let page = sim.at("Preview", "GET", &path, None).ok();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["pages"]["next"]["starting_after"].as_str() {
            Some(cursor) => path = format!("/contacts/activities?per_page=150&starting_after={cursor}"),
            None => break,
        }
    }
    let moments: Vec<i64> = all
        .iter()
        .map(|one| one["created_at"].as_i64().unwrap())
        .collect();
    assert!(moments.is_sorted());
    let last: Vec<&str> = all[all.len() - 5..]
        .iter()
        .map(|one| one["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        last,
        [
            "contact.created",
            "contact.created",
            "contact.merge_failed",
            "contact.merged",
            "contact.deleted"
        ]
    );
}
