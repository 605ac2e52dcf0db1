//! Actions against a simulated workspace: what is written is looked up in the simulator's truth, not in the answer alone.

mod answers;
mod articles;
mod bulk;
mod companies;
mod contact_parts;
mod conversations;
mod data;
mod erasing;
mod every;
mod filters;
mod interrupted;
mod inverses;
pub(crate) mod memory;
mod messages;
mod operations;
mod tags;
mod times;
mod upserts;

use std::sync::Arc;

use serde_json::Value;
use trunkline_actions::{ActionError, CallOptions, Journal, NoJournal, Outcome, Plan, Workspace};
use trunkline_catalog::Version;
use trunkline_client::{Client, Clock, Connection, Settings, SystemClock};
use trunkline_simulator::Options;

use crate::harness::{Simulator, TOKEN, small};

/// A simulated workspace, and the actions that run in it.
pub(crate) struct Actor {
    pub(crate) simulator: Simulator,
    pub(crate) workspace: Workspace,
    runtime: tokio::runtime::Runtime,
}

impl Actor {
    /// In a small workspace, at the newest numbered version.
    pub(crate) fn new() -> Self {
        Self::at(Version::DEFAULT)
    }

    /// In a small workspace, speaking this version.
    pub(crate) fn at(version: Version) -> Self {
        Self::start(small(), version, Arc::new(NoJournal))
    }

    /// In the workspace of these options.
    pub(crate) fn start(options: Options, version: Version, journal: Arc<dyn Journal>) -> Self {
        Self::with_clock(options, version, journal, Arc::new(SystemClock))
    }

    /// In the workspace of these options, by a clock of the test's own.
    pub(crate) fn with_clock(
        options: Options,
        version: Version,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let simulator = Simulator::start(options);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let connection = Connection::at(simulator.base_url(), TOKEN.to_owned().into(), version).unwrap();
        let client = runtime
            .block_on(async { Client::new(connection, Settings::new(Arc::clone(&clock))) })
            .unwrap();
        let workspace = Workspace::new("sim", client, clock, journal);
        Self {
            simulator,
            workspace,
            runtime,
        }
    }

    /// Runs an action.
    pub(crate) fn call(&self, id: &str, input: Value) -> Result<Outcome, ActionError> {
        self.call_with(id, input, CallOptions::default())
    }

    pub(crate) fn call_with(
        &self,
        id: &str,
        input: Value,
        options: CallOptions,
    ) -> Result<Outcome, ActionError> {
        self.runtime.block_on(self.workspace.call(id, input, options))
    }

    /// What an action gives, which must succeed.
    pub(crate) fn output(&self, id: &str, input: Value) -> Value {
        self.call(id, input)
            .unwrap_or_else(|error| panic!("{id}: {} {error}", error.code()))
            .output
    }

    /// The error that an action ends with.
    pub(crate) fn error(&self, id: &str, input: Value) -> ActionError {
        match self.call(id, input) {
            Ok(outcome) => panic!("{id} succeeded: {}", outcome.output),
            Err(error) => error,
        }
    }

    /// What an action would do.
    pub(crate) fn plan(&self, id: &str, input: Value) -> Plan {
        self.runtime
            .block_on(self.workspace.plan(id, input, CallOptions::default()))
            .unwrap_or_else(|error| panic!("{id}: {} {error}", error.code()))
    }

    pub(crate) fn apply(&self, plan: &Plan) -> Result<Outcome, ActionError> {
        self.runtime
            .block_on(self.workspace.apply(plan, CallOptions::default()))
    }

    /// Runs several at once.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What the API itself answers, as somebody else in the workspace would hear it.
    pub(crate) fn truth(&self, path: &str) -> Value {
        let (status, body) = self.simulator.api("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The first record of a list.
    pub(crate) fn first(&self, path: &str) -> Value {
        let body = self.truth(path);
        ["data", "tickets", "conversations", "admins"]
            .iter()
            .find_map(|list| body[list].get(0))
            .unwrap_or_else(|| panic!("{path} has no rows: {body}"))
            .clone()
    }

    /// Method and path of the calls that the simulator received since the last look.
    pub(crate) fn received(&self) -> Vec<String> {
        let received = self
            .simulator
            .requests()
            .iter()
            .map(|request| {
                format!(
                    "{} {}",
                    request["method"].as_str().unwrap_or_default(),
                    request["path"].as_str().unwrap_or_default()
                )
            })
            .collect();
        self.simulator.forget_requests();
        received
    }
}
