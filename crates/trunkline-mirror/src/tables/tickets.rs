//! Tickets and their parts.

use super::{Column, Table, TableKind, boolean, html, json, nested, pairs, records, text, time};

/// Tickets.
pub(super) const TICKETS: Table = Table {
    lists: &[
        nested("ticket_parts", "ticket_parts"),
        super::members("contacts", "ticket_contacts"),
        super::members("linked_objects", "ticket_conversations"),
    ],
    custom: Some("ticket_attributes"),
    ..records("tickets", "Tickets of every category.", COLUMNS)
};

const COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id, also its conversation's."),
    text("ticket_id", "ticket_id", "The short number that people see."),
    text("category", "category", "Customer, Back-office or Tracker."),
    text("title", "ticket_attributes._default_title_", "Title."),
    text("ticket_type_id", "ticket_type.id", "The ticket's type."),
    text("ticket_type_name", "ticket_type.name", "The type's name."),
    text(
        "ticket_state_id",
        "ticket_state.id",
        "The state's id; before 2.12 unknown.",
    ),
    text(
        "ticket_state",
        "ticket_state.category",
        "submitted, in_progress, waiting_on_customer or resolved.",
    )
    .or("ticket_state"),
    text(
        "ticket_state_label",
        "ticket_state.internal_label",
        "What teammates see as the state.",
    )
    .or("ticket_state_internal_label"),
    text(
        "ticket_state_external_label",
        "ticket_state.external_label",
        "What contacts see as the state.",
    )
    .or("ticket_state_external_label"),
    text(
        "previous_ticket_state_id",
        "previous_ticket_state_id",
        "The state before this one.",
    ),
    text(
        "admin_assignee_id",
        "admin_assignee_id",
        "The teammate it is assigned to; 0 for none.",
    ),
    text(
        "team_assignee_id",
        "team_assignee_id",
        "The team it is assigned to; 0 for none.",
    ),
    text(
        "company_id",
        "company_id",
        "The company it is about, by Intercom's id.",
    ),
    text("channel", "channel", "Where it came from."),
    time("created_at", "created_at", "When it was made."),
    time("updated_at", "updated_at", "When it last changed."),
    boolean("open", "open", "Whether it is open."),
    time("snoozed_until", "snoozed_until", "Until when it sleeps."),
    boolean("is_shared", "is_shared", "Whether the contact sees it."),
    json(
        "linked_objects",
        "linked_objects.data",
        "Conversations and tickets that it is linked with.",
    ),
    json(
        "ticket_attributes",
        "ticket_attributes",
        "Attributes of its type; one column each in tickets_custom.",
    ),
];

/// What happened to tickets.
pub(super) const TICKET_PARTS: Table = Table {
    kind: TableKind::Nested { parent: "ticket_id" },
    indexes: &[("ticket_id", "(ticket_id)")],
    ..records(
        "ticket_parts",
        "What happened to a ticket: replies, notes, changes of state and others.",
        PART_COLUMNS,
    )
};

const PART_COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id."),
    text("ticket_id", "", "The ticket, by Intercom's id."),
    text(
        "part_type",
        "part_type",
        "comment, note, assignment, ticket_state_updated_by_admin and others; the list is open.",
    ),
    html("body", "body", "What was written."),
    time("created_at", "created_at", "When it happened."),
    time("updated_at", "updated_at", "When it last changed."),
    text("author_type", "author.type", "user, lead, admin, team or bot."),
    text("author_id", "author.id", "Who did it."),
    text("author_name", "author.name", "Their name then."),
    text("author_email", "author.email", "Their e-mail address then."),
    text(
        "assigned_to_type",
        "assigned_to.type",
        "admin, team or nobody_admin.",
    ),
    text("assigned_to_id", "assigned_to.id", "Whom it was assigned to."),
    text("ticket_state", "ticket_state", "The state after it."),
    text(
        "previous_ticket_state",
        "previous_ticket_state",
        "The state before it.",
    ),
    text("external_id", "external_id", "An id of the channel's own."),
    boolean("redacted", "redacted", "Whether it was blacked out."),
    text("app_package_code", "app_package_code", "The app that did it."),
    json("attachments", "attachments", "Files."),
    json(
        "updated_attribute_data",
        "updated_attribute_data",
        "The attribute that changed and its values.",
    ),
];

/// Which contact has which ticket.
pub(super) const TICKET_CONTACTS: Table = Table {
    late_indexes: &[("contact_id", "(contact_id)")],
    ..pairs(
        "ticket_contacts",
        "Which contact has which ticket.",
        &["ticket_id", "contact_id"],
        &[
            text("ticket_id", "", "The ticket, by Intercom's id."),
            text("contact_id", "id", "The contact."),
        ],
    )
};

/// What tickets are linked with. A list that the API cuts only adds.
pub(super) const TICKET_CONVERSATIONS: Table = Table {
    late_indexes: &[("conversation_id", "(conversation_id)")],
    ..pairs(
        "ticket_conversations",
        "Which conversations and tickets a ticket is linked with, as far as the API shows them.",
        &["ticket_id", "conversation_id"],
        &[
            text("ticket_id", "", "The ticket, by Intercom's id."),
            text(
                "conversation_id",
                "id",
                "The conversation; of a linked ticket its id, also its conversation's.",
            ),
            text("type", "type", "conversation or ticket: what is linked."),
            text(
                "category",
                "category",
                "Customer, Back-office or Tracker, where a ticket is linked.",
            ),
        ],
    )
};
