//! Modules about our own runs.

mod undo;

use crate::Action;

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    vec![undo::action()]
}
