//! Operations: one line of the generated table, one of the overlay, and the lines that hang on them.
//!
//! The rule: method and path are the key everywhere. Read `streams.rs` next.

use std::collections::{HashMap, HashSet};

use super::Sources;
use crate::{
    BodyField, CatalogError, Effect, ErrorShape, FieldType, Operation, PageStyle, Parameter,
    SearchGranularity, Version,
    table::{Row, rows},
};

const OVERLAY: &str = "overlays/operations.tsv";

type Key = (&'static str, &'static str);

/// Finds the operation a line belongs to; lines come in the operations' order, so the last one is nearly always right.
struct Index {
    by_key: HashMap<Key, usize>,
    last: Option<(Key, usize)>,
}

impl Index {
    fn find<const N: usize>(&mut self, row: &Row<N>) -> Result<usize, CatalogError> {
        let key = (row.cell(0), row.cell(1));
        if let Some((last, index)) = self.last
            && last == key
        {
            return Ok(index);
        }
        let index = self
            .by_key
            .get(&key)
            .copied()
            .ok_or_else(|| row.unknown("operation", format!("{} {}", key.0, key.1)))?;
        self.last = Some((key, index));
        Ok(index)
    }
}

pub(super) fn load(sources: &Sources) -> Result<Vec<Operation>, CatalogError> {
    let mut operations = Vec::new();
    let mut index = Index {
        by_key: HashMap::new(),
        last: None,
    };
    for row in rows(
        "tables/operations.tsv",
        sources.operations,
        [
            "method",
            "path",
            "upstream_id",
            "tag",
            "first",
            "last",
            "body",
            "success",
        ],
    )? {
        let operation = described(&row)?;
        if index
            .by_key
            .insert((row.cell(0), row.cell(1)), operations.len())
            .is_some()
        {
            return Err(row.duplicate(format!("{} {}", row.cell(0), row.cell(1))));
        }
        operations.push(operation);
    }
    parameters(sources.parameters, &mut operations, &mut index)?;
    body_fields(sources.body_fields, &mut operations, &mut index)?;
    errors(sources.errors, &mut operations, &mut index)?;
    overlay(sources.overlay, &mut operations, &mut index)?;
    operations.sort_unstable_by_key(|operation| operation.id);
    Ok(operations)
}

fn described(row: &Row<8>) -> Result<Operation, CatalogError> {
    let path = row.filled(1)?;
    if !path.starts_with('/') {
        return Err(row.wrong(1, "a path that begins with a slash"));
    }
    Ok(Operation {
        id: "",
        upstream_id: row.optional(2),
        method: row.parsed(0, "a method")?,
        path,
        tag: row.filled(3)?,
        summary: "",
        versions: versions(row, 4)?,
        effect: Effect::Read,
        page_style: PageStyle::Single,
        search: None,
        rate_class: "",
        permission: "",
        path_parameters: Vec::new(),
        query_parameters: Vec::new(),
        body_fields: Vec::new(),
        body_required: match row.cell(6) {
            "required" => true,
            "optional" | "form" | "none" => false,
            _ => return Err(row.wrong(6, "required, optional, form or none")),
        },
        body_is_form: row.cell(6) == "form",
        success: row
            .filled(7)?
            .split('|')
            .map(|status| {
                status
                    .parse()
                    .map_err(|_| row.wrong(7, "statuses with | between them"))
            })
            .collect::<Result<_, _>>()?,
        errors: Vec::new(),
    })
}

