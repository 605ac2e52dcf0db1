//! The modules, one file each; a new one is a file, and a line in the list of its family.
//!
//! The one rule: a module reads and writes through its [`Run`](crate::Run) alone, and says what it found out by what it
//! returns or by a note. Read `contacts/tag.rs` for a small one; `refs.rs` finds the contact or conversation that is meant.

mod activity_logs;
mod articles;
mod attributes;
mod companies;
mod contacts;
mod conversations;
mod data_attributes;
mod data_events;
mod filters;
mod jobs;
mod messages;
mod refs;
mod rows;
mod runs;
mod segments;
mod sorting;
mod tickets;

use crate::Action;

pub(crate) use contacts::People;

/// Every module.
pub(crate) fn all() -> Vec<Action> {
    [
        activity_logs::actions(),
        articles::actions(),
        companies::actions(),
        contacts::actions(),
        conversations::actions(),
        data_attributes::actions(),
        data_events::actions(),
        filters::actions(),
        messages::actions(),
        runs::actions(),
        segments::actions(),
        tickets::actions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
