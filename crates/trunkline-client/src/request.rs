//! A call becomes a checked request, without IO: path values percent-encoded, the body serialized once.
//!
//! The one rule: what the catalog says is missing is refused here, before the budget is touched. What the catalog does
//! not name is let through in the query and the body, because the live API accepts more than its description says.

mod form;

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request, header::CONTENT_TYPE};
use trunkline_catalog::Operation;

use crate::Call;

/// Why a call cannot become a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildRequestError {
    /// A path parameter has no value.
    #[error("the path parameter `{name}` has no value")]
    PathMissing {
        /// The parameter.
        name: &'static str,
    },
    /// A path value that would change the path's meaning.
    #[error("the path parameter `{name}` must not be {value:?}")]
    PathValue {
        /// The parameter.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// A path parameter that the operation lacks.
    #[error("the operation has no path parameter `{name}`; it has {known}")]
    PathUnknown {
        /// The parameter.
        name: String,
        /// The operation's own.
        known: String,
    },
    /// A required query parameter has no value.
    #[error("the query parameter `{name}` is required")]
    QueryMissing {
        /// The parameter.
        name: &'static str,
    },
    /// The operation needs a body.
    #[error("the operation needs a body")]
    BodyMissing,
    /// The operation takes no body.
    #[error("the operation takes no body")]
    BodyUnexpected,
    /// The address is too long or malformed.
    #[error("the request cannot be written: {0}")]
    Malformed(String),
}

/// The request of `call`, with a path instead of a whole address and without the headers that the stack adds.
pub fn build(operation: &Operation, call: &Call) -> Result<Request<Bytes>, BuildRequestError> {
    check_path_names(operation, call)?;
    for parameter in &operation.query_parameters {
        if parameter.required && !call.query.iter().any(|(name, _)| name == parameter.name) {
            return Err(BuildRequestError::QueryMissing { name: parameter.name });
        }
    }
    let mut target = String::with_capacity(operation.path.len() + 48);
    write_path(operation, call, &mut target)?;
    write_query(call, &mut target);
    let body = match &call.body {
        None if operation.body_required => return Err(BuildRequestError::BodyMissing),
        None => None,
        Some(_) if matches!(operation.method, trunkline_catalog::Method::Get) => {
            return Err(BuildRequestError::BodyUnexpected);
        }
        Some(body) if operation.body_is_form => Some(form::encode(operation, body)),
        Some(body) => {
            let json = serde_json::to_vec(body);
            let json = json.map_err(|error| BuildRequestError::Malformed(error.to_string()))?;
            Some(("application/json".to_owned(), Bytes::from(json)))
        }
    };
    let request = Request::builder().method(method(operation)).uri(target);
    let request = match body {
        Some((kind, body)) => request.header(CONTENT_TYPE, kind).body(body),
        None => request.body(Bytes::new()),
    };
    request.map_err(|error| BuildRequestError::Malformed(error.to_string()))
}

pub(crate) fn method(operation: &Operation) -> Method {
    match operation.method {
        trunkline_catalog::Method::Get => Method::GET,
        trunkline_catalog::Method::Post => Method::POST,
        trunkline_catalog::Method::Put => Method::PUT,
        trunkline_catalog::Method::Patch => Method::PATCH,
        trunkline_catalog::Method::Delete => Method::DELETE,
    }
}

fn check_path_names(operation: &Operation, call: &Call) -> Result<(), BuildRequestError> {
    for (name, _) in &call.path {
        let known = operation
            .path
            .split('/')
            .any(|segment| parameter_of(segment) == Some(name));
        if !known {
            let names: Vec<&str> = operation.path.split('/').filter_map(parameter_of).collect();
            let known = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            return Err(BuildRequestError::PathUnknown {
                name: name.to_string(),
                known,
            });
        }
    }
    Ok(())
}

fn parameter_of(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn write_path(operation: &Operation, call: &Call, target: &mut String) -> Result<(), BuildRequestError> {
    let template: &'static str = operation.path;
    for segment in template.split('/').skip(1) {
        target.push('/');
        let Some(name) = parameter_of(segment) else {
            target.push_str(segment);
            continue;
        };
        let value = call
            .path
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        match value {
            None => return Err(BuildRequestError::PathMissing { name }),
            // A dot segment would be resolved away by every URL parser, also when it is percent-encoded.
            Some(value @ ("" | "." | "..")) => {
                return Err(BuildRequestError::PathValue {
                    name,
                    value: value.to_owned(),
                });
            }
            Some(value) => percent_encode(value, target),
        }
    }
    Ok(())
}

fn write_query(call: &Call, target: &mut String) {
    for (index, (name, value)) in call.query.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        percent_encode(name, target);
        target.push('=');
        percent_encode(value, target);
    }
}

/// Everything but letters, digits and `-._~` is encoded, so a value is never read as part of the address.
fn percent_encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            write!(into, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
}

#[cfg(test)]
mod tests;
