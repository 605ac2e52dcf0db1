//! Pages of every style: sizes, cursors, ends.

use serde_json::{Value, json};

use crate::harness::{Sim, id, ids};

/// A query that finds everything.
fn all() -> Value {
    json!({ "field": "created_at", "operator": ">", "value": 0 })
}

#[test]
fn a_search_walks_through_everything_once_in_either_order_and_any_page_size() {
    let sim = Sim::new();
    for (path, rows, stream) in [
        ("/contacts/search", "data", "contacts"),
        ("/conversations/search", "conversations", "conversations"),
        ("/tickets/search", "tickets", "tickets"),
    ] {
        let expected: Vec<String> = sorted(sim.truth(stream).iter().map(id).collect());
        for (order, per_page) in [("ascending", 7), ("descending", 20), ("ascending", 150)] {
            let body = json!({
                "query": all(),
                "pagination": { "per_page": per_page },
                "sort": { "field": "updated_at", "order": order },
            });
            let (found, total) = sim.search_all("2.16", path, rows, &body);
            assert_eq!(total, expected.len() as u64, "{path}");
            assert_eq!(
                sorted(found.iter().map(id).collect()),
                expected,
                "{path} {order} {per_page}"
            );
            let moments: Vec<i64> = found
                .iter()
                .map(|row| row["updated_at"].as_i64().unwrap())
                .collect();
            let mut ordered = moments.clone();
            ordered.sort_unstable();
            if order == "descending" {
                ordered.reverse();
            }
            assert_eq!(moments, ordered, "{path} {order}");
        }
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[test]
fn page_sizes_have_defaults_and_maxima() {
    let sim = Sim::start(trunkline_simulator::Options {
        tickets: 200,
        ..crate::harness::small()
    });
    let search = |path: &str, rows: &str, per_page: Option<u64>| {
        let pagination = per_page.map_or(json!({}), |count| json!({ "per_page": count }));
        let page = sim.post(path, &json!({ "query": all(), "pagination": pagination }));
        page[rows].as_array().unwrap().len()
    };
    for (path, rows, default) in [
        ("/contacts/search", "data", 50),
        ("/conversations/search", "conversations", 20),
        ("/tickets/search", "tickets", 20),
    ] {
        assert_eq!(search(path, rows, None), default, "{path}");
        assert_eq!(search(path, rows, Some(1)), 1, "{path}");
        assert_eq!(search(path, rows, Some(5_000)), 150, "{path}");
    }
    for (path, rows, default, most) in [
        ("/contacts", "data", 50, 150),
        ("/conversations", "conversations", 20, 150),
        ("/companies", "data", 15, 60),
        ("/articles", "data", 25, 30),
        ("/news/news_items", "data", 10, 12),
    ] {
        let count = |query: &str| sim.get(&format!("{path}{query}"))[rows].as_array().unwrap().len();
        assert_eq!(count(""), default, "{path}");
        assert!(count("?per_page=5000") >= most.min(150), "{path}");
        assert_eq!(count("?per_page=3"), 3, "{path}");
    }
}

#[test]
fn the_last_page_of_a_cursor_has_no_next() {
    let sim = Sim::new();
    let page = sim.post(
        "/tickets/search",
        &json!({ "query": all(), "pagination": { "per_page": 150 } }),
    );
    assert!(page["pages"].get("next").is_none(), "{}", page["pages"]);
    assert_eq!(page["pages"]["type"], "pages");
    assert_eq!(
        (
            &page["pages"]["page"],
            &page["pages"]["per_page"],
            &page["pages"]["total_pages"]
        ),
        (&json!(1), &json!(150), &json!(1))
    );
}

#[test]
fn a_cursor_of_ones_own_making_is_refused() {
    let sim = Sim::new();
    for cursor in ["x", "W10=", "bm9wZQ=="] {
        let body = json!({ "query": all(), "pagination": { "starting_after": cursor } });
        for path in ["/contacts/search", "/conversations/search", "/tickets/search"] {
            assert_eq!(
                sim.send("POST", path, &body).refusal(),
                (400, "client_error".to_owned()),
                "{path} {cursor}"
            );
        }
        for path in ["/contacts", "/conversations", "/macros"] {
            let got = sim.try_get(&format!("{path}?starting_after={}", cursor.replace('=', "%3D")));
            assert_eq!(got.refusal(), (400, "client_error".to_owned()), "{path} {cursor}");
        }
    }
}

#[test]
fn rows_that_move_while_somebody_pages_do_not_lose_those_that_stay() {
    let sim = Sim::new();
    let still: Vec<String> = sim.truth("contacts").iter().map(id).collect();
    let mut body = json!({ "query": all(), "pagination": { "per_page": 50 }, "sort": { "field": "updated_at", "order": "ascending" } });
    let mut seen: Vec<String> = Vec::new();
    let mut moved = still.iter();
    loop {
        let page = sim.post("/contacts/search", &body);
        seen.extend(ids(&page["data"]));
        let Some(cursor) = page["pages"]["next"]["starting_after"].as_str() else {
            break;
        };
        body["pagination"]["starting_after"] = json!(cursor);
        sim.put(
            &format!("/contacts/{}", moved.next().unwrap()),
            &json!({ "name": "Moved" }),
        );
        sim.advance(1);
    }
    for contact in &still {
        assert!(seen.contains(contact), "{contact} was never shown");
    }
}

#[test]
fn an_offset_page_past_the_end_is_an_empty_list() {
    let sim = Sim::new();
    let contact = id(&sim.truth("contacts")[0]);
    for (path, rows) in [
        ("/articles".to_owned(), "data"),
        ("/help_center/collections".to_owned(), "data"),
        ("/help_center/help_centers".to_owned(), "data"),
        ("/companies".to_owned(), "data"),
        ("/internal_articles".to_owned(), "data"),
        ("/news/news_items".to_owned(), "data"),
        ("/news/newsfeeds".to_owned(), "data"),
        ("/conversations/deleted".to_owned(), "conversations"),
        (format!("/contacts/{contact}/companies"), "data"),
        (format!("/contacts/{contact}/notes"), "data"),
    ] {
        assert_eq!(sim.get(&format!("{path}?page=999"))[rows], json!([]), "{path}");
    }
    assert_eq!(sim.post("/companies/list?page=99", &json!({}))["data"], json!([]));
}

#[test]
fn an_offset_list_gives_the_address_of_its_next_page_with_all_that_was_asked() {
    let sim = Sim::new();
    let page = sim.get("/admins/activity_logs?created_at_after=0&per_page=25");
    let next = page["pages"]["next"].as_str().unwrap();
    assert!(next.starts_with("http://"), "{next}");
    for part in ["created_at_after=0", "per_page=25", "page=2"] {
        assert!(next.contains(part), "{next} lacks {part}");
    }
    let path = &next[next.find("/admins").unwrap()..];
    let second = sim.get(path);
    assert_ne!(ids(&second["activity_logs"]), ids(&page["activity_logs"]));
}

#[test]
fn the_end_of_an_offset_list_is_null_in_some_and_absent_in_others() {
    let sim = Sim::new();
    for (path, is_null) in [
        ("/companies?per_page=100&page=1", true),
        ("/conversations/deleted?per_page=60", true),
        ("/articles?per_page=100", false),
        ("/help_center/collections?per_page=100", false),
        ("/internal_articles?per_page=100", false),
    ] {
        let pages = sim.get(path)["pages"].clone();
        assert_eq!(
            pages.get("next"),
            is_null.then_some(&Value::Null),
            "{path}: {pages}"
        );
    }
}

#[test]
fn sizes_and_pages_that_are_no_numbers_are_refused() {
    let sim = Sim::new();
    for path in [
        "/contacts?per_page=0",
        "/contacts?per_page=many",
        "/articles?page=0",
        "/articles?page=x",
        "/companies?per_page=-1",
    ] {
        assert_eq!(
            sim.try_get(path).refusal(),
            (400, "parameter_invalid".to_owned()),
            "{path}"
        );
    }
}
