//! Backups.

use std::{fs, os::unix::fs::PermissionsExt as _};

use secrecy::ExposeSecret as _;
use trunkline_store::{
    BatchBegun, BatchProgress, DeadLetterFilter, FateFilter, FlowRunFilter, KeySource, Location, Store,
};

use crate::{
    backends::{Place, at, entropy, on_each_place},
    batches,
    connections::new,
    dead_letters, fates, flow_runs, flows,
    journal::{self, LIFE},
    queue,
};

#[tokio::test]
async fn a_backup_is_one_moment_of_a_store_in_use_and_restores_with_its_key() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
    let copy = place.folder.path().join("copy");
    store.backup(&copy).await.unwrap();
    store.add_connection(&new("later"), at(1)).await.unwrap();
    assert_eq!(
        store.backup(&copy).await.unwrap_err().code(),
        "TL0517",
        "a backup is never written over"
    );
    store.close().await;
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    let elsewhere = Place::sqlite();
    let folder = elsewhere.folder.path().join("new");
    Store::restore(&copy, &folder).unwrap();
    assert_eq!(
        Store::restore(&copy, &folder).unwrap_err().code(),
        "TL0517",
        "nor is a store"
    );
    let location = Location::Sqlite(Store::file_in(&folder));
    let key = || KeySource::File(Store::key_in(&folder));
    let without = Store::open(&location, key(), entropy(5)).await.unwrap_err();
    assert_eq!(without.code(), "TL0506", "the key is not in the backup");
    fs::copy(place.key_file(), Store::key_in(&folder)).unwrap();
    let restored = Store::open(&location, key(), entropy(5)).await.unwrap();
    let names: Vec<_> = restored
        .connections()
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.name)
        .collect();
    assert_eq!(names, ["acme"]);
    let secrets = restored.connection_secrets(&added.id).await.unwrap();
    assert_eq!(secrets.token.unwrap().expose_secret(), "dG9rOmh1c2g=");
    restored.close().await;
    let left: Vec<_> = fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_backup_has_the_journal_and_the_batches() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    let holder = store.be_holder(LIFE, at(0)).await.unwrap();
    let run = journal::held(
        store
            .begin_and_send(
                &journal::new(Some("k")),
                &journal::write("contacts/1"),
                &holder,
                at(0),
            )
            .await
            .unwrap(),
    );
    let BatchBegun::Held(batch, _) = store
        .begin_batch(&batches::new("d"), &holder, at(0))
        .await
        .unwrap()
    else {
        panic!("it is new");
    };
    let progress = BatchProgress {
        rows_done: 7,
        ..BatchProgress::default()
    };
    store.advance_batch(&batch, &progress, at(1)).await.unwrap();
    let copy = place.folder.path().join("copy");
    store.backup(&copy).await.unwrap();
    let before = store.action_record(&run.id, at(1)).await.unwrap();
    store.close().await;

    let folder = place.folder.path().join("new");
    Store::restore(&copy, &folder).unwrap();
    let location = Location::Sqlite(Store::file_in(&folder));
    let restored = Store::open(&location, KeySource::File(place.key_file()), entropy(5))
        .await
        .unwrap();
    assert_eq!(restored.action_record(&run.id, at(1)).await.unwrap(), before);
    assert_eq!(restored.batch(&batch.id, at(1)).await.unwrap().progress, progress);
    restored.close().await;
}

/// Every row of every table of a file, and the last number of each that counts.
fn everything(file: &std::path::Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let list = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_stat1'";
    let mut tables = connection.prepare(list).unwrap();
    let tables = tables.query_map([], |row| row.get(0)).unwrap();
    let mut all = Vec::new();
    for table in tables.map(rusqlite::Result::<String>::unwrap) {
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut found = rows.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> = (0..columns)
                .map(|at| match row.get_ref(at).unwrap() {
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    other => format!("{other:?}"),
                })
                .collect();
            all.push(format!("{table}: {}", values.join(", ")));
        }
    }
    all.sort_unstable();
    all
}

/// Something of most kinds, and a greatest number whose row is gone.
async fn filled(store: &Store) {
    store.add_connection(&new("acme"), at(0)).await.unwrap();
    flows::begin(store, "vip").await;
    let many: Vec<_> = (0..120).map(|at| queue::new(&format!("k{at}"), "a")).collect();
    store.enqueue(&many, 1_000, at(0)).await.unwrap();
    store.begin_flow_run(&flow_runs::new("vip"), at(0)).await.unwrap();
    let letter = dead_letters::letter("out", "TL0105");
    store.add_dead_letter(&letter, at(0)).await.unwrap();
    store.add_fates("vip", &[fates::new("run", 1)]).await.unwrap();
    let holder = store.be_holder(LIFE, at(0)).await.unwrap();
    store
        .begin_and_send(
            &journal::new(Some("k")),
            &journal::write("contacts/1"),
            &holder,
            at(0),
        )
        .await
        .unwrap();
    for number in 0..3 {
        store
            .note_deed("ann", "keys.add", &number.to_string(), at(number))
            .await
            .unwrap();
        store
            .push("vip", &[(None, "{\"n\":\"\u{e4}\"}".to_owned())], at(number))
            .await
            .unwrap();
    }
    store.forget_pushes("vip", i64::MAX, at(100)).await.unwrap();
}

