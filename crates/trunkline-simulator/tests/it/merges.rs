//! Merging a lead into a user: what moves, what stays, what becomes of the lead's id.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

/// A user and a lead with the same address.
fn pair(sim: &Sim) -> (String, String) {
    let user = id(&sim.user("Mona Berg"));
    let lead = id(&sim.post(
        "/contacts",
        &json!({ "role": "lead", "email": "mona.berg@people.example", "phone": "+15550142", "custom_attributes": { "Plan tier": "team", "lifetime_value": 3 } }),
    ));
    (user, lead)
}

fn merge(sim: &Sim, lead: &str, user: &str) -> Value {
    sim.post("/contacts/merge", &json!({ "from": lead, "into": user }))
}

#[test]
fn tags_companies_notes_and_conversations_move_to_the_user() {
    let sim = Sim::new();
    let (user, lead) = pair(&sim);
    let tag = id(&sim.post("/tags", &json!({ "name": "from the lead" })));
    sim.post(&format!("/contacts/{lead}/tags"), &json!({ "id": tag }));
    let company = id(&sim.post(
        "/companies",
        &json!({ "company_id": "lead-co", "name": "Lead Co" }),
    ));
    sim.post(&format!("/contacts/{lead}/companies"), &json!({ "id": company }));
    sim.post(
        &format!("/contacts/{lead}/notes"),
        &json!({ "body": "kept", "admin_id": sim.admin() }),
    );
    let conversation = sim.post(
        "/conversations",
        &json!({ "from": { "type": "lead", "id": lead }, "body": "hello" }),
    );
    sim.advance(30);
    let merged = merge(&sim, &lead, &user);
    assert_eq!(id(&merged), user);
    assert_eq!(merged["updated_at"], NOW + 30);
    assert_eq!(ids(&merged["tags"]["data"]), [tag]);
    assert_eq!(ids(&merged["companies"]["data"]), std::slice::from_ref(&company));
    assert_eq!(merged["notes"]["total_count"], 1);
    let conversation = sim.get(&format!(
        "/conversations/{}",
        conversation["conversation_id"].as_str().unwrap()
    ));
    assert_eq!(
        ids(&conversation["contacts"]["contacts"]),
        std::slice::from_ref(&user)
    );
    assert_eq!(
        ids(&sim.get(&format!("/companies/{company}/contacts"))["data"]),
        [user]
    );
}

#[test]
fn attributes_are_copied_only_where_the_user_has_none() {
    let sim = Sim::new();
    let (user, lead) = pair(&sim);
    sim.put(
        &format!("/contacts/{user}"),
        &json!({ "custom_attributes": { "Plan tier": "enterprise" } }),
    );
    let merged = merge(&sim, &lead, &user);
    assert_eq!(
        merged["custom_attributes"]["Plan tier"], "enterprise",
        "the user's own value wins"
    );
    assert_eq!(merged["custom_attributes"]["lifetime_value"], 3);
    assert_eq!(merged["phone"], "+15550142");
    assert_eq!(merged["name"], "Mona Berg");
}

#[test]
fn the_leads_id_answers_410_with_a_link_from_2_16_on_and_404_before() {
    let sim = Sim::new();
    let (user, lead) = pair(&sim);
    merge(&sim, &lead, &user);
    let path = format!("/contacts/{lead}");
    let got = sim.try_get(&path);
    assert_eq!(got.refusal(), (410, "contact_merged".to_owned()));
    assert_eq!(
        got.header("link"),
        Some(format!("</contacts/{user}>; rel=\"canonical\"").as_str())
    );
    for version in ["2.10", "2.14", "2.15"] {
        assert_eq!(
            sim.at(version, "GET", &path, None).refusal(),
            (404, "not_found".to_owned()),
            "{version}"
        );
    }
    sim.habit("merged_gone", false);
    assert_eq!(sim.try_get(&path).refusal().0, 404);
}

#[test]
fn a_merged_lead_is_in_no_list_or_search() {
    let sim = Sim::new();
    sim.habit("search_lag", false);
    let (user, lead) = pair(&sim);
    merge(&sim, &lead, &user);
    let query = json!({ "field": "email", "operator": "=", "value": "mona.berg@people.example" });
    assert_eq!(sim.found("2.16", "/contacts/search", "data", &query), [user]);
    assert!(!sim.truth("contacts").iter().any(|contact| id(contact) == lead));
}

#[test]
fn pairs_that_cannot_be_merged_are_refused() {
    let sim = Sim::new();
    let (user, lead) = pair(&sim);
    let stranger = id(&sim.lead("Some Stranger"));
    let other_user = id(&sim.user("Other User"));
    let nobody = "64e1aa22bb33cc44dd55ee66";
    for (from, into, status, code) in [
        (stranger.as_str(), user.as_str(), 400, "invalid_merge"),
        (nobody, user.as_str(), 404, "not_found"),
        (lead.as_str(), nobody, 404, "not_found"),
    ] {
        let got = sim.send("POST", "/contacts/merge", &json!({ "from": from, "into": into }));
        assert_eq!(got.refusal(), (status, code.to_owned()), "{from} into {into}");
    }
    let users = sim.send(
        "POST",
        "/contacts/merge",
        &json!({ "from": other_user, "into": user }),
    );
    assert!(
        matches!(users.refusal().0, 400 | 404),
        "only leads are merged into users"
    );
    for body in [json!({ "from": lead }), json!({ "into": user }), json!({})] {
        assert_eq!(
            sim.send("POST", "/contacts/merge", &body).refusal().0,
            400,
            "{body}"
        );
    }
    let forced = json!({ "from": stranger, "into": user, "skip_duplicate_validation": true });
    assert_eq!(sim.send("POST", "/contacts/merge", &forced).status, 200);
}

#[test]
fn before_2_16_anyone_may_be_merged() {
    let sim = Sim::new();
    let user = id(&sim.user("Mona Berg"));
    let stranger = id(&sim.lead("Some Stranger"));
    let got = sim.at(
        "2.15",
        "POST",
        "/contacts/merge",
        Some(&json!({ "from": stranger, "into": user })),
    );
    assert_eq!(got.status, 200, "{}", got.text);
}

#[test]
fn the_merge_history_names_what_went_into_a_contact() {
    let sim = Sim::new();
    let (user, lead) = pair(&sim);
    assert_eq!(
        sim.get(&format!("/contacts/{user}/merge_history"))["data"],
        json!([])
    );
    merge(&sim, &lead, &user);
    let history = sim.get(&format!("/contacts/{user}/merge_history"));
    assert_eq!(history["has_more"], false);
    assert!(history["data"][0].to_string().contains(&lead), "{history}");
    let with = sim.get(&format!("/contacts/{user}?include_merge_history=true"));
    assert!(with["merge_history"].to_string().contains(&lead), "{with}");
    assert!(
        sim.get(&format!("/contacts/{user}"))
            .get("merge_history")
            .is_none()
    );
}

#[test]
fn the_generated_past_has_merges_that_answer_410() {
    let sim = Sim::start(trunkline_simulator::Options {
        contacts: 4_000,
        ..crate::harness::small()
    });
    let counts = sim.control("GET", "/truth", None).json();
    let listed = counts["contacts"].as_u64().unwrap();
    assert!(
        listed < 4_000,
        "some of the 4,000 were merged, archived or deleted"
    );
}
