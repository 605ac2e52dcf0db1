//! Values of custom attributes, held against what the workspace says of each attribute.
//!
//! The one rule: a value of the attribute's type is kept as it came, a text that spells one becomes one, and anything else is
//! refused; null clears, and so does the empty text where it is no value.

use jiff::{Timestamp, civil};
use serde_json::{Map, Value, json};

use crate::{errors::Refusal, workspace::Workspace};

/// The custom attributes that a body sends for a contact or a company, if the workspace has them all.
pub(super) fn of_model(
    workspace: &Workspace,
    model: &str,
    body: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let is_of_model = |attribute: &Value| attribute["model"] == model && attribute["custom"] == true;
    let known = &workspace.reference.data_attributes;
    let types = &workspace.reference.lists.custom_object_types;
    checked("Custom", known, types, is_of_model, &body["custom_attributes"])
}

/// The custom attributes that a body sends for a conversation.
pub(super) fn of_conversation(workspace: &Workspace, body: &Value) -> Result<Map<String, Value>, Refusal> {
    let known = &workspace.reference.conversation_attributes;
    checked("Conversation", known, &[], |_| true, &body["custom_attributes"])
}

fn checked(
    whose: &str,
    known: &[Value],
    object_types: &[String],
    is_meant: impl Fn(&Value) -> bool,
    sent: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let mut kept = Map::new();
    for (name, sent) in sent.as_object().into_iter().flatten() {
        let is_named = |one: &&Value| one["archived"] != true && one["name"] == name.as_str();
        let mut named = known.iter().filter(|one| is_meant(one)).filter(is_named);
        let Some(attribute) = named.next() else {
            return Err(Refusal::invalid(format!(
                "{whose} attribute '{name}' does not exist"
            )));
        };
        if named.next().is_some() {
            return Err(Refusal::invalid(format!(
                "There are several attributes with the name '{name}'"
            )));
        }
        // An attribute that is named like a type of custom objects also ties instances of it, by their ids.
        let ties = object_types.iter().any(|one| one.eq_ignore_ascii_case(name)) && is_list_of_ids(sent);
        let value = if ties {
            sent.clone()
        } else {
            value(whose, attribute, sent)?
        };
        kept.insert(name.clone(), value);
    }
    Ok(kept)
}

/// A value that was sent for an attribute, as it is kept.
pub(super) fn value(whose: &str, attribute: &Value, sent: &Value) -> Result<Value, Refusal> {
    let words = chosen_from(attribute);
    let is_text = words.is_none() && attribute["data_type"] == "string";
    if sent.is_null() || *sent == "" && !is_text {
        return Ok(Value::Null);
    }
    let kept = match words {
        Some(words) => choice(&words, attribute, sent).ok_or_else(|| format!("one of {}", words.join(", "))),
        None => typed(attribute["data_type"].as_str().unwrap_or_default(), sent).map_err(str::to_owned),
    };
    kept.map_err(|expected| {
        let name = attribute["name"].as_str().unwrap_or_default();
        Refusal::invalid(format!("{whose} attribute '{name}' must be {expected}"))
    })
}

/// A value of a type, or what it must be.
fn typed(data_type: &str, sent: &Value) -> Result<Value, &'static str> {
    let spelled = sent.as_str().map(str::trim);
    match data_type {
        "string" => match sent {
            Value::String(_) => Some(sent.clone()),
            Value::Number(_) | Value::Bool(_) => Some(json!(sent.to_string())),
            _ => None,
        }
        .ok_or("text"),
        "integer" => whole(sent).map(Value::from).ok_or("a whole number"),
        "float" | "decimal" => match spelled {
            Some(text) => {
                let number = text.parse().ok();
                number.and_then(serde_json::Number::from_f64).map(Value::Number)
            }
            None => sent.is_number().then(|| sent.clone()),
        }
        .ok_or("a number"),
        "boolean" => match spelled {
            Some("true") => Some(json!(true)),
            Some("false") => Some(json!(false)),
            _ => sent.is_boolean().then(|| sent.clone()),
        }
        .ok_or("true or false"),
        "datetime" | "date" => match (whole(sent), spelled) {
            (Some(seconds), _) => Some(json!(seconds)),
            (None, Some(text)) if is_moment(text) => Some(sent.clone()),
            _ => None,
        }
        .ok_or("a time in unix seconds or by ISO 8601"),
        "relationship" => is_list_of_ids(sent).then(|| sent.clone()).ok_or("a list of ids"),
        "files" => sent.is_array().then(|| sent.clone()).ok_or("a list of files"),
        _ => Ok(sent.clone()),
    }
}

fn whole(sent: &Value) -> Option<i64> {
    match sent {
        Value::String(text) => text.trim().parse().ok(),
        // 5.0 is as whole as 5.
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            (float.abs() < 1e15).then_some(float as i64)
        }),
        _ => None,
    }
}

fn is_moment(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
        || text.parse::<civil::DateTime>().is_ok()
        || text.parse::<civil::Date>().is_ok()
}

