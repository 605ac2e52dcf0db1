//! Pushes, and how far numbered rows can be read.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use trunkline_store::{NewNotification, NotificationFilter, Received, Store};

use crate::backends::{at, on_each, on_each_place};

fn records(texts: &[(&str, &str)]) -> Vec<(Option<String>, String)> {
    let key = |key: &str| (!key.is_empty()).then(|| key.to_owned());
    texts
        .iter()
        .map(|(id, text)| (key(id), format!("\"{text}\"")))
        .collect()
}

async fn bodies(store: &Store, flow: &str, after: i64) -> Vec<String> {
    let until = store.push_horizon(0).await.unwrap().unwrap_or(0);
    let found = store.pushes(flow, (after, until), 100).await.unwrap();
    found.into_iter().map(|push| push.body).collect()
}

#[tokio::test]
async fn a_push_is_kept_once_for_its_key_and_every_time_without_one() {
    on_each(async |store| {
        let batch = records(&[("k1", "a"), ("", "b"), ("k1", "c")]);
        let done = store.push("orders", &batch, at(0)).await.unwrap();
        assert!(matches!(
            done[..],
            [Received::New(_), Received::New(_), Received::Repeated]
        ));
        let again = store
            .push("orders", &records(&[("k1", "d"), ("", "b")]), at(1))
            .await
            .unwrap();
        assert!(matches!(again[..], [Received::Repeated, Received::New(_)]));
        store
            .push("others", &records(&[("k1", "x")]), at(1))
            .await
            .unwrap();
        assert_eq!(bodies(store, "orders", 0).await, ["\"a\"", "\"b\"", "\"b\""]);
        assert_eq!(bodies(store, "others", 0).await, ["\"x\""]);
        assert_eq!(bodies(store, "no\0where", 0).await, [""; 0]);
        for (flow, body) in [("", "1"), ("orders", "{"), ("orders", "\u{0}")] {
            let bad = vec![(None, "1".to_owned()), (None, body.to_owned())];
            assert_eq!(store.push(flow, &bad, at(2)).await.unwrap_err().code(), "TL0510");
        }
        assert_eq!(
            bodies(store, "orders", 0).await.len(),
            3,
            "all of a batch or none"
        );
    })
    .await;
}

#[tokio::test]
async fn pushes_are_forgotten_up_to_a_number_and_a_moment() {
    on_each(async |store| {
        for second in 0..5 {
            let one = records(&[("", &second.to_string())]);
            store.push("orders", &one, at(second)).await.unwrap();
        }
        let third = store.push_before("orders", at(3)).await.unwrap();
        assert_eq!(store.push_before("orders", at(0)).await.unwrap(), 0);
        assert_eq!(bodies(store, "orders", third).await, ["\"3\"", "\"4\""]);
        assert_eq!(store.forget_pushes("orders", third, at(2)).await.unwrap(), 2);
        assert_eq!(store.forget_pushes("orders", third, at(9)).await.unwrap(), 1);
        assert_eq!(store.forget_pushes("others", i64::MAX, at(9)).await.unwrap(), 0);
        assert_eq!(bodies(store, "orders", 0).await, ["\"3\"", "\"4\""]);
    })
    .await;
}

/// A writer that has its number and has not committed is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_by_numbers_waits_for_those_who_have_one_already() {
    on_each_place(async |place| {
        let Some(mut slow) = place.connect().await else {
            // In a file writers take turns: nobody has a number while another writes.
            return;
        };
        let store = Arc::new(place.open().await.unwrap());
        let transaction = slow.transaction().await.unwrap();
        transaction
            .execute(
                "INSERT INTO pushes (flow, dedup, body, received_at) VALUES ('orders', 'slow', '1', 0)",
                &[],
            )
            .await
            .unwrap();
        store
            .push("orders", &records(&[("quick", "2")]), at(0))
            .await
            .unwrap();
        let other = Arc::clone(&store);
        let horizon = tokio::spawn(async move { other.push_horizon(0).await.unwrap() });
        let waiting = "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database \
                       WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()";
        while transaction
            .query_one(waiting, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            assert!(!horizon.is_finished(), "it does not wait");
            tokio::task::yield_now().await;
        }
        transaction.commit().await.unwrap();
        let horizon = horizon.await.unwrap().unwrap();
        let found = store.pushes("orders", (0, horizon), 10).await.unwrap();
        let ids: Vec<_> = found.iter().map(|push| push.id.as_str()).collect();
        assert_eq!(ids, ["slow", "quick"]);
        store.close().await;
    })
    .await;
}

/// Many write side by side; whoever follows by numbers, up to the horizon, sees each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_follows_by_numbers_passes_over_nobody() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 60;
    on_each_place(async |place| {
        let store = Arc::new(place.open().await.unwrap());
        let mut writing = JoinSet::new();
        for writer in 0..WRITERS {
            let store = Arc::clone(&store);
            writing.spawn(async move {
                for number in 0..EACH {
                    let new = NewNotification {
                        workspace: "abcd1234".to_owned(),
                        notification: Some(format!("notif_{writer}_{number}")),
                        topic: "contact.user.created".to_owned(),
                        via: "app-1".to_owned(),
                        body: b"{}".to_vec(),
                        created_at: None,
                        waits: false,
                    };
                    store.receive(new, at(0)).await.unwrap();
                }
            });
        }
        let following = async {
            let mut seen = Vec::new();
            let mut after = 0;
            while seen.len() < (WRITERS * EACH) as usize {
                tokio::task::yield_now().await;
                let Some(horizon) = store.notification_horizon(after).await.unwrap() else {
                    continue;
                };
                let filter = NotificationFilter {
                    after: Some(after),
                    up_to: Some(horizon),
                    ..NotificationFilter::default()
                };
                for found in store.notifications(&filter, 50).await.unwrap() {
                    after = found.seq;
                    seen.push(found.notification.unwrap());
                }
            }
            seen
        };
        let mut seen = tokio::time::timeout(Duration::from_secs(60), following)
            .await
            .expect("nobody was passed over");
        writing.join_all().await;
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), (WRITERS * EACH) as usize);
        store.close().await;
    })
    .await;
}
