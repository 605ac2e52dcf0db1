//! Modules about contacts.

pub(in crate::modules) mod tag;

use crate::Action;

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(tag::actions());
    all
}
