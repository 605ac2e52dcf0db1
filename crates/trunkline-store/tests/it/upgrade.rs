//! Stores of every earlier format, in a file and in PostgreSQL, are brought up to date with all that they hold.
//!
//! The one rule: a fixture was made once and is never changed. Whoever adds a step to the tables adds the two of the format before it,
//! with a row in each new table.

use std::{fs, os::unix::fs::PermissionsExt as _};

use secrecy::ExposeSecret as _;
use trunkline_store::{
    ActionRunFilter, ActionRunState, AuditFilter, BatchFilter, DeadLetterFilter, FateFilter, FlowRunFilter,
    FlowState, Location, NewDelivery, NotificationFilter, Store, WriteState,
};

use crate::{
    backends::{Place, at, on_each_place},
    flows, queue,
};

/// A store of each released format, in the words of SQLite and of PostgreSQL.
const KEPT: [(u32, &str, &str); 7] = [
    (
        1,
        include_str!("../fixtures/format-1.sql"),
        include_str!("../fixtures/format-1.postgres.sql"),
    ),
    (
        2,
        include_str!("../fixtures/format-2.sql"),
        include_str!("../fixtures/format-2.postgres.sql"),
    ),
    (
        3,
        include_str!("../fixtures/format-3.sql"),
        include_str!("../fixtures/format-3.postgres.sql"),
    ),
    (
        4,
        include_str!("../fixtures/format-4.sql"),
        include_str!("../fixtures/format-4.postgres.sql"),
    ),
    (
        5,
        include_str!("../fixtures/format-5.sql"),
        include_str!("../fixtures/format-5.postgres.sql"),
    ),
    (
        6,
        include_str!("../fixtures/format-6.sql"),
        include_str!("../fixtures/format-6.postgres.sql"),
    ),
    (
        7,
        include_str!("../fixtures/format-7.sql"),
        include_str!("../fixtures/format-7.postgres.sql"),
    ),
];
const KEPT_KEY: &str = include_str!("../fixtures/secret.key");

/// Puts a kept store where a new one would be.
async fn put(place: &Place, sqlite: &str, postgres: &str) {
    match &place.location {
        Location::Sqlite(file) => {
            let kept = rusqlite::Connection::open(file).unwrap();
            kept.execute_batch(sqlite).unwrap();
        }
        Location::Postgres(_) => {
            let kept = place.connect().await.unwrap();
            kept.batch_execute(postgres).await.unwrap();
        }
    }
    fs::write(place.key_file(), KEPT_KEY).unwrap();
    fs::set_permissions(place.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_store_of_every_earlier_format_is_brought_up_to_date() {
    for (format, sqlite, postgres) in KEPT {
        on_each_place(async |place| {
            put(place, sqlite, postgres).await;
            let store = place.open().await.unwrap();
            let now = store.extent().await.unwrap().format;
            assert_eq!(now, KEPT.len() as u64 + 1, "each format but today's is kept");
            assert_kept(&store, format).await;
            if format >= 2 {
                assert_kept_flows(&store).await;
            }
            if format >= 3 {
                let pushes = store.pushes("kept-flow", (0, 10), 10).await.unwrap();
                assert_eq!(pushes.len(), 1, "format {format}");
            }
            if format >= 4 {
                let standing = store.standing_alerts().await.unwrap();
                assert_eq!(standing[0].subject, "kept-flow", "format {format}");
            }
            if format >= 5 {
                assert_eq!(store.people().await.unwrap()[0].name, "ann", "format {format}");
                let deeds = store.audit(&AuditFilter::default(), 10).await.unwrap();
                assert_eq!(deeds[0].deed, "connection.added", "format {format}");
            }
            if format >= 6 {
                let retention = store.retention().await.unwrap();
                assert_eq!(retention["flow_runs"], 864_000, "format {format}");
            }
            if format >= 7 {
                let of_record = FateFilter {
                    record: Some("4711".to_owned()),
                    ..FateFilter::default()
                };
                let fates = store.fates(&of_record, 10).await.unwrap();
                assert_eq!(fates[0].destination, "out", "format {format}");
            }
            flows::begin(&store, "new-flow").await;
            let delivery = NewDelivery {
                flow: "new-flow".to_owned(),
                ..queue::new("k", "a")
            };
            assert_eq!(store.enqueue(&[delivery], 1, at(0)).await.unwrap().new, 1);
            store.close().await;
        })
        .await;
    }
}

/// What a store of every format has.
async fn assert_kept(store: &Store, format: u32) {
    let connection = store.connection("acme").await.unwrap();
    let secrets = store.connection_secrets(&connection.id).await.unwrap();
    assert_eq!(
        secrets.token.unwrap().expose_secret(),
        "kept-token",
        "format {format}"
    );
    assert_eq!(
        store.app_secret("mine-of-old").await.unwrap_err().code(),
        "TL0507"
    );
    assert_eq!(store.apps().await.unwrap()[0].name, "mine");
    assert_eq!(store.mirrors().await.unwrap()[0].name, "all");
    assert_eq!(store.keys().await.unwrap()[0].name, "ops");
    let kept = store
        .notifications(&NotificationFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(kept[0].topic, "ping");
    let runs = store
        .action_runs(&ActionRunFilter::default(), 10, at(0))
        .await
        .unwrap();
    let record = store.action_record(&runs[1].id, at(0)).await.unwrap();
    assert_eq!(record.run.key.as_deref(), Some("kept-key"));
    assert_eq!(record.writes[0].state, WriteState::Done);
    assert_eq!(runs[0].undo_of, Some(record.run.id));
    assert_eq!(runs[0].state, ActionRunState::Interrupted);
    let batches = store.batches(&BatchFilter::default(), 10, at(0)).await.unwrap();
    assert_eq!(batches[0].progress.rows_done, 3);
}

/// What a store of format 2 has of flows.
async fn assert_kept_flows(store: &Store) {
    let flow = store.flow("kept-flow").await.unwrap();
    assert_eq!((flow.version, flow.state), (3, FlowState::Paused));
    let checkpoint = store.checkpoint("kept-flow", "contacts").await.unwrap().unwrap();
    assert_eq!(
        (checkpoint.cursor.as_str(), checkpoint.fence),
        ("{\"updated_at\":1}", 4)
    );
    let runs = store.flow_runs(&FlowRunFilter::default(), 10).await.unwrap();
    assert_eq!((runs[0].counts.read, runs[0].counts.errors["TL0105"]), (7, 1));
    let letters = store
        .dead_letters(&DeadLetterFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(letters[0].failure.message, "gone");
    let waiting = store.count_dead_letters().await.unwrap();
    assert_eq!((waiting[0].flow.as_str(), waiting[0].count), ("kept-flow", 1));
    store
        .set_flow_state("kept-flow", FlowState::Active)
        .await
        .unwrap();
    let repeat = |dedupe: &str| NewDelivery {
        flow: "kept-flow".to_owned(),
        ..queue::once(dedupe, queue::new("k", "b"))
    };
    let batch = [repeat("d7"), repeat("d8"), repeat("d10")];
    let done = store.enqueue(&batch, 4, at(0)).await.unwrap();
    assert_eq!((done.new, done.repeats), (1, 2));
    let mut kept = Vec::new();
    for lane in store.claim(&queue::claim("a"), at(60)).await.unwrap() {
        kept.extend(lane.deliveries.into_iter().map(|delivery| delivery.record));
    }
    kept.sort_unstable();
    assert_eq!(kept, ["\"b\"", "{\"n\":8}", "{\"n\":9}"]);
}
