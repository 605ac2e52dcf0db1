//! Opening: what is there already, other formats, full disks, many at once.

use std::fs;

use trunkline_store::{KeySource, Location, Store};

use crate::{
    backends::{Place, at, entropy, on_each_place},
    connections::new,
};

fn file(place: &Place) -> std::path::PathBuf {
    Store::file_in(place.folder.path())
}

#[tokio::test]
async fn a_database_of_something_else_or_of_a_newer_format_is_left_as_it_is() {
    for (sql, code) in [
        ("CREATE TABLE notes (text)", "TL0501"),
        ("PRAGMA user_version = 3", "TL0501"),
        (
            "PRAGMA application_id = 0x54524b53; PRAGMA user_version = 99",
            "TL0502",
        ),
    ] {
        let place = Place::sqlite();
        rusqlite::Connection::open(file(&place))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        assert_eq!(place.open().await.unwrap_err().code(), code, "{sql}");
        let connection = rusqlite::Connection::open(file(&place)).unwrap();
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(tables.iter().all(|table| table == "notes"), "{tables:?}");
        assert!(!place.key_file().exists());
    }
}

#[tokio::test]
async fn what_is_no_database_or_no_address_is_refused_without_its_password() {
    let place = Place::sqlite();
    fs::write(
        file(&place),
        "this is a letter, and a long one at that, for a database",
    )
    .unwrap();
    assert_eq!(place.open().await.unwrap_err().code(), "TL0501");
    let folder = tempfile::tempdir().unwrap();
    let locations = [
        Location::Sqlite(folder.path().join("none/trunkline.db")),
        Location::Sqlite(folder.path().to_owned()),
        Location::Postgres("postgres://me:hush@127.0.0.1:1/none".into()),
        Location::Postgres("postgres://me:hush@127.0.0.1:port/none".into()),
        Location::Postgres("hush".into()),
    ];
    for location in locations {
        let key = KeySource::File(folder.path().join("secret.key"));
        let error = Store::open(&location, key, entropy(1)).await.unwrap_err();
        assert_eq!(error.code(), "TL0501", "{location:?}");
        assert!(
            !format!("{error} {error:?} {location:?}").contains("hush"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn two_processes_that_begin_a_store_at_once_agree() {
    on_each_place(async |place| {
        let key = tempfile::tempdir().unwrap();
        let source = || KeySource::File(Store::key_in(key.path()));
        // The key is made by the first; what races here are tables and the check of the key.
        Place::sqlite()
            .open_with(source(), 1)
            .await
            .unwrap()
            .close()
            .await;
        let (one, two) = tokio::join!(place.open_with(source(), 2), place.open_with(source(), 3));
        let (one, two) = (one.unwrap(), two.unwrap());
        one.add_connection(&new("acme"), at(0)).await.unwrap();
        assert_eq!(two.connection("acme").await.unwrap().name, "acme");
        one.close().await;
        two.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_takes_nothing_more() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    store.close().await;
    assert_eq!(
        store
            .add_connection(&new("acme"), at(0))
            .await
            .unwrap_err()
            .code(),
        "TL0504"
    );
    assert_eq!(store.ping().await.unwrap_err().code(), "TL0504");
}
