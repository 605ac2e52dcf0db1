//! `trunkline report`: figures of a mirror's conversations, as a page, as tables, for machines.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use trunkline_client::{Clock as _, SystemClock};
use trunkline_mirror::analytics::{page, plain, read};

use crate::{
    cli::{Format, Report},
    failure::Failure,
    output::{json, records},
    settings,
};

/// Where `trunkline quickstart` puts its mirror.
const DEFAULT_MIRROR: &str = "trunkline-data/mirror.db";

/// Makes the report. The mirror is only read, also while it is written to.
pub(crate) fn run(arguments: Report) -> Result<ExitCode, Failure> {
    let path = mirror(&arguments)?;
    let format = arguments
        .format
        .unwrap_or_else(|| by_name(arguments.output.as_deref()));
    let question = read::Question {
        from: arguments.from,
        to: arguments.to,
        team: arguments.team,
        tag: arguments.tag,
        company: arguments.company,
        time_zone: arguments.time_zone,
        office_hours: arguments.office_hours,
    };
    let report = read::report(&path, &question, SystemClock.now())?;
    let text = match format {
        Format::Html => page::html(&report),
        Format::Csv => plain::csv(&report),
        Format::Md => plain::markdown(&report),
        Format::Json => json::text(&report)?,
    };
    records::write(&text, arguments.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

fn mirror(arguments: &Report) -> Result<PathBuf, Failure> {
    let named = match &arguments.mirror {
        Some(named) => Some(named.clone()),
        None => {
            // Of several targets one is the mirror's file; the others are copies of it.
            let targets = settings::File::read(arguments.config.as_deref())?.to;
            let file = targets.iter().find(|target| target.starts_with("sqlite:"));
            file.or(targets.first()).cloned()
        }
    };
    let named = named.as_deref().unwrap_or(DEFAULT_MIRROR);
    let path = named.strip_prefix("sqlite:").unwrap_or(named);
    if path.contains("://") || path.starts_with("parquet:") || path.is_empty() {
        return Err(Failure::usage(
            "TL0177",
            // What is named may be an address with a password, so it is not repeated.
            "a report is made of a mirror in a SQLite file, and what is named is none",
            "Name the file with `--mirror FILE`; in PostgreSQL, ask the view conversation_metrics.",
        ));
    }
    Ok(PathBuf::from(path))
}

fn by_name(output: Option<&Path>) -> Format {
    let ending = output
        .and_then(Path::extension)
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("html" | "htm") => Format::Html,
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        _ => Format::Md,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_says_what_is_written() {
        for (name, format) in [
            (None, Format::Md),
            (Some("a.html"), Format::Html),
            (Some("a.HTM"), Format::Html),
            (Some("a.json"), Format::Json),
            (Some("a.b.csv"), Format::Csv),
            (Some("report.md"), Format::Md),
            (Some("html"), Format::Md),
        ] {
            assert_eq!(by_name(name.map(Path::new)), format, "{name:?}");
        }
    }
}
