//! Reads the body of an error answer, in every shape that was seen (facts 5).
//!
//! The one rule: no body makes this fail; what cannot be read becomes a short text.

use bytes::Bytes;
use serde_json::Value;

/// The longest text that is quoted from a body that is not JSON.
const QUOTED: usize = 200;

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
}

/// Reads an error body.
pub(crate) fn read(body: &Bytes) -> ErrorBody {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => of_object(&object),
        Ok(Value::String(text)) => ErrorBody {
            message: shortened(&text),
            ..ErrorBody::default()
        },
        Ok(_) | Err(_) => of_text(body),
    }
}

fn of_object(object: &serde_json::Map<String, Value>) -> ErrorBody {
    let request_id = text(object.get("request_id"));
    let (code, message) = match object.get("errors") {
        Some(Value::Array(errors)) => of_list(errors),
        Some(Value::Object(fields)) => (None, of_fields(fields)),
        _ => (None, String::new()),
    };
    let code = code
        .or_else(|| text(object.get("error_key")))
        .or_else(|| text(object.get("code")));
    let message = if message.is_empty() {
        ["message", "error_description", "error"]
            .iter()
            .find_map(|key| text(object.get(*key)))
            .unwrap_or_default()
    } else {
        message
    };
    ErrorBody {
        code,
        message: shortened(&message),
        request_id,
    }
}

fn of_list(errors: &[Value]) -> (Option<String>, String) {
    let mut code = None;
    let mut messages = Vec::new();
    for error in errors {
        match error {
            Value::Object(error) => {
                code = code.or_else(|| text(error.get("code")).or_else(|| text(error.get("type"))));
                let message = text(error.get("message")).unwrap_or_default();
                match text(error.get("field")) {
                    Some(field) if !message.contains(&field) => {
                        messages.push(format!("{message} (field {field})"));
                    }
                    _ if message.is_empty() => {}
                    _ => messages.push(message),
                }
            }
            Value::String(message) => messages.push(message.clone()),
            _ => {}
        }
    }
    (code, messages.join("; "))
}

fn of_fields(fields: &serde_json::Map<String, Value>) -> String {
    let told = |value: &Value| match value {
        Value::Array(items) => items
            .iter()
            .map(|item| text(Some(item)).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(", "),
        other => text(Some(other)).unwrap_or_default(),
    };
    fields
        .iter()
        .map(|(field, value)| format!("{field}: {}", told(value)))
        .collect::<Vec<_>>()
        .join("; ")
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn of_text(body: &Bytes) -> ErrorBody {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
    let trimmed = text.trim();
    let message = if trimmed.is_empty() {
        "the body is empty".to_owned()
    } else if trimmed.starts_with('<') {
        match title(trimmed) {
            Some(title) => format!("an HTML page: {}", shortened(title)),
            None => "an HTML page".to_owned(),
        }
    } else {
        shortened(trimmed)
    };
    ErrorBody {
        message,
        ..ErrorBody::default()
    }
}

fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower[start..].find("</title>")?;
    let title = html.get(start..end)?.trim();
    (!title.is_empty()).then_some(title)
}

/// One line of at most [`QUOTED`] characters.
fn shortened(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= QUOTED {
        return one_line;
    }
    one_line.chars().take(QUOTED).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_shape_gives_a_code_and_a_message() {
        // (body, code, message, request id)
        let cases: &[(&str, Option<&str>, &str, Option<&str>)] = &[
            (
                r#"{"type":"error.list","request_id":"r1","errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}"#,
                Some("unauthorized"),
                "Access Token Invalid",
                Some("r1"),
            ),
            (
                r#"{"type":"error.list","request_id":null,"errors":[{"code":"a","message":"x","field":"email"},{"code":"b","message":"y"}]}"#,
                Some("a"),
                "x (field email); y",
                None,
            ),
            (
                r#"{"type":"error","request_id":"r2","message":"id is required"}"#,
                None,
                "id is required",
                Some("r2"),
            ),
            (
                r#"{"error_key":"sms_failed","message":"not sent"}"#,
                Some("sms_failed"),
                "not sent",
                None,
            ),
            (
                r#"{"errors":{"score":"is missing","id":["bad","odd"]}}"#,
                None,
                "id: bad, odd; score: is missing",
                None,
            ),
            (
                r#"{"error":"Unauthorized Code"}"#,
                None,
                "Unauthorized Code",
                None,
            ),
            (r#"{"errors":[]}"#, None, "", None),
            (r#"{"errors":[null,3,"plain"]}"#, None, "plain", None),
            (r#""Forbidden""#, None, "Forbidden", None),
            ("", None, "the body is empty", None),
            (" \n", None, "the body is empty", None),
            (
                "<html><head><TITLE>404 Not\n Found</TITLE></head>",
                None,
                "an HTML page: 404 Not Found",
                None,
            ),
            ("<h1>502</h1>", None, "an HTML page", None),
            ("upstream connect error", None, "upstream connect error", None),
            (
                r#"{"errors":[{"code":"cut"#,
                None,
                r#"{"errors":[{"code":"cut"#,
                None,
            ),
            ("[1,2]", None, "[1,2]", None),
        ];
        for (body, code, message, request_id) in cases {
            let read = read(&Bytes::from_static(body.as_bytes()));
            assert_eq!(read.code.as_deref(), *code, "{body}");
            assert_eq!(read.message, *message, "{body}");
            assert_eq!(read.request_id.as_deref(), *request_id, "{body}");
        }
    }

    #[test]
    fn a_long_or_broken_body_becomes_a_short_text() {
        let long = read(&Bytes::from("é".repeat(100_000)));
        assert_eq!(long.message.chars().count(), QUOTED + 1);
        assert!(
            !read(&Bytes::from_static(b"\xff\xfe\x00garbage"))
                .message
                .is_empty()
        );
    }
}
