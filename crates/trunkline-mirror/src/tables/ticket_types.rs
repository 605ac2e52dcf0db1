//! Ticket types, their attributes, and the states that tickets go through.

use super::{Table, TableKind, boolean, integer, json, nested, records, text, time};

/// Ticket types.
pub(super) const TICKET_TYPES: Table = Table {
    lists: &[nested("ticket_type_attributes", "ticket_type_attributes")],
    ..records(
        "ticket_types",
        "Kinds of tickets.",
        &[
            text("id", "id", "Intercom's id."),
            text("name", "name", "Name."),
            text("description", "description", "What it is for."),
            text("category", "category", "Customer, Back-office or Tracker."),
            text("icon", "icon", "Emoji."),
            boolean("is_internal", "is_internal", "Whether contacts never see it."),
            boolean("archived", "archived", "Whether it is out of use."),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
        ],
    )
};

/// The attributes of ticket types.
pub(super) const TICKET_TYPE_ATTRIBUTES: Table = Table {
    kind: TableKind::Nested {
        parent: "ticket_type_id",
    },
    indexes: &[("ticket_type_id", "(ticket_type_id)")],
    ..records(
        "ticket_type_attributes",
        "What tickets of a type can be asked for.",
        &[
            text("id", "id", "Intercom's id."),
            text("ticket_type_id", "ticket_type_id", "The ticket type."),
            text("name", "name", "Name, also the key in a ticket's attributes."),
            text("description", "description", "What it means."),
            text(
                "data_type",
                "data_type",
                "string, list, integer, decimal, boolean, datetime or files.",
            ),
            json("input_options", "input_options", "How it is entered."),
            integer("order", "order", "Where it stands among the others."),
            boolean(
                "required_to_create",
                "required_to_create",
                "Whether teammates must fill it.",
            ),
            boolean(
                "required_to_create_for_contacts",
                "required_to_create_for_contacts",
                "Whether contacts must fill it.",
            ),
            boolean(
                "visible_on_create",
                "visible_on_create",
                "Whether teammates see it when they make a ticket.",
            ),
            boolean(
                "visible_to_contacts",
                "visible_to_contacts",
                "Whether contacts see it.",
            ),
            boolean("default", "default", "Whether every type has it."),
            boolean("archived", "archived", "Whether it is out of use."),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
        ],
    )
};

/// The states of tickets.
pub(super) const TICKET_STATES: Table = Table {
    updated: None,
    ..records(
        "ticket_states",
        "States that a ticket goes through.",
        &[
            text("id", "id", "Intercom's id."),
            text(
                "category",
                "category",
                "submitted, in_progress, waiting_on_customer or resolved.",
            ),
            text("internal_label", "internal_label", "What teammates see."),
            text("external_label", "external_label", "What contacts see."),
            boolean("archived", "archived", "Whether it is out of use."),
            json(
                "ticket_types",
                "ticket_types.data",
                "The ticket types that have it.",
            ),
        ],
    )
};
