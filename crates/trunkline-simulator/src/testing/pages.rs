//! Pages neither lose nor repeat a row that did not move, whatever else is written meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::TestSim;

/// A list: method, path, the key of its rows, and how a row is changed, so that it moves.
const LISTS: [(&str, &str, &str, &str); 5] = [
    ("GET", "/contacts", "data", "/contacts"),
    ("POST", "/contacts/search", "data", "/contacts"),
    ("GET", "/conversations", "conversations", "/conversations"),
    ("POST", "/conversations/search", "conversations", "/conversations"),
    ("POST", "/tickets/search", "tickets", "/tickets"),
];
/// What searches are sorted by.
const SORTS: [&str; 4] = [
    "updated_at",
    "created_at",
    "snoozed_until",
    "custom_attributes.lifetime_value",
];

/// How a list is walked through.
#[derive(Clone, Debug)]
struct Walk {
    list: usize,
    per_page: usize,
    sort: usize,
    ascending: bool,
    /// What is written after each page: the row, and how many seconds pass before.
    writes: Vec<(u8, u8)>,
}

fn walk() -> impl Strategy<Value = Walk> {
    (
        0..LISTS.len(),
        1..40_usize,
        0..SORTS.len(),
        any::<bool>(),
        proptest::collection::vec((any::<u8>(), 0..3_u8), 0..8),
    )
        .prop_map(|(list, per_page, sort, ascending, writes)| Walk {
            list,
            per_page,
            sort,
            ascending,
            writes,
        })
}

fn page(sim: &TestSim, walk: &Walk, per_page: usize, after: &Value) -> Value {
    let (method, path, ..) = LISTS[walk.list];
    let (status, page) = if method == "GET" {
        let after = after
            .as_str()
            .map_or_else(String::new, |cursor| format!("&starting_after={cursor}"));
        sim.json(method, &format!("{path}?per_page={per_page}{after}"), None)
    } else {
        let body = json!({
            "query": { "field": "created_at", "operator": ">", "value": 0 },
            "sort": { "field": SORTS[walk.sort], "order": if walk.ascending { "ascending" } else { "descending" } },
            "pagination": { "per_page": per_page, "starting_after": after },
        });
        sim.json(method, path, Some(&body))
    };
    assert_eq!(status, 200, "{path}: {page}");
    page
}

fn ids(page: &Value, key: &str) -> Vec<String> {
    let rows = page[key].as_array().expect("a page has rows");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn check(walk: &Walk) {
    let sim = TestSim::with(|options| {
        options.contacts = 40;
        options.conversations = 30;
        options.tickets = 20;
        options.habits.search_lag = false;
        options.habits.empty_200 = false;
    });
    let (_, path, key, changed) = LISTS[walk.list];
    let all = ids(&page(&sim, walk, 150, &Value::Null), key);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut moved = BTreeSet::new();
    let mut writes = walk.writes.iter();
    let mut after = Value::Null;
    let mut number = 0;
    loop {
        number += 1;
        assert!(number < 200, "{path} never ends");
        let page = page(&sim, walk, walk.per_page, &after);
        let found = ids(&page, key);
        assert!(found.len() <= walk.per_page, "{path}");
        assert_eq!(page["total_count"], all.len(), "{path}");
        for id in found {
            *seen.entry(id).or_default() += 1;
        }
        after = page["pages"]["next"]["starting_after"].clone();
        if after.is_null() {
            break;
        }
        if let Some((row, seconds)) = writes.next() {
            sim.state.clock.advance(i64::from(*seconds));
            let id = &all[usize::from(*row) % all.len()];
            let body = match changed {
                "/contacts" => json!({ "custom_attributes": { "lifetime_value": row } }),
                "/conversations" => json!({ "title": "moved" }),
                _ => json!({ "open": row.is_multiple_of(2) }),
            };
            let (status, answer) = sim.json("PUT", &format!("{changed}/{id}"), Some(&body));
            assert_eq!(status, 200, "{answer}");
            moved.insert(id.clone());
        }
    }
    for id in all.iter().filter(|id| !moved.contains(*id)) {
        assert_eq!(seen.get(id), Some(&1), "how often {path} gave {id}");
    }
}

proptest! {
    #![proptest_config(super::cases(96))]

    #[test]
    fn pages_neither_lose_nor_repeat_a_row_that_did_not_move(walk in walk()) {
        check(&walk);
    }

    #[test]
    fn numbered_pages_together_are_the_whole_list(per_page in 1..60_usize, list in 0..6_usize) {
        let (path, key) = [
            ("/companies", "data"),
            ("/articles", "data"),
            ("/help_center/collections", "data"),
            ("/internal_articles", "data"),
            ("/news/news_items", "data"),
            ("/admins/activity_logs?created_at_after=0", "activity_logs"),
        ][list];
        let sim = TestSim::with(|options| options.conversations = 10);
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1.. {
            let (status, page) = sim.json("GET", &format!("{path}{mark}per_page={per_page}&page={page}"), None);
            assert_eq!(status, 200, "{page}");
            all.extend(ids(&page, key));
            if page["pages"]["next"].is_null() {
                assert_eq!(page["total_count"], all.len(), "{path}");
                break;
            }
        }
        let distinct: BTreeSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{path} repeats a row");
    }
}
