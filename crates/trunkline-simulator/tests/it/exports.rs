//! Export jobs: their course, their limits and their files.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::harness::{NOW, Sim};

fn content(sim: &Sim, from: i64, until: i64) -> Value {
    sim.post(
        "/export/content/data",
        &json!({ "created_at_after": from, "created_at_before": until }),
    )
}

fn name(job: &Value) -> &str {
    job["job_identifier"].as_str().unwrap()
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut all).unwrap();
    all
}

#[test]
fn a_content_export_runs_is_downloaded_and_expires() {
    let sim = Sim::new();
    let job = content(&sim, 0, NOW);
    let (status, download) = (
        format!("/export/content/data/{}", name(&job)),
        format!("/download/content/data/{}", name(&job)),
    );
    assert_eq!(
        (&job["status"], &job["download_url"]),
        (&json!("pending"), &json!(""))
    );
    assert_eq!(sim.try_get(&download).status, 404);
    sim.advance(3);
    assert_eq!(sim.get(&status)["status"], "in_progress");
    sim.advance(3);
    let done = sim.get(&status);
    assert_eq!(done["status"], "completed");
    assert!(done["download_url"].as_str().unwrap().ends_with(&download));
    let file = sim.try_get(&download);
    assert_eq!(file.header("content-type"), Some("application/octet-stream"));
    let text = String::from_utf8(unpacked(&file.bytes)).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("user_id,user_external_id,"));
    assert!(lines.count() > 500);
    sim.advance(2 * 86_400 + 1);
    assert_eq!(sim.try_get(&download).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn one_content_export_runs_at_a_time_and_a_canceled_one_is_out_of_the_way() {
    let sim = Sim::new();
    let job = content(&sim, 0, NOW);
    let body = json!({ "created_at_after": 0, "created_at_before": NOW });
    let second = sim.send("POST", "/export/content/data", &body);
    assert_eq!(second.refusal(), (429, "rate_limit_exceeded".to_owned()));
    let canceled = sim.post(&format!("/export/cancel/{}", name(&job)), &json!({}));
    assert_eq!(canceled["status"], "canceled");
    let nothing = content(&sim, 1, 2);
    sim.advance(10);
    let status = sim.get(&format!("/export/content/data/{}", name(&nothing)));
    assert_eq!(status["status"], "no_data");
    for (body, message) in [
        (
            json!({ "created_at_after": 0 }),
            "'created_at_before' is a required parameter",
        ),
        (
            json!({ "created_at_after": 2, "created_at_before": 1 }),
            "created_at_after is greater than created_at_before",
        ),
        (
            json!({ "created_at_after": 1, "created_at_before": 2, "random_param": 1 }),
            "bad 'random_param' parameter",
        ),
    ] {
        let got = sim.send("POST", "/export/content/data", &body);
        assert_eq!(got.refusal(), (400, "bad_request".to_owned()));
        assert_eq!(got.message(), message);
    }
}

fn reporting(sim: &Sim, attributes: &[&str]) -> Value {
    sim.post(
        "/export/reporting_data/enqueue",
        &json!({ "dataset_id": "conversation", "attribute_ids": attributes, "start_time": 0, "end_time": NOW }),
    )
}

#[test]
fn a_dataset_is_exported_with_the_columns_that_were_picked() {
    let sim = Sim::new();
    let datasets = sim.get("/export/reporting_data/get_datasets");
    assert_eq!(datasets["data"][0]["id"], "conversation");
    let job = reporting(
        &sim,
        &["conversation.conversation_id", "current_conversation_state"],
    );
    sim.advance(6);
    let status = sim.get(&format!("/export/reporting_data/{}", name(&job)));
    assert_eq!(status["status"], "complete");
    let file = sim.try_get(&format!("/download/reporting_data/{}", name(&job)));
    let unzipped = unpacked(&file.bytes);
    let mut archive = tar::Archive::new(&unzipped[..]);
    let mut text = String::new();
    archive
        .entries()
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Conversation ID,Current state"));
    let first = lines.next().unwrap();
    let (id, state) = first.split_once(',').unwrap();
    assert_eq!(sim.get(&format!("/conversations/{id}"))["state"], state);
    assert_eq!(lines.count() + 1, sim.truth("conversations").len());
}

#[test]
fn what_cannot_be_reported_is_refused_and_a_sixth_job_waits() {
    let sim = Sim::new();
    for (body, message) in [
        (json!({}), "'dataset_id' is a required parameter"),
        (
            json!({ "dataset_id": "imaginary" }),
            "imaginary is not a valid dataset_id",
        ),
        (
            json!({ "dataset_id": "ticket" }),
            "'attribute_ids' is a required parameter",
        ),
        (
            json!({ "dataset_id": "ticket", "attribute_ids": 1 }),
            "'attribute_ids' not an array must be of type Array",
        ),
        (
            json!({ "dataset_id": "ticket", "attribute_ids": [] }),
            "attribute_ids must contain at least one attribute_id",
        ),
        (
            json!({ "dataset_id": "ticket", "attribute_ids": ["people.Brand"] }),
            "attribute_ids invalid for ticket dataset: people.Brand",
        ),
    ] {
        let got = sim.send("POST", "/export/reporting_data/enqueue", &body);
        assert_eq!(got.refusal(), (400, "bad_request".to_owned()));
        assert_eq!(got.message(), message);
    }
    for _ in 0..5 {
        reporting(&sim, &["conversation_id"]);
    }
    let body = json!({ "dataset_id": "conversation", "attribute_ids": ["conversation_id"], "start_time": 0, "end_time": 1 });
    let sixth = sim.send("POST", "/export/reporting_data/enqueue", &body);
    assert_eq!(sixth.refusal(), (429, "rate_limit_exceeded".to_owned()));
    let unknown = sim.try_get("/export/reporting_data/job1");
    assert_eq!(unknown.message(), "Export job not found for identifier: job1");
}
