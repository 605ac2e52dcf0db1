//! Trunkline's own durable state: connections and apps with their secrets, grants, notifications, leases, keys, mirrors, the
//! journal of what actions did, flows with what they still have to deliver, and the people who look at it all.
//!
//! The one rule: whoever gets `Ok` from a write may forget what was written, since it is on disk; every write is one
//! transaction. Read [`Store`] next, then `database.rs` for how one text of SQL serves SQLite and PostgreSQL, and
//! `vault.rs` for how secrets are kept.

mod alerts;
mod apps;
mod audit;
mod backup;
mod batches;
mod connections;
mod database;
mod dead_letters;
mod digest;
mod document;
mod entropy;
mod error;
mod extent;
mod fates;
mod flows;
mod forgetting;
mod grants;
mod horizon;
mod identities;
mod journal;
mod keys;
mod leases;
mod ledgers;
mod mirrors;
mod notifications;
mod people;
mod postgres;
mod pulse;
mod pushes;
mod queue;
mod rare;
mod requests;
mod retention;
mod sessions;
mod sqlite;
mod store;
mod vault;

pub use alerts::{Alert, AlertChange, AlertNotice, NoticeOutcome, NoticeState, NoticeWord};
pub use apps::{App, AppDetails, NewApp};
pub use audit::{AuditEntry, AuditFilter};
pub use batches::{Batch, BatchBegun, BatchFilter, BatchProgress, BatchState, HeldBatch, NewBatch};
pub use connections::{
    Connection, ConnectionDetails, ConnectionSecrets, ConnectionState, KeptSecrets, NewConnection,
    WorkspaceIdentity,
};
pub use dead_letters::{
    DeadLetter, DeadLetterCount, DeadLetterFilter, DeadLetterState, Failure, FoundDeadLetters, NewDeadLetter,
    Redriven,
};
pub use entropy::Entropy;
pub use error::StoreError;
pub use extent::Extent;
pub use fates::{Fate, FateFilter, FateOutcome, NewFate, Origin, Origins};
pub use flows::{
    Flow, FlowCheckpoint, FlowOrigin, FlowRun, FlowRunCause, FlowRunCounts, FlowRunFilter, FlowRunState,
    FlowState, NewFlow, NewFlowRun, Put,
};
pub use grants::{Grant, GrantRefusal, NewGrant};
pub use identities::{HeldIdentity, LeftOpen, NewIdentity, Reserved};
pub use journal::{
    ActionRecord, ActionRun, ActionRunFilter, ActionRunState, ActionWrite, Answer, Begun, HeldRun,
    NewActionRun, NewWrite, WriteState,
};
pub use keys::{ApiKey, Role};
pub use leases::Lease;
pub use ledgers::Ledger;
pub use mirrors::{Mirror, MirrorDetails, MirrorRun, NewMirror, RunState};
pub use notifications::{
    Kept, NewNotification, Notification, NotificationFilter, NotificationState, Received,
};
pub use people::{InvitationRefusal, Person};
pub use postgres::tls::connector as postgres_tls;
pub use pulse::Minute;
pub use pushes::Push;
pub use queue::{
    Again, Claim, ClaimedLane, Dead, Delivery, Enqueued, HeldLane, NewDelivery, QueueDepth, RecordForm,
    Settled, Tally,
};
pub use requests::{Request, RequestFilter};
pub use sessions::Session;
pub use store::{Location, Store};
pub use vault::{KeySource, Rotation};