#[tokio::test]
async fn a_backup_of_either_place_restores_into_either_with_every_row_and_number() {
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        filled(&store).await;
        let copy = place.folder.path().join("copy");
        store.backup(&copy).await.unwrap();
        store.close().await;
        let expected = everything(&copy);
        on_each_place(async |target| {
            let restore = async || match &target.location {
                Location::Sqlite(_) => Store::restore(&copy, target.folder.path()),
                Location::Postgres(url) => Store::restore_into(&copy, target.folder.path(), url).await,
            };
            restore().await.unwrap();
            assert!(["TL0517", "TL0519"].contains(&restore().await.unwrap_err().code()));
            fs::copy(place.key_file(), target.key_file()).unwrap();
            let restored = target.open().await.unwrap();
            let again = target.folder.path().join("again");
            restored.backup(&again).await.unwrap();
            let found = everything(&again);
            let lost: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
            let made_up: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
            assert!(lost.is_empty() && made_up.is_empty(), "{lost:#?} {made_up:#?}");
            // A number that was given once is never given again, or a reader would pass over its row.
            restored
                .push("vip", &[(None, "{}".to_owned())], at(9))
                .await
                .unwrap();
            assert_eq!(restored.pushes("vip", (0, 9), 9).await.unwrap()[0].seq, 4);
            restored.close().await;
            let left = fs::read_dir(target.folder.path()).unwrap();
            let left = left.filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .path()
                    .to_string_lossy()
                    .contains("partial")
            });
            assert_eq!(left.count(), 0);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_store_is_not_restored() {
    let place = Place::sqlite();
    let file = place.folder.path().join("file");
    let check = |code: &str| {
        let folder = place.folder.path().join("into");
        let error = Store::restore(&file, &folder).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!Store::file_in(&folder).exists());
    };
    check("TL0501");
    fs::write(&file, "not a database, but quite a long text for one").unwrap();
    check("TL0501");
    fs::write(&file, "").unwrap();
    check("TL0501");
    for (sql, code) in [
        ("CREATE TABLE notes (text)", "TL0501"),
        (
            "PRAGMA application_id = 0x54524b53; PRAGMA user_version = 99",
            "TL0502",
        ),
    ] {
        fs::remove_file(&file).unwrap();
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        check(code);
    }
}

#[tokio::test]
async fn several_processes_that_begin_in_one_folder_agree_on_a_key() {
    on_each_place(async |place| {
        let file = || KeySource::File(place.key_file());
        let (one, two, three) = tokio::join!(
            place.open_with(file(), 1),
            place.open_with(file(), 2),
            place.open_with(file(), 3)
        );
        for store in [one, two, three] {
            store.unwrap().close().await;
        }
        place.open().await.unwrap().close().await;
        assert_eq!(fs::read_to_string(place.key_file()).unwrap().lines().count(), 1);
        for entry in fs::read_dir(place.folder.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with("secret.key."), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_backup_has_flows_and_what_they_still_have_to_deliver() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    flows::begin(&store, "vip").await;
    let batch = [queue::once("d", queue::new("k", "a")), queue::new("", "b")];
    store.enqueue(&batch, 2, at(0)).await.unwrap();
    store.begin_flow_run(&flow_runs::new("vip"), at(0)).await.unwrap();
    let letter = dead_letters::letter("out", "TL0105");
    store.add_dead_letter(&letter, at(0)).await.unwrap();
    store.add_fates("vip", &[fates::new("run", 1)]).await.unwrap();
    let lease = store
        .take_lease(&Store::flow_lease("vip"), "a", LIFE, at(0))
        .await
        .unwrap()
        .unwrap();
    store
        .save_checkpoint("vip", "contacts", "1", &lease, at(0))
        .await
        .unwrap();
    let held = store.claim(&queue::claim("a"), at(0)).await.unwrap();
    let copy = place.folder.path().join("copy");
    store.backup(&copy).await.unwrap();
    store.remove_flow("vip", true).await.unwrap();
    store.close().await;

    let folder = place.folder.path().join("new");
    Store::restore(&copy, &folder).unwrap();
    let location = Location::Sqlite(Store::file_in(&folder));
    let restored = Store::open(&location, KeySource::File(place.key_file()), entropy(5))
        .await
        .unwrap();
    assert_eq!(restored.checkpoints("vip").await.unwrap().len(), 1);
    assert_eq!(
        restored
            .flow_runs(&FlowRunFilter::default(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        restored
            .dead_letters(&DeadLetterFilter::default(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    let fates = restored.fates(&FateFilter::default(), 10).await.unwrap();
    assert_eq!(fates.len(), 1);
    let again = restored.enqueue(&batch[..1], 2, at(0)).await.unwrap();
    assert_eq!(again.repeats, 1);
    let waiting = restored.claim(&queue::claim("b"), at(60)).await.unwrap();
    assert_eq!(waiting.len(), held.len());
    restored.close().await;
}
