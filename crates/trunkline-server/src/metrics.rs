//! Figures for a monitoring system, in the text format of OpenMetrics.
//!
//! The one rule: no label holds anything that a sender chose freely, so their number stays small.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// What became of a request to the receiver.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The process's figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    notifications: Family<Outcome, Counter>,
    receive_seconds: Histogram,
    connections: Gauge,
    applied: Family<Outcome, Counter>,
    runs: Family<Outcome, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("trunkline");
        let notifications = Family::default();
        registry.register(
            "notifications",
            "Requests to the webhook receiver, by what became of them",
            notifications.clone(),
        );
        let receive_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 14));
        registry.register(
            "receive_seconds",
            "From a notification's arrival until it is on disk",
            receive_seconds.clone(),
        );
        let connections = Gauge::default();
        registry.register("open_connections", "Open connections", connections.clone());
        let applied = Family::default();
        registry.register(
            "applied",
            "Notifications that waited for mirrors, by what became of them",
            applied.clone(),
        );
        let runs = Family::default();
        registry.register("runs", "Runs of mirrors, by how they ended", runs.clone());
        Self {
            registry,
            notifications,
            receive_seconds,
            connections,
            applied,
            runs,
        }
    }

    pub(crate) fn applied(&self, outcome: &'static str) {
        self.applied.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn ran(&self, outcome: &'static str) {
        self.runs.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn received(&self, outcome: &'static str) {
        self.notifications.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn took(&self, time: Duration) {
        self.receive_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        encode(&mut text, &self.registry).ok();
        text
    }
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
