//! Values of people made unreadable while their shape stays: letters become other letters, digits other digits, the rest stays.
//!
//! The one rule: what is not known to be harmless is masked. The same text always becomes the same other text, so that an address
//! that was written can still be found by the search after it; the key is the workspace's token, which is kept nowhere.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Number, Value};
use sha1::Sha1;

/// Names whose texts are words of the platform.
const WORDS: [&str; 46] = [
    "action",
    "app_package_code",
    "browser_language",
    "call_type",
    "category",
    "code",
    "comparison",
    "consent",
    "consent_type",
    "content_types",
    "country_code",
    "data_type",
    "default_locale",
    "delivered_as",
    "direction",
    "distribution_method",
    "ended_reason",
    "field",
    "http_method",
    "language",
    "language_override",
    "locale",
    "message_type",
    "model",
    "object",
    "operator",
    "order",
    "part_type",
    "person_type",
    "previous_ticket_state",
    "priority",
    "role",
    "sort_field",
    "state",
    "status",
    "style",
    "template",
    "ticket_state",
    "trigger_type",
    "type",
    "unit",
    "version",
    "display_as",
    "sla_status",
    "content_type",
    "audiences",
];
/// Names of what must never be kept, whether values are masked or not.
const SECRETS: [&str; 6] = [
    "token",
    "secret",
    "password",
    "authorization",
    "signature",
    "api_key",
];
/// Objects whose every value is somebody's own.
const OWN: [&str; 4] = ["custom_attributes", "metadata", "ticket_attributes", "attributes"];
/// Parameters of a query that are settings.
const PAGES: [&str; 11] = [
    "page",
    "per_page",
    "display_as",
    "type",
    "summary",
    "order",
    "sort",
    "state",
    "model",
    "limit",
    "after",
];
/// Words that searches look for.
const SOUGHT: [&str; 9] = [
    "user", "lead", "open", "closed", "snoozed", "true", "false", "AND", "OR",
];
/// What stands where a secret was.
const GONE: &str = "removed";

/// Makes values unreadable, or only removes secrets.
#[derive(Clone, Debug)]
pub(super) struct Redaction {
    pub(super) masks: bool,
    key: Vec<u8>,
}

fn is_secret(name: &str) -> bool {
    SECRETS
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word))
}

/// Whether a text can only be an id of the platform's making.
fn is_made_id(text: &str) -> bool {
    let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    !text.is_empty() && (is_number || is_hex)
}

/// Whether the values of this name are ids.
pub(super) fn is_id_name(name: &str) -> bool {
    let own = ["external_id", "user_id", "company_id", "external_ids"];
    !own.contains(&name)
        && (name == "id"
            || name == "ids"
            || name.ends_with("_id")
            || name.ends_with("_ids")
            || matches!(name, "from" | "into"))
}

impl Redaction {
    pub(super) fn new(masks: bool, key: &str) -> Self {
        Self {
            masks,
            key: key.as_bytes().to_vec(),
        }
    }

    /// A value under a name, as it may be kept.
    pub(super) fn value(&self, name: &str, value: &Value) -> Value {
        self.inner(name, value, false)
    }

    fn inner(&self, name: &str, value: &Value, is_own: bool) -> Value {
        if is_secret(name) && !value.is_object() && !value.is_array() && !value.is_null() {
            return match value {
                Value::String(_) => Value::String(GONE.to_owned()),
                Value::Number(_) => Value::from(0),
                other => other.clone(),
            };
        }
        match value {
            Value::Object(fields) => {
                let is_own = is_own || OWN.contains(&name);
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.inner(name, value, is_own)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            Value::Array(rows) => {
                Value::Array(rows.iter().map(|row| self.inner(name, row, is_own)).collect())
            }
            Value::String(text) => Value::String(self.text_of(name, text, is_own)),
            Value::Number(number) if is_own && self.masks => Value::Number(self.number(number)),
            other => other.clone(),
        }
    }

    fn text_of(&self, name: &str, text: &str, is_own: bool) -> String {
        let is_harmless = !is_own
            && (WORDS.contains(&name)
                || (is_id_name(name) && is_made_id(text))
                || (name == "value" && (SOUGHT.contains(&text) || (text.len() == 24 && is_made_id(text))))
                || (name == "url" && text.starts_with('/'))
                || (name.ends_with("_at") && text.parse::<jiff::Timestamp>().is_ok()));
        if is_harmless {
            text.to_owned()
        } else {
            self.mask(text)
        }
    }

    /// The value of a parameter of the path.
    pub(super) fn segment(&self, name: &str, text: &str) -> String {
        if name != "external_id" && is_made_id(text) {
            return text.to_owned();
        }
        self.mask(text)
    }

    /// The value of a parameter of the query.
    pub(super) fn parameter(&self, name: &str, text: &str) -> String {
        if is_secret(name) {
            return GONE.to_owned();
        }
        let is_setting = PAGES.contains(&name) || name.contains("created_at") || name.contains("updated_at");
        if is_setting || (is_id_name(name) && is_made_id(text)) || matches!(text, "true" | "false") {
            return text.to_owned();
        }
        self.mask(text)
    }

    fn bytes(&self, text: &str, block: u32) -> Vec<u8> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.key).expect("a key of any length will do");
        mac.update(&block.to_be_bytes());
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    fn number(&self, number: &Number) -> Number {
        let text = self.mask(&number.to_string());
        text.parse().unwrap_or_else(|_| Number::from(1))
    }

