//! Files of messages: of conversations' first messages and of what came after.

use super::{Table, TableKind, integer, records, text};

/// Attachments. The API gives them no ids: storage numbers those of one message, in their order.
pub(super) const ATTACHMENTS: Table = Table {
    kind: TableKind::Nested {
        parent: "conversation_id",
    },
    lookup: Some(&["conversation_id", "id"]),
    updated: None,
    ..records(
        "attachments",
        "Files of conversations, one row for each file of a message.",
        &[
            text(
                "id",
                "id",
                "The ids of the conversation and the part, and the file's place among theirs.",
            ),
            text("conversation_id", "", "The conversation."),
            text(
                "part_id",
                "part_id",
                "The part that it came with; empty for the first message.",
            ),
            integer(
                "place",
                "place",
                "Its place among the files of its message, from 1.",
            ),
            text("name", "name", "The file's name."),
            text(
                "url",
                "url",
                "Where it lay when the row was read; such addresses are signed and end after half an hour.",
            ),
            text("content_type", "content_type", "What kind of file it is."),
            integer("filesize", "filesize", "Its size in bytes."),
            integer("width", "width", "A picture's width."),
            integer("height", "height", "A picture's height."),
        ],
    )
};
