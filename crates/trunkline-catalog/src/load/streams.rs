//! Streams: one line each, parents first.
//!
//! The rule: every stream names an operation and, where it hangs on another stream, a parent that stands above it.

use std::collections::HashSet;

use crate::{CatalogError, MembershipList, Stream, StreamKind, StreamRead, table::rows};

pub(super) fn load(text: &'static str, operations: &HashSet<&str>) -> Result<Vec<Stream>, CatalogError> {
    let columns = [
        "name",
        "kind",
        "read",
        "operation",
        "since",
        "primary_key",
        "cursor",
        "parent",
        "list",
        "complete_with",
        "permission",
        "summary",
    ];
    let mut streams: Vec<Stream> = Vec::new();
    for row in rows("overlays/streams.tsv", text, columns)? {
        let name = row.filled(0)?;
        if streams.iter().any(|stream| stream.name == name) {
            return Err(row.duplicate(name));
        }
        let operation = row.filled(3)?;
        for wanted in [Some(operation), row.optional(9)].into_iter().flatten() {
            if !operations.contains(wanted) {
                return Err(row.unknown("operation", wanted));
            }
        }
        let parent = row.optional(7);
        if let Some(parent) = parent
            && !streams.iter().any(|stream| stream.name == parent)
        {
            return Err(row.unknown("stream above this one", parent));
        }
        if row.optional(9).is_some() && row.optional(8).is_none() {
            return Err(row.wrong(8, "the list that the operation completes"));
        }
        row.filled(5)?;
        streams.push(Stream {
            name,
            summary: row.filled(11)?,
            kind: match row.cell(1) {
                "collection" => StreamKind::Collection,
                "nested" => StreamKind::Nested,
                "membership" => StreamKind::Membership,
                _ => return Err(row.wrong(1, "collection, nested or membership")),
            },
            read: match row.cell(2) {
                "search" => StreamRead::Search,
                "whole_list" => StreamRead::WholeList,
                "scroll" => StreamRead::Scroll,
                "newest_first" => StreamRead::NewestFirst,
                "inside_parent" => StreamRead::InsideParent,
                "per_parent" => StreamRead::PerParent,
                _ => {
                    return Err(row.wrong(
                        2,
                        "search, whole_list, scroll, newest_first, inside_parent or per_parent",
                    ));
                }
            },
            operation,
            since: row.parsed(4, "a version")?,
            primary_key: row.list(5),
            cursor_field: row.optional(6),
            parent,
            list: row.optional(8).map(|path| MembershipList {
                path,
                complete_with: row.optional(9),
            }),
            permission: row.cell(10),
        });
    }
    Ok(streams)
}
