//! Tables for people.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A rule under the headings and nothing else, so that rows can be read, cut and searched.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// An empty table with these headings, in the one style that all commands share.
pub(crate) fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().copied());
    table
}

/// A number, right-aligned, in groups of three: `20,431`.
pub(crate) fn number(value: u64) -> Cell {
    right(grouped(value))
}

/// A number of things that mostly are not there: a dot for none.
pub(crate) fn count(value: u64) -> Cell {
    right(if value == 0 {
        "·".to_owned()
    } else {
        grouped(value)
    })
}

/// Text, right-aligned.
pub(crate) fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A number of things, by their name: `1 write`, `1,200 writes`.
pub(crate) fn counted(value: usize, thing: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(value as u64))
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds as `0.4 s` or `2 min 05 s`.
pub(crate) fn seconds(value: f64) -> String {
    if value < 90.0 {
        format!("{value:.1} s")
    } else {
        let whole = value.round();
        format!("{} min {:02} s", (whole / 60.0).floor(), whole % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(value), text);
        }
    }

    #[test]
    fn long_times_are_told_in_minutes() {
        for (value, text) in [(0.04, "0.0 s"), (89.94, "89.9 s"), (125.2, "2 min 05 s")] {
            assert_eq!(seconds(value), text);
        }
    }
}
