//! Contacts, users and leads alike, and what each is a member of.

use super::{Column, List, ListKind, OwnColumn, Table, boolean, json, pairs, records, text, time};
use crate::storage::Needs;

/// Contacts.
pub(super) const CONTACTS: Table = Table {
    lists: &[
        List {
            need: Needs::TAGS,
            ..super::members("tags", "contact_tags")
        },
        List {
            need: Needs::COMPANIES,
            ..super::members("companies", "contact_companies")
        },
        List {
            kind: ListKind::Names,
            need: Needs::NOTES,
            ..super::nested("notes", "notes")
        },
        List {
            need: Needs::SUBSCRIPTIONS,
            fixed: Some(("consent_type", "opt_out")),
            ..super::members("opted_out_subscription_types", "contact_subscriptions")
        },
        List {
            need: Needs::SUBSCRIPTIONS,
            fixed: Some(("consent_type", "opt_in")),
            ..super::members("opted_in_subscription_types", "contact_subscriptions")
        },
    ],
    custom: Some("custom_attributes"),
    own: &[OwnColumn {
        name: "_needs",
        sql: "INTEGER NOT NULL DEFAULT 0",
        summary: "Lists that the record shows only in part and that are still to be read: 1 tags, 2 companies, 4 notes, 8 subscriptions.",
    }],
    late_indexes: &[("email", "(email)"), ("external_id", "(external_id)")],
    indexes: &[(
        "pending",
        "(_deleted_at) WHERE _deleted_at IS NULL AND _needs <> 0",
    )],
    ..records(
        "contacts",
        "People who write or are written to: users and leads.",
        COLUMNS,
    )
};

const COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id."),
    text(
        "external_id",
        "external_id",
        "The id that your own systems gave; leads have one that Intercom made up.",
    ),
    text("role", "role", "user or lead."),
    text("email", "email", "E-mail address."),
    text("email_domain", "email_domain", "What stands after the @."),
    text("phone", "phone", "Telephone number."),
    text("name", "name", "Full name."),
    text("owner_id", "owner_id", "The teammate who owns the contact."),
    boolean(
        "has_hard_bounced",
        "has_hard_bounced",
        "An e-mail to the contact could not be delivered for good.",
    ),
    boolean(
        "marked_email_as_spam",
        "marked_email_as_spam",
        "The contact called an e-mail spam.",
    ),
    boolean(
        "unsubscribed_from_emails",
        "unsubscribed_from_emails",
        "The contact wants no e-mails.",
    ),
    time(
        "created_at",
        "created_at",
        "When Intercom first knew the contact.",
    ),
    time("updated_at", "updated_at", "When the contact last changed."),
    time(
        "signed_up_at",
        "signed_up_at",
        "When the contact signed up with you.",
    ),
    time(
        "last_seen_at",
        "last_seen_at",
        "When the contact was last seen in your product.",
    ),
    time(
        "last_replied_at",
        "last_replied_at",
        "When the contact last wrote.",
    ),
    time(
        "last_contacted_at",
        "last_contacted_at",
        "When somebody last wrote to the contact.",
    ),
    time(
        "last_email_opened_at",
        "last_email_opened_at",
        "When the contact last opened an e-mail.",
    ),
    time(
        "last_email_clicked_at",
        "last_email_clicked_at",
        "When the contact last followed a link of an e-mail.",
    ),
    text(
        "language_override",
        "language_override",
        "The language in which the Messenger speaks to the contact.",
    ),
    text("browser", "browser", "Web browser."),
    text("browser_version", "browser_version", "Its version."),
    text("browser_language", "browser_language", "Its language."),
    text("os", "os", "Operating system."),
    text(
        "country",
        "location.country",
        "Country, by the last address seen.",
    ),
    text("region", "location.region", "Region, by the last address seen."),
    text("city", "location.city", "City, by the last address seen."),
    text(
        "country_code",
        "location.country_code",
        "Country as a code of three letters.",
    ),
    text(
        "continent_code",
        "location.continent_code",
        "Continent as a code of two letters.",
    ),
    text("avatar_url", "avatar.image_url", "Picture.").or("avatar"),
    text(
        "android_app_version",
        "android_app_version",
        "Version of your Android app.",
    ),
    time(
        "android_last_seen_at",
        "android_last_seen_at",
        "When the Android app was last used.",
    ),
    text("ios_app_version", "ios_app_version", "Version of your iOS app."),
    time(
        "ios_last_seen_at",
        "ios_last_seen_at",
        "When the iOS app was last used.",
    ),
    text(
        "utm_source",
        "utm_source",
        "Where the contact came from, as the link said.",
    ),
    text("utm_medium", "utm_medium", "By what medium the contact came."),
    text(
        "utm_campaign",
        "utm_campaign",
        "The campaign that brought the contact.",
    ),
    text("referrer", "referrer", "The page that the contact came from."),
    json(
        "social_profiles",
        "social_profiles.data",
        "Profiles on social networks.",
    ),
    json(
        "custom_attributes",
        "custom_attributes",
        "Attributes that the workspace made up; one column each in contacts_custom.",
    ),
];

/// Which contact belongs to which company.
pub(super) const CONTACT_COMPANIES: Table = Table {
    late_indexes: &[("company_id", "(company_id)")],
    ..pairs(
        "contact_companies",
        "Which contact belongs to which company.",
        &["contact_id", "company_id"],
        &[
            text("contact_id", "", "The contact."),
            text("company_id", "id", "The company, by Intercom's id."),
        ],
    )
};

/// Which contact has which tag.
pub(super) const CONTACT_TAGS: Table = Table {
    late_indexes: &[("tag_id", "(tag_id)")],
    ..pairs(
        "contact_tags",
        "Which contact has which tag.",
        &["contact_id", "tag_id"],
        &[
            text("contact_id", "", "The contact."),
            text("tag_id", "id", "The tag."),
        ],
    )
};

/// Which segment has which contact; segments are read, so the segment is the parent.
pub(super) const CONTACT_SEGMENTS: Table = Table {
    late_indexes: &[("contact_id", "(contact_id)")],
    ..pairs(
        "contact_segments",
        "Which contact is in which segment.",
        &["segment_id", "contact_id"],
        &[
            text("segment_id", "", "The segment."),
            text("contact_id", "id", "The contact."),
        ],
    )
};

/// What each contact agreed to or refused.
pub(super) const CONTACT_SUBSCRIPTIONS: Table = Table {
    late_indexes: &[("subscription_type_id", "(subscription_type_id)")],
    ..pairs(
        "contact_subscriptions",
        "Which contact left or joined which subscription type.",
        &["contact_id", "subscription_type_id"],
        &[
            text("contact_id", "", "The contact."),
            text("subscription_type_id", "id", "The subscription type."),
            text(
                "consent_type",
                "consent_type",
                "opt_out: the contact left it; opt_in: the contact joined it.",
            ),
        ],
    )
};
