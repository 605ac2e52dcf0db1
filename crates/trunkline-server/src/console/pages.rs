//! The pages, one file each. How one is added stands in `console.rs`.

pub(super) mod account;
pub(super) mod actions;
pub(super) mod alerts;
pub(super) mod audit;
pub(super) mod connections;
pub(super) mod data;
pub(super) mod deliveries;
pub(super) mod flows;
pub(super) mod import;
pub(super) mod keys;
pub(super) mod mirrors;
pub(super) mod notifications;
pub(super) mod overview;
pub(super) mod people;
pub(super) mod recipes;
pub(super) mod reports;
pub(super) mod requests;
pub(super) mod settings;
pub(super) mod sign_in;
pub(super) mod simulator;
pub(super) mod writes;
