//! How many rows to ask for: fewer after a 502 or 504, more again after some good pages.
//!
//! The one rule: a page number stays exact. With numbered pages the new size must divide the rows that came before.

use trunkline_catalog::PageStyle;

/// Below this many rows the size of the page is not what makes the server fail.
const SMALLEST: u16 = 5;
/// How many good pages in a row it takes to ask for twice as much.
const GOOD_PAGES: u8 = 5;

/// The size of the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageSize {
    wanted: u16,
    /// Zero when the style has no page size.
    now: u16,
    good: u8,
    settled: bool,
}

impl PageSize {
    pub(super) const fn none() -> Self {
        Self {
            wanted: 0,
            now: 0,
            good: 0,
            settled: false,
        }
    }

    /// Fixes the size to start with, once the style is known.
    pub(super) fn settle(&mut self, style: PageStyle, asked: Option<u16>) {
        if self.settled {
            return;
        }
        self.settled = true;
        if let Some(max) = style.max_per_page() {
            // A catalog may not know the most; then the server's own default is used.
            self.wanted = asked.unwrap_or(max).min(max);
            self.now = self.wanted;
        }
    }

    pub(super) fn asked(&self) -> Option<u16> {
        (self.now > 0).then_some(self.now)
    }

    pub(super) const fn can_halve(&self) -> bool {
        self.now > SMALLEST
    }

    /// The size to try after a failure, `page` being the number of the page where pages are numbered.
    pub(super) fn half(&self, page: Option<u32>) -> Option<u16> {
        if !self.can_halve() {
            return None;
        }
        let before = self.rows_before(page.unwrap_or(1));
        let half = (self.now / 2).max(SMALLEST.min(self.now / 2)).max(1);
        (1..=half)
            .rev()
            .find(|size| before.is_multiple_of(u64::from(*size)))
    }

    /// How many rows stand before a numbered page.
    pub(super) fn rows_before(&self, page: u32) -> u64 {
        u64::from(page.saturating_sub(1)) * u64::from(self.now)
    }

    /// The server gives less than was asked for; a page number counts in its pages then.
    pub(super) fn limit(&mut self, given: Option<u64>) {
        if let Some(given) = given.and_then(|given| u16::try_from(given).ok())
            && given > 0
            && given < self.now
        {
            self.now = given;
            self.wanted = given;
        }
    }

    pub(super) fn set(&mut self, size: u16) {
        self.now = size;
        self.good = 0;
    }

    pub(super) fn good_page(&mut self) {
        if self.now < self.wanted {
            self.good = (self.good + 1).min(GOOD_PAGES);
        }
    }

    /// The size to go on with after enough good pages, `before` being the rows that came before.
    pub(super) fn grown(&self, before: Option<u64>) -> Option<u16> {
        if self.good < GOOD_PAGES || self.now >= self.wanted {
            return None;
        }
        let double = self.now.saturating_mul(2).min(self.wanted);
        match before {
            None => Some(double),
            Some(before) => (before.is_multiple_of(u64::from(double))).then_some(double),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(style: PageStyle) -> PageSize {
        let mut size = PageSize::none();
        size.settle(style, None);
        size
    }

    #[test]
    fn the_size_is_halved_down_to_the_smallest() {
        let mut size = size(PageStyle::CursorInBody {
            default: 50,
            max: 150,
        });
        let mut seen = Vec::new();
        while let Some(half) = size.half(None) {
            size.set(half);
            seen.push(half);
        }
        assert_eq!(seen, [75, 37, 18, 9, 4]);
        assert_eq!(PageSize::none().half(None), None);
    }

    #[test]
    fn numbered_pages_only_take_sizes_that_keep_the_place() {
        let mut numbered = size(PageStyle::Offset { default: 25, max: 25 });
        // Nothing came before the first page; 25 rows before the second can only be cut into fives.
        assert_eq!(numbered.half(Some(1)), Some(12));
        assert_eq!(numbered.half(Some(2)), Some(5));
        assert_eq!(numbered.half(Some(5)), Some(10));
        numbered.set(5);
        for _ in 0..GOOD_PAGES {
            numbered.good_page();
        }
        assert_eq!(numbered.grown(Some(30)), Some(10));
        assert_eq!(numbered.grown(Some(35)), None);
    }

    #[test]
    fn the_size_recovers_after_some_good_pages_up_to_what_was_asked() {
        let mut size = size(PageStyle::CursorInQuery {
            default: 50,
            max: 150,
        });
        size.set(40);
        for _ in 0..GOOD_PAGES {
            assert_eq!(size.grown(None), None);
            size.good_page();
        }
        assert_eq!(size.grown(None), Some(80));
        size.set(80);
        for _ in 0..GOOD_PAGES {
            size.good_page();
        }
        assert_eq!(size.grown(None), Some(150));
    }
}
