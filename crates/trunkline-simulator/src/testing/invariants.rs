//! What must hold in all answers together, whatever was called before.
//!
//! The one rule: everything is looked at through the API, as a reader would; the workspace's own lists are not trusted.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    TestSim,
    steps::{self, Step, World},
};

/// A look at everything.
struct Look<'s> {
    sim: &'s TestSim,
}

fn rows(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap_or_else(|| panic!("no id in {row}"))
}

fn ids(list: &Value) -> Vec<&str> {
    rows(list).iter().map(id).collect()
}

impl Look<'_> {
    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.sim.json("GET", path, None);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn status(&self, path: &str) -> u16 {
        self.sim.json("GET", path, None).0
    }

    /// All rows of a list with cursors in its query; the total that each page stated is held against them.
    fn cursored(&self, path: &str, key: &str) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), String::new());
        let total = loop {
            let page = self.get(&format!("{path}?per_page=5{after}"));
            all.extend_from_slice(rows(&page[key]));
            match page["pages"]["next"]["starting_after"].as_str() {
                Some(cursor) => after = format!("&starting_after={cursor}"),
                None => break page["total_count"].clone(),
            }
        };
        assert_eq!(total, all.len(), "the total of {path}");
        self.once(path, all)
    }

    /// All rows of a list with page numbers.
    fn numbered(&self, path: &str, key: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for number in 1.. {
            let page = self.get(&format!("{path}?per_page=3&page={number}"));
            all.extend_from_slice(rows(&page[key]));
            if page["pages"]["next"].is_null() {
                assert_eq!(page["total_count"], all.len(), "the total of {path}");
                break;
            }
        }
        self.once(path, all)
    }

    /// All rows that a search finds.
    fn searched(&self, path: &str, key: &str, query: &Value) -> Vec<Value> {
        let mut body = json!({ "query": query, "pagination": { "per_page": 4 } });
        let mut all = Vec::new();
        loop {
            let (status, page) = self.sim.json("POST", path, Some(&body));
            assert_eq!(status, 200, "{path} {query}: {page}");
            all.extend_from_slice(rows(&page[key]));
            match page["pages"]["next"]["starting_after"].as_str() {
                Some(cursor) => body["pagination"]["starting_after"] = json!(cursor),
                None => {
                    assert_eq!(page["total_count"], all.len(), "the total of {path} {query}");
                    return self.once(path, all);
                }
            }
        }
    }

    fn once(&self, path: &str, all: Vec<Value>) -> Vec<Value> {
        let distinct: BTreeSet<&str> = all.iter().map(id).collect();
        assert_eq!(distinct.len(), all.len(), "{path} repeats a row");
        all
    }

    /// A list inside a contact, held against the list that it leads to.
    fn summary(&self, contact: &Value, field: &str, numbered: bool) -> Vec<Value> {
        let summary = &contact[field];
        let url = summary["url"].as_str().expect("a summary leads to its list");
        let whole = if numbered {
            self.numbered(url, "data")
        } else {
            self.once(url, rows(&self.get(url)["data"]).to_vec())
        };
        let first: Vec<&str> = whole.iter().map(id).take(10).collect();
        assert_eq!(ids(&summary["data"]), first, "{url}");
        assert_eq!(summary["total_count"], whole.len(), "{url}");
        assert_eq!(summary["has_more"], whole.len() > 10, "{url}");
        whole
    }
}

