//! The client: one connection, one budget, one stack, shared by all clones.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use trunkline_catalog::{Catalog, Operation, Version};

use crate::{
    Answer, BudgetState, BuildError, Call, CallError, Connection, ErrorKind, PageState, Pages, Priority,
    Refusal, Region, ScrollTurns, Settings, Transport,
    stack::{self, Prepared, Stack},
    transport::{HttpOptions, HttpTransport},
};

/// Calls Intercom for one connection. Clones share the budget, the connections and the counts.
#[derive(Clone)]
pub struct Client {
    pub(crate) stack: Arc<Stack>,
    /// Counts what is sent for somebody who asked for it.
    pub(crate) meter: Option<Meter>,
}

/// Counts requests.
pub type Meter = Arc<AtomicU64>;

impl Client {
    /// A client for `connection`.
    pub fn new(connection: Connection, settings: Settings) -> Result<Self, BuildError> {
        connection.check_url()?;
        settings.check()?;
        let options = HttpOptions {
            connect_timeout: settings.connect_timeout,
            gzip: settings.gzip,
            body_limit: None,
        };
        let transport = HttpTransport::new(&connection.base_url, options)?;
        Self::over(connection, settings, Arc::new(transport))
    }

    /// A client that sends through `transport`; this is how tests do without a network.
    pub fn over(
        connection: Connection,
        settings: Settings,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, BuildError> {
        connection.check_url()?;
        settings.check()?;
        let token = connection.token.expose_secret();
        if token.trim().is_empty() {
            return Err(BuildError::Token { reason: "is empty" });
        }
        if token.bytes().any(|byte| !(0x21..=0x7e).contains(&byte)) {
            return Err(BuildError::Token {
                reason: "has a space, a line break or another character that no token has",
            });
        }
        Ok(Self {
            stack: Arc::new(Stack::new(connection, settings, transport)?),
            meter: None,
        })
    }

    /// The same client, whose requests are counted by a meter too.
    #[must_use]
    pub fn metered(&self, meter: Meter) -> Self {
        Self {
            stack: Arc::clone(&self.stack),
            meter: Some(meter),
        }
    }

    /// The version that every call names.
    #[must_use]
    pub fn version(&self) -> Version {
        self.stack.version()
    }

    /// The region whose address is called; none for any other address.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.stack.connection.region()
    }

    /// Calls an operation and returns its answer, after as many attempts as the retry policy allows.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let operation = self.operation(&call)?;
        let prepared = Prepared::new(operation, &call)?.metered(self.meter.as_ref());
        stack::execute(
            &self.stack,
            &prepared,
            |answer| stack::usable(operation, answer),
            |answer, ()| answer,
        )
        .await
    }

    /// Why the token was refused, for certain: when a 401 may mean either, `me.get` is asked, which needs no permission.
    ///
    /// Whoever pauses a connection asks this first; [`refusal`](crate::CallFailure::refusal) reads the error alone.
    pub async fn why_refused(&self, error: &CallError) -> Option<Refusal> {
        let read = error.refusal()?;
        let is_certain = error.kind != ErrorKind::Unauthorized || error.names_the_token();
        if is_certain || error.operation == "me.get" {
            return Some(read);
        }
        match self
            .call(Call::new("me.get").priority(Priority::Interactive))
            .await
        {
            Ok(_) => Some(Refusal::PermissionMissing),
            Err(told) => Some(match told.refusal() {
                Some(Refusal::GrantOver) => Refusal::GrantOver,
                _ => read,
            }),
        }
    }

    /// The pages of an operation that lists, from the start or from after the page that `from` was kept of.
    #[must_use]
    pub fn pages(&self, call: Call, from: Option<PageState>) -> Pages {
        Pages::new(self.clone(), call, from)
    }

    /// How many requests were sent, failed ones included.
    #[must_use]
    pub fn requests_sent(&self) -> u64 {
        self.stack.sent()
    }

    /// By how much the server's clock is ahead of ours, as its last answer said, to the second; none before there is one.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.stack.clock_ahead()
    }

    /// What is known of the rate budget.
    #[must_use]
    pub fn budget(&self) -> BudgetState {
        self.stack.budget().state()
    }

    /// Whose turn it is to scroll.
    #[must_use]
    pub fn scroll_turns(&self) -> &dyn ScrollTurns {
        &*self.stack.scroll_turns
    }

    /// Gives back what this process has of a shared rate budget and does not use, for whoever else waits for it. A client that is
    /// dropped without it holds its part for a few seconds longer.
    pub async fn give_back(&self) {
        self.stack.budget().give_back().await;
    }

    /// The call's operation, which this connection's version must have.
    pub(crate) fn operation(&self, call: &Call) -> Result<&'static Operation, CallError> {
        let Some(operation) = lookup(call.operation_id()) else {
            return Err(CallError::unknown_operation(call.operation_id()));
        };
        let version = self.version();
        if operation.exists_in(version) {
            return Ok(operation);
        }
        Err(CallError::not_in_version(operation, version))
    }
}

fn lookup(id: &str) -> Option<&'static Operation> {
    #[cfg(test)]
    if let Some(operation) = crate::testing::operation(id) {
        return Some(operation);
    }
    Catalog::embedded().operation(id)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("version", &self.version())
            .field("budget", &self.budget())
            .finish()
    }
}
