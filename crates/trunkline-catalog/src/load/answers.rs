//! The answers of operations: a line an answer, a line a field of a shape, and what the descriptions get wrong.
//!
//! The rule: a name that nothing describes is an error, and so is a correction that corrects nothing. Read
//! `overlays/answers.tsv` next.

use std::collections::{HashMap, HashSet};

use crate::{
    CatalogError, FieldType, Method, Version,
    answer::{Answers, Node, Stated},
    table::{Row, rows},
};

#[cfg(test)]
mod tests;

/// The texts that make the answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources {
    pub(crate) answers: &'static str,
    pub(crate) shapes: &'static str,
    pub(crate) corrections: &'static str,
}

impl Sources {
    /// What ships with the program.
    pub(crate) const EMBEDDED: Self = Self {
        answers: include_str!("../../tables/answers.tsv"),
        shapes: include_str!("../../tables/shapes.tsv"),
        corrections: include_str!("../../overlays/answers.tsv"),
    };
}

const TYPES: &str = "types with | between them";

/// Reads everything.
pub(crate) fn load(sources: &Sources) -> Result<Answers, CatalogError> {
    let mut shapes: HashMap<&'static str, Node> = HashMap::new();
    let columns = [
        "shape", "field", "type", "required", "nullable", "enum", "of", "first", "last",
    ];
    let field_rows = rows("tables/shapes.tsv", sources.shapes, columns)?;
    for row in &field_rows {
        let stated = Stated {
            versions: super::operations::versions(row, 7)?,
            types: types(row, 2)?,
            required: row.flag(3)?,
            nullable: row.flag(4)?,
            enumeration: row.list(5),
            of: row.list(6),
        };
        put(row, 1, shapes.entry(row.filled(0)?).or_default(), stated)?;
    }
    for row in &field_rows {
        are_known(row, 6, &shapes)?;
    }
    let mut answers = Answers::default();
    let columns = [
        "method", "path", "status", "type", "nullable", "of", "first", "last",
    ];
    for row in rows("tables/answers.tsv", sources.answers, columns)? {
        let stated = Stated {
            versions: super::operations::versions(&row, 6)?,
            types: match row.cell(3) {
                "none" => Vec::new(),
                _ => types(&row, 3)?,
            },
            required: true,
            nullable: row.flag(4)?,
            enumeration: Vec::new(),
            of: row.list(5),
        };
        are_known(&row, 5, &shapes)?;
        let method: Method = row.parsed(0, "a method")?;
        let status: u16 = row.parsed(2, "a status")?;
        let of_operation = answers.by_operation.entry((method, row.filled(1)?)).or_default();
        add(&row, of_operation.entry(status).or_default(), stated)?;
    }
    answers.shapes = shapes;
    correct(sources.corrections, &mut answers)?;
    Ok(answers)
}

fn types<const N: usize>(row: &Row<N>, column: usize) -> Result<Vec<FieldType>, CatalogError> {
    let parsed = |word: &str| word.parse().map_err(|()| row.wrong(column, TYPES));
    row.filled(column)?.split('|').map(parsed).collect()
}

fn are_known<const N: usize>(
    row: &Row<N>,
    column: usize,
    shapes: &HashMap<&'static str, Node>,
) -> Result<(), CatalogError> {
    match row
        .list(column)
        .into_iter()
        .find(|name| !shapes.contains_key(name))
    {
        Some(name) => Err(row.unknown("shape", name)),
        None => Ok(()),
    }
}

/// Puts what a line states at its place below `shape`, which the lines before it must have made.
fn put<const N: usize>(
    row: &Row<N>,
    column: usize,
    shape: &mut Node,
    stated: Stated,
) -> Result<(), CatalogError> {
    let mut node = shape;
    let mut steps = steps(row.filled(column)?).peekable();
    while let Some(step) = steps.next() {
        let is_last = steps.peek().is_none();
        if !is_last && !node.children.contains_key(step) {
            return Err(row.unknown("field around", row.cell(column)));
        }
        node = node.children.entry(step).or_default();
    }
    add(row, node, stated)
}

fn add<const N: usize>(row: &Row<N>, node: &mut Node, stated: Stated) -> Result<(), CatalogError> {
    let (first, last) = stated.versions;
    let overlaps = |held: &Stated| held.versions.0 <= last && first <= held.versions.1;
    if node.stated.iter().any(overlaps) {
        return Err(row.duplicate(row.cell(1)));
    }
    node.stated.push(stated);
    Ok(())
}

