//! The lists that are kept as the newest version shows them, by the names of their files.

use serde_json::Value;

use crate::workspace::reference::Reference;

/// The files of lists.
pub(super) const NAMES: [&str; 32] = [
    "activity_logs",
    "admins",
    "articles",
    "audiences",
    "away_status_reasons",
    "banners",
    "brands",
    "collections",
    "content_import_sources",
    "content_snippets",
    "conversation_attributes",
    "data_attributes",
    "data_connector_executions",
    "data_connectors",
    "emails",
    "external_pages",
    "fin_voice_calls",
    "folders",
    "help_centers",
    "internal_articles",
    "macros",
    "news_items",
    "newsfeeds",
    "office_hours_exceptions",
    "office_hours_schedules",
    "redirects",
    "secure_mode_secrets",
    "subscription_types",
    "teams",
    "ticket_states",
    "ticket_types",
    "workflows",
];

/// Lists that no workspace is without: what the file does not say is as in a made workspace.
pub(super) const SETTINGS: [&str; 12] = [
    "admins",
    "away_status_reasons",
    "brands",
    "conversation_attributes",
    "data_attributes",
    "emails",
    "help_centers",
    "newsfeeds",
    "subscription_types",
    "teams",
    "ticket_states",
    "ticket_types",
];

/// The place of a file's list in a workspace, borrowed in either way.
macro_rules! place {
    ($lists:ident, $name:ident, $($borrow:tt)+) => {
        match $name {
            "activity_logs" => Some($($borrow)+ $lists.activity_logs),
            "admins" => Some($($borrow)+ $lists.admins),
            "articles" => Some($($borrow)+ $lists.articles),
            "audiences" => Some($($borrow)+ $lists.lists.audiences),
            "away_status_reasons" => Some($($borrow)+ $lists.away_status_reasons),
            "banners" => Some($($borrow)+ $lists.lists.banners),
            "brands" => Some($($borrow)+ $lists.brands),
            "collections" => Some($($borrow)+ $lists.collections),
            "content_import_sources" => Some($($borrow)+ $lists.lists.content_import_sources),
            "content_snippets" => Some($($borrow)+ $lists.lists.content_snippets),
            "conversation_attributes" => Some($($borrow)+ $lists.conversation_attributes),
            "data_attributes" => Some($($borrow)+ $lists.data_attributes),
            "data_connector_executions" => Some($($borrow)+ $lists.lists.executions),
            "data_connectors" => Some($($borrow)+ $lists.lists.data_connectors),
            "emails" => Some($($borrow)+ $lists.emails),
            "external_pages" => Some($($borrow)+ $lists.lists.external_pages),
            "fin_voice_calls" => Some($($borrow)+ $lists.lists.fin_voice_calls),
            "folders" => Some($($borrow)+ $lists.lists.folders),
            "help_centers" => Some($($borrow)+ $lists.help_centers),
            "internal_articles" => Some($($borrow)+ $lists.internal_articles),
            "macros" => Some($($borrow)+ $lists.macros),
            "news_items" => Some($($borrow)+ $lists.news_items),
            "newsfeeds" => Some($($borrow)+ $lists.newsfeeds),
            "office_hours_exceptions" => Some($($borrow)+ $lists.lists.office_hours_exceptions),
            "office_hours_schedules" => Some($($borrow)+ $lists.lists.office_hours_schedules),
            "redirects" => Some($($borrow)+ $lists.extra.redirects),
            "secure_mode_secrets" => Some($($borrow)+ $lists.lists.secure_mode_secrets),
            "subscription_types" => Some($($borrow)+ $lists.subscription_types),
            "teams" => Some($($borrow)+ $lists.teams),
            "ticket_states" => Some($($borrow)+ $lists.ticket_states),
            "ticket_types" => Some($($borrow)+ $lists.ticket_types),
            "workflows" => Some($($borrow)+ $lists.lists.workflows),
            _ => None,
        }
    };
}

/// The list of this file, to be filled.
pub(super) fn of<'r>(lists: &'r mut Reference, name: &str) -> Option<&'r mut Vec<Value>> {
    place!(lists, name, &mut)
}

/// The rows of this file.
pub(super) fn rows<'r>(lists: &'r Reference, name: &str) -> &'r [Value] {
    place!(lists, name, &).map_or(&[], Vec::as_slice)
}
