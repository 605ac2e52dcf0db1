//! Contacts, their tags and what they want to receive.

use trunkline_catalog::Version;

use super::{
    super::{
        ordered::{Node, object},
        topic::Topic,
    },
    date,
};
use crate::{
    presenter::{View, contacts},
    resources::visitors,
    texts,
};

/// The fields of a contact, in the order in which they are pushed.
const FIELDS: [&str; 52] = [
    "type",
    "id",
    "workspace_id",
    "external_id",
    "role",
    "email",
    "phone",
    "name",
    "avatar",
    "owner_id",
    "social_profiles",
    "has_hard_bounced",
    "marked_email_as_spam",
    "unsubscribed_from_emails",
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
    "last_email_opened_at",
    "last_email_clicked_at",
    "language_override",
    "browser",
    "browser_version",
    "browser_language",
    "os",
    "location",
    "android_app_name",
    "android_app_version",
    "android_device",
    "android_os_version",
    "android_sdk_version",
    "android_last_seen_at",
    "ios_app_name",
    "ios_app_version",
    "ios_device",
    "ios_os_version",
    "ios_sdk_version",
    "ios_last_seen_at",
    "custom_attributes",
    "tags",
    "notes",
    "companies",
    "opted_out_subscription_types",
    "opted_in_subscription_types",
    "utm_campaign",
    "utm_content",
    "utm_medium",
    "utm_source",
    "utm_term",
    "referrer",
];
/// Those that hold a moment.
const MOMENTS: [&str; 10] = [
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
    "last_email_opened_at",
    "last_email_clicked_at",
    "android_last_seen_at",
    "ios_last_seen_at",
];
const LOCATION: [&str; 6] = [
    "type",
    "country",
    "region",
    "city",
    "country_code",
    "continent_code",
];

/// The whole contact.
pub(super) fn whole(view: View<'_>, row: u32) -> Node {
    let held = &view.workspace.contacts[row as usize];
    let mut shown = Node::of(&contacts::view(view, held)).picked(&FIELDS);
    for field in MOMENTS {
        shown.change(field, date);
    }
    shown.change("location", |location| location.picked(&LOCATION));
    shown.change("social_profiles", |list| list.picked(&["type", "data"]));
    shown.change("avatar", |avatar| avatar.in_order(&["type", "image_url"]));
    shown.set("sms_consent", false);
    shown.set("unsubscribed_from_sms", false);
    shown.set("enabled_push_messaging", Node::Null);
    shown
}

/// The whole contact as it stands in items that say no type of their own: with one field more.
pub(super) fn beside(view: View<'_>, row: u32) -> Node {
    let Node::Object(mut fields) = whole(view, row) else {
        return Node::Null;
    };
    let after = fields
        .iter()
        .position(|(name, _)| name == "phone")
        .map_or(fields.len(), |place| place + 1);
    fields.insert(after, ("formatted_phone".to_owned(), Node::Null));
    Node::Object(fields)
}

/// The item of most topics about one contact.
pub(super) fn of_topic(view: View<'_>, topic: Topic, row: u32) -> Node {
    let flag = match topic {
        Topic::ContactDeleted => "deleted",
        Topic::ContactArchived => "archived",
        _ => return whole(view, row),
    };
    let held = &view.workspace.contacts[row as usize];
    object([
        ("id", held.id(&view.workspace.ids).into()),
        ("external_id", held.external_id(view.workspace.seed).into()),
        ("type", "contact".into()),
        (flag, true.into()),
    ])
}

/// Who is left after a merge; since 2.15 with who went into it.
pub(super) fn merged(view: View<'_>, from: u32, into: u32) -> Node {
    let mut shown = whole(view, into);
    if view.version >= Version::V2_15 {
        let gone = object([
            ("type", "contact".into()),
            ("id", view.workspace.ids.contact(from).into()),
        ]);
        shown.set("merged_from", gone);
    }
    shown
}

