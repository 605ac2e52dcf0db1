//! What the state is kept in, and how much room it takes.

use serde::Serialize;

use crate::{
    Store, StoreError,
    database::{Database, Statement},
};

/// What the state is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// `sqlite` or `postgres`.
    pub kind: &'static str,
    /// The number of the last migration that it has.
    pub format: u64,
    /// The room that it takes, in bytes; what was freed inside a file and not given back counts.
    pub bytes: u64,
}

impl Store {
    /// What the state is kept in, and how much room it takes.
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let (kind, sql) = match self.database {
            Database::Sqlite(_) => (
                "sqlite",
                "SELECT (SELECT user_version FROM pragma_user_version), \
                 (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)",
            ),
            Database::Postgres(_) => (
                "postgres",
                "SELECT (SELECT coalesce(max(version), 0) FROM trunkline_format), pg_database_size(current_database())",
            ),
        };
        let mut extent = Extent {
            kind,
            format: 0,
            bytes: 0,
        };
        if let Some(mut row) = self.read_one(Statement::new(sql)).await? {
            extent.format = row.int()?.unsigned_abs();
            extent.bytes = row.int()?.unsigned_abs();
        }
        Ok(extent)
    }
}
