//! What to call: an operation's id and its values. Nothing is checked here; `request::build` does that.

use std::{borrow::Cow, fmt};

use serde_json::Value;

/// Who waits for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// A mirror or a bulk job: paced evenly over the window.
    #[default]
    Background,
    /// A person, or a step that somebody waits for: overtakes what is in the background.
    Interactive,
}

/// One call of one operation. Its `Debug` shows no values, which may be personal.
#[derive(Clone, PartialEq)]
pub struct Call {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) path: Vec<(Cow<'static, str>, String)>,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) priority: Priority,
}

impl Call {
    /// A call of the operation with this id, such as `contacts.get`.
    #[must_use]
    pub fn new(operation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            operation: operation.into(),
            path: Vec::new(),
            query: Vec::new(),
            body: None,
            priority: Priority::Background,
        }
    }

    /// Sets a path parameter; the value is percent-encoded when the request is built.
    #[must_use]
    pub fn path(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.path.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter; a name may stand more than once.
    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Says who waits for the call.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The operation's id.
    #[must_use]
    pub fn operation_id(&self) -> &str {
        &self.operation
    }

    pub(crate) fn set_query(&mut self, name: &'static str, value: String) {
        match self.query.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.query.push((Cow::Borrowed(name), value)),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(Cow<'static, str>, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.to_string()).collect()
        };
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("path", &names(&self.path))
            .field("query", &names(&self.query))
            .field("body", &self.body.is_some())
            .field("priority", &self.priority)
            .finish()
    }
}
