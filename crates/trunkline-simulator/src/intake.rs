//! What a call must be like before anything looks at what it asks: a whole body, readable escapes, an answer it can take.
//!
//! The one rule: whatever cannot be read is refused in the platform's words; it neither hangs nor brings anything down.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::body::{Body, Bytes};
use futures::{FutureExt as _, StreamExt as _};

use crate::errors::Refusal;

/// The most bytes of a body.
pub(crate) const MOST_BYTES: usize = 10_000_000;
/// How long a body may take to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A longer body is still taken in up to this many times the limit, so that its sender gets to read the answer.
const DRAINED: usize = 8;

/// What the answers can be sent as; a caller must take one of these.
const SENT: [&str; 5] = [
    "*/*",
    "application/*",
    "application/json",
    "application/octet-stream",
    "text/plain",
];

/// Takes in a body.
pub(crate) async fn whole(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Refusal> {
    let late = |_| Refusal::new(408, "request_timeout", "The request took too long to arrive");
    tokio::time::timeout(patience, take(body, limit))
        .await
        .map_err(late)?
}

async fn take(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let mut pieces = body.into_data_stream();
    let Some(first) = pieces.next().await else {
        return Ok(Bytes::new());
    };
    let cut = |_| Refusal::new(400, "bad_request", "The request body ended early");
    let first = first.map_err(cut)?;
    let mut taken = first.len();
    let Some(second) = pieces.next().await else {
        return if taken > limit {
            Err(too_long(limit))
        } else {
            Ok(first)
        };
    };
    let mut whole = first.to_vec();
    let mut next = Some(second);
    while let Some(piece) = next {
        let piece = piece.map_err(cut)?;
        taken = taken.saturating_add(piece.len());
        if taken > limit.saturating_mul(DRAINED) {
            break;
        }
        if taken <= limit {
            whole.extend_from_slice(&piece);
        } else {
            whole = Vec::new();
        }
        next = pieces.next().await;
    }
    if taken > limit {
        return Err(too_long(limit));
    }
    Ok(whole.into())
}

fn too_long(limit: usize) -> Refusal {
    Refusal::new(
        413,
        "request_entity_too_large",
        format!("The request body can be {limit} bytes long"),
    )
}

/// Refuses a caller who takes none of the types that answers come in.
pub(crate) fn accept(header: Option<&str>) -> Result<(), Refusal> {
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
        return Ok(());
    };
    if header.split(',').any(is_taken) {
        return Ok(());
    }
    Err(Refusal::new(
        406,
        "media_type_not_acceptable",
        "The Accept header should send a media type of application/json",
    ))
}

fn is_taken(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_ours = SENT.contains(&kind.as_str())
        || kind == "text/*"
        || (kind.starts_with("application/vnd.intercom.") && kind.ends_with("+json"));
    let is_ruled_out = parts
        .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .any(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0));
    is_ours && !is_ruled_out
}

/// Refuses escapes that are no text.
pub(crate) fn escapes(path: &str, query: &str) -> Result<(), Refusal> {
    for (part, text) in [("path", path), ("query", query)] {
        if !is_text(text) {
            return Err(Refusal::invalid(format!("the {part} is not valid UTF-8")));
        }
    }
    Ok(())
}

/// Whether a text with its percent signs resolved is UTF-8.
fn is_text(escaped: &str) -> bool {
    if !escaped.contains('%') {
        return true;
    }
    let bytes = escaped.as_bytes();
    let digit = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                place += 3;
            }
            _ => {
                plain.push(*byte);
                place += 1;
            }
        }
    }
    std::str::from_utf8(&plain).is_ok()
}

/// Runs what answers a call; a mistake of the simulator's own is an answer too, and the next call is not hurt by it.
pub(crate) fn guarded<T>(answer: impl FnOnce() -> T) -> Result<T, Refusal> {
    std::panic::catch_unwind(AssertUnwindSafe(answer)).map_err(|_| {
        tracing::error!("an answer failed inside the simulator");
        Refusal::new(500, "server_error", "The server met an unexpected error")
    })
}

