//! How far numbered rows can be read without passing over one that is still being written.
//!
//! The one rule: a number is given out before its row is committed, and transactions end in any order; so a reader who goes by numbers
//! first learns up to which one all have ended. In a file writers take turns, and the greatest number is that one.

use crate::{Store, StoreError, database::Statement};

impl Store {
    /// The greatest number of a table up to which no row is still to come, if it is beyond one that is known.
    pub(crate) async fn horizon(&self, table: &'static str, known: i64) -> Result<Option<i64>, StoreError> {
        let ask = async |sql: String| match self.read_one(Statement::new(sql)).await? {
            Some(mut row) => row.int(),
            None => Ok(0),
        };
        // Writers wait while it is found out, so it is asked only when there is something new.
        if ask(format!("SELECT coalesce(max(seq), 0) FROM {table}")).await? <= known {
            return Ok(None);
        }
        let horizon = ask(self.database.greatest_number(table)).await?;
        Ok((horizon > known).then_some(horizon))
    }
}
