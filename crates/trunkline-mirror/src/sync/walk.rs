//! The way through a long list of ids, a look at a time.
//!
//! The one rule: a look that brings fewer ids than it may is the last, so that the list is never asked for its end twice.

use std::sync::{Mutex, PoisonError};

use super::stage::A_LOOK;

/// How far a list of ids was looked through.
#[derive(Debug, Default)]
pub(super) struct Walk(Mutex<Place>);

#[derive(Debug, Default)]
struct Place {
    after: Option<String>,
    ended: bool,
}

impl Walk {
    /// The ids after the last ones, none when there are no more. `look` reads up to [`A_LOOK`] ids after one.
    pub(super) async fn next<E>(
        &self,
        look: impl AsyncFnOnce(Option<String>) -> Result<Vec<String>, E>,
    ) -> Result<Vec<String>, E> {
        let after = {
            let place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if place.ended {
                return Ok(Vec::new());
            }
            place.after.clone()
        };
        let ids = look(after).await?;
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        place.ended = ids.len() < A_LOOK as usize;
        place.after = ids.last().cloned();
        Ok(ids)
    }
}
