//! Is the mirror complete? Asks for the totals again and compares them with what is held.
//!
//! The one rule: nothing is written, and a stream that is out of reach is named as such, never as complete.

use trunkline_client::{Client, Priority};

use crate::{
    report::{CompletenessReport, StreamCompleteness, StreamState},
    storage::{Storage, StreamCompleteness as Held},
    sync::{SyncError, lacking, state_of, stated_total, who_am_i},
};

/// Compares the mirror with the totals that the API states now.
///
/// # Errors
/// When the token does not work, or the mirror cannot be read or is another workspace's.
pub async fn verify(client: &Client, storage: &Storage) -> Result<CompletenessReport, SyncError> {
    let me = who_am_i(client, Priority::Interactive).await?;
    if let Some(held) = storage.workspace().await?
        && held.id_code != me.app.id_code
    {
        return Err(SyncError::Storage(crate::storage::StorageError::OtherWorkspace {
            path: storage.path().to_path_buf(),
            held: held.id_code,
            found: me.app.id_code,
        }));
    }
    let held = storage.completeness().await?;
    let mut streams = Vec::with_capacity(held.streams.len());
    for stream in &held.streams {
        streams.push(compare(client, stream).await);
    }
    Ok(CompletenessReport {
        streams,
        lacking: lacking(held),
    })
}

async fn compare(client: &Client, held: &Held) -> StreamCompleteness {
    let fact = |kind: &str| held.notes.get(kind).filter(|value| !value.is_empty());
    let mut line = StreamCompleteness {
        stream: held.stream,
        held: held.rows,
        deleted: held.deleted,
        stated: fact("stated_total").and_then(|value| value.parse().ok()),
        missing: 0,
        surplus: 0,
        why: ["empty_by_permission", "not_in_version", "not_asked_for", "failed"]
            .into_iter()
            .find_map(fact)
            .cloned(),
        out_of_reach: ["empty_by_permission", "not_in_version", "not_asked_for"]
            .into_iter()
            .any(|kind| fact(kind).is_some()),
    };
    // Only what a run has read can be expected to be there.
    if fact("stated_total").is_some() || (held.rows > 0 && !line.out_of_reach) {
        match stated_total(client, held.stream, Priority::Interactive).await {
            Ok(Some(total)) => line.stated = Some(total),
            Ok(None) => {}
            Err(error) => {
                line.out_of_reach |= matches!(
                    state_of(&error),
                    StreamState::EmptyByPermission | StreamState::NotInVersion
                );
                line.why = Some(error.to_string());
            }
        }
    }
    if let Some(stated) = line.stated.filter(|_| !line.out_of_reach) {
        line.missing = stated.saturating_sub(line.held);
        line.surplus = line.held.saturating_sub(stated);
    }
    line
}
