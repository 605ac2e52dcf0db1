//! The gate: every change of the workspace.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trunkline_catalog::{Catalog, Effect, Method, Operation};
use trunkline_client::{Call, CallError};

use super::{Mode, Run, guarded::is_made_once, inverse, subject::subject, value_of};
use crate::{Action, ActionError, Change, FieldChange, Inverse, KeptWrite, PlannedWrite, WriteEnd, WriteState, outcome::changes};

/// A change that a module wants.
#[derive(Clone, Debug)]
pub struct Write {
    operation: &'static str,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    payload: Option<Value>,
    before: Option<Value>,
    is_new: bool,
    inverse: Option<Inverse>,
    expected: Value,
}

impl Write {
    /// A call of the operation with this id, which must change something.
    #[must_use]
    pub fn new(operation: &'static str) -> Self {
        Self {
            operation,
            path: Vec::new(),
            query: Vec::new(),
            payload: None,
            before: None,
            is_new: false,
            inverse: None,
            expected: Value::Null,
        }
    }

    /// Sets a path parameter.
    #[must_use]
    pub fn path(mut self, name: &str, value: impl Into<String>) -> Self {
        self.path.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Says what the object was before, when the module has just read it; else it is fetched.
    #[must_use]
    pub fn before(mut self, before: Value) -> Self {
        self.before = Some(before);
        self
    }

    /// Says that nothing is there before, so that nothing is fetched.
    #[must_use]
    pub const fn makes_new(mut self) -> Self {
        self.is_new = true;
        self
    }

    /// Says what puts it back, where that does not follow from the operation.
    #[must_use]
    pub fn put_back_by(mut self, inverse: Inverse) -> Self {
        self.inverse = Some(inverse);
        self
    }

    /// What a plan takes for the answer, so that the module can go on planning.
    #[must_use]
    pub fn expecting(mut self, answer: Value) -> Self {
        self.expected = answer;
        self
    }

    fn call(&self) -> Call {
        let mut call = Call::new(self.operation);
        for (name, value) in &self.path {
            call = call.path(name.clone(), value.clone());
        }
        for (name, value) in &self.query {
            call = call.query(name.clone(), value.clone());
        }
        match &self.payload {
            Some(payload) => call.body(payload.clone()),
            None => call,
        }
    }
}

impl Run {
    /// Makes a change, or plans it, and gives the answer.
    ///
    /// # Errors
    ///
    /// What the call fails with; [`ActionError::Journal`] before it is sent when it cannot be kept;
    /// [`ActionError::Moved`] when a plan is applied that says otherwise.
    pub async fn write(&mut self, mut write: Write) -> Result<Value, ActionError> {
        let operation = Catalog::embedded()
            .operation(write.operation)
            .expect("modules name operations that exist; a test holds them against the catalog");
        let earlier = self.made_earlier(&write);
        if let Some(KeptWrite {
            state: WriteState::Done,
            after,
            ..
        }) = earlier
        {
            return Ok(after.unwrap_or_default());
        }
        let subject = subject(operation, &write.path);
        if let Some(earlier) = &earlier {
            // What it was before the first attempt; now it may be what the write makes of it.
            write.before.clone_from(&earlier.before);
        } else if write.before.is_none()
            && !write.is_new
            && let Some(subject) = &subject
        {
            write.before = self.find(subject.read.clone()).await?;
        }
        let planned = PlannedWrite {
            operation: write.operation.to_owned(),
            path: write.path.clone(),
            query: write.query.clone(),
            payload: write.payload.clone(),
            subject: subject.as_ref().map(|subject| subject.name.clone()),
            before: write.before.as_ref().map(digest),
            fields: changes(
                write.payload.as_ref(),
                // A body that is put on an object, such as a tag, is not compared with the object's own fields.
                write.before.as_ref().filter(|_| writes_over(operation)),
            ),
        };
        match &mut self.mode {
            Mode::Live => {}
            Mode::Planning => {
                self.planned.push(planned);
                return Ok(expected(&write));
            }
            Mode::Applying(left) => check_planned(left.pop_front().as_ref(), &planned)?,
        }
        let change = change_of(self.action, operation, write.is_new, &planned.fields);
        let seq = match earlier {
            Some(earlier) => earlier.seq,
            None => self.keep(&write, planned.subject).await?,
        };
        let after = self.send(operation, write, seq).await?;
        self.change = self.change.max(change);
        Ok(after)
    }

