//! Data connectors and what came of their calls.

use serde_json::json;

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn a_connector_is_drafted_goes_live_and_only_leaves_as_a_draft() {
    let sim = Sim::new();
    let made = sim.send("POST", "/data_connectors", &json!({ "name": "Mine" }));
    assert_eq!((made.status, &made.json()["state"]), (201, &json!("draft")));
    let path = format!("/data_connectors/{}", id(&made.json()));
    let live = sim
        .at("2.16", "PATCH", &path, Some(&json!({ "state": "live" })))
        .ok();
    assert_eq!(live["state"], "live");
    assert_eq!(sim.get("/data_connectors")["data"][0]["id"], live["id"]);
    let refused = sim.at("2.16", "DELETE", &path, None);
    assert_eq!(refused.refusal(), (409, "conflict".to_owned()));
    sim.at("2.16", "PATCH", &path, Some(&json!({ "state": "draft" })))
        .ok();
    assert_eq!(sim.delete(&path)["object"], "data_connector");
    assert_eq!(
        sim.try_get(&path).refusal(),
        (404, "data_connector_not_found".to_owned())
    );
    let used = sim.at("2.16", "DELETE", "/data_connectors/12345", None);
    assert_eq!(used.refusal(), (409, "data_connector_in_use".to_owned()));
}

#[test]
fn connectors_page_by_a_cursor_that_only_a_page_gives() {
    let sim = Sim::new();
    let mut seen = Vec::new();
    let mut path = "/data_connectors?per_page=1".to_owned();
    loop {
        let page = sim.get(&path);
        seen.extend(ids(&page["data"]));
        match page["pages"]["next"]["starting_after"].as_str() {
            Some(cursor) => path = format!("/data_connectors?per_page=1&starting_after={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["12347", "12346", "12345"]);
    for cursor in ["x", "W10=", "WzEsMiwzXQ=="] {
        let got = sim.try_get(&format!("/data_connectors?starting_after={cursor}"));
        assert_eq!(got.refusal(), (400, "client_error".to_owned()), "{cursor}");
    }
}

#[test]
fn executions_are_those_of_the_last_hour_unless_a_span_is_given() {
    let sim = Sim::new();
    let path = "/data_connectors/12345/execution_results";
    let hour = sim.get(&format!("{path}?per_page=30"));
    let day = sim.get(&format!(
        "{path}?per_page=30&start_ts={}&end_ts={NOW}",
        NOW - 86_400
    ));
    let count = |page: &serde_json::Value| page["data"].as_array().unwrap().len();
    assert!(0 < count(&hour) && count(&hour) < count(&day));
    assert_eq!(hour["data"][0]["request_body"], json!(null));
    let one = sim.get(&format!("{path}/{}", id(&hour["data"][0])));
    assert!(one.get("response_body").is_some());
    let failed = sim.get(&format!("{path}?success=false&start_ts=0"));
    assert!(
        failed["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["error_type"] == "3rd_party_error")
    );
    for query in ["error_type=bad", "start_ts=soon"] {
        let got = sim.try_get(&format!("{path}?{query}"));
        assert_eq!(got.refusal(), (400, "parameter_invalid".to_owned()), "{query}");
    }
    assert_eq!(
        sim.try_get(&format!("{path}/1")).refusal(),
        (404, "execution_result_not_found".to_owned())
    );
}

#[test]
fn what_a_connector_cannot_be_is_refused() {
    let sim = Sim::new();
    for (body, code) in [
        (json!({}), "parameter_not_found"),
        (json!({ "name": "a", "audiences": ["cats"] }), "parameter_invalid"),
        (json!({ "name": "a", "http_method": "brew" }), "parameter_invalid"),
    ] {
        let got = sim.send("POST", "/data_connectors", &body);
        assert_eq!(got.refusal(), (422, code.to_owned()), "{body}");
    }
}
