//! Values as PostgreSQL's `COPY` reads them.
//!
//! The one rule: what PostgreSQL cannot hold never stops a row: a NUL in a text, and an escape in JSON that stands for no
//! character, become U+FFFD.

use std::{borrow::Cow, fmt::Write as _};

use super::CellKind;
use crate::targets::Cell;

/// Adds a row as one line.
pub(super) fn line(out: &mut String, kinds: &[CellKind], row: &[Cell]) {
    for (place, cell) in row.iter().enumerate() {
        if place > 0 {
            out.push('\t');
        }
        let kind = kinds.get(place).copied().unwrap_or(CellKind::Text);
        value(out, kind, cell);
    }
    out.push('\n');
}

fn value(out: &mut String, kind: CellKind, cell: &Cell) {
    match cell {
        Cell::Null => out.push_str("\\N"),
        Cell::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Cell::Integer(value) => {
            // Writing to a text cannot fail.
            let _ = write!(out, "{value}");
        }
        Cell::Real(value) => {
            let _ = write!(out, "{value:?}");
        }
        Cell::Text(text) if kind == CellKind::Json => escaped(out, &json(text)),
        Cell::Text(text) => escaped(out, &without_nul(text)),
    }
}

fn escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(place) = rest.find(['\\', '\n', '\r', '\t']) {
        out.push_str(&rest[..place]);
        out.push_str(match rest.as_bytes()[place] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\t",
        });
        rest = &rest[place + 1..];
    }
    out.push_str(rest);
}

/// Text without NUL.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// JSON whose escapes all stand for characters that a text can hold.
fn json(text: &str) -> Cow<'_, str> {
    let text = without_nul(text);
    if !text.contains("\\u") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        out.push_str(before);
        let Some(unit) = unit(escape) else {
            // Any other escape is two characters of ASCII.
            let length = escape.len().min(2);
            out.push_str(&escape[..length]);
            rest = &escape[length..];
            continue;
        };
        let low = unit_after(escape);
        let length = match (unit, low) {
            (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => 12,
            _ => 6,
        };
        if unit == 0 || (length == 6 && (0xd800..=0xdfff).contains(&unit)) {
            out.push_str("\\ufffd");
        } else {
            out.push_str(&escape[..length]);
        }
        rest = &escape[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn unit(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

fn unit_after(escape: &str) -> Option<u32> {
    unit(escape.get(6..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_one_field_of_one_line() {
        let row = [
            Cell::Null,
            Cell::Boolean(true),
            Cell::Integer(-3),
            Cell::Real(1e300),
            Cell::Text("a\tb\\c\nd\re\0".to_owned()),
            Cell::Text("\\N".to_owned()),
        ];
        let mut out = String::new();
        line(&mut out, &[CellKind::Text; 6], &row);
        assert_eq!(out, "\\N\ttrue\t-3\t1e300\ta\\tb\\\\c\\nd\\re\u{fffd}\t\\\\N\n");
    }

    #[test]
    fn escapes_that_stand_for_no_character_become_one_that_does() {
        for (text, expected) in [
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ud83dx\ude00""#, r#""\ufffdx\ufffd""#),
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000""#, r#""\\\ufffd""#),
            (r#""ü\u00fc""#, r#""ü\u00fc""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
        ] {
            assert_eq!(json(text), expected);
        }
    }
}
