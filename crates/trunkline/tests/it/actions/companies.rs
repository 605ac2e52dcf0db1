//! Companies: made and changed by the own id, found, listed in an order, tagged, many at once.

use std::collections::HashSet;

use serde_json::{Value, json};
use trunkline_catalog::Version;
use trunkline_simulator::Options;

use super::Actor;
use crate::harness::small;

#[test]
fn a_company_is_made_and_then_changed_by_its_own_id() {
    let actor = Actor::new();
    let contact = actor.made_contact(&json!({"role": "user", "external_id": "founder"}));
    let made = actor.call(
        "companies.upsert",
        json!({
            "company_id": "acme-1", "name": "Acme", "plan": "Gold", "number_of_employees": "12",
            "monthly_revenue": "199.99", "remote_created_at": "2026-01-02T03:04:05Z",
            "attach_contacts": [contact],
        }),
    );
    let made = made.unwrap();
    assert_eq!(made.notes.len(), 1, "the cents are told: {:?}", made.notes);
    let id = made.output["id"].as_str().unwrap().to_owned();
    let now = actor.truth(&format!("/companies/{id}"));
    assert_eq!(now["monthly_spend"], 199);
    assert_eq!(now["size"], 12);
    assert_eq!(now["plan"]["name"], "Gold");
    assert_eq!(now["remote_created_at"], 1_767_323_045);
    assert_eq!(now["user_count"], 1);
    actor.output(
        "companies.upsert",
        json!({"company_id": "acme-1", "name": "Acme Two"}),
    );
    let now = actor.truth(&format!("/companies/{id}"));
    assert_eq!((&now["name"], &now["size"]), (&json!("Acme Two"), &json!(12)));
    // Whoever exists is left alone.
    let found = actor
        .call(
            "companies.find_or_create",
            json!({"company_id": "acme-1", "name": "Three"}),
        )
        .unwrap();
    assert_eq!((found.writes, &found.output["name"]), (0, &json!("Acme Two")));
    let new = actor.output(
        "companies.find_or_create",
        json!({"company_id": "acme-2", "name": "Three"}),
    );
    assert_eq!(new["name"], "Three");
    // The operation as it is stays within reach.
    let bare = actor.output(
        "companies.upsert",
        json!({"payload": {"company_id": "acme-3", "name": "Bare"}}),
    );
    assert_eq!(bare["company_id"], "acme-3");
}

#[test]
fn what_intercom_would_cut_silently_is_refused() {
    let actor = Actor::new();
    actor.received();
    for (field, value, said) in [
        ("monthly_spend", json!(-1), "from 0 to 2147483647"),
        ("monthly_spend", json!(2_147_483_648_i64), "from 0 to 2147483647"),
        ("monthly_spend", json!("lots"), "must be a number"),
        ("size", json!(-3), "0 or more"),
        ("attach_contacts", json!([""]), "attach_contacts[0]"),
        ("custom_attributes", json!("x"), "must be an object"),
        ("company_id", json!(" "), "must not be empty"),
        ("namme", json!("x"), "did you mean `name`"),
    ] {
        let mut input = json!({"company_id": "c"});
        input[field] = value;
        let error = actor.error("companies.upsert", input.clone());
        assert_eq!(error.code(), "TL0702", "{input}");
        assert!(error.to_string().contains(said), "{input}: {error}");
    }
    assert_eq!(actor.received(), Vec::<String>::new());
    let most = actor.output(
        "companies.upsert",
        json!({"company_id": "rich", "monthly_spend": 2_147_483_647_i64}),
    );
    assert_eq!(most["monthly_spend"], 2_147_483_647_i64);
}

#[test]
fn an_attribute_that_the_workspace_lacks_fails_or_is_made_or_is_left_out() {
    let actor = Actor::new();
    let input = |policy: &str| json!({"company_id": "c", "custom_attributes": {"Fleet size": 7}, "unknown_attributes": policy});
    assert_eq!(actor.error("companies.upsert", input("fail")).code(), "TL0743");
    let left = actor.call("companies.upsert", input("leave_out")).unwrap();
    assert_eq!(left.notes.len(), 1);
    assert_eq!(left.output["custom_attributes"], json!({}));
    let plan = actor.plan("companies.upsert", input("create"));
    let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
    assert_eq!(planned, ["data_attributes.create", "companies.upsert"]);
    actor.apply(&plan).unwrap();
    let company = actor.truth("/companies?company_id=c");
    assert_eq!(company["custom_attributes"]["Fleet size"], 7);
    let nothing =
        json!({"company_id": "c", "custom_attributes": {"New": [1]}, "unknown_attributes": "create"});
    assert_eq!(actor.error("companies.upsert", nothing).code(), "TL0702");
}

