//! The one error value of a call, whatever went wrong.
//!
//! The one rule: neither `Display` nor `Debug` shows a token, an email address or the values of a call. `error/body.rs`
//! reads Intercom's many error shapes, `error/refusal.rs` tells a lost grant from a missing permission.

pub(crate) mod body;
mod kind;
mod refusal;

use std::{
    borrow::Cow,
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use trunkline_catalog::{Operation, Version};

pub use kind::{Disposition, ErrorKind};
pub use refusal::Refusal;

use crate::redact::redact_text;

/// A call that failed. Its fields are those of [`CallFailure`].
#[derive(Clone)]
pub struct CallError(Box<CallFailure>);

/// What is known about a call that failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CallFailure {
    /// The operation's id.
    pub operation: Cow<'static, str>,
    /// The HTTP method; empty for an operation that the catalog lacks.
    pub method: &'static str,
    /// The path with its parameters in braces; empty for an operation that the catalog lacks.
    pub path_template: &'static str,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Intercom's own code.
    pub intercom_code: Option<String>,
    /// What went wrong, with email addresses blotted out.
    pub message: String,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// How many requests were sent.
    pub attempts: u32,
    /// How long it took, pauses included.
    pub elapsed: Duration,
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// The canonical address of an object that was merged away (410).
    pub link: Option<String>,
}

impl CallError {
    /// A failure of an operation before or without an answer.
    #[must_use]
    pub fn of(operation: &Operation, kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self(Box::new(CallFailure {
            operation: Cow::Borrowed(operation.id),
            method: operation.method.as_str(),
            path_template: operation.path,
            status: None,
            intercom_code: None,
            message: redact_text(message.as_ref()).into_owned(),
            request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            kind,
            link: None,
        }))
    }

    /// A failure of a call whose operation the catalog lacks.
    pub(crate) fn unknown_operation(id: &str) -> Self {
        Self(Box::new(CallFailure {
            operation: Cow::Owned(id.to_owned()),
            method: "",
            path_template: "",
            status: None,
            intercom_code: None,
            message: "the catalog has no operation of this name".to_owned(),
            request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            kind: ErrorKind::BadCall,
            link: None,
        }))
    }

    /// The operation does not exist in the version that the call would speak.
    pub(crate) fn not_in_version(operation: &Operation, version: Version) -> Self {
        let (first, last) = operation.versions;
        let range = if first == last {
            format!("only in {first}")
        } else {
            format!("in {first} to {last}")
        };
        let message = format!("the operation exists {range}, the connection speaks {version}");
        Self::of(operation, ErrorKind::NotInVersion, message)
    }

    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match (self.kind, self.refusal()) {
            (ErrorKind::Unauthorized, Some(Refusal::PermissionMissing)) => ErrorKind::Forbidden.advice(),
            (ErrorKind::Unauthorized, Some(Refusal::GrantOver)) => {
                "Grant the connection anew: the token was revoked, ended, or belongs to another region."
            }
            (ErrorKind::Forbidden, Some(Refusal::AddressBlocked)) => {
                "Add this machine's address to the workspace's list of allowed addresses."
            }
            (kind, _) => kind.advice(),
        }
        .to_owned()
    }

    /// What a caller should do with the record or the run that the call belongs to.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        if self.lacks_permission() {
            return Disposition::Halt;
        }
        self.kind.disposition()
    }
}

impl Deref for CallError {
    type Target = CallFailure;

    fn deref(&self) -> &CallFailure {
        &self.0
    }
}

impl DerefMut for CallError {
    fn deref_mut(&mut self) -> &mut CallFailure {
        &mut self.0
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if !self.method.is_empty() {
            write!(f, " ({} {})", self.method, self.path_template)?;
        }
        write!(f, " failed: {}", self.kind.title())?;
        if let Some(status) = self.status {
            write!(f, ", HTTP {status}")?;
        }
        if let Some(code) = &self.intercom_code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        if self.attempts > 1 {
            write!(
                f,
                " after {} attempts in {:.1} s",
                self.attempts,
                self.elapsed.as_secs_f64()
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for CallError {}

#[cfg(test)]
mod tests;
