//! `pages.next` is a URL to follow as it is.
//!
//! The one rule: only the connection's own origin is ever followed; the token goes nowhere else.

use http::Uri;
use url::Url;

use super::{
    Position,
    rows::{List, NextPage},
};

pub(super) fn next(list: &List) -> Option<Position> {
    match &list.next {
        NextPage::Url(url) => Some(Position::Url(url.clone())),
        NextPage::Cursor(_) | NextPage::None => None,
    }
}

/// The URL as a request target under the connection's base URL.
pub(super) fn target(base: &Url, url: &str) -> Result<Uri, String> {
    let parsed = base
        .join(url)
        .map_err(|error| format!("the next page is not a URL: {error}"))?;
    if parsed.origin() != base.origin() {
        let host = parsed.host_str().unwrap_or("another place");
        return Err(format!(
            "the next page is on {host}, which is not the connection's own host; it is not followed"
        ));
    }
    let prefix = base.path().trim_end_matches('/');
    let path = match parsed.path().strip_prefix(prefix) {
        Some(path) if path.starts_with('/') => path,
        _ => return Err("the next page lies outside the connection's base URL".to_owned()),
    };
    let target = match parsed.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target
        .parse()
        .map_err(|error| format!("the next page is not a URL: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connections_own_origin_is_followed() {
        let check = |base: &str, url: &str| {
            target(&Url::parse(base).unwrap(), url)
                .map(|uri| uri.to_string())
                .ok()
        };
        let base = "https://api.intercom.io";
        assert_eq!(
            check(base, "https://api.intercom.io/events?a=1"),
            Some("/events?a=1".to_owned())
        );
        assert_eq!(check(base, "/events"), Some("/events".to_owned()));
        assert_eq!(
            check("http://h:1/sub", "http://h:1/sub/events?x"),
            Some("/events?x".to_owned())
        );
        for url in [
            "https://evil.example/events",
            "http://api.intercom.io/events",
            "https://api.intercom.io:8443/events",
            "https://api.intercom.io@evil.example/",
            "//evil.example/events",
            "mailto:x",
        ] {
            assert_eq!(check(base, url), None, "{url}");
        }
        assert_eq!(check("http://h:1/sub", "http://h:1/other"), None);
        assert_eq!(check("http://h:1/sub", "http://h:1/subway"), None);
    }
}
