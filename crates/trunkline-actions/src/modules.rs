//! The modules, one file each; a new one is a file, and a line in the list of its family.
//!
//! The one rule: a module reads and writes through its [`Run`](crate::Run) alone, and says what it found out by what it
//! returns or by a note. Read `contacts/tag.rs` for a small one; `refs.rs` finds the contact or conversation that is meant.

mod contacts;
mod refs;
mod runs;

use crate::Action;

pub(crate) use contacts::People;

/// Every module.
pub(crate) fn all() -> Vec<Action> {
    [contacts::actions(), runs::actions()]
        .into_iter()
        .flatten()
        .collect()
}
