//! What a description says about its operations: the bodies it shows, and the answers it promises.
//!
//! The one rule: an operation is known by the catalog's id; one that the catalog lacks is an error, since it would be
//! left out in silence. Read `schema.rs` next for how an answer is judged.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use trunkline_catalog::{Catalog, Version};

use crate::catalog::{
    description::Description,
    operation::{METHODS, nameless},
};

/// A named example.
pub(super) type Example = (String, Value);

/// One operation of a description.
#[derive(Debug)]
pub(super) struct Operation<'d> {
    /// The catalog's id, such as `contacts.get`.
    pub(super) id: &'static str,
    pub(super) method: String,
    /// The path with nameless parameters, such as `/contacts/{}`.
    pub(super) path: String,
    /// Bodies that are shown for requests.
    pub(super) bodies: Vec<Example>,
    pub(super) responses: Vec<Response<'d>>,
}

/// One documented answer.
#[derive(Debug)]
pub(super) struct Response<'d> {
    /// The status; `None` for the answer to everything else.
    pub(super) status: Option<u16>,
    /// The schema of a JSON answer.
    pub(super) schema: Option<&'d Value>,
    pub(super) examples: Vec<Example>,
}

impl Response<'_> {
    /// The example of this name.
    pub(super) fn example(&self, name: &str) -> Option<&Example> {
        self.examples.iter().find(|(known, _)| alike(known, name))
    }

    /// The codes of the errors that the examples show.
    pub(super) fn codes(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        for (_, example) in &self.examples {
            let errors = example
                .get("errors")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            codes.extend(errors.filter_map(|error| error.get("code")?.as_str()));
        }
        codes
    }
}

impl<'d> Operation<'d> {
    /// The documented answer of this status; what is documented for everything else is meant for what went wrong.
    pub(super) fn response(&self, status: u16) -> Option<&Response<'d>> {
        let of = |wanted| {
            self.responses
                .iter()
                .find(move |response| response.status == wanted)
        };
        of(Some(status)).or_else(|| of(None).filter(|_| status >= 400))
    }

    /// The documented statuses of success; one that promises none is believed to answer 200.
    pub(super) fn success(&self) -> Vec<u16> {
        let stated = self.responses.iter().filter_map(|response| response.status);
        let mut success: Vec<u16> = stated.filter(|status| *status < 400).collect();
        if success.is_empty() {
            success.push(200);
        }
        success
    }

    pub(super) fn documents(&self, status: u16) -> bool {
        self.responses
            .iter()
            .any(|response| response.status == Some(status))
    }

    /// The status of the documented answer with an example of this name.
    pub(super) fn status_of(&self, example: &str) -> Option<u16> {
        self.responses
            .iter()
            .find(|response| response.examples.iter().any(|(name, _)| alike(name, example)))
            .and_then(|response| response.status)
    }

    /// The bodies that are meant to succeed: those not named after an example of a refusal.
    pub(super) fn good_bodies(&self) -> impl Iterator<Item = &Example> {
        self.bodies
            .iter()
            .filter(|(name, _)| self.status_of(name).is_none_or(|status| status < 400))
    }

    /// The bodies named after an example of a refusal, with its status; what 401 needs is no body.
    pub(super) fn bad_bodies(&self) -> impl Iterator<Item = (&Example, u16)> {
        self.bodies.iter().filter_map(|body| {
            let status = self.status_of(&body.0)?;
            (status >= 400 && status != 401).then_some((body, status))
        })
    }
}

/// Whether two names of examples mean the same: the descriptions write `admin_not_found` for `Admin not found`.
fn alike(left: &str, right: &str) -> bool {
    let letters = |name: &str| -> Vec<char> {
        let kept = name.chars().filter(|letter| letter.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    };
    letters(left) == letters(right)
}

/// Every operation of `description`, in order of the catalog's ids.
pub(super) fn read(description: &Description, version: Version) -> anyhow::Result<Vec<Operation<'_>>> {
    let mut found = Vec::new();
    let paths = description.root.get("paths").and_then(Value::as_object);
    for (path, item) in paths.context("there are no paths")? {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let method = method.to_uppercase();
                let read = one(description, version, &method, path, operation);
                found.push(read.with_context(|| format!("in {method} {path}"))?);
            }
        }
    }
    found.sort_by_key(|operation: &Operation<'_>| operation.id);
    ensure!(!found.is_empty(), "the description has no operations");
    Ok(found)
}

fn one<'d>(
    description: &'d Description,
    version: Version,
    method: &str,
    path: &str,
    operation: &'d Value,
) -> anyhow::Result<Operation<'d>> {
    let path = nameless(path);
    let id = Catalog::embedded()
        .operations_in(version)
        .find(|known| known.method.as_str() == method && nameless(known.path) == path)
        .map(|known| known.id)
        .context("the catalog does not know the operation; run `cargo xtask catalog`")?;
    let mut bodies = Vec::new();
    if let Some(body) = operation.get("requestBody") {
        let body = description.resolve(body)?;
        if let Some(content) = body.pointer("/content/application~1json") {
            bodies = examples(description, content)?;
        }
    }
    let mut responses = Vec::new();
    let stated = operation.get("responses").and_then(Value::as_object);
    for (status, response) in stated.context("there are no responses")? {
        let response = description.resolve(response)?;
        let content = response.pointer("/content/application~1json");
        responses.push(Response {
            status: status.parse().ok(),
            schema: content.and_then(|content| content.get("schema")),
            examples: match content {
                Some(content) => examples(description, content)?,
                None => Vec::new(),
            },
        });
    }
    Ok(Operation {
        id,
        method: method.to_owned(),
        path,
        bodies,
        responses,
    })
}

/// The examples beside a schema, or inside it.
fn examples(description: &Description, content: &Value) -> anyhow::Result<Vec<Example>> {
    let mut found = Vec::new();
    let named = content.get("examples").and_then(Value::as_object);
    for (name, example) in named.into_iter().flatten() {
        let example = description.resolve(example)?;
        if let Some(value) = example.get("value") {
            found.push((name.clone(), value.clone()));
        }
    }
    if let Some(example) = content.get("example").filter(|_| found.is_empty()) {
        found.push(("example".to_owned(), example.clone()));
    }
    Ok(found)
}
