//! Office hours: schedules, and the days on which other hours hold.

use super::{Table, TableKind, boolean, json, records, text, time};

/// Schedules of office hours.
pub(super) const OFFICE_HOURS_SCHEDULES: Table = Table {
    ..records(
        "office_hours_schedules",
        "Schedules of office hours.",
        &[
            text("id", "id", "Intercom's id."),
            text("name", "name", "Name."),
            text(
                "time_zone_name",
                "time_zone_name",
                "The time zone that its hours are in.",
            ),
            boolean(
                "twenty_four_seven",
                "twenty_four_seven",
                "Whether it is always open.",
            ),
            json(
                "time_intervals",
                "time_intervals",
                "When it is open, in minutes from Monday's midnight.",
            ),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
        ],
    )
};

/// Days on which a schedule has other hours.
pub(super) const OFFICE_HOURS_EXCEPTIONS: Table = Table {
    kind: TableKind::Nested {
        parent: "office_hours_schedule_id",
    },
    indexes: &[("schedule", "(office_hours_schedule_id)")],
    ..records(
        "office_hours_exceptions",
        "Days on which a schedule of office hours is closed or has other hours.",
        &[
            text("id", "id", "Intercom's id."),
            text(
                "office_hours_schedule_id",
                "office_hours_schedule_id",
                "The schedule.",
            ),
            text("name", "name", "Name, such as a holiday's."),
            text("exception_date", "exception_date", "The day."),
            text(
                "exception_type",
                "exception_type",
                "closed, or how else the day differs.",
            ),
            boolean(
                "recurring_annually",
                "recurring_annually",
                "Whether it is the same every year.",
            ),
            json("time_intervals", "time_intervals", "When it is open on that day."),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
        ],
    )
};
