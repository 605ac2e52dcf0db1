//! What the client reads from an answer's headers.
//!
//! The one rule: a header that is missing or odd is ignored, never an error.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use jiff::Timestamp;

use crate::Clock;

/// The rate headers of an answer (facts 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The calls of a window, the calls left in it and the second in which it ends, when all three are given.
    pub(crate) window: Option<RateWindow>,
    /// Whether the status is 2xx.
    pub(crate) success: bool,
    /// Whether the status is 429.
    pub(crate) throttled: bool,
    /// How long to stay away, when the answer names it.
    pub(crate) retry_after: Option<Duration>,
}

/// One window as an answer describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateWindow {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Unix seconds by the server's clock.
    pub(crate) reset: i64,
}

impl Rate {
    pub(crate) fn read(answer: &Response<Bytes>, clock: &dyn Clock) -> Self {
        let headers = answer.headers();
        let throttled = answer.status().as_u16() == 429;
        Self {
            window: window(headers),
            success: answer.status().is_success(),
            throttled,
            retry_after: if throttled {
                retry_after(headers, clock)
            } else {
                None
            },
        }
    }
}

fn window(headers: &HeaderMap) -> Option<RateWindow> {
    let number = |name: &str| -> Option<i64> {
        let text = headers.get(name)?.to_str().ok()?.trim();
        // Some proxies rewrite numbers as decimals.
        text.parse().ok().or_else(|| text.split_once('.')?.0.parse().ok())
    };
    let limit = u32::try_from(number("x-ratelimit-limit")?)
        .ok()
        .filter(|limit| *limit > 0)?;
    let remaining = u32::try_from(number("x-ratelimit-remaining")?.max(0)).ok()?;
    let reset = number("x-ratelimit-reset").filter(|reset| (0..=253_402_207_200).contains(reset))?;
    Some(RateWindow {
        limit,
        remaining: remaining.min(limit),
        reset,
    })
}

/// `Retry-After` as seconds or as a date; a date is compared with the answer's own `Date` where there is one.
pub(crate) fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.clamp(0.0, 86_400.0)).ok();
    }
    let until = http_date(text)?;
    let now = headers
        .get(header::DATE)
        .and_then(|date| http_date(date.to_str().ok()?))
        .unwrap_or_else(|| clock.now());
    Duration::try_from(until.duration_since(now))
        .ok()
        .or(Some(Duration::ZERO))
}

/// When the answer was given, by the server's clock.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get("x-request-id")?
        .to_str()
        .ok()
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

/// The host that a redirect points to, without its path and query.
pub(crate) fn redirect_host(answer: &Response<Bytes>) -> Option<String> {
    if !answer.status().is_redirection() {
        return None;
    }
    let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    let host = url::Url::parse(location)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    Some(host.unwrap_or_else(|| "the same host".to_owned()))
}

/// The target of `Link: <...>; rel="canonical"`.
pub(crate) fn canonical_link(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::LINK).iter().find_map(|value| {
        value.to_str().ok()?.split(',').find_map(|link| {
            let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            parameters.contains("canonical").then(|| target.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::ManualClock;

    type Pairs<'a> = &'a [(&'static str, &'static str)];
    type Told = Option<(u32, u32, i64)>;

    fn headers(pairs: Pairs<'_>) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn odd_rate_headers_are_ignored() {
        let cases: &[(&str, &str, &str, Told)] = &[
            ("167", "166", "1700000010", Some((167, 166, 1_700_000_010))),
            ("167", "-3", "1700000010", Some((167, 0, 1_700_000_010))),
            ("10", "12", "1700000010", Some((10, 10, 1_700_000_010))),
            ("166.0", "1.0", "1700000010.0", Some((166, 1, 1_700_000_010))),
            ("0", "0", "1700000010", None),
            ("many", "1", "1700000010", None),
            ("10", "1", "soon", None),
            ("10", "1", "-5", None),
            ("99999999999999999999", "1", "1", None),
        ];
        for (limit, remaining, reset, expected) in cases {
            let map = headers(&[
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset),
            ]);
            let read = window(&map).map(|window| (window.limit, window.remaining, window.reset));
            assert_eq!(read, *expected, "{limit} {remaining} {reset}");
        }
        assert_eq!(window(&headers(&[("x-ratelimit-limit", "5")])), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let clock = ManualClock::new("2026-11-21T00:00:00Z".parse().unwrap());
        let cases: &[(Pairs<'_>, Option<u64>)] = &[
            (&[("retry-after", "7")], Some(7)),
            (&[("retry-after", " 0 ")], Some(0)),
            (&[("retry-after", "-4")], Some(0)),
            (&[("retry-after", "Sat, 21 Nov 2026 00:00:09 GMT")], Some(9)),
            (&[("retry-after", "Fri, 20 Nov 2026 00:00:09 GMT")], Some(0)),
            (
                &[
                    ("retry-after", "Sat, 21 Nov 2026 03:00:09 GMT"),
                    ("date", "Sat, 21 Nov 2026 03:00:04 GMT"),
                ],
                Some(5),
            ),
            (&[("retry-after", "tomorrow")], None),
            (&[("retry-after", "NaN")], None),
            (&[], None),
        ];
        for (pairs, seconds) in cases {
            assert_eq!(
                retry_after(&headers(pairs), &clock),
                seconds.map(Duration::from_secs),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn the_canonical_link_is_found_among_others() {
        let map = headers(&[("link", "</x>; rel=\"next\", </contacts/5>; rel=\"canonical\"")]);
        assert_eq!(canonical_link(&map).as_deref(), Some("/contacts/5"));
        assert_eq!(canonical_link(&headers(&[("link", "nonsense")])), None);
    }
}
