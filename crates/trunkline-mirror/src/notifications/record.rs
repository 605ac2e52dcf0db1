//! An item becomes the record that the API would give: moments as unix seconds, without what only notifications have.
//!
//! The one rule: a field that is not known passes as it is. What an item lacks is not made up, but for what follows from
//! the rest.

use bytes::Bytes;

use super::fields::{Fields, Writer, moment};
use crate::extract::quoted;

/// Fields of contacts that only notifications have.
const OF_CONTACTS: [&str; 4] = [
    "formatted_phone",
    "merged_from",
    "sms_consent",
    "unsubscribed_from_sms",
];

/// Copies fields, moments as numbers; `each` answers what else is to become of one, `None` to leave it out.
fn rewritten<'a>(
    item: &Fields<'a>,
    mut each: impl FnMut(&str, &'a str, &mut Writer) -> Option<String>,
) -> Bytes {
    let mut writer = Writer::new();
    for (name, value) in item.iter() {
        if let Some(value) = each(name, value, &mut writer) {
            writer.field(name, &value);
        }
    }
    Bytes::from(writer.end())
}

/// A moment as a number; any other value as it is.
fn number(name: &str, value: &str) -> String {
    if name.ends_with("_at")
        && value.starts_with('"')
        && let Some(seconds) = moment(value)
    {
        return seconds.to_string();
    }
    value.to_owned()
}

/// A contact.
pub(super) fn contact(item: &Fields<'_>) -> Bytes {
    let derives_domain = !item.has("email_domain");
    rewritten(item, |name, value, writer| {
        if OF_CONTACTS.contains(&name) {
            return None;
        }
        if name == "email" && derives_domain {
            writer.field(name, value);
            let email = item.text("email");
            let domain = email.as_deref().and_then(|email| Some(email.rsplit_once('@')?.1));
            writer.field("email_domain", &domain.map_or_else(|| "null".to_owned(), quoted));
            return None;
        }
        Some(number(name, value))
    })
}

/// A company: its tags and segments are not told.
pub(super) fn company(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, writer| match (name, value) {
        ("tag_ids", _) => None,
        ("plan", "null") => Some("{}".to_owned()),
        ("plan_id", id) => {
            let plan = if id == "null" {
                "{}".to_owned()
            } else {
                format!(r#"{{"type":"plan","id":{id}}}"#)
            };
            writer.field("plan", &plan);
            None
        }
        _ => Some(number(name, value)),
    })
}

/// A conversation without its parts, as searches give it; since 2.15 its first message is plain text.
pub(super) fn conversation(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| match name {
        "conversation_parts" | "tags_added" => None,
        "statistics" => Some(match item.object("statistics") {
            Some(statistics) => {
                let numbers = rewritten(&statistics, |name, value, _| Some(number(name, value)));
                String::from_utf8_lossy(&numbers).into_owned()
            }
            None => value.to_owned(),
        }),
        _ => Some(value.to_owned()),
    })
}

/// An article as lists give it.
pub(super) fn article(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| {
        (name != "statistics").then(|| number(name, value))
    })
}

/// A teammate, whose id is text everywhere else.
pub(super) fn admin(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| {
        Some(match item.id(name) {
            Some(id) if name == "id" => quoted(&id),
            _ => value.to_owned(),
        })
    })
}

/// An entry of the activity log.
pub(super) fn activity_log(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| {
        Some(match name {
            "type" => r#""activity_log""#.to_owned(),
            _ => number(name, value),
        })
    })
}

/// An event of a contact.
pub(super) fn event(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| {
        (name != "ext_metadata").then(|| number(name, value))
    })
}

/// A tag, without what says where it was put.
pub(super) fn tag(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| {
        ["type", "id", "name"].contains(&name).then(|| value.to_owned())
    })
}

/// Anything that notifications and the API show alike.
pub(super) fn alike(item: &Fields<'_>) -> Bytes {
    rewritten(item, |name, value, _| Some(number(name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: fn(&Fields<'_>) -> Bytes, item: &str, expected: &str) {
        let fields = Fields::read(item).unwrap();
        assert_eq!(
            String::from_utf8(record(&fields).to_vec()).unwrap(),
            expected,
            "{item}"
        );
    }

    #[test]
    fn moments_become_numbers_and_what_only_notifications_have_goes() {
        check(
            contact,
            r#"{"id":"a","email":"x@y.example","created_at":"2023-11-14T22:13:20.240+00:00","signed_up_at":null,"sms_consent":false,"formatted_phone":null}"#,
            r#"{"id":"a","email":"x@y.example","email_domain":"y.example","created_at":1700000000,"signed_up_at":null}"#,
        );
        check(
            contact,
            r#"{"email":null}"#,
            r#"{"email":null,"email_domain":null}"#,
        );
        check(
            contact,
            r#"{"email":"a@b","email_domain":"c"}"#,
            r#"{"email":"a@b","email_domain":"c"}"#,
        );
        check(
            company,
            r#"{"id":"c","plan":null,"tag_ids":["1"],"updated_at":"2023-11-14T22:13:20.000Z"}"#,
            r#"{"id":"c","plan":{},"updated_at":1700000000}"#,
        );
        check(
            company,
            r#"{"plan_id":"7"}"#,
            r#"{"plan":{"type":"plan","id":"7"}}"#,
        );
        check(
            conversation,
            r#"{"id":"1","statistics":{"last_close_at":"2023-11-14T22:13:20.000Z","count_reopens":2},"conversation_parts":{}}"#,
            r#"{"id":"1","statistics":{"last_close_at":1700000000,"count_reopens":2}}"#,
        );
        check(
            article,
            r#"{"id":"1","statistics":{},"updated_at":"2023-11-14T22:13:20.000Z","created_at":"soon"}"#,
            r#"{"id":"1","updated_at":1700000000,"created_at":"soon"}"#,
        );
        check(
            admin,
            r#"{"type":"admin","id":12}"#,
            r#"{"type":"admin","id":"12"}"#,
        );
        check(
            activity_log,
            r#"{"type":"admin_activity_log_event","created_at":1}"#,
            r#"{"type":"activity_log","created_at":1}"#,
        );
        check(event, r#"{"id":"e","ext_metadata":{}}"#, r#"{"id":"e"}"#);
    }
}
