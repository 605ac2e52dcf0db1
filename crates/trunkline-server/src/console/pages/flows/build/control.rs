//! A setting of a step as a field of a form: made of its JSON Schema, filled from the text, read back into it.
//!
//! The one rule: what nobody changed is not written anew; and what no simple field can hold is edited as YAML, so nothing is out of reach.

use serde_json::{Number, Value, json};
use trunkline_flow::document::{Key, Kind, Node};

use crate::console::fields::Fields;

/// How many empty rows a map of names and values ends with.
const SPARE: usize = 2;

/// What a setting is edited with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Text,
    /// A jq expression.
    Expression,
    Number,
    Truth,
    Choice(Vec<String>),
    /// A list of texts, one a line.
    Lines,
    /// Names with texts, or with expressions.
    Pairs {
        of_expressions: bool,
    },
    Yaml,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its key; none when the step's settings are this one value.
    pub(super) key: Option<String>,
    pub(super) hint: String,
    pub(super) is_required: bool,
    pub(super) control: Control,
}

/// The settings of a schema, those that are needed first.
pub(super) fn settings(schema: &Value) -> Vec<Setting> {
    let Some(properties) = schema["properties"].as_object() else {
        return vec![Setting {
            key: None,
            hint: hint(schema),
            is_required: true,
            control: control(schema),
        }];
    };
    let needed = |key: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == key))
    };
    let mut all: Vec<Setting> = properties
        .iter()
        .map(|(key, schema)| Setting {
            key: Some(key.clone()),
            hint: hint(schema),
            is_required: needed(key),
            control: control(schema),
        })
        .collect();
    all.sort_by_key(|setting| !setting.is_required);
    all
}

fn hint(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A schema without the null that stands for leaving it out.
fn plain(schema: &Value) -> &Value {
    for key in ["anyOf", "oneOf", "allOf"] {
        let Some(all) = schema[key].as_array() else {
            continue;
        };
        let left: Vec<&Value> = all.iter().filter(|one| one["type"] != "null").collect();
        if let [only] = left.as_slice() {
            return plain(only);
        }
    }
    schema
}

fn control(schema: &Value) -> Control {
    let schema = plain(schema);
    if let Some(words) = words(schema) {
        return Control::Choice(words);
    }
    if let Some(all) = schema["anyOf"].as_array() {
        // Text, or something else: what is no text is edited as YAML where it stands.
        let text = all.iter().find(|one| one["type"] == "string");
        return text.map_or(Control::Yaml, control);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect(),
        _ => Vec::new(),
    };
    match kinds.as_slice() {
        ["string"] if schema["format"] == "jq" => Control::Expression,
        ["string"] => Control::Text,
        ["boolean"] => Control::Truth,
        ["integer" | "number"] => Control::Number,
        ["array"] if control(&schema["items"]) == Control::Text => Control::Lines,
        ["object"] if schema["properties"].is_null() => match control(&schema["additionalProperties"]) {
            Control::Text => Control::Pairs {
                of_expressions: false,
            },
            Control::Expression => Control::Pairs { of_expressions: true },
            _ => Control::Yaml,
        },
        _ => Control::Yaml,
    }
}

/// The words that a schema allows, if it allows only some.
fn words(schema: &Value) -> Option<Vec<String>> {
    let own = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(all) = schema["enum"].as_array() {
        return all.iter().filter(|one| !one.is_null()).map(own).collect();
    }
    let mut words = Vec::new();
    for one in schema["oneOf"].as_array()? {
        match (&one["const"], &one["enum"]) {
            (Value::String(word), _) => words.push(word.clone()),
            (_, Value::Array(all)) => words.extend(all.iter().filter_map(own)),
            _ => return None,
        }
    }
    Some(words)
}

impl Control {
    /// What holds this value: YAML where the usual field does not.
    pub(super) fn for_value(&self, value: Option<&Node>) -> Self {
        let Some(value) = value else {
            return self.clone();
        };
        let is_scalar = |node: &Node| matches!(&node.kind, Kind::Scalar(value) if !value.is_null());
        let fits = match (self, &value.kind) {
            (_, Kind::Scalar(Value::Null)) => true,
            (Self::Yaml, _) => true,
            (Self::Choice(words), Kind::Scalar(Value::String(word))) => words.contains(word),
            (Self::Truth, Kind::Scalar(value)) => value.is_boolean(),
            (Self::Number, Kind::Scalar(value)) => value.is_number(),
            (Self::Text | Self::Expression, Kind::Scalar(_)) => true,
            (Self::Lines, Kind::List(all)) => all.iter().all(is_scalar),
            (Self::Pairs { .. }, Kind::Map(all)) => all.iter().all(|(_, value)| is_scalar(value)),
            _ => false,
        };
        if fits { self.clone() } else { Self::Yaml }
    }

    /// A value as it is typed; maps are shown by [`rows`].
    pub(super) fn typed(&self, value: Option<&Node>) -> String {
        let Some(value) = value else {
            return String::new();
        };
        match (self, &value.kind) {
            (Self::Yaml, _) => value
                .to_yaml()
                .map(|text| text.trim_end().to_owned())
                .unwrap_or_default(),
            (Self::Truth, Kind::Scalar(Value::Bool(is))) => if *is { "yes" } else { "no" }.to_owned(),
            (Self::Lines, Kind::List(all)) => all.iter().map(scalar).collect::<Vec<_>>().join("\n"),
            _ => scalar(value),
        }
    }

    /// Reads what was typed; none when the setting is left out.
    fn read(&self, text: &str) -> Result<Option<Node>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = match self {
            Self::Text | Self::Expression => json!(text),
            Self::Number => json!(number(text).ok_or("is no number")?),
            Self::Truth => json!(text == "yes"),
            Self::Choice(words) if words.iter().any(|word| word == text) => json!(text),
            Self::Choice(words) => return Err(format!("is none of {}", words.join(", "))),
            Self::Lines => text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect(),
            Self::Yaml | Self::Pairs { .. } => {
                return Node::parse(text)
                    .map(Some)
                    .map_err(|mistake| format!("is no YAML: {}", mistake.message));
            }
        };
        Ok(Some(Node::of_json(value)))
    }
}

