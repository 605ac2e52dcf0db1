//! What forgetting costs: a store is swept again and again while nearly everything in it is young.
//!
//! The one rule: what the writer reads from the file is counted by the system, so no statement is repeated here.

#![cfg(target_os = "linux")]

use std::{fs, path::PathBuf};

use jiff::SignedDuration;

use crate::backends::{Place, at};

/// Rows of each table, all of them young. With fewer a database may rather sort what an index finds than read all in order.
const ROWS: i64 = 40_000;
/// What a look at an index may read; each table holds many times as much.
pub(crate) const MOST: u64 = 200_000;
/// Each table, its columns, and their values for a number `i`, an id `id` and a moment `at`; `pad` is long.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "notifications",
        "workspace, dedup, topic, via, body, received_at, state, attempts, next_at",
        "'abcd1234', id, 't', 'app', CAST(pad AS BLOB), at, 'done', 1, at",
    ),
    ("requests", "connection, at, record", "'c', at, pad"),
    (
        "runs",
        "id, mirror, owner, state, started_at, finished_at, report",
        "id, 'all', 'o', 'complete', at, at, pad",
    ),
    (
        "action_runs",
        "id, workspace, action, input_digest, key, state, owner, fence, writes, outcome, started_at, ended_at, by_whom",
        "id, 'abcd1234', 'contacts.update', id, id, 'done', 'o', 1, 0, json_quote(pad), at, at, 'key'",
    ),
    (
        "flow_runs",
        "id, flow, version, cause, state, started_at, ended_at, records_read, delivered, filtered, dead, retried, calls, errors",
        "id, 'f', 1, 'schedule', 'done', at, at, 0, 0, 0, 0, 0, 0, json_array(pad)",
    ),
    (
        "dead_letters",
        "id, flow, destination, steps, code, message, attempts, first_at, last_at, state",
        "id, 'f', 'd', '[]', 'TL0811', pad, 1, at, at, 'waiting'",
    ),
    (
        "delivery_keys",
        "flow, destination, dedupe_key, lane, seq, done_at",
        "'f', 'd', pad || id, 1, i, at",
    ),
    (
        "alerts",
        "id, kind, subject, facts, began_at, held_at, ended_at",
        "id, 'k', id, json_array(pad), at, at, at",
    ),
    (
        "fates",
        "id, flow, run, version, origin, destination, outcome, record, joined, attempts, at",
        "id, 'f', 'r', 1, i, 'd', 'delivered', json_array(pad), 1, 1, at",
    ),
    (
        "audit",
        "at, by_whom, deed, subject",
        "at, 'key', 'actions.run', pad",
    ),
];

/// Bytes that the store's threads of this name have read from files, and how many threads these are.
pub(crate) fn read_by(name: &str) -> (u64, usize) {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let ours: Vec<PathBuf> = threads
        .map(|thread| thread.unwrap().path())
        .filter(|thread| fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim() == name))
        .collect();
    let read = ours.iter().map(|thread| {
        let io = fs::read_to_string(thread.join("io")).unwrap();
        let read = io.lines().find_map(|line| line.strip_prefix("rchar: "));
        read.and_then(|count| count.parse::<u64>().ok()).expect(&io)
    });
    (read.sum(), ours.len())
}

fn read_by_writer() -> u64 {
    let (read, threads) = read_by("store-writer");
    assert_eq!(threads, 1, "one store is open in this process");
    read
}

/// Puts the rows into a store that nobody has open.
pub(crate) fn fill(place: &Place) {
    let other = rusqlite::Connection::open(trunkline_store::Store::file_in(place.folder.path())).unwrap();
    other.pragma_update(None, "foreign_keys", false).unwrap();
    for (table, columns, values) in TABLES {
        let young = at(1_000).as_millisecond();
        let sql = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}), \
             r (i, at, id, pad) AS (SELECT i, {young} + i, printf('%08x-%04x-%08x', ({young} + i) >> 16, ({young} + i) & 65535, i), \
             hex(zeroblob(100)) FROM n) INSERT INTO {table} ({columns}) SELECT {values} FROM r"
        );
        other.execute_batch(&sql).expect(table);
    }
}

#[tokio::test]
async fn what_is_old_is_found_without_reading_what_is_young() {
    let place = Place::sqlite();
    place.open().await.unwrap().close().await;
    fill(&place);
    let store = place.open().await.unwrap();
    store.take_stock().await.unwrap();
    for (table, ..) in TABLES {
        let before = read_by_writer();
        let forgotten = match *table {
            "notifications" => store.forget_notifications(at(0)).await,
            "requests" => store.forget_requests(at(0)).await,
            "runs" => store.forget_runs(at(0)).await,
            "action_runs" => store.forget_action_runs(at(0), at(10_000)).await,
            "flow_runs" => store.forget_flow_runs(at(0)).await,
            "dead_letters" => store.forget_dead_letters(at(0), at(10_000)).await,
            "delivery_keys" => store.forget_dedupe_keys(at(0)).await,
            "alerts" => store.forget_alerts(at(0)).await,
            "fates" => store.forget_fates(None, at(0)).await,
            "audit" => store.forget_audit(at(0)).await,
            other => panic!("nothing forgets {other}"),
        };
        let read = read_by_writer() - before;
        assert_eq!(forgotten.unwrap(), 0, "{table}");
        assert!(read < MOST, "{table}: {read} bytes were read");
    }
    // It would count what is read: all of them are old now.
    let before = read_by_writer();
    let all = store
        .forget_flow_runs(at(0) + SignedDuration::from_hours(1))
        .await;
    assert_eq!(all.unwrap(), ROWS.unsigned_abs());
    assert!(read_by_writer() - before > MOST);
    store.close().await;
}
