//! Attributes of contacts and companies, those that come with Intercom included.

use super::{Table, boolean, json, records, text, time};

/// Data attributes. Those that come with Intercom have no id, so the key is what they belong to and their full name.
pub(super) const DATA_ATTRIBUTES: Table = Table {
    key: &["model", "full_name"],
    ..records(
        "data_attributes",
        "Attributes that contacts and companies can have.",
        &[
            text("model", "model", "contact, company or conversation."),
            text(
                "full_name",
                "full_name",
                "Where it stands in a record, such as custom_attributes.plan.",
            )
            .or("name"),
            text(
                "id",
                "id",
                "Intercom's id; empty for those that come with Intercom.",
            ),
            text("name", "name", "Name."),
            text("label", "label", "What people see."),
            text("description", "description", "What it means."),
            text(
                "data_type",
                "data_type",
                "string, integer, float, boolean or date.",
            ),
            json("options", "options", "The values that can be chosen."),
            boolean("api_writable", "api_writable", "Whether the API may write it."),
            boolean(
                "messenger_writable",
                "messenger_writable",
                "Whether the Messenger may write it.",
            ),
            boolean("ui_writable", "ui_writable", "Whether teammates may write it."),
            boolean("custom", "custom", "Whether the workspace made it up."),
            boolean("archived", "archived", "Whether it is out of use."),
            text("admin_id", "admin_id", "The teammate who made it."),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
        ],
    )
};
