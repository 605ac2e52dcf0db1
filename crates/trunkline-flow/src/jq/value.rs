//! The value that expressions work on: jaq's own, with what keeps it from growing without end.
//!
//! The one rule: whatever makes a value asks the meter first, and no value nests deeper than [`MAX_DEPTH`]. Depth is an upper
//! bound that is carried along and counted anew only when it seems to be too much. Operators are in `operators.rs`, access and
//! change of parts in `paths.rs`, comparison in `compare.rs`, JSON in `convert.rs` and `text.rs`.

use std::fmt;

use jaq_core::val::Range;
use jaq_json::{Map, Num, Rc, Val};

use super::{
    meter::{self, Stop},
    text,
};

/// How many arrays and objects may stand inside of each other.
pub const MAX_DEPTH: usize = 512;

/// What one item of an array and one entry of an object take, about.
pub(super) const ITEM: usize = 16;
pub(super) const ENTRY: usize = 64;

/// An error of an expression.
pub(super) type Error = jaq_core::Error<Held>;
/// A value or an error.
pub(super) type Outcome = jaq_core::ValR<Held>;

/// A value, and how deep it nests at most: 0 for what holds nothing.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) value: Val,
    pub(super) depth: usize,
}

impl Held {
    /// A value that holds no other.
    pub(super) const fn flat(value: Val) -> Self {
        Self { value, depth: 0 }
    }

    /// A value that nests so deep at most.
    pub(super) fn deep(value: Val, depth: usize) -> Self {
        let depth = match &value {
            Val::Arr(_) | Val::Obj(_) if depth <= MAX_DEPTH => depth,
            Val::Arr(_) | Val::Obj(_) => depth_of(&value, 0),
            _ => 0,
        };
        Self { value, depth }
    }

    /// What stands inside of a value of that depth.
    pub(super) fn inside(value: Val, depth: usize) -> Self {
        Self::deep(value, depth.saturating_sub(1))
    }

    /// Text.
    pub(super) fn text(text: String) -> Self {
        meter::make(text.len());
        Self::flat(Val::utf8_str(text))
    }

    /// An array of these, whose items nest so deep at most.
    pub(super) fn array(items: Vec<Val>, depth: usize) -> Self {
        Self::deep(Val::Arr(Rc::new(items)), depth + 1)
    }
}

/// How deep a value nests, counted.
pub(super) fn depth_of(value: &Val, above: usize) -> usize {
    if above > MAX_DEPTH {
        meter::stop(Stop::Depth);
    }
    let inside = |item: &Val| {
        meter::step();
        depth_of(item, above + 1)
    };
    match value {
        Val::Arr(items) => 1 + items.iter().map(inside).max().unwrap_or(0),
        Val::Obj(entries) => 1 + entries.values().map(inside).max().unwrap_or(0),
        _ => 0,
    }
}

impl From<bool> for Held {
    fn from(value: bool) -> Self {
        Self::flat(Val::Bool(value))
    }
}

impl From<isize> for Held {
    fn from(value: isize) -> Self {
        Self::flat(Val::Num(Num::Int(value)))
    }
}

impl From<usize> for Held {
    fn from(value: usize) -> Self {
        Self::flat(Val::Num(Num::from_integral(value)))
    }
}

impl From<f64> for Held {
    fn from(value: f64) -> Self {
        Self::flat(Val::Num(Num::Float(value)))
    }
}

impl From<String> for Held {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Range<Self>> for Held {
    fn from(range: Range<Self>) -> Self {
        let mut map = Map::default();
        for (name, end) in [("start", range.start), ("end", range.end)] {
            if let Some(end) = end {
                map.insert(Val::utf8_str(name), end.value);
            }
        }
        Self::deep(Val::obj(map), 1)
    }
}

impl FromIterator<Self> for Held {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        let mut depth = 0;
        let items = items
            .into_iter()
            .map(|item| {
                meter::make(ITEM);
                depth = depth.max(item.depth);
                item.value
            })
            .collect();
        Self::array(items, depth)
    }
}

/// As messages show it: JSON, shortened.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::excerpt(&self.value))
    }
}

impl jaq_std::ValT for Held {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        let depth = self.depth;
        match self.value {
            Val::Arr(items) => {
                meter::make(items.len() * size_of::<Self>());
                let inside = |item| Self::inside(item, depth);
                Ok(match Rc::try_unwrap(items) {
                    Ok(items) => items.into_iter().map(inside).collect(),
                    Err(items) => items.iter().cloned().map(inside).collect(),
                })
            }
            _ => Err(self),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self.value, Val::Num(Num::Int(_) | Num::BigInt(_)))
    }

    fn as_isize(&self) -> Option<isize> {
        match &self.value {
            Val::Num(number) => number.as_isize(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        jaq_std::ValT::as_f64(&self.value)
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self.value, Val::TStr(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        jaq_std::ValT::as_bytes(&self.value)
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        meter::make(ENTRY);
        Self::flat(jaq_std::ValT::as_sub_str(&self.value, part))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        meter::make(bytes.as_ref().len());
        Self::flat(Val::from_utf8_bytes(bytes))
    }
}
