//! A request's body by its content type: JSON, a form, or a form with files.
//!
//! The one rule: whatever cannot be read is refused with the platform's words and never reaches a handler.

use serde_json::{Map, Value};

use crate::errors::Refusal;

/// The body as JSON; fields of forms are texts, and so are files.
pub(crate) fn read(content_type: Option<&str>, bytes: &[u8]) -> Result<Value, Refusal> {
    let kind = content_type.unwrap_or_default();
    match bytes {
        [] => Ok(Value::Null),
        bytes if kind.starts_with("application/x-www-form-urlencoded") => Ok(form(bytes)),
        bytes if kind.starts_with("multipart/form-data") => multipart(kind, bytes),
        bytes if is_json(kind) => {
            serde_json::from_slice(bytes).map_err(|_| Refusal::invalid("the body is not valid JSON"))
        }
        _ => Err(Refusal::new(
            415,
            "unsupported_media_type",
            "The Content-Type header should send a media type of application/json",
        )),
    }
}

/// Whether a content type is JSON; a body without one is taken to be.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.is_empty()
        || kind.eq_ignore_ascii_case("application/json")
        || kind.eq_ignore_ascii_case("text/json")
        || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn form(bytes: &[u8]) -> Value {
    let fields = url::form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    Value::Object(fields.collect())
}

fn multipart(content_type: &str, bytes: &[u8]) -> Result<Value, Refusal> {
    let broken = || Refusal::invalid("the form cannot be read");
    let boundary = multer::parse_boundary(content_type).map_err(|_| broken())?;
    let whole = bytes::Bytes::copy_from_slice(bytes);
    let stream = futures::stream::once(async { Ok::<_, std::convert::Infallible>(whole) });
    let mut parts = multer::Multipart::new(stream, boundary);
    // All of it is here already, so nothing waits.
    let read = async {
        let mut fields = Map::new();
        while let Some(part) = parts.next_field().await? {
            let name = part.name().unwrap_or_default().to_owned();
            let content = part.bytes().await?;
            fields.insert(
                name,
                Value::String(String::from_utf8_lossy(&content).into_owned()),
            );
        }
        Ok::<_, multer::Error>(fields)
    };
    futures::executor::block_on(read)
        .map(Value::Object)
        .map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_content_type_comes_out_as_fields() {
        let form = "multipart/form-data; boundary=x";
        let upload = "--x\r\nContent-Disposition: form-data; name=\"catalog\"; filename=\"a.json\"\r\n\r\n[{}]\r\n--x--\r\n";
        for (content_type, text, expected) in [
            (None, "", Value::Null),
            (Some("application/json"), r#"{"a":1}"#, json!({ "a": 1 })),
            (
                Some("application/x-www-form-urlencoded"),
                "code=a%3D&client_id=1",
                json!({ "code": "a=", "client_id": "1" }),
            ),
            (Some(form), upload, json!({ "catalog": "[{}]" })),
            (Some("Application/JSON; charset=UTF-8"), "[]", json!([])),
            (Some("application/vnd.intercom.3+json"), "1", json!(1)),
            (Some("text/xml"), "", Value::Null),
        ] {
            assert_eq!(read(content_type, text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_body_of_another_kind_is_refused() {
        for kind in [
            "text/xml",
            "application/xml",
            "text/plain",
            "image/png",
            "application/x-yaml",
            "json",
        ] {
            let refusal = read(Some(kind), b"{}").unwrap_err();
            assert_eq!(refusal.status, 415, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (content_type, text) in [
            (None, "{"),
            (Some("application/json"), "\u{0}"),
            (Some("multipart/form-data"), "--x"),
            (Some("multipart/form-data; boundary=x"), "--x\r\nnothing"),
        ] {
            assert_eq!(
                read(content_type, text.as_bytes()).unwrap_err().status,
                400,
                "{text}"
            );
        }
    }
}
