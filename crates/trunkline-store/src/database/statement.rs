//! One statement with its values, and what it did.

use std::borrow::Cow;

use super::{Row, Value};

/// SQL that both databases understand, with its values.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
    pub(crate) exactly: Option<u64>,
}

impl Statement {
    /// The text is put together from constants only; whatever comes from outside is bound.
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
            exactly: None,
        }
    }

    /// Gives the next `$n` its value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Undoes the whole transaction, with [`StoreError::Unmet`](crate::StoreError::Unmet), unless this many rows change.
    pub(crate) const fn exactly(mut self, rows: u64) -> Self {
        self.exactly = Some(rows);
        self
    }
}

/// What a statement did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// What it returned.
    pub(crate) rows: Vec<Row>,
    /// How many rows it changed or returned.
    pub(crate) changed: u64,
}
