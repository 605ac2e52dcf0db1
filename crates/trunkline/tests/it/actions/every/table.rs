//! The tables: for each action an input that does what the action is for, and where that shows.
//!
//! The one rule: `<name>` stands for a value of the live workspace, found as `names` of `xtask/contract/calls.yaml` or of
//! the table itself say; nothing here knows an id.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// The rows of one group of resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Names of its own: a request, and where its answer holds the value.
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    /// By the action's id.
    pub(super) rows: BTreeMap<String, Row>,
}

/// An action that is run once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Row {
    /// Names that are looked up first, for what doing so changes.
    pub(super) first: Vec<String>,
    /// An action that is run before; `<earlier>` is its run.
    pub(super) earlier: Option<Earlier>,
    /// Whether the workspace's clock runs, for what the action waits for.
    pub(super) clock_runs: bool,
    /// What is given.
    pub(super) input: Value,
    /// What must be in the output.
    pub(super) output: Option<Value>,
    /// By request, what must be in its answer afterwards and must not have been before; `gone` for none at all.
    pub(super) truth: BTreeMap<String, Value>,
    /// By field, what an id that nothing has is answered with, where it is not the usual code; `taken` where it may be any.
    pub(super) nobody: BTreeMap<String, String>,
}

/// An action that is run before another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Earlier {
    pub(super) action: String,
    pub(super) input: Value,
}

impl Table {
    /// The table of this name; rows that use its names find them in it.
    pub(super) fn read(name: &str) -> Self {
        read(&format!("tests/it/actions/every/tables/{name}.yaml"))
    }
}

/// A YAML file, from the crate's folder. Only `true` and `false` are flags, so that a name such as `no` stays text.
pub(super) fn read<T: DeserializeOwned>(path: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let options = serde_saphyr::options! { budget: None, strict_booleans: true };
    serde_saphyr::from_str_with_options(&text, options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
