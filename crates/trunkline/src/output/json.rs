//! Results for machines.

use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;

/// Prints one value as indented JSON.
pub(crate) fn print(value: &impl Serialize) -> Result<(), Failure> {
    write(serde_json::to_string_pretty(value))
}

/// Prints one value on one line.
pub(crate) fn print_line(value: &impl Serialize) -> Result<(), Failure> {
    write(serde_json::to_string(value))
}

/// One value as indented JSON, with the end of its last line.
pub(crate) fn text(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = whole(serde_json::to_string_pretty(value))?;
    text.push('\n');
    Ok(text)
}

fn write(text: serde_json::Result<String>) -> Result<(), Failure> {
    line(&whole(text)?)
}

fn whole(text: serde_json::Result<String>) -> Result<String, Failure> {
    text.map_err(|error| {
        Failure::new(
            "TL0008",
            format!("the result could not be written as JSON: {error}"),
            "Please report this.",
        )
    })
}

/// Prints text to standard output; a reader that went away (`| head`) ends the output quietly.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            "TL0008",
            format!("standard output: {error}"),
            "Check where the output goes.",
        )),
        _ => Ok(()),
    }
}
