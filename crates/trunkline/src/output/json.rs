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

fn write(text: serde_json::Result<String>) -> Result<(), Failure> {
    let text = text.map_err(|error| {
        Failure::new(
            "TL0008",
            format!("the result could not be written as JSON: {error}"),
            "Please report this.",
        )
    })?;
    line(&text)
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
