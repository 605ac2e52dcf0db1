//! Objects of the workspace's own types.

use super::{Table, TableKind, json, records, text, time};

/// Custom objects. Ids are those of a type: two types may have the same.
pub(super) const CUSTOM_OBJECT_INSTANCES: Table = Table {
    kind: TableKind::Nested { parent: "type" },
    key: &["type", "id"],
    custom: Some("custom_attributes"),
    late_indexes: &[("external_id", "(external_id) WHERE external_id IS NOT NULL")],
    ..records(
        "custom_object_instances",
        "Objects of the workspace's own types, as far as these were named.",
        &[
            text("type", "type", "The type, such as Order."),
            text("id", "id", "Intercom's id."),
            text("external_id", "external_id", "Your own id."),
            time("created_at", "created_at", "When it was made in Intercom."),
            time("updated_at", "updated_at", "When it last changed in Intercom."),
            time(
                "external_created_at",
                "external_created_at",
                "When it was made in your own system.",
            ),
            time(
                "external_updated_at",
                "external_updated_at",
                "When it last changed in your own system.",
            ),
            json(
                "custom_attributes",
                "custom_attributes",
                "Its attributes; one column each in custom_object_instances_custom.",
            ),
        ],
    )
};
