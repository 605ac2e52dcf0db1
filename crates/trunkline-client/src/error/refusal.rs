//! What a refusal of the token means: the grant is over, or something smaller is in the way.
//!
//! The one rule: a connection is stopped only by what is certain. Old endpoints answer 401 for a missing permission too, and
//! nobody publishes with which code, so whoever would stop a connection asks [`why_refused`](crate::Client::why_refused),
//! which asks `me.get`: that needs no permission.

use trunkline_catalog::Catalog;

use super::{CallFailure, ErrorKind};

/// Why a token was refused (401, 402 or 403).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The token is revoked, expired, blocked or unknown, or its app was uninstalled: only a new grant helps.
    GrantOver,
    /// The token is good, but lacks a permission for this operation.
    PermissionMissing,
    /// The workspace's plan lacks the feature.
    PlanRestricted,
    /// The workspace allows only other network addresses.
    AddressBlocked,
    /// It cannot be told: a proxy may have answered.
    Unclear,
}

/// Codes of 401 that can only mean the token itself (facts 2.1).
const OF_THE_TOKEN: [&str; 5] = [
    "token_blocked",
    "token_expired",
    "token_not_found",
    "token_revoked",
    "token_suspended",
];

impl CallFailure {
    /// What the refusal of the token means; none when the token was not refused.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let code = self.intercom_code.as_deref();
        match self.kind {
            ErrorKind::PlanRestricted => Some(Refusal::PlanRestricted),
            ErrorKind::Unauthorized if self.missing_scope().is_some() => Some(Refusal::PermissionMissing),
            ErrorKind::Unauthorized => Some(match code {
                _ if self.names_the_token() => Refusal::GrantOver,
                Some("unauthorized") if self.needs_no_permission() || self.speaks_of_the_token() => {
                    Refusal::GrantOver
                }
                // What needs no permission cannot lack one.
                Some("token_unauthorized") if self.needs_no_permission() => Refusal::GrantOver,
                Some("token_unauthorized") => Refusal::PermissionMissing,
                _ => Refusal::Unclear,
            }),
            ErrorKind::Forbidden if self.message.contains("allowlist") => Some(Refusal::AddressBlocked),
            ErrorKind::Forbidden if code.is_some() || self.missing_scope().is_some() => {
                Some(Refusal::PermissionMissing)
            }
            ErrorKind::Forbidden => Some(Refusal::Unclear),
            _ => None,
        }
    }

    /// Whether the grant is over: whatever uses the connection should pause until a person grants it anew.
    #[must_use]
    pub fn needs_new_grant(&self) -> bool {
        self.refusal() == Some(Refusal::GrantOver)
    }

    /// Whether the token is good and only lacks a permission: other operations go on.
    #[must_use]
    pub fn lacks_permission(&self) -> bool {
        self.refusal() == Some(Refusal::PermissionMissing)
    }

    /// The name of the missing permission, such as `read_conversations`, when the refusal names it.
    #[must_use]
    pub fn missing_scope(&self) -> Option<&str> {
        if !matches!(self.status, Some(401 | 403)) {
            return None;
        }
        let (_, rest) = self.message.split_once("scope (")?;
        let (name, _) = rest.split_once(')')?;
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then_some(name)
    }

    /// Whether Intercom's code leaves no doubt that the token is at fault.
    #[must_use]
    pub fn names_the_token(&self) -> bool {
        self.intercom_code
            .as_deref()
            .is_some_and(|code| OF_THE_TOKEN.contains(&code))
    }

    fn speaks_of_the_token(&self) -> bool {
        self.message.to_ascii_lowercase().contains("token")
    }

    fn needs_no_permission(&self) -> bool {
        Catalog::embedded()
            .operation(&self.operation)
            .is_some_and(|operation| operation.permission.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallError, Disposition};

    #[test]
    fn a_grant_that_is_over_is_told_from_a_permission_that_is_missing() {
        use Refusal::{AddressBlocked, GrantOver, PermissionMissing, PlanRestricted, Unclear};
        let scope = "You do not have the required scope (read_conversations) to access this resource";
        for (operation, status, code, message, expected) in [
            (
                "tags.list",
                401,
                Some("unauthorized"),
                "Access Token Invalid",
                Some(GrantOver),
            ),
            ("tags.list", 401, Some("token_revoked"), "", Some(GrantOver)),
            ("tags.list", 401, Some("token_expired"), "", Some(GrantOver)),
            ("tags.list", 401, Some("token_suspended"), "", Some(GrantOver)),
            (
                "tags.list",
                401,
                Some("unauthorized"),
                scope,
                Some(PermissionMissing),
            ),
            (
                "tags.list",
                401,
                Some("token_unauthorized"),
                "Not authorized",
                Some(PermissionMissing),
            ),
            (
                "me.get",
                401,
                Some("token_unauthorized"),
                "Not authorized",
                Some(GrantOver),
            ),
            ("tags.list", 401, Some("missing_authorization"), "", Some(Unclear)),
            (
                "tags.list",
                401,
                None,
                "an HTML page: Sign in to the proxy",
                Some(Unclear),
            ),
            (
                "macros.list",
                403,
                Some("forbidden"),
                scope,
                Some(PermissionMissing),
            ),
            ("macros.list", 403, None, scope, Some(PermissionMissing)),
            (
                "macros.list",
                403,
                Some("forbidden"),
                "Not authorized to manage",
                Some(PermissionMissing),
            ),
            (
                "macros.list",
                403,
                Some("forbidden"),
                "IP address is not on the allowlist",
                Some(AddressBlocked),
            ),
            (
                "macros.list",
                403,
                Some("api_plan_restricted"),
                "",
                Some(PlanRestricted),
            ),
            ("macros.list", 403, None, "an HTML page", Some(Unclear)),
            ("tags.list", 404, Some("not_found"), scope, None),
            ("tags.list", 500, None, "", None),
        ] {
            let mut error = CallError::of(
                Catalog::embedded().operation(operation).unwrap(),
                ErrorKind::of_answer(status, code),
                message,
            );
            error.status = Some(status);
            error.intercom_code = code.map(str::to_owned);
            assert_eq!(error.refusal(), expected, "{status} {code:?} {message}");
            assert_eq!(error.needs_new_grant(), expected == Some(GrantOver));
            assert_eq!(error.lacks_permission(), expected == Some(PermissionMissing));
            if expected == Some(PermissionMissing) {
                assert_eq!(error.disposition(), Disposition::Halt, "{code:?}");
            }
        }
    }

    #[test]
    fn the_missing_permission_is_read_from_the_refusal() {
        for (message, name) in [
            (
                "You do not have the required scope (write_tickets) to access this",
                Some("write_tickets"),
            ),
            ("scope ()", None),
            ("scope (a<b>)", None),
            ("scope (never closed", None),
            ("", None),
        ] {
            let operation = Catalog::embedded().operation("tags.list").unwrap();
            let mut error = CallError::of(operation, ErrorKind::Forbidden, message);
            error.status = Some(403);
            assert_eq!(error.missing_scope(), name, "{message}");
        }
    }
}
