//! What a process that ran for long has in its store: as many notifications, requests, runs, writes and deeds as are asked for.
//!
//! The one rule: the rows look as the process writes them, spread over six days, so that nothing of it is forgotten at once and every list
//! has pages; what goes wrong is rare, as it is.

use std::path::Path;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, params};

/// Over how many milliseconds it is spread, up to an hour ago.
const SPREAD: i64 = 6 * 24 * 3_600_000;
/// The numbers from 0, the moment of each before the one that is given, and an id as the store makes them, which sorts by that moment.
const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1), \
     timed(i, at) AS (SELECT i, (?3 - 3600) * 1000 - ?2 + i * ?2 / ?1 FROM n), \
     r(i, at, id) AS (SELECT i, at, printf('%08x-%04x-7%03x-8000-%012x', at >> 16, at & 65535, i % 4096, i) FROM timed) ";

/// The moment that a whole filling counts from, in seconds; every table has the same ids by it.
fn now(database: &Connection) -> Result<i64> {
    Ok(database.query_row("SELECT unixepoch('now')", [], |row| row.get(0))?)
}

/// Makes as many dead letters as are asked for: copies of those that a flow really gave up.
pub(super) fn more_letters(folder: &Path, wanted: u64) -> Result<()> {
    let database = Connection::open(folder.join("trunkline.db"))?;
    database.execute_batch(
        "CREATE TEMP TABLE given AS SELECT row_number() OVER () - 1 AS number, * FROM dead_letters; \
         CREATE UNIQUE INDEX temp.given_by_number ON given (number)",
    )?;
    let given: i64 = database.query_row("SELECT count(*) FROM given", [], |row| row.get(0))?;
    let more = i64::try_from(wanted)? - given;
    if given == 0 || more <= 0 {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO dead_letters (id, flow, destination, run, key, dedupe_key, source_record, record, steps, request, answer, code, \
         message, attempts, first_at, last_at, state, head) {ROWS} SELECT r.id, flow, destination, run, key, NULL, source_record, record, \
         steps, request, answer, code, message, attempts, r.at, r.at, state, head FROM r JOIN given ON given.number = r.i % ?4"
    );
    database.execute(&sql, params![more, SPREAD, now(&database)?, given])?;
    Ok(())
}

/// Fills the store of a folder.
pub(super) fn fill(folder: &Path, rows: u64) -> Result<()> {
    if rows == 0 {
        return Ok(());
    }
    let database = Connection::open(folder.join("trunkline.db"))?;
    let (connection, workspace): (String, String) =
        database.query_row("SELECT id, workspace FROM connections", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let count = i64::try_from(rows)?;
    let now = now(&database)?;
    let insert = |table: &str, columns: &str, values: &str| -> Result<()> {
        let sql = format!("INSERT INTO {table} ({columns}) {ROWS} SELECT {values} FROM r WHERE ?4 <> ?5");
        database
            .execute(&sql, params![count, SPREAD, now, connection, workspace])
            .map(drop)
            .with_context(|| format!("filling {table}"))
    };
    insert(
        "notifications",
        "workspace, dedup, notification, topic, via, body, received_at, created_at, state, attempts, next_at, error",
        "?5, 'notif_' || id, 'notif_' || id, \
         CASE WHEN i % 3 = 0 THEN 'contact.user.updated' WHEN i % 3 = 1 THEN 'conversation.user.replied' ELSE 'ticket.created' END, \
         'app', CAST(printf('{\"type\":\"notification_event\",\"id\":\"notif_%s\",\"data\":{\"item\":{\"id\":\"%d\",\"body\":\"%s\"}}}', \
         id, i, hex(zeroblob(300))) AS BLOB), at, at, CASE WHEN i % 1000 = 7 THEN 'failed' ELSE 'done' END, 1, at, \
         CASE WHEN i % 1000 = 7 THEN 'no answer' END",
    )?;
    insert(
        "requests",
        "connection, at, status, record",
        "?4, at, CASE WHEN i % 500 = 3 THEN 429 WHEN i % 5000 = 4 THEN NULL ELSE 200 END, \
         json_object('at', strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch'), 'operation', 'contacts.search', 'method', 'POST', \
         'url', '/contacts/search', 'status', 200, 'millis', 40, 'request_id', id)",
    )?;
    insert(
        "flow_runs",
        "id, flow, version, cause, state, started_at, ended_at, records_read, delivered, filtered, dead, retried, calls, errors",
        "id, 'broken', 1, 'schedule', \
         CASE WHEN i % 1000 = 1 THEN 'failed' ELSE 'done' END, at, at + 900, 10, 10, 0, 0, 0, 1, '{}'",
    )?;
    insert(
        "action_runs",
        "id, workspace, action, input_digest, state, owner, fence, writes, outcome, started_at, ended_at, by_whom",
        "id, ?5, CASE WHEN i % 2 = 0 THEN 'contacts.update' ELSE 'contacts.upsert' END, hex(i), \
         CASE WHEN i % 1000 = 2 THEN 'failed' ELSE 'done' END, 'bench', 1, 1, '{\"id\":\"1\"}', at, at + 300, 'bench'",
    )?;
    insert("action_inputs", "run, input", "id, '{\"name\":\"somebody\"}'")?;
    insert(
        "action_writes",
        "run, seq, operation, subject, path, payload, before, after, inverse, state, status, sent_at, answered_at",
        "id, 1, 'contacts.update', 'contacts/' || (i % 100000), '{\"id\":\"1\"}', '{\"name\":\"somebody\"}', '{\"name\":\"nobody\"}', \
         '{\"name\":\"somebody\"}', NULL, 'done', 200, at, at + 200",
    )?;
    insert(
        "audit",
        "at, by_whom, deed, subject",
        "at, 'key bench', 'actions.run', 'contacts.update'",
    )
}
