//! Every list that the API can be asked for, one entry each.

use super::{Lookup, Order, Source};

/// Every list, by name.
#[must_use]
pub fn lookups() -> &'static [Lookup] {
    LOOKUPS
}

const fn list(name: &'static str, operation: &'static str, help: &'static str) -> Lookup {
    Lookup {
        name,
        aliases: &[],
        help,
        source: Source {
            operation,
            query: &[],
        },
        before: None,
        id: ["id", "name"],
        label: &["name"],
        details: &[],
        order: Order::ByName,
    }
}

const LOOKUPS: &[Lookup] = &[
    Lookup {
        aliases: &["admin", "teammates", "teammate"],
        details: &["email", "job_title", "has_inbox_seat", "away_mode_enabled"],
        ..list("admins", "admins.list", "the teammates of the workspace")
    },
    Lookup {
        aliases: &["article"],
        label: &["title"],
        details: &["state", "url"],
        order: Order::AsListed,
        ..list("articles", "articles.list", "articles, in the order of the API")
    },
    Lookup {
        aliases: &["audience"],
        ..list("audiences", "audiences.list", "audiences of content")
    },
    Lookup {
        aliases: &["away_reasons", "away_status_reason"],
        label: &["label"],
        details: &["emoji"],
        ..list(
            "away_status_reasons",
            "away_status_reasons.list",
            "reasons for being away",
        )
    },
    Lookup {
        aliases: &["brand"],
        details: &["is_default"],
        ..list("brands", "brands.list", "the brands of the workspace")
    },
    Lookup {
        aliases: &["collection"],
        details: &["parent_id", "help_center_id"],
        ..list(
            "collections",
            "collections.list",
            "collections of the help centers",
        )
    },
    Lookup {
        aliases: &["company"],
        details: &["company_id", "plan", "website"],
        order: Order::AsListed,
        ..list("companies", "companies.list", "companies, last active first")
    },
    Lookup {
        aliases: &["contact", "users", "leads", "people"],
        label: &["name", "email", "external_id"],
        details: &["email", "role", "external_id", "phone"],
        order: Order::Searched,
        ..list(
            "contacts",
            "contacts.list",
            "contacts whose name, address, phone number or id fits the words",
        )
    },
    Lookup {
        aliases: &["content_import_source", "content_sources"],
        label: &["url"],
        details: &["status", "sync_behavior"],
        ..list(
            "content_import_sources",
            "content_import_sources.list",
            "where content for Fin comes from",
        )
    },
    Lookup {
        aliases: &["conversation_attribute"],
        before: Some(Source {
            operation: "data_attributes.list",
            query: &[("model", "conversation")],
        }),
        details: &["data_type", "description"],
        ..list(
            "conversation_attributes",
            "conversation_attributes.list",
            "attributes of conversations",
        )
    },
    Lookup {
        aliases: &["data_attribute", "attributes"],
        details: &["model", "data_type", "label", "custom"],
        ..list(
            "data_attributes",
            "data_attributes.list",
            "attributes of contacts and companies",
        )
    },
    Lookup {
        aliases: &["data_connector"],
        details: &["state", "http_method", "description"],
        ..list("data_connectors", "data_connectors.list", "data connectors")
    },
    Lookup {
        aliases: &["email", "email_settings"],
        label: &["email"],
        details: &["domain", "verified"],
        ..list("emails", "emails.list", "addresses that the workspace sends from")
    },
    Lookup {
        aliases: &["folder"],
        details: &["parent_folder_id", "description"],
        ..list("folders", "folders.list", "folders of content")
    },
    Lookup {
        aliases: &["help_center"],
        label: &["display_name", "identifier"],
        details: &["identifier", "custom_domain", "default"],
        ..list(
            "help_centers",
            "help_centers.list",
            "the help centers of the workspace",
        )
    },
    Lookup {
        aliases: &["macro"],
        details: &["visible_to", "available_on"],
        ..list("macros", "macros.list", "saved replies")
    },
    Lookup {
        aliases: &["newsfeed"],
        ..list("newsfeeds", "newsfeeds.list", "newsfeeds")
    },
    Lookup {
        aliases: &["office_hours", "office_hours_schedule"],
        details: &["time_zone_name", "twenty_four_seven"],
        ..list(
            "office_hours_schedules",
            "office_hours_schedules.list",
            "schedules of office hours",
        )
    },
    Lookup {
        aliases: &["segment"],
        details: &["person_type"],
        ..list("segments", "segments.list", "segments of contacts and companies")
    },
    Lookup {
        aliases: &["subscription_type", "subscriptions"],
        label: &["default_translation"],
        details: &["consent_type", "content_types", "state"],
        ..list(
            "subscription_types",
            "subscription_types.list",
            "kinds of message that contacts choose",
        )
    },
    Lookup {
        aliases: &["tag"],
        ..list("tags", "tags.list", "the tags of the workspace")
    },
    Lookup {
        aliases: &["team"],
        details: &["distribution_method"],
        ..list("teams", "teams.list", "the teams of the workspace")
    },
    Lookup {
        aliases: &["ticket_state", "ticket_statuses"],
        label: &["internal_label", "external_label"],
        details: &["category", "external_label"],
        ..list(
            "ticket_states",
            "ticket_states.list",
            "the steps that tickets go through",
        )
    },
    Lookup {
        aliases: &["ticket_type"],
        details: &["category", "description"],
        ..list("ticket_types", "ticket_types.list", "the kinds of ticket")
    },
];
