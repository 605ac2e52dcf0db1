//! The tables that people upload, as files of the data folder, with what became of their rows beside them.
//!
//! The one rule: a file's name is an id of ours and nothing else; what its owner calls it is only shown.

use std::{
    io,
    path::{Path, PathBuf},
};

use futures::{Stream, StreamExt as _};
use http::StatusCode;
use jiff::Timestamp;
use tokio::{fs, io::AsyncWriteExt as _};

use crate::{
    publishing::{Peek, PublishError, Source},
    reply::Refusal,
    shared::Shared,
};

/// The largest table that is taken, in bytes; larger ones are published by the command line, from where they are.
pub(crate) const LARGEST: u64 = 50 << 20;
/// How many times as much is read and thrown away of a larger one.
const MOST_DISCARDED: u64 = 4;
/// The longest name of a table that is shown, in letters.
const LONGEST_NAME: usize = 120;

/// Where imports keep their files.
pub(super) fn folder(shared: &Shared) -> PathBuf {
    shared.options.data.join("imports")
}

/// The file of an upload.
pub(super) fn path(shared: &Shared, id: &str) -> Result<PathBuf, Refusal> {
    let is_own = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let path = folder(shared).join(format!("{id}.csv"));
    if is_own && path.is_file() {
        return Ok(path);
    }
    let reason = "is of no table that is kept here; upload it again";
    Err(Refusal::of_field("upload", reason))
}

/// The source that reads an upload.
pub(super) fn table(shared: &Shared, id: &str) -> Result<Source, Refusal> {
    Ok(Source::table(path(shared, id)?, None, None))
}

/// The columns of an upload and its first rows.
pub(crate) async fn peek(shared: &Shared, id: &str, rows: usize) -> Result<Peek, Refusal> {
    let source = table(shared, id)?;
    let looked = tokio::task::spawn_blocking(move || source.peek(rows)).await;
    let looked = looked.map_err(|error| unkept(&io::Error::other(error)))?;
    looked.map_err(|error| shown(&error).at("upload"))
}

/// Keeps a table, piece by piece as it arrives; returns its id.
pub(crate) async fn keep<E: std::fmt::Display>(
    shared: &Shared,
    mut pieces: impl Stream<Item = Result<bytes::Bytes, E>> + Unpin,
) -> Result<String, Refusal> {
    let id = shared.store.entropy().id(shared.clock.now());
    let folder = folder(shared);
    fs::create_dir_all(&folder)
        .await
        .map_err(|error| unkept(&error))?;
    let path = folder.join(format!("{id}.csv"));
    let kept = async {
        let mut file = fs::File::create(&path).await.map_err(|error| unkept(&error))?;
        let mut bytes: u64 = 0;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| {
                let message = format!("the table was cut off: {error}");
                Refusal::new(StatusCode::BAD_REQUEST, "TL0624", message)
            })?;
            bytes += piece.len() as u64;
            // Whoever sends hears what is wrong only when all of it was taken; there is an end to that too.
            if bytes > LARGEST * MOST_DISCARDED {
                break;
            }
            if bytes <= LARGEST {
                file.write_all(&piece).await.map_err(|error| unkept(&error))?;
            }
        }
        if bytes > LARGEST {
            return Err(too_large());
        }
        file.sync_all().await.map_err(|error| unkept(&error))
    };
    match kept.await {
        Ok(()) => Ok(id),
        Err(refusal) => {
            fs::remove_file(&path).await.ok();
            Err(refusal)
        }
    }
}

/// A name as it is kept with the batch.
pub(super) fn name(given: &str) -> String {
    let name: String = given
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_NAME)
        .collect();
    if name.trim().is_empty() {
        "a table".to_owned()
    } else {
        name
    }
}

fn too_large() -> Refusal {
    let message = format!(
        "the table is larger than {} MB; publish it with `trunkline publish`, which reads it from where it is",
        LARGEST >> 20
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0961", message).at("file")
}

fn unkept(error: &io::Error) -> Refusal {
    tracing::error!(%error, "an uploaded table could not be kept");
    let message = format!("the data folder cannot keep the table: {error}");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TL0962", message)
}

/// What publishing refuses, as a refusal.
pub(crate) fn shown(error: &PublishError) -> Refusal {
    let message = format!("{}. {}", error.message.trim_end_matches('.'), error.advice);
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.code, message)
}

/// Forgets files of before a moment: those of batches that are forgotten by then too.
pub(crate) async fn forget(shared: &Shared, before: Timestamp) -> io::Result<()> {
    let mut entries = match fs::read_dir(folder(shared)).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    while let Some(entry) = entries.next_entry().await? {
        let path = entry.path();
        let is_old = changed_at(&path).await?.is_some_and(|at| at < before);
        if is_old {
            fs::remove_file(&path).await?;
        }
    }
    Ok(())
}

/// When a file last grew; its name says when it was made, which a row of its batch may be later than.
async fn changed_at(path: &Path) -> io::Result<Option<Timestamp>> {
    let about = fs::metadata(path).await?;
    if !about.is_file() {
        return Ok(None);
    }
    Ok(about.modified().ok().and_then(|at| Timestamp::try_from(at).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_called_as_its_owner_calls_it_and_leads_nowhere() {
        for (given, expected) in [
            ("people.csv", "people.csv"),
            ("C:\\exports\\people.csv", "people.csv"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb.csv", "ab.csv"),
            ("", "a table"),
            ("x/", "a table"),
        ] {
            assert_eq!(name(given), expected, "{given:?}");
        }
        assert_eq!(name(&"é".repeat(500)).chars().count(), LONGEST_NAME);
    }
}
