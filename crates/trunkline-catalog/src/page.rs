//! How an operation hands out a long list.

/// The way to the next page (facts 4.2). `default` and `max` are rows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStyle {
    /// One object, or no body at all: nothing to page through.
    Single,
    /// The whole list in one answer.
    WholeList,
    /// `starting_after` in the query; `pages.next.starting_after` in the answer.
    CursorInQuery {
        /// Rows a page when none are asked for.
        default: u16,
        /// The most rows a page.
        max: u16,
    },
    /// `pagination.starting_after` in the body; `pages.next.starting_after` in the answer.
    CursorInBody {
        /// Rows a page when none are asked for.
        default: u16,
        /// The most rows a page.
        max: u16,
    },
    /// `page` and `per_page` in the query; `pages.next` is a URL, null or absent on the last page.
    Offset {
        /// Rows a page when none are asked for.
        default: u16,
        /// The most rows a page.
        max: u16,
    },
    /// `page` and `per_page` in the body.
    OffsetInBody {
        /// Rows a page when none are asked for.
        default: u16,
        /// The most rows a page.
        max: u16,
    },
    /// `scroll_param`: one open scroll a workspace, gone after 60 idle seconds, ends with an empty page.
    Scroll,
    /// `cursor` in the query; `next_cursor` and `has_more` in the answer.
    NextCursor {
        /// Rows a page when none are asked for.
        default: u16,
        /// The most rows a page.
        max: u16,
    },
    /// `pages.next` is a URL to follow as it is (data events).
    NextUrl,
}

impl PageStyle {
    /// The most rows a page, where the style has a page size.
    #[must_use]
    pub const fn max_per_page(self) -> Option<u16> {
        match self {
            Self::CursorInQuery { max, .. }
            | Self::CursorInBody { max, .. }
            | Self::Offset { max, .. }
            | Self::OffsetInBody { max, .. }
            | Self::NextCursor { max, .. } => Some(max),
            Self::Single | Self::WholeList | Self::Scroll | Self::NextUrl => None,
        }
    }
}
