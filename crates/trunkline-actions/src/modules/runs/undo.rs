//! Puts back what a run wrote, as far as that is possible, the last write first.
//!
//! The one rule: what somebody changed since is left as it is, and said; only values that the run itself wrote are put back.

use serde_json::{Value, json};
use trunkline_catalog::{Catalog, Effect, Method};
use trunkline_client::ErrorKind;

use crate::{
    Action, ActionError, Field, Input, Inverse, KeptWrite, Run, Write, WriteState,
    run::{Subject, subject},
};

pub(super) fn action() -> Action {
    Action::module(
        "runs.undo",
        "Puts back what a run wrote, and says what cannot be put back.",
        Effect::Write,
        |run, input| Box::pin(work(run, input)),
    )
    .takes([Field::text("run", "The run, by the id that the call gave.").required()])
    .gives_rows()
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let id = input.text("run").unwrap_or_default();
    let Some(mut writes) = run.workspace().journal().writes(id).await? else {
        return Err(ActionError::refused(
            "TL0765",
            format!("the journal has no run {id:?} of this workspace"),
            "`trunkline runs` lists them; a run that wrote nothing is not kept.",
        ));
    };
    run.undoes(id);
    writes.sort_by_key(|write| std::cmp::Reverse(write.seq));
    let mut report = Vec::new();
    for write in writes {
        let (outcome, reason) = put_back(run, &write).await?;
        report.push(json!({
            "seq": write.seq,
            "operation": write.operation,
            "subject": write.subject,
            "outcome": outcome,
            "reason": reason,
        }));
    }
    Ok(Value::Array(report))
}

/// What became of one write, and why.
async fn put_back(run: &mut Run, write: &KeptWrite) -> Result<(&'static str, Option<String>), ActionError> {
    let left = |reason: &str| Ok(("left", Some(reason.to_owned())));
    match write.state {
        WriteState::Refused => return Ok(("nothing to do", Some("it was refused then".to_owned()))),
        WriteState::Sending | WriteState::Unknown => {
            return left("whether it was carried out is not known");
        }
        WriteState::Done => {}
    }
    let (operation, path, payload) = match &write.inverse {
        Some(Inverse::Call {
            operation,
            path,
            payload,
        }) => (operation, path, payload),
        Some(Inverse::Nothing) => {
            return Ok(("nothing to do", Some("it changed nothing".to_owned())));
        }
        Some(Inverse::Cannot(reason)) => return left(reason),
        None => return left("what puts it back was not kept"),
    };
    let Some(operation) = Catalog::embedded().operation(operation) else {
        return left("the operation that puts it back is not known");
    };
    let mut back = Write::new(operation.id);
    for (name, value) in path {
        back = back.path(name, value);
    }
    if let Some(payload) = payload {
        back = back.payload(payload.clone());
    }
    if let Some(Subject { read, .. }) = subject(operation, path) {
        let Some(now) = run.find(read).await? else {
            return left("it is not there any more");
        };
        if matches!(operation.method, Method::Put | Method::Patch)
            && let Some(field) = changed_since(write, &now)
        {
            return left(&format!("`{field}` was changed since"));
        }
        back = back.before(now);
    }
    match run.write(back).await {
        Ok(_) => Ok(("put back", None)),
        Err(ActionError::Call(error))
            if matches!(
                error.kind,
                ErrorKind::NotFound | ErrorKind::Gone | ErrorKind::Conflict | ErrorKind::Invalid
            ) =>
        {
            left(&error.to_string())
        }
        Err(error) => Err(error),
    }
}

/// The first field that the run wrote and that has another value now.
fn changed_since(write: &KeptWrite, now: &Value) -> Option<String> {
    let after = write.after.as_ref()?;
    first_difference("", write.payload.as_ref()?, after, now)
}

/// Compares, where `written` has fields, what they were after the write with what they are now.
fn first_difference(path: &str, written: &Value, after: &Value, now: &Value) -> Option<String> {
    let fields = written.as_object()?;
    fields.iter().find_map(|(name, value)| {
        let below = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let (Some(after), Some(now)) = (after.get(name), now.get(name)) else {
            return None;
        };
        if value.is_object() && after.is_object() {
            return first_difference(&below, value, after, now);
        }
        (after != now).then_some(below)
    })
}
