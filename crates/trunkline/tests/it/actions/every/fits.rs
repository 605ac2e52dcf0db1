//! Whether an answer has what must be in it.
//!
//! The one rule: what is not mentioned may be anything. An object must have the members that are named, a list must have an
//! entry for each one that is named; `{lacks: X}` is a list without any entry like X, `…` in a text is any text or value.

use serde_json::Value;

/// What differs, with its place; none when it fits.
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::String(text), actual) if text == "…" => {
            (actual.is_null()).then(|| "nothing is there".to_owned())
        }
        (Value::String(pattern), Value::String(text)) if pattern.contains('…') => {
            (!is_like(pattern, text)).then(|| format!("{text:?} is not like {pattern:?}"))
        }
        (Value::Object(members), _) if members.len() == 1 && members.contains_key("lacks") => {
            let Value::Array(entries) = actual else {
                return Some(format!("{} is no list", short(actual)));
            };
            let unwanted = entries
                .iter()
                .find(|entry| difference(&members["lacks"], entry).is_none());
            unwanted.map(|entry| format!("there is {}", short(entry)))
        }
        (Value::Object(members), Value::Object(_)) => members.iter().find_map(|(name, expected)| {
            let actual = actual.get(name).unwrap_or(&Value::Null);
            difference(expected, actual).map(|difference| format!(".{name}: {difference}"))
        }),
        (Value::Array(wanted), Value::Array(entries)) if wanted.is_empty() => {
            (!entries.is_empty()).then(|| format!("{} is not empty", short(actual)))
        }
        (Value::Array(wanted), Value::Array(entries)) => wanted
            .iter()
            .find(|wanted| !entries.iter().any(|entry| difference(wanted, entry).is_none()))
            .map(|wanted| format!("no entry is like {wanted}: {}", short(actual))),
        _ => (expected != actual).then(|| format!("{} is not {expected}", short(actual))),
    }
}

/// Whether the parts between the `…` stand in the text, in their order.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A value, as long as a line of a failure can take it.
pub(super) fn short(value: &Value) -> String {
    const MOST: usize = 600;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text,
    }
}

#[test]
fn an_answer_fits_when_it_has_everything_that_is_named() {
    use serde_json::json;

    for (expected, actual, fits) in [
        (json!(1), json!(1), true),
        (json!(1), json!("1"), false),
        (json!("…"), json!(false), true),
        (json!("…"), json!(null), false),
        (json!("a…c"), json!("a b c"), true),
        (json!("a…c"), json!("a b c d"), false),
        (json!("…b…"), json!("a b c"), true),
        (json!("…x…"), json!("a b c"), false),
        (json!("…b…a…"), json!("a b c"), false),
        (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
        (json!({"a": 1}), json!({"b": 2}), false),
        (json!({"a": null}), json!({"b": 2}), true),
        (json!({"a": null}), json!({"a": 2}), false),
        (json!({"a": 1}), json!([{"a": 1}]), false),
        (json!([{"a": 1}]), json!([{"a": 2}, {"a": 1, "b": 1}]), true),
        (json!([{"a": 1}, {"a": 3}]), json!([{"a": 2}, {"a": 1}]), false),
        (json!([]), json!([]), true),
        (json!([]), json!([1]), false),
        (json!({"lacks": {"a": 1}}), json!([{"a": 2}]), true),
        (json!({"lacks": {"a": 1}}), json!([{"a": 2}, {"a": 1}]), false),
        (json!({"lacks": {"a": 1}}), json!({"a": 2}), false),
    ] {
        let found = difference(&expected, &actual);
        assert_eq!(found.is_none(), fits, "{expected} {actual}: {found:?}");
    }
}
