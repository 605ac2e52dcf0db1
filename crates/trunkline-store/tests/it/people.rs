//! People, invitations, passwords and sessions.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use trunkline_store::{InvitationRefusal, Role, Store};

use crate::backends::{at, on_each};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Somebody with a password, whose hash is `hash`.
async fn with_password(store: &Store, name: &str) -> String {
    let person = store.add_person(name, Role::Operate, at(0)).await.unwrap();
    let word = store.invite(&person.id, DAY, at(0)).await.unwrap();
    store
        .accept_invitation(word.expose_secret(), "hash", at(1))
        .await
        .unwrap()
        .unwrap();
    person.id
}

#[tokio::test]
async fn an_invitation_is_good_once_and_in_time_and_the_newest_alone() {
    on_each(async |store| {
        assert!(!store.has_people().await.unwrap());
        let ann = store
            .add_person("Ann@Example.com", Role::Admin, at(0))
            .await
            .unwrap();
        assert_eq!((ann.name.as_str(), ann.has_password), ("ann@example.com", false));
        let first = store.invite(&ann.id, DAY, at(0)).await.unwrap();
        let word = store.invite(&ann.id, DAY, at(5)).await.unwrap();
        assert!(!format!("{word:?}").contains(word.expose_secret()));
        for (word, seconds, refusal) in [
            (first.expose_secret(), 6, InvitationRefusal::Unknown),
            ("", 6, InvitationRefusal::Unknown),
            ("' OR 1=1 --", 6, InvitationRefusal::Unknown),
            (word.expose_secret(), 5 + DAY_SECONDS, InvitationRefusal::Expired),
        ] {
            assert_eq!(
                store.invited(word, at(seconds)).await.unwrap(),
                Err(refusal),
                "{word}"
            );
            let accepted = store.accept_invitation(word, "hash", at(seconds)).await.unwrap();
            assert_eq!(accepted, Err(refusal), "{word}");
        }
        assert!(!store.has_people().await.unwrap());
        assert_eq!(
            store.invited(word.expose_secret(), at(6)).await.unwrap().unwrap(),
            ann
        );
        store
            .accept_invitation(word.expose_secret(), "hash", at(7))
            .await
            .unwrap()
            .unwrap();
        assert!(store.has_people().await.unwrap());
        let again = store
            .accept_invitation(word.expose_secret(), "other", at(8))
            .await
            .unwrap();
        assert_eq!(again, Err(InvitationRefusal::Unknown));
        let (found, hash) = store.password_of(" ANN@example.com ").await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), hash.as_str()), ("ann@example.com", "hash"));
    })
    .await;
}

#[tokio::test]
async fn names_that_cannot_be_or_are_taken_are_refused() {
    on_each(async |store| {
        store.add_person("ann", Role::Read, at(0)).await.unwrap();
        let long = "a".repeat(101);
        for (name, code) in [
            ("ann", "TL0508"),
            ("ANN", "TL0508"),
            ("", "TL0510"),
            ("a b", "TL0510"),
            ("a/b", "TL0510"),
            ("änn", "TL0510"),
            ("<b>", "TL0510"),
            ("a\0", "TL0510"),
            (long.as_str(), "TL0510"),
        ] {
            let refused = store.add_person(name, Role::Read, at(0)).await.unwrap_err();
            assert_eq!(refused.code(), code, "{name:?}");
        }
        for name in ["nobody", "a\0", "", "' OR 1=1 --"] {
            assert_eq!(store.person(name).await.unwrap_err().code(), "TL0507", "{name:?}");
            assert!(store.password_of(name).await.unwrap().is_none(), "{name:?}");
        }
        assert!(
            store.password_of("ann").await.unwrap().is_none(),
            "no password yet"
        );
    })
    .await;
}

#[tokio::test]
async fn a_session_lives_while_it_is_used_and_ends_with_its_person() {
    on_each(async |store| {
        let id = with_password(store, "ben").await;
        let word = store.begin_session(&id, at(10)).await.unwrap();
        let word = word.expose_secret();
        let good = async |day: i64, seconds: i64| {
            store
                .session(word, at(day * DAY_SECONDS + seconds))
                .await
                .unwrap()
                .is_some()
        };
        assert!(good(0, 11).await);
        assert!(store.session("", at(11)).await.unwrap().is_none());
        assert!(
            store
                .session(&word.to_uppercase(), at(11))
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(store.person("ben").await.unwrap().signed_in_at, Some(at(10)));
        assert!(!good(7, 10).await, "nobody used it for a week");
        for day in [6, 12, 18, 24, 29] {
            assert!(good(day, 10).await, "{day}");
        }
        assert!(!good(30, 10).await, "a month is over");
        assert!(store.forget_sessions(at(30 * DAY_SECONDS + 10)).await.unwrap() >= 1);
        assert!(store.session(word, at(11)).await.unwrap().is_none());

        let ends = [
            ("signing out", 0),
            ("another password", 1),
            ("an invitation that was accepted", 2),
            ("removing the person", 3),
        ];
        for (what, how) in ends {
            let word = store.begin_session(&id, at(20)).await.unwrap();
            let word = word.expose_secret();
            assert!(store.session(word, at(21)).await.unwrap().is_some(), "{what}");
            match how {
                0 => store.end_session(word).await.unwrap(),
                1 => store.set_password(&id, "new").await.unwrap(),
                2 => {
                    let invitation = store.invite(&id, DAY, at(20)).await.unwrap();
                    let invitation = invitation.expose_secret();
                    store
                        .accept_invitation(invitation, "newer", at(21))
                        .await
                        .unwrap()
                        .unwrap();
                }
                _ => store.remove_person("ben").await.unwrap(),
            }
            assert!(store.session(word, at(21)).await.unwrap().is_none(), "{what}");
        }
        assert!(store.people().await.unwrap().is_empty());
        assert_eq!(store.remove_person("ben").await.unwrap_err().code(), "TL0507");
    })
    .await;
}

#[tokio::test]
async fn a_role_changes_at_once_for_sessions_that_are_open() {
    on_each(async |store| {
        let id = with_password(store, "cat").await;
        let word = store.begin_session(&id, at(10)).await.unwrap();
        store.set_role("cat", Role::Read).await.unwrap();
        let session = store
            .session(word.expose_secret(), at(11))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(session.person.role, Role::Read);
        assert_eq!(
            store.set_role("dog", Role::Read).await.unwrap_err().code(),
            "TL0507"
        );
        assert!(store.begin_session("nobody", at(10)).await.is_err());
    })
    .await;
}
