//! One round: what changed in the mirror since the target's position is brought to it, or everything where that is not known.
//!
//! The one rule: the position is the target's own. What the mirror notes of it only says what its feed may forget.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Appetite, Counts, Extent, TableReport, TableShape, Target, TargetError, TargetReport,
    chunks::{Snapshot, touch},
    custom,
};
use crate::feed::{self, Feed, FeedOptions};

/// When a round happens, and a name that nothing else has.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Names the feed if it has to be switched on, so that a mirror file that was made anew is told from the one before; and what the round
    /// makes under names of its own.
    pub feed: String,
}

/// Brings a target up to the mirror.
///
/// # Errors
/// When the mirror cannot be read, or the target not be written: then it is as it was.
pub async fn bring_up<T: Target>(
    mirror: &Path,
    target: &mut T,
    moment: &Moment,
) -> Result<TargetReport, TargetError> {
    let began = Instant::now();
    let name = target.name().to_owned();
    // The feed is on before anything is read, so that nothing falls between.
    let feed = open(mirror, &name, moment).await?;
    let standing = target.begin(moment).await?;
    let snapshot = Snapshot::open(mirror).await?;
    let (workspace, end) = snapshot
        .read(|connection| Ok((workspace(connection)?, feed::end(connection)?)))
        .await?;
    if let Some(held) = standing.workspace.as_ref().filter(|held| **held != workspace) {
        return Err(TargetError::OtherWorkspace {
            target: name,
            held: held.clone(),
            found: workspace,
        });
    }
    let held_position = standing.position.clone();
    let touched: Option<BTreeMap<String, u64>> = snapshot
        .read(move |connection| match held_position {
            Some(position) if feed::resumes(connection, &position)? => {
                touch(connection, position.seq).map(|touched| Some(touched.into_iter().collect()))
            }
            _ => Ok(None),
        })
        .await?;
    let appetite = target.appetite();
    let shapes = shapes(&snapshot, &standing.custom, touched.clone(), appetite).await?;
    let whole = target.prepare(&shapes).await?;
    let mut tables = Vec::new();
    for shape in &shapes {
        let extent = if whole.contains(&shape.name) {
            Some(Extent::Whole)
        } else {
            extent(touched.as_ref(), appetite, shape.source())
        };
        let Some(extent) = extent else { continue };
        let counts = target.write(shape, extent, snapshot.rows(shape, extent)).await?;
        tracing::debug!(table = shape.name, ?extent, ?counts, "a table was written");
        if counts != Counts::default() {
            tables.push(TableReport {
                table: shape.name.clone(),
                counts,
            });
        }
    }
    target.commit(&workspace, &end).await?;
    let (seq, now) = (end.seq, moment.now);
    let acknowledged = tokio::task::spawn_blocking(move || feed.acknowledge(seq, now)).await;
    // The target has everything; what the feed could not let go of now, it lets go of after the next round.
    if let Ok(Err(error)) = acknowledged {
        tracing::warn!(%error, "the mirror could not note how far its target is");
    }
    Ok(TargetReport {
        to: name,
        snapshot: touched.is_none(),
        tables,
        position: seq,
        seconds: began.elapsed().as_secs_f64(),
    })
}

async fn open(mirror: &Path, reader: &str, moment: &Moment) -> Result<Feed, TargetError> {
    let options = FeedOptions {
        reader: reader.to_owned(),
        keeps_before: false,
        name: moment.feed.clone(),
        now: moment.now,
    };
    let path = mirror.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || Feed::open(&path, &options)).await;
    match opened {
        Ok(feed) => Ok(feed?),
        Err(error) => Err(TargetError::Failed {
            target: reader.to_owned(),
            doing: "opening the mirror's feed".to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// How much of a table is given; nothing when it did not change.
fn extent(touched: Option<&BTreeMap<String, u64>>, appetite: Appetite, source: &str) -> Option<Extent> {
    match (touched, appetite) {
        (None, _) => Some(Extent::Whole),
        (Some(touched), _) if !touched.contains_key(source) => None,
        (Some(_), Appetite::Tables) => Some(Extent::Whole),
        (Some(_), Appetite::Rows) => Some(Extent::Changed),
    }
}

async fn shapes(
    snapshot: &Snapshot,
    held: &BTreeMap<String, BTreeMap<String, super::CellKind>>,
    touched: Option<BTreeMap<String, u64>>,
    appetite: Appetite,
) -> Result<Vec<TableShape>, TargetError> {
    let held = held.clone();
    let shapes = snapshot
        .read(move |connection| {
            let mut shapes: Vec<TableShape> = feed::tables(connection)?.iter().map(TableShape::of).collect();
            shapes.extend(custom::shapes(connection, &held, |table| {
                extent(touched.as_ref(), appetite, table)
            })?);
            Ok(shapes)
        })
        .await?;
    Ok(shapes)
}

fn workspace(connection: &rusqlite::Connection) -> Result<String, rusqlite::Error> {
    connection.query_row(
        "SELECT coalesce(max(id_code), '') FROM _trunkline_workspace",
        [],
        |row| row.get(0),
    )
}
