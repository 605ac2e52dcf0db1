//! The list of all tables, parents before what hangs on them.

use super::{
    Table, activity_logs, admins, articles, attachments, away_status_reasons, brands, calls, collections,
    companies, company_notes, contact_merges, contacts, conversation_attributes, conversations,
    custom_object_instances, data_attributes, data_events, emails, handling_events, help_centers,
    internal_articles, macros, news, notes, office_hours, segments, subscription_types, tags, teams,
    ticket_types, tickets,
};

static TABLES: &[Table] = &[
    admins::ADMINS,
    teams::TEAMS,
    teams::TEAM_ADMINS,
    tags::TAGS,
    segments::SEGMENTS,
    data_attributes::DATA_ATTRIBUTES,
    conversation_attributes::CONVERSATION_ATTRIBUTES,
    subscription_types::SUBSCRIPTION_TYPES,
    ticket_types::TICKET_TYPES,
    ticket_types::TICKET_TYPE_ATTRIBUTES,
    ticket_types::TICKET_STATES,
    companies::COMPANIES,
    companies::COMPANY_TAGS,
    companies::COMPANY_SEGMENTS,
    company_notes::COMPANY_NOTES,
    contacts::CONTACTS,
    contacts::CONTACT_COMPANIES,
    contacts::CONTACT_TAGS,
    contacts::CONTACT_SEGMENTS,
    contacts::CONTACT_SUBSCRIPTIONS,
    notes::NOTES,
    contact_merges::CONTACT_MERGES,
    data_events::DATA_EVENTS,
    conversations::CONVERSATIONS,
    conversations::CONVERSATION_PARTS,
    attachments::ATTACHMENTS,
    conversations::CONVERSATION_TAGS,
    conversations::CONVERSATION_CONTACTS,
    conversations::DELETED_CONVERSATIONS,
    handling_events::HANDLING_EVENTS,
    calls::CALLS,
    tickets::TICKETS,
    tickets::TICKET_PARTS,
    tickets::TICKET_CONTACTS,
    tickets::TICKET_CONVERSATIONS,
    articles::ARTICLES,
    collections::COLLECTIONS,
    help_centers::HELP_CENTERS,
    internal_articles::INTERNAL_ARTICLES,
    news::NEWS_ITEMS,
    news::NEWSFEEDS,
    away_status_reasons::AWAY_STATUS_REASONS,
    brands::BRANDS,
    emails::EMAILS,
    macros::MACROS,
    office_hours::OFFICE_HOURS_SCHEDULES,
    office_hours::OFFICE_HOURS_EXCEPTIONS,
    custom_object_instances::CUSTOM_OBJECT_INSTANCES,
    activity_logs::ACTIVITY_LOGS,
];

/// Every table, parents first.
pub fn all() -> impl Iterator<Item = &'static Table> {
    TABLES.iter()
}

/// The table with this name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}
