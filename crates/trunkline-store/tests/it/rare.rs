//! What few have is found among much, and what many have is listed, without reading the rest.
//!
//! The one rule: what the readers read from the file is counted by the system, as `forgetting.rs` does for the writer.

#![cfg(target_os = "linux")]

use trunkline_store::{
    ActionRunFilter, AuditFilter, DeadLetterFilter, DeadLetterState, NotificationFilter, Store, StoreError,
};

use crate::{
    backends::{Place, at},
    forgetting::{MOST, fill, read_by},
};

/// Lists with a word, and says how many were found.
async fn found(store: &Store, what: &str, word: &str) -> Result<usize, StoreError> {
    let word = Some(word.to_owned());
    let letters = |state: Option<DeadLetterState>| DeadLetterFilter {
        code: word.clone(),
        state,
        ..DeadLetterFilter::default()
    };
    Ok(match what {
        "topic" => {
            let filter = NotificationFilter {
                topics: word.into_iter().chain(["none.such".to_owned()]).collect(),
                ..NotificationFilter::default()
            };
            store.notifications(&filter, 10).await?.len()
        }
        "deed" => {
            let filter = AuditFilter {
                deed: word,
                ..AuditFilter::default()
            };
            store.audit(&filter, 10).await?.len()
        }
        "action" => {
            let filter = ActionRunFilter {
                action: word,
                ..ActionRunFilter::default()
            };
            store.action_runs(&filter, 10, at(10_000)).await?.len()
        }
        "key" => {
            let filter = ActionRunFilter {
                key: word,
                ..ActionRunFilter::default()
            };
            store.action_runs(&filter, 10, at(10_000)).await?.len()
        }
        "code" => store
            .dead_letters(&letters(Some(DeadLetterState::Waiting)), 10)
            .await?
            .len(),
        "settled code" => store
            .dead_letters(&letters(Some(DeadLetterState::Dropped)), 10)
            .await?
            .len(),
        other => panic!("nothing is listed by {other}"),
    })
}

#[tokio::test]
async fn a_word_is_found_without_reading_what_has_another() {
    let place = Place::sqlite();
    place.open().await.unwrap().close().await;
    fill(&place);
    let store = place.open().await.unwrap();
    store.take_stock().await.unwrap();
    // A reader opens the file once.
    store.count_dead_letters().await.unwrap();
    for (what, word, count) in [
        ("topic", "rare", 0),
        ("topic", "t", 10),
        ("deed", "rare", 0),
        ("deed", "actions", 10),
        ("action", "rare", 0),
        ("action", "contacts.update", 10),
        ("key", "rare", 0),
        ("code", "rare", 0),
        ("code", "TL0811", 10),
        ("settled code", "rare", 0),
    ] {
        let (before, _) = read_by("store-reader");
        assert_eq!(found(&store, what, word).await.unwrap(), count, "{what} {word}");
        let (after, threads) = read_by("store-reader");
        assert_eq!(threads, 1, "questions came one by one");
        assert!(
            after - before < MOST,
            "{what} {word}: {} bytes were read",
            after - before
        );
    }
    let (before, _) = read_by("store-reader");
    assert_eq!(store.notification("rare").await.unwrap_err().code(), "TL0507");
    assert!(read_by("store-reader").0 - before < MOST);
    store.close().await;
}
