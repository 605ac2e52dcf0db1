//! The path of a request by hand: relative to the connection's address, or refused.
//!
//! The one rule: nothing here is repaired into something that was not written. A path that a URL parser would read
//! otherwise than a person (dot segments, backslashes, two slashes, line breaks) is refused, not resolved.

use std::fmt::Write as _;

use http::Uri;

use super::RawError;

/// A path and a query that stay where the connection points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    path: String,
    query: String,
}

impl Target {
    pub(super) fn read(text: &str) -> Result<Self, RawError> {
        match Self::check(text) {
            Ok(target) => Ok(target),
            Err(reason) => Err(RawError::Path {
                reason: reason.to_owned(),
            }),
        }
    }

    fn check(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.trim() != text {
            return Err("it begins or ends with a space");
        }
        if text.chars().any(char::is_control) {
            return Err("it has a line break, a tab or another control character");
        }
        if text.contains('\\') {
            return Err("it has a backslash, which some programs read as a slash");
        }
        if text.contains('#') {
            return Err("it has a fragment (`#`), which is never sent; write %23 for the character itself");
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        if path.starts_with("//") {
            return Err("two slashes at its beginning name another host, which must not receive the token");
        }
        let path = match path.strip_prefix('/') {
            Some(path) => path,
            None => {
                let first = path.split('/').next().unwrap_or_default();
                if first.contains(':') {
                    return Err("it names a scheme or a port: a whole address must not receive the token");
                }
                if first.contains('@') {
                    return Err("it begins with a user name, as an address does");
                }
                path
            }
        };
        if path.is_empty() {
            return Err("it names nothing under the address");
        }
        let segments = path.strip_suffix('/').unwrap_or(path);
        for segment in segments.split('/') {
            check_segment(segment)?;
        }
        let mut target = Self {
            path: "/".to_owned(),
            query: String::new(),
        };
        encode(path, &mut target.path, b"-._~!$&'()*+,;=:@/")?;
        encode(query, &mut target.query, b"-._~!$&'()*+,;=:@/?[]")?;
        Ok(target)
    }

    /// The path, percent-encoded, without the query.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Adds a parameter behind those that are there.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        for (index, text) in [name, value].into_iter().enumerate() {
            if index == 1 {
                self.query.push('=');
            }
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    self.query.push(char::from(byte));
                } else {
                    percent(byte, &mut self.query);
                }
            }
        }
    }

    /// The names of the query parameters, without their values.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        url::form_urlencoded::parse(self.query.as_bytes()).map(|(name, _)| name.into_owned())
    }

    /// The path for a log: the first segment when it is a plain word, and nothing of the others, which may be values.
    pub(super) fn veiled(&self) -> String {
        let mut segments = self.path.trim_matches('/').split('/');
        let first = segments.next().filter(|first| {
            first
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        let mut veiled = format!("/{}", first.unwrap_or("{}"));
        for _ in segments {
            veiled.push_str("/{}");
        }
        veiled
    }

    pub(super) fn uri(&self) -> Result<Uri, String> {
        let text = if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        };
        text.parse::<Uri>().map_err(|error| error.to_string())
    }
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    if segment.is_empty() {
        return Err("it has an empty part between two slashes; is a value missing?");
    }
    if segment.contains(['{', '}']) {
        return Err("it has a parameter in braces; put its value in its place");
    }
    let plain = decoded_dots(segment);
    if plain == "." || plain == ".." {
        return Err("it has a dot segment, which would be resolved to another path");
    }
    let has_control = segment.as_bytes().windows(3).any(|three| {
        three[0] == b'%'
            && (matches!(three[1], b'0' | b'1') && three[2].is_ascii_hexdigit()
                || three[1..] == *b"7f"
                || three[1..] == *b"7F")
    });
    if has_control {
        return Err("it has a control character, percent-encoded");
    }
    Ok(())
}

/// The segment with `%2e` as the dot that URL parsers take it for.
fn decoded_dots(segment: &str) -> String {
    segment.replace("%2e", ".").replace("%2E", ".")
}

/// Takes over what may stand in an address and encodes the rest; what is percent-encoded already stays.
fn encode(text: &str, into: &mut String, allowed: &[u8]) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().copied().enumerate() {
        if byte == b'%' {
            let is_encoded = bytes
                .get(index + 1..index + 3)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            if !is_encoded {
                return Err(
                    "a `%` is not followed by two hexadecimal digits; write %25 for the character itself",
                );
            }
            into.push('%');
        } else if byte.is_ascii_alphanumeric() || allowed.contains(&byte) {
            into.push(char::from(byte));
        } else {
            percent(byte, into);
        }
    }
    Ok(())
}

fn percent(byte: u8, into: &mut String) {
    write!(into, "%{byte:02X}").expect("writing to a String cannot fail");
}
