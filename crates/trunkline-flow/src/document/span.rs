//! A length of time in a flow: `500ms`, `10s`, `5m`, `1h`, `2d`.

use std::{fmt, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]+(ms|s|m|h|d)$"))]
pub struct Span(pub Duration);

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let milliseconds = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .and_then(|(_, milliseconds)| number.parse::<u64>().ok()?.checked_mul(*milliseconds));
        milliseconds.map(|milliseconds| Self(Duration::from_millis(milliseconds))).ok_or_else(|| {
            format!("{text:?} is no length of time; write a number and a unit, such as 500ms, 10s, 5m, 1h or 2d")
        })
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let (name, unit) = UNITS
            .iter()
            .rev()
            .find(|(_, unit)| milliseconds > 0 && milliseconds.is_multiple_of(u128::from(*unit)))
            .unwrap_or(&UNITS[1]);
        write!(f, "{}{name}", milliseconds / u128::from(*unit))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, milliseconds) in [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("2d", Some(172_800_000)),
            ("0s", Some(0)),
            ("10", None),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1.5h", None),
            ("1h30m", None),
            ("99999999999999999d", None),
        ] {
            let read = text.parse::<Span>().ok();
            assert_eq!(read.map(|span| span.0.as_millis()), milliseconds, "{text}");
            if let Some(span) = read {
                assert_eq!(span.to_string(), text);
            }
        }
    }
}
