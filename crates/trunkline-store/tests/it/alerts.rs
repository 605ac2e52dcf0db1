//! Alerts and their notices: what stands, what was said, what became of it.

use jiff::SignedDuration;
use trunkline_store::{AlertChange, Lease, NoticeOutcome, NoticeState, NoticeWord, Store};

use crate::backends::{at, on_each, on_each_place};

async fn lease(store: &Store, owner: &str, now: i64) -> Lease {
    let life = SignedDuration::from_secs(30);
    let taken = store.take_lease("alerts", owner, life, at(now)).await.unwrap();
    taken.expect("nobody has it")
}

fn begins(subject: &str, is_noticed: bool) -> AlertChange {
    AlertChange::Begins {
        kind: "flow_failed".to_owned(),
        subject: subject.to_owned(),
        facts: r#"{"code":"TL0863"}"#.to_owned(),
        is_noticed,
    }
}

fn channels() -> Vec<String> {
    vec!["mail".to_owned(), "team".to_owned()]
}

#[tokio::test]
async fn a_condition_stands_once_from_its_beginning_to_its_end() {
    on_each(async |store| {
        let lease = lease(store, "a", 0).await;
        let both = [begins("orders", true), begins("people", false)];
        store
            .change_alerts(&lease, &both, &channels(), at(0))
            .await
            .unwrap();
        let twice = store
            .change_alerts(&lease, &[begins("orders", true)], &channels(), at(1))
            .await;
        assert!(twice.is_err(), "the same condition stands twice");
        let standing = store.standing_alerts().await.unwrap();
        let subjects: Vec<_> = standing.iter().map(|alert| alert.subject.as_str()).collect();
        assert_eq!(subjects, ["orders", "people"]);
        assert_eq!(standing[0].noticed_at, Some(at(0)));
        assert_eq!(standing[1].noticed_at, None);
        assert_eq!(store.due_notices(10, at(0)).await.unwrap().len(), 2);
        let id = |at: usize| standing[at].id.clone();
        let facts = r#"{"code":"TL0860"}"#.to_owned();
        let changes = [
            AlertChange::Holds {
                id: id(0),
                facts: facts.clone(),
                word: None,
            },
            AlertChange::Holds {
                id: id(1),
                facts: facts.clone(),
                word: Some(NoticeWord::Began),
            },
        ];
        store
            .change_alerts(&lease, &changes, &channels(), at(5))
            .await
            .unwrap();
        let standing = store.standing_alerts().await.unwrap();
        assert_eq!(
            (standing[0].held_at, standing[0].noticed_at),
            (at(5), Some(at(0)))
        );
        assert_eq!(
            (standing[1].facts.as_str(), standing[1].noticed_at),
            (facts.as_str(), Some(at(5)))
        );
        let ends = AlertChange::Ends {
            id: id(0),
            facts,
            is_noticed: true,
        };
        store
            .change_alerts(&lease, &[ends], &channels(), at(9))
            .await
            .unwrap();
        assert_eq!(store.standing_alerts().await.unwrap().len(), 1);
        let ended = store.ended_alerts(at(0), 10).await.unwrap();
        assert_eq!((ended.len(), ended[0].ended_at), (1, Some(at(9))));
        assert!(store.ended_alerts(at(10), 10).await.unwrap().is_empty());
        let words: Vec<_> = store
            .notices_of(&id(0))
            .await
            .unwrap()
            .into_iter()
            .map(|notice| (notice.channel, notice.word.as_str()))
            .collect();
        let said = |channel: &str, word| (channel.to_owned(), word);
        assert_eq!(
            words,
            [
                said("mail", "began"),
                said("team", "began"),
                said("mail", "ended"),
                said("team", "ended")
            ]
        );
        // It may begin again, and what ended is forgotten in time.
        store
            .change_alerts(&lease, &[begins("orders", true)], &[], at(12))
            .await
            .unwrap();
        assert_eq!(store.forget_alerts(at(9)).await.unwrap(), 0);
        assert_eq!(store.forget_alerts(at(10)).await.unwrap(), 1);
        assert!(store.notices_of(&id(0)).await.unwrap().is_empty());
        assert_eq!(store.standing_alerts().await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_notice_waits_until_it_arrived_or_was_given_up() {
    on_each(async |store| {
        let lease = lease(store, "a", 0).await;
        let one = [begins("orders", true)];
        store
            .change_alerts(&lease, &one, &channels(), at(0))
            .await
            .unwrap();
        let due = store.due_notices(10, at(0)).await.unwrap();
        let (mail, team) = (vec![due[0].id.clone()], vec![due[1].id.clone()]);
        assert_eq!(
            (due[0].kind.as_str(), due[0].subject.as_str()),
            ("flow_failed", "orders")
        );
        assert_eq!(store.notices_for("mail").await.unwrap(), (None, 1));
        store
            .settle_notices(&lease, &team, &NoticeOutcome::Sent, at(1))
            .await
            .unwrap();
        let again = NoticeOutcome::Again {
            at: at(30),
            code: "TL0913".to_owned(),
            message: "no\0body answers".to_owned(),
        };
        store.settle_notices(&lease, &mail, &again, at(1)).await.unwrap();
        assert!(store.due_notices(10, at(29)).await.unwrap().is_empty());
        let due = store.due_notices(10, at(30)).await.unwrap();
        assert_eq!((due.len(), due[0].attempts), (1, 1));
        assert_eq!(due[0].message.as_deref(), Some("nobody answers"));
        let failed = NoticeOutcome::Failed {
            code: "TL0913".to_owned(),
            message: "for a day".to_owned(),
        };
        store
            .settle_notices(&lease, &mail, &failed, at(31))
            .await
            .unwrap();
        // What was given up does not arrive later.
        store
            .settle_notices(&lease, &mail, &NoticeOutcome::Sent, at(32))
            .await
            .unwrap();
        let (newest, waiting) = store.notices_for("mail").await.unwrap();
        let newest = newest.unwrap();
        assert_eq!(
            (newest.state, newest.attempts, waiting),
            (NoticeState::Failed, 2, 0)
        );
        let (newest, _) = store.notices_for("team").await.unwrap();
        assert_eq!(newest.unwrap().sent_at, Some(at(1)));
    })
    .await;
}

#[tokio::test]
async fn a_process_that_lost_its_turn_changes_nothing() {
    on_each(async |store| {
        let old = lease(store, "a", 0).await;
        let new = lease(store, "b", 60).await;
        let one = [begins("orders", true)];
        let late = store.change_alerts(&old, &one, &channels(), at(60)).await;
        assert!(late.is_err());
        store
            .change_alerts(&new, &one, &channels(), at(60))
            .await
            .unwrap();
        let due = store.due_notices(10, at(60)).await.unwrap();
        let ids: Vec<_> = due.into_iter().map(|notice| notice.id).collect();
        assert!(
            store
                .settle_notices(&old, &ids, &NoticeOutcome::Sent, at(61))
                .await
                .is_err()
        );
        assert_eq!(store.due_notices(10, at(61)).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_changes_nothing() {
    on_each(async |store| {
        let lease = lease(store, "a", 0).await;
        for (kind, subject, facts) in [
            ("", "orders", "{}"),
            ("flow_failed", "", "{}"),
            ("flow_failed", "or\0ders", "{}"),
            ("flow_failed", "orders", "not JSON"),
        ] {
            let change = AlertChange::Begins {
                kind: kind.to_owned(),
                subject: subject.to_owned(),
                facts: facts.to_owned(),
                is_noticed: true,
            };
            let refused = store
                .change_alerts(&lease, &[begins("good", true), change], &channels(), at(0))
                .await;
            assert_eq!(refused.unwrap_err().code(), "TL0510", "{kind} {subject} {facts}");
        }
        assert!(store.standing_alerts().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_was_said_is_known_after_a_restart() {
    on_each_place(async |place| {
        let store = place.open().await.unwrap();
        let held = lease(&store, "a", 0).await;
        let one = [begins("orders", true)];
        store
            .change_alerts(&held, &one, &channels(), at(0))
            .await
            .unwrap();
        store.close().await;
        let store = place.open().await.unwrap();
        assert_eq!(store.standing_alerts().await.unwrap()[0].noticed_at, Some(at(0)));
        assert_eq!(store.due_notices(10, at(0)).await.unwrap().len(), 2);
        store.close().await;
    })
    .await;
}
