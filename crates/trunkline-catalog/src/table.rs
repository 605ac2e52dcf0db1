//! Reads tab-separated tables without copying: comments by `#`, one header line, the same columns on every line.
//!
//! The rule: every cell stays a slice of the embedded text. Read `load.rs` next.

use std::str::FromStr;

use crate::CatalogError;

/// One line of a table, with where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<const N: usize> {
    pub(crate) file: &'static str,
    pub(crate) line: usize,
    columns: [&'static str; N],
    cells: [&'static str; N],
}

impl<const N: usize> Row<N> {
    pub(crate) const fn cell(&self, column: usize) -> &'static str {
        self.cells[column]
    }

    /// The cell, refused when empty.
    pub(crate) fn filled(&self, column: usize) -> Result<&'static str, CatalogError> {
        let cell = self.cells[column];
        if cell.is_empty() {
            Err(self.wrong(column, "a value"))
        } else {
            Ok(cell)
        }
    }

    /// The cell, `None` when empty.
    pub(crate) fn optional(&self, column: usize) -> Option<&'static str> {
        Some(self.cells[column]).filter(|cell| !cell.is_empty())
    }

    pub(crate) fn parsed<T: FromStr>(
        &self,
        column: usize,
        expected: &'static str,
    ) -> Result<T, CatalogError> {
        self.cells[column]
            .parse()
            .map_err(|_| self.wrong(column, expected))
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, CatalogError> {
        match self.cells[column] {
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err(self.wrong(column, "0 or 1")),
        }
    }

    /// A list with `|` between the values; an empty cell is an empty list.
    pub(crate) fn list(&self, column: usize) -> Vec<&'static str> {
        self.optional(column)
            .map_or_else(Vec::new, |cell| cell.split('|').collect())
    }

    pub(crate) fn wrong(&self, column: usize, expected: &'static str) -> CatalogError {
        CatalogError::Value {
            file: self.file,
            line: self.line,
            column: self.columns[column],
            value: self.cells[column].to_owned(),
            expected,
        }
    }

    pub(crate) fn unknown(&self, what: &'static str, name: impl Into<String>) -> CatalogError {
        CatalogError::Unknown {
            file: self.file,
            line: self.line,
            what,
            name: name.into(),
        }
    }

    pub(crate) fn duplicate(&self, name: impl Into<String>) -> CatalogError {
        CatalogError::Duplicate {
            file: self.file,
            line: self.line,
            name: name.into(),
        }
    }
}

/// The lines of `text`, each with exactly `columns`; the first line that is no comment must name them.
pub(crate) fn rows<const N: usize>(
    file: &'static str,
    text: &'static str,
    columns: [&'static str; N],
) -> Result<Vec<Row<N>>, CatalogError> {
    let refused = |line: usize, found: &str| CatalogError::Columns {
        file,
        line,
        expected: columns.join(", "),
        found: found.to_owned(),
    };
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.starts_with('#'));
    let (line, header) = lines.next().unwrap_or((1, ""));
    if split(header) != Some(columns) {
        return Err(refused(line, header));
    }
    lines
        .map(|(line, found)| {
            let cells = split(found).ok_or_else(|| refused(line, found))?;
            Ok(Row {
                file,
                line,
                columns,
                cells,
            })
        })
        .collect()
}

fn split<const N: usize>(line: &'static str) -> Option<[&'static str; N]> {
    let mut cells = [""; N];
    let mut found = line.split('\t');
    for cell in &mut cells {
        *cell = found.next()?;
    }
    found.next().is_none().then_some(cells)
}
