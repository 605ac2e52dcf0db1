//! The tables' text: a comment with the format and a digest, a header, sorted lines.
//!
//! The rule: the same descriptions give the same bytes. Read `trunkline-catalog`'s `load.rs` next.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use super::{
    answers::{Answered, Facts},
    merge::{Merged, Range},
    operation::nameless,
    places::Place,
};

/// The version of the tables' columns.
const FORMAT: u32 = 1;

/// One table.
pub(super) struct Table {
    /// Where it lies, from the catalog's folder.
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// All tables.
pub(super) fn render(operations: &[Merged<'_>], answered: &Answered) -> anyhow::Result<Vec<Table>> {
    Ok(vec![
        table(
            "operations.tsv",
            "method path upstream_id tag first last body success",
            operation_lines(operations),
        )?,
        table(
            "parameters.tsv",
            "method path in name type required enum first last",
            parameter_lines(operations),
        )?,
        table(
            "body_fields.tsv",
            "method path alternative name type required nullable enum first last",
            field_lines(operations),
        )?,
        table("errors.tsv", "method path status code", error_lines(operations))?,
        table(
            "answers.tsv",
            "method path status type nullable of first last",
            answer_lines(operations, answered)?,
        )?,
        table(
            "shapes.tsv",
            "shape field type required nullable enum of first last",
            shape_lines(answered),
        )?,
    ])
}

/// Where the descriptions describe each operation, which the project's own documents tell.
pub(super) fn places(operations: &[Merged<'_>], places: &[Place]) -> anyhow::Result<Table> {
    let line = |(operation, place): (&Merged<'_>, &Place)| {
        let mut cells = key(operation);
        cells.extend([place.version.to_owned(), place.line.to_string()]);
        cells
    };
    let lines = operations.iter().zip(places).map(line).collect();
    Ok(Table {
        folder: "../../xtask/conformance",
        ..table("operations.tsv", "method path version line", lines)?
    })
}

type Line = Vec<String>;

fn operation_lines(operations: &[Merged<'_>]) -> Vec<Line> {
    let line = |operation: &Merged<'_>| {
        let success: Vec<String> = operation.newest.success.iter().map(u16::to_string).collect();
        let mut cells = key(operation);
        cells.push(operation.upstream_id.unwrap_or_default().to_owned());
        cells.push(operation.newest.tag.clone());
        push_range(&mut cells, operation.range);
        cells.push(operation.newest.body.to_owned());
        cells.push(success.join("|"));
        cells
    };
    operations.iter().map(line).collect()
}

fn parameter_lines(operations: &[Merged<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in operations {
        for (place, parameters) in [
            ("path", &operation.path_parameters),
            ("query", &operation.query_parameters),
        ] {
            for (name, field, range) in parameters {
                let mut cells = key(operation);
                cells.extend([place, name, field.kind, flag(field.required)].map(str::to_owned));
                cells.push(field.enumeration.join("|"));
                push_range(&mut cells, *range);
                lines.push(cells);
            }
        }
    }
    lines
}

fn field_lines(operations: &[Merged<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in operations {
        for (alternative, name, field, range) in &operation.fields {
            let mut cells = key(operation);
            cells.push(alternative.to_string());
            cells.extend([name, field.kind, flag(field.required), flag(field.nullable)].map(str::to_owned));
            cells.push(field.enumeration.join("|"));
            push_range(&mut cells, *range);
            lines.push(cells);
        }
    }
    lines
}

fn error_lines(operations: &[Merged<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in operations {
        for (status, code) in &operation.errors {
            let mut cells = key(operation);
            cells.push(status.to_string());
            cells.push((*code).to_owned());
            lines.push(cells);
        }
    }
    lines
}

fn answer_lines(operations: &[Merged<'_>], answered: &Answered) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for ((method, path), status, facts, range) in &answered.bodies {
        let operation = operations
            .iter()
            .find(|operation| operation.method == method && nameless(&operation.newest.path) == *path)
            .with_context(|| format!("{method} {path} answers, but is no operation"))?;
        let mut cells = key(operation);
        cells.push(status.to_string());
        match facts {
            Some(facts) => cells.extend([
                facts.types.join("|"),
                flag(facts.nullable).to_owned(),
                facts.of.join("|"),
            ]),
            None => cells.extend(["none", "0", ""].map(str::to_owned)),
        }
        push_range(&mut cells, *range);
        lines.push(cells);
    }
    Ok(lines)
}

fn shape_lines(answered: &Answered) -> Vec<Line> {
    let line = |(shape, field, facts, range): &(String, String, Facts, Range)| {
        let mut cells = vec![shape.clone(), field.clone(), facts.types.join("|")];
        cells.extend([flag(facts.required), flag(facts.nullable)].map(str::to_owned));
        cells.extend([facts.enumeration.join("|"), facts.of.join("|")]);
        push_range(&mut cells, *range);
        cells
    };
    answered.fields.iter().map(line).collect()
}

fn key(operation: &Merged<'_>) -> Line {
    vec![operation.method.to_owned(), operation.newest.path.clone()]
}

fn push_range(cells: &mut Line, range: Range) {
    let (first, last) = range.names();
    cells.extend([first.to_owned(), last.to_owned()]);
}

const fn flag(flag: bool) -> &'static str {
    if flag { "1" } else { "0" }
}

fn table(name: &'static str, columns: &str, lines: Vec<Line>) -> anyhow::Result<Table> {
    let mut content = columns.replace(' ', "\t");
    content.push('\n');
    for cells in lines {
        ensure!(
            cells.iter().all(|cell| !cell.contains(['\t', '\n', '\r'])),
            "{name}: a cell holds a tab or a line break: {cells:?}"
        );
        content.push_str(&cells.join("\t"));
        content.push('\n');
    }
    Ok(Table {
        folder: "tables",
        name,
        text: format!(
            "# Generated by `cargo xtask catalog`; do not edit.\n# format {FORMAT}\n# sha256 {}\n{content}",
            digest(&content)
        ),
    })
}

fn digest(content: &str) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(content.as_bytes()) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How many lines of `held` differ from `wanted`, and the first few.
pub(super) fn difference(name: &str, held: &str, wanted: &str) -> String {
    const SHOWN: usize = 5;
    let lines = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    let (held, wanted) = (lines(held), lines(wanted));
    let (gone, new): (Vec<_>, Vec<_>) = (
        held.difference(&wanted).collect(),
        wanted.difference(&held).collect(),
    );
    let mut summary = format!("{name}: {} lines to add, {} to remove", new.len(), gone.len());
    for (sign, lines) in [("+", &new), ("-", &gone)] {
        for line in lines.iter().take(SHOWN) {
            let _ = write!(summary, "\n  {sign} {line}");
        }
    }
    summary
}
