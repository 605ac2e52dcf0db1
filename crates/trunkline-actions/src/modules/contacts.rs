//! Modules about contacts.

pub(crate) mod attach_company;
mod attach_subscription;
mod bulk_upsert;
mod erase;
mod known;
mod merge_lead;
mod notes;
pub(in crate::modules) mod tag;
mod upsert;

use crate::Action;

pub(crate) use upsert::{People, written_lately};

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(attach_company::actions());
    all.extend(attach_subscription::actions());
    all.extend(bulk_upsert::actions());
    all.extend(erase::actions());
    all.extend(merge_lead::actions());
    all.extend(notes::actions());
    all.extend(tag::actions());
    all.extend(upsert::actions());
    all
}
