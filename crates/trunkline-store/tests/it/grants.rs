//! Grants under way.

use secrecy::ExposeSecret as _;
use trunkline_store::{GrantRefusal, NewGrant};

use crate::{
    backends::{at, on_each},
    connections::new,
};

#[tokio::test]
async fn a_state_is_good_once_in_its_own_browser_for_ten_minutes() {
    on_each(async |store| {
        let connection = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let grant = NewGrant {
            connection: connection.id.clone(),
            redirect_uri: "https://t.example/auth/intercom/callback".to_owned(),
            pkce_verifier: Some("proof".into()),
        };
        // Seconds until it comes back, the browser that brings it, what it gets.
        let cases = [
            (0, "mine", None),
            (599, "mine", None),
            (600, "mine", Some(GrantRefusal::Expired)),
            (86_000, "mine", Some(GrantRefusal::Expired)),
            (5, "another", Some(GrantRefusal::OtherBrowser)),
            (5, "", Some(GrantRefusal::OtherBrowser)),
        ];
        for (after, browser, refusal) in cases {
            let state = store.begin_grant(&grant, at(0)).await.unwrap();
            let taken = store.take_up_grant(&state, "mine", at(0)).await.unwrap().unwrap();
            assert_eq!(taken.pkce_verifier.unwrap().expose_secret(), "proof");
            let outcome = store.use_grant(&state, browser, at(after)).await.unwrap();
            match refusal {
                None => {
                    let found = outcome.unwrap();
                    assert_eq!(found.connection, connection.id);
                    assert_eq!(found.redirect_uri, grant.redirect_uri);
                    assert_eq!(found.pkce_verifier.unwrap().expose_secret(), "proof");
                }
                Some(refusal) => assert_eq!(outcome.unwrap_err(), refusal, "{after} {browser}"),
            }
            let again = store.use_grant(&state, "mine", at(after)).await.unwrap();
            assert_eq!(
                again.unwrap_err(),
                GrantRefusal::Used,
                "whatever came of it, it is used up"
            );
        }
        for invented in ["", "x", &"0".repeat(64)] {
            let outcome = store.use_grant(invented, "mine", at(0)).await.unwrap();
            assert_eq!(outcome.unwrap_err(), GrantRefusal::Unknown);
        }
    })
    .await;
}

#[tokio::test]
async fn states_are_never_the_same_and_go_with_their_connection() {
    on_each(async |store| {
        let connection = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let grant = NewGrant {
            connection: connection.id,
            redirect_uri: "https://t.example/".to_owned(),
            pkce_verifier: None,
        };
        let first = store.begin_grant(&grant, at(0)).await.unwrap();
        let second = store.begin_grant(&grant, at(0)).await.unwrap();
        assert_ne!(first, second);
        store
            .take_up_grant(&second, "mine", at(0))
            .await
            .unwrap()
            .unwrap();
        assert!(
            store.use_grant(&second, "mine", at(1)).await.unwrap().is_ok(),
            "one does not end the other"
        );
        store.remove_connection("acme").await.unwrap();
        let outcome = store.use_grant(&first, "mine", at(1)).await.unwrap();
        assert_eq!(outcome.unwrap_err(), GrantRefusal::Unknown);
    })
    .await;
}

#[tokio::test]
async fn a_grant_goes_to_the_first_browser_that_takes_it_up() {
    on_each(async |store| {
        let connection = store.add_connection(&new("acme"), at(0)).await.unwrap();
        let grant = NewGrant {
            connection: connection.id,
            redirect_uri: "https://t.example/".to_owned(),
            pkce_verifier: None,
        };
        let take = async |state: &str, browser: &str, second| {
            store
                .take_up_grant(state, browser, at(second))
                .await
                .unwrap()
                .map(drop)
        };
        let state = store.begin_grant(&grant, at(0)).await.unwrap();
        let unused = store.use_grant(&state, "", at(1)).await.unwrap();
        assert_eq!(
            unused.unwrap_err(),
            GrantRefusal::OtherBrowser,
            "nobody has taken it up"
        );
        assert_eq!(
            take(&state, "mine", 2).await,
            Err(GrantRefusal::OtherBrowser),
            "and now nobody can"
        );
        let state = store.begin_grant(&grant, at(0)).await.unwrap();
        assert_eq!(take(&state, "mine", 1).await, Ok(()));
        assert_eq!(
            take(&state, "mine", 2).await,
            Ok(()),
            "the page may be loaded again"
        );
        assert_eq!(take(&state, "another", 3).await, Err(GrantRefusal::OtherBrowser));
        assert_eq!(take("invented", "mine", 3).await, Err(GrantRefusal::Unknown));
        assert!(store.use_grant(&state, "mine", at(4)).await.unwrap().is_ok());
        assert_eq!(take(&state, "mine", 5).await, Err(GrantRefusal::Used));
        let state = store.begin_grant(&grant, at(0)).await.unwrap();
        assert_eq!(take(&state, "mine", 600).await, Err(GrantRefusal::Expired));
    })
    .await;
}
