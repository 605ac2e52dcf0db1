//! Rows of a table that is appended to.
//!
//! The one rule: the columns of a file never change. What has no column is refused, unless the flow says which columns there are and
//! so leaves the others out.

use std::{fs::File, io, path::Path};

use serde_json::Value;
use trunkline_flow::{ComponentError, Delivered, Shared};

use super::failed;
use crate::{
    sql::table::Place,
    tables::{self, Table, quoted},
};

/// The names of the columns, in their order.
pub(super) type Header = Vec<String>;

/// The columns that a file has; none while nothing is in it.
pub(super) fn header_of(
    path: &Path,
    wanted: Option<Header>,
    place: &Place,
) -> Result<Option<Header>, ComponentError> {
    let open = || -> io::Result<Option<File>> {
        let file = File::open(path)?;
        Ok((file.metadata()?.len() > 0).then_some(file))
    };
    let Some(file) = open().map_err(|error| failed(path, &error))? else {
        return Ok(None);
    };
    let refused = |error: tables::TableError| ComponentError::stop(error.code, error.message, error.advice);
    let text = tables::text(Box::new(file), None, None, &place.name).map_err(refused)?;
    let table = Table::open(text, Some(','), &place.name).map_err(refused)?;
    let header = table.columns().to_vec();
    if wanted.is_some_and(|wanted| wanted != header) {
        return Err(ComponentError::stop(
            "TL0875",
            format!(
                "{} (flow {}, line {}) is there with other columns: {}",
                place.name,
                place.flow,
                place.spot.line,
                header.join(", ")
            ),
            "Name another file, or the columns that this one has.",
        ));
    }
    Ok(Some(header))
}

/// Rows of records, behind the header where there is none yet; the columns; and what becomes of each record.
pub(super) fn encode(
    values: &[Shared],
    header: Option<&Header>,
    wanted: Option<&[String]>,
    name: &str,
) -> (String, Option<Header>, Vec<Delivered>) {
    let mut text = String::new();
    let mut header = header.cloned();
    let mut results = Vec::with_capacity(values.len());
    for value in values {
        let Value::Object(fields) = &**value else {
            results.push(Err(unfit("only an object has columns, and this record is none")));
            continue;
        };
        if fields.is_empty() && header.is_none() && wanted.is_none() {
            results.push(Err(unfit(
                "it has no field, and the first record says what columns there are",
            )));
            continue;
        }
        let own = header.get_or_insert_with(|| {
            let made = match wanted {
                Some(wanted) => wanted.to_vec(),
                None => fields.keys().cloned().collect(),
            };
            text.push_str(&quoted(made.iter().map(String::as_str)));
            made
        });
        let stranger = fields
            .keys()
            .find(|field| wanted.is_none() && !own.contains(field));
        if let Some(stranger) = stranger {
            results.push(Err(unfit(&format!(
                "{name} has no column for its field {stranger}"
            ))));
            continue;
        }
        let cells: Vec<String> = own.iter().map(|column| cell(fields.get(column))).collect();
        text.push_str(&quoted(cells.iter().map(String::as_str)));
        results.push(Ok(None));
    }
    (text, header, results)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

pub(super) fn unfit(why: &str) -> ComponentError {
    ComponentError::reject(
        "TL0874",
        format!("this record cannot be a row: {why}"),
        "Make an object of it with `map`, or say with `columns` which fields are written.",
    )
}
