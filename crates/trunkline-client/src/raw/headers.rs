//! Which headers a request by hand may bring.
//!
//! The one rule: whatever says who asks, whom, or where the message ends is not the caller's to say.

use http::{HeaderName, HeaderValue};
use trunkline_catalog::Version;

use super::RawError;

/// Headers that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("authorization", TOKEN),
    ("proxy-authorization", TOKEN),
    (
        "cookie",
        "the API knows no sessions, and a cookie may stand for somebody else's",
    ),
    (
        "host",
        "it would name another server than the one that the token is for",
    ),
    ("content-length", TRANSPORT),
    ("transfer-encoding", TRANSPORT),
    ("connection", TRANSPORT),
    ("proxy-connection", TRANSPORT),
    ("keep-alive", TRANSPORT),
    ("te", TRANSPORT),
    ("trailer", TRANSPORT),
    ("upgrade", TRANSPORT),
    ("expect", TRANSPORT),
    ("accept-encoding", "the transport asks for what it can unpack"),
    ("content-encoding", "the body is sent as it is given"),
    ("x-http-method", METHOD),
    ("x-http-method-override", METHOD),
    ("x-method-override", METHOD),
];
const TOKEN: &str = "the connection brings its own";
const TRANSPORT: &str = "it belongs to the transport, which counts and frames the message itself";
const METHOD: &str = "the method that decides whether a request may be repeated is the one of the request";

/// A header that may be sent.
pub(super) fn read(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), RawError> {
    let malformed = |reason: &str| RawError::Header {
        name: name
            .trim()
            .chars()
            .filter(|shown| !shown.is_control())
            .take(60)
            .collect(),
        reason: reason.to_owned(),
    };
    let parsed: HeaderName = name
        .trim()
        .parse()
        .map_err(|_| malformed("its name is empty or has a character that no name has"))?;
    if let Some((_, reason)) = REFUSED.iter().find(|(known, _)| *known == parsed.as_str()) {
        return Err(refused(&parsed, reason));
    }
    let value = HeaderValue::from_str(value.trim())
        .map_err(|_| malformed("its value has a line break or another character that no value has"))?;
    Ok((parsed, value))
}

/// The version that a header `Intercom-Version` names.
pub(super) fn version(value: &HeaderValue) -> Result<Version, RawError> {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.parse()
        .map_err(|error: trunkline_catalog::UnknownVersion| RawError::Header {
            name: "intercom-version".to_owned(),
            reason: error.to_string(),
        })
}

pub(super) fn refused(name: &HeaderName, reason: &str) -> RawError {
    RawError::Header {
        name: name.to_string(),
        reason: reason.to_owned(),
    }
}
