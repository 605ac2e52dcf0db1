//! Notifications.

use jiff::SignedDuration;
use trunkline_store::{
    Kept, Location, NewNotification, NotificationFilter, NotificationState, Received, Store, StoreError,
};

use crate::backends::{at, on_each, on_each_place};

fn new(id: &str, topic: &str) -> NewNotification {
    NewNotification {
        workspace: "abcd1234".to_owned(),
        notification: (!id.is_empty()).then(|| id.to_owned()),
        topic: topic.to_owned(),
        via: "app-1".to_owned(),
        body: format!("{{\"id\":\"{id}\",\"topic\":\"{topic}\"}}").into_bytes(),
        created_at: Some(at(-1)),
        waits: true,
    }
}

async fn seqs(store: &Store, filter: &NotificationFilter) -> Vec<i64> {
    store
        .notifications(filter, 100)
        .await
        .unwrap()
        .iter()
        .map(|found| found.seq)
        .collect()
}

#[tokio::test]
async fn a_notification_is_kept_once_per_workspace_and_pings_every_time() {
    on_each(async |store| {
        let Received::New(seq) = store
            .receive(new("notif_1", "contact.user.created"), at(0))
            .await
            .unwrap()
        else {
            panic!("it is new");
        };
        assert_eq!(
            store
                .receive(new("notif_1", "contact.user.created"), at(1))
                .await
                .unwrap(),
            Received::Repeated
        );
        let elsewhere = NewNotification {
            workspace: "other".to_owned(),
            ..new("notif_1", "contact.user.created")
        };
        assert!(matches!(
            store.receive(elsewhere, at(1)).await.unwrap(),
            Received::New(_)
        ));
        for _ in 0..2 {
            assert!(matches!(
                store.receive(new("", "ping"), at(2)).await.unwrap(),
                Received::New(_)
            ));
        }
        let kept = store.notification("notif_1").await.unwrap();
        assert_eq!(kept, store.notification(&seq.to_string()).await.unwrap());
        assert_eq!(kept.body, new("notif_1", "contact.user.created").body);
        assert_eq!((kept.received_at, kept.created_at), (at(0), Some(at(-1))));
        assert_eq!(kept.state, NotificationState::Waiting);
        assert_eq!(store.notification("notif_9").await.unwrap_err().code(), "TL0507");
        assert_eq!(
            store
                .count_notifications(&NotificationFilter::default())
                .await
                .unwrap(),
            4
        );
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_settled_under_a_lease_and_tried_again_when_its_time_comes() {
    on_each(async |store| {
        let mut numbers = Vec::new();
        for index in 0..4 {
            match store
                .receive(new(&format!("n{index}"), "ticket.created"), at(0))
                .await
                .unwrap()
            {
                Received::New(seq) => numbers.push(seq),
                Received::Repeated => panic!("it is new"),
            }
        }
        assert_eq!(store.workspaces_waiting(at(0)).await.unwrap(), ["abcd1234"]);
        let lease = store
            .take_lease("apply/abcd1234", "a", SignedDuration::from_secs(10), at(0))
            .await
            .unwrap()
            .unwrap();
        let waiting = store.waiting("abcd1234", 3, at(0)).await.unwrap();
        assert_eq!(
            waiting.iter().map(|found| found.seq).collect::<Vec<_>>(),
            numbers[..3]
        );
        let outcomes = [
            Kept::Done(numbers[0]),
            Kept::Again {
                seq: numbers[1],
                at: at(60),
                error: "the network is down".to_owned(),
            },
            Kept::Failed {
                seq: numbers[2],
                error: "it is refused".to_owned(),
            },
        ];
        store.settle(&lease, &outcomes).await.unwrap();
        let states: Vec<_> = store
            .notifications(&NotificationFilter::default(), 10)
            .await
            .unwrap()
            .into_iter()
            .rev()
            .map(|found| (found.state, found.attempts, found.error))
            .collect();
        assert_eq!(
            states,
            [
                (NotificationState::Done, 1, None),
                (
                    NotificationState::Waiting,
                    1,
                    Some("the network is down".to_owned())
                ),
                (NotificationState::Failed, 1, Some("it is refused".to_owned())),
                (NotificationState::Waiting, 0, None),
            ]
        );
        let due = |seconds| async move {
            let waiting = store.waiting("abcd1234", 10, at(seconds)).await.unwrap();
            waiting.into_iter().map(|found| found.seq).collect::<Vec<_>>()
        };
        assert_eq!(due(59).await, [numbers[3]]);
        assert_eq!(due(60).await, [numbers[1], numbers[3]]);
        store
            .take_lease("apply/abcd1234", "b", SignedDuration::from_secs(10), at(70))
            .await
            .unwrap()
            .unwrap();
        let refused = store.settle(&lease, &[Kept::Done(numbers[3])]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unmet));
        assert_eq!(
            due(60).await,
            [numbers[1], numbers[3]],
            "an old fence changes nothing"
        );
    })
    .await;
}

#[tokio::test]
async fn notifications_are_found_and_replayed_by_time_topic_state_and_workspace() {
    on_each(async |store| {
        let mut numbers = Vec::new();
        for (index, topic) in ["ping", "ticket.created", "ticket.closed", "contact.deleted"]
            .into_iter()
            .enumerate()
        {
            match store
                .receive(new(&format!("n{index}"), topic), at(index as i64))
                .await
                .unwrap()
            {
                Received::New(seq) => numbers.push(seq),
                Received::Repeated => panic!("it is new"),
            }
        }
        let any = NotificationFilter::default;
        let cases = [
            (any(), vec![3, 2, 1, 0]),
            (
                NotificationFilter {
                    topics: vec!["ticket.created".into(), "ping".into()],
                    ..any()
                },
                vec![1, 0],
            ),
            (
                NotificationFilter {
                    since: Some(at(1)),
                    until: Some(at(3)),
                    ..any()
                },
                vec![2, 1],
            ),
            (
                NotificationFilter {
                    workspace: Some("other".into()),
                    ..any()
                },
                vec![],
            ),
            (
                NotificationFilter {
                    before: Some(numbers[2]),
                    ..any()
                },
                vec![1, 0],
            ),
            (
                NotificationFilter {
                    after: Some(numbers[1]),
                    ..any()
                },
                vec![2, 3],
            ),
            (
                NotificationFilter {
                    state: Some(NotificationState::Done),
                    ..any()
                },
                vec![],
            ),
            (
                NotificationFilter {
                    topics: vec!["' OR true --".into()],
                    ..any()
                },
                vec![],
            ),
        ];
        for (filter, expected) in cases {
            let expected: Vec<i64> = expected.into_iter().map(|index: usize| numbers[index]).collect();
            assert_eq!(seqs(store, &filter).await, expected, "{filter:?}");
            assert_eq!(
                store.count_notifications(&filter).await.unwrap(),
                expected.len() as u64,
                "{filter:?}"
            );
        }
        let lease = store
            .take_lease("l", "a", SignedDuration::from_secs(10), at(5))
            .await
            .unwrap()
            .unwrap();
        let done: Vec<Kept> = numbers.iter().copied().map(Kept::Done).collect();
        store.settle(&lease, &done).await.unwrap();
        assert_eq!(store.waiting("abcd1234", 10, at(5)).await.unwrap().len(), 0);
        let tickets = NotificationFilter {
            topics: vec!["ticket.created".into(), "ticket.closed".into()],
            ..any()
        };
        assert_eq!(store.replay(&tickets, at(6)).await.unwrap(), 2);
        assert_eq!(store.waiting("abcd1234", 10, at(6)).await.unwrap().len(), 2);
        assert_eq!(
            store.forget_notifications(at(100)).await.unwrap(),
            2,
            "what waits is not forgotten"
        );
        assert_eq!(seqs(store, &any()).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_found_without_looking_through_all_that_ever_came() {
    const DONE: &str = "INSERT INTO notifications (workspace, dedup, topic, via, body, received_at, state, attempts, next_at) \
                        SELECT 'abcd1234', CAST(n AS TEXT), 't', 'app-1', '{}', 0, 'done', 1, 0";
    // As `Store::waiting` asks.
    const DUE: &str =
        "WHERE state = 'waiting' AND workspace = 'abcd1234' AND next_at <= 9 ORDER BY seq LIMIT 100";
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        let plan: Vec<String> = match &place.location {
            Location::Sqlite(file) => {
                let other = rusqlite::Connection::open(file).unwrap();
                let some = format!(
                    "WITH RECURSIVE some (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM some WHERE n < 20000) {DONE} FROM some"
                )
                .replace("'{}'", "x'7b7d'");
                other.execute_batch(&some).unwrap();
                store.take_stock().await.unwrap();
                let mut asked = other
                    .prepare(&format!(
                        "EXPLAIN QUERY PLAN SELECT seq, body FROM notifications INDEXED BY notifications_due {DUE}"
                    ))
                    .unwrap();
                let rows = asked.query_map([], |row| row.get(3)).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Location::Postgres(_) => {
                let other = place.connect().await.unwrap();
                let some = format!("{DONE} FROM generate_series(1, 20000) AS n; ANALYZE notifications");
                other.batch_execute(&some).await.unwrap();
                let rows = other.query(&format!("EXPLAIN SELECT seq, body FROM notifications {DUE}"), &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        };
        let plan = plan.join("\n");
        let is_due = ["notifications_due", "notifications_open"].iter().any(|index| plan.contains(index));
        assert!(is_due, "{plan}");
        assert!(!plan.contains("notifications_by_workspace"), "{plan}");
        assert!(!plan.to_lowercase().contains("sort"), "{plan}");
        store.receive(new("n1", "t"), at(0)).await.unwrap();
        let waiting = store.waiting("abcd1234", 10, at(0)).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(store.workspaces_waiting(at(0)).await.unwrap(), ["abcd1234"]);
        store.close().await;
    })
    .await;
}