/// The steps of a dotted name: `data[].id` is `data`, `[]`, `id`.
fn steps(name: &'static str) -> impl Iterator<Item = &'static str> {
    name.split('.').flat_map(|part| {
        let bare = part.trim_end_matches("[]");
        let lists = (part.len() - bare.len()) / 2;
        let bare = (!bare.is_empty()).then_some(bare);
        bare.into_iter().chain(std::iter::repeat_n("[]", lists))
    })
}

fn correct(text: &'static str, answers: &mut Answers) -> Result<(), CatalogError> {
    let columns = ["shape", "field", "change", "value", "first", "last", "why"];
    let mut seen = HashSet::new();
    for row in rows("overlays/answers.tsv", text, columns)? {
        row.filled(6)?;
        if !seen.insert([0, 1, 2, 3, 4].map(|column| row.cell(column))) {
            return Err(row.duplicate(format!("{} {}", row.cell(0), row.cell(1))));
        }
        if row.cell(1) == "(answer)" {
            widen_answer(&row, answers)?;
            continue;
        }
        let shape = answers
            .shapes
            .get_mut(row.filled(0)?)
            .ok_or_else(|| row.unknown("shape", row.cell(0)))?;
        let versions = super::operations::versions(&row, 4)?;
        let is_corrected = match row.cell(1) {
            "(all)" => {
                let mut any = false;
                for node in shape.children.values_mut() {
                    any |= change(&row, node, versions)?;
                }
                any
            }
            _ if row.cell(2) == "add" => {
                let stated = Stated {
                    versions,
                    types: types(&row, 3)?,
                    required: false,
                    nullable: true,
                    enumeration: Vec::new(),
                    of: Vec::new(),
                };
                put(&row, 1, shape, stated)?;
                true
            }
            _ => {
                let mut node = Some(shape);
                for step in steps(row.filled(1)?) {
                    node = node.and_then(|node| node.children.get_mut(step));
                }
                let node = node.ok_or_else(|| row.unknown("field", row.cell(1)))?;
                change(&row, node, versions)?
            }
        };
        if !is_corrected {
            return Err(row.unknown("mistake in the field", row.cell(1)));
        }
    }
    Ok(())
}

/// Adds the shapes that an answer may have besides the described one.
fn widen_answer(row: &Row<7>, answers: &mut Answers) -> Result<(), CatalogError> {
    if row.cell(2) != "shape" {
        return Err(row.wrong(2, "shape"));
    }
    are_known(row, 3, &answers.shapes)?;
    let (method, path) = row
        .cell(0)
        .split_once(' ')
        .ok_or_else(|| row.wrong(0, "a method and a path"))?;
    let method: Method = method.parse().map_err(|_| row.wrong(0, "a method and a path"))?;
    let statuses = answers
        .by_operation
        .get_mut(&(method, path))
        .ok_or_else(|| row.unknown("operation", row.cell(0)))?;
    let stated = statuses.values_mut().flat_map(|node| &mut node.stated);
    let mut is_corrected = false;
    for stated in stated.filter(|stated| !stated.of.is_empty()) {
        for name in row.list(3) {
            if !stated.of.contains(&name) {
                stated.of.push(name);
                is_corrected = true;
            }
        }
    }
    if is_corrected {
        Ok(())
    } else {
        Err(row.unknown("mistake in the answer", row.cell(0)))
    }
}

/// Changes what is stated in `versions`; whether anything was changed.
fn change(row: &Row<7>, node: &mut Node, versions: (Version, Version)) -> Result<bool, CatalogError> {
    split(node, versions);
    let before = node.stated.clone();
    let (first, last) = versions;
    let in_versions = |held: &&mut Stated| first <= held.versions.0 && held.versions.1 <= last;
    for stated in node.stated.iter_mut().filter(in_versions) {
        match row.cell(2) {
            "null" => stated.nullable = true,
            "optional" => stated.required = false,
            "any" => {
                stated.types = vec![FieldType::Any];
                stated.nullable = true;
                stated.of.clear();
            }
            "type" => {
                for kind in types(row, 3)? {
                    if !stated.types.contains(&kind) {
                        stated.types.push(kind);
                    }
                }
            }
            "value" if stated.enumeration.is_empty() => {}
            "value" => {
                for value in row.list(3) {
                    if !stated.enumeration.contains(&value) {
                        stated.enumeration.push(value);
                    }
                }
            }
            _ => return Err(row.wrong(2, "null, optional, any, type, value or add")),
        }
    }
    Ok(node.stated != before)
}

/// Cuts what is stated where `versions` begin and end.
fn split(node: &mut Node, versions: (Version, Version)) {
    let mut cut = Vec::new();
    for stated in node.stated.drain(..) {
        let is_within = |version: &Version| stated.versions.0 <= *version && *version <= stated.versions.1;
        let place = |version: Version| (version >= versions.0, version > versions.1);
        let held: Vec<Version> = Version::ALL.into_iter().filter(is_within).collect();
        for same in held.chunk_by(|left, right| place(*left) == place(*right)) {
            cut.push(Stated {
                versions: (same[0], same[same.len() - 1]),
                ..stated.clone()
            });
        }
    }
    node.stated = cut;
}
