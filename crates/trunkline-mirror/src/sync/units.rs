//! The units of a run: which streams are read together, and by which operation.
//!
//! The one rule: every table of the mirror is in exactly one unit. Adding a list of records is one line in `UNITS`.

use std::collections::BTreeSet;

use trunkline_catalog::{Catalog, Version};

use super::{
    each::{self, Each},
    errors::SyncError,
};
use crate::tables;

/// How a unit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The search by time of change, and the lists that contacts show only in part.
    Contacts,
    /// Segment by segment, after the contacts.
    ContactSegments,
    /// The one scroll, or the list when it is short enough.
    Companies,
    /// The search by time of change, and the parts of what changed.
    Conversations,
    /// The search by time of change.
    Tickets,
    /// The whole list.
    List,
    /// The whole list, which only people change in the settings: not more than once an hour.
    SettledList,
    /// Newest first, down to what is held, by time.
    ActivityLogs,
    /// Newest first, down to what is held, by id.
    DeletedConversations,
    /// One request for each contact.
    DataEvents,
    /// One request for each object of another stream that changed.
    Each(&'static Each),
    /// The list, newest first, and the transcripts that are not held.
    Calls,
    /// The whole list of each type that was named.
    CustomObjects,
    /// The whole list, and one for each of its rows: not more than once an hour.
    OfficeHours,
}

/// Streams that are read together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    /// The stream of the records themselves first, then what hangs on them.
    pub(crate) streams: &'static [&'static str],
    /// The operation that must exist in the version.
    pub(crate) operation: &'static str,
    /// How it is read.
    pub(crate) how: How,
    /// Query values of its own.
    pub(crate) query: &'static [(&'static str, &'static str)],
}

const fn unit(how: How, operation: &'static str, streams: &'static [&'static str]) -> Unit {
    Unit {
        streams,
        operation,
        how,
        query: &[],
    }
}

const fn list(operation: &'static str, streams: &'static [&'static str]) -> Unit {
    unit(How::List, operation, streams)
}

const fn settled(operation: &'static str, streams: &'static [&'static str]) -> Unit {
    unit(How::SettledList, operation, streams)
}

pub(crate) const UNITS: &[Unit] = &[
    list("admins.list", &["admins"]),
    list("teams.list", &["teams", "team_admins"]),
    list("tags.list", &["tags"]),
    Unit {
        query: &[("include_count", "true")],
        ..list("segments.list", &["segments"])
    },
    list("data_attributes.list", &["data_attributes"]),
    list("conversation_attributes.list", &["conversation_attributes"]),
    settled("subscription_types.list", &["subscription_types"]),
    list("ticket_types.list", &["ticket_types", "ticket_type_attributes"]),
    settled("ticket_states.list", &["ticket_states"]),
    unit(
        How::Companies,
        "companies.scroll",
        &["companies", "company_tags", "company_segments"],
    ),
    unit(
        How::Contacts,
        "contacts.search",
        &[
            "contacts",
            "contact_companies",
            "contact_tags",
            "contact_subscriptions",
            "notes",
        ],
    ),
    unit(
        How::Each(&each::COMPANY_NOTES),
        "companies.list_notes",
        &["company_notes"],
    ),
    unit(
        How::Each(&each::CONTACT_MERGES),
        "contacts.list_merge_history",
        &["contact_merges"],
    ),
    unit(
        How::Each(&each::HANDLING_EVENTS),
        "conversations.list_handling_events",
        &["handling_events"],
    ),
    unit(How::ContactSegments, "contacts.search", &["contact_segments"]),
    unit(How::DataEvents, "data_events.list", &["data_events"]),
    unit(
        How::Conversations,
        "conversations.search",
        &[
            "conversations",
            "conversation_tags",
            "conversation_contacts",
            "conversation_parts",
            "attachments",
        ],
    ),
    unit(
        How::DeletedConversations,
        "conversations.list_deleted",
        &["deleted_conversations"],
    ),
    unit(
        How::Tickets,
        "tickets.search",
        &[
            "tickets",
            "ticket_parts",
            "ticket_contacts",
            "ticket_conversations",
        ],
    ),
    unit(How::Calls, "calls.list", &["calls"]),
    list("articles.list", &["articles"]),
    list("collections.list", &["collections"]),
    settled("help_centers.list", &["help_centers"]),
    list("internal_articles.list", &["internal_articles"]),
    list("news_items.list", &["news_items"]),
    settled("newsfeeds.list", &["newsfeeds"]),
    settled("away_status_reasons.list", &["away_status_reasons"]),
    settled("brands.list", &["brands"]),
    settled("emails.list", &["emails"]),
    list("macros.list", &["macros"]),
    unit(
        How::OfficeHours,
        "office_hours_schedules.list",
        &["office_hours_schedules", "office_hours_exceptions"],
    ),
    unit(
        How::CustomObjects,
        "custom_object_instances.list",
        &["custom_object_instances"],
    ),
    unit(How::ActivityLogs, "activity_logs.list", &["activity_logs"]),
];

/// Streams that are read only when they are named: they cost a request for each contact, company or conversation.
pub(crate) const ONLY_WHEN_NAMED: &[&str] = &["data_events", "company_notes", "handling_events"];

impl Unit {
    /// The stream of the records themselves.
    pub(crate) fn stream(&self) -> &'static str {
        self.streams[0]
    }

    /// The operation and its query in `version`; none when the version cannot give the unit.
    pub(crate) fn source(
        &self,
        version: Version,
    ) -> Option<(&'static str, &'static [(&'static str, &'static str)])> {
        if exists(self.operation, version) {
            return Some((self.operation, self.query));
        }
        // Before 2.16 the attributes of conversations are among the data attributes.
        (self.stream() == "conversation_attributes" && exists("data_attributes.list", version))
            .then_some(("data_attributes.list", &[("model", "conversation")]))
    }
}

/// Whether `version` has the operation.
pub(crate) fn exists(operation: &str, version: Version) -> bool {
    Catalog::embedded()
        .operation(operation)
        .is_some_and(|operation| operation.exists_in(version))
}

/// The permission that an operation takes, in Intercom's words.
pub(crate) fn permission(operation: &str) -> Option<&'static str> {
    Catalog::embedded()
        .operation(operation)
        .map(|operation| operation.permission)
        .filter(|text| !text.is_empty())
}

/// The selected streams: those named, or all that a run reads by itself.
pub(crate) fn select(names: Option<&[String]>) -> Result<BTreeSet<&'static str>, SyncError> {
    let all = || UNITS.iter().flat_map(|unit| unit.streams).copied();
    let Some(names) = names else {
        return Ok(all().filter(|stream| !ONLY_WHEN_NAMED.contains(stream)).collect());
    };
    names
        .iter()
        .map(|name| {
            let name = name.trim();
            all()
                .find(|stream| *stream == name)
                .ok_or_else(|| SyncError::UnknownStream {
                    name: name.to_owned(),
                    near: near(name, all()),
                })
        })
        .collect()
}

