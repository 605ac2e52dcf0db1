//! Teammates, what they did, and what contacts did in the product.

use super::{
    super::ordered::{Node, object},
    number,
};
use crate::{
    presenter::{View, reference},
    resources::data_events,
};

/// A teammate, whose id is a number here.
pub(super) fn admin(view: View<'_>, place: u16) -> Node {
    let Some(admin) = view.workspace.reference.admins.get(usize::from(place)) else {
        return Node::Null;
    };
    let mut shown = Node::from(admin).picked(&[
        "type",
        "id",
        "name",
        "email",
        "job_title",
        "away_mode_enabled",
        "away_mode_reassign",
        "away_status_reason",
        "has_inbox_seat",
        "team_ids",
        "avatar",
    ]);
    shown.set("id", number(&admin["id"]));
    let reasons = &view.workspace.reference.away_status_reasons;
    let reason = admin["away_status_reason_id"]
        .as_u64()
        .and_then(|id| crate::workspace::reference::find(reasons, &id.to_string()))
        .and_then(|reason| reason["label"].as_str())
        .unwrap_or_default();
    shown.set("away_status_reason", reason);
    shown.change("avatar", |avatar| avatar.in_order(&["type", "image_url"]));
    shown
}

/// An entry of the activity log.
pub(super) fn activity(view: View<'_>, place: usize) -> Node {
    let Some(entry) = view.workspace.reference.activity_logs.get(place) else {
        return Node::Null;
    };
    let mut shown = Node::from(&reference::activity(entry, view.version)).picked(&[
        "type",
        "id",
        "performed_by",
        "metadata",
        "created_at",
        "activity_type",
        "activity_description",
    ]);
    shown.set("type", "admin_activity_log_event");
    shown.change("performed_by", |by| by.in_order(&["type", "id", "email", "ip"]));
    shown
}

/// An event of a contact.
pub(super) fn event(view: View<'_>, place: usize) -> Node {
    let workspace = view.workspace;
    let Some(event) = workspace.events.get(place) else {
        return Node::Null;
    };
    let person = &workspace.contacts[event.contact as usize];
    let id = data_events::id_of(workspace, place);
    object([
        ("type", "event".into()),
        ("event_name", event.name.as_str().into()),
        ("id", id.into()),
        ("intercom_user_id", workspace.ids.contact(event.contact).into()),
        ("user_id", person.external_id(workspace.seed).into()),
        ("email", person.email(workspace.seed).into()),
        ("metadata", Node::of(&event.metadata)),
        ("created_at", event.created_at.into()),
        ("ext_metadata", Node::Object(Vec::new())),
    ])
}