fn number(text: &str) -> Option<Number> {
    let whole = text.parse::<u64>().map(Number::from).ok();
    whole
        .or_else(|| text.parse::<i64>().map(Number::from).ok())
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

fn scalar(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(Value::Null) => String::new(),
        Kind::Scalar(Value::String(text)) => text.trim_end().to_owned(),
        Kind::Scalar(other) => other.to_string(),
        _ => String::new(),
    }
}

/// The rows of a map, with some that are empty.
pub(super) fn rows(value: Option<&Node>) -> Vec<(String, String)> {
    let entries = value.map(Node::entries).unwrap_or_default();
    let mut rows: Vec<(String, String)> = entries
        .iter()
        .map(|(key, value)| (key.text.clone(), scalar(value)))
        .collect();
    rows.resize(rows.len() + SPARE, (String::new(), String::new()));
    rows
}

/// The rows of a map as they were typed, a line each.
pub(super) fn typed_rows(field: &str, form: &Fields) -> String {
    let rows = (0..)
        .map(|at| (format!("{field}.k{at}"), format!("{field}.v{at}")))
        .take_while(|(name, _)| form.has(name))
        .map(|(name, value)| format!("{}\t{}", form.get(&name), form.get(&value)));
    rows.collect::<Vec<_>>().join("\n")
}

/// Rows that were typed, to be shown again.
pub(super) fn rows_again(typed: &str) -> Vec<(String, String)> {
    let row = |line: &str| {
        let (name, value) = line.split_once('\t').unwrap_or((line, ""));
        (name.to_owned(), value.to_owned())
    };
    typed.lines().map(row).collect()
}

/// What became of a field: it is as it was, it is another, it is left out.
pub(super) enum Change {
    Same,
    To(Node),
    Gone,
}

/// What a form says of a setting that had this value.
pub(super) fn change(
    control: &Control,
    was: Option<&Node>,
    field: &str,
    form: &Fields,
) -> Result<Change, String> {
    let control = control.for_value(was);
    let read = if let Control::Pairs { .. } = control {
        pairs(was, field, form)?
    } else {
        if !form.has(field) || form.whole(field).trim() == control.typed(was).trim() {
            return Ok(Change::Same);
        }
        control.read(&form.whole(field))?
    };
    Ok(match (read, was) {
        (None, None) => Change::Same,
        (None, Some(_)) => Change::Gone,
        (Some(now), Some(was)) if now.is_same(was) => Change::Same,
        (Some(now), _) => Change::To(now),
    })
}

