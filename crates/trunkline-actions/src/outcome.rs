//! What comes of an action: rows or one value, and for a plan the writes that it would make.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What came of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The run, under which its writes are in the journal; none when it wrote nothing.
    pub run: Option<String>,
    /// The action's id.
    pub action: &'static str,
    /// What it gives: one value, or a list of rows.
    pub output: Value,
    /// What its writes did, all in all: made something, changed something, or left everything as it was.
    pub change: Change,
    /// What a person should know beside it, such as a field that no longer has an effect.
    pub notes: Vec<String>,
    /// How many calls read.
    pub reads: u32,
    /// How many calls changed something.
    pub writes: u32,
    /// Whether this is what an earlier call with the same key gave.
    pub repeated: bool,
}

/// What an action would do, made by reading alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The format of this document.
    pub format: u32,
    /// The workspace that it was made for.
    pub workspace: String,
    /// The action's id.
    pub action: String,
    /// What was given.
    pub input: Value,
    /// When it was made; times such as `+2d` count from here, also when it is applied.
    pub at: jiff::Timestamp,
    /// The time zone of times without one.
    pub zone: String,
    /// The writes, in their order.
    pub writes: Vec<PlannedWrite>,
    /// What a person should know beside them.
    pub notes: Vec<String>,
    /// How many calls it took to find out.
    pub reads: u32,
    /// How many calls applying it takes.
    pub calls: u32,
    /// How long those take at the workspace's limit, in seconds; none while the limit is not known.
    pub seconds: Option<f64>,
}

/// A write that an action would make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedWrite {
    /// The operation's id.
    pub operation: String,
    /// The path parameters.
    pub path: Vec<(String, String)>,
    /// The query parameters.
    pub query: Vec<(String, String)>,
    /// The body.
    pub payload: Option<Value>,
    /// What it changes, as family and id; none for what it makes.
    pub subject: Option<String>,
    /// What the write relies on, as a digest.
    pub before: Option<String>,
    /// Field by field, what becomes of it.
    pub fields: Vec<FieldChange>,
}

/// What becomes of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field, dotted.
    pub field: String,
    /// What becomes of it.
    pub change: Change,
    /// What it was; none when there was nothing or it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it will be.
    pub after: Value,
}

/// What becomes of a field, or of what an action is about; the greatest is what an action did all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It has the value already.
    Keep,
    /// It gets another value.
    Change,
    /// It had no value, or its object is made.
    Create,
}

impl Plan {
    /// The format of plans that this version writes.
    pub const FORMAT: u32 = 1;
}

/// What becomes of each field of a body, against what its object was before.
pub(crate) fn changes(payload: Option<&Value>, before: Option<&Value>) -> Vec<FieldChange> {
    let mut found = Vec::new();
    if let Some(payload) = payload {
        compare("", payload, before, &mut found);
    }
    found
}

fn compare(path: &str, after: &Value, before: Option<&Value>, found: &mut Vec<FieldChange>) {
    if let Value::Object(entries) = after
        && !entries.is_empty()
    {
        for (name, value) in entries {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            compare(&below, value, before.and_then(|before| before.get(name)), found);
        }
        return;
    }
    let before = before.filter(|before| !before.is_null());
    found.push(FieldChange {
        field: path.to_owned(),
        change: match before {
            None if after.is_null() => Change::Keep,
            None => Change::Create,
            Some(before) if same(before, after) => Change::Keep,
            Some(_) => Change::Change,
        },
        before: before.cloned(),
        after: after.clone(),
    });
}

/// Whether two values are the same to Intercom, which gives some ids as numbers and takes them as text.
fn same(left: &Value, right: &Value) -> bool {
    left == right
        || match (left, right) {
            (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
                number.to_string() == *text
            }
            _ => false,
        }
}
