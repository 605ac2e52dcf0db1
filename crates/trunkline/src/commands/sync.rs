//! `trunkline sync`: one run of the mirror.

use std::{path::Path, process::ExitCode, str::FromStr, sync::Arc, time::Duration};

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Serialize;
use trunkline_client::{Client, SystemClock};
use trunkline_mirror::{
    report::SyncReport,
    storage::{ColumnRef, Storage, StorageOptions},
    sync::{self, SyncOptions},
    targets::TargetReport,
};

use super::follow;
use crate::{
    cli,
    failure::{Exit, Failure},
    output::{errors, json, progress::Progress, report},
    settings,
    stop::Stop,
    targets::{self, Places},
};

/// Mirrors once and prints the report.
pub(crate) async fn run(arguments: cli::Sync) -> Result<ExitCode, Failure> {
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    if arguments.follow {
        span(&arguments.every)?;
    }
    let mut places = Places::of(&arguments.to, &file, &arguments.workspace.data.data)?;
    places.make_folder()?;
    let path = places.mirror.clone();
    let storage_options = StorageOptions {
        history: arguments.history,
        exclude: columns(&arguments.exclude)?,
        hash: columns(&arguments.hash)?,
        ..StorageOptions::default()
    };
    let options = SyncOptions {
        streams: arguments.streams.clone().or_else(|| file.streams.clone()),
        custom_objects: types(
            arguments
                .custom_objects
                .clone()
                .or_else(|| file.custom_objects.clone()),
        ),
        full: arguments.full,
        start_date: arguments.start_date.as_deref().map(time).transpose()?,
        lookback: arguments.lookback.as_deref().map(span).transpose()?,
    };
    let session = settings::client(&arguments.workspace, &file).await?;
    let outcome = match Storage::open(&path, storage_options) {
        Ok(storage) => {
            let outcome = run_on(&arguments, session.client(), &storage, &options, &mut places).await;
            let closed = storage.close().await;
            outcome.and_then(|code| closed.map(|()| code).map_err(Failure::from))
        }
        Err(error) => Err(error.into()),
    };
    session.close().await;
    outcome
}

/// The first run with its report, and those that follow when that was asked for.
async fn run_on(
    arguments: &cli::Sync,
    client: &Client,
    storage: &Storage,
    options: &SyncOptions,
    places: &mut Places,
) -> Result<ExitCode, Failure> {
    let progress = Progress::start(!arguments.json);
    let outcome = mirror(client, storage, options, &progress).await;
    progress.finish();
    let first = outcome?;
    let (targets, failure) = targets::split(places.bring_up(!arguments.json).await);
    // It listens before the report is there, and not during a first run, which Ctrl-C may cut.
    let stop = arguments.follow.then(Stop::listen).transpose()?;
    if arguments.json {
        json::print(&Printed {
            report: &first,
            targets: &targets,
        })?;
    } else {
        report::print(&first)?;
        report::print_targets(&targets)?;
    }
    match (failure, &stop) {
        (Some(failure), None) => return Err(failure),
        // The next round tries again.
        (Some(failure), Some(_)) => errors::print(&failure),
        (None, _) => {}
    }
    if let Some(stop) = stop {
        // What was asked for once is done; every later run reads what changed.
        let later = SyncOptions {
            full: false,
            start_date: None,
            ..options.clone()
        };
        follow::run(
            client,
            storage,
            &later,
            places,
            follow::Rounds {
                interval: span(&arguments.every)?,
                as_json: arguments.json,
            },
            stop,
        )
        .await?;
    }
    Ok(exit(&first))
}

/// What `--json` prints: the report, and what was brought to targets where there are any.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    report: &'a SyncReport,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    targets: &'a [TargetReport],
}

/// The named types of custom objects, each once.
fn types(named: Option<Vec<String>>) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for name in named.into_iter().flatten() {
        let name = name.trim().to_owned();
        if !name.is_empty() && !types.contains(&name) {
            types.push(name);
        }
    }
    types
}

/// One run, with its progress shown.
pub(crate) async fn mirror(
    client: &Client,
    storage: &Storage,
    options: &SyncOptions,
    progress: &Progress,
) -> Result<SyncReport, Failure> {
    Ok(
        sync::sync(client, storage, options, Arc::new(SystemClock), &|event| {
            progress.show(&event);
        })
        .await?,
    )
}

/// 0 when every stream that could be read was read, 1 when one failed.
pub(crate) fn exit(report: &SyncReport) -> ExitCode {
    if report.is_success() {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    }
}

fn columns(texts: &[String]) -> Result<Vec<ColumnRef>, Failure> {
    texts
        .iter()
        .map(|text| ColumnRef::from_str(text).map_err(Failure::from))
        .collect()
}

/// An ISO 8601 day (midnight UTC) or moment.
pub(crate) fn time(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    text.parse::<civil::Date>()
        .ok()
        .and_then(|day| day.to_zoned(TimeZone::UTC).ok())
        .map(|day| day.timestamp())
        .ok_or_else(|| {
            Failure::usage(
                "TL0007",
                format!("`{text}` is not a time"),
                "Write a day or a moment in ISO 8601, such as 2026-01-31 or 2026-01-31T08:00:00Z.",
            )
        })
}

/// `10m`, `2h`, `1d` or `90s`.
pub(crate) fn span(text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        Failure::usage(
            "TL0007",
            format!("`{text}` is not a span of time"),
            "Write a whole number with s, m, h or d, such as `--lookback 10m`.",
        )
    };
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| wrong())?;
    count
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// Refuses a mirror file that does not exist, where a command only reads one.
pub(crate) fn must_exist(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    Err(Failure::usage(
        "TL0003",
        format!("there is no mirror at {}", path.display()),
        "Check the path, or make the mirror with `trunkline sync`.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_moments() {
        for (text, moment) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00Z"),
        ] {
            assert_eq!(time(text).unwrap().to_string(), moment);
        }
        for text in ["yesterday", "31.01.2026", "2026-02-30", ""] {
            assert_eq!(time(text).unwrap_err().code, "TL0007", "{text}");
        }
    }

    #[test]
    fn types_of_custom_objects_are_taken_once_and_as_they_are_written() {
        let named = [" Order", "order", "Order", "", "Sub scription"].map(str::to_owned);
        assert_eq!(types(Some(named.to_vec())), ["Order", "order", "Sub scription"]);
        assert!(types(None).is_empty());
    }

    #[test]
    fn spans_have_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(span(text).unwrap().as_secs(), seconds);
        }
        for text in [
            "10",
            "m",
            "",
            "-1h",
            "1.5h",
            "99999999999999999999d",
            "18446744073709551615d",
            "1ü",
        ] {
            assert_eq!(span(text).unwrap_err().code, "TL0007", "{text}");
        }
    }
}
