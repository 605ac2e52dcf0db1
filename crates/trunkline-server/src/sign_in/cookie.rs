//! The word by which a browser is known between its going to Intercom and its coming back.
//!
//! The one rule: scripts cannot read it, other sites cannot send it along with their own requests, and over HTTPS it belongs to
//! this host alone (`__Host-`).

use http::{HeaderMap, HeaderValue, header};

const NAME: &str = "trunkline-grant";
const WORD: usize = 64;

/// The word that the browser brings, if it is one of ours by its looks.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| name.strip_prefix("__Host-").unwrap_or(name) == NAME && is_word(value))
        .map(|(_, value)| value.to_owned())
}

/// Gives the browser its word, for as long as a grant may take.
pub(super) fn set(word: &str, is_https: bool) -> HeaderValue {
    let text = if is_https {
        format!("__Host-{NAME}={word}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    } else {
        format!("{NAME}={word}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax")
    };
    // The word is made of hexadecimal digits.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn is_word(text: &str) -> bool {
    text.len() == WORD && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_from_among_other_cookies_and_only_if_it_is_one() {
        let word = "ab".repeat(32);
        let cases = [
            (format!("{NAME}={word}"), true),
            (format!("a=b; __Host-{NAME}={word}; c=d"), true),
            (format!("{NAME}x={word}"), false),
            (format!("{NAME}={word}0"), false),
            (format!("{NAME}={}", "zz".repeat(32)), false),
            (NAME.to_owned(), false),
            (String::new(), false),
        ];
        for (text, is_read) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(&text).unwrap());
            assert_eq!(read(&headers), is_read.then(|| word.clone()), "{text}");
        }
    }

    #[test]
    fn over_https_the_word_is_sent_to_this_host_over_https_alone() {
        let text = set("w", true);
        for part in ["__Host-", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(text.to_str().unwrap().contains(part), "{part}");
        }
        assert!(!set("w", false).to_str().unwrap().contains("Secure"));
    }
}
