//! Values as JSON text: whole for expressions, shortened for messages.
//!
//! The one rule: only the whole text asks the meter; a message must be possible when nothing is left.

use jaq_json::{Num, Val};
use serde_json::Value;

use super::meter;

/// How much of a value a message shows, in bytes.
const EXCERPT: usize = 120;

/// The whole value.
pub(super) fn json(value: &Val) -> String {
    let mut writer = Writer {
        out: String::new(),
        most: None,
    };
    writer.value(value);
    writer.out
}

/// The beginning of a value, on one line.
pub(super) fn excerpt(value: &Val) -> String {
    let mut writer = Writer {
        out: String::new(),
        most: Some(EXCERPT),
    };
    writer.value(value);
    shortened(&writer.out)
}

/// The beginning of a JSON value, on one line, and no more work than that takes.
pub(super) fn excerpt_of_json(value: &Value) -> String {
    struct First(Vec<u8>);
    impl std::io::Write for First {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.len() > EXCERPT {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            let rest = 4 * EXCERPT - self.0.len().min(4 * EXCERPT);
            self.0.extend_from_slice(&bytes[..bytes.len().min(rest)]);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut first = First(Vec::new());
    // It ends with an error as soon as there is enough.
    let _ = serde_json::to_writer(&mut first, value);
    shortened(&String::from_utf8_lossy(&first.0))
}

/// The beginning of a text.
pub(super) fn shortened(text: &str) -> String {
    if text.len() <= EXCERPT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(EXCERPT);
    format!("{}…", &text[..end])
}

/// A number as JSON knows it: what is not a number is null, what is infinite is the largest, as in jq.
pub(super) fn finite(number: &Num) -> Option<f64> {
    let number = jaq_std::ValT::as_f64(&Val::Num(number.clone()))?;
    (!number.is_nan()).then(|| number.clamp(f64::MIN, f64::MAX))
}

struct Writer {
    out: String,
    most: Option<usize>,
}

impl Writer {
    fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.out.len() > most)
    }

    fn push(&mut self, text: &str) {
        match self.most {
            Some(most) => {
                let rest = (4 * most).saturating_sub(self.out.len());
                self.out
                    .push_str(&text[..text.floor_char_boundary(rest.min(text.len()))]);
            }
            None => {
                meter::make(text.len());
                self.out.push_str(text);
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        let bytes = match self.most {
            Some(most) => &bytes[..bytes.len().min(4 * most)],
            None => bytes,
        };
        let quoted = serde_json::to_string(&String::from_utf8_lossy(bytes));
        self.push(&quoted.unwrap_or_default());
    }

    fn value(&mut self, value: &Val) {
        if self.is_full() {
            return;
        }
        match value {
            Val::Null => self.push("null"),
            Val::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Val::Num(number @ (Num::Int(_) | Num::BigInt(_))) => self.push(&number.to_string()),
            Val::Num(number) => {
                let text = finite(number).map_or_else(|| Value::Null, Value::from);
                self.push(&text.to_string());
            }
            Val::TStr(text) | Val::BStr(text) => self.text(text),
            Val::Arr(items) => {
                self.push("[");
                self.items(items.iter(), Self::value);
                self.push("]");
            }
            Val::Obj(entries) => {
                self.push("{");
                self.items(entries.iter(), |writer, (key, value)| {
                    writer.value(key);
                    writer.push(":");
                    writer.value(value);
                });
                self.push("}");
            }
        }
    }

    fn items<T>(&mut self, items: impl Iterator<Item = T>, write: impl Fn(&mut Self, T)) {
        for (index, item) in items.enumerate() {
            if self.is_full() {
                return;
            }
            if index > 0 {
                self.push(",");
            }
            if self.most.is_none() {
                meter::step();
            }
            write(self, item);
        }
    }
}
