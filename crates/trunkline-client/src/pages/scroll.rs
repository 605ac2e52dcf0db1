//! The scroll: one a workspace, gone after sixty idle seconds, ended by an empty page.
//!
//! The one rule: a scroll page is never asked for twice, because nobody promises that the second answer is the same page.

use super::{Position, rows::List};
use crate::{Call, CallError, ErrorKind};

pub(super) fn ask(call: &mut Call, position: Option<&Position>) {
    if let Some(Position::Scroll(parameter)) = position {
        call.set_query("scroll_param", parameter.clone());
    }
}

pub(super) fn next(list: &List) -> Option<Position> {
    match &list.scroll_param {
        Some(parameter) if !list.rows.is_empty() => Some(Position::Scroll(parameter.clone())),
        _ => None,
    }
}

/// Whether a failure in the middle of a scroll means that it has to start again.
pub(super) fn is_lost(error: &CallError) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound
            | ErrorKind::Server
            | ErrorKind::Timeout
            | ErrorKind::Network
            | ErrorKind::BadAnswer
    )
}