    /// Letters for letters, digits for digits, the same length; tags of HTML and the beginnings of addresses stay.
    pub(super) fn mask(&self, text: &str) -> String {
        if !self.masks {
            return text.to_owned();
        }
        let mut made = String::with_capacity(text.len());
        let (mut in_tag, mut quoted) = (false, false);
        let kept = ["https://", "http://"]
            .into_iter()
            .find(|scheme| text.starts_with(scheme));
        let kept = kept.map_or(0, str::len);
        let mut stream: Vec<u8> = Vec::new();
        for (place, letter) in text.char_indices() {
            match letter {
                '<' => (in_tag, quoted) = (true, false),
                '>' => in_tag = false,
                '"' => quoted = in_tag && !quoted,
                _ => {}
            }
            if stream.is_empty() {
                stream = self.bytes(text, place as u32);
            }
            let stays = place < kept || (in_tag && !quoted);
            let byte = if stays || !letter.is_alphanumeric() {
                0
            } else {
                stream.pop().unwrap_or(0)
            };
            made.push(match letter {
                letter if stays => letter,
                // The first digit stays above zero, so that a number stays as long as it is.
                '1'..='9' => char::from(b'1' + byte % 9),
                '0' => '0',
                letter if letter.is_uppercase() => char::from(b'A' + byte % 26),
                letter if letter.is_alphabetic() => char::from(b'a' + byte % 26),
                letter => letter,
            });
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_stay_and_what_people_wrote_does_not() {
        let redaction = Redaction::new(true, "key");
        let record = json!({
            "type": "contact", "id": "6762f0d01bb69f9f2193bb7d", "external_id": "ann-70", "role": "user",
            "email": "ann@example.com", "phone": "+353 1 555", "created_at": 1_734_537_424, "owner_id": 5,
            "body": "<p class=\"no-margin\">Hello Ann</p>", "avatar": "https://example.com/ann.png",
            "custom_attributes": { "seats": 31, "plan": "gold", "paid": true }, "tags": [{ "name": "vip" }],
            "access_token": "dG9rOjE=", "name": null,
        });
        let kept = redaction.value("", &record);
        for name in ["type", "id", "role", "created_at", "owner_id", "name"] {
            assert_eq!(kept[name], record[name], "{name}");
        }
        for (name, form) in [
            ("email", "@"),
            ("body", "<p class=\""),
            ("avatar", "https://"),
            ("phone", "+"),
        ] {
            let (text, before) = (
                kept[name].as_str().unwrap_or(""),
                record[name].as_str().unwrap_or(""),
            );
            assert_ne!(text, before);
            assert_eq!(text.len(), before.len(), "{name}");
            assert!(text.contains(form), "{text}");
        }
        let text = kept.to_string();
        for word in ["ann", "Ann", "example", "gold", "vip", "dG9r", "353", "31"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(kept["custom_attributes"]["seats"].is_u64() && kept["custom_attributes"]["paid"] == true);
        assert_eq!(
            redaction.mask("ann@example.com"),
            kept["email"].as_str().unwrap_or("")
        );
        assert_ne!(
            Redaction::new(true, "other").mask("ann@example.com"),
            kept["email"].as_str().unwrap_or("")
        );
        assert_eq!(
            Redaction::new(false, "key").value("", &record)["access_token"],
            GONE
        );
    }
}
