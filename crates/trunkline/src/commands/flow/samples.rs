//! `trunkline flow test`: a flow's samples taken through its transforms, without any network.

use std::{path::Path, process::ExitCode};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trunkline_flow::{Record, document::Sample};

use super::check;
use crate::{
    cli,
    failure::{Exit, Failure},
    output::json,
};

/// The moment of a sample that names none.
const MOMENT: i64 = 1_767_225_600;

/// What became of a sample.
struct Outcome {
    differences: Vec<String>,
    outputs: Map<String, Value>,
}

/// Tries files' samples.
pub(super) fn test(arguments: &cli::CheckFlows) -> Result<ExitCode, Failure> {
    let mut reports = Vec::new();
    let mut is_fine = true;
    for path in &arguments.files {
        let file = check::read(path)?;
        if file.document.tests.is_empty() {
            return Err(Failure::usage(
                "TL0813",
                format!("{} has no samples to try", path.display()),
                "Add `tests:` with a name, `input:` and `output:`; docs/flows/README.md shows how.",
            ));
        }
        for sample in &file.document.tests {
            let outcome = one(&file, path, sample)?;
            let passed = outcome.differences.is_empty();
            is_fine &= passed;
            if arguments.json {
                reports.push(json!({
                    "file": path,
                    "test": sample.name,
                    "passed": passed,
                    "differences": outcome.differences,
                    "outputs": outcome.outputs,
                }));
                continue;
            }
            let word = if passed { "passed" } else { "FAILED" };
            json::line(&format!("{word}  {}: {}", path.display(), sample.name))?;
            for difference in &outcome.differences {
                json::line(&format!("    {difference}"))?;
            }
        }
    }
    if arguments.json {
        json::print(&reports)?;
    }
    Ok(if is_fine {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}

fn one(file: &check::FlowFile, path: &Path, sample: &Sample) -> Result<Outcome, Failure> {
    let beginning = Timestamp::from_second(MOMENT).unwrap_or_default();
    let now = sample.now.unwrap_or(beginning);
    let flow = check::build(&file.document, path, now).map_err(|mistakes| check::refused(path, &mistakes))?;
    let mut records = sample.input.clone();
    if let Some(name) = &sample.input_file {
        records.extend(values(&file.folder.join(name))?);
    }
    let mut expected = sample.output.clone().unwrap_or_default();
    if let Some(name) = &sample.output_file {
        let at = file.folder.join(name);
        match whole(&at)? {
            Value::Object(named) => expected.extend(named),
            _ => {
                return Err(unreadable(
                    &at,
                    "it is no object of destinations with what each gets",
                ));
            }
        }
    }
    let records = records.into_iter().map(Record::new).collect();
    let (outputs, errors) = trunkline_components::outputs(&flow, records, now);
    let mut differences = Vec::new();
    for (name, expected) in &expected {
        match outputs.get(name) {
            None => differences.push(format!("there is no destination {name}")),
            Some(found) if found != expected => {
                differences.push(format!("{name} was to get {expected}"));
                differences.push(format!("{name} would get  {found}"));
            }
            Some(_) => {}
        }
    }
    if errors.len() != sample.dead_letters {
        differences.push(format!(
            "{} dead letters were expected, {} would be made",
            sample.dead_letters,
            errors.len()
        ));
        differences.extend(errors.iter().map(|error| format!("{}: {error}", error.code)));
    }
    Ok(Outcome { differences, outputs })
}

/// The records of a file: a JSON list, or lines of JSON.
fn values(path: &Path) -> Result<Vec<Value>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
    if let Ok(Value::Array(all)) = serde_json::from_str(&text) {
        return Ok(all);
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| unreadable(path, &format!("line {}: {error}", at + 1)))
        })
        .collect()
}

fn whole(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(path, &error.to_string()))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::usage(
        "TL0813",
        format!("{} cannot be read as a sample: {why}", path.display()),
        "Paths of samples begin at the flow's file.",
    )
}
