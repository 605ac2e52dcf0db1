//! From JSON to the values of expressions and back.
//!
//! The one rule: what goes in and is not touched comes out the same, integers of 64 bits and the difference of `1` and `1.0`
//! included.

use jaq_json::{Map, Num, Val};
use serde_json::{Number, Value};

use super::{
    meter::{self, Stop},
    text,
    value::{Held, MAX_DEPTH},
};

/// What one value takes outside, about.
const OUTSIDE: usize = 48;

/// Takes a value in.
pub(super) fn take(value: &Value) -> Held {
    let (value, depth) = inward(value, 0);
    Held::deep(value, depth)
}

fn inward(value: &Value, above: usize) -> (Val, usize) {
    if above > MAX_DEPTH {
        meter::stop(Stop::Depth);
    }
    let mut depth = 0;
    let mut inside = |value: &Value| {
        let (value, inner) = inward(value, above + 1);
        depth = depth.max(inner);
        value
    };
    let value = match value {
        Value::Null => return (Val::Null, 0),
        Value::Bool(value) => return (Val::Bool(*value), 0),
        Value::Number(number) => return (Val::Num(number_inward(number)), 0),
        Value::String(text) => return (Val::utf8_str(text.clone()), 0),
        Value::Array(items) => Val::Arr(items.iter().map(&mut inside).collect::<Vec<_>>().into()),
        Value::Object(entries) => Val::obj(
            entries
                .iter()
                .map(|(key, value)| (Val::utf8_str(key.clone()), inside(value)))
                .collect::<Map>(),
        ),
    };
    (value, depth + 1)
}

fn number_inward(number: &Number) -> Num {
    if let Some(number) = number.as_i64() {
        Num::from_integral(number)
    } else if let Some(number) = number.as_u64() {
        Num::from_integral(number)
    } else {
        Num::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// Gives a value out.
pub(super) fn give(value: &Val) -> Value {
    meter::step();
    meter::make(OUTSIDE);
    match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Num(number) => number_outward(number),
        Val::TStr(text) | Val::BStr(text) => Value::String(give_text(text)),
        Val::Arr(items) => Value::Array(items.iter().map(give).collect()),
        Val::Obj(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (give_key(key), give(value)))
                .collect(),
        ),
    }
}

fn give_key(key: &Val) -> String {
    match key {
        Val::TStr(text) | Val::BStr(text) => give_text(text),
        other => text::json(other),
    }
}

fn give_text(text: &[u8]) -> String {
    meter::make(text.len());
    // Nearly all of it is good, and the check for that is quicker than the search for what is not.
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(text).into_owned(),
    }
}

fn number_outward(number: &Num) -> Value {
    let integer = match number {
        Num::Int(number) => Some(Number::from(*number)),
        Num::BigInt(number) => u64::try_from(&**number).ok().map(Number::from),
        _ => None,
    };
    match integer {
        Some(integer) => Value::Number(integer),
        None => text::finite(number).map_or(Value::Null, Value::from),
    }
}
