//! Teammates, teams, and what they did.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn admins_and_teams_are_listed_and_read() {
    let sim = Sim::new();
    let admins = sim.get("/admins?per_page=1");
    assert_eq!(admins["type"], "admin.list");
    assert!(
        admins["admins"].as_array().unwrap().len() > 1,
        "the list knows no pages"
    );
    let admin = &admins["admins"][0];
    assert_eq!(sim.get(&format!("/admins/{}", id(admin))), *admin);
    let teams = sim.get("/teams");
    assert_eq!(teams["type"], "team.list");
    let team = &teams["teams"][0];
    assert!(team["admin_ids"].as_array().unwrap().iter().all(Value::is_u64));
    assert_eq!(sim.get(&format!("/teams/{}", id(team))), *team);
    assert_eq!(
        sim.try_get("/admins/1").refusal(),
        (404, "admin_not_found".to_owned())
    );
    assert_eq!(
        sim.try_get("/teams/1").refusal(),
        (404, "team_not_found".to_owned())
    );
}

#[test]
fn members_of_teams_and_teams_of_members_agree() {
    let sim = Sim::new();
    let teams = sim.get("/teams")["teams"].clone();
    for admin in sim.get("/admins")["admins"].as_array().unwrap() {
        for team in teams.as_array().unwrap() {
            let is_member = team["admin_ids"]
                .as_array()
                .unwrap()
                .iter()
                .any(|held| held.as_u64() == id(admin).parse().ok());
            let is_listed = admin["team_ids"]
                .as_array()
                .unwrap()
                .iter()
                .any(|held| held.as_u64() == id(team).parse().ok());
            assert_eq!(is_member, is_listed, "{} in {}", admin["name"], team["name"]);
        }
    }
}

#[test]
fn an_admin_goes_away_with_a_reason_and_the_log_tells() {
    let sim = Sim::new();
    let admin = sim.admin();
    let reasons = sim.get("/away_status_reasons");
    let reasons = reasons
        .as_array()
        .cloned()
        .unwrap_or_else(|| reasons["data"].as_array().unwrap().clone());
    let of = |is_deleted: bool| {
        id(reasons
            .iter()
            .find(|reason| reason["deleted"] == is_deleted)
            .unwrap())
    };
    let path = format!("/admins/{admin}/away");
    let away = sim.put(
        &path,
        &json!({ "away_mode_enabled": true, "away_mode_reassign": true, "away_status_reason_id": of(false) }),
    );
    assert_eq!(
        (&away["away_mode_enabled"], &away["away_mode_reassign"]),
        (&json!(true), &json!(true))
    );
    let newest = &sim.get("/admins/activity_logs?created_at_after=0")["activity_logs"][0];
    assert_eq!(
        (&newest["activity_type"], &newest["created_at"]),
        (&json!("admin_away_mode_change"), &json!(NOW))
    );
    for (path, body, status, code) in [
        (path.clone(), json!({}), 400, "parameter_not_found"),
        (
            path.clone(),
            json!({ "away_mode_enabled": true, "away_mode_reassign": true, "away_status_reason_id": of(true) }),
            400,
            "parameter_invalid",
        ),
        (
            "/admins/1/away".to_owned(),
            json!({ "away_mode_enabled": true, "away_mode_reassign": true }),
            404,
            "admin_not_found",
        ),
    ] {
        assert_eq!(
            sim.send("PUT", &path, &body).refusal(),
            (status, code.to_owned()),
            "{path} {body}"
        );
    }
}

