//! Answers from Intercom.
//!
//! The one rule: only what reads is asked; what Intercom has not is missing, and every other error is the record's.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use serde_json::Value;
use tokio::runtime::Handle;
use trunkline_actions::{CallOptions, Workspace, action};
use trunkline_catalog::Effect;
use trunkline_client::Priority;
use trunkline_flow::{
    ComponentError,
    document::{Jq, Mistake, Node},
    nearest,
};

use super::Answer;
use crate::{Site, destinations::intercom::failed};

/// The code of what Intercom has not.
const NOT_FOUND: &str = "TL0105";

#[derive(Debug)]
pub(super) struct Asking {
    operation: String,
    connection: Option<String>,
    concurrency: usize,
    site: Site,
    workspace: Option<Workspace>,
}

/// Whether the operation is there, only reads, and has these fields.
pub(super) fn check(node: &Node, operation: &str, with: &BTreeMap<String, Jq>) -> Result<(), Mistake> {
    let spot = node.get("operation").map_or(node.spot, |value| value.spot);
    let known = action(operation).map_err(|error| Mistake::new(spot, error.to_string(), error.advice()))?;
    if known.effect != Effect::Read {
        return Err(Mistake::new(
            spot,
            format!("{operation} changes the workspace; enrich only reads"),
            "Use it as a destination.",
        ));
    }
    for name in with.keys() {
        if ["path", "query", "payload"].contains(&name.as_str()) || known.field(name).is_some() {
            continue;
        }
        let key = node.get("with").and_then(|with| {
            with.entries()
                .iter()
                .find_map(|(key, _)| (key.text == *name).then_some(key.spot))
        });
        let fields = known.fields.iter().map(|field| field.name);
        let advice = nearest::of(name, fields).map_or_else(
            || format!("`trunkline action {operation}` lists its fields."),
            |near| format!("Did you mean {near}?"),
        );
        let message = format!("{operation} has no field {name}");
        return Err(Mistake::new(key.unwrap_or(node.spot), message, advice));
    }
    Ok(())
}

/// Waits for something of a runtime, on a thread of its own: whoever calls may be one of the runtime's.
fn waited<T: Send>(runtime: &Handle, work: impl Future<Output = T> + Send) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().ok())
}

fn broke_off() -> ComponentError {
    ComponentError::stop(
        "TL0812",
        "asking Intercom broke off",
        "This is a fault of Trunkline; please report it.",
    )
}

impl Asking {
    pub(super) const fn new(
        operation: String,
        connection: Option<String>,
        concurrency: usize,
        site: Site,
    ) -> Self {
        Self {
            operation,
            connection,
            concurrency,
            site,
            workspace: None,
        }
    }

    /// Asks all, several at once.
    pub(super) fn find(&mut self, questions: &[(String, Value)]) -> Vec<(String, Answer)> {
        if questions.is_empty() {
            return Vec::new();
        }
        let all = |error: &ComponentError| {
            let answer = |(name, _): &(String, Value)| (name.clone(), Err(error.clone()));
            questions.iter().map(answer).collect()
        };
        // Transforms run on threads where blocking is allowed, of a runtime.
        let Ok(runtime) = Handle::try_current() else {
            return all(&ComponentError::stop(
                "TL0854",
                format!("there is nobody to ask for {} here", self.operation),
                "Samples run without any network: test what comes before and behind `enrich` by itself.",
            ));
        };
        if self.workspace.is_none() {
            let connection = self.connection.as_deref();
            match waited(&runtime, self.site.workspaces.workspace(connection)) {
                Some(Ok(workspace)) => self.workspace = Some(workspace),
                Some(Err(error)) => return all(&error),
                None => return all(&broke_off()),
            }
        }
        let Some(workspace) = &self.workspace else {
            return Vec::new();
        };
        let asked = questions.iter().map(|(name, question)| {
            let asking = self.ask(workspace, question.clone());
            async move { (name.clone(), asking.await) }
        });
        let asked: Vec<_> = asked.collect();
        let answers = stream::iter(asked).buffer_unordered(self.concurrency).collect();
        waited(&runtime, answers).unwrap_or_else(|| all(&broke_off()))
    }

    async fn ask(&self, workspace: &Workspace, question: Value) -> Answer {
        let options = CallOptions {
            priority: Priority::Background,
            by_whom: format!("flow {}", self.site.flow),
            ..CallOptions::default()
        };
        match workspace.call(&self.operation, question.clone(), options).await {
            Ok(outcome) => Ok(Some(outcome.output).filter(|output| !output.is_null())),
            Err(error) => {
                let failed = failed(&self.operation, &error, &question);
                if failed.code == NOT_FOUND {
                    Ok(None)
                } else {
                    Err(failed)
                }
            }
        }
    }
}
