//! The functions of the language that work on values themselves, in place of jaq's own.
//!
//! The one rule: a function that can go on without asking jaq for a term (`range`), or whose work grows faster than its values
//! (`contains`, `indices`), or that makes a value of text (`fromjson`), is written here and asks the meter.

use bstr::ByteSlice as _;
use jaq_core::{
    DataT, Exn, Lut, RunPtr,
    data::HasLut,
    native::{Filter, Fun, bome, run, unary, v},
};
use jaq_json::{Num, Val};
use serde_json::Value;

use super::{
    compare, convert, meter, paths, text, toll,
    value::{Error, Held, Outcome},
};

/// What expressions work on.
#[derive(Debug)]
pub(super) struct Kind;

/// The terms of an expression, counting each time that jaq asks for one: at every step.
#[derive(Clone)]
pub(super) struct Terms<'a>(pub(super) &'a Lut<Kind>);

impl DataT for Kind {
    type V<'a> = Held;
    type Data<'a> = Terms<'a>;
}

impl<'a> HasLut<'a, Kind> for Terms<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        meter::step();
        self.0
    }
}

/// All native functions, but for those that `is_left_out` names.
pub(super) fn all(is_left_out: fn(&str) -> bool) -> Vec<Fun<Kind>> {
    let theirs = jaq_core::funs::<Kind>()
        .chain(jaq_std::funs::<Kind>())
        .filter(move |(name, _, _)| *name != "range" && !is_left_out(name));
    theirs.chain(ours::<Kind>()).collect()
}

fn ours<D: for<'a> DataT<V<'a> = Held>>() -> impl Iterator<Item = Fun<D>> {
    replacements().into_vec().into_iter().map(run)
}

fn replacements<D: for<'a> DataT<V<'a> = Held>>() -> Box<[Filter<RunPtr<D>>]> {
    Box::new([
        ("range", v(3), |mut cv| {
            let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            Box::new(range(from, to, by))
        }),
        ("tojson", v(0), |cv| {
            bome(Ok(Held::flat(Val::utf8_str(text::json(&cv.1.value)))))
        }),
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("length", v(0), |cv| bome(length(cv.1))),
        ("contains", v(1), |cv| {
            unary(cv, |value, part| {
                let (left, right) = (kind(&value.value), kind(&part.value));
                if left != right {
                    return Err(Error::str(format_args!(
                        "{left} ({value}) and {right} ({part}) cannot contain each other"
                    )));
                }
                Ok(compare::contains(&value.value, &part.value).into())
            })
        }),
        (toll::NAME, v(1), |mut cv| {
            let filters = cv.0.pop_var();
            let count = jaq_std::ValT::as_isize(&filters).unwrap_or(1).unsigned_abs();
            meter::steps(toll::TOLL * count as u64);
            bome(Ok(Held::from(true)))
        }),
        ("has", v(1), |cv| unary(cv, has)),
        ("indices", v(1), |cv| unary(cv, indices)),
        ("bsearch", v(1), |cv| {
            unary(cv, |value, wanted| binary_search(value, &wanted))
        }),
    ])
}

fn range<'a>(from: Held, to: Held, by: Held) -> impl Iterator<Item = Result<Held, Exn<'a, Held>>> {
    let direction = by.cmp(&Held::from(0_isize));
    let mut next = Some(Ok(from));
    std::iter::from_fn(move || {
        meter::step();
        let at = match next.take()? {
            Ok(at) => at,
            Err(error) => return Some(Err(Exn::from(error))),
        };
        let goes_on = match direction {
            std::cmp::Ordering::Greater => at < to,
            std::cmp::Ordering::Less => at > to,
            std::cmp::Ordering::Equal => at != to,
        };
        if !goes_on {
            return None;
        }
        next = Some(at.clone() + by.clone());
        Some(Ok(at))
    })
}

fn from_json(value: &Held) -> Outcome {
    let Val::TStr(text) = &value.value else {
        return Err(Error::typ(value.clone(), "text"));
    };
    meter::make(text.len().saturating_mul(4));
    let parsed: Result<Value, _> = serde_json::from_slice(text);
    let parsed = parsed.map_err(|error| Error::str(format_args!("{value} is not JSON: {error}")))?;
    Ok(convert::take(&parsed))
}

fn length(value: Held) -> Outcome {
    Ok(match &value.value {
        Val::Null => Held::from(0_usize),
        Val::Bool(_) => return Err(Error::str(format_args!("{value} has no length"))),
        Val::Num(number) if Val::Num(number.clone()) < Val::Num(Num::Int(0)) => return -value,
        Val::Num(_) => value,
        Val::TStr(text) | Val::BStr(text) => Held::from(text.chars().count()),
        Val::Arr(items) => Held::from(items.len()),
        Val::Obj(entries) => Held::from(entries.len()),
    })
}

fn has(value: Held, key: Held) -> Outcome {
    match (&value.value, &key.value) {
        (Val::Obj(entries), name @ Val::TStr(_)) => Ok(entries.contains_key(name).into()),
        (Val::Arr(items), Val::Num(at)) => {
            let is_negative = Val::Num(at.clone()) < Val::Num(Num::Int(0));
            Ok((!is_negative && paths::position(at, items.len()).is_some()).into())
        }
        _ => Err(Error::index(value, key)),
    }
}

fn indices(value: Held, wanted: Held) -> Outcome {
    let found = match (&value.value, &wanted.value) {
        (Val::Null, _) => return Ok(value),
        (Val::Arr(items), Val::Arr(wanted)) => compare::places(items, wanted),
        (Val::Arr(items), wanted) => compare::places(items, std::slice::from_ref(wanted)),
        (Val::TStr(text), Val::TStr(wanted)) if wanted.is_empty() || text.is_empty() => Vec::new(),
        (Val::TStr(text), Val::TStr(wanted)) => {
            let mut places = Vec::new();
            for (index, (start, _, _)) in text.char_indices().enumerate() {
                if index % 64 == 0 {
                    meter::steps(1 + wanted.len() as u64 / 16);
                }
                if text[start..].starts_with(wanted) {
                    places.push(index);
                }
            }
            places
        }
        _ => return Err(Error::index(value, wanted)),
    };
    Ok(found.into_iter().map(Held::from).collect())
}

fn binary_search(value: Held, wanted: &Held) -> Outcome {
    let Val::Arr(items) = &value.value else {
        return Err(Error::typ(value, "array"));
    };
    let found = items.binary_search_by(|item| compare::order(item, &wanted.value));
    Ok(match found {
        Ok(at) => Held::from(at),
        Err(at) => Held::from(-1 - at.cast_signed()),
    })
}

/// The name of a value's type.
fn kind(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::TStr(_) | Val::BStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}
