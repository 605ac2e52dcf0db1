use super::*;
use crate::modules::filters::operators::Operator;

fn named(name: &str) -> Node {
    Node::Compare {
        field: "name".to_owned(),
        operator: Operator::Equals,
        value: json!(name),
    }
}

fn since(at: i64) -> Node {
    Node::Time {
        field: "updated_at".to_owned(),
        from: Some(at),
        until: None,
    }
}

#[test]
fn times_are_widened_where_days_count_and_held_against_the_row() {
    let found = searches(&Node::All(vec![named("a"), since(1_000_000)]), true).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].query.body(),
        json!({ "operator": "AND", "value": [
            { "field": "name", "operator": "=", "value": "a" },
            { "field": "updated_at", "operator": ">", "value": 910_000 },
        ] })
    );
    for (row, holds) in [
        (json!({ "updated_at": 999_999 }), false),
        (json!({ "updated_at": 1_000_000 }), true),
        (json!({ "updated_at": "1970-01-12T13:46:40Z" }), true),
        (json!({ "updated_at": null }), true),
    ] {
        assert_eq!(found[0].holds(&row), holds, "{row}");
    }
}

#[test]
fn alternatives_with_times_are_searched_apart_only_where_days_count() {
    let tree = Node::Any(vec![named("a"), since(1_000_000), named("b")]);
    let by_day = searches(&tree, true).unwrap();
    assert_eq!(by_day.len(), 2);
    assert_eq!(by_day[0].query.body()["value"].as_array().unwrap().len(), 2);
    assert!(by_day[0].checks.is_empty());
    assert_eq!(by_day[1].checks.len(), 1);
    let by_second = searches(&tree, false).unwrap();
    assert_eq!(by_second.len(), 1);
    assert_eq!(by_second[0].query.body()["operator"], "OR");
    // A group of alternatives within a whole is spread over the whole.
    let within = Node::All(vec![named("c"), tree]);
    let spread = searches(&within, true).unwrap();
    assert_eq!(spread.len(), 2);
    assert!(
        spread
            .iter()
            .all(|search| search.query.body()["operator"] == "AND")
    );
}

#[test]
fn what_would_grow_beyond_the_language_is_refused() {
    let day = |field: &str| Node::Time {
        field: field.to_owned(),
        from: Some(0),
        until: Some(86_400),
    };
    let cases = [
        (Node::All(vec![day("created_at"); 7]), true, true),
        (Node::All(vec![day("created_at"); 8]), true, false),
        (Node::All(vec![named("a"); 15]), false, true),
        (Node::All(vec![named("a"); 16]), false, false),
        (
            Node::All(vec![Node::Any(vec![since(1); 4]), Node::Any(vec![since(2); 4])]),
            true,
            false,
        ),
        (
            Node::Any(vec![Node::All(vec![
                named("a"),
                Node::Any(vec![named("b"), Node::All(vec![named("c"); 2])]),
            ])]),
            false,
            false,
        ),
    ];
    for (tree, by_day, goes) in cases {
        assert_eq!(searches(&tree, by_day).is_ok(), goes, "{tree:?}");
    }
}
