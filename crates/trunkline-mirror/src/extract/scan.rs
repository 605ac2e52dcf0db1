//! Reads JSON text in place: where values begin and end, and nothing that was not asked for.
//!
//! The one rule: it accepts the text that `serde_json` accepts when it ignores a value, up to a depth of 127; tests compare
//! the two. It exists because visitors took three times as long, most of it for what is skipped.

use std::{borrow::Cow, fmt};

/// Deeper nesting than this is refused, so that a hostile record cannot exhaust the stack.
const DEEPEST: u8 = 127;

/// Text that is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// What was expected.
    what: &'static str,
    /// The byte at which something else stands.
    at: usize,
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is not JSON: {} expected at byte {}", self.what, self.at)
    }
}

impl std::error::Error for NotJson {}

/// A string as it stands in the text, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Str<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Str<'a> {
    /// The string; nothing when its escapes make no text (half of a surrogate pair).
    pub(super) fn unescaped(self) -> Option<Cow<'a, str>> {
        if self.escaped {
            unescape(self.raw).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(self.raw))
        }
    }
}

/// The text that `raw` stands for; its escapes were checked when it was walked over.
fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1)?;
        rest = &rest[at + 2..];
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = unit(rest)?;
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&first) {
                    let second = unit(rest.strip_prefix("\\u")?)?;
                    rest = &rest[6..];
                    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?
                } else {
                    char::from_u32(first)?
                }
            }
            other => char::from(*other),
        });
    }
    text.push_str(rest);
    Some(text)
}

fn unit(hex: &str) -> Option<u32> {
    u32::from_str_radix(hex.get(..4)?, 16).ok()
}

/// A number as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number<'a> {
    Integer(i64),
    /// With a fraction or exponent, or too large for 64 bits.
    Other(&'a str),
}

/// A position in JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u8,
}

type Scanned<T> = Result<T, NotJson>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
        }
    }

    fn expected<T>(&self, what: &'static str) -> Scanned<T> {
        Err(NotJson { what, at: self.at })
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Nothing but white space is left.
    pub(super) fn end(&mut self) -> Scanned<()> {
        if self.peek().is_some() {
            self.expected("the end")
        } else {
            Ok(())
        }
    }

    /// The text that `read` walks over.
    pub(super) fn slice(&mut self, read: impl FnOnce(&mut Self) -> Scanned<()>) -> Scanned<&'a str> {
        self.peek();
        let start = self.at;
        read(self)?;
        Ok(&self.text[start..self.at])
    }

    /// Walks over an object; `each` has to walk over the value of the key that it is given.
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, Str<'a>) -> Scanned<()>) -> Scanned<()> {
        self.open(b'{', "an object")?;
        if self.peek() == Some(b'}') {
            return self.close();
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.expected("a key");
            }
            let key = self.string()?;
            if self.peek() != Some(b':') {
                return self.expected("a colon");
            }
            self.at += 1;
            each(self, key)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.close(),
                _ => return self.expected("a comma or the end of the object"),
            }
        }
    }

    /// Where the value of `wanted` begins in the object that begins here.
    pub(super) fn find(&mut self, wanted: &str) -> Option<usize> {
        let mut found = None;
        // The walk is broken off by an error that nobody sees, once the key is found.
        let _ = self.object(|scanner, key| {
            if key.unescaped().is_some_and(|key| key == wanted) {
                found = Some(scanner.at);
                return scanner.expected("no more");
            }
            scanner.skip()
        });
        found
    }

    /// Walks over an array; `each` has to walk over one item.
    pub(super) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<()> {
        self.open(b'[', "an array")?;
        if self.peek() == Some(b']') {
            return self.close();
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.close(),
                _ => return self.expected("a comma or the end of the array"),
            }
        }
    }

    fn open(&mut self, bracket: u8, what: &'static str) -> Scanned<()> {
        if self.peek() != Some(bracket) || self.depth >= DEEPEST {
            return self.expected(what);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) -> Scanned<()> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// Walks over any value.
    pub(super) fn skip(&mut self) -> Scanned<()> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(|scanner, _| scanner.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => self.word().map(drop),
        }
    }

    /// `true` and `false`, or nothing for `null`.
    pub(super) fn word(&mut self) -> Scanned<Option<bool>> {
        let rest = &self.bytes[self.at..];
        let (length, value) = match rest.first() {
            Some(b't') if rest.starts_with(b"true") => (4, Some(true)),
            Some(b'f') if rest.starts_with(b"false") => (5, Some(false)),
            Some(b'n') if rest.starts_with(b"null") => (4, None),
            _ => return self.expected("a value"),
        };
        self.at += length;
        Ok(value)
    }

    /// A string; the opening quote is what [`Self::peek`] showed.
    #[inline]
    pub(super) fn string(&mut self) -> Scanned<Str<'a>> {
        let start = self.at + 1;
        let end = start + plain(&self.bytes[start..]);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Str {
                raw: &self.text[start..end],
                escaped: false,
            });
        }
        self.escaped_string(start, end)
    }

    /// The same for a string in which something else than its end stands at `at`.
    fn escaped_string(&mut self, start: usize, mut at: usize) -> Scanned<Str<'a>> {
        loop {
            self.at = at;
            at += match self.bytes[at..] {
                [b'"', ..] => {
                    self.at = at + 1;
                    return Ok(Str {
                        raw: &self.text[start..at],
                        escaped: true,
                    });
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => 6,
                [b'\\', ..] => return self.expected("an escape"),
                _ => return self.expected("the end of the string"),
            };
            at += plain(&self.bytes[at..]);
        }
    }

    /// A number; its first byte is what [`Self::peek`] showed.
    pub(super) fn number(&mut self) -> Scanned<Number<'a>> {
        let start = self.at;
        let negative = self.bytes[self.at] == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: Option<i64> = Some(0);
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            let digit = i64::from(digit - b'0');
            // Counted down, because the smallest number has no positive twin.
            value = value.and_then(|value| value.checked_mul(10)?.checked_sub(digit));
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 || (digits > 1 && self.bytes[first] == b'0') {
            return self.expected("a number");
        }
        let mut whole = true;
        if self.bytes.get(self.at) == Some(&b'.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        let value = if negative {
            value
        } else {
            value.and_then(i64::checked_neg)
        };
        Ok(match value.filter(|_| whole) {
            Some(value) => Number::Integer(value),
            None => Number::Other(&self.text[start..self.at]),
        })
    }

    fn digits(&mut self) -> Scanned<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == start {
            self.expected("a digit")
        } else {
            Ok(())
        }
    }
}

