//! Companies, alone and with one of their people.

use super::{
    super::{
        ordered::{Node, object},
        topic::Topic,
    },
    contacts, date,
};
use crate::presenter::{View, companies};

const FIELDS: [&str; 18] = [
    "type",
    "id",
    "name",
    "app_id",
    "plan",
    "company_id",
    "remote_created_at",
    "created_at",
    "updated_at",
    "last_request_at",
    "size",
    "website",
    "industry",
    "monthly_spend",
    "session_count",
    "user_count",
    "custom_attributes",
    "tag_ids",
];
/// Beside a contact there are fewer, in another order.
const BESIDE: [&str; 15] = [
    "type",
    "id",
    "company_id",
    "app_id",
    "name",
    "plan_id",
    "remote_created_at",
    "created_at",
    "updated_at",
    "last_request_at",
    "monthly_spend",
    "session_count",
    "user_count",
    "tag_ids",
    "custom_attributes",
];

/// The item of most topics about one company.
pub(super) fn of_topic(view: View<'_>, topic: Topic, row: u32) -> Node {
    if topic == Topic::CompanyDeleted {
        let id = view.workspace.ids.company(row);
        return object([
            ("id", id.into()),
            ("type", "company".into()),
            ("deleted", true.into()),
        ]);
    }
    let mut shown = flat(view, row).picked(&FIELDS);
    // No plan is an empty object in the API and null here.
    shown.change("plan", |plan| match plan.field("id") {
        Node::Null => Node::Null,
        _ => plan.in_order(&["type", "id", "name"]),
    });
    shown
}

/// A company and a contact that came to it or left it.
pub(super) fn with_contact(view: View<'_>, company: u32, contact: u32) -> Node {
    let mut shown = flat(view, company);
    let plan = shown.take("plan").take("id");
    shown.set("plan_id", plan);
    object([
        ("company", shown.picked(&BESIDE)),
        ("contact", contacts::beside(view, contact)),
    ])
}

/// What the API shows, with the ids of its tags and its moments as items write them.
fn flat(view: View<'_>, row: u32) -> Node {
    let company = &view.workspace.companies[row as usize];
    let mut shown = Node::of(&companies::view(view, company));
    for field in ["remote_created_at", "created_at", "updated_at", "last_request_at"] {
        shown.change(field, date);
    }
    let tags: Vec<Node> = company
        .tags
        .iter()
        .map(|tag| view.workspace.tags[*tag as usize].id.to_string().into())
        .collect();
    shown.set("tag_ids", tags);
    shown
}