/// Streams with a name that looks like `name`.
fn near(name: &str, all: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut scored: Vec<(usize, &'static str)> = all
        .filter_map(|stream| {
            let distance = strsim::levenshtein(name, stream);
            let part = name.len() > 3 && (stream.contains(name) || name.contains(stream));
            (part || distance <= stream.len().max(name.len()) / 3).then_some((distance, stream))
        })
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, stream)| stream).take(3).collect()
}

/// Every table, in the order of the tables: the order of reports.
pub(crate) fn in_order() -> impl Iterator<Item = &'static str> {
    tables::all().map(|table| table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_in_exactly_one_unit() {
        let mut units: Vec<&str> = UNITS.iter().flat_map(|unit| unit.streams).copied().collect();
        let mut tables: Vec<&str> = in_order().collect();
        units.sort_unstable();
        tables.sort_unstable();
        assert_eq!(units, tables);
    }

    #[test]
    fn a_stream_that_does_not_exist_is_refused_with_what_looks_like_it() {
        for (name, expected) in [
            ("contact", Some("contacts")),
            ("conversation", Some("conversations")),
            ("tikets", Some("tickets")),
            ("parts", Some("ticket_parts")),
            ("zzzzzz", None),
        ] {
            let error = select(Some(&[name.to_owned()])).unwrap_err();
            assert_eq!(error.code(), "TL0250");
            let SyncError::UnknownStream { near, .. } = error else {
                panic!("{name}")
            };
            match expected {
                Some(expected) => assert!(near.contains(&expected), "{name}: {near:?}"),
                None => assert!(near.is_empty(), "{name}: {near:?}"),
            }
        }
    }

    #[test]
    fn what_costs_a_request_for_each_object_is_read_only_when_it_is_named() {
        for name in ["data_events", "company_notes", "handling_events"] {
            assert!(!select(None).unwrap().contains(name), "{name}");
            assert!(select(Some(&[name.to_owned()])).unwrap().contains(name), "{name}");
        }
    }
}
