//! A simulated Intercom with state: what one call writes, the next one reads.
//!
//! The one rule: it is written from the facts of the platform and from the catalog, never from what a client happens to
//! send; it must not know the client. Read `pipeline.rs` next for a request's way, then `workspace.rs` for the state.

mod activity;
mod body;
mod clock;
mod control;
mod errors;
mod exports;
mod faults;
mod fidelity;
mod files;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod generator;
mod habits;
mod heads;
mod hub;
mod intake;
mod oauth;
mod paging;
mod panel;
mod pipeline;
mod presenter;
mod reply;
mod request;
mod resources;
mod search;
mod server;
mod texts;
mod validate;
mod webhooks;
mod window;
mod workspace;

#[cfg(test)]
mod testing;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::Timestamp;
use trunkline_catalog::Version;

pub use faults::Fault;
pub use fidelity::{Difference, FidelityError, Kind, RecordOptions, Recording, Report, diff, record};
pub use folder::FolderError;
pub use habits::{Habits, UnknownHabit};
pub use oauth::App;
pub use server::{Running, StartError, start};
pub use webhooks::{ClientSecret, Subscription, WebhookError};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The number that makes the workspace repeatable.
    pub seed: u64,
    /// How many contacts, users and leads together.
    pub contacts: u32,
    /// How many companies.
    pub companies: u32,
    /// How many conversations.
    pub conversations: u32,
    /// How many parts a conversation has on average.
    pub parts: u16,
    /// How many tickets.
    pub tickets: u32,
    /// How long every answer takes at least.
    pub latency: Duration,
    /// Calls allowed in each 10 seconds; `None` for no limit and no rate headers.
    pub rate_limit: Option<u32>,
    /// The tokens to accept; any when empty. With several workspaces the first token opens the first one, and so on.
    pub tokens: Vec<String>,
    /// How many workspaces there are; each has its own seed, beginning with `seed`.
    pub workspaces: u16,
    /// The public apps; a built-in one when empty.
    pub apps: Vec<App>,
    /// The version that answers a request without an `Intercom-Version` header.
    pub default_version: Version,
    /// The workspace's time zone, such as `America/Los_Angeles`.
    pub time_zone: String,
    /// The moment that the workspace's clock starts at; the system's clock when `None`.
    pub start: Option<Timestamp>,
    /// Whether the clock stands still until the control surface moves it, so that a seed says it all.
    pub clock_stands: bool,
    /// The platform's habits, each of which can be turned off.
    pub habits: Habits,
    /// Faults that are set from the start.
    pub faults: Vec<Fault>,
    /// Whether the control surface under `/_sim/` is offered.
    pub control: bool,
    /// How many things happen each second by themselves.
    pub live: Option<f64>,
    /// How many seconds the address of an attached file is good.
    pub attachment_life: u32,
    /// Who is told what happens.
    pub webhooks: Vec<Subscription>,
    /// The folder, or the one file, that the first workspace is loaded from instead of being made.
    pub load: Option<PathBuf>,
    /// The folder that the first workspace is saved into when asked.
    pub save: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7071)),
            seed: 7,
            contacts: 2_000,
            companies: 200,
            conversations: 1_500,
            parts: 8,
            tickets: 200,
            latency: Duration::ZERO,
            rate_limit: Some(1_667),
            tokens: Vec::new(),
            workspaces: 1,
            apps: Vec::new(),
            default_version: Version::V2_14,
            time_zone: "America/Los_Angeles".to_owned(),
            start: None,
            clock_stands: false,
            habits: Habits::default(),
            faults: Vec::new(),
            control: false,
            live: None,
            attachment_life: 1_800,
            webhooks: Vec::new(),
            load: None,
            save: None,
        }
    }
}
