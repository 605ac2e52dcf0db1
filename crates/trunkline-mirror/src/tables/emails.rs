//! Addresses that e-mails are sent from.

use super::{Table, boolean, records, text, time};

/// E-mail addresses.
pub(super) const EMAILS: Table = records(
    "emails",
    "Addresses that the workspace sends e-mails from.",
    &[
        text("id", "id", "Intercom's id."),
        text("email", "email", "The address."),
        boolean("verified", "verified", "Whether it was proved to be yours."),
        text("domain", "domain", "Its domain."),
        text("brand_id", "brand_id", "Its brand."),
        boolean(
            "forwarding_enabled",
            "forwarding_enabled",
            "Whether what comes there is passed on to Intercom.",
        ),
        time(
            "forwarded_email_last_received_at",
            "forwarded_email_last_received_at",
            "When something was last passed on.",
        ),
        time("created_at", "created_at", "When it was added."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
