//! The runs of a mirror, page by page, and one by one.
//!
//! The one rule: a page begins behind a run, not at a number, so runs that are added meanwhile move nothing.

use super::{MirrorRun, RUN_COLUMNS, run};
use crate::{Store, StoreError, database::Statement};

impl Store {
    /// The runs of a mirror that began before another one of it, newest first; the newest when none is named.
    pub async fn runs_before(
        &self,
        mirror: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<MirrorRun>, StoreError> {
        let Some(before) = before else {
            return self.runs(mirror, limit).await;
        };
        let before = self.run(mirror, before).await?;
        let question = Statement::new(format!(
            "{RUN_COLUMNS} WHERE mirror = $1 AND (started_at < $2 OR (started_at = $2 AND id < $3)) \
             ORDER BY started_at DESC, id DESC LIMIT $4"
        ))
        .bind(mirror)
        .bind(before.started_at)
        .bind(before.id)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(run).collect()
    }

    /// One run of a mirror.
    pub async fn run(&self, mirror: &str, id: &str) -> Result<MirrorRun, StoreError> {
        let question = Statement::new(format!("{RUN_COLUMNS} WHERE mirror = $1 AND id = $2"))
            .bind(mirror)
            .bind(id);
        let row = self
            .read_one(question)
            .await?
            .ok_or_else(|| StoreError::NotFound {
                kind: "run",
                name: id.to_owned(),
            })?;
        run(row)
    }
}
