//! The gate: every change of the workspace.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trunkline_catalog::{Catalog, Effect, Method, Operation};
use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    Mode, Run,
    find_out::{Found, find_out},
    inverse,
    subject::subject,
    value_of,
};
use crate::{
    Action, ActionError, Change, FieldChange, Inverse, KeptWrite, PlannedWrite, Whereabouts, WriteEnd,
    WriteState, outcome::changes,
};

/// The id of what a plan would make.
const NEW: &str = "(new)";

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
        let earlier = match self.made_earlier(&write) {
            Some(earlier) if earlier.state == WriteState::Done => {
                return self.taken_over(earlier, write.inverse).await;
            }
            earlier => earlier,
        };
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
        // A plan is compared by digests, which a write that is sent as it comes does without.
        if !self.is_live() {
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
        }
        let change = change_of(self.action, operation, write.is_new, || {
            changes(write.payload.as_ref(), write.before.as_ref())
        });
        let was_sent = earlier.is_some();
        let seq = match earlier {
            Some(earlier) => {
                self.open.retain(|seq| *seq != earlier.seq);
                earlier.seq
            }
            None => self.keep(&write, subject.map(|subject| subject.name)).await?,
        };
        let after = self.send(operation, write, seq, was_sent).await?;
        self.change = self.change.max(change);
        Ok(after)
    }

    /// Keeps a write in the journal, before it is sent.
    async fn keep(&mut self, write: &Write, subject: Option<String>) -> Result<u32, ActionError> {
        let id = self.in_journal().await?;
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
        Ok(self.workspace.journal().sending(&id, kept).await?)
    }

    /// Sends a write that stands in the journal; `was_sent` says that an interrupted attempt had sent it, or was about to.
    async fn send(
        &mut self,
        operation: &'static Operation,
        write: Write,
        seq: u32,
        was_sent: bool,
    ) -> Result<Value, ActionError> {
        self.writes += 1;
        let id = self.id.clone().unwrap_or_default();
        let journal = self.workspace.journal().clone();
        let told = self.client().call(write.call().priority(self.priority())).await;
        let told = match told {
            Ok(answer) => Ok((Some(answer.status), answer.request_id.clone(), value_of(&answer))),
            // It was there when it was looked for, so the request that a dead process had left on its way took it away.
            Err(error) if was_sent && operation.method == Method::Delete && is_gone(&error) => {
                Ok((error.status, error.request_id.clone(), Value::Null))
            }
            Err(error) => Err(error),
        };
        match told {
            Ok((status, request_id, after)) => {
                let moved = moved(write.operation, &write.path, write.payload.as_ref());
                if let Some((contact, whereabouts)) = moved {
                    let people = self.workspace.people();
                    people.heard(contact, whereabouts, self.workspace.now());
                }
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
                    status,
                    request_id,
                    made: made(operation, &after),
                    after: Some(after.clone()),
                    inverse: Some(inverse),
                    at: self.workspace.now(),
                };
                journal.ended(&id, seq, end).await?;
                if let Some((contact, whereabouts)) = moved {
                    journal.identities().heard(contact, whereabouts).await?;
                }
                Ok(after)
            }
            Err(error) => {
                let state = state_after(operation, &error);
                self.is_unsettled |= state != WriteState::Refused;
                let end = WriteEnd {
                    state,
                    status: error.status,
                    request_id: error.request_id.clone(),
                    made: None,
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

    /// The answer of a write that was made earlier. What puts it back is kept now, when the module says what it is.
    async fn taken_over(
        &mut self,
        mut kept: KeptWrite,
        inverse: Option<Inverse>,
    ) -> Result<Value, ActionError> {
        if self.open.contains(&kept.seq) {
            kept.inverse = inverse.or(kept.inverse);
            self.end_one(&kept).await?;
        }
        Ok(kept.after.unwrap_or_default())
    }

    /// Keeps how the writes ended that were found out about and that nothing took over.
    pub(crate) async fn end_open(&mut self) -> Result<(), ActionError> {
        if self.is_unsettled {
            return Ok(());
        }
        for kept in std::mem::take(&mut self.earlier) {
            if self.open.contains(&kept.seq) {
                self.end_one(&kept).await?;
            }
        }
        Ok(())
    }

    /// A write that was found out about is done, or was not carried out.
    async fn end_one(&mut self, kept: &KeptWrite) -> Result<(), ActionError> {
        self.open.retain(|seq| *seq != kept.seq);
        let is_done = kept.state == WriteState::Done;
        let end = WriteEnd {
            state: if is_done {
                WriteState::Done
            } else {
                WriteState::Refused
            },
            status: None,
            request_id: None,
            made: kept.after.as_ref().and_then(|after| {
                let operation = Catalog::embedded().operation(&kept.operation)?;
                made(operation, after)
            }),
            after: kept.after.clone(),
            inverse: kept.inverse.clone(),
            at: self.workspace.now(),
        };
        let id = self.id.clone().unwrap_or_default();
        self.workspace.journal().ended(&id, kept.seq, end).await?;
        Ok(())
    }

    /// Finds out what became of the writes of an interrupted run.
    pub(crate) async fn settle(&mut self, writes: Vec<KeptWrite>) -> Result<(), ActionError> {
        self.seq = writes.iter().map(|write| write.seq).max().unwrap_or(0);
        self.is_unsettled = true;
        if writes
            .iter()
            .any(|write| matches!(write.state, WriteState::Sending | WriteState::Unknown))
        {
            self.learn_the_clock().await?;
        }
        for mut write in writes {
            // What Intercom shows is dated by its own clock.
            write.at += self.ahead;
            match write.state {
                WriteState::Done => self.earlier.push(write),
                WriteState::Refused => {}
                WriteState::Sending | WriteState::Unknown => self.settle_one(write).await?,
            }
        }
        self.is_unsettled = false;
        Ok(())
    }

    /// Finds out by how much Intercom's clock is ahead of ours.
    async fn learn_the_clock(&mut self) -> Result<(), ActionError> {
        if self.client().clock_ahead().is_none() {
            self.read(Call::new("me.get")).await?;
        }
        self.ahead = self.client().clock_ahead().unwrap_or_default();
        Ok(())
    }

    async fn settle_one(&mut self, mut write: KeptWrite) -> Result<(), ActionError> {
        match find_out(self, &write).await? {
            Found::Done(after) => {
                self.note(format!(
                    "{} was begun before the interruption; it was done once.",
                    write.operation
                ));
                write.inverse = Catalog::embedded().operation(&write.operation).map(|operation| {
                    let before = write.before.as_ref();
                    let (path, payload) = (&write.path, write.payload.as_ref());
                    inverse::of(operation, path, payload, before, before.is_none(), &after)
                });
                write.state = WriteState::Done;
                write.after = Some(after);
            }
            // Should the module make it, it is the same write.
            Found::NotDone => write.state = WriteState::Sending,
            Found::Unknown(reason) => {
                return Err(ActionError::OutcomeUnknown {
                    operation: write.operation,
                    reason,
                });
            }
        }
        self.open.push(write.seq);
        self.earlier.push(write);
        Ok(())
    }
}

/// Whether what was to be deleted is not there any more.
fn is_gone(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone)
}

/// What an operation made, as family and id; none when it changed what was there.
fn made(operation: &Operation, after: &Value) -> Option<String> {
    let (family, verb) = operation.id.split_once('.')?;
    if !matches!(verb, "create" | "upsert") {
        return None;
    }
    let id = match &after["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    Some(format!("{family}/{id}"))
}

/// The contact that a write takes away or brings back, so that nobody is led to one that is not there.
fn moved<'a>(
    operation: &str,
    path: &'a [(String, String)],
    payload: Option<&'a Value>,
) -> Option<(&'a str, Whereabouts)> {
    let named = path.first().map(|(_, id)| id.as_str());
    let (contact, whereabouts) = match operation {
        "contacts.archive" => (named, Whereabouts::Archived),
        "contacts.unarchive" => (named, Whereabouts::Back),
        "contacts.delete" => (named, Whereabouts::Gone),
        "contacts.merge" => (
            payload.and_then(|payload| payload["from"].as_str()),
            Whereabouts::Gone,
        ),
        _ => return None,
    };
    Some((contact?, whereabouts))
}

/// What a write does, as far as its operation and the fields that it changes tell.
fn change_of(
    action: &Action,
    operation: &Operation,
    is_new: bool,
    fields: impl FnOnce() -> Vec<FieldChange>,
) -> Change {
    let makes = is_new || operation.id.ends_with(".create");
    if makes && operation.family() == action.family() {
        return Change::Create;
    }
    if !writes_over(operation) {
        return Change::Change;
    }
    let fields = fields();
    let is_so_already = !fields.is_empty() && fields.iter().all(|field| field.change == Change::Keep);
    if is_so_already {
        Change::Keep
    } else {
        Change::Change
    }
}

/// The same of a write that was planned.
pub(crate) fn change_of_planned(action: &Action, planned: &PlannedWrite) -> Change {
    match Catalog::embedded().operation(&planned.operation) {
        Some(operation) => change_of(action, operation, false, || planned.fields.clone()),
        None => Change::Change,
    }
}

/// The same of a write that the journal kept.
pub(super) fn change_of_kept(action: &Action, kept: &KeptWrite) -> Change {
    let Some(operation) = Catalog::embedded().operation(&kept.operation) else {
        return Change::Change;
    };
    change_of(action, operation, false, || {
        changes(kept.payload.as_ref(), kept.before.as_ref())
    })
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

/// Whether the body's fields are those of the object that is written over.
fn writes_over(operation: &Operation) -> bool {
    matches!(operation.method, Method::Put | Method::Patch) || operation.id.ends_with(".upsert")
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
        Some(planned) if !is_as_planned(planned, found) => {
            format!("{} would be called with other values", found.operation)
        }
        Some(_) => return Ok(()),
    };
    Err(ActionError::Moved { difference })
}

/// Whether a write is the planned one; ids of what the plan itself makes are known only now.
fn is_as_planned(planned: &PlannedWrite, found: &PlannedWrite) -> bool {
    let same_path = planned.path.len() == found.path.len()
        && planned
            .path
            .iter()
            .zip(&found.path)
            .all(|(left, right)| left.0 == right.0 && (left.1 == NEW || left.1 == right.1));
    let same_payload = match (&planned.payload, &found.payload) {
        (Some(planned), Some(found)) => fits(planned, found),
        (planned, found) => planned == found,
    };
    same_path && same_payload && planned.query == found.query
}

/// Whether a value is the planned one.
fn fits(planned: &Value, found: &Value) -> bool {
    match (planned, found) {
        (Value::String(text), Value::String(_)) if text == NEW => true,
        (Value::Array(planned), Value::Array(found)) => {
            planned.len() == found.len() && planned.iter().zip(found).all(|(one, other)| fits(one, other))
        }
        (Value::Object(planned), Value::Object(found)) => {
            planned.len() == found.len()
                && planned
                    .iter()
                    .all(|(name, value)| found.get(name).is_some_and(|other| fits(value, other)))
        }
        _ => planned == found,
    }
}

/// What a plan takes for the answer: what was there, with what is written over it.
fn expected(write: &Write) -> Value {
    if !write.expected.is_null() {
        return write.expected.clone();
    }
    let mut answer = write
        .before
        .clone()
        .unwrap_or_else(|| serde_json::json!({ "id": NEW }));
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
        for name in ["last_seen_at", "updated_at", "statistics", "last_part"] {
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
