//! Ledgers that several processes write into.

use trunkline_store::Ledger;

use crate::backends::{at, on_each};

#[tokio::test]
async fn a_page_is_written_only_by_who_saw_its_last_change() {
    on_each(async |store| {
        assert_eq!(store.ledger("rate/a").await.unwrap(), None);
        // (name, change that was seen, page, whether it is written)
        let cases = [
            ("rate/a", 1, "too early", false),
            ("rate/a", 0, "one", true),
            ("rate/a", 0, "late", false),
            ("rate/b", 0, "another's", true),
            ("rate/a", 1, "two \u{1f600} '; --", true),
            ("rate/a", 1, "late again", false),
            ("rate/a", 2, "three", true),
            ("rate/a", -1, "nonsense", false),
        ];
        for (name, seen, page, is_written) in cases {
            assert_eq!(
                store.write_ledger(name, seen, page, at(seen)).await.unwrap(),
                is_written,
                "{page}"
            );
        }
        let page = |fence, page: &str| {
            Some(Ledger {
                fence,
                page: page.to_owned(),
            })
        };
        assert_eq!(store.ledger("rate/a").await.unwrap(), page(3, "three"));
        assert_eq!(store.ledger("rate/b").await.unwrap(), page(1, "another's"));
        assert_eq!(store.forget_ledgers(at(1)).await.unwrap(), 1);
        assert_eq!(store.ledger("rate/b").await.unwrap(), None);
        assert!(store.ledger("rate/a").await.unwrap().is_some());
    })
    .await;
}
