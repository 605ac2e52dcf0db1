//! How a mirror's file is read for whoever asks: on a thread beside the others, a few at a time, and no longer than somebody waits.
//!
//! The one rule: when whoever asked has gone, or waited long enough, the database is told to stop.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trunkline_mirror::browse::{Brake, BrowseError, Reader};

use super::remembered::Remembered;
use crate::{Target, reply::Refusal, shared::Shared};

/// How many mirrors are read at once.
const AT_ONCE: usize = 6;
/// How long a question waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// The places of those that read mirrors, and what they found.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    places: Arc<Semaphore>,
    pub(crate) remembered: Remembered,
}

impl Readers {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            remembered: Remembered::default(),
        }
    }

    /// A place, when one is free soon.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        match tokio::time::timeout(TURN, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TL0985",
                "too many questions are asked of mirrors at once; ask again in a moment",
            )),
        }
    }
}

/// Pulls the brake when it is dropped.
pub(super) struct Pull(pub(super) Brake);

impl Drop for Pull {
    fn drop(&mut self) {
        self.0.pull();
    }
}

/// The file of a mirror, by its name or id.
pub(crate) async fn file(shared: &Shared, name: &str) -> Result<PathBuf, Refusal> {
    let mirror = shared.store.mirror(name).await?;
    let target = mirror.details.to.parse::<Target>();
    target
        .map(|target| target.under(&shared.options.data))
        .map_err(|error| Refusal::new(StatusCode::NOT_FOUND, "TL0980", error.to_string()))
}

/// Reads a mirror.
pub(crate) async fn look<T: Send + 'static>(
    shared: &Shared,
    name: &str,
    patience: Duration,
    work: impl FnOnce(&Reader) -> Result<T, BrowseError> + Send + 'static,
) -> Result<T, Refusal> {
    let path = file(shared, name).await?;
    let place = shared.readers.place().await?;
    let brake = Brake::default();
    let pull = Pull(brake.clone());
    let task = tokio::task::spawn_blocking(move || {
        let _place = place;
        Reader::open(&path, &brake).and_then(|reader| work(&reader))
    });
    let outcome = tokio::time::timeout(patience, task).await;
    drop(pull);
    match outcome {
        Ok(Ok(outcome)) => outcome.map_err(|error| refusal(&error)),
        Ok(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        Err(_) => Err(refusal(&BrowseError::TooLong)),
    }
}

/// What whoever asked is told.
pub(crate) fn refusal(error: &BrowseError) -> Refusal {
    let code = error.code();
    match error {
        BrowseError::NoMirror { .. } => {
            // Where the file would be is not for everybody.
            let message = "this mirror holds nothing yet: its first run makes its file";
            Refusal::new(StatusCode::NOT_FOUND, code, message)
        }
        BrowseError::NotFound { .. } => Refusal::new(StatusCode::NOT_FOUND, code, error.to_string()),
        BrowseError::Bad { field, reason } => Refusal::of_field(field, reason),
        BrowseError::Sql { .. } | BrowseError::NotReading { .. } => {
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string()).at("sql")
        }
        BrowseError::TooLong => Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string()),
        _ => {
            tracing::error!(code, %error, "a mirror cannot be read");
            let message = "the mirror cannot be read now; the log of the process says why";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
        }
    }
}
