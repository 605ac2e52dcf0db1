//! How a client behaves: shares, retries, time limits, log.

use std::{sync::Arc, time::Duration};

use crate::{BuildError, Clock, ProcessTurns, RateLedger, RequestLog, ScrollTurns, retry};

/// How a client behaves. [`Settings::new`] gives what suits most.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most of the workspace's rate budget that this process may use, above 0 and up to 1.
    pub max_share: f64,
    /// The part of the budget that background calls leave for interactive ones, melting as the window ends; 0 to 0.5.
    pub reserve: f64,
    /// How often and how long a failed call is tried again.
    pub retry: retry::Policy,
    /// The longest that one attempt may take, body included.
    pub timeout: Duration,
    /// The longest that a connection may take to open.
    pub connect_timeout: Duration,
    /// Where each attempt is written down.
    pub request_log: Option<Arc<dyn RequestLog>>,
    /// Where processes that use the same workspace share its rate budget; without it this process goes by what answers tell.
    pub rate_ledger: Option<Arc<dyn RateLedger>>,
    /// Whose turn it is to scroll; by default only whoever is in this process waits for another.
    pub scroll_turns: Arc<dyn ScrollTurns>,
    /// What makes the jitter of the retries repeatable.
    pub seed: u64,
    /// The time of day, for headers that name one.
    pub clock: Arc<dyn Clock>,
    /// Whether answers may come compressed; a loopback address never asks for it.
    pub gzip: bool,
}

impl Settings {
    /// The settings that suit most, with the time from `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            max_share: 1.0,
            reserve: 0.05,
            retry: retry::Policy::default(),
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            request_log: None,
            rate_ledger: None,
            scroll_turns: Arc::new(ProcessTurns),
            seed: 0,
            clock,
            gzip: true,
        }
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let bad = |name, value: String, allowed| Err(BuildError::Setting { name, value, allowed });
        if !(self.max_share > 0.0 && self.max_share <= 1.0) {
            return bad("max_share", self.max_share.to_string(), "above 0 and up to 1");
        }
        if !(0.0..=0.5).contains(&self.reserve) {
            return bad("reserve", self.reserve.to_string(), "from 0 to 0.5");
        }
        if self.retry.max_attempts == 0 {
            return bad("retry.max_attempts", "0".to_owned(), "at least 1");
        }
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return bad("timeout", "0".to_owned(), "above zero");
        }
        Ok(())
    }
}
