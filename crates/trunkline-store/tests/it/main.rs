//! The conformance suite: everything that a store promises, on SQLite and on PostgreSQL.

mod alerts;
mod backends;
mod backup;
mod batches;
mod connections;
mod dead_letters;
mod flow_runs;
mod flows;
mod grants;
mod journal;
mod journal_kept;
mod journal_races;
mod keys;
mod leases;
mod ledgers;
mod mirrors;
mod notifications;
mod opening;
mod pushes;
mod queue;
mod queue_model;
mod queue_races;
mod requests;
mod secrets;
