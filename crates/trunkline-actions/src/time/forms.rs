//! Which fields of operations are times, and in which form: the table `overlays/time_fields.tsv`.
//!
//! The one rule: a field is a time because the table says so, never because of its name; a test holds the table against
//! every field of the catalog whose name looks like one.

use std::{collections::HashMap, sync::LazyLock};

use super::TimeForm;
use crate::Place;

/// One line: operation, place and field, in which `*` stands for one segment of any name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) operation: &'static str,
    pub(super) place: Place,
    pub(super) field: &'static str,
    pub(super) form: TimeForm,
}

static LINES: LazyLock<HashMap<&'static str, Vec<Line>>> = LazyLock::new(|| {
    let mut lines: HashMap<&'static str, Vec<Line>> = HashMap::new();
    for line in table().expect("a test reads the embedded table and finds it whole") {
        lines.entry(line.operation).or_default().push(line);
    }
    lines
});

/// The form in which an operation wants a field that is a time; none for a field that is none.
pub(crate) fn form(operation: &str, place: Place, field: &str) -> Option<TimeForm> {
    LINES
        .get(operation)?
        .iter()
        .find(|line| line.place == place && fits(line.field, field))
        .map(|line| line.form)
}

/// The table as it is written.
pub(super) fn table() -> Result<Vec<Line>, String> {
    include_str!("../../overlays/time_fields.tsv")
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
        .skip(1)
        .map(|(number, line)| read(line).ok_or_else(|| format!("line {}: {line}", number + 1)))
        .collect()
}

fn read(line: &'static str) -> Option<Line> {
    let mut cells = line.split('\t');
    let (operation, place, field, form) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let place = [Place::Path, Place::Query, Place::Payload]
        .into_iter()
        .find(|known| known.as_str() == place)?;
    let form = TimeForm::ALL.into_iter().find(|known| known.as_str() == form)?;
    cells.next().is_none().then_some(Line {
        operation,
        place,
        field,
        form,
    })
}

pub(super) fn fits(pattern: &str, field: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == field;
    }
    let mut segments = field.split('.');
    pattern.split('.').all(|wanted| {
        segments
            .next()
            .is_some_and(|segment| wanted == "*" || wanted == segment)
    }) && segments.next().is_none()
}
