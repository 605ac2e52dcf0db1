//! Help centers.

use super::{Table, boolean, json, records, text, time};

/// Help centers.
pub(super) const HELP_CENTERS: Table = records(
    "help_centers",
    "Help centers of the workspace.",
    &[
        text("id", "id", "Intercom's id."),
        text("identifier", "identifier", "Its part of the address."),
        text("display_name", "display_name", "Name."),
        boolean("website_turned_on", "website_turned_on", "Whether it is public."),
        text("url", "url", "Address on the web."),
        text("custom_domain", "custom_domain", "Your own domain for it."),
        boolean("default", "default", "Whether it is the first one."),
        json("locales", "locales", "Its languages."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
