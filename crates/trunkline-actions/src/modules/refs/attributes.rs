//! Values for attributes of the workspace's own, held against what the workspace says of them.
//!
//! The one rule: an unknown name and a value that cannot be are found before anything is sent, all of them at once, since
//! Intercom refuses a whole write for one of them.

use jiff::{Timestamp, civil};
use serde_json::{Map, Value};

use crate::{ActionError, Run};

/// An attribute, as the workspace defines it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    data_type: String,
    /// The words to choose from; none when any value will do.
    choices: Option<Vec<String>>,
    takes_several: bool,
}

impl Attribute {
    /// Reads a definition of any of the kinds that Intercom has; none for one that was archived.
    pub(crate) fn read(definition: &Value) -> Option<Self> {
        if definition["archived"] == true {
            return None;
        }
        let inputs = &definition["input_options"];
        let choices = definition["options"]
            .as_array()
            .or_else(|| inputs["list_options"].as_array())
            .filter(|options| !options.is_empty());
        Some(Self {
            name: definition["name"].as_str()?.to_owned(),
            data_type: definition["data_type"].as_str().unwrap_or_default().to_owned(),
            choices: choices.map(|options| options.iter().filter_map(word).collect()),
            takes_several: inputs["allow_multiple_values"] == true,
        })
    }

    /// What is wrong with a value; nothing is wrong with null, which clears.
    fn fault(&self, value: &Value) -> Option<String> {
        if value.is_null() {
            return None;
        }
        if let Some(choices) = &self.choices {
            let is_choice = |one: &Value| {
                one.as_str()
                    .is_some_and(|text| choices.iter().any(|choice| choice == text))
            };
            let fits = match value {
                Value::Array(all) if self.takes_several => all.iter().all(is_choice),
                one => is_choice(one),
            };
            return (!fits).then(|| format!("must be one of {}", choices.join(", ")));
        }
        let text = value.as_str().map(str::trim);
        let (fits, expected) = match self.data_type.as_str() {
            "integer" => (
                value.as_i64().is_some() || text.is_some_and(|text| text.parse::<i64>().is_ok()),
                "a whole number",
            ),
            "decimal" | "float" => (
                value.is_number() || text.is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite)),
                "a number",
            ),
            "boolean" => (
                value.is_boolean() || matches!(text, Some("true" | "false")),
                "true or false",
            ),
            "date" | "datetime" => (
                value.as_i64().is_some() || text.is_some_and(is_moment),
                "a time in unix seconds or by ISO 8601",
            ),
            "relationship" | "files" => (value.is_array(), "a list"),
            "string" => (!value.is_array() && !value.is_object(), "text"),
            _ => (true, ""),
        };
        (!fits).then(|| format!("must be {expected}"))
    }
}

fn word(option: &Value) -> Option<String> {
    let text = option.as_str().or_else(|| {
        ["value", "label", "name"]
            .iter()
            .find_map(|name| option[*name].as_str())
    });
    (option["archived"] != true).then_some(text?.to_owned())
}

fn is_moment(text: &str) -> bool {
    text.parse::<i64>().is_ok()
        || text.parse::<Timestamp>().is_ok()
        || text.parse::<civil::DateTime>().is_ok()
        || text.parse::<civil::Date>().is_ok()
}

/// The given values, when each fits; `whose` says in an error what the attributes belong to.
///
/// With `leaves_out`, names that are not known are left out, and a note says so.
pub(crate) fn checked_attributes(
    run: &mut Run,
    whose: &str,
    known: &[Attribute],
    given: &Map<String, Value>,
    leaves_out: bool,
) -> Result<Map<String, Value>, ActionError> {
    let mut fitting = Map::new();
    let (mut unknown, mut doubled, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in given {
        let mut named = known.iter().filter(|attribute| attribute.name == *name);
        match (named.next(), named.next()) {
            (None, _) => unknown.push(name.as_str()),
            (Some(_), Some(_)) => doubled.push(name.as_str()),
            (Some(attribute), None) => match attribute.fault(value) {
                Some(fault) => faults.push(format!("`{name}` {fault}")),
                None => {
                    fitting.insert(name.clone(), value.clone());
                }
            },
        }
    }
    if leaves_out && !unknown.is_empty() {
        run.note(format!(
            "Left out, as {whose} have no such attribute: {}.",
            unknown.join(", ")
        ));
        unknown.clear();
    }
    if !unknown.is_empty() {
        let names: Vec<&str> = known.iter().map(|attribute| attribute.name.as_str()).collect();
        return Err(ActionError::refused(
            "TL0750",
            format!("{whose} have no attribute {}", unknown.join(", ")),
            if names.is_empty() {
                "Define it in Intercom's settings first.".to_owned()
            } else {
                format!("Capital letters matter; there are: {}.", names.join(", "))
            },
        ));
    }
    if !doubled.is_empty() {
        return Err(ActionError::refused(
            "TL0750",
            format!("{whose} have several attributes named {}", doubled.join(", ")),
            "Rename or archive all but one of them in Intercom's settings; Intercom refuses a name that is not clear.",
        ));
    }
    if !faults.is_empty() {
        return Err(ActionError::refused(
            "TL0751",
            format!("values do not fit their attributes: {}", faults.join("; ")),
            "Nothing was sent; correct them and call again.",
        ));
    }
    Ok(fitting)
}
