//! Which list the value of an operation's field is picked from.
//!
//! The one rule: a field that may hold ids of several kinds, or ids of the caller's own, is picked from no list.

use trunkline_catalog::{FieldType, Operation};

use super::lookups;
use crate::Place;

/// Fields that hold ids of one kind wherever they stand, by the last part of their names.
const NAMES: &[(&str, &[&str])] = &[
    (
        "admins",
        &[
            "admin_assignee_id",
            "admin_id",
            "admin_ids",
            "author_id",
            "created_by_ids",
            "last_updated_by_ids",
            "owner_id",
            "primary_admin_ids",
            "secondary_admin_ids",
            "sender_id",
        ],
    ),
    ("articles", &["article_id"]),
    ("audiences", &["audience_ids"]),
    ("away_status_reasons", &["away_status_reason_id"]),
    ("brands", &["brand_id"]),
    ("contacts", &["contact_id", "references_contact_id"]),
    ("data_connectors", &["data_connector_id"]),
    ("folders", &["folder_id", "folder_ids", "parent_folder_id"]),
    ("help_centers", &["help_center_id"]),
    ("newsfeeds", &["newsfeed_id"]),
    ("office_hours_schedules", &["office_hours_schedule_id"]),
    (
        "segments",
        &["add_segment_ids", "remove_segment_ids", "segment_id"],
    ),
    ("tags", &["add_tag_ids", "remove_tag_ids", "tag_id", "tag_ids"]),
    ("teams", &["team_assignee_id", "team_id", "visible_to_team_ids"]),
    ("ticket_states", &["ticket_state_id"]),
    ("ticket_types", &["ticket_type_id"]),
];

/// The list that a field's value is picked from; none where none fits.
pub(crate) fn of_field(
    operation: &Operation,
    place: Place,
    field: &str,
    field_type: FieldType,
) -> Option<&'static str> {
    if matches!(field_type, FieldType::Boolean | FieldType::Object) {
        return None;
    }
    let last = field.rsplit('.').next().unwrap_or(field).trim_end_matches("[]");
    match (place, last) {
        // In a body it may be the caller's own id of a company.
        (Place::Path, "company_id") => Some("companies"),
        (Place::Path, "id") => of_segment(operation.path, "{id}"),
        (Place::Payload, "parent_id") if operation.family() == "collections" => Some("collections"),
        // What is attached is of the operation's own family.
        (Place::Payload, "id") if field == "id" && operation.id.contains(".attach_to_") => {
            named(operation.family())
        }
        _ => NAMES
            .iter()
            .find(|(_, fields)| fields.contains(&last))
            .map(|(list, _)| *list),
    }
}

/// The list of what stands in the path before its parameter: `/contacts/{id}/companies` takes a contact.
fn of_segment(path: &str, parameter: &str) -> Option<&'static str> {
    if path.starts_with("/conversations/attributes/") {
        return Some("conversation_attributes");
    }
    let mut before = "";
    for segment in path.split('/') {
        if segment == parameter {
            return match before {
                "subscriptions" => Some("subscription_types"),
                other => named(other),
            };
        }
        before = segment;
    }
    None
}

fn named(name: &str) -> Option<&'static str> {
    lookups()
        .iter()
        .map(|lookup| lookup.name)
        .find(|known| *known == name)
}
