//! Being asked to stop, by Ctrl-C or by SIGTERM.
//!
//! The one rule: a command listens before it says that it serves. Whoever starts it may ask it to stop as soon as its
//! first line is there, and a signal that nobody listens for ends the process with everything unsaved.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// What hears both signals from the moment that it is made.
#[derive(Debug)]
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen; from here on neither signal ends the process by itself.
    ///
    /// # Errors
    ///
    /// `TL0009`: the environment lets nobody receive signals.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let hear = |kind: SignalKind| {
            signal(kind).map_err(|error| {
                Failure::new(
                    "TL0009",
                    format!("signals cannot be received: {error}"),
                    "Check the limits of the environment.",
                )
            })
        };
        Ok(Self {
            interrupt: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
        })
    }

    /// Resolves when either came, also when it came before this was called.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
