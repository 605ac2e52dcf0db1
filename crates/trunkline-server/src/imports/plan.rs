//! What an import would do with its first rows, found out by reading alone.

use tokio::sync::watch;
use trunkline_actions::publish::{Clerk, End, Live, PlannedRow, Progress, Publisher, RowEnd, Survey, Way};
use trunkline_client::{PortError, Told};

use super::{
    Wanted,
    begin::{Prepared, prepared},
};
use crate::{
    publishing::{Look, Reader},
    reply::Refusal,
    shared::Shared,
};

/// What an import would do.
#[derive(Debug)]
pub(crate) struct Preview {
    /// What a look at every row found.
    pub(crate) look: Look,
    /// The first rows.
    pub(crate) lines: Vec<PlannedLine>,
    /// Counts, over the first rows.
    pub(crate) survey: Survey,
}

/// What would become of a row.
#[derive(Debug)]
pub(crate) struct PlannedLine {
    /// The line that it begins on.
    pub(crate) line: u64,
    /// What would become of it.
    pub(crate) end: End,
    /// What it would write.
    pub(crate) planned: Option<PlannedRow>,
}

/// Collects what would become of rows.
#[derive(Default)]
struct Sample {
    lines: Vec<PlannedLine>,
    survey: Survey,
}

impl Clerk for Sample {
    fn row(&mut self, row: RowEnd) -> Result<(), PortError> {
        if let Some(planned) = &row.planned {
            self.survey.add(planned);
        }
        self.lines.push(PlannedLine {
            line: row.line,
            end: row.end,
            planned: row.planned,
        });
        Ok(())
    }

    fn commit<'a>(&'a mut self, _: &'a Progress) -> Told<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn show(&mut self, _: &Live) {}
}

/// Looks at every row, and plans the first.
pub(crate) async fn preview(shared: &Shared, wanted: &Wanted, first: u64) -> Result<Preview, Refusal> {
    let Prepared {
        connection,
        workspace,
        reader,
        options,
        look,
    } = prepared(shared, wanted).await?;
    let mut orders = reader.orders.clone();
    orders.rules.limit = Some(orders.rules.limit.map_or(first, |limit| limit.min(first)));
    let action = reader.action;
    let reader = Reader::new(orders, action).map_err(|error| super::shown(&error))?;
    let publisher = Publisher::new(workspace.clone(), action, options, Way::Plan, super::AT_ONCE);
    let (_asking, asked) = watch::channel(false);
    let work = async move {
        let mut sample = Sample::default();
        let (mut rows, _) = reader.start(0);
        let finish = publisher
            .run(&mut rows, Progress::default(), &mut sample, asked)
            .await;
        match finish.halt {
            Some(trunkline_actions::publish::Halt::Failed(error)) => Err(error),
            _ => {
                sample.survey.close(finish.progress, &workspace);
                Ok(sample)
            }
        }
    };
    let sample = shared.workspaces.run(&connection, work).await?;
    Ok(Preview {
        look,
        lines: sample.lines,
        survey: sample.survey,
    })
}