/// How many bytes a string goes on without a quote, backslash or control character, eight at a time.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The high bit of a byte is set where the byte is zero; bytes above the first hit may be wrong, and are not used.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (number, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let hits = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | control;
        if hits != 0 {
            return number * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let whole = bytes.len() - rest.len();
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    whole + rest.iter().position(special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::{Number, Scanner};

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.skip().and_then(|()| scanner.end()).is_ok()
    }

    #[test]
    fn valid_and_invalid_text_are_told_apart() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for text in [
            "{}",
            " [ ] ",
            "{\"a\":[1,-2.5e+3,true,false,null,\"x\\u00e9\\n\"]}",
            "0",
            "-0",
            "1e9",
            "\"\"",
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "01",
            "1.",
            "-",
            ".5",
            "+1",
            "1e",
            "tru",
            "nulll",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u12\"",
            "\"a\nb\"",
            "\"open",
            "[1 2]",
            "{\"a\":1,}",
            "[1]]",
            "\u{feff}[]",
            "\"é\u{7f}\u{80}\u{a0}\"",
            "18446744073709551616",
            "-9223372036854775808",
            "1e999",
            "\"\\ud800\"",
            &deep(127),
        ] {
            assert_eq!(
                accepts(text),
                serde_json::from_str::<IgnoredAny>(text).is_ok(),
                "{text}"
            );
        }
        assert!(!accepts(&deep(128)));
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        for text in [
            r#""a\"b\\c\/d\b\f\n\r\t\u00e9\u20AC\ud83d\ude00 end""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            r#""\ude00""#,
            r#""\u0000""#,
            r#""plain""#,
            r#""""#,
        ] {
            let found = Scanner::new(text)
                .string()
                .unwrap()
                .unescaped()
                .map(std::borrow::Cow::into_owned);
            assert_eq!(found, serde_json::from_str::<String>(text).ok(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_value() {
        for (text, value) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.0", None),
        ] {
            let found = Scanner::new(text).number().unwrap();
            let found = if let Number::Integer(found) = found {
                Some(found)
            } else {
                None
            };
            assert_eq!(found, value, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn the_same_text_is_accepted_as_by_serde(text in "[\\[\\]{}:,\"\\\\0-2e.\\-+tun a\n\u{e9}]{0,16}") {
            prop_assert_eq!(accepts(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok());
        }

        #[test]
        fn valid_text_that_is_cut_or_changed_is_judged_as_serde_does(
            at in 0..200_usize, byte in any::<char>(), replaces in any::<bool>()
        ) {
            let mut text: Vec<char> = r#"{"id":"1","n":-12.5e-3,"s":"a\"b\\c\u00e9\ud83d\ude00","l":[1,{"x":null},true,[]],"o":{"k":"value that is longer than eight bytes"}}"#.chars().collect();
            let at = at % text.len();
            if replaces { text[at] = byte } else { text.truncate(at) }
            let text: String = text.into_iter().collect();
            prop_assert_eq!(accepts(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok());
        }
    }
}
