//! The small lists: each can be read whole and by id, in its own wrapping.

use serde_json::{Value, json};

use crate::harness::{Sim, id};

#[test]
fn every_list_has_its_rows_where_the_platform_puts_them() {
    let sim = Sim::new();
    for (path, kind, rows, stream) in [
        ("/admins", "admin.list", "admins", "admins"),
        ("/teams", "team.list", "teams", "teams"),
        ("/tags", "list", "data", "tags"),
        ("/segments", "segment.list", "segments", "segments"),
        ("/subscription_types", "list", "data", "subscription_types"),
        ("/ticket_types", "list", "data", "ticket_types"),
        ("/ticket_states", "list", "data", "ticket_states"),
        ("/data_attributes", "list", "data", "data_attributes"),
        (
            "/conversations/attributes",
            "list",
            "data",
            "conversation_attributes",
        ),
        ("/articles?per_page=150", "list", "data", "articles"),
        (
            "/help_center/collections?per_page=150",
            "list",
            "data",
            "collections",
        ),
        ("/help_center/help_centers", "list", "data", "help_centers"),
        (
            "/internal_articles?per_page=150",
            "list",
            "data",
            "internal_articles",
        ),
        ("/news/news_items?per_page=150", "list", "data", "news_items"),
        ("/news/newsfeeds", "list", "data", "newsfeeds"),
        ("/brands", "list", "data", "brands"),
        ("/emails", "list", "data", "emails"),
        ("/macros", "list", "data", "macros"),
    ] {
        let list = sim.get(path);
        assert_eq!(list["type"], kind, "{path}");
        assert_eq!(
            list[rows]
                .as_array()
                .unwrap_or_else(|| panic!("{path}: {list}"))
                .len(),
            sim.truth(stream).len(),
            "{path}"
        );
    }
    let reasons = sim.get("/away_status_reasons");
    assert!(
        reasons.to_string().contains("\"deleted\":true"),
        "deleted reasons are listed too"
    );
}

#[test]
fn every_row_can_be_read_by_its_id_and_unknown_ones_are_not_found() {
    let sim = Sim::new();
    for (path, stream, code) in [
        ("/admins", "admins", "admin_not_found"),
        ("/teams", "teams", "team_not_found"),
        ("/tags", "tags", "not_found"),
        ("/segments", "segments", "not_found"),
        ("/ticket_types", "ticket_types", "not_found"),
        ("/articles", "articles", "not_found"),
        ("/help_center/collections", "collections", "not_found"),
        ("/help_center/help_centers", "help_centers", "not_found"),
        ("/internal_articles", "internal_articles", "not_found"),
        ("/news/news_items", "news_items", "not_found"),
        ("/news/newsfeeds", "newsfeeds", "not_found"),
        ("/brands", "brands", "not_found"),
        ("/emails", "emails", "not_found"),
        ("/macros", "macros", "not_found"),
        ("/companies", "companies", "company_not_found"),
        ("/notes", "notes", "not_found"),
        ("/conversations", "conversations", "not_found"),
        ("/tickets", "tickets", "ticket_not_found"),
        ("/contacts", "contacts", "not_found"),
    ] {
        let first = &sim.truth(stream)[0];
        assert_eq!(
            id(&sim.get(&format!("{path}/{}", id(first)))),
            id(first),
            "{path}"
        );
        assert_eq!(
            sim.try_get(&format!("{path}/3")).refusal(),
            (404, code.to_owned()),
            "{path}"
        );
    }
}

#[test]
fn macros_are_paged_and_filtered_by_their_last_change() {
    let sim = Sim::new();
    let first = sim.get("/macros?per_page=4");
    let cursor = first["pages"]["next"]["starting_after"]
        .as_str()
        .unwrap()
        .replace('=', "%3D")
        .replace('+', "%2B");
    let second = sim.get(&format!("/macros?per_page=4&starting_after={cursor}"));
    assert_ne!(id(&first["data"][0]), id(&second["data"][0]));
    assert!(second["pages"].get("next").is_none_or(Value::is_null));
    assert!(
        first["data"][0]["updated_at"].as_str().unwrap().ends_with('Z'),
        "times of macros are text"
    );
    assert_eq!(sim.get("/macros?updated_since=99999999999")["data"], json!([]));
    let got = sim.try_get("/macros?updated_since=soon");
    assert_eq!(
        (got.refusal().0, got.message()),
        (400, "Invalid updated_since timestamp".to_owned())
    );
}

#[test]
fn the_default_brand_is_the_workspace() {
    let sim = Sim::new();
    let code = sim.get("/me")["app"]["id_code"].clone();
    let brands = sim.get("/brands");
    let default = brands["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|brand| brand["is_default"] == true)
        .unwrap()
        .clone();
    assert_eq!(default["id"], code);
}
