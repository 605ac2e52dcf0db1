//! Companies, their tags and segments.

use super::{Column, Table, integer, json, members, pairs, real, records, text, time};

/// Companies.
pub(super) const COMPANIES: Table = Table {
    lists: &[
        members("tags", "company_tags"),
        members("segments", "company_segments"),
    ],
    custom: Some("custom_attributes"),
    late_indexes: &[("company_id", "(company_id)")],
    ..records("companies", "Organizations that contacts belong to.", COLUMNS)
};

const COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id."),
    text("company_id", "company_id", "The id that your own systems gave."),
    text("name", "name", "Name."),
    text("app_id", "app_id", "The workspace's code."),
    text("plan_id", "plan.id", "The plan's id."),
    text("plan_name", "plan.name", "The plan that the company is on."),
    time(
        "remote_created_at",
        "remote_created_at",
        "When the company began with you.",
    ),
    time(
        "created_at",
        "created_at",
        "When Intercom first knew the company.",
    ),
    time("updated_at", "updated_at", "When the company last changed."),
    time(
        "last_request_at",
        "last_request_at",
        "When one of its people was last seen.",
    ),
    integer("size", "size", "How many people work there."),
    text("website", "website", "Address on the web."),
    text("industry", "industry", "Line of business."),
    real("monthly_spend", "monthly_spend", "What it spends in a month."),
    integer("session_count", "session_count", "How often its people came."),
    integer("user_count", "user_count", "How many contacts it has."),
    json(
        "custom_attributes",
        "custom_attributes",
        "Attributes that the workspace made up; one column each in companies_custom.",
    ),
];

/// Which company has which tag.
pub(super) const COMPANY_TAGS: Table = Table {
    late_indexes: &[("tag_id", "(tag_id)")],
    ..pairs(
        "company_tags",
        "Which company has which tag.",
        &["company_id", "tag_id"],
        &[
            text("company_id", "", "The company, by Intercom's id."),
            text("tag_id", "id", "The tag."),
        ],
    )
};

/// Which company is in which segment.
pub(super) const COMPANY_SEGMENTS: Table = Table {
    late_indexes: &[("segment_id", "(segment_id)")],
    ..pairs(
        "company_segments",
        "Which company is in which segment.",
        &["company_id", "segment_id"],
        &[
            text("company_id", "", "The company, by Intercom's id."),
            text("segment_id", "id", "The segment."),
        ],
    )
};
