//! What a checkpoint keeps of a pager.
//!
//! The one rule: it is persisted, so it has a version; a state of another version is refused, never guessed at.

use serde::{Deserialize, Serialize};
use trunkline_catalog::PageStyle;

const VERSION: u32 = 1;

/// Enough to go on after a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct PageState {
    pub(super) position: Position,
    pub(super) per_page: Option<u16>,
}

/// Where the next page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// `starting_after`, or `cursor`.
    Cursor(String),
    /// The number of the page, from 1.
    Page(u32),
    /// `scroll_param`.
    Scroll(String),
    /// A whole URL.
    Url(String),
}

impl Position {
    pub(super) const fn fits(&self, style: PageStyle) -> bool {
        match self {
            Self::Cursor(_) => matches!(
                style,
                PageStyle::CursorInQuery { .. }
                    | PageStyle::CursorInBody { .. }
                    | PageStyle::NextCursor { .. }
            ),
            Self::Page(_) => matches!(style, PageStyle::Offset { .. } | PageStyle::OffsetInBody { .. }),
            Self::Scroll(_) => matches!(style, PageStyle::Scroll),
            Self::Url(_) => matches!(style, PageStyle::NextUrl),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Cursor(_) => "a cursor",
            Self::Page(_) => "a page number",
            Self::Scroll(_) => "a scroll",
            Self::Url(_) => "a URL",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scroll: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_page: Option<u16>,
}

impl From<PageState> for Wire {
    fn from(state: PageState) -> Self {
        let mut wire = Self {
            v: VERSION,
            cursor: None,
            page: None,
            scroll: None,
            url: None,
            per_page: state.per_page,
        };
        match state.position {
            Position::Cursor(cursor) => wire.cursor = Some(cursor),
            Position::Page(page) => wire.page = Some(page),
            Position::Scroll(scroll) => wire.scroll = Some(scroll),
            Position::Url(url) => wire.url = Some(url),
        }
        wire
    }
}

impl TryFrom<Wire> for PageState {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        if wire.v != VERSION {
            return Err(format!(
                "the page state has version {}, this program knows version {VERSION}; start the list anew or use the \
                 program that wrote it",
                wire.v
            ));
        }
        let position = match (wire.cursor, wire.page, wire.scroll, wire.url) {
            (Some(cursor), None, None, None) => Position::Cursor(cursor),
            (None, Some(page), None, None) if page > 0 => Position::Page(page),
            (None, None, Some(scroll), None) => Position::Scroll(scroll),
            (None, None, None, Some(url)) => Position::Url(url),
            _ => return Err("the page state must name one of cursor, page, scroll and url".to_owned()),
        };
        Ok(Self {
            position,
            per_page: wire.per_page.filter(|rows| *rows > 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_state_survives_being_kept() {
        for (position, json) in [
            (
                Position::Cursor("abc".to_owned()),
                r#"{"v":1,"cursor":"abc","per_page":50}"#,
            ),
            (Position::Page(3), r#"{"v":1,"page":3,"per_page":50}"#),
            (
                Position::Scroll("uuid".to_owned()),
                r#"{"v":1,"scroll":"uuid","per_page":50}"#,
            ),
            (
                Position::Url("https://x/y".to_owned()),
                r#"{"v":1,"url":"https://x/y","per_page":50}"#,
            ),
        ] {
            let state = PageState {
                position,
                per_page: Some(50),
            };
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert_eq!(serde_json::from_str::<PageState>(json).unwrap(), state);
        }
    }

    #[test]
    fn a_page_state_of_another_version_or_shape_is_refused_clearly() {
        for (json, words) in [
            (r#"{"v":2,"cursor":"abc"}"#, "version 2"),
            (r#"{"v":2,"place":{"x":1}}"#, "version 2"),
            (r#"{"v":1}"#, "must name one"),
            (r#"{"v":1,"cursor":"a","page":2}"#, "must name one"),
            (r#"{"v":1,"page":0}"#, "must name one"),
            (r#"{"cursor":"abc"}"#, "missing field `v`"),
            ("3", "invalid type"),
        ] {
            let error = serde_json::from_str::<PageState>(json).unwrap_err().to_string();
            assert!(error.contains(words), "{json}: {error}");
        }
    }
}
