//! How a request is read: its body, its query, the name in its address, and the types that it speaks.
//!
//! The one rule: what is refused is refused with the field that is wrong, and nothing that is not known is passed over.

use std::time::Duration;

use axum::{
    body::Body as HttpBody,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;
use url::form_urlencoded;

use crate::reply::Refusal;

/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 1 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest name or id in an address.
const LONGEST_NAME: usize = 128;

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if !parts.headers.contains_key(header::CONTENT_TYPE) {
            return Err(wrong_type());
        }
        let bytes = whole(body).await?;
        serde_json::from_slice::<IgnoredAny>(&bytes).map_err(|error| not_json(&error))?;
        // A list would be read as the fields in their order, which nobody means.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            let message = "the body is not an object";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0625", message));
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if inner.is_data() {
                wrong_value(&path, &inner.to_string())
            } else {
                // Where one of a few words is expected, the reader takes anything else for bad syntax.
                wrong_value(&path, "is of another type")
            }
        })?;
        Ok(Self(value))
    }
}

/// What stands behind the `?`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            if value.chars().any(char::is_control) {
                return Err(Refusal::of_field(&name, "has characters that cannot be shown"));
            }
        }
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| wrong_value(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// The names and ids in an address.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync> FromRequestParts<S> for Named<String> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::unknown_address())?;
        sound(&name)?;
        Ok(Self(name))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named<(String, String)> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::unknown_address())?;
        sound(&first)?;
        sound(&second)?;
        Ok(Self((first, second)))
    }
}

/// Nothing that is kept has such a name, and a database need not be asked to know it.
fn sound(name: &str) -> Result<(), Refusal> {
    if name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Refusal::unknown_address())
}

/// Refuses a request that wants an answer which is not JSON.
pub(super) fn accepts_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut wanted = headers.get_all(header::ACCEPT).iter().peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let takes = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        ["*/*", "application/*", "application/json"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(kind))
            && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    };
    if wanted.any(|value| value.to_str().is_ok_and(|text| text.split(',').any(takes))) {
        return Ok(());
    }
    let message = "answers are `application/json`";
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "TL0628", message))
}

/// Refuses a request whose body is said to be something else than JSON.
pub(super) fn sends_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_json = |text: &str| {
        let mut parts = text.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
            && parts
                .all(|part| part.is_empty() || part.replace('"', "").eq_ignore_ascii_case("charset=utf-8"))
    };
    let mut sent = headers.get_all(header::CONTENT_TYPE).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.to_str().is_ok_and(is_json) => Ok(()),
        _ => Err(wrong_type()),
    }
}

/// The whole body, if it is small enough and comes in time.
async fn whole(body: HttpBody) -> Result<Bytes, Refusal> {
    let Ok(collected) = timeout(PATIENCE, Limited::new(body, BODY_LIMIT).collect()).await else {
        let message = "the body did not arrive in time";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "TL0632", message));
    };
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                let message = format!("the body is larger than {BODY_LIMIT} bytes");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0630", message)
            } else {
                Refusal::new(StatusCode::BAD_REQUEST, "TL0624", "the body was cut off")
            }
        })
}

/// The refusal of a query where none is read.
pub(super) fn no_query(query: &str) -> Refusal {
    let first = form_urlencoded::parse(query.as_bytes()).next();
    let field = first.map(|(name, _)| name.into_owned()).unwrap_or_default();
    Refusal::of_field(&field, "is not asked for here")
}

fn wrong_type() -> Refusal {
    let message = "a body is sent as `application/json`";
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "TL0629", message)
}

fn not_json(error: &serde_json::Error) -> Refusal {
    let message = format!(
        "the body is not one value of JSON (line {}, column {})",
        error.line(),
        error.column()
    );
    Refusal::new(StatusCode::BAD_REQUEST, "TL0624", message)
}

/// The refusal of a value, at the field that the reader was in or that its message names.
fn wrong_value(path: &str, message: &str) -> Refusal {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message);
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let path = path.trim_end_matches(['.', '?']);
    let field = match named {
        Some(named) if path.is_empty() || path == named => named.to_owned(),
        Some(named) if path.ends_with(&format!(".{named}")) => path.to_owned(),
        Some(named) => format!("{path}.{named}"),
        None if path.is_empty() => {
            return Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0625", message);
        }
        None => path.to_owned(),
    };
    Refusal::of_field(&field, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        name: &http::HeaderName,
        values: &[&str],
        expected: u16,
        read: fn(&HeaderMap) -> Result<(), Refusal>,
    ) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        let status = read(&headers).map_or_else(|refusal| refusal.status.as_u16(), |()| 200);
        assert_eq!(status, expected, "{name}: {values:?}");
    }

    #[test]
    fn an_answer_is_json_or_it_is_refused() {
        let cases: [(&[&str], u16); 9] = [
            (&[], 200),
            (&["*/*"], 200),
            (&["application/json"], 200),
            (&["text/html, application/*;q=0.8"], 200),
            (&["text/html", "Application/JSON; charset=utf-8"], 200),
            (&["text/html"], 406),
            (&["application/json;q=0"], 406),
            (&["application/xml, text/*"], 406),
            (&[""], 406),
        ];
        for (values, expected) in cases {
            check(&header::ACCEPT, values, expected, accepts_json);
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        let cases: [(&[&str], u16); 9] = [
            (&[], 200),
            (&["application/json"], 200),
            (&["application/json; charset=UTF-8"], 200),
            (&["application/json;charset=\"utf-8\""], 200),
            (&["application/json; charset=utf-16"], 415),
            (&["text/plain"], 415),
            (&["application/x-www-form-urlencoded"], 415),
            (&["application/jsonx"], 415),
            (&["application/json", "text/plain"], 415),
        ];
        for (values, expected) in cases {
            check(&header::CONTENT_TYPE, values, expected, sends_json);
        }
    }
}
