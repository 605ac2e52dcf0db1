//! What Intercom's API offers, as data: operations, parameters, body fields, versions, streams, topics and permissions.
//!
//! The one rule: nothing here does IO, waits or knows the time. The tables under `tables/` are generated from the
//! published descriptions by `cargo xtask catalog`; the files under `overlays/` are our own judgement and are written
//! by hand. Read [`Catalog`] next, then `operation.rs`, `answer.rs`, `stream.rs`, `topic.rs` and `permission.rs`.

mod answer;
mod catalog;
mod error;
mod load;
mod operation;
mod page;
mod permission;
mod route;
mod stream;
mod table;
mod topic;
mod version;

pub use answer::{Answer, Difference, Shape, Weight};
pub use catalog::{Catalog, PathMatch};
pub use error::CatalogError;
pub use operation::{
    BodyField, Effect, ErrorShape, FieldType, Method, Operation, Parameter, SearchGranularity,
};
pub use page::PageStyle;
pub use permission::{
    Cover, Need, Permission, PermissionGroup, PermissionName, Probe, fewest, permission, permissions,
};
pub use stream::{MembershipList, Stream, StreamKind, StreamRead};
pub use topic::{Topic, TopicAlias, TopicChange, UnknownTopic};
pub use version::{UnknownVersion, Version};
