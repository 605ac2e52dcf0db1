//! Custom object instances.

use serde_json::json;

use crate::harness::{Sim, id, ids};

#[test]
fn an_instance_is_written_by_its_outside_id_and_found_by_either() {
    let sim = Sim::new();
    let write = |total: f64| {
        sim.post(
            "/custom_object_instances/Order",
            &json!({ "external_id": "o-1", "external_created_at": 1_392_036_272, "custom_attributes": { "total_amount": total } }),
        )
    };
    let first = write(1.5);
    let second = write(2.5);
    assert_eq!(first["id"], second["id"]);
    assert_eq!(second["custom_attributes"]["total_amount"], 2.5);
    for path in [id(&first), "o-1".to_owned(), "?external_id=o-1".to_owned()] {
        let separator = if path.starts_with('?') { "" } else { "/" };
        let found = sim.get(&format!("/custom_object_instances/Order{separator}{path}"));
        assert_eq!(found, second, "{path}");
    }
    let gone = sim.delete("/custom_object_instances/Order?external_id=o-1");
    assert_eq!(
        gone,
        json!({ "id": first["id"], "object": "Order", "deleted": true })
    );
    let path = format!("/custom_object_instances/Order/{}", id(&first));
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn instances_are_listed_by_the_contact_or_the_conversation_that_they_belong_to() {
    let sim = Sim::new();
    let ann = sim.user("Ann");
    let order = sim.post(
        "/custom_object_instances/Order",
        &json!({ "external_id": "o-9", "custom_attributes": { "customer": ann["id"] } }),
    );
    let of_ann = sim.get(&format!(
        "/custom_object_instances/Order?references_contact_id={}",
        id(&ann)
    ));
    assert_eq!(ids(&of_ann["data"]), [id(&order)]);
    let conversation = sim.get("/conversations?per_page=1")["conversations"][0].clone();
    let path = format!("/conversations/{}", id(&conversation));
    sim.put(&path, &json!({ "custom_attributes": { "order": [order["id"]] } }));
    let of_thread = sim.get(&format!(
        "/custom_object_instances/Order?references_conversation_id={}",
        id(&conversation)
    ));
    assert_eq!(ids(&of_thread["data"]), [id(&order)]);
    let page = sim.get("/custom_object_instances/Order?per_page=7&page=2");
    assert_eq!(page["data"].as_array().unwrap().len(), 7);
}

#[test]
fn a_type_or_an_instance_that_does_not_exist_is_told_apart() {
    let sim = Sim::new();
    for (method, path, message) in [
        (
            "GET",
            "/custom_object_instances/Boat",
            "Custom object type `Boat` not found",
        ),
        ("GET", "/custom_object_instances/Boat/1", "Object not found"),
        (
            "GET",
            "/custom_object_instances/Order/none",
            "Custom object instance not found",
        ),
        (
            "DELETE",
            "/custom_object_instances/Order?external_id=none",
            "Custom object instance not found",
        ),
    ] {
        let got = sim.at("2.16", method, path, None);
        assert_eq!(got.refusal(), (404, "not_found".to_owned()), "{path}");
        assert_eq!(got.message(), message);
    }
    let body = json!({ "external_id": "1", "external_created_at": "yesterday" });
    let got = sim.send("POST", "/custom_object_instances/Order", &body);
    assert_eq!(got.refusal(), (400, "parameter_invalid".to_owned()));
}
