//! Numbered pages: `page` and `per_page` in the query or the body.
//!
//! The one rule: the list ends on an empty page, or when nothing names a next page and the counts agree that this is the
//! last. The URL in `pages.next` is only a sign that there is more; it is not followed.

use serde_json::{Map, Value};

use super::{
    Position,
    rows::{List, NextPage},
};
use crate::Call;

pub(super) fn ask_in_query(call: &mut Call, position: Option<&Position>, per_page: Option<u16>) {
    if let Some(rows) = per_page {
        call.set_query("per_page", rows.to_string());
    }
    call.set_query("page", number(position).to_string());
}

pub(super) fn ask_in_body(call: &mut Call, position: Option<&Position>, per_page: Option<u16>) {
    let Value::Object(body) = call.body.get_or_insert_with(|| Value::Object(Map::new())) else {
        return;
    };
    if let Some(rows) = per_page {
        body.insert("per_page".to_owned(), Value::from(rows));
    }
    body.insert("page".to_owned(), Value::from(number(position)));
}

fn number(position: Option<&Position>) -> u32 {
    match position {
        Some(Position::Page(page)) => *page,
        _ => 1,
    }
}

pub(super) fn next(
    position: Option<&Position>,
    list: &List,
    asked: Option<u16>,
    repeated: bool,
) -> Result<Option<Position>, String> {
    if list.rows.is_empty() {
        return Ok(None);
    }
    let page = number(position);
    let told = list.next != NextPage::None || list.total_pages.is_some();
    if repeated && !told {
        // The server ignores the page number: what came first was the whole list.
        return Ok(None);
    }
    if repeated {
        return Err(format!("page {page} is the same as the page before it"));
    }
    let rows = u64::try_from(list.rows.len()).unwrap_or(u64::MAX);
    let size = list.per_page.or_else(|| asked.map(u64::from)).unwrap_or(rows);
    let seen = u64::from(page - 1) * size + rows;
    let more = list.next != NextPage::None
        || match (list.total_pages, list.total_count) {
            (Some(pages), _) => u64::from(page) < pages,
            (None, Some(total)) => seen < total,
            (None, None) => rows >= size,
        };
    let after = page
        .checked_add(1)
        .ok_or_else(|| "there are too many pages".to_owned())?;
    Ok(if more { Some(Position::Page(after)) } else { None })
}
