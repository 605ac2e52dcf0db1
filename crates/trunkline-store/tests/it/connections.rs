//! Connections and apps.

use secrecy::ExposeSecret as _;
use trunkline_store::{
    AppDetails, ConnectionDetails, ConnectionSecrets, ConnectionState, MirrorDetails, NewApp, NewConnection,
    NewMirror, Store, WorkspaceIdentity,
};

use crate::backends::{at, on_each};

pub(crate) fn new(name: &str) -> NewConnection {
    NewConnection {
        name: name.to_owned(),
        details: ConnectionDetails {
            base_url: "https://api.intercom.io".to_owned(),
            api_version: "2.16".to_owned(),
            ..ConnectionDetails::default()
        },
        secrets: ConnectionSecrets {
            token: Some("dG9rOmh1c2g=".into()),
            ..ConnectionSecrets::default()
        },
        ..NewConnection::default()
    }
}

fn new_app(name: &str) -> NewApp {
    NewApp {
        name: name.to_owned(),
        client_id: "client-1".to_owned(),
        client_secret: "hush".into(),
        details: AppDetails::default(),
    }
}

async fn default_name(store: &Store) -> Option<String> {
    store.default_connection().await.unwrap().map(|found| found.name)
}

#[tokio::test]
async fn a_connection_is_kept_with_its_secrets_apart() {
    on_each(async |store| {
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        assert_eq!(added.state, ConnectionState::New);
        assert_eq!(added, store.connection("acme").await.unwrap());
        assert_eq!(added, store.connection(&added.id).await.unwrap());
        assert!(!format!("{added:?}").contains("dG9r"));
        let secrets = store.connection_secrets(&added.id).await.unwrap();
        assert_eq!(secrets.token.unwrap().expose_secret(), "dG9rOmh1c2g=");
        assert!(secrets.refresh_token.is_none() && secrets.webhook_secret.is_none());
        let kept = store.kept_secrets(&added.id).await.unwrap();
        assert!(kept.token && !kept.refresh_token && !kept.webhook_secret);
        assert!(!format!("{:?}", store.connection_secrets(&added.id).await.unwrap()).contains("dG9r"));
    })
    .await;
}

#[tokio::test]
async fn names_are_unique_and_safe_in_an_address() {
    on_each(async |store| {
        store.add_connection(&new("acme"), at(0)).await.unwrap();
        assert_eq!(
            store
                .add_connection(&new("acme"), at(1))
                .await
                .unwrap_err()
                .code(),
            "TL0508"
        );
        let long = "a".repeat(65);
        for bad in ["", "Acme", "a b", "a/b", "../a", "-a", "ä", "a\n", &long] {
            assert_eq!(
                store.add_connection(&new(bad), at(1)).await.unwrap_err().code(),
                "TL0510",
                "{bad}"
            );
            assert_eq!(
                store
                    .rename_connection("acme", bad, at(1))
                    .await
                    .unwrap_err()
                    .code(),
                "TL0510",
                "{bad}"
            );
        }
        for good in ["a", "0", "acme-eu_2.test", &"a".repeat(64)] {
            store.add_connection(&new(good), at(2)).await.unwrap();
        }
        assert_eq!(
            store
                .rename_connection("acme", "a", at(3))
                .await
                .unwrap_err()
                .code(),
            "TL0508"
        );
        assert_eq!(
            store
                .rename_connection("none", "b", at(3))
                .await
                .unwrap_err()
                .code(),
            "TL0507"
        );
        store.rename_connection("acme", "acme-us", at(3)).await.unwrap();
        assert_eq!(store.connection("acme").await.unwrap_err().code(), "TL0507");
        assert_eq!(store.connection("acme-us").await.unwrap().updated_at, at(3));
    })
    .await;
}

#[tokio::test]
async fn the_first_connection_is_the_default_until_another_is_chosen_or_it_is_removed() {
    on_each(async |store| {
        assert_eq!(default_name(store).await, None);
        for (index, name) in ["one", "two", "three"].into_iter().enumerate() {
            store.add_connection(&new(name), at(index as i64)).await.unwrap();
        }
        assert_eq!(default_name(store).await.as_deref(), Some("one"));
        store.make_default("three").await.unwrap();
        assert_eq!(default_name(store).await.as_deref(), Some("three"));
        assert_eq!(
            store
                .connections()
                .await
                .unwrap()
                .iter()
                .filter(|found| found.is_default)
                .count(),
            1
        );
        store.remove_connection("three").await.unwrap();
        assert_eq!(default_name(store).await.as_deref(), Some("one"));
        assert_eq!(store.make_default("three").await.unwrap_err().code(), "TL0507");
    })
    .await;
}