fn parameters(
    text: &'static str,
    operations: &mut [Operation],
    index: &mut Index,
) -> Result<(), CatalogError> {
    let columns = [
        "method", "path", "in", "name", "type", "required", "enum", "first", "last",
    ];
    for row in rows("tables/parameters.tsv", text, columns)? {
        let operation = &mut operations[index.find(&row)?];
        let parameter = Parameter {
            name: row.filled(3)?,
            field_type: row.parsed(4, FieldType::EXPECTED)?,
            required: row.flag(5)?,
            enumeration: row.list(6),
            versions: versions(&row, 7)?,
        };
        let list = match row.cell(2) {
            "path" => &mut operation.path_parameters,
            "query" => &mut operation.query_parameters,
            _ => return Err(row.wrong(2, "path or query")),
        };
        if list.iter().any(|known| known.name == parameter.name) {
            return Err(row.duplicate(parameter.name));
        }
        list.push(parameter);
    }
    for operation in operations {
        let mut in_path = operation
            .path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{'));
        let mut listed = operation.path_parameters.iter().map(|parameter| parameter.name);
        let agree = in_path
            .by_ref()
            .all(|segment| segment.strip_suffix('}') == listed.next());
        if !agree || listed.next().is_some() {
            return Err(CatalogError::Missing {
                file: "tables/parameters.tsv",
                name: format!("{} {}", operation.method, operation.path),
            });
        }
    }
    Ok(())
}

fn body_fields(
    text: &'static str,
    operations: &mut [Operation],
    index: &mut Index,
) -> Result<(), CatalogError> {
    let columns = [
        "method",
        "path",
        "alternative",
        "name",
        "type",
        "required",
        "nullable",
        "enum",
        "first",
        "last",
    ];
    for row in rows("tables/body_fields.tsv", text, columns)? {
        let operation = &mut operations[index.find(&row)?];
        operation.body_fields.push(BodyField {
            name: row.filled(3)?,
            field_type: row.parsed(4, FieldType::EXPECTED)?,
            required: row.flag(5)?,
            nullable: row.flag(6)?,
            enumeration: row.list(7),
            versions: versions(&row, 8)?,
            alternative: row.parsed(2, "the number of the alternative, 0 for all")?,
        });
    }
    Ok(())
}

fn errors(text: &'static str, operations: &mut [Operation], index: &mut Index) -> Result<(), CatalogError> {
    for row in rows("tables/errors.tsv", text, ["method", "path", "status", "code"])? {
        let operation = &mut operations[index.find(&row)?];
        operation.errors.push(ErrorShape {
            status: row.parsed(2, "a status")?,
            code: row.cell(3),
        });
    }
    Ok(())
}

fn overlay(text: &'static str, operations: &mut [Operation], index: &mut Index) -> Result<(), CatalogError> {
    let columns = [
        "method",
        "path",
        "id",
        "effect",
        "page",
        "search",
        "rate",
        "permission",
        "summary",
    ];
    let mut ids = HashSet::new();
    for row in rows(OVERLAY, text, columns)? {
        let operation = &mut operations[index.find(&row)?];
        let id = row.filled(2)?;
        if !is_id(id) {
            return Err(row.wrong(2, "family.verb in lower case"));
        }
        if !operation.id.is_empty() || !ids.insert(id) {
            return Err(row.duplicate(id));
        }
        operation.id = id;
        operation.effect = row.parsed(3, "read, idempotent_write, write or destructive")?;
        operation.page_style = row.parsed(4, "a page style, such as `cursor_in_query 50/150`")?;
        operation.search = match row.cell(5) {
            "" => None,
            "day" => Some(SearchGranularity::Day),
            "second" => Some(SearchGranularity::Second),
            _ => return Err(row.wrong(5, "day, second or nothing")),
        };
        operation.rate_class = match row.cell(6) {
            class @ ("default" | "export" | "scroll") => class,
            _ => return Err(row.wrong(6, "default, export or scroll")),
        };
        operation.permission = row.cell(7);
        operation.summary = row.filled(8)?;
    }
    match operations.iter().find(|operation| operation.id.is_empty()) {
        Some(lacking) => Err(CatalogError::Missing {
            file: OVERLAY,
            name: format!("{} {}", lacking.method, lacking.path),
        }),
        None => Ok(()),
    }
}

fn is_id(id: &str) -> bool {
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    id.split_once('.')
        .is_some_and(|(family, verb)| word(family) && word(verb))
}

pub(super) fn versions<const N: usize>(
    row: &Row<N>,
    first: usize,
) -> Result<(Version, Version), CatalogError> {
    let range: (Version, Version) = (
        row.parsed(first, "a version")?,
        row.parsed(first + 1, "a version")?,
    );
    if range.0 > range.1 {
        return Err(row.wrong(first + 1, "a version that is not before the first"));
    }
    Ok(range)
}

impl std::str::FromStr for FieldType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::Array,
            "object" => Self::Object,
            "any" => Self::Any,
            _ => return Err(()),
        })
    }
}

impl std::str::FromStr for Effect {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Read, Self::IdempotentWrite, Self::Write, Self::Destructive]
            .into_iter()
            .find(|effect| effect.as_str() == text)
            .ok_or(())
    }
}

impl std::str::FromStr for PageStyle {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (style, sizes) = text
            .split_once(' ')
            .map_or((text, None), |(style, sizes)| (style, Some(sizes)));
        let sizes = match sizes {
            None => None,
            Some(sizes) => {
                let (default, max) = sizes.split_once('/').ok_or(())?;
                let (default, max): (u16, u16) =
                    (default.parse().map_err(|_| ())?, max.parse().map_err(|_| ())?);
                if default == 0 || default > max {
                    return Err(());
                }
                Some((default, max))
            }
        };
        Ok(match (style, sizes) {
            ("single", None) => Self::Single,
            ("whole_list", None) => Self::WholeList,
            ("scroll", None) => Self::Scroll,
            ("next_url", None) => Self::NextUrl,
            ("cursor_in_query", Some((default, max))) => Self::CursorInQuery { default, max },
            ("cursor_in_body", Some((default, max))) => Self::CursorInBody { default, max },
            ("offset", Some((default, max))) => Self::Offset { default, max },
            ("offset_in_body", Some((default, max))) => Self::OffsetInBody { default, max },
            ("next_cursor", Some((default, max))) => Self::NextCursor { default, max },
            _ => return Err(()),
        })
    }
}
