//! Where in an expression something stands, for messages.

use std::fmt;

/// How much of a line is shown on each side of the place.
const AROUND: usize = 60;

/// A place in the text of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The line, and below it a mark at the place.
    pub marked: String,
}

impl Place {
    /// Where `part`, a slice of `text`, begins. What is no slice of it stands at its end.
    pub(super) fn of(part: &str, text: &str) -> Self {
        let offset = (part.as_ptr().addr())
            .checked_sub(text.as_ptr().addr())
            .filter(|offset| *offset <= text.len())
            .unwrap_or(text.len());
        Self::at(offset, text)
    }

    fn at(offset: usize, text: &str) -> Self {
        let offset = text.floor_char_boundary(offset);
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
        let column = text[start..offset].chars().count();
        // Of a long line only what is near; tabs would move the mark.
        let skipped = column.saturating_sub(AROUND);
        let shown: String = text[start..end]
            .chars()
            .skip(skipped)
            .take(2 * AROUND)
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect();
        Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            marked: format!("{shown}\n{:>width$}", "^", width = column - skipped + 1),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
