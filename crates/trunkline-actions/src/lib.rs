//! The actions: every operation of Intercom's API, and the modules that people pick, with named fields.
//!
//! The one rule: a change in the workspace leaves through [`Run::write`] alone, which plans it, keeps it in the journal
//! before it is sent, and knows how to put it back. Read [`Action`] next, then `workspace.rs`, then a file of `modules/`.

mod action;
mod error;
mod fields;
mod generated;
mod identities;
mod input;
mod journal;
pub mod lookup;
mod modules;
mod names;
mod outcome;
pub mod publish;
mod registry;
mod run;
mod schema;
mod search;
mod spell;
pub mod time;
mod typed;
mod workspace;

pub use action::{Action, LookAhead, Module, ModuleFuture, Returns, Work};
pub use error::{ActionError, Problem};
pub use fields::{Field, Group, Place};
pub use identities::{
    Alone, Identities, LeftOpen, NewReservation, Reservation, Reserved, SEARCH_LAG, Whereabouts,
};
pub use input::{Input, read_record};
pub use journal::{
    Begun, Journal, JournalFuture, KeptWrite, NewRun, NoJournal, RunEnd, WriteEnd, WriteState,
};
pub use names::{Name, names, names_of};
pub use outcome::{Change, FieldChange, Outcome, Plan, PlannedWrite};
pub use registry::{action, actions};
pub use run::{Inverse, Run, Write};
pub use schema::{input_schema, output_schema};
pub use search::search;
pub use spell::Spelled;
pub use typed::{Companies, Contacts, Conversations};
pub use workspace::{CallOptions, Workspace};
