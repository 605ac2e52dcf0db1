//! Query parameters where the published descriptions are wrong about the API.
//!
//! The rule: a correction that no longer corrects anything is an error, so that the list never outlives its reasons.
//! Read `overlays/corrections.tsv` next.

use crate::{
    CatalogError, FieldType, Operation, Parameter,
    table::{Row, rows},
};

pub(super) fn apply(text: &'static str, operations: &mut [Operation]) -> Result<(), CatalogError> {
    let columns = ["method", "path", "change", "name", "type", "why"];
    for row in rows("overlays/corrections.tsv", text, columns)? {
        let (method, path) = (row.cell(0), row.cell(1));
        let operation = operations
            .iter_mut()
            .find(|operation| operation.path == path && operation.method.as_str() == method)
            .ok_or_else(|| row.unknown("operation", format!("{method} {path}")))?;
        row.filled(5)?;
        match row.cell(2) {
            "drop" => drop_parameter(&row, operation)?,
            "add" => add_parameter(&row, operation)?,
            _ => return Err(row.wrong(2, "drop or add")),
        }
    }
    Ok(())
}

fn drop_parameter(row: &Row<6>, operation: &mut Operation) -> Result<(), CatalogError> {
    let name = row.filled(3)?;
    let before = operation.query_parameters.len();
    operation.query_parameters.retain(|known| known.name != name);
    if operation.query_parameters.len() == before {
        return Err(row.unknown("query parameter", name));
    }
    Ok(())
}

fn add_parameter(row: &Row<6>, operation: &mut Operation) -> Result<(), CatalogError> {
    let parameter = Parameter {
        name: row.filled(3)?,
        field_type: row.parsed(4, FieldType::EXPECTED)?,
        required: false,
        enumeration: Vec::new(),
        versions: operation.versions,
    };
    if operation
        .query_parameters
        .iter()
        .any(|known| known.name == parameter.name)
    {
        return Err(row.duplicate(parameter.name));
    }
    operation.query_parameters.push(parameter);
    Ok(())
}
