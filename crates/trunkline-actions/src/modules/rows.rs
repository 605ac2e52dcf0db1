//! Many rows in one call: all of them checked before the first is sent, and each with what came of it.
//!
//! The one rule: a row that fails does not keep the others from being done, and says why it failed by itself.

use serde_json::{Value, json};

use crate::{ActionError, Field, Input, Problem, Run};

/// How many problems are told at once.
const MOST_TOLD: usize = 20;

/// The field that takes them.
pub(crate) fn field(help: &'static str) -> Field {
    Field::list("rows", help).required()
}

/// The rows as the action `one` takes them, or what is wrong with any of them.
pub(crate) fn checked(run: &Run, one: &str, input: &Input) -> Result<Vec<Input>, ActionError> {
    let given = input.list("rows").unwrap_or_default();
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    if given.is_empty() {
        problems.push(Problem::new("rows", "must hold at least one row"));
    }
    for (place, row) in given.iter().enumerate() {
        match run.check_row(one, row.clone()) {
            Ok(row) => rows.push(row),
            Err(ActionError::Input { problems: own, .. }) => {
                problems.extend(own.into_iter().map(|problem| below(place, problem)));
            }
            Err(error) => return Err(error),
        }
    }
    tell(run, problems)?;
    Ok(rows)
}

/// The same problem, with the number of its row.
pub(crate) fn below(place: usize, problem: Problem) -> Problem {
    Problem {
        field: format!("rows[{place}].{}", problem.field),
        ..problem
    }
}

/// Fails when there is a problem; of very many the first ones are told.
pub(crate) fn tell(run: &Run, mut problems: Vec<Problem>) -> Result<(), ActionError> {
    if problems.is_empty() {
        return Ok(());
    }
    let many = problems.len();
    if many > MOST_TOLD {
        problems.truncate(MOST_TOLD);
        problems.push(Problem::new(
            "rows",
            format!("hold {} more problems", many - MOST_TOLD),
        ));
    }
    Err(run.misfits(problems))
}

/// What came of a row that was done.
pub(crate) fn done(place: usize, outcome: &str, id: Option<String>) -> Value {
    let mut told = json!({ "row": place, "outcome": outcome });
    told["id"] = id.map_or(Value::Null, Value::String);
    told
}

/// What came of a row that failed; an error that concerns the whole run is handed back.
pub(crate) fn failed(place: usize, error: ActionError) -> Result<Value, ActionError> {
    match error {
        ActionError::Journal(_) | ActionError::Moved { .. } => Err(error),
        error => {
            // What every further call would meet is no matter of one row.
            if let ActionError::Call(call) = &error
                && matches!(
                    call.disposition(),
                    trunkline_client::Disposition::Halt | trunkline_client::Disposition::Reauthenticate
                )
            {
                return Err(error);
            }
            Ok(json!({
                "row": place,
                "outcome": "failed",
                "id": null,
                "error": { "code": error.code(), "message": error.to_string(), "advice": error.advice() },
            }))
        }
    }
}
