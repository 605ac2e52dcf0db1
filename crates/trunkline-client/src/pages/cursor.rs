//! Cursor pages: `starting_after` in the query or the body, `pages.next.starting_after` in the answer.

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
    if let Some(Position::Cursor(cursor)) = position {
        call.set_query("starting_after", cursor.clone());
    }
}

pub(super) fn ask_in_body(call: &mut Call, position: Option<&Position>, per_page: Option<u16>) {
    let body = call.body.get_or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(body) = body else { return };
    let pagination = body
        .entry("pagination")
        .or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(pagination) = pagination else {
        return;
    };
    if let Some(rows) = per_page {
        pagination.insert("per_page".to_owned(), Value::from(rows));
    }
    if let Some(Position::Cursor(cursor)) = position {
        pagination.insert("starting_after".to_owned(), Value::from(cursor.as_str()));
    }
}

pub(super) fn next(list: &List) -> Option<Position> {
    match &list.next {
        NextPage::Cursor(cursor) => Some(Position::Cursor(cursor.clone())),
        // Some cursor lists name the next page as a URL that carries the cursor.
        NextPage::Url(url) => url::Url::parse(url)
            .ok()
            .and_then(|url| {
                url.query_pairs()
                    .find(|(name, _)| name == "starting_after")
                    .map(|(_, value)| value.into_owned())
            })
            .filter(|cursor| !cursor.is_empty())
            .map(Position::Cursor),
        NextPage::None => None,
    }
}