    /// Keeps a write in the journal, before it is sent.
    async fn keep(&mut self, write: &Write, subject: Option<String>) -> Result<u32, ActionError> {
        if let Some(earlier) = self.begin().await? {
            return Err(ActionError::refused(
                "TL0766",
                format!("it was done before, by run {}", earlier.run.unwrap_or_default()),
                "There is nothing left to do; `trunkline runs list` shows both runs.",
            ));
        }
        self.seq += 1;
        let kept = KeptWrite {
            seq: self.seq,
            operation: write.operation.to_owned(),
            path: write.path.clone(),
            query: write.query.clone(),
            payload: write.payload.clone(),
            subject,
            before: write.before.clone(),
            state: WriteState::Sending,
            after: None,
            inverse: None,
            at: self.workspace.now(),
        };
        let id = self.id.clone().unwrap_or_default();
        Ok(self.workspace.journal().sending(&id, kept).await?)
    }

    async fn send(
        &mut self,
        operation: &'static Operation,
        write: Write,
        seq: u32,
    ) -> Result<Value, ActionError> {
        self.writes += 1;
        let id = self.id.clone().unwrap_or_default();
        let journal = self.workspace.journal().clone();
        let told = self.client().call(write.call().priority(self.priority())).await;
        match told {
            Ok(answer) => {
                let after = value_of(&answer);
                self.workspace.people().heard(
                    write.operation,
                    &write.path,
                    write.payload.as_ref(),
                    self.workspace.now(),
                );
                let inverse = write.inverse.clone().unwrap_or_else(|| {
                    inverse::of(
                        operation,
                        &write.path,
                        write.payload.as_ref(),
                        write.before.as_ref(),
                        write.is_new,
                        &after,
                    )
                });
                let end = WriteEnd {
                    state: WriteState::Done,
                    status: Some(answer.status),
                    request_id: answer.request_id.clone(),
                    after: Some(after.clone()),
                    inverse: Some(inverse),
                    at: self.workspace.now(),
                };
                journal.ended(&id, seq, end).await?;
                Ok(after)
            }
            Err(error) => {
                let state = state_after(operation, &error);
                let end = WriteEnd {
                    state,
                    status: error.status,
                    request_id: error.request_id.clone(),
                    after: None,
                    inverse: None,
                    at: self.workspace.now(),
                };
                // The failed call is what the caller must hear of; the write stays as `sending`, which is looked into.
                let _ = journal.ended(&id, seq, end).await;
                Err(error.into())
            }
        }
    }

    /// The same write, when an interrupted run with this key made it or was about to.
    fn made_earlier(&mut self, write: &Write) -> Option<KeptWrite> {
        let place = self.earlier.iter().position(|kept| {
            kept.operation == write.operation
                && kept.path == write.path
                && kept.query == write.query
                && kept.payload == write.payload
        })?;
        Some(self.earlier.remove(place))
    }

    /// Finds out what became of the writes of an interrupted run.
    pub(crate) async fn settle(&mut self, writes: Vec<KeptWrite>) -> Result<(), ActionError> {
        self.seq = writes.iter().map(|write| write.seq).max().unwrap_or(0);
        for write in writes {
            match write.state {
                WriteState::Done => self.earlier.push(write),
                WriteState::Refused => {}
                WriteState::Sending | WriteState::Unknown => {
                    self.find_out(&write).await?;
                    self.earlier.push(write);
                }
            }
        }
        Ok(())
    }