/// A tag that came to a contact or went.
pub(super) fn tagged(view: View<'_>, contact: u32, tag: u32) -> Node {
    let tag = &view.workspace.tags[tag as usize];
    object([
        ("type", "contact_tag".into()),
        (
            "tag",
            object([
                ("type", "tag".into()),
                ("id", tag.id.to_string().into()),
                ("name", tag.name.as_str().into()),
            ]),
        ),
        ("contact", whole(view, contact)),
    ])
}

/// What a contact wants to receive from now on, or no longer.
pub(super) fn consented(view: View<'_>, topic: Topic, contact: u32, kind: Option<u16>, at: i64) -> Node {
    let item_type = match topic {
        Topic::GranularSubscribe => "granular_subscribe",
        Topic::GranularUnsubscribe => "granular_unsubscribe",
        Topic::ContactSubscribed => "contact_subscribe",
        _ => "contact_unsubscribe",
    };
    let kinds: Vec<Node> = kind
        .and_then(|number| {
            view.workspace
                .reference
                .subscription_types
                .get(usize::from(number))
        })
        .map(|kind| subscription_type(Node::from(kind)))
        .into_iter()
        .collect();
    object([
        ("type", item_type.into()),
        ("contact", whole(view, contact)),
        (
            "subscription_types",
            object([("type", "list".into()), ("data", kinds.into())]),
        ),
        ("created_at", at.into()),
    ])
}

fn subscription_type(kind: Node) -> Node {
    let translation = |node: Node| node.in_order(&["name", "description", "locale"]);
    let mut kind = kind.in_order(&[
        "type",
        "id",
        "state",
        "consent_type",
        "default_translation",
        "translations",
        "content_types",
    ]);
    kind.change("default_translation", translation);
    kind.change("translations", |all| all.each(translation));
    kind
}

const VISITOR_FIELDS: [&str; 34] = [
    "type",
    "id",
    "user_id",
    "anonymous",
    "email",
    "phone",
    "name",
    "pseudonym",
    "avatar",
    "app_id",
    "companies",
    "location_data",
    "last_request_at",
    "created_at",
    "remote_created_at",
    "signed_up_at",
    "updated_at",
    "session_count",
    "social_profiles",
    "owner_id",
    "unsubscribed_from_emails",
    "marked_email_as_spam",
    "has_hard_bounced",
    "tags",
    "segments",
    "custom_attributes",
    "referrer",
    "utm_campaign",
    "utm_content",
    "utm_medium",
    "utm_source",
    "utm_term",
    "do_not_track",
    "last_seen_ip",
];

/// A visitor that signed up, in the shape of the oldest versions.
pub(super) fn visitor(view: View<'_>, row: u32) -> Node {
    let workspace = view.workspace;
    let held = &workspace.contacts[row as usize];
    let mut shown = Node::of(&visitors::view(workspace, held)).picked(&VISITOR_FIELDS);
    shown.set("type", "user");
    shown.set("anonymous", false);
    for field in [
        "last_request_at",
        "created_at",
        "remote_created_at",
        "signed_up_at",
        "updated_at",
    ] {
        shown.change(field, date);
    }
    for (field, entries) in [
        ("companies", "companies"),
        ("social_profiles", "social_profiles"),
        ("tags", "tags"),
        ("segments", "segments"),
    ] {
        shown.change(field, |list| list.picked(&["type", entries]));
    }
    shown.change("avatar", |avatar| avatar.picked(&["type", "image_url"]));
    let (city, region, country, code) = texts::place(texts::mix(workspace.seed, 8, row));
    shown.set(
        "location_data",
        object([
            ("type", "location_data".into()),
            ("city_name", city.into()),
            ("continent_code", "EU".into()),
            ("country_name", country.into()),
            ("postal_code", "".into()),
            ("region_name", region.into()),
            ("timezone", workspace.zone_name.as_str().into()),
            ("country_code", code.into()),
            ("latitude", Node::Null),
            ("longitude", Node::Null),
        ]),
    );
    shown.set("user_agent_data", Node::Null);
    shown
}