#[test]
fn activity_logs_come_newest_first_within_a_span() {
    let sim = Sim::new();
    let all = sim.truth("activity_logs");
    let moments = |rows: &Value| -> Vec<i64> {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["created_at"].as_i64().unwrap())
            .collect()
    };
    let first = sim.get("/admins/activity_logs?created_at_after=0&per_page=150");
    assert_eq!(
        (&first["type"], first["activity_logs"].as_array().unwrap().len()),
        (&json!("activity_log.list"), all.len())
    );
    let mut ordered = moments(&first["activity_logs"]);
    ordered.sort_unstable_by(|left, right| right.cmp(left));
    assert_eq!(moments(&first["activity_logs"]), ordered);
    let middle = ordered[ordered.len() / 2];
    let later = sim.get(&format!(
        "/admins/activity_logs?created_at_after={middle}&per_page=150"
    ));
    assert!(moments(&later["activity_logs"]).iter().all(|at| *at >= middle));
    let searched = sim.post(
        "/admins/activity_logs/search",
        &json!({ "created_at_after": middle, "per_page": 250 }),
    );
    assert_eq!(ids(&searched["activity_logs"]), ids(&later["activity_logs"]));
    let none = sim.post(
        "/admins/activity_logs/search",
        &json!({ "created_at_after": 0, "event_types": ["nothing_such"] }),
    );
    assert_eq!(none["activity_logs"], json!([]));
    assert_eq!(sim.try_get("/admins/activity_logs").refusal().0, 400);
    assert_eq!(
        sim.send("POST", "/admins/activity_logs/search", &json!({}))
            .refusal()
            .0,
        400
    );
    assert!(
        sim.get("/admins/activity_log_event_types")
            .to_string()
            .contains("admin_away_mode_change")
    );
}

#[test]
fn assignment_limits_have_two_types_of_activity_since_2_14_and_one_before() {
    let sim = Sim::new();
    let both = [
        "admin_conversation_assignment_limit_change",
        "admin_ticket_assignment_limit_change",
    ];
    let one = "admin_assignment_limit_change";
    for (version, names, others) in [
        ("2.7", &[one][..], &both[..]),
        ("2.13", &[one], &both),
        ("2.14", &both, &[one]),
        ("2.16", &both, &[one]),
        ("Preview", &both, &[one]),
    ] {
        let got = sim.at(
            version,
            "GET",
            "/admins/activity_logs?created_at_after=0&per_page=150",
            None,
        );
        let listed = got.ok()["activity_logs"].to_string();
        for name in names {
            assert!(listed.contains(&format!("\"{name}\"")), "{version} {name}");
        }
        for name in others {
            assert!(!listed.contains(&format!("\"{name}\"")), "{version} {name}");
        }
    }
    let admin = sim.admin();
    for (asked, name, field) in [
        (
            json!({ "what": "assignment_limit", "admin_id": admin, "limit": 15 }),
            both[0],
            "conversation_assignment_limit",
        ),
        (
            json!({ "what": "assignment_limit", "admin_id": admin, "limit": 15, "tickets": true }),
            both[1],
            "ticket_assignment_limit",
        ),
    ] {
        sim.control("POST", "/happen", Some(&asked));
        let query = json!({ "created_at_after": NOW, "event_types": [name] });
        let found = &sim.post("/admins/activity_logs/search", &query)["activity_logs"];
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!(
            (&found[0]["performed_by"]["id"], &found[0]["metadata"][field]),
            (&json!(admin), &json!(15))
        );
        let types = sim.get("/admins/activity_log_event_types").to_string();
        assert!(types.contains(name), "{types}");
    }
    let unknown = json!({ "what": "assignment_limit", "admin_id": "1" }).to_string();
    assert_eq!(sim.raw("POST", "/_sim/happen", &[], &unknown).status, 404);
}

#[test]
fn a_teams_metrics_count_its_conversations() {
    let sim = Sim::new();
    let team = sim.get("/teams")["teams"][0].clone();
    let metrics = sim.get(&format!("/teams/{}/metrics", id(&team)));
    assert_eq!(
        (&metrics["type"], metrics["data"].as_array().unwrap().len()),
        (
            &json!("team_metric.list"),
            team["admin_ids"].as_array().unwrap().len()
        )
    );
    let open: u64 = metrics["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["open"].as_u64().unwrap())
        .sum();
    let members: Vec<String> = team["admin_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = sim
        .truth("conversations")
        .iter()
        .filter(|row| {
            row["open"] == true
                && row["team_assignee_id"].as_u64() == id(&team).parse().ok()
                && members.contains(&row["admin_assignee_id"].to_string())
        })
        .count();
    assert_eq!(open, expected as u64);
}
