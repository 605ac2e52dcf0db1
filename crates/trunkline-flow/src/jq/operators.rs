//! `+ - * / %` and the sign: jaq's own, behind a look at what the result takes.
//!
//! The one rule: the meter is asked before the result is made, and integers stay short enough to be printed
//! ([`MAX_INTEGER_BYTES`]), since the work on long ones grows faster than they do.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use bstr::ByteSlice as _;
use jaq_core::ops::Math;
use jaq_json::{Map, Num, Rc, Val};

use super::{
    compare, meter,
    value::{ENTRY, Error, Held, ITEM, Outcome},
};

/// How long an integer may be: about 4,900 digits.
const MAX_INTEGER_BYTES: usize = 2_048;

/// The operation on two values that jaq does by itself without making more than a number.
fn plain(left: Held, operation: Math, right: Held) -> Outcome {
    match (left.value, right.value) {
        (Val::Num(left), Val::Num(right)) => {
            let is_by_zero = right == Num::Int(0) && is_integer(&right);
            if operation == Math::Rem && is_by_zero && is_integer(&left) {
                return Err(fail(Val::Num(left), operation, Val::Num(right)));
            }
            let bytes = length(&left) + length(&right);
            if operation == Math::Mul && bytes > MAX_INTEGER_BYTES {
                return Err(Error::str("the product is an integer of too many digits"));
            }
            meter::make(if bytes > 16 { bytes } else { 0 });
            Ok(Held::flat(Val::Num(match operation {
                Math::Add => left + right,
                Math::Sub => left - right,
                Math::Mul => left * right,
                Math::Div => divided(left, right),
                Math::Rem => left % right,
            })))
        }
        (left, right) => Err(fail(left, operation, right)),
    }
}

/// Whole where it can be: `10 / 2` is 5, as jq prints it.
fn divided(left: Num, right: Num) -> Num {
    match (&left, &right) {
        (Num::Int(dividend), Num::Int(divisor)) => match dividend.checked_rem(*divisor) {
            Some(0) => Num::Int(dividend.wrapping_div(*divisor)),
            _ => left / right,
        },
        _ => left / right,
    }
}

fn is_integer(number: &Num) -> bool {
    matches!(number, Num::Int(_) | Num::BigInt(_))
}

fn length(number: &Num) -> usize {
    match number {
        Num::BigInt(number) => usize::try_from(number.bits() / 8).unwrap_or(usize::MAX / 4),
        Num::Dec(text) => text.len(),
        _ => 8,
    }
}

fn fail(left: Val, operation: Math, right: Val) -> Error {
    Error::math(Held::deep(left, 1), operation, Held::deep(right, 1))
}

impl Add for Held {
    type Output = Outcome;

    fn add(self, other: Self) -> Outcome {
        let depth = self.depth.max(other.depth);
        match (self.value, other.value) {
            (Val::Null, value) | (value, Val::Null) => Ok(Self::deep(value, depth)),
            (Val::TStr(left), Val::TStr(right)) => {
                let copied = if left.is_unique() { 0 } else { left.len() };
                meter::make(copied + right.len());
                let sum = Val::TStr(left) + Val::TStr(right);
                sum.map(Self::flat)
                    .map_err(|_| Error::str("two texts could not be joined"))
            }
            (Val::Arr(mut left), Val::Arr(right)) => {
                let copied = if Rc::strong_count(&left) == 1 {
                    0
                } else {
                    left.len()
                };
                meter::make((copied + right.len()) * ITEM);
                Rc::make_mut(&mut left).extend(right.iter().cloned());
                Ok(Self::deep(Val::Arr(left), depth))
            }
            (Val::Obj(mut left), Val::Obj(right)) => {
                let copied = if Rc::strong_count(&left) == 1 {
                    0
                } else {
                    left.len()
                };
                meter::make((copied + right.len()) * ENTRY);
                Rc::make_mut(&mut left).extend(right.iter().map(|(key, value)| (key.clone(), value.clone())));
                Ok(Self::deep(Val::Obj(left), depth))
            }
            (left, right) => plain(Self::deep(left, depth), Math::Add, Self::deep(right, depth)),
        }
    }
}