#[test]
fn a_plan_with_something_new_in_it_can_be_applied() {
    let actor = Actor::new();
    let contact = actor.made_contact(&json!({"role": "user", "external_id": "member"}));
    let plan = actor.plan(
        "companies.upsert",
        json!({"company_id": "planned", "name": "Planned", "attach_contacts": [contact]}),
    );
    assert_eq!(plan.writes.len(), 2);
    actor.apply(&plan).unwrap();
    assert_eq!(actor.truth("/companies?company_id=planned")["user_count"], 1);
    let again = actor.apply(&plan).unwrap_err();
    assert_eq!(again.code(), "TL0763");
}

#[test]
fn one_company_is_found_by_any_of_its_names() {
    let actor = Actor::new();
    let company = actor.first("/companies");
    for input in [
        json!({"company_id": company["id"]}),
        json!({"id": company["id"]}),
        json!({"external_id": company["company_id"]}),
        json!({"company_external_id": company["company_id"]}),
        json!({"name": company["name"]}),
    ] {
        let found = actor.output("companies.find_one", input.clone());
        assert_eq!(found["id"], company["id"], "{input}");
    }
    for (input, code) in [
        (json!({}), "TL0702"),
        (json!({"name": "a", "id": "b"}), "TL0702"),
        (json!({"name": "Nowhere Ltd"}), "TL0742"),
        (json!({"external_id": "nowhere"}), "TL0742"),
        (json!({"id": "0123"}), "TL0742"),
    ] {
        assert_eq!(
            actor.error("companies.find_one", input.clone()).code(),
            code,
            "{input}"
        );
    }
}

#[test]
fn companies_are_listed_in_an_order_of_a_tag_or_to_the_last() {
    let actor = Actor::new();
    let all = actor.truth("/companies?per_page=150");
    let all = all["data"].as_array().unwrap();
    let ids = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let newest = ids(&actor.output("companies.browse", json!({"order": "desc"})));
    let mut oldest = ids(&actor.output("companies.browse", json!({"order": "asc"})));
    assert_eq!(newest.len(), all.len());
    oldest.reverse();
    assert_eq!(newest, oldest);
    assert_eq!(
        ids(&actor.output("companies.browse", json!({"order": "desc", "limit": 3}))),
        newest[..3]
    );
    let some: Vec<&String> = newest.iter().take(4).collect();
    let tag = actor.output("companies.tag", json!({"company_ids": some, "tag_name": "Four"}));
    let tagged = actor.call(
        "companies.browse",
        json!({"tag_id": tag["id"], "order": "desc", "limit": 2}),
    );
    let tagged = tagged.unwrap();
    assert_eq!(tagged.notes.len(), 1);
    let of_tag = ids(&actor.output("companies.browse", json!({"tag_id": tag["id"]})));
    assert_eq!(of_tag.iter().collect::<HashSet<_>>(), some.into_iter().collect());
    let mut expected: Vec<(i64, &str)> = all
        .iter()
        .filter(|one| of_tag.contains(&one["id"].as_str().unwrap().to_owned()))
        .map(|one| {
            (
                one["last_request_at"].as_i64().unwrap(),
                one["id"].as_str().unwrap(),
            )
        })
        .collect();
    expected.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let times: Vec<i64> = tagged
        .output
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["last_request_at"].as_i64().unwrap())
        .collect();
    assert_eq!(times[0], expected[0].0.max(times[0]));
    assert!(times[0] >= times[1]);
    let every = ids(&actor.output("companies.list_all", json!({})));
    assert_eq!(
        every.iter().collect::<HashSet<_>>(),
        newest.iter().collect::<HashSet<_>>()
    );
    assert_eq!(every.len(), newest.len());
    for input in [
        json!({"order": "up"}),
        json!({"segment_id": "1", "tag_id": "2"}),
        json!({"limit": 0}),
    ] {
        assert_eq!(
            actor.error("companies.browse", input.clone()).code(),
            "TL0702",
            "{input}"
        );
    }
}

#[test]
fn what_belongs_to_a_company_comes_in_the_order_that_is_asked_for() {
    let actor = Actor::new();
    let companies = actor.truth("/companies?per_page=150");
    let companies = companies["data"].as_array().unwrap();
    let company = companies
        .iter()
        .max_by_key(|one| one["user_count"].as_i64())
        .unwrap();
    assert!(company["user_count"].as_i64().unwrap() > 2);
    for action in [
        "companies.list_contacts_ordered",
        "companies.list_segments_ordered",
    ] {
        let times = |order: &str| -> Vec<i64> {
            let rows = actor.output(action, json!({"company_id": company["id"], "order": order}));
            let rows = rows.as_array().unwrap();
            rows.iter()
                .map(|row| row["created_at"].as_i64().unwrap())
                .collect()
        };
        let mut newest = times("desc");
        assert!(newest.is_sorted_by(|left, right| left >= right), "{action}");
        newest.reverse();
        assert_eq!(newest, times("asc"), "{action}");
        let error = actor.error(action, json!({"company_id": "0123"}));
        assert_eq!(error.code(), "TL0105", "{action}");
        assert_eq!(actor.error(action, json!({})).code(), "TL0702", "{action}");
    }
    let some = actor
        .call(
            "companies.list_contacts_ordered",
            json!({"company_id": company["id"], "order": "asc", "limit": 1}),
        )
        .unwrap();
    assert_eq!((some.output.as_array().unwrap().len(), some.notes.len()), (1, 1));
}

