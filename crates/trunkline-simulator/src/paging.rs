//! Pages: offsets, cursors and whole lists (facts 4).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{errors::Refusal, request::Request};

/// The page size that was asked for, within 1 and `max`.
pub(crate) fn per_page(asked: Option<&str>, default: usize, max: usize) -> Result<usize, Refusal> {
    match asked {
        None => Ok(default),
        Some(text) => match text.parse::<usize>() {
            Ok(0) | Err(_) => Err(Refusal::invalid("per_page must be a positive number")),
            Ok(count) => Ok(count.min(max)),
        },
    }
}

/// One page of a list with page numbers; a page past the end is an empty list.
pub(crate) struct OffsetPage<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) total: usize,
    pub(crate) pages: Value,
}

/// How an offset list tells that there is no next page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastPage {
    /// `next` is null.
    Null,
    /// `next` is missing.
    Absent,
}

/// The page that was asked for; the first one when none was.
pub(crate) fn page_number(request: &Request<'_>) -> Result<usize, Refusal> {
    match request.query("page") {
        None => Ok(1),
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|page| *page > 0)
            .ok_or_else(|| Refusal::invalid("page must be a positive number")),
    }
}

/// The refusal of a cursor that no page gave out.
pub(crate) fn bad_cursor() -> Refusal {
    Refusal::new(
        400,
        "client_error",
        "Invalid starting_after param. Please try again using a starting_after value from a paginated response",
    )
}

/// Cuts one page out of all rows.
pub(crate) fn offset<T>(
    request: &Request<'_>,
    all: impl ExactSizeIterator<Item = T>,
    default: usize,
    max: usize,
    last: LastPage,
) -> Result<OffsetPage<T>, Refusal> {
    let per_page = per_page(request.query("per_page"), default, max)?;
    let page = page_number(request)?;
    let total = all.len();
    let total_pages = total.div_ceil(per_page).max(1);
    let rows = all
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .collect();
    let mut pages = Map::new();
    pages.insert("type".to_owned(), json!("pages"));
    if page < total_pages {
        pages.insert("next".to_owned(), json!(request.page_url(page + 1, per_page)));
    } else if last == LastPage::Null {
        pages.insert("next".to_owned(), Value::Null);
    }
    pages.insert("page".to_owned(), json!(page));
    pages.insert("per_page".to_owned(), json!(per_page));
    pages.insert("total_pages".to_owned(), json!(total_pages));
    Ok(OffsetPage {
        rows,
        total,
        pages: Value::Object(pages),
    })
}

/// `{"type": kind, key: rows, "total_count": .., "pages": ..}` for an offset page.
pub(crate) fn offset_list(kind: &str, key: &str, page: OffsetPage<Value>) -> Value {
    let mut list = Map::new();
    list.insert("type".to_owned(), json!(kind));
    list.insert(key.to_owned(), Value::Array(page.rows));
    list.insert("total_count".to_owned(), json!(page.total));
    list.insert("pages".to_owned(), page.pages);
    Value::Object(list)
}

/// A whole list: `{"type": kind, key: rows}`.
pub(crate) fn whole_list(kind: &str, key: &str, rows: Vec<Value>) -> Value {
    let mut list = Map::new();
    list.insert("type".to_owned(), json!(kind));
    list.insert(key.to_owned(), Value::Array(rows));
    Value::Object(list)
}

/// A cursor: the sort value, the number of the last row, and the next page's number, as base64 of a JSON array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The sort value of the last row given out; -1 when the list is unsorted.
    pub(crate) value: i64,
    /// The last row's number.
    pub(crate) row: u32,
    /// The number of the page that comes next.
    pub(crate) page: u32,
}

impl Cursor {
    /// The largest sort value that a cursor carries, because it is told in thousandths.
    pub(crate) const LARGEST: i64 = i64::MAX / 1_000;

    pub(crate) fn encode(self) -> String {
        STANDARD
            .encode(json!([self.value.saturating_mul(1_000), self.row.to_string(), self.page]).to_string())
    }

    pub(crate) fn decode(text: &str) -> Result<Self, Refusal> {
        Self::read(text).ok_or_else(bad_cursor)
    }

    fn read(text: &str) -> Option<Self> {
        let decoded = STANDARD.decode(text).ok()?;
        let parts: (i64, String, u32) = serde_json::from_slice(&decoded).ok()?;
        // No list has so many pages; the next one's number has to fit.
        (parts.2 < u32::MAX).then_some(())?;
        Some(Self {
            value: parts.0.div_euclid(1_000),
            row: parts.1.parse().ok()?,
            page: parts.2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for cursor in [
            Cursor {
                value: 1_571_317_446,
                row: 12,
                page: 2,
            },
            Cursor {
                value: -1,
                row: 0,
                page: 9,
            },
        ] {
            assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }
    }

    #[test]
    fn a_cursor_of_ones_own_making_is_refused() {
        let last = Cursor {
            value: 1,
            row: 1,
            page: u32::MAX,
        };
        for text in ["", "x", "W10=", "WzEsMiwzXQ==", &last.encode()] {
            assert_eq!(Cursor::decode(text).unwrap_err().code, "client_error", "{text}");
        }
    }

    #[test]
    fn a_page_size_is_clamped_and_nonsense_is_refused() {
        assert_eq!(per_page(None, 20, 150), Ok(20));
        assert_eq!(per_page(Some("999"), 20, 150), Ok(150));
        assert_eq!(per_page(Some("60"), 20, 50), Ok(50));
        for text in ["0", "-1", "many"] {
            assert!(per_page(Some(text), 20, 150).is_err(), "{text}");
        }
    }
}
