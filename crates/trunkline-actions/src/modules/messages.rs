//! Modules about messages that teammates send.

mod send;

use crate::Action;

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(send::actions());
    all
}