#[test]
fn a_tag_is_put_on_companies_and_taken_off() {
    let actor = Actor::new();
    let page = actor.truth("/companies?per_page=2");
    let ids: Vec<Value> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    let wears = |id: &Value, name: &str| {
        let company = actor.truth(&format!("/companies/{}", id.as_str().unwrap()));
        company["tags"]["tags"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["name"] == name)
    };
    let tag = actor.output(
        "companies.tag",
        json!({"company_ids": ids, "tag_name": "Partners"}),
    );
    assert!(ids.iter().all(|id| wears(id, "Partners")));
    let again = actor
        .call("companies.tag", json!({"company_ids": ids, "tag_id": tag["id"]}))
        .unwrap();
    assert_eq!((again.writes, again.notes.len()), (0, 1));
    actor.output(
        "companies.tag",
        json!({"company_ids": ids[0], "tag_id": tag["id"], "action": "detach"}),
    );
    assert!(!wears(&ids[0], "Partners") && wears(&ids[1], "Partners"));
    actor.output(
        "companies.tag",
        json!({"company_ids": ids, "name": "partners", "untag": true}),
    );
    assert!(!wears(&ids[1], "Partners"));
    let tags = || actor.truth("/tags")["data"].as_array().unwrap().len();
    let before = tags();
    let none = actor
        .call(
            "companies.tag",
            json!({"company_ids": ids, "name": "Never seen", "untag": true}),
        )
        .unwrap();
    assert_eq!(none.writes, 0);
    for (input, code) in [
        (
            json!({"company_ids": ids, "tag_name": "New", "create_tag": false}),
            "TL0732",
        ),
        (json!({"company_ids": ["0123"], "tag_name": "Partners"}), "TL0742"),
        (json!({"company_ids": [], "tag_name": "Partners"}), "TL0702"),
        (json!({"company_ids": ids}), "TL0702"),
        (json!({"company_ids": [{}], "tag_name": "Partners"}), "TL0702"),
        (json!({"company_ids": ids, "tag_id": "999999"}), "TL0105"),
    ] {
        assert_eq!(
            actor.error("companies.tag", input.clone()).code(),
            code,
            "{input}"
        );
    }
    assert_eq!(tags(), before, "taking off made a tag");
}

#[test]
fn many_companies_are_written_each_with_its_outcome() {
    for version in [Version::V2_16, Version::Preview] {
        let actor = Actor::moving(version);
        let rows: Vec<Value> = (0..130)
            .map(|number| json!({"company_id": format!("bulk-{number}"), "name": format!("Bulk {number}")}))
            .collect();
        let outcomes = actor.output("companies.bulk_upsert", json!({"rows": rows}));
        let outcomes = outcomes.as_array().unwrap();
        assert_eq!(outcomes.len(), 130, "{version}");
        assert!(outcomes.iter().all(|row| row["outcome"] != "failed"), "{version}");
        let last = actor.truth("/companies?company_id=bulk-129");
        assert_eq!(last["name"], "Bulk 129", "{version}");
        // A name that is too long is known to Intercom alone; the other rows are done all the same.
        let outcomes = actor.output(
            "companies.bulk_upsert",
            json!({"rows": [
                {"company_id": "bulk-0", "name": "Changed"},
                {"company_id": "bulk-1", "name": "x".repeat(300)},
                {"company_id": "bulk-2", "name": "Changed too"},
            ]}),
        );
        assert_eq!(outcomes[1]["outcome"], "failed", "{version}: {outcomes}");
        assert_eq!(outcomes[1]["error"]["code"], "TL0108", "{version}: {outcomes}");
        for (number, name) in [(0, "Changed"), (1, "Bulk 1"), (2, "Changed too")] {
            let company = actor.truth(&format!("/companies?company_id=bulk-{number}"));
            assert_eq!(company["name"], name, "{version}");
        }
        for (rows, said) in [
            (json!([]), "at least one"),
            (json!([{"name": "x"}]), "rows[0].company_id"),
            (
                json!([{"company_id": "a"}, {"company_id": "a"}]),
                "rows[1].company_id",
            ),
            (
                json!([{"company_id": "a"}, {"company_id": "b", "size": -1}]),
                "rows[1].size",
            ),
            (json!([3]), "rows[0]"),
        ] {
            let error = actor.error("companies.bulk_upsert", json!({"rows": rows}));
            assert_eq!(error.code(), "TL0702", "{rows}");
            assert!(error.to_string().contains(said), "{rows}: {error}");
        }
    }
}

impl Actor {
    /// In a workspace whose clock goes, so that jobs come to an end.
    pub(crate) fn moving(version: Version) -> Self {
        let options = Options {
            clock_stands: false,
            ..small()
        };
        Self::start(
            options,
            version,
            std::sync::Arc::new(trunkline_actions::NoJournal),
        )
    }
}