#[tokio::test]
async fn a_connection_goes_through_its_states_and_tells_why() {
    on_each(async |store| {
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let identity = WorkspaceIdentity {
            id_code: "abcd1234".to_owned(),
            name: "Acme".to_owned(),
            ..WorkspaceIdentity::default()
        };
        store.connection_works(&added.id, &identity, at(5)).await.unwrap();
        let ready = store.connection("acme").await.unwrap();
        assert_eq!(
            (ready.state, ready.tested_at),
            (ConnectionState::Ready, Some(at(5)))
        );
        assert_eq!(ready.identity.as_ref(), Some(&identity));
        assert_eq!(store.connections_to("abcd1234").await.unwrap(), [ready]);
        for (state, reason) in [
            (ConnectionState::NeedsGrant, Some("the token was revoked")),
            (ConnectionState::Paused, None),
        ] {
            store
                .set_connection_state(&added.id, state, reason, at(6))
                .await
                .unwrap();
            let found = store.connection("acme").await.unwrap();
            assert_eq!((found.state, found.reason.as_deref()), (state, reason));
            assert!(!found.state.is_usable());
        }
        store.connection_works(&added.id, &identity, at(7)).await.unwrap();
        assert_eq!(
            store.connection("acme").await.unwrap().state,
            ConnectionState::Paused,
            "a pause is not undone by a test"
        );
        assert_eq!(
            store
                .connection_works("none", &identity, at(8))
                .await
                .unwrap_err()
                .code(),
            "TL0507"
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_grant_replaces_the_old_tokens() {
    on_each(async |store| {
        let mut added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        added.details.token_expires_at = Some(at(3_600));
        store
            .keep_grant(&added, &"second".into(), Some(&"refresh".into()), at(1))
            .await
            .unwrap();
        let secrets = store.connection_secrets(&added.id).await.unwrap();
        assert_eq!(secrets.token.unwrap().expose_secret(), "second");
        assert_eq!(secrets.refresh_token.unwrap().expose_secret(), "refresh");
        assert_eq!(
            store.connection("acme").await.unwrap().details.token_expires_at,
            Some(at(3_600))
        );
        store
            .keep_grant(&added, &"third".into(), None, at(2))
            .await
            .unwrap();
        let secrets = store.connection_secrets(&added.id).await.unwrap();
        assert_eq!(secrets.token.unwrap().expose_secret(), "third");
        assert!(
            secrets.refresh_token.is_none(),
            "a server that gives none has none"
        );
    })
    .await;
}

#[tokio::test]
async fn an_app_is_stored_once_and_kept_while_it_is_used() {
    on_each(async |store| {
        let mut app = store.add_app(&new_app("mine"), at(0)).await.unwrap();
        assert_eq!(
            store.add_app(&new_app("mine"), at(0)).await.unwrap_err().code(),
            "TL0508"
        );
        assert_eq!(store.app_secret(&app.id).await.unwrap().expose_secret(), "hush");
        app.client_id = "client-2".to_owned();
        app.details.takes_pkce = true;
        store.update_app(&app, None, at(1)).await.unwrap();
        assert_eq!(store.app_secret(&app.id).await.unwrap().expose_secret(), "hush");
        store
            .update_app(&app, Some(&"husher".into()), at(2))
            .await
            .unwrap();
        assert_eq!(store.app_secret(&app.id).await.unwrap().expose_secret(), "husher");
        let found = store.app("mine").await.unwrap();
        assert_eq!(
            (found.client_id.as_str(), found.details.takes_pkce),
            ("client-2", true)
        );
        for name in ["one", "two"] {
            let connection = NewConnection {
                app: Some(app.id.clone()),
                ..new(name)
            };
            store.add_connection(&connection, at(3)).await.unwrap();
        }
        let refused = store.remove_app("mine").await.unwrap_err();
        assert_eq!(refused.code(), "TL0509");
        assert!(refused.to_string().contains("one, two"), "{refused}");
        store.remove_connection("one").await.unwrap();
        store.remove_connection("two").await.unwrap();
        store.remove_app("mine").await.unwrap();
        assert_eq!(store.app_secret(&app.id).await.unwrap_err().code(), "TL0507");
        assert!(store.apps().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_a_mirror_uses_is_not_removed() {
    on_each(async |store| {
        let added = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let mirror = NewMirror {
            name: "all".to_owned(),
            connection: added.id.clone(),
            details: MirrorDetails::default(),
        };
        store.add_mirror(&mirror, at(0)).await.unwrap();
        assert_eq!(
            store.remove_connection("acme").await.unwrap_err().code(),
            "TL0509"
        );
        store.remove_mirror("all").await.unwrap();
        store.remove_connection("acme").await.unwrap();
        assert!(store.connection_secrets(&added.id).await.unwrap().token.is_none());
    })
    .await;
}
