//! What a person picks: an action with its fields, and what does its work.

use std::{fmt, future::Future, pin::Pin};

use serde_json::Value;
use trunkline_catalog::{Effect, Operation, Version};
use trunkline_client::Priority;

use crate::{ActionError, Field, Input, Run, Workspace};

/// What a module answers with, some time.
pub type ModuleFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, ActionError>> + Send + 'a>>;

/// A module's work, given a run and the checked input.
pub type Module = for<'a> fn(&'a mut Run, Input) -> ModuleFuture<'a>;

/// Finds out for many inputs at once what the module would look up for each; what it cannot find out, the module does.
pub type LookAhead = for<'a> fn(
    &'a Workspace,
    Vec<Input>,
    Priority,
) -> Pin<Box<dyn Future<Output = Result<(), ActionError>> + Send + 'a>>;

/// What comes back from an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Returns {
    /// One object, or nothing.
    One,
    /// A list of rows.
    Rows,
}

/// Who does the work of an action.
#[derive(Clone, Copy)]
pub enum Work {
    /// One operation, called as it is.
    Operation(&'static Operation),
    /// A module of ours.
    Module(Module),
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(operation) => write!(f, "Operation({})", operation.id),
            Self::Module(_) => f.write_str("Module"),
        }
    }
}

/// A named thing that can be done in a workspace.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its stable id, such as `contacts.upsert`.
    pub id: &'static str,
    /// One line in our own words.
    pub summary: &'static str,
    /// What it does to the workspace.
    pub effect: Effect,
    /// What it takes.
    pub fields: Vec<Field>,
    /// What it gives.
    pub returns: Returns,
    /// First and last version of the API in which it works.
    pub versions: (Version, Version),
    /// The operations that it may call.
    pub operations: Vec<&'static str>,
    /// Who does the work.
    pub work: Work,
    /// What spares calls where the action is run on many inputs.
    pub look_ahead: Option<LookAhead>,
}

impl Action {
    /// A module that works in every version.
    #[must_use]
    pub fn module(id: &'static str, summary: &'static str, effect: Effect, work: Module) -> Self {
        Self {
            id,
            summary,
            effect,
            fields: Vec::new(),
            returns: Returns::One,
            versions: (Version::ALL[0], Version::Preview),
            operations: Vec::new(),
            work: Work::Module(work),
            look_ahead: None,
        }
    }

    /// Adds fields.
    #[must_use]
    pub fn takes(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Says what spares calls where it is run on many inputs.
    #[must_use]
    pub const fn looks_ahead(mut self, look_ahead: LookAhead) -> Self {
        self.look_ahead = Some(look_ahead);
        self
    }

    /// Says that it gives rows.
    #[must_use]
    pub const fn gives_rows(mut self) -> Self {
        self.returns = Returns::Rows;
        self
    }

    /// Names the operations that it may call.
    #[must_use]
    pub fn calls(mut self, operations: &[&'static str]) -> Self {
        self.operations.extend_from_slice(operations);
        self
    }

    /// Says from which version on it works.
    #[must_use]
    pub const fn since(mut self, version: Version) -> Self {
        self.versions.0 = version;
        self
    }

    /// The part of the id before the dot, such as `contacts`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(family, _)| family)
    }

    /// Whether it is an operation as it is.
    #[must_use]
    pub const fn is_operation(&self) -> bool {
        matches!(self.work, Work::Operation(_))
    }

    /// The field of this name, or with this as another name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is_named(name))
    }
}
