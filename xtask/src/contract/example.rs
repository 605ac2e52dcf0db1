//! What a documented example shows and an answer lacks: the examples are the platform's own output.
//!
//! The one rule: an example speaks of fields, never of values; what stands in a map is anybody's name and is left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The fields of `example` that `answer` lacks, by path; `free` are the paths whose names are anybody's.
pub(super) fn lacking(
    example: &Value,
    answer: &Value,
    free: &BTreeSet<String>,
) -> BTreeSet<(String, &'static str)> {
    let mut found = BTreeSet::new();
    compare(example, answer, "$", free, &mut found);
    found
}

fn compare(
    example: &Value,
    answer: &Value,
    path: &str,
    free: &BTreeSet<String>,
    found: &mut BTreeSet<(String, &'static str)>,
) {
    match (example, answer) {
        (Value::Object(shown), Value::Object(given)) => members(shown, given, path, free, found),
        (Value::Array(shown), Value::Array(given)) => {
            let Some(first) = shown.first() else { return };
            if given.is_empty() {
                found.insert((path.to_owned(), "the example has entries, the answer has none"));
                return;
            }
            let inside = format!("{path}[]");
            let common = given.iter().map(|entry| {
                let mut lacks = BTreeSet::new();
                compare(first, entry, &inside, free, &mut lacks);
                lacks
            });
            // Entries of a list differ in kind; what one of them has is there.
            let common = common.reduce(|held, next| held.intersection(&next).cloned().collect());
            found.extend(common.unwrap_or_default());
        }
        _ => {}
    }
}

fn members(
    shown: &Map<String, Value>,
    given: &Map<String, Value>,
    path: &str,
    free: &BTreeSet<String>,
    found: &mut BTreeSet<(String, &'static str)>,
) {
    for (name, member) in shown {
        let inside = format!("{path}.{name}");
        if free.contains(&inside) {
            continue;
        }
        match given.get(name) {
            Some(answer) => compare(member, answer, &inside, free, found),
            None => drop(found.insert((inside, "shown by the example, missing"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(example: &str, answer: &str, expected: &[&str]) {
        let parse = |text| serde_json::from_str::<Value>(text).expect("the case is JSON");
        let free = BTreeSet::from(["$.map.key".to_owned()]);
        let found: Vec<_> = lacking(&parse(example), &parse(answer), &free)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(found, expected, "{answer} beside {example}");
    }

    #[test]
    fn fields_that_only_the_example_has_are_found_at_any_depth() {
        check(r#"{"a": 1}"#, r#"{"a": "other", "b": 2}"#, &[]);
        check(r#"{"a": 1, "b": {"c": 1}}"#, r#"{"b": {}}"#, &["$.a", "$.b.c"]);
        check(r#"{"a": {"b": 1}}"#, r#"{"a": null}"#, &[]);
        check(r#"{"map": {"key": 1}}"#, r#"{"map": {}}"#, &[]);
    }

    #[test]
    fn an_entry_of_a_list_has_what_any_of_them_has() {
        check(r#"[{"a": 1, "b": 1}]"#, r#"[{"a": 1}, {"b": 1}]"#, &[]);
        check(r#"[{"a": 1, "b": 1}]"#, r#"[{"a": 1}, {"a": 1}]"#, &["$[].b"]);
        check(r#"{"data": [1]}"#, r#"{"data": []}"#, &["$.data"]);
        check(r#"{"data": []}"#, r#"{"data": [{}]}"#, &[]);
    }
}
