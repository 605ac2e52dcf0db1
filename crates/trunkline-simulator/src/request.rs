//! A request that passed the pipeline, as handlers see it.
//!
//! The one rule: it tells what was asked and in which version, never who asked. Read `resources.rs` for the handlers.

use std::{borrow::Cow, net::IpAddr};

use serde_json::Value;
use trunkline_catalog::Version;

use crate::{errors::Refusal, files::Addresses, habits::Habits, presenter::View, workspace::Workspace};

/// A request that a handler may answer.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    /// What addresses in answers begin with.
    pub(crate) base_url: String,
    pub(crate) parameters: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) body: Value,
    pub(crate) version: Version,
    pub(crate) now: i64,
    pub(crate) habits: Habits,
    /// Who calls.
    pub(crate) caller: IpAddr,
}

impl Request<'_> {
    /// A path parameter; every one that the path names is there.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_ref())
    }

    /// The address of another page of this list, with everything else that was asked for.
    pub(crate) fn page_url(&self, page: usize, per_page: usize) -> String {
        let kept = self
            .query
            .iter()
            .filter(|(name, _)| name != "page" && name != "per_page");
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in kept {
            pairs.append_pair(name, value);
        }
        pairs
            .append_pair("per_page", &per_page.to_string())
            .append_pair("page", &page.to_string());
        format!("{}{}?{}", self.base_url, self.path, pairs.finish())
    }

    /// The same caller at the same moment with another call: what a bulk job does with each of its items.
    pub(crate) fn inner<'i>(&'i self, parameters: &[(&'static str, &'i str)], body: Value) -> Request<'i> {
        Request {
            path: self.path,
            base_url: self.base_url.clone(),
            parameters: parameters
                .iter()
                .map(|(name, value)| (*name, Cow::Borrowed(*value)))
                .collect(),
            query: Vec::new(),
            body,
            version: self.version,
            now: self.now,
            habits: self.habits.clone(),
            caller: self.caller,
        }
    }

    /// Text or a number of the body, as text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        as_text(&self.body[field])
    }

    /// Text of the body that the call cannot do without.
    pub(crate) fn required(&self, field: &str) -> Result<String, Refusal> {
        self.text(field)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refusal::missing(field))
    }

    /// For whom rows are shown.
    pub(crate) fn view<'w>(&'w self, workspace: &'w Workspace) -> View<'w> {
        View {
            workspace,
            version: self.version,
            habits: &self.habits,
            files: Addresses::until(&self.base_url, self.now + workspace.file_life),
        }
    }
}

/// Text, or a number as text.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