/// The same for an answer that takes its time.
pub(crate) async fn guarded_later<T>(answer: impl Future<Output = T>) -> Result<T, Refusal> {
    let caught = AssertUnwindSafe(answer).catch_unwind().await;
    guarded(|| caught.unwrap_or_else(|mistake| std::panic::resume_unwind(mistake)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_must_take_json_in_one_of_its_names() {
        for (header, taken) in [
            (None, true),
            (Some(""), true),
            (Some("*/*"), true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/vnd.intercom.3+json"), true),
            (Some("application/octet-stream"), true),
            (Some("text/plain"), true),
            (Some("text/html, application/xhtml+xml, */*;q=0.8"), true),
            (Some("application/json;q=0.1, text/html"), true),
            (Some("text/html"), false),
            (Some("application/xml, text/xml"), false),
            (Some("application/json;q=0"), false),
            (Some("application/json; q=0.000, text/html"), false),
            (Some("image/png"), false),
            (Some("nonsense"), false),
            (Some(",;,;q=,"), false),
        ] {
            let refusal = accept(header).err().map(|refusal| refusal.status);
            assert_eq!(refusal, (!taken).then_some(406), "{header:?}");
        }
    }

    #[test]
    fn escapes_must_be_text() {
        for (text, good) in [
            ("plain", true),
            ("caf%C3%A9", true),
            ("%", true),
            ("%zz", true),
            ("%00", true),
            ("%C3", false),
            ("%ff%fe", false),
            ("a%E2%82", false),
        ] {
            assert_eq!(escapes(text, "").is_ok(), good, "{text}");
            assert_eq!(escapes("", text).is_ok(), good, "{text}");
        }
    }

    fn streamed(pieces: &[&'static str]) -> Body {
        let pieces: Vec<Result<Bytes, std::io::Error>> = pieces
            .iter()
            .map(|piece| Ok(Bytes::from_static(piece.as_bytes())))
            .collect();
        Body::from_stream(futures::stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_taken_whole_or_refused() {
        for (body, expected) in [
            (Body::empty(), Ok("")),
            (Body::from("12345"), Ok("12345")),
            (streamed(&["12", "345"]), Ok("12345")),
            (streamed(&["1", "2", "3", "4", "5"]), Ok("12345")),
            (Body::from("123456"), Err(413)),
            (streamed(&["123", "456"]), Err(413)),
            (streamed(&["123456", "7"]), Err(413)),
            (
                streamed(&["123456789012345678901234567890", "1234567890123", "never read"]),
                Err(413),
            ),
        ] {
            let taken = whole(body, 5, PATIENCE).await;
            assert_eq!(
                taken.as_deref().map_err(|refusal| refusal.status),
                expected.map(str::as_bytes)
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_refused() {
        let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let pieces = [Ok(Bytes::from_static(b"{")), Err(cut)];
        let body = Body::from_stream(futures::stream::iter(pieces));
        let refusal = whole(body, 5, PATIENCE).await.unwrap_err();
        assert_eq!((refusal.status, refusal.code), (400, "bad_request"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_not_waited_for_forever() {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let refusal = whole(body, 5, PATIENCE).await.unwrap_err();
        assert_eq!((refusal.status, refusal.code), (408, "request_timeout"));
    }

    #[test]
    fn a_mistake_inside_becomes_a_refusal() {
        assert_eq!(guarded(|| 1), Ok(1));
        let later = guarded_later(async { [0_u8; 0].first().copied().expect("a mistake") });
        assert_eq!(futures::executor::block_on(later).unwrap_err().status, 500);
        assert_eq!(futures::executor::block_on(guarded_later(async { 1 })), Ok(1));
        let refusal = guarded(|| [0_u8; 0].first().copied().expect("a mistake")).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (500, "server_error"));
    }
}
