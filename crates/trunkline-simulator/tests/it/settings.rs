//! Small settings and devices: the address list, redirects of phone calls, workflows, banners, folders, secrets, catalogs.

use serde_json::json;

use crate::harness::{Sim, TOKEN, id, ids};

#[test]
fn an_address_list_that_would_lock_its_writer_out_is_refused_and_others_are_kept() {
    let sim = Sim::new();
    let put = |entries: &[&str]| {
        sim.send(
            "PUT",
            "/ip_allowlist",
            &json!({ "enabled": true, "ip_allowlist": entries }),
        )
    };
    assert_eq!(sim.get("/ip_allowlist")["enabled"], false);
    for entries in [["10.0.0.1"], ["nonsense"], ["::1"]] {
        assert_eq!(
            put(&entries).refusal(),
            (422, "parameter_invalid".to_owned()),
            "{entries:?}"
        );
    }
    let kept = put(&["10.0.0.1", "127.0.0.0/8"]).ok();
    assert_eq!(sim.get("/ip_allowlist"), kept);
}

#[test]
fn a_phone_call_is_redirected_to_a_number_that_can_be_dialled() {
    let sim = Sim::new();
    let redirected = sim.post("/phone_call_redirects", &json!({ "phone": "+353832345678" }));
    assert_eq!(redirected["type"], "phone_call_redirect");
    for body in [
        json!({}),
        json!({ "phone": "12" }),
        json!({ "phone": "+12ab5678" }),
    ] {
        let got = sim.send("POST", "/phone_call_redirects", &body);
        assert_eq!(
            (got.status, got.json()["error_key"].as_str()),
            (400, Some("invalid_phone_number"))
        );
    }
}

#[test]
fn a_workflow_is_exported_by_id() {
    let sim = Sim::new();
    let export = sim.get("/export/workflows/67890");
    assert_eq!(export["workflow"]["state"], "live");
    assert!(export["app_id"].is_u64());
    assert_eq!(sim.try_get("/export/workflows/1").message(), "Workflow not found");
}

#[test]
fn a_dismissed_banner_stays_away_from_that_contact_alone() {
    let sim = Sim::new();
    let (ann, bob) = (id(&sim.user("Ann")), id(&sim.user("Bob")));
    let shown = |contact: &str| sim.get(&format!("/contacts/{contact}/banners"))["data"].clone();
    let view = shown(&ann)[0]["view_id"].as_str().unwrap().to_owned();
    let path = format!("/contacts/{ann}/banners/{view}/dismiss");
    for _ in 0..2 {
        assert_eq!(sim.post(&path, &json!({}))["dismissed"], true);
    }
    assert_eq!(
        (
            shown(&ann).as_array().unwrap().len(),
            shown(&bob).as_array().unwrap().len()
        ),
        (1, 2)
    );
    let strange = sim.send(
        "POST",
        &format!("/contacts/{bob}/banners/{view}/dismiss"),
        &json!({}),
    );
    assert_eq!(strange.refusal(), (404, "not_found".to_owned()));
}

#[test]
fn a_folder_counts_its_articles_and_only_an_empty_one_goes() {
    let sim = Sim::new();
    let at = |method: &str, path: &str, body: serde_json::Value| sim.at("Preview", method, path, Some(&body));
    let made = at("POST", "/folders", json!({ "folder": { "name": "Keep" } })).ok();
    let path = format!("/folders/{}", id(&made));
    let admin = sim.admin();
    let article = sim.post(
        "/internal_articles",
        &json!({ "title": "In it", "owner_id": admin, "author_id": admin, "folder_id": made["id"] }),
    );
    assert_eq!(at("GET", &path, json!(null)).ok()["content_count"], 1);
    assert_eq!(
        at("DELETE", &path, json!(null)).refusal(),
        (422, "parameter_invalid".to_owned())
    );
    sim.delete(&format!("/internal_articles/{}", id(&article)));
    let renamed = at(
        "PUT",
        &path,
        json!({ "folder": { "name": "Kept", "parent_folder_id": 41 } }),
    )
    .ok();
    assert_eq!(renamed["name"], "Kept");
    let children = at("GET", "/folders?parent_folder_id=41", json!(null)).ok();
    assert!(ids(&children["data"]).contains(&id(&made)));
    assert_eq!(at("DELETE", &path, json!(null)).ok()["deleted"], true);
    for body in [
        json!({ "folder": {} }),
        json!({ "folder": { "name": " " } }),
        json!({ "folder": { "name": "a", "parent_folder_id": 9_999 } }),
    ] {
        assert_eq!(at("POST", "/folders", body).status, 400);
    }
}

