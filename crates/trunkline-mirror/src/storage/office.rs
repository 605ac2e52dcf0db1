//! Minutes within office hours, kept beside the conversations: what `conversation_metrics` shows in its `office_` columns.
//!
//! The one rule: after [`derive`] every row is what the schedule gives for what the mirror holds. Only what changed is
//! computed again: a conversation is noted as stale in the transaction that changes it or a part of it, and all of them are when the
//! schedule changes. A workspace without a schedule pays nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, Error, OptionalExtension as _, params};

use crate::analytics::{hours::OfficeHours, models, schedules};

/// Conversations that are computed in one transaction.
const CHUNK: usize = 2_000;

/// Whether the mirror keeps these minutes: it had a schedule when they were last computed.
pub(super) fn is_kept(connection: &Connection) -> Result<bool, Error> {
    Ok(kept(connection)?.is_some_and(|fingerprint| !fingerprint.is_empty()))
}

fn kept(connection: &Connection) -> Result<Option<String>, Error> {
    connection
        .prepare_cached("SELECT value FROM _trunkline_meta WHERE key = 'office_hours'")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// Notes conversations whose minutes may be others now. Runs inside the transaction that changes them.
pub(super) fn note(connection: &Connection, touched: &mut BTreeSet<String>) -> Result<(), Error> {
    let mut statement = connection
        .prepare_cached("INSERT OR IGNORE INTO _trunkline_office_stale (conversation_id) VALUES (?1)")?;
    for id in std::mem::take(touched) {
        statement.execute([id])?;
    }
    Ok(())
}

/// Computes what is stale.
pub(super) fn derive(connection: &Connection) -> Result<(), Error> {
    models::keep_plans(connection, true)?;
    let outcome = compute_stale(connection);
    models::keep_plans(connection, false)?;
    outcome
}

fn compute_stale(connection: &Connection) -> Result<(), Error> {
    let schedule = schedules::schedules(connection)?
        .into_iter()
        .find(|schedule| schedule.hours.is_some());
    let fingerprint = schedule
        .as_ref()
        .map_or("", |schedule| schedule.fingerprint.as_str());
    if kept(connection)?.unwrap_or_default() != fingerprint {
        whole(connection, |connection| begin_anew(connection, fingerprint))?;
    }
    let Some((id, hours)) = schedule.and_then(|schedule| Some((schedule.id, schedule.hours?))) else {
        return Ok(());
    };
    loop {
        let stale: Vec<String> = connection
            .prepare_cached("SELECT conversation_id FROM _trunkline_office_stale LIMIT ?1")?
            .query_map([i64::try_from(CHUNK).unwrap_or(i64::MAX)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if stale.is_empty() {
            return Ok(());
        }
        whole(connection, |connection| {
            stale
                .iter()
                .try_for_each(|conversation| compute(connection, conversation, &id, &hours))
        })?;
    }
}

/// Another schedule holds, or none any more.
fn begin_anew(connection: &Connection, fingerprint: &str) -> Result<(), Error> {
    connection
        .execute_batch("DELETE FROM _trunkline_office_minutes; DELETE FROM _trunkline_office_stale;")?;
    if !fingerprint.is_empty() {
        connection.execute(
            "INSERT INTO _trunkline_office_stale (conversation_id) SELECT id FROM conversations WHERE _deleted_at IS NULL",
            [],
        )?;
    }
    connection.execute(
        "INSERT INTO _trunkline_meta (key, value) VALUES ('office_hours', ?1) \
         ON CONFLICT DO UPDATE SET value = excluded.value",
        [fingerprint],
    )?;
    Ok(())
}

fn compute(
    connection: &Connection,
    conversation: &str,
    schedule: &str,
    hours: &OfficeHours,
) -> Result<(), Error> {
    let moments: Option<[Option<String>; 5]> = connection
        .prepare_cached(
            "SELECT created_at, asked_at, first_response_at, first_close_at, resolved_at \
             FROM conversation_metrics WHERE conversation_id = ?1",
        )?
        .query_row([conversation], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
        })
        .optional()?;
    match moments {
        Some([created, asked, response, close, resolved]) => {
            let between = |from: &Option<String>, to: &Option<String>| {
                let (from, to) = (moment(from.as_ref()?)?, moment(to.as_ref()?)?);
                Some(hours.minutes_between(from, to))
            };
            connection
                .prepare_cached(
                    "INSERT INTO _trunkline_office_minutes \
                     (conversation_id, schedule_id, to_first_response, to_first_close, to_resolution) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET schedule_id = excluded.schedule_id, \
                     to_first_response = excluded.to_first_response, to_first_close = excluded.to_first_close, \
                     to_resolution = excluded.to_resolution",
                )?
                .execute(params![
                    conversation,
                    schedule,
                    between(&asked, &response),
                    between(&created, &close),
                    between(&created, &resolved),
                ])?;
        }
        None => {
            connection
                .prepare_cached("DELETE FROM _trunkline_office_minutes WHERE conversation_id = ?1")?
                .execute([conversation])?;
        }
    }
    connection
        .prepare_cached("DELETE FROM _trunkline_office_stale WHERE conversation_id = ?1")?
        .execute([conversation])?;
    Ok(())
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Runs `work` as one transaction.
fn whole(connection: &Connection, work: impl FnOnce(&Connection) -> Result<(), Error>) -> Result<(), Error> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcome = work(connection).and_then(|()| connection.execute_batch("COMMIT"));
    if outcome.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    outcome
}
