//! Keeps what became of the rows: files, the batch in the store; and shows how it goes to whoever looks.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::{
    Orders, PublishError,
    files::{self, Grown},
};
use crate::StoredBatch;
use serde_json::json;
use trunkline_actions::publish::{Clerk, End, Live, Progress, RowEnd, Survey};
use trunkline_client::{PortError, Told};

/// How many rejected rows are shown where no file keeps them.
const SHOWN: usize = 10;

/// The names of the columns, as soon as they are known.
pub type Columns = Arc<OnceLock<Vec<String>>>;

/// Who keeps it.
pub struct Keeper {
    /// The batch, once it is begun.
    pub batch: Option<StoredBatch>,
    results: Option<Grown>,
    rejects: Option<Grown>,
    rejects_are_cells: bool,
    columns: Columns,
    shows: Box<dyn FnMut(&Live) + Send>,
    /// The first rejected rows.
    pub shown: Vec<String>,
    /// What a dry run found.
    pub survey: Survey,
}

impl Keeper {
    /// Opens the files; [`begin`](Self::begin) comes before anything is written.
    pub fn open(
        orders: &Orders,
        columns: Columns,
        shows: Box<dyn FnMut(&Live) + Send>,
    ) -> Result<Self, PublishError> {
        let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(Grown::open).transpose();
        Ok(Self {
            batch: None,
            results: open(&orders.results)?,
            rejects: open(&orders.rejects)?,
            rejects_are_cells: orders.rejects.as_deref().is_some_and(files::is_table),
            columns,
            shows,
            shown: Vec::new(),
            survey: Survey::default(),
        })
    }

    /// Cuts the files to where `position` says that the batch's progress was noted; without one they begin anew.
    pub fn begin(&mut self, position: Option<&str>) -> Result<(), PublishError> {
        for (name, file) in [("results", &mut self.results), ("rejects", &mut self.rejects)] {
            if let Some(file) = file {
                file.cut(position.map_or(0, |position| length(position, name)))?;
            }
        }
        Ok(())
    }

    /// What whoever resumes has to know: how long the files were.
    pub fn position(&self) -> String {
        let length = |file: &Option<Grown>| file.as_ref().map_or(0, Grown::length);
        format!(
            "results={} rejects={}",
            length(&self.results),
            length(&self.rejects)
        )
    }

    fn keep(&mut self, row: &RowEnd) -> Result<(), String> {
        if let Some(results) = &mut self.results {
            results.add(&line(row))?;
        }
        let End::Rejected(rejection) = &row.end else {
            return Ok(());
        };
        if self.shown.len() < SHOWN {
            self.shown.push(format!(
                "line {}: {} [{}]",
                row.line, rejection.message, rejection.code
            ));
        }
        let (Some(rejects), Some(original)) = (&mut self.rejects, &row.original) else {
            return Ok(());
        };
        let columns = self.columns.get().map_or(&[][..], Vec::as_slice);
        if !self.rejects_are_cells {
            return rejects.add(&files::as_json(original, columns, rejection));
        }
        if rejects.length() == 0 {
            rejects.add(&files::header(columns))?;
        }
        rejects.add(&files::as_cells(original, columns, rejection))
    }

    fn flush(&mut self) -> Result<(), String> {
        for file in [&mut self.results, &mut self.rejects].into_iter().flatten() {
            file.keep()?;
        }
        Ok(())
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("batch", &self.batch)
            .field("results", &self.results)
            .field("rejects", &self.rejects)
            .finish_non_exhaustive()
    }
}

impl Clerk for Keeper {
    fn row(&mut self, row: RowEnd) -> Result<(), PortError> {
        if let Some(planned) = &row.planned {
            self.survey.add(planned);
        }
        self.keep(&row).map_err(|reason| PortError { reason })
    }

    fn commit<'a>(&'a mut self, progress: &'a Progress) -> Told<'a, ()> {
        Box::pin(async move {
            self.flush().map_err(|reason| PortError { reason })?;
            match &self.batch {
                Some(batch) => batch.advance(progress, Some(self.position())).await,
                None => Ok(()),
            }
        })
    }

    fn show(&mut self, live: &Live) {
        (self.shows)(live);
    }
}

/// The length of a file, as a batch's position says it.
fn length(position: &str, name: &str) -> u64 {
    position
        .split(' ')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        .unwrap_or(0)
}

/// What became of a row, as a line of JSON.
fn line(row: &RowEnd) -> String {
    let mut result = json!({
        "row": row.number,
        "line": row.line,
        "outcome": row.end.as_str(),
        "run": row.run,
        "id": row.id,
    });
    if let End::Rejected(rejection) = &row.end {
        result["code"] = json!(rejection.code);
        result["error"] = json!(rejection.message);
    }
    if let Some(planned) = &row.planned {
        result["calls"] = json!(planned.calls);
        result["writes"] = json!(planned.writes);
    }
    format!("{result}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_were_written() {
        for (position, results, rejects) in [
            ("results=12 rejects=3", 12, 3),
            ("results=12", 12, 0),
            ("", 0, 0),
            ("results=x", 0, 0),
        ] {
            assert_eq!(
                (length(position, "results"), length(position, "rejects")),
                (results, rejects)
            );
        }
    }
}
