//! Brands of the workspace.

use super::{Table, boolean, records, text, time};

/// Brands.
pub(super) const BRANDS: Table = records(
    "brands",
    "Brands of the workspace.",
    &[
        text(
            "id",
            "id",
            "Intercom's id; the first brand's is the workspace's code.",
        ),
        text("name", "name", "Name."),
        boolean("is_default", "is_default", "Whether it is the first one."),
        text("help_center_id", "help_center_id", "Its help center."),
        text(
            "default_address_settings_id",
            "default_address_settings_id",
            "The address that its e-mails come from.",
        ),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
