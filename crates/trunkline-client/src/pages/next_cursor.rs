//! `cursor` in the query; `next_cursor` and `has_more` in the answer.

use super::{Position, rows::List};
use crate::Call;

pub(super) fn ask(call: &mut Call, position: Option<&Position>, per_page: Option<u16>) {
    if let Some(rows) = per_page {
        call.set_query("per_page", rows.to_string());
    }
    if let Some(Position::Cursor(cursor)) = position {
        call.set_query("cursor", cursor.clone());
    }
}

pub(super) fn next(list: &List) -> Option<Position> {
    match &list.next_cursor {
        Some(cursor) if list.has_more != Some(false) => Some(Position::Cursor(cursor.clone())),
        _ => None,
    }
}
