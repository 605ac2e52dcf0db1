//! A target whose round ends after so many calls, as if the process were gone.

use std::collections::BTreeSet;

use crate::{
    feed::Position,
    targets::{Appetite, Chunks, Counts, Extent, Moment, Standing, TableShape, Target, TargetError},
};

pub(super) struct Failing<T> {
    pub(super) target: T,
    pub(super) calls: u32,
}

impl<T: Target> Failing<T> {
    fn call(&mut self) -> Result<(), TargetError> {
        self.calls = self.calls.checked_sub(1).ok_or_else(|| TargetError::Failed {
            target: "test".to_owned(),
            doing: "being tried".to_owned(),
            reason: "it ends here".to_owned(),
        })?;
        Ok(())
    }
}

impl<T: Target> Target for Failing<T> {
    fn name(&self) -> &str {
        self.target.name()
    }

    fn appetite(&self) -> Appetite {
        self.target.appetite()
    }

    async fn begin(&mut self, moment: &Moment) -> Result<Standing, TargetError> {
        self.call()?;
        self.target.begin(moment).await
    }

    async fn prepare(&mut self, shapes: &[TableShape]) -> Result<BTreeSet<String>, TargetError> {
        self.call()?;
        self.target.prepare(shapes).await
    }

    async fn write(
        &mut self,
        shape: &TableShape,
        extent: Extent,
        mut chunks: Chunks,
    ) -> Result<Counts, TargetError> {
        if self.calls == 1 {
            // It ends in the middle of the rows.
            let (sender, cut) = tokio::sync::mpsc::channel(4);
            if let Some(chunk) = chunks.recv().await {
                sender.send(chunk).await.unwrap();
            }
            drop(sender);
            self.target.write(shape, extent, cut).await?;
            self.calls = 0;
        }
        self.call()?;
        self.target.write(shape, extent, chunks).await
    }

    async fn commit(&mut self, workspace: &str, position: &Position) -> Result<(), TargetError> {
        self.call()?;
        self.target.commit(workspace, position).await
    }
}