fn is_list_of_ids(sent: &Value) -> bool {
    sent.as_array().is_some_and(|all| {
        let mut all = all.iter();
        all.all(|id| id.is_string() || id.is_number())
    })
}

/// The words to choose from, each with the id that it may be named by; `None` for an attribute without a choice.
fn chosen_from(attribute: &Value) -> Option<Vec<String>> {
    let list = attribute["options"]
        .as_array()
        .or_else(|| attribute["input_options"]["list_options"].as_array())
        .filter(|list| !list.is_empty())?;
    let open = list.iter().filter(|option| option["archived"] != true);
    Some(open.filter_map(word).map(str::to_owned).collect())
}

/// What an option is called: it is a text, or an object with a value, a label or a name.
fn word(option: &Value) -> Option<&str> {
    let named = ["value", "label", "name"];
    option
        .as_str()
        .or_else(|| named.iter().find_map(|field| option[*field].as_str()))
}

fn choice(words: &[String], attribute: &Value, sent: &Value) -> Option<Value> {
    let is_word = |one: &Value| {
        one.as_str()
            .is_some_and(|text| words.iter().any(|word| word == text))
    };
    let has_several = attribute["input_options"]["allow_multiple_values"] == true;
    match sent {
        Value::Array(all) if has_several => all.iter().all(is_word).then(|| sent.clone()),
        _ => is_word(sent).then(|| sent.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attribute: &Value, sent: &Value, expected: Option<Value>) {
        let kept = value("Custom", attribute, sent);
        match expected {
            Some(expected) => assert_eq!(kept.ok(), Some(expected), "{attribute} {sent}"),
            None => assert_eq!(
                kept.err().map(|refusal| refusal.status),
                Some(400),
                "{attribute} {sent}"
            ),
        }
    }

    #[test]
    fn values_are_held_against_the_type_of_their_attribute() {
        for (data_type, sent, kept) in [
            ("string", json!("a"), Some(json!("a"))),
            ("string", json!(5), Some(json!("5"))),
            ("string", json!(["a"]), None),
            ("string", json!({ "a": 1 }), None),
            ("integer", json!(5), Some(json!(5))),
            ("integer", json!(5.0), Some(json!(5))),
            ("integer", json!("-5"), Some(json!(-5))),
            ("integer", json!(5.5), None),
            ("integer", json!("five"), None),
            ("integer", json!(true), None),
            ("float", json!(5.5), Some(json!(5.5))),
            ("float", json!(5), Some(json!(5))),
            ("float", json!("5.5"), Some(json!(5.5))),
            ("float", json!("NaN"), None),
            ("decimal", json!([]), None),
            ("boolean", json!(false), Some(json!(false))),
            ("boolean", json!("true"), Some(json!(true))),
            ("boolean", json!(1), None),
            ("datetime", json!(1_700_000_000), Some(json!(1_700_000_000))),
            ("datetime", json!("1700000000"), Some(json!(1_700_000_000))),
            (
                "datetime",
                json!("2026-01-24T10:01:20Z"),
                Some(json!("2026-01-24T10:01:20Z")),
            ),
            ("date", json!("2026-01-24"), Some(json!("2026-01-24"))),
            ("date", json!("tomorrow"), None),
            ("relationship", json!(["21", 22]), Some(json!(["21", 22]))),
            ("relationship", json!("21"), None),
            ("files", json!([]), Some(json!([]))),
            ("files", json!("a.png"), None),
            ("of later", json!({ "a": 1 }), Some(json!({ "a": 1 }))),
            ("integer", Value::Null, Some(Value::Null)),
            ("integer", json!(""), Some(Value::Null)),
            ("string", json!(""), Some(json!(""))),
        ] {
            let attribute = json!({ "name": "x", "data_type": data_type });
            check(&attribute, &sent, kept);
        }
    }

    #[test]
    fn a_choice_is_one_of_its_words() {
        let words = json!({ "name": "x", "data_type": "string", "options": ["small", { "value": "large" }] });
        let labels = json!({ "name": "x", "data_type": "list", "options": [{ "label": "a" }, { "label": "b", "archived": true }] });
        let one = json!({ "name": "x", "data_type": "list", "input_options": { "list_options": [{ "id": "1", "name": "a" }, { "id": "2", "name": "b" }] } });
        let mut several = one.clone();
        several["input_options"]["allow_multiple_values"] = json!(true);
        check(&words, &json!("small"), Some(json!("small")));
        check(&words, &json!("large"), Some(json!("large")));
        check(&words, &json!("huge"), None);
        check(&labels, &json!("a"), Some(json!("a")));
        check(&labels, &json!("b"), None);
        check(&one, &json!("b"), Some(json!("b")));
        check(&one, &json!(["a"]), None);
        check(&several, &json!(["a", "b"]), Some(json!(["a", "b"])));
        check(&several, &json!(["a", "c"]), None);
    }
}
