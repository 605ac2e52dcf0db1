//! Operations as actions: their fields are those of the catalog.
//!
//! The one rule: nothing is said here about any one operation; what needs saying stands in the catalog's tables or in the
//! table of times, and what tells which list a value is picked from.

use trunkline_catalog::{BodyField, Catalog, FieldType, Operation, PageStyle, Parameter};

use crate::{Action, Field, Place, Returns, Work, lookup, time};

/// The action that calls `operation` as it is.
pub(crate) fn action(operation: &'static Operation) -> Action {
    let mut fields: Vec<Field> = Vec::new();
    for (place, parameters) in [
        (Place::Path, &operation.path_parameters),
        (Place::Query, &operation.query_parameters),
    ] {
        fields.extend(parameters.iter().map(|known| parameter(operation, place, known)));
    }
    fields.extend(operation.body_fields.iter().map(|known| body(operation, known)));
    if lists(operation) {
        fields.push(Field::limit());
    }
    Action {
        id: operation.id,
        summary: operation.summary,
        effect: operation.effect,
        fields,
        returns: if lists(operation) {
            Returns::Rows
        } else {
            Returns::One
        },
        versions: operation.versions,
        operations: vec![operation.id],
        work: Work::Operation(operation),
        look_ahead: None,
    }
}

/// Every operation, as an action.
pub(crate) fn all() -> impl Iterator<Item = Action> {
    Catalog::embedded().operations().iter().map(action)
}

/// Whether the operation hands out rows.
pub(crate) const fn lists(operation: &Operation) -> bool {
    !matches!(operation.page_style, PageStyle::Single)
}

fn parameter(operation: &Operation, place: Place, known: &Parameter) -> Field {
    Field {
        time: time::form(operation.id, place, known.name),
        lookup: lookup::of_field(operation, place, known.name, known.field_type),
        required: known.required,
        choices: known.enumeration.clone(),
        place,
        versions: known.versions,
        // Some ids are described as numbers that are none, such as a contact's in the path of its notes.
        ..Field::new(
            known.name,
            if place == Place::Path {
                FieldType::String
            } else {
                known.field_type
            },
            "",
        )
    }
}

fn body(operation: &Operation, known: &BodyField) -> Field {
    Field {
        time: time::form(operation.id, Place::Payload, known.name),
        lookup: lookup::of_field(operation, Place::Payload, known.name, known.field_type),
        required: known.required,
        nullable: known.nullable,
        choices: known.enumeration.clone(),
        place: Place::Payload,
        versions: known.versions,
        alternative: known.alternative,
        ..Field::new(known.name, known.field_type, "")
    }
}
