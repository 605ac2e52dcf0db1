//! The fields that a search for contacts knows.

use super::fields::{Kind, Value};
use crate::{
    texts,
    workspace::{Workspace, contact::Contact, kept},
};

/// The kind of a field; `None` when there is no such field.
pub(crate) fn kind(field: &str) -> Option<Kind> {
    Some(match field {
        "created_at"
        | "signed_up_at"
        | "updated_at"
        | "last_seen_at"
        | "last_contacted_at"
        | "last_replied_at"
        | "last_email_opened_at"
        | "last_email_clicked_at"
        | "ios_last_seen_at"
        | "android_last_seen_at" => Kind::Time,
        "unsubscribed_from_emails" | "marked_email_as_spam" | "has_hard_bounced" => Kind::Flag,
        "tag_id" => Kind::Tag,
        "id"
        | "role"
        | "name"
        | "avatar"
        | "owner_id"
        | "email"
        | "email_domain"
        | "phone"
        | "formatted_phone"
        | "external_id"
        | "language_override"
        | "browser"
        | "browser_language"
        | "os"
        | "location.country"
        | "location.region"
        | "location.city"
        | "ios_app_version"
        | "ios_device"
        | "ios_app_device"
        | "ios_os_version"
        | "ios_app_name"
        | "ios_sdk_version"
        | "android_app_version"
        | "android_device"
        | "android_app_name"
        | "andoid_sdk_version"
        | "segment_id" => Kind::Text,
        custom if custom.starts_with("custom_attributes.") => Kind::Any,
        _ => return None,
    })
}

/// What a contact holds in a field.
pub(crate) fn value(workspace: &Workspace, contact: &Contact, field: &str) -> Value {
    let seed = workspace.seed;
    match field {
        "updated_at" => Value::Number(contact.updated_at),
        "created_at" => Value::Number(contact.created_at),
        "signed_up_at" => contact.signed_up_at().into(),
        "last_seen_at" => contact.last_seen_at().into(),
        "last_contacted_at" | "last_replied_at" => contact.time(field, || None).into(),
        "id" => Value::Text(contact.id(&workspace.ids)),
        "role" => Value::Text(if contact.is_lead { "lead" } else { "user" }.to_owned()),
        "name" => contact.name(seed).into(),
        "email" => contact.email(seed).into(),
        "email_domain" => contact
            .email(seed)
            .and_then(|email| email.split_once('@').map(|(_, domain)| domain.to_owned()))
            .into(),
        "phone" | "formatted_phone" => contact.phone(seed).into(),
        "external_id" => contact.external_id(seed).into(),
        "owner_id" => contact
            .owner
            .checked_sub(1)
            .map(|number| workspace.ids.admin(number).to_string())
            .into(),
        "browser_language" => (contact.generated || kept::text(&contact.kept, "browser_language").is_some())
            .then(|| contact.language(seed).to_owned())
            .into(),
        "browser" => contact.generated.then(|| "chrome".to_owned()).into(),
        "os" => contact.generated.then(|| "OS X 10.15.7".to_owned()).into(),
        "unsubscribed_from_emails" => Value::Flag(contact.flag("unsubscribed_from_emails")),
        "marked_email_as_spam" | "has_hard_bounced" => Value::Flag(false),
        "tag_id" => Value::List(
            contact
                .tags
                .iter()
                .map(|tag| workspace.tags[*tag as usize].id.to_string())
                .collect(),
        ),
        "segment_id" => Value::List(
            workspace
                .segments_of_contact(contact)
                .map(|segment| segment.id.clone())
                .collect(),
        ),
        "location.city" | "location.region" | "location.country" => place(workspace, contact, field),
        custom => match custom.strip_prefix("custom_attributes.") {
            Some(name) => contact
                .custom_attributes(seed)
                .get(name)
                .map_or(Value::Null, Value::from),
            None => contact.written_text(custom).into(),
        },
    }
}

fn place(workspace: &Workspace, contact: &Contact, field: &str) -> Value {
    if let Some(location) = kept::field(&contact.kept, "location") {
        return location[field.trim_start_matches("location.")]
            .as_str()
            .map(str::to_owned)
            .into();
    }
    // Whoever was never on the website was never anywhere.
    if !contact.generated {
        return Value::Null;
    }
    let (city, region, country, _) = texts::place(texts::mix(workspace.seed, 8, contact.row));
    let text = match field {
        "location.city" => city,
        "location.region" => region,
        _ => country,
    };
    Value::Text(text.to_owned())
}