#[test]
fn a_secret_is_shown_once() {
    let sim = Sim::new();
    let made = sim.at(
        "Preview",
        "POST",
        "/secure_mode_secrets",
        Some(&json!({ "name": "Web", "supports_web": true })),
    );
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["secret"].as_str().unwrap().len(), 43);
    let list = sim.at("Preview", "GET", "/secure_mode_secrets", None).ok();
    assert!(
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one.get("secret").is_none())
    );
    let path = format!("/secure_mode_secrets/{}", id(&made));
    assert_eq!(sim.at("Preview", "DELETE", &path, None).status, 204);
    assert_eq!(
        sim.at("Preview", "DELETE", &path, None).refusal(),
        (404, "identity_verification_secret_not_found".to_owned())
    );
}

#[test]
fn a_catalog_is_uploaded_whole_or_in_parts_as_a_file_of_a_form() {
    let sim = Sim::new();
    let token = format!("Bearer {TOKEN}");
    let upload = |fields: &[(&str, &str)]| {
        let mut form = String::new();
        for (name, value) in fields {
            form.push_str(&format!(
                "--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        form.push_str("--cut--\r\n");
        let headers = [
            ("authorization", token.as_str()),
            ("intercom-version", "Preview"),
            ("content-type", "multipart/form-data; boundary=cut"),
        ];
        sim.raw("POST", "/ecommerce/connectors/5501/catalog", &headers, &form)
    };
    let products = r#"[{"id":"1"}]"#;
    for (fields, status, code) in [
        (vec![], 400, "parameter_not_found"),
        (vec![("catalog", "{}")], 422, "invalid_catalog_format"),
        (vec![("catalog", "[1]")], 422, "invalid_catalog_format"),
        (
            vec![("catalog", products), ("part_number", "x")],
            422,
            "invalid_part_number",
        ),
        (
            vec![("catalog", products), ("import_job_id", "none")],
            404,
            "upload_session_not_found",
        ),
    ] {
        assert_eq!(upload(&fields).refusal(), (status, code.to_owned()), "{fields:?}");
    }
    let first = upload(&[("catalog", products), ("finalize", "false")]).ok();
    let job = first["import_job_id"].as_str().unwrap().to_owned();
    assert_eq!(first["next_part_number"], 2);
    let wrong = upload(&[
        ("catalog", products),
        ("import_job_id", &job),
        ("part_number", "3"),
    ]);
    assert_eq!(wrong.message(), "Expected part 2, got 3");
    for part in ["2", "2"] {
        let more = upload(&[
            ("catalog", products),
            ("import_job_id", &job),
            ("part_number", part),
            ("finalize", "false"),
        ]);
        assert_eq!(more.ok()["next_part_number"], 3);
    }
    let last = upload(&[("import_job_id", &job), ("finalize", "true")]);
    assert_eq!((last.status, &last.json()["status"]), (202, &json!("processing")));
    assert_eq!(
        upload(&[("catalog", products)]).refusal(),
        (409, "sync_in_progress".to_owned())
    );
    sim.advance(11);
    assert_eq!(upload(&[("catalog", products)]).status, 202);
}
