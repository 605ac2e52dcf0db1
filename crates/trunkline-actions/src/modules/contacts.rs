//! Modules about contacts.

mod tag;
mod upsert;

use crate::Action;

pub(crate) use upsert::{People, written_lately};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(tag::actions());
    all.extend(upsert::actions());
    all
}
