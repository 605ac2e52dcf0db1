//! The audit log.

use trunkline_store::{AuditFilter, Store};

use crate::backends::{at, on_each};

async fn deeds(store: &Store, filter: &AuditFilter) -> Vec<String> {
    let found = store.audit(filter, 10).await.unwrap();
    found.into_iter().map(|entry| entry.deed).collect()
}

#[tokio::test]
async fn who_did_what_to_what_is_found_newest_first_and_forgotten_in_time() {
    on_each(async |store| {
        for (seconds, who, deed, subject) in [
            (0, "ann", "connections.add", "acme"),
            (10, "key ops", "connections.rename", "acme"),
            (20, "ann", "mirrors.run", "all"),
        ] {
            store.note_deed(who, deed, subject, at(seconds)).await.unwrap();
        }
        let all = store.audit(&AuditFilter::default(), 10).await.unwrap();
        assert_eq!((all[0].subject.as_str(), all[0].at), ("all", at(20)));
        let filters = [
            (
                AuditFilter::default(),
                vec!["mirrors.run", "connections.rename", "connections.add"],
            ),
            (
                AuditFilter {
                    by_whom: Some("ann".to_owned()),
                    ..AuditFilter::default()
                },
                vec!["mirrors.run", "connections.add"],
            ),
            (
                AuditFilter {
                    deed: Some("connections".to_owned()),
                    ..AuditFilter::default()
                },
                vec!["connections.rename", "connections.add"],
            ),
            (
                AuditFilter {
                    since: Some(at(10)),
                    ..AuditFilter::default()
                },
                vec!["mirrors.run", "connections.rename"],
            ),
            (
                AuditFilter {
                    before: Some(all[0].seq),
                    ..AuditFilter::default()
                },
                vec!["connections.rename", "connections.add"],
            ),
            (
                AuditFilter {
                    by_whom: Some("a\0".to_owned()),
                    ..AuditFilter::default()
                },
                vec![],
            ),
            (
                AuditFilter {
                    deed: Some("%".to_owned()),
                    ..AuditFilter::default()
                },
                vec![],
            ),
        ];
        for (filter, expected) in filters {
            assert_eq!(deeds(store, &filter).await, expected, "{filter:?}");
        }
        assert_eq!(store.forget_audit(at(15)).await.unwrap(), 2);
        assert_eq!(deeds(store, &AuditFilter::default()).await, ["mirrors.run"]);
    })
    .await;
}

#[tokio::test]
async fn a_subject_of_any_length_and_letters_is_kept_short_and_clean() {
    on_each(async |store| {
        let subject = format!("a\0\n{}", "ü".repeat(500));
        store.note_deed("ann", "x.y", &subject, at(0)).await.unwrap();
        let kept = store
            .audit(&AuditFilter::default(), 1)
            .await
            .unwrap()
            .remove(0)
            .subject;
        assert!(kept.starts_with("aü") && kept.chars().count() == 200, "{kept}");
    })
    .await;
}
