//! How far numbered rows can be read without passing over one that is still being written.
//!
//! The one rule: a number is given out before its row is committed, and transactions end in any order; so a reader who goes by numbers
//! first learns up to which one all have ended. In a file writers take turns, and the greatest number is that one.

use crate::{Store, StoreError, database::Statement};

impl Store {
    /// The greatest number of a table up to which no row is still to come.
    pub(crate) async fn horizon(&self, table: &'static str) -> Result<i64, StoreError> {
        let question = Statement::new(self.database.greatest_number(table));
        match self.read_one(question).await? {
            Some(mut row) => row.int(),
            None => Ok(0),
        }
    }
}