impl Sub for Held {
    type Output = Outcome;

    fn sub(self, other: Self) -> Outcome {
        let depth = self.depth;
        match (self.value, other.value) {
            (Val::Arr(left), Val::Arr(right)) => {
                Ok(Self::deep(Val::Arr(Rc::new(without(&left, &right))), depth))
            }
            (left, right) => plain(Self::deep(left, depth), Math::Sub, Self::deep(right, other.depth)),
        }
    }
}

/// The items of the left list that are not in the right one.
fn without(left: &[Val], right: &[Val]) -> Vec<Val> {
    let mut gone: Vec<&Val> = right.iter().collect();
    gone.sort_by(|a, b| compare::order(a, b));
    let kept: Vec<Val> = left
        .iter()
        .filter(|item| {
            meter::step();
            gone.binary_search_by(|gone| compare::order(gone, item)).is_err()
        })
        .cloned()
        .collect();
    meter::make(kept.len() * ITEM);
    kept
}

impl Mul for Held {
    type Output = Outcome;

    fn mul(self, other: Self) -> Outcome {
        let depth = self.depth.max(other.depth);
        match (self.value, other.value) {
            (Val::TStr(text), Val::Num(times)) | (Val::Num(times), Val::TStr(text)) => {
                let times = jaq_std::ValT::as_f64(&Val::Num(times)).unwrap_or(0.0);
                if times.is_nan() || times <= 0.0 {
                    return Ok(Self::flat(Val::Null));
                }
                // Jq repeats a text at least once: `"x" * 0.5` is "x".
                let times = times.max(1.0) as usize;
                meter::make(text.len().saturating_mul(times));
                Ok(Self::flat(Val::utf8_str(text.repeat(times))))
            }
            (Val::Obj(mut left), Val::Obj(right)) => {
                merge(&mut left, &right);
                Ok(Self::deep(Val::Obj(left), depth))
            }
            (left, right) => plain(Self::deep(left, depth), Math::Mul, Self::deep(right, depth)),
        }
    }
}

/// Puts the entries of the right object into the left one, and so on inside of both.
fn merge(left: &mut Rc<Map>, right: &Rc<Map>) {
    meter::step();
    meter::make((left.len() + right.len()) * ENTRY);
    let left = Rc::make_mut(left);
    for (key, value) in right.iter() {
        match (left.get_mut(key), value) {
            (Some(Val::Obj(inner)), Val::Obj(other)) => merge(inner, other),
            (Some(place), value) => *place = value.clone(),
            (None, value) => {
                left.insert(key.clone(), value.clone());
            }
        }
    }
}

impl Div for Held {
    type Output = Outcome;

    fn div(self, other: Self) -> Outcome {
        match (&self.value, &other.value) {
            (Val::TStr(text), Val::TStr(separator)) => {
                let pieces = if separator.is_empty() {
                    text.len()
                } else {
                    1 + text.find_iter(&***separator).count()
                };
                meter::steps(1 + text.len() as u64 / 256);
                meter::make(pieces * (ITEM + ENTRY));
                let split = self.value / other.value;
                split
                    .map(|pieces| Self::deep(pieces, 1))
                    .map_err(|_| Error::str("the text could not be split"))
            }
            _ => plain(self, Math::Div, other),
        }
    }
}

impl Rem for Held {
    type Output = Outcome;

    fn rem(self, other: Self) -> Outcome {
        plain(self, Math::Rem, other)
    }
}

impl Neg for Held {
    type Output = Outcome;

    fn neg(self) -> Outcome {
        match self.value {
            Val::Num(number) => Ok(Self::flat(Val::Num(-number))),
            _ => Err(Error::typ(self, "number")),
        }
    }
}
