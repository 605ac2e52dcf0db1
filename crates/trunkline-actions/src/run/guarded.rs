//! What Intercom itself makes only once, however often it is asked.

use serde_json::Value;

/// Whether a second call of this kind with this body makes nothing new, but is refused and told what is there.
///
/// That is so for contacts with an external id, and for users with an email address; leads may share an address.
pub(crate) fn is_made_once(operation: &str, payload: Option<&Value>) -> bool {
    let Some(payload) = payload.filter(|_| operation == "contacts.create") else {
        return false;
    };
    let is_given = |field: &str| payload[field].as_str().is_some_and(|text| !text.is_empty());
    is_given("external_id") || is_given("email") && payload["role"] != "lead"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contacts_are_made_once_when_something_tells_them_apart() {
        for (operation, payload, expected) in [
            ("contacts.create", json!({"external_id": "1"}), true),
            (
                "contacts.create",
                json!({"external_id": "1", "role": "lead"}),
                true,
            ),
            ("contacts.create", json!({"email": "a@b.example"}), true),
            (
                "contacts.create",
                json!({"email": "a@b.example", "role": "user"}),
                true,
            ),
            (
                "contacts.create",
                json!({"email": "a@b.example", "role": "lead"}),
                false,
            ),
            ("contacts.create", json!({"email": ""}), false),
            ("contacts.create", json!({"role": "lead"}), false),
            ("tickets.create", json!({"external_id": "1"}), false),
        ] {
            assert_eq!(
                is_made_once(operation, Some(&payload)),
                expected,
                "{operation} {payload}"
            );
        }
        assert!(!is_made_once("contacts.create", None));
    }
}