/// Looks at everything and fails where two answers disagree or an id leads nowhere.
pub(super) fn check(sim: &TestSim) {
    let look = Look { sim };
    let everything = json!({ "field": "created_at", "operator": ">", "value": 0 });
    let sorted = |all: &[Value]| -> BTreeMap<String, Value> {
        all.iter().map(|row| (id(row).to_owned(), row.clone())).collect()
    };
    let contacts = look.cursored("/contacts", "data");
    let found = look.searched("/contacts/search", "data", &everything);
    assert_eq!(
        sorted(&contacts),
        sorted(&found),
        "contacts are searched as they are listed"
    );
    let companies = look.numbered("/companies", "data");
    let tags = look.get("/tags")["data"].clone();
    let tag_ids: BTreeSet<&str> = ids(&tags).into_iter().collect();
    assert_eq!(tag_ids.len(), rows(&tags).len(), "a tag is listed once");
    let admins = look.get("/admins")["admins"].clone();
    let teammates: BTreeSet<String> = ids(&admins)
        .into_iter()
        .chain(ids(&look.get("/teams")["teams"]))
        .map(str::to_owned)
        .collect();
    let is_tag = |held: &Value, place: &str| {
        assert!(
            tag_ids.contains(id(held)),
            "{place} has a tag that is not there: {held}"
        );
    };
    let mut memberships = BTreeSet::new();
    let mut in_segments: BTreeMap<String, usize> = BTreeMap::new();
    let mut tagged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for contact in &contacts {
        let own = id(contact);
        assert_eq!(&look.get(&format!("/contacts/{own}")), contact);
        for tag in look.summary(contact, "tags", false) {
            is_tag(&tag, own);
            tagged
                .entry(id(&tag).to_owned())
                .or_default()
                .insert(own.to_owned());
        }
        for note in look.summary(contact, "notes", true) {
            let same = look.get(&format!("/notes/{}", id(&note)));
            assert_eq!(same["contact"]["id"], own, "{same}");
        }
        for company in look.summary(contact, "companies", true) {
            assert_eq!(look.status(&format!("/companies/{}", id(&company))), 200);
            memberships.insert((id(&company).to_owned(), own.to_owned()));
        }
        for segment in rows(&look.get(&format!("/contacts/{own}/segments"))["data"]) {
            *in_segments.entry(id(segment).to_owned()).or_default() += 1;
        }
        let owner = &contact["owner_id"];
        assert!(
            owner.is_null() || owner.as_str().is_some_and(|owner| teammates.contains(owner)),
            "{contact}"
        );
    }
    let mut other_way = BTreeSet::new();
    for company in &companies {
        let own = id(company);
        assert_eq!(&look.get(&format!("/companies/{own}")), company);
        let people = look.numbered(&format!("/companies/{own}/contacts"), "data");
        assert_eq!(company["user_count"], people.len(), "{own}");
        other_way.extend(
            people
                .iter()
                .map(|contact| (own.to_owned(), id(contact).to_owned())),
        );
        rows(&company["tags"]["tags"])
            .iter()
            .for_each(|tag| is_tag(tag, own));
    }
    assert_eq!(
        memberships, other_way,
        "contacts and companies tell of each other"
    );
    for segment in rows(&look.get("/segments?include_count=true")["segments"]) {
        if segment["person_type"] != "company" {
            let count = in_segments.get(id(segment)).copied().unwrap_or(0);
            assert_eq!(segment["count"], count, "{segment}");
        }
    }
    for tag in &tag_ids {
        let query = json!({ "field": "tag_id", "operator": "=", "value": tag });
        let found = look.searched("/contacts/search", "data", &query);
        let found: BTreeSet<String> = found.iter().map(|contact| id(contact).to_owned()).collect();
        assert_eq!(
            found,
            tagged.remove(*tag).unwrap_or_default(),
            "who has the tag {tag}"
        );
    }
    let is_teammate = |held: &Value| {
        let text = held.as_u64().map_or_else(
            || held.as_str().unwrap_or("0").to_owned(),
            |number| number.to_string(),
        );
        text == "0" || teammates.contains(&text)
    };
    // Who was deleted for good stays in what was said, but who was merged is found under the new id.
    let is_person = |held: &Value| assert_ne!(look.status(&format!("/contacts/{}", id(held))), 410, "{held}");
    let conversations = look.cursored("/conversations", "conversations");
    let found = look.searched("/conversations/search", "conversations", &everything);
    assert_eq!(
        sorted(&conversations),
        sorted(&found),
        "conversations are searched as they are listed"
    );
    for conversation in &conversations {
        let own = id(conversation);
        let whole = look.get(&format!("/conversations/{own}"));
        let parts = &whole["conversation_parts"];
        assert_eq!(
            parts["total_count"],
            rows(&parts["conversation_parts"]).len(),
            "{own}"
        );
        assert_eq!(
            whole["statistics"]["count_conversation_parts"],
            rows(&parts["conversation_parts"]).len() + 1,
            "the first message counts as a part of {own}"
        );
        let distinct: BTreeSet<&str> = ids(&parts["conversation_parts"]).into_iter().collect();
        assert_eq!(parts["total_count"], distinct.len(), "{own}");
        for field in [
            "statistics",
            "tags",
            "contacts",
            "linked_objects",
            "ticket",
            "company",
            "updated_at",
        ] {
            assert_eq!(whole[field], conversation[field], "{field} of {own}");
        }
        rows(&whole["tags"]["tags"])
            .iter()
            .for_each(|tag| is_tag(tag, own));
        rows(&whole["contacts"]["contacts"]).iter().for_each(is_person);
        assert!(
            !rows(&whole["contacts"]["contacts"]).is_empty(),
            "{own} has nobody"
        );
        for ticket in rows(&whole["linked_objects"]["data"])
            .iter()
            .chain(Some(&whole["ticket"]).filter(|it| !it.is_null()))
        {
            assert_eq!(
                look.status(&format!("/tickets/{}", id(ticket))),
                200,
                "{own} has {ticket}"
            );
        }
        assert_eq!(
            whole["linked_objects"]["total_count"],
            rows(&whole["linked_objects"]["data"]).len()
        );
        if !whole["company"].is_null() {
            assert_eq!(
                look.status(&format!("/companies/{}", id(&whole["company"]))),
                200,
                "{own}"
            );
        }
        assert!(
            is_teammate(&whole["admin_assignee_id"]) && is_teammate(&whole["team_assignee_id"]),
            "{whole}"
        );
        assert_eq!(whole["open"], whole["state"] == "open", "{own}");
    }
    for ticket in look.searched("/tickets/search", "tickets", &everything) {
        let own = id(&ticket);
        assert_eq!(look.get(&format!("/tickets/{own}")), ticket);
        assert_eq!(
            ticket["ticket_parts"]["total_count"],
            rows(&ticket["ticket_parts"]["ticket_parts"]).len()
        );
        rows(&ticket["contacts"]["contacts"]).iter().for_each(is_person);
        for conversation in rows(&ticket["linked_objects"]["data"]) {
            assert_eq!(
                look.status(&format!("/conversations/{}", id(conversation))),
                200,
                "{own} has {conversation}"
            );
        }
        if let Some(company) = ticket["company_id"].as_str() {
            assert_eq!(
                look.status(&format!("/companies/{company}")),
                200,
                "{own} is for {company}"
            );
        }
        assert!(
            is_teammate(&ticket["admin_assignee_id"]) && is_teammate(&ticket["team_assignee_id"]),
            "{ticket}"
        );
    }
}

/// Runs a sequence; a call that is refused must not have changed anything.
fn run(all: &[Step]) {
    let sim = steps::few();
    let mut world = World::of(&sim);
    for step in all {
        let revision = crate::pipeline::read(&sim.state.workspace).revision;
        let (status, answer) = world.take(&sim, *step);
        assert!(status < 500, "{step:?}: {answer}");
        let is_told = step.0 == steps::Kind::MergeContacts;
        if status >= 400 && !is_told {
            let now = crate::pipeline::read(&sim.state.workspace).revision;
            assert_eq!(
                now, revision,
                "{step:?} was refused and changed something: {answer}"
            );
        }
    }
    check(&sim);
}

#[test]
fn a_fresh_workspace_agrees_with_itself() {
    check(&TestSim::with(|options| {
        options.habits.search_lag = false;
        options.contacts = 60;
        options.conversations = 30;
    }));
}

proptest! {
    #![proptest_config(super::cases(64))]

    /// A failing sequence is printed as steps, which `run` takes.
    #[test]
    fn after_any_calls_all_answers_agree(all in proptest::collection::vec(steps::step(), 1..60)) {
        run(&all);
    }
}
