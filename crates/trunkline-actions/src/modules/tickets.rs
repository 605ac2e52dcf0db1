//! Modules about tickets.

mod change_state;
mod create_from_conversation;
mod tag;

use crate::Action;

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(change_state::actions());
    all.extend(create_from_conversation::actions());
    all.extend(tag::actions());
    all
}
