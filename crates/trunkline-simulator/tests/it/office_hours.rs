//! Office hours schedules and their exceptions.

use serde_json::json;

use crate::harness::{Sim, id, ids};

#[test]
fn a_schedule_is_written_and_read_with_the_days_of_its_intervals() {
    let sim = Sim::new();
    let made = sim.send(
        "POST",
        "/office_hours_schedules",
        &json!({
            "name": "Always", "time_zone_name": "Europe/Dublin",
            "time_intervals": [{ "start_minute": 1_980, "end_minute": 2_460 }, { "start_minute": 540, "end_minute": 1_020 }],
        }),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(made["time_intervals"][1]["day_of_week"], 1);
    assert_eq!(made["twenty_four_seven"], false);
    let path = format!("/office_hours_schedules/{}", id(&made));
    let whole = sim.put(
        &path,
        &json!({ "time_intervals": [{ "start_minute": 0, "end_minute": 10_080 }] }),
    );
    assert_eq!(whole["twenty_four_seven"], true);
    assert_eq!(sim.get(&path), whole);
    assert!(ids(&sim.get("/office_hours_schedules")["data"]).contains(&id(&made)));
    assert_eq!(sim.delete(&path)["object"], "office_hours_schedule");
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
}

#[test]
fn an_exception_closes_a_day_or_gives_it_hours() {
    let sim = Sim::new();
    let path = "/office_hours_schedules/123/office_hours_exceptions";
    let closed = json!({ "exception_date": "2026-12-31", "exception_type": "closed" });
    let made = sim.send("POST", path, &closed);
    assert_eq!((made.status, &made.json()["time_intervals"]), (201, &json!(null)));
    assert_eq!(
        sim.send("POST", path, &closed).refusal(),
        (422, "data_invalid".to_owned())
    );
    let one = format!("{path}/{}", id(&made.json()));
    let hours = json!({ "exception_type": "custom_hours", "time_intervals": [{ "start_minute": 540, "end_minute": 780 }] });
    assert_eq!(sim.put(&one, &hours)["time_intervals"][0]["end_minute"], 780);
    assert_eq!(sim.delete(&one)["object"], "office_hours_exception");
    assert_eq!(ids(&sim.get(path)["data"]), ["456"]);
    sim.delete("/office_hours_schedules/123");
    assert_eq!(sim.try_get(path).status, 404);
}

#[test]
fn hours_that_no_week_has_are_refused() {
    let sim = Sim::new();
    let schedule = |zone: &str, intervals: serde_json::Value| json!({ "name": "a", "time_zone_name": zone, "time_intervals": intervals });
    for body in [
        schedule("Mars/Olympus", json!([])),
        schedule("UTC", json!([{ "start_minute": 20, "end_minute": 10 }])),
        schedule("UTC", json!([{ "start_minute": 0, "end_minute": 10_081 }])),
        schedule(
            "UTC",
            json!([{ "start_minute": 0, "end_minute": 60 }, { "start_minute": 30, "end_minute": 90 }]),
        ),
    ] {
        let got = sim.send("POST", "/office_hours_schedules", &body);
        assert_eq!(got.refusal(), (422, "data_invalid".to_owned()), "{body}");
    }
    let path = "/office_hours_schedules/123/office_hours_exceptions";
    for body in [
        json!({ "exception_date": "Christmas", "exception_type": "closed" }),
        json!({ "exception_date": "2026-12-24", "exception_type": "custom_hours" }),
    ] {
        assert_eq!(sim.send("POST", path, &body).status, 422, "{body}");
    }
}
