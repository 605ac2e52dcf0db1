//! What the journal forgets: runs that were kept for their time, and what it holds about somebody who is erased.
//!
//! The one rule: a run that a living process is at is never forgotten, and what is erased leaves the fact that something was written.

use jiff::Timestamp;

use super::{IS_ALIVE, check_word};
use crate::{Store, StoreError, database::Statement, entropy::first_id_at, forgetting::LOT, identities};

impl Store {
    /// Forgets runs that ended, or were left behind, before a moment, with their writes; returns how many. A key is free again
    /// when its run is forgotten.
    pub async fn forget_action_runs(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(format!(
            "DELETE FROM action_runs WHERE id IN (SELECT id FROM action_runs AS held \
             WHERE id < $2 AND (ended_at < $3 OR (state = 'running' AND NOT {IS_ALIVE})) ORDER BY id LIMIT $4)"
        ))
        .bind(now)
        .bind(first_id_at(before))
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }

    /// Takes out of the journal what it holds about a subject, such as `contacts/6723…`: bodies, what was before and after, and
    /// what the runs that wrote to it were given and answered; and which identities led to it. Returns how many writes that were.
    /// They can no longer be undone.
    pub async fn erase_subject(&self, workspace: &str, subject: &str) -> Result<u64, StoreError> {
        check_word("the workspace's code", workspace)?;
        check_word("what is erased", subject)?;
        let theirs = "(SELECT run FROM action_writes WHERE subject = $2 AND run IN \
                      (SELECT id FROM action_runs WHERE workspace = $1))";
        let mut statements: Vec<Statement> = [
            format!("DELETE FROM action_inputs WHERE run IN {theirs}"),
            format!("UPDATE action_runs SET outcome = NULL, error = NULL WHERE id IN {theirs}"),
            "UPDATE action_writes SET path = NULL, query = NULL, payload = NULL, before = NULL, after = NULL, inverse = NULL \
             WHERE subject = $2 AND run IN (SELECT id FROM action_runs WHERE workspace = $1)"
                .to_owned(),
        ]
        .map(|sql| Statement::new(sql).bind(workspace).bind(subject))
        .into();
        if let Some(contact) = subject.strip_prefix("contacts/") {
            statements.insert(0, identities::forget(workspace, contact));
        }
        let done = self.write(statements).await?;
        Ok(done.last().map_or(0, |done| done.changed))
    }
}
