//! A failure as a person reads it.

use crate::failure::Failure;

/// Prints the failure to standard error: what happened, what to do, where the page is.
#[expect(clippy::print_stderr, reason = "the one place that prints failures")]
pub(crate) fn print(failure: &Failure) {
    eprintln!("error[{}]: {}", failure.code, failure.message);
    eprintln!("  help: {}", failure.advice);
    eprintln!("  page: docs/errors/{}.md", failure.code);
}

/// Prints what a person has to know now to standard error, beside whatever the command gives out.
#[expect(clippy::print_stderr, reason = "the one place that prints notes")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}
