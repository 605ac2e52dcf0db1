//! Tickets in their three shapes: whole, with the part that tells what happened, and the short one beside a contact.
//!
//! The one rule: assignees are text in all versions, and a ticket that changed by a part lacks two fields.

use super::{
    super::ordered::{Node, object},
    contacts, linked, number, or_empty,
};
use crate::presenter::{View, parts, tickets};

const FIELDS: [&str; 21] = [
    "type",
    "id",
    "ticket_id",
    "ticket_attributes",
    "ticket_state",
    "ticket_state_internal_label",
    "ticket_state_external_label",
    "ticket_type",
    "contacts",
    "admin_assignee_id",
    "team_assignee_id",
    "created_at",
    "updated_at",
    "ticket_parts",
    "open",
    "snoozed_until",
    "linked_objects",
    "category",
    "is_shared",
    "company_id",
    "channel",
];
const TYPE_FIELDS: [&str; 12] = [
    "type",
    "id",
    "name",
    "description",
    "icon",
    "workspace_id",
    "archived",
    "created_at",
    "updated_at",
    "is_internal",
    "ticket_type_attributes",
    "category",
];
const ATTRIBUTE_FIELDS: [&str; 17] = [
    "type",
    "id",
    "workspace_id",
    "name",
    "description",
    "data_type",
    "input_options",
    "order",
    "required_to_create",
    "required_to_create_for_contacts",
    "visible_on_create",
    "visible_to_contacts",
    "default",
    "ticket_type_id",
    "archived",
    "created_at",
    "updated_at",
];
const PART_FIELDS: [&str; 13] = [
    "type",
    "id",
    "part_type",
    "body",
    "ticket_state",
    "previous_ticket_state",
    "created_at",
    "updated_at",
    "assigned_to",
    "author",
    "attachments",
    "redacted",
    "updated_attribute_data",
];

/// The whole ticket with all its parts.
pub(super) fn whole(view: View<'_>, row: u32) -> Node {
    let held = &view.workspace.tickets[row as usize];
    let mut shown = Node::of(&tickets::view(view, held));
    shown.set("channel", "messenger");
    let mut shown = shown.in_order(&FIELDS);
    for field in ["admin_assignee_id", "team_assignee_id"] {
        shown.change(field, |id| match id.as_i64() {
            Some(number) => number.to_string().into(),
            None => id,
        });
    }
    shown.change("ticket_type", |kind| {
        let mut kind = kind.in_order(&TYPE_FIELDS);
        kind.change("ticket_type_attributes", |list| {
            let mut list = list.in_order(&["type", "data"]);
            list.change("data", |all| all.each(|one| one.in_order(&ATTRIBUTE_FIELDS)));
            list
        });
        kind
    });
    shown.change("contacts", |list| {
        let mut list = list.in_order(&["type", "contacts"]);
        list.change("contacts", |all| {
            all.each(|one| one.in_order(&["type", "id", "external_id"]))
        });
        list
    });
    shown.change("ticket_parts", |mut list| {
        list.change("ticket_parts", |all| all.each(part));
        list
    });
    shown.change("linked_objects", linked);
    shown
}

fn part(shown: Node) -> Node {
    let mut shown = shown.in_order(&PART_FIELDS);
    shown.change("updated_attribute_data", |mut data| {
        for (field, names) in [
            ("attribute", ["type", "id", "label", ""]),
            ("value", ["type", "id", "label", "previous"]),
        ] {
            data.change(field, |value| value.in_order(&names));
        }
        data
    });
    shown.change("assigned_to", |assignee| assignee.in_order(&["type", "id"]));
    shown.change("author", |author| {
        let mut author = author.in_order(&["id", "type", "name", "email"]);
        author.change("email", or_empty);
        if author.field("type").as_str() == Some("lead") {
            author.set("type", "user");
        }
        author
    });
    shown
}

/// A resolved ticket: its people are told by their roles.
pub(super) fn resolved(view: View<'_>, row: u32) -> Node {
    let workspace = view.workspace;
    let people: Vec<Node> = workspace.tickets[row as usize]
        .contacts
        .iter()
        .map(|person| {
            let role = if workspace.contacts[*person as usize].is_lead {
                "lead"
            } else {
                "user"
            };
            object([
                ("id", workspace.ids.contact(*person).into()),
                ("role", role.into()),
            ])
        })
        .collect();
    let mut shown = whole(view, row);
    shown.change("contacts", |mut list| {
        list.set("contacts", people);
        list
    });
    shown
}

/// A closed ticket, one level deeper.
pub(super) fn closed(view: View<'_>, row: u32) -> Node {
    object([("ticket", whole(view, row))])
}

/// A ticket and the part that tells what happened to it.
pub(super) fn with_part(view: View<'_>, row: u32, index: usize) -> Node {
    let held = &view.workspace.tickets[row as usize];
    let mut shown = whole(view, row);
    shown.take("snoozed_until");
    shown.take("company_id");
    let told = if index < held.parts.len() {
        part(Node::of(&parts::of_ticket(view, held, index)))
    } else {
        Node::Null
    };
    object([
        ("type", "ticket_ticket_part".into()),
        ("ticket", shown),
        ("ticket_part", told),
    ])
}

/// A ticket in short beside a contact that came to it or left it.
pub(super) fn with_contact(view: View<'_>, row: u32, contact: u32) -> Node {
    let held = &view.workspace.tickets[row as usize];
    let lists = &view.workspace.reference;
    let kind = &lists.ticket_types[usize::from(held.ticket_type)];
    let state = &lists.ticket_states[usize::from(held.state)];
    let attributes = tickets::attributes(held)
        .into_iter()
        .map(|(name, value)| {
            let attribute = object([("value", (&value).into()), ("type", "string".into())]);
            (name, attribute)
        })
        .collect();
    let id = serde_json::Value::String(held.id(&view.workspace.ids));
    let url = format!(
        "https://app.intercom.com/a/apps/{}/conversations/{}",
        view.workspace.id_code,
        held.id(&view.workspace.ids)
    );
    let ticket = object([
        ("type", "ticket".into()),
        ("id", number(&id)),
        ("url", url.into()),
        ("custom_attributes", Node::Object(attributes)),
        ("state", (&state["category"]).into()),
        ("ticket_type", (&kind["name"]).into()),
        ("ticket_type_description", (&kind["description"]).into()),
        ("ticket_type_emoji", (&kind["icon"]).into()),
        (
            "ticket_custom_state_admin_label",
            (&state["internal_label"]).into(),
        ),
        (
            "ticket_custom_state_user_label",
            (&state["external_label"]).into(),
        ),
    ]);
    object([("ticket", ticket), ("contact", contacts::beside(view, contact))])
}
