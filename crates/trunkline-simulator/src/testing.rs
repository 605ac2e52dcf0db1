//! A simulator in the same process, for tests: no socket, a clock that stands still.
//!
//! What holds whatever is called is in `testing/`: `steps.rs` makes the calls, `invariants.rs` looks at everything after
//! them, `searches.rs` and `pages.rs` hold searches and pages against the truth.

mod folders;
mod invariants;
mod pages;
mod searches;
mod steps;

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::test_runner::Config as ProptestConfig;
use serde_json::Value;

use crate::{
    Options,
    clock::Clock,
    generator,
    pipeline::{Incoming, State},
    reply::Reply,
    webhooks::Webhooks,
};

/// So many random cases, or as many as `PROPTEST_CASES` says; a case that fails is printed and not written anywhere.
fn cases(usual: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(usual, |_| default.cases),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..default
    }
}

/// A small workspace and whoever calls it.
pub(crate) struct TestSim {
    pub(crate) state: State,
    pub(crate) version: &'static str,
}

impl TestSim {
    /// 300 contacts, 30 companies, 120 conversations, 20 tickets; asked at 2.16.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with other options.
    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            contacts: 300,
            companies: 30,
            conversations: 120,
            tickets: 20,
            rate_limit: None,
            clock_stands: true,
            start: Some("2026-11-20T12:00:00Z".parse().expect("a constant moment")),
            ..Options::default()
        };
        change(&mut options);
        let clock = Clock::new(options.start, options.clock_stands);
        let zone = TimeZone::get(&options.time_zone).expect("a constant zone");
        let workspace = generator::generate(&options, zone, clock.now());
        Self {
            state: State::new(
                options.clone(),
                Arc::new(clock),
                Arc::new(Webhooks::new(&options, std::collections::BTreeSet::new())),
                workspace,
            ),
            version: "2.16",
        }
    }

    /// The same process with another workspace, which the folder's document describes.
    pub(crate) fn loaded(&self, document: &str) -> Result<Self, crate::FolderError> {
        let options = self.state.options.clone();
        let zone = TimeZone::get(&options.time_zone).expect("a constant zone");
        let now = self.state.clock.now();
        let workspace = crate::folder::load_document(document, &options, zone, now)?;
        let clock = Clock::new(options.start, options.clock_stands);
        clock.set(now);
        Ok(Self {
            state: State::new(
                options.clone(),
                Arc::new(clock),
                Arc::new(Webhooks::new(&options, std::collections::BTreeSet::new())),
                workspace,
            ),
            version: self.version,
        })
    }

    pub(crate) fn call(&self, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = body.map(ToString::to_string).unwrap_or_default();
        let access = crate::hub::directory(&self.state.options).access(Some("t"));
        let incoming = Incoming {
            method,
            path,
            query,
            version: Some(self.version),
            host: None,
            content_type: None,
            accept: None,
            caller: std::net::IpAddr::from([127, 0, 0, 1]),
            user_agent: None,
            body: body.as_bytes(),
            unread: None,
        };
        self.state.answer(incoming, access)
    }

    /// The status and the body as JSON.
    pub(crate) fn json(&self, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
        let reply = self.call(method, target, body);
        (
            reply.status,
            serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
        )
    }
}