    /// Whether a write whose answer is missing was carried out.
    async fn find_out(&mut self, write: &KeptWrite) -> Result<(), ActionError> {
        let effect = Catalog::embedded()
            .operation(&write.operation)
            .map(|operation| operation.effect);
        match effect {
            // Sending it again leaves what sending it once leaves.
            Some(Effect::Read | Effect::IdempotentWrite) => Ok(()),
            // A module finds what it made when it looks again.
            _ if !self.action.is_operation() && is_made_once(&write.operation, write.payload.as_ref()) => Ok(()),
            _ => Err(ActionError::OutcomeUnknown {
                operation: write.operation.clone(),
                reason: "the answer was lost and Intercom does not tell".to_owned(),
            }),
        }
    }
}

/// What a write does, as far as its operation and the fields that it changes tell.
fn change_of(action: &Action, operation: &Operation, is_new: bool, fields: &[FieldChange]) -> Change {
    let makes = is_new || operation.id.ends_with(".create");
    if makes && operation.family() == action.family() {
        return Change::Create;
    }
    if writes_over(operation) && !fields.is_empty() && fields.iter().all(|field| field.change == Change::Keep)
    {
        return Change::Keep;
    }
    Change::Change
}

/// The same of a write that was planned.
pub(crate) fn change_of_planned(action: &Action, planned: &PlannedWrite) -> Change {
    match Catalog::embedded().operation(&planned.operation) {
        Some(operation) => change_of(action, operation, false, &planned.fields),
        None => Change::Change,
    }
}

/// The same of a write that the journal kept.
pub(super) fn change_of_kept(action: &Action, kept: &KeptWrite) -> Change {
    let Some(operation) = Catalog::embedded().operation(&kept.operation) else {
        return Change::Change;
    };
    let fields = changes(kept.payload.as_ref(), kept.before.as_ref());
    change_of(action, operation, false, &fields)
}

/// What is known of a write whose call failed.
fn state_after(operation: &Operation, error: &CallError) -> WriteState {
    match error.status {
        Some(status) if (400..500).contains(&status) && status != 408 => WriteState::Refused,
        None if error.attempts == 0 => WriteState::Refused,
        _ if operation.effect == Effect::IdempotentWrite => WriteState::Sending,
        _ => WriteState::Unknown,
    }
}

/// Whether the body's fields are those of the object that the path names.
fn writes_over(operation: &Operation) -> bool {
    matches!(operation.method, Method::Put | Method::Patch)
}

fn check_planned(expected: Option<&PlannedWrite>, found: &PlannedWrite) -> Result<(), ActionError> {
    let difference = match expected {
        None => format!("{} was not planned", found.operation),
        Some(planned) if planned.operation != found.operation => {
            format!(
                "{} was planned, {} is needed now",
                planned.operation, found.operation
            )
        }
        Some(planned) if planned.before != found.before => format!(
            "{} changed meanwhile",
            found.subject.as_deref().unwrap_or("what it relies on")
        ),
        Some(planned) if planned != found => format!("{} would be called with other values", found.operation),
        Some(_) => return Ok(()),
    };
    Err(ActionError::Moved { difference })
}

/// What a plan takes for the answer: what was there, with what is written over it.
fn expected(write: &Write) -> Value {
    if !write.expected.is_null() {
        return write.expected.clone();
    }
    let mut answer = write
        .before
        .clone()
        .unwrap_or_else(|| serde_json::json!({ "id": "(new)" }));
    if let (Value::Object(answer), Some(Value::Object(written))) = (&mut answer, &write.payload) {
        for (name, value) in written {
            if name != "id" {
                answer.insert(name.clone(), value.clone());
            }
        }
    }
    answer
}

/// A digest of what a write relies on. What every read changes by itself is left out.
fn digest(before: &Value) -> String {
    let mut before = before.clone();
    if let Value::Object(object) = &mut before {
        for name in ["last_seen_at", "updated_at", "statistics"] {
            object.remove(name);
        }
    }
    let text = before.to_string();
    let mut digest = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        use std::fmt::Write as _;
        write!(digest, "{byte:02x}").expect("writing to a String cannot fail");
    }
    digest
}
