//! `.key`, `.[0]`, `.[1:3]`, `.[]`, and changing what stands there.
//!
//! The one rule: keys of objects are text, as in JSON. jaq would allow any value, which could not be given out.

use bstr::ByteSlice as _;
use jaq_core::{ValT, ValX, box_iter::box_once, path::Opt, val::Range};
use jaq_json::{Map, Num, Rc, Val};

use super::{
    compare, meter, text,
    value::{ENTRY, Error, Held, ITEM, Outcome},
};

/// How long a number may be that is written out.
const MAX_DIGITS: usize = 4_096;

const CONTAINER: &str = "array or object";

impl ValT for Held {
    fn from_num(digits: &str) -> Outcome {
        if digits.len() > MAX_DIGITS {
            return Err(Error::str("a number has too many digits"));
        }
        Val::from_num(digits)
            .map(Self::flat)
            .map_err(|_| Error::str("this is not a number"))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> Outcome {
        let mut map = Map::default();
        let mut depth = 0;
        for (key, value) in entries {
            meter::make(ENTRY);
            if !matches!(key.value, Val::TStr(_)) {
                return Err(Error::typ(key, "key of an object, which is text"));
            }
            depth = depth.max(value.depth);
            map.insert(key.value, value.value);
        }
        Ok(Self::deep(Val::obj(map), depth + 1))
    }

    fn key_values(self) -> Box<dyn Iterator<Item = jaq_core::ValR<(Self, Self), Self>>> {
        let depth = self.depth;
        match self.value {
            Val::Arr(items) => Box::new(
                (0..items.len()).map(move |at| Ok((at.into(), Self::inside(items[at].clone(), depth)))),
            ),
            Val::Obj(entries) => Box::new((0..entries.len()).map(move |at| {
                let (key, value) = entries
                    .get_index(at)
                    .map_or_else(Default::default, |(key, value)| (key.clone(), value.clone()));
                Ok((Self::flat(key), Self::inside(value, depth)))
            })),
            _ => box_once(Err(Error::typ(self, CONTAINER))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = Outcome>> {
        let depth = self.depth;
        match self.value {
            Val::Arr(items) => match Rc::try_unwrap(items) {
                Ok(items) => Box::new(items.into_iter().map(move |item| Ok(Self::inside(item, depth)))),
                Err(items) => {
                    Box::new((0..items.len()).map(move |at| Ok(Self::inside(items[at].clone(), depth))))
                }
            },
            Val::Obj(entries) => {
                Box::new((0..entries.len()).map(move |at| Ok(Self::inside(entries[at].clone(), depth))))
            }
            _ => box_once(Err(Error::typ(self, CONTAINER))),
        }
    }

    fn index(self, index: &Self) -> Outcome {
        let depth = self.depth;
        let found = match (&self.value, &index.value) {
            (Val::Null, Val::Null | Val::Num(_) | Val::TStr(_) | Val::Obj(_)) => None,
            (Val::Obj(entries), key @ Val::TStr(_)) => entries.get(key).cloned(),
            (Val::Arr(items), Val::Num(at)) => position(at, items.len()).map(|at| items[at].clone()),
            (Val::Arr(items), Val::Arr(wanted)) => {
                return Ok(compare::places(items, wanted)
                    .into_iter()
                    .map(Self::from)
                    .collect());
            }
            (Val::Arr(_) | Val::TStr(_), Val::Obj(range)) => {
                let (start, end) = ends(range);
                return self.range(start.as_ref()..end.as_ref());
            }
            _ => return Err(Error::index(self, index.clone())),
        };
        Ok(Self::inside(found.unwrap_or(Val::Null), depth))
    }

    fn range(self, range: Range<&Self>) -> Outcome {
        let depth = self.depth;
        match &self.value {
            Val::Null => Ok(self),
            Val::Arr(items) => {
                let (skip, take) = bounds(range, items.len())?;
                meter::make(take * ITEM);
                Ok(Self::deep(
                    Val::Arr(Rc::new(items[skip..skip + take].to_vec())),
                    depth,
                ))
            }
            Val::TStr(text) => {
                let (from, upto) = bytes(range, text)?;
                Ok(Self::flat(Val::utf8_str(text.slice(from..upto))))
            }
            _ => Err(Error::typ(self, "array or text")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        change: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let before = self.depth;
        let mut depth = before.saturating_sub(1);
        match self.value {
            Val::Arr(items) => {
                let mut changed = Vec::with_capacity(items.len());
                for at in 0..items.len() {
                    for item in change(Self::inside(items[at].clone(), before)) {
                        let item = item?;
                        meter::make(ITEM);
                        depth = depth.max(item.depth);
                        changed.push(item.value);
                    }
                }
                Ok(Self::array(changed, depth))
            }
            Val::Obj(entries) => {
                let mut changed = Map::default();
                for (key, value) in entries.iter() {
                    if let Some(value) = change(Self::inside(value.clone(), before)).next().transpose()? {
                        meter::make(ENTRY);
                        depth = depth.max(value.depth);
                        changed.insert(key.clone(), value.value);
                    }
                }
                Ok(Self::deep(Val::obj(changed), depth + 1))
            }
            _ => opt.fail(self, |value| Error::typ(value, CONTAINER).into()),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        change: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let depth = self.depth;
        if let (Val::TStr(_) | Val::Arr(_), Val::Obj(range)) = (&self.value, &index.value) {
            let (start, end) = ends(range);
            return self.map_range(start.as_ref()..end.as_ref(), opt, change);
        }
        match (self.value, &index.value) {
            (Val::Obj(mut entries), key @ Val::TStr(_)) => {
                if Rc::strong_count(&entries) > 1 {
                    meter::make(entries.len() * ENTRY);
                }
                let map = Rc::make_mut(&mut entries);
                // Taken out while it is changed, so that nobody else holds it and it can be changed in place.
                let old = map.get_mut(key).map(std::mem::take);
                let new = change(Self::inside(old.unwrap_or(Val::Null), depth))
                    .next()
                    .transpose()?;
                let inner = match new {
                    Some(new) => {
                        meter::make(ENTRY);
                        map.insert(key.clone(), new.value);
                        new.depth
                    }
                    None => {
                        map.shift_remove(key);
                        0
                    }
                };
                Ok(Self::deep(Val::Obj(entries), depth.max(inner + 1)))
            }
            (Val::Arr(mut items), Val::Num(at)) => {
                let Some(at) = position(at, items.len()) else {
                    let missing = || Error::str(format_args!("index {index} is outside of the array")).into();
                    return opt.fail(Self::deep(Val::Arr(items), depth), |_| missing());
                };
                if Rc::strong_count(&items) > 1 {
                    meter::make(items.len() * ITEM);
                }
                let list = Rc::make_mut(&mut items);
                let old = std::mem::take(&mut list[at]);
                let inner = match change(Self::inside(old, depth)).next().transpose()? {
                    Some(new) => {
                        list[at] = new.value;
                        new.depth
                    }
                    None => {
                        list.remove(at);
                        0
                    }
                };
                Ok(Self::deep(Val::Arr(items), depth.max(inner + 1)))
            }
            (Val::Null, Val::TStr(_)) => {
                Self::deep(Val::obj(Map::default()), 1).map_index(index, opt, change)
            }
            (value, _) => opt.fail(Self::deep(value, depth), |value| {
                Error::index(value, index.clone()).into()
            }),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        change: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let depth = self.depth;
        let (is_array, found) = match &self.value {
            Val::Arr(items) => (
                true,
                bounds(range, items.len()).map(|(skip, take)| (skip, skip + take)),
            ),
            Val::TStr(text) => (false, bytes(range, text)),
            _ => return opt.fail(self, |value| Error::typ(value, "array or text").into()),
        };
        let (from, upto) = match found {
            Ok(found) => found,
            Err(error) => return opt.fail(self, |_| error.into()),
        };
        let part = match &self.value {
            Val::Arr(items) => Self::deep(Val::Arr(Rc::new(items[from..upto].to_vec())), depth),
            Val::TStr(text) => Self::flat(Val::utf8_str(text.slice(from..upto))),
            _ => return Ok(self),
        };
        let new = change(part).next().transpose()?;
        match (self.value, new.map(|new| (new.depth, new.value))) {
            (Val::Arr(mut items), Some((inner, Val::Arr(new)))) => {
                meter::make((items.len() + new.len()) * ITEM);
                Rc::make_mut(&mut items).splice(from..upto, new.iter().cloned());
                Ok(Self::deep(Val::Arr(items), depth.max(inner)))
            }
            (Val::Arr(mut items), None) => {
                meter::make(items.len() * ITEM);
                Rc::make_mut(&mut items).drain(from..upto);
                Ok(Self::deep(Val::Arr(items), depth))
            }
            (Val::TStr(text), new @ (None | Some((_, Val::TStr(_))))) => {
                let new = match &new {
                    Some((_, Val::TStr(new))) => &new[..],
                    _ => &[],
                };
                meter::make(text.len() + new.len());
                let joined = [&text[..from], new, &text[upto..]].concat();
                Ok(Self::flat(Val::utf8_str(joined)))
            }
            (_, new) => {
                let (inner, new) = new.unwrap_or((0, Val::Null));
                let wanted = if is_array { "array" } else { "text" };
                Err(Error::typ(Self::deep(new, inner), wanted).into())
            }
        }
    }

    fn as_bool(&self) -> bool {
        !matches!(self.value, Val::Null | Val::Bool(false))
    }

    fn into_string(self) -> Self {
        match self.value {
            Val::TStr(_) => self,
            value => Self::flat(Val::utf8_str(text::json(&value))),
        }
    }
}

/// The place in a list that a number means; fractions are cut off, as jq does.
pub(super) fn position(at: &Num, length: usize) -> Option<usize> {
    let at = whole(at)?;
    if at < 0 {
        length.checked_sub(at.unsigned_abs())
    } else {
        usize::try_from(at).ok().filter(|at| *at < length)
    }
}

fn whole(number: &Num) -> Option<isize> {
    number.as_isize().or_else(|| {
        let number = jaq_std::ValT::as_f64(&Val::Num(number.clone()))?;
        (!number.is_nan()).then(|| number.floor() as isize)
    })
}

/// What `{"start": 1, "end": 2}` means as an index.
fn ends(range: &Map) -> (Option<Held>, Option<Held>) {
    let end = |name: &'static str| range.get(&Val::utf8_str(name)).cloned().map(Held::flat);
    (end("start"), end("end"))
}

/// How many to skip and how many to take of so many.
fn bounds(range: Range<&Held>, length: usize) -> Result<(usize, usize), Error> {
    let place = |end: Option<&Held>, none: usize| match end.map(|end| &end.value) {
        None | Some(Val::Null) => Ok(none),
        Some(Val::Num(number)) => {
            let at = whole(number).unwrap_or(0);
            Ok(if at < 0 {
                length.saturating_sub(at.unsigned_abs())
            } else {
                at.unsigned_abs().min(length)
            })
        }
        Some(other) => Err(Error::typ(Held::deep(other.clone(), 1), "number")),
    };
    let (from, upto) = (place(range.start, 0)?, place(range.end, length)?);
    Ok((from, upto.saturating_sub(from)))
}

/// The bytes that a range of characters takes.
fn bytes(range: Range<&Held>, text: &[u8]) -> Result<(usize, usize), Error> {
    meter::steps(1 + text.len() as u64 / 256);
    let (skip, take) = bounds(range, text.chars().count())?;
    let mut starts = text.char_indices().map(|(start, _, _)| start);
    let from = starts.by_ref().nth(skip);
    let upto = match take {
        0 => from,
        take => starts.nth(take - 1),
    };
    let from = from.unwrap_or(text.len());
    Ok((from, upto.unwrap_or(text.len())))
}
