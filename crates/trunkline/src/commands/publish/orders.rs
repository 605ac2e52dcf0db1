//! How a batch is published, as the command line says it.

use std::path::PathBuf;

use trunkline_server::publishing::{Orders, Rules, Source};

use crate::{cli, commands::call, failure::Failure, store};

/// What the command line says.
pub(super) fn of(arguments: &cli::Publish) -> Result<Orders, Failure> {
    let source = Source::parse(
        arguments.from.as_deref().unwrap_or("-"),
        arguments.query.as_deref(),
        arguments.format.map(Into::into),
        arguments.delimiter.as_deref(),
        arguments.encoding.as_deref(),
    )?;
    let absolute = |path: &PathBuf| {
        std::path::absolute(path).map_err(|error| {
            Failure::usage(
                "TL0792",
                format!("{} cannot be a file: {error}", path.display()),
                "Check the path.",
            )
        })
    };
    Ok(Orders {
        source,
        now: store::now().as_second(),
        rules: Rules {
            map: arguments.map.as_deref().map(expression).transpose()?,
            columns: arguments
                .column
                .iter()
                .map(|text| column(text))
                .collect::<Result<_, _>>()?,
            ignore: arguments.ignore.clone(),
            set: arguments
                .set
                .iter()
                .map(|text| call::field(text))
                .collect::<Result<_, _>>()?,
            empty_is_null: arguments.empty == "null",
            allow_unknown: arguments.allow_unknown,
            time_zone: arguments.time_zone.clone(),
            limit: arguments.limit,
        },
        results: arguments.results.as_ref().map(absolute).transpose()?,
        rejects: arguments.rejects.as_ref().map(absolute).transpose()?,
        rows: None,
    })
}

/// The expression itself, or what a file holds.
fn expression(text: &str) -> Result<String, Failure> {
    let path = std::path::Path::new(text.strip_prefix('@').unwrap_or(text));
    let is_named = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("jq"));
    // `@` begins no expression that could be meant here: it would give the same text for every row.
    if text.contains('\n') || !(is_named || text.starts_with('@')) {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            "TL0795",
            format!("the map {} cannot be read: {error}", path.display()),
            "Check the path, or give the expression itself.",
        )
    })
}

fn column(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => {
            Ok((field.to_owned(), column.to_owned()))
        }
        _ => Err(Failure::usage(
            "TL0784",
            format!("`--column {text}` is not `field=column`"),
            "Write the action's field first, then the column, such as `--column email=Mail`.",
        )),
    }
}