fn pairs(was: Option<&Node>, field: &str, form: &Fields) -> Result<Option<Node>, String> {
    let mut entries: Vec<(Key, Node)> = Vec::new();
    for at in 0.. {
        let (name_field, value_field) = (format!("{field}.k{at}"), format!("{field}.v{at}"));
        if !form.has(&name_field) {
            if at == 0 {
                return Ok(was.cloned());
            }
            break;
        }
        let (name, text) = (form.get(&name_field), form.whole(&value_field));
        let text = text.trim();
        if name.is_empty() && text.is_empty() {
            continue;
        }
        if name.is_empty() {
            return Err(format!("has the value {text} without a name"));
        }
        if entries.iter().any(|(key, _)| key.text == name) {
            return Err(format!("has the name {name} twice"));
        }
        // What stands there as a number stays one as long as nobody changes it.
        let before = was
            .and_then(|was| was.get(name))
            .filter(|before| scalar(before) == text);
        let value = before.cloned().unwrap_or_else(|| Node::of_json(json!(text)));
        entries.push((Key::of(name), value));
    }
    Ok((!entries.is_empty()).then(|| Node {
        kind: Kind::Map(entries),
        spot: trunkline_flow::document::Spot::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, name: &str) -> Vec<Setting> {
        let all = trunkline_components::described();
        let found = all
            .iter()
            .find(|one| one.kind == kind && one.name == name)
            .unwrap();
        settings(&found.settings)
    }

    fn control_of(kind: &str, name: &str, key: &str) -> Control {
        let all = of(kind, name);
        let found = all.iter().find(|setting| setting.key.as_deref() == Some(key));
        found
            .unwrap_or_else(|| panic!("{name} has no {key}"))
            .control
            .clone()
    }

    #[test]
    fn each_setting_is_edited_with_what_fits_it() {
        let words = |all: &[&str]| Control::Choice(all.iter().map(|word| (*word).to_owned()).collect());
        for (kind, name, key, expected) in [
            ("source", "file", "path", Control::Text),
            ("source", "webhook", "topics", Control::Lines),
            ("source", "webhook", "record", words(&["item", "notification"])),
            ("source", "webhook", "from_start", Control::Truth),
            ("source", "intercom", "limit", Control::Number),
            ("source", "intercom", "request", Control::Expression),
            ("transform", "map", "set", Control::Pairs { of_expressions: true }),
            (
                "transform",
                "map",
                "rename",
                Control::Pairs {
                    of_expressions: false,
                },
            ),
            ("transform", "route", "branches", Control::Yaml),
            (
                "destination",
                "intercom",
                "with",
                Control::Pairs { of_expressions: true },
            ),
            ("destination", "http", "url", Control::Expression),
            (
                "destination",
                "http",
                "method",
                words(&["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ),
            ("destination", "http", "first", Control::Yaml),
        ] {
            assert_eq!(control_of(kind, name, key), expected, "{name} {key}");
        }
        assert_eq!(of("transform", "jq")[0].control, Control::Expression);
        assert!(of("source", "file")[0].is_required, "what is needed comes first");
    }

    #[test]
    fn every_component_has_fields_for_all_of_its_settings() {
        for one in trunkline_components::described() {
            let count = one.settings["properties"]
                .as_object()
                .map_or(1, serde_json::Map::len);
            assert_eq!(settings(&one.settings).len(), count, "{}", one.name);
        }
    }

    fn changed(
        control: &Control,
        was: Option<Value>,
        fields: &[(&str, &str)],
    ) -> Result<Option<Value>, String> {
        let was = was.map(Node::of_json);
        let made = change(control, was.as_ref(), "f", &Fields::of(fields))?;
        Ok(match made {
            Change::Same => was.map(|was| was.to_json()),
            Change::To(node) => Some(node.to_json()),
            Change::Gone => None,
        })
    }

    #[test]
    fn what_is_typed_is_read_and_what_is_not_changed_stays() {
        let pairs = Control::Pairs { of_expressions: true };
        for (control, was, typed, expected) in [
            (Control::Text, None, "a: b", Some(json!("a: b"))),
            (Control::Text, Some(json!("a")), "", None),
            (Control::Text, Some(json!(7)), "7", Some(json!(7))),
            (Control::Expression, Some(json!(true)), ".a", Some(json!(".a"))),
            (Control::Number, None, "12", Some(json!(12))),
            (Control::Number, None, "1.5", Some(json!(1.5))),
            (Control::Truth, None, "no", Some(json!(false))),
            (
                Control::Lines,
                Some(json!(["a"])),
                "a\r\n\r\n b ",
                Some(json!(["a", "b"])),
            ),
            (Control::Yaml, None, "{ a: [1] }", Some(json!({ "a": [1] }))),
            (
                Control::Text,
                Some(json!({ "env": "X" })),
                "env: OTHER",
                Some(json!({ "env": "OTHER" })),
            ),
        ] {
            let read = changed(&control, was, &[("f", typed)]);
            assert_eq!(read, Ok(expected), "{control:?} {typed:?}");
        }
        let rows = [
            ("f.k0", "a"),
            ("f.v0", ".x"),
            ("f.k1", ""),
            ("f.v1", ""),
            ("f.k2", "n"),
            ("f.v2", "1"),
        ];
        assert_eq!(
            changed(&pairs, Some(json!({ "n": 1 })), &rows),
            Ok(Some(json!({ "a": ".x", "n": 1 })))
        );
        assert_eq!(
            changed(&pairs, Some(json!({ "n": 1 })), &[]),
            Ok(Some(json!({ "n": 1 })))
        );
    }

    #[test]
    fn rows_that_were_typed_are_shown_again() {
        let form = Fields::of(&[("f.k0", "a"), ("f.v0", ".x"), ("f.k1", ""), ("f.v1", ".y")]);
        let again = rows_again(&typed_rows("f", &form));
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(again, [own("a", ".x"), own("", ".y")]);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let pairs = Control::Pairs { of_expressions: true };
        for (control, fields, expected) in [
            (Control::Number, vec![("f", "many")], "is no number"),
            (
                Control::Choice(vec!["a".to_owned()]),
                vec![("f", "b")],
                "is none of a",
            ),
            (Control::Yaml, vec![("f", "{ a")], "is no YAML"),
            (
                pairs.clone(),
                vec![("f.k0", ""), ("f.v0", ".x")],
                "without a name",
            ),
            (
                pairs,
                vec![("f.k0", "a"), ("f.v0", "1"), ("f.k1", "a"), ("f.v1", "2")],
                "twice",
            ),
        ] {
            let reason = changed(&control, None, &fields).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
