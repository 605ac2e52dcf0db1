//! Cookies that browsers keep for us: words that open something, and small things to remember.
//!
//! The one rule: scripts cannot read them unless they are meant to, other sites cannot send them along with their own requests, and over
//! HTTPS they belong to this host alone (`__Host-`).

use http::{HeaderMap, HeaderValue, header};

const WORD: usize = 64;

/// The word of this name that the browser brings, if it is one of ours by its looks.
pub(crate) fn word(headers: &HeaderMap, name: &str) -> Option<String> {
    read(headers, name, is_word)
}

/// The value of this name that the browser brings, if it is as it should be.
pub(crate) fn read(headers: &HeaderMap, name: &str, is_good: impl Fn(&str) -> bool) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| found.strip_prefix("__Host-").unwrap_or(found) == name && is_good(value))
        .map(|(_, value)| value.to_owned())
}

/// Gives the browser a value to keep for so many seconds; 0 takes it back. The value has no letters that end a cookie.
pub(crate) fn set(name: &str, value: &str, seconds: u32, is_https: bool) -> HeaderValue {
    let text = if is_https {
        format!("__Host-{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax; Secure")
    } else {
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax")
    };
    // Words are made of hexadecimal digits, and whatever else is kept is escaped by whoever keeps it.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn is_word(text: &str) -> bool {
    text.len() == WORD && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "trunkline-grant";

    #[test]
    fn a_word_is_read_from_among_other_cookies_and_only_if_it_is_one() {
        let good = "ab".repeat(32);
        let cases = [
            (format!("{NAME}={good}"), true),
            (format!("a=b; __Host-{NAME}={good}; c=d"), true),
            (format!("{NAME}x={good}"), false),
            (format!("{NAME}={good}0"), false),
            (format!("{NAME}={}", "zz".repeat(32)), false),
            (NAME.to_owned(), false),
            (String::new(), false),
        ];
        for (text, is_read) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(&text).unwrap());
            assert_eq!(word(&headers, NAME), is_read.then(|| good.clone()), "{text}");
        }
    }

    #[test]
    fn over_https_a_word_is_sent_to_this_host_over_https_alone() {
        let text = set(NAME, "w", 600, true);
        for part in [
            "__Host-",
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
            "Max-Age=600",
        ] {
            assert!(text.to_str().unwrap().contains(part), "{part}");
        }
        assert!(!set(NAME, "w", 600, false).to_str().unwrap().contains("Secure"));
    }
}
