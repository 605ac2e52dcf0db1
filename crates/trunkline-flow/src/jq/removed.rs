//! What jq has and an expression here has not, each with the reason that its user is told.
//!
//! The one rule: an expression knows its input and its variables, and gives out values; nothing else goes in or out.

const ENDS: &str = "it would end the whole process; use `empty` to give out nothing, or `error` to fail";
const ENVIRONMENT: &str = "the environment holds secrets; bind a variable to what the expression needs";
const OTHERS: &str = "an expression sees one value at a time";
const PRINTS: &str = "an expression has no output but its values";
const CLOCK: &str = "the time is given by whoever runs the expression: as `$now`, where it is bound";
const ZONE: &str = "it depends on the machine's time zone; use the function for UTC";
const BYTES: &str = "values are JSON, which has no bytes";
const FILES: &str = "an expression reads no files";

/// Names of functions, and of variables with their `$`.
const REMOVED: [(&str, &str); 20] = [
    ("halt", ENDS),
    ("halt_error", ENDS),
    ("env", ENVIRONMENT),
    ("$ENV", ENVIRONMENT),
    ("$__prog_args", ENVIRONMENT),
    ("input", OTHERS),
    ("inputs", OTHERS),
    ("input_filename", OTHERS),
    ("input_line_number", OTHERS),
    ("debug", PRINTS),
    ("debug_empty", PRINTS),
    ("stderr", PRINTS),
    ("stderr_empty", PRINTS),
    ("now", CLOCK),
    ("$now", CLOCK),
    ("localtime", ZONE),
    ("strflocaltime", ZONE),
    ("tobytes", BYTES),
    ("get_search_list", FILES),
    ("modulemeta", FILES),
];

/// Why there is no such function or variable.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    REMOVED
        .iter()
        .find(|(removed, _)| *removed == name)
        .map(|(_, reason)| *reason)
}

/// Why a module or a file is not read.
pub(super) const MODULES: &str = "an expression reads no files, so it stands for itself";

/// Whether jaq's own function of that name is left out.
pub(super) fn is_left_out(name: &str) -> bool {
    reason(name).is_some()
}
