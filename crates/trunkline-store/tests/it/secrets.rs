//! Secrets at rest: keys, rotation, and what never leaves.

use std::{fs, os::unix::fs::PermissionsExt as _};

use secrecy::ExposeSecret as _;
use trunkline_store::{KeySource, Location};

use crate::{
    backends::{Place, at, on_each_place},
    connections::new,
};

#[tokio::test]
async fn a_key_file_is_made_for_its_owner_alone_and_opens_the_store_again() {
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        store.close().await;
        let mode = fs::metadata(place.key_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let store = place.open().await.unwrap();
        let secrets = store.connection_secrets(&added.id).await.unwrap();
        assert_eq!(secrets.token.unwrap().expose_secret(), "dG9rOmh1c2g=");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_wrong_missing_open_to_others_or_damaged_is_refused() {
    on_each_place(async |place| {
        place.open().await.unwrap().close().await;
        let other = Place::sqlite();
        other
            .open_with(KeySource::File(other.key_file()), 8)
            .await
            .unwrap()
            .close()
            .await;
        let wrong = KeySource::File(other.key_file());
        assert_eq!(place.open_with(wrong, 9).await.unwrap_err().code(), "TL0505");
        let file = place.key_file();
        let good = fs::read_to_string(&file).unwrap();
        let check = async |code: &str, what: &str| {
            let error = place.open().await.unwrap_err();
            assert_eq!(error.code(), code, "{what}: {error}");
            assert!(
                !error
                    .to_string()
                    .contains(good.trim().trim_start_matches("trunkline-key-1:")),
                "{what}"
            );
        };
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        check("TL0506", "open to others").await;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for text in [
            "",
            "\n",
            "hunter2",
            "trunkline-key-1:",
            &good[..20],
            &format!("x{good}"),
            &"a".repeat(5_000),
        ] {
            fs::write(&file, text).unwrap();
            check("TL0506", text).await;
        }
        fs::remove_file(&file).unwrap();
        check("TL0506", "missing").await;
        assert!(!file.exists(), "a store that has secrets never gets a second key");
        fs::write(&file, &good).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        place.open().await.unwrap().close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_a_crash_in_the_middle_loses_nothing() {
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let before = fs::read_to_string(place.key_file()).unwrap();
        assert_eq!(store.rotate_keys().await.unwrap().secrets, 2);
        let after = fs::read_to_string(place.key_file()).unwrap();
        assert_ne!(before, after);
        assert_eq!(after.lines().count(), 1);
        let token = async |store: &trunkline_store::Store| {
            store
                .connection_secrets(&added.id)
                .await
                .unwrap()
                .token
                .unwrap()
                .expose_secret()
                .to_owned()
        };
        assert_eq!(
            token(&store).await,
            "dG9rOmh1c2g=",
            "the running store goes on with the new key"
        );
        store.close().await;

        // As after a crash before anything was sealed anew: a new key stands first, everything is under the old one.
        let invented = Place::sqlite();
        invented
            .open_with(KeySource::File(invented.key_file()), 11)
            .await
            .unwrap()
            .close()
            .await;
        let new_key = fs::read_to_string(invented.key_file()).unwrap();
        fs::write(place.key_file(), format!("{new_key}{after}")).unwrap();
        let store = place
            .open_with(KeySource::File(place.key_file()), 12)
            .await
            .unwrap();
        assert_eq!(token(&store).await, "dG9rOmh1c2g=");
        assert_eq!(store.rotate_keys().await.unwrap().secrets, 2);
        store.close().await;

        fs::write(place.key_file(), before).unwrap();
        assert_eq!(
            place.open().await.unwrap_err().code(),
            "TL0505",
            "the old key opens nothing any more"
        );
    })
    .await;
}

#[tokio::test]
async fn a_process_that_runs_while_another_changes_the_key_goes_on_with_the_new_one() {
    on_each_place(async |place| {
        let running = place.open().await.unwrap();
        let added = running.add_connection(&new("acme"), at(0)).await.unwrap();
        let other = place
            .open_with(KeySource::File(place.key_file()), 21)
            .await
            .unwrap();
        other.rotate_keys().await.unwrap();
        other.close().await;
        let token = running
            .connection_secrets(&added.id)
            .await
            .unwrap()
            .token
            .unwrap();
        assert_eq!(token.expose_secret(), "dG9rOmh1c2g=");
        let other = place
            .open_with(KeySource::File(place.key_file()), 22)
            .await
            .unwrap();
        other.rotate_keys().await.unwrap();
        // The first thing that it does after the change is to write.
        let later = running.add_connection(&new("later"), at(1)).await.unwrap();
        running.close().await;
        for id in [&added.id, &later.id] {
            let token = other.connection_secrets(id).await.unwrap().token.unwrap();
            assert_eq!(token.expose_secret(), "dG9rOmh1c2g=");
        }
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_key_from_a_variable_is_rotated_by_putting_the_new_one_first() {
    let place = Place::sqlite();
    let keys: Vec<String> = {
        let mut keys = Vec::new();
        for seed in [1, 2] {
            let made = Place::sqlite();
            made.open_with(KeySource::File(made.key_file()), seed)
                .await
                .unwrap()
                .close()
                .await;
            keys.push(fs::read_to_string(made.key_file()).unwrap().trim().to_owned());
        }
        keys
    };
    let variable = |value: String| KeySource::Variable {
        name: "TRUNKLINE_SECRET_KEY".to_owned(),
        value: value.into(),
    };
    let store = place.open_with(variable(keys[0].clone()), 3).await.unwrap();
    store.add_connection(&new("acme"), at(0)).await.unwrap();
    store.close().await;
    let wrong = place.open_with(variable(keys[1].clone()), 3).await.unwrap_err();
    assert_eq!(wrong.code(), "TL0505");
    assert!(wrong.to_string().contains("TRUNKLINE_SECRET_KEY"), "{wrong}");
    let both = format!("{},{}", keys[1], keys[0]);
    let store = place.open_with(variable(both), 3).await.unwrap();
    assert_eq!(store.rotate_keys().await.unwrap().secrets, 2);
    store.close().await;
    place
        .open_with(variable(keys[1].clone()), 3)
        .await
        .unwrap()
        .close()
        .await;
    assert_eq!(
        place
            .open_with(variable(keys[0].clone()), 3)
            .await
            .unwrap_err()
            .code(),
        "TL0505"
    );
    assert!(!place.key_file().exists());
}

#[tokio::test]
async fn the_files_of_a_store_hold_no_secret_in_the_clear() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    let mut connection = new("acme");
    connection.secrets.webhook_secret = Some("webhook-hush".into());
    store.add_connection(&connection, at(0)).await.unwrap();
    let key = store
        .add_key("ops", trunkline_store::Role::Read, at(0))
        .await
        .unwrap();
    store.close().await;
    for entry in fs::read_dir(place.folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for secret in ["dG9rOmh1c2g=", "webhook-hush", key.expose_secret()] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes()),
                "{secret}"
            );
        }
    }
}

#[tokio::test]
async fn a_sealed_secret_that_is_moved_or_changed_does_not_open() {
    for sql in [
        "UPDATE secrets SET name = 'refresh_token' WHERE name = 'token'",
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE owner = 'store') WHERE name = 'token'",
        "UPDATE secrets SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE name = 'token'",
        "UPDATE secrets SET sealed = x'' WHERE name = 'token'",
    ] {
        let place = Place::sqlite();
        let store = place.open().await.unwrap();
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        store.close().await;
        let Location::Sqlite(file) = &place.location else {
            panic!("it is a file");
        };
        rusqlite::Connection::open(file)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let store = place.open().await.unwrap();
        assert_eq!(
            store.connection_secrets(&added.id).await.unwrap_err().code(),
            "TL0511",
            "{sql}"
        );
        store.close().await;
    }
}
