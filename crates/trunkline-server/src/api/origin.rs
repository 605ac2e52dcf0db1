//! Whether a request comes from a page of another site, or by another name than this machine's.
//!
//! The one rule: what a browser says is believed when it speaks against a request, never when it speaks for one: a
//! page's script cannot leave out or change `Origin`, `Sec-Fetch-Site` and `Host`.

use std::net::IpAddr;

use http::{
    HeaderMap,
    header::{HOST, ORIGIN},
    request::Parts,
};
use url::Url;

const FETCH_SITE: &str = "sec-fetch-site";
/// What proxies and tunnels add. One that adds none of them and rewrites `Host` cannot be told from a local program.
const FORWARDED: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "cf-connecting-ip",
];

/// Whether a page of another site made a browser send this.
pub(crate) fn is_foreign(headers: &HeaderMap, public: Option<&Url>) -> bool {
    let crosses = headers
        .get_all(FETCH_SITE)
        .iter()
        .any(|site| site != "same-origin" && site != "none");
    let own = host(headers);
    let strays = headers.get_all(ORIGIN).iter().any(|origin| {
        let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else {
            return true;
        };
        let is_public = public.is_some_and(|public| public.origin() == origin.origin());
        let is_own = own.is_some_and(|own| {
            Url::parse(&format!("{}://{own}", origin.scheme())).is_ok_and(|own| {
                matches!(own.scheme(), "http" | "https")
                    && own.host() == origin.host()
                    && own.port_or_known_default() == origin.port_or_known_default()
            })
        });
        !is_public && !is_own
    });
    crosses || strays
}

/// Whether a proxy passed this on.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// Whether a request was sent to a name that no other machine's address can hide behind.
pub(super) fn names_this_machine(parts: &Parts) -> bool {
    let absolute = parts.uri.authority().map(http::uri::Authority::as_str);
    host(&parts.headers).is_some_and(is_host_here) && absolute.is_none_or(is_host_here)
}

/// Whether a host without port is this machine by every resolver's word.
pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_host_here(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    // An address of version 6 stands in brackets; without them its end is no port.
    is_this_machine(host) && (!host.contains(':') || host.starts_with('['))
}

/// The one `Host` that a request names.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(HOST).iter();
    match (all.next(), all.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_page_of_another_site_is_told_by_what_the_browser_says() {
        let public: Url = "https://trunkline.example.com".parse().unwrap();
        let here = ("host", "127.0.0.1:7070");
        let cases: [(&[(&'static str, &str)], bool); 17] = [
            (&[here], false),
            (&[here, ("origin", "http://127.0.0.1:7070")], false),
            (&[here, ("origin", "https://trunkline.example.com")], false),
            (&[here, ("sec-fetch-site", "same-origin")], false),
            (&[here, ("sec-fetch-site", "none")], false),
            (&[("host", "localhost"), ("origin", "http://localhost")], false),
            (&[("host", "LOCALHOST:80"), ("origin", "http://localhost")], false),
            (&[here, ("origin", "http://127.0.0.1:8080")], true),
            (&[here, ("origin", "http://127.0.0.1")], true),
            (&[here, ("origin", "https://evil.example")], true),
            (&[here, ("origin", "http://trunkline.example.com")], true),
            (
                &[here, ("origin", "https://trunkline.example.com.evil.example")],
                true,
            ),
            (&[here, ("origin", "null")], true),
            (&[here, ("sec-fetch-site", "cross-site")], true),
            (&[here, ("sec-fetch-site", "same-site")], true),
            (
                &[
                    here,
                    ("origin", "http://127.0.0.1:7070"),
                    ("origin", "https://evil.example"),
                ],
                true,
            ),
            (&[("origin", "http://127.0.0.1:7070")], true),
        ];
        for (pairs, expected) in cases {
            assert_eq!(is_foreign(&headers(pairs), Some(&public)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_names_that_mean_this_machine_everywhere_are_local() {
        let cases = [
            ("127.0.0.1:7070", true),
            ("127.8.9.1", true),
            ("localhost:1", true),
            ("Localhost", true),
            ("[::1]:7070", true),
            ("[::1]", true),
            ("::1", false),
            ("localhost.evil.example", false),
            ("evil.example:7070", false),
            ("127.0.0.1.evil.example", false),
            ("127.0.0.1@evil.example", false),
            ("0.0.0.0:7070", false),
            ("192.168.0.1", false),
            ("localhost:", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(is_host_here(host), expected, "{host}");
        }
    }
}
