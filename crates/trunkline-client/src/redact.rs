//! Blots out secrets and personal data before anything is written down.
//!
//! The one rule: when in doubt, blot out. Used by the request log and by every error message.

use std::borrow::Cow;

use serde_json::Value;

pub(crate) const BLOT: &str = "[redacted]";

/// Fields whose values are secrets, personal data or what somebody wrote.
const FIELDS: &[&str] = &[
    "access_token",
    "attachments",
    "avatar",
    "body",
    "client_secret",
    "code_verifier",
    "custom_attributes",
    "email",
    "external_id",
    "formatted_phone",
    "from",
    "id_token",
    "identity_hash",
    "image_url",
    "ip",
    "ip_address",
    "last_name",
    "first_name",
    "location",
    "metadata",
    "name",
    "password",
    "phone",
    "refresh_token",
    "remark",
    "secret",
    "social_profiles",
    "subject",
    "ticket_attributes",
    "title",
    "token",
    "user_id",
    "value",
];

/// The text with email addresses and access tokens blotted out.
#[must_use]
pub fn redact_text(text: &str) -> Cow<'_, str> {
    if !text.contains('@') && !text.contains("dG9r") && !text.contains("earer ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut after_bearer = false;
    let mut flush = |word: &mut String, out: &mut String| {
        let secret = after_bearer && word.len() > 3;
        if secret || is_email(word) || word.contains("dG9r") {
            out.push_str(BLOT);
        } else {
            out.push_str(word);
        }
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
        }
        word.clear();
    };
    for character in text.chars() {
        if character.is_alphanumeric() || matches!(character, '@' | '.' | '_' | '-' | '+' | '%' | '=' | '/') {
            word.push(character);
        } else {
            flush(&mut word, &mut out);
            out.push(character);
        }
    }
    flush(&mut word, &mut out);
    Cow::Owned(out)
}

fn is_email(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.len() > 1)
}

/// A body for the log: personal fields blotted out, anything that is not JSON reduced to its size.
pub(crate) fn redact_body(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            redact_value(&mut value);
            value.to_string()
        }
        Err(_) if body.is_empty() => String::new(),
        Err(_) => format!("[{} bytes that are not JSON]", body.len()),
    }
}

fn redact_value(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if FIELDS.contains(&name.as_str()) && !field.is_null() {
                    *field = Value::from(BLOT);
                } else {
                    redact_value(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_value),
        Value::String(text) => {
            if let Cow::Owned(clean) = redact_text(text) {
                *text = clean;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_and_tokens_never_get_through() {
        for (text, clean) in [
            ("no secrets here", "no secrets here"),
            (
                "a contact ana.b+c@example.org exists",
                "a contact [redacted] exists",
            ),
            (
                "id=6657adf6abd0167d9419db04, mail <x@y.z>",
                "id=6657adf6abd0167d9419db04, mail <[redacted]>",
            ),
            ("Bearer abcdef123", "Bearer [redacted]"),
            ("token dG9rOmFiYw==", "token [redacted]"),
            ("bare @ sign", "bare @ sign"),
            ("", ""),
        ] {
            assert_eq!(redact_text(text), clean, "{text}");
        }
    }

    #[test]
    fn a_logged_body_keeps_its_shape_and_loses_its_persons() {
        let body = br#"{"id":"1","email":"a@b.c","tags":{"data":[{"id":"2","name":"vip"}]},"note":"ask a@b.c","phone":null}"#;
        assert_eq!(
            redact_body(body),
            r#"{"email":"[redacted]","id":"1","note":"ask [redacted]","phone":null,"tags":{"data":[{"id":"2","name":"[redacted]"}]}}"#
        );
        assert_eq!(redact_body(b"<html>a@b.c</html>"), "[18 bytes that are not JSON]");
        assert_eq!(redact_body(b""), "");
    }
}
