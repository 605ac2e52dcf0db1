//! `file`: appends a line of JSON for each record to a file.
//!
//! The one rule: what was said to be delivered is on the disk before a cursor is kept; a line that a dead process left half-written
//! is cut off before anything is appended.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Mistake, Node, read},
};

use crate::{Site, registry::DestinationKind};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "file",
    summary: "Appends records to a file, a line of JSON each.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Appends records to a file, a line of JSON each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file; its folder is made when it is not there. Relative paths begin at the flow's file.
    path: String,
}

struct Lines {
    path: PathBuf,
    file: Arc<Mutex<Option<File>>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    Ok(Arc::new(Lines {
        path: site.path(&settings.path),
        file: Arc::default(),
    }))
}

/// Opens a file for appending behind its last whole line.
fn open(path: &PathBuf) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let mut end = file.metadata()?.len();
    let mut block = vec![0; 64 << 10];
    while end > 0 {
        let from = end.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(end - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            end = from + at as u64 + 1;
            break;
        }
        end = from;
    }
    if file.metadata()?.len() != end {
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    Ok(file)
}

impl Lines {
    fn failed(&self, error: &io::Error) -> ComponentError {
        let path = self.path.display();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ComponentError::retry(
                "TL0843",
                format!("{path} cannot be written: {error}"),
                "Free some space; it is tried again.",
            ),
            _ => ComponentError::stop(
                "TL0843",
                format!("{path} cannot be written: {error}"),
                "Check that the path is a file in a folder that may be written to.",
            ),
        }
    }

    /// Does something with the open file where blocking is allowed.
    async fn with_file(
        &self,
        work: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> Result<(), ComponentError> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut held = file.lock().unwrap_or_else(PoisonError::into_inner);
            let mut open = match held.take() {
                Some(open) => open,
                None => open(&path)?,
            };
            let start = open.stream_position()?;
            match work(&mut open) {
                Ok(()) => {
                    *held = Some(open);
                    Ok(())
                }
                Err(error) => {
                    // Half of it may be there; the next attempt begins where this one did.
                    if open.set_len(start).is_ok() && open.seek(SeekFrom::Start(start)).is_ok() {
                        *held = Some(open);
                    }
                    Err(error)
                }
            }
        });
        match done.await {
            Ok(done) => done.map_err(|error| self.failed(&error)),
            Err(error) => Err(self.failed(&io::Error::other(error))),
        }
    }
}

impl Destination for Lines {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        let mut text = Vec::new();
        for record in records {
            text.extend_from_slice(record.value.to_string().as_bytes());
            text.push(b'\n');
        }
        Box::pin(async move {
            let result = self.with_file(move |file| file.write_all(&text)).await;
            records.iter().map(|_| result.clone().map(|()| None)).collect()
        })
    }

    fn most_at_once(&self) -> usize {
        1_000
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async move {
            let is_open = self.file.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            if !is_open {
                return Ok(());
            }
            self.with_file(|file| file.sync_data()).await
        })
    }
}
