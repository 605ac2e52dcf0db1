//! Page by page: everything once, in order, to the end.

use serde_json::Value;

use super::world::{MANY, World};

/// What a list shows, page by page, as the values of one field.
async fn pages(world: &World, path: &str, forth: &str, limit: usize, field: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut behind = String::new();
    for _ in 0..=MANY {
        let address = format!("{path}limit={limit}{behind}");
        let page = world.ask("read", "get", &address, None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let items = page.json["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{address}");
        seen.extend(items.iter().map(|item| item[field].clone()));
        match &page.json["next"] {
            Value::Null => return seen,
            Value::String(next) => behind = format!("&{forth}={next}"),
            next => behind = format!("&{forth}={next}"),
        }
    }
    panic!("{path} has no end");
}

#[tokio::test]
async fn every_page_goes_on_where_the_last_one_ended() {
    let world = World::new().await;
    let cases = [
        ("/notifications?", "before", "seq", false),
        (
            "/notifications?topics=contact.user.created&",
            "before",
            "seq",
            false,
        ),
        ("/notifications?after=0&", "after", "seq", true),
        ("/requests?", "before", "seq", false),
        ("/requests?connection=acme&", "before", "seq", false),
        ("/mirrors/all/runs?", "before", "id", false),
        ("/flow-runs?", "before", "id", false),
        ("/flow-runs?flow=orders&state=done&", "before", "id", false),
        ("/dead-letters?", "before", "id", false),
        ("/flows/orders/deliveries?", "before", "id", false),
        (
            "/flows/orders/deliveries?destination=file&outcome=delivered&",
            "before",
            "id",
            false,
        ),
        ("/dead-letters?text=full&code=TL0811&", "before", "id", false),
    ];
    for (path, forth, field, is_rising) in cases {
        for limit in 1..=MANY + 1 {
            // Whoever follows names where to go on only once.
            let path = if forth == "after" { "/notifications?" } else { path };
            let seen = if forth == "after" {
                follow(&world, limit).await
            } else {
                pages(&world, path, forth, limit, field).await
            };
            assert_eq!(seen.len(), MANY, "{path} {limit}");
            let mut sorted = seen.clone();
            sorted.sort_by_key(ToString::to_string);
            if !is_rising {
                sorted.reverse();
            }
            assert_eq!(seen, sorted, "{path} {limit}");
        }
    }
    world.stop().await;
}

/// What somebody sees who follows from the beginning.
async fn follow(world: &World, limit: usize) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let after = seen.last().map_or_else(|| "0".to_owned(), ToString::to_string);
        let address = format!("/notifications?after={after}&limit={limit}");
        let page = world.ask("read", "get", &address, None).await;
        let items = page.json["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["seq"].clone()));
        if page.json["next"].is_null() {
            return seen;
        }
        assert_eq!(&page.json["next"], seen.last().unwrap());
    }
}
