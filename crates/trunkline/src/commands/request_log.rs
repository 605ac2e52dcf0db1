//! The request log as a file: one line of JSON a call, flushed as it happens.

use std::{
    fs::File,
    io::Write,
    sync::{Arc, Mutex},
};

use trunkline_client::{RequestLog, RequestRecord};

use crate::{cli, failure::Failure};

/// Opens the log that the flags ask for; appends to what is there.
pub(crate) fn open(flags: &cli::Workspace) -> Result<Option<Arc<dyn RequestLog>>, Failure> {
    let Some(path) = &flags.request_log else {
        return Ok(None);
    };
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| {
            Failure::usage(
                "TL0008",
                format!("the request log {} cannot be opened: {error}", path.display()),
                "Check the folder and its permissions.",
            )
        })?;
    Ok(Some(Arc::new(FileLog {
        file: Mutex::new(file),
        bodies: flags.request_log_bodies,
    })))
}

#[derive(Debug)]
struct FileLog {
    file: Mutex<File>,
    bodies: bool,
}

impl RequestLog for FileLog {
    fn wants_bodies(&self) -> bool {
        self.bodies
    }

    fn record(&self, record: &RequestRecord) {
        let Ok(mut line) = serde_json::to_vec(record) else {
            return;
        };
        line.push(b'\n');
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            tracing::warn!(%error, "the request log could not be written");
        }
    }
}
