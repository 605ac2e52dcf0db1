//! Leases and their fences.

use jiff::SignedDuration;

use crate::backends::{at, on_each};

const LIFE: SignedDuration = SignedDuration::from_secs(10);

#[tokio::test]
async fn a_lease_has_one_holder_and_its_fence_grows_with_every_change_of_hands() {
    on_each(async |store| {
        let first = store
            .take_lease("scroll", "a", LIFE, at(0))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((first.fence, first.expires_at), (1, at(10)));
        assert_eq!(store.take_lease("scroll", "b", LIFE, at(9)).await.unwrap(), None);
        assert_eq!(store.lease_ends("scroll").await.unwrap(), Some(at(10)));
        assert_eq!(store.lease_ends("nothing").await.unwrap(), None);
        assert!(
            store
                .take_lease("other", "b", LIFE, at(9))
                .await
                .unwrap()
                .is_some()
        );
        let renewed = store
            .take_lease("scroll", "a", LIFE, at(9))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((renewed.fence, renewed.expires_at), (1, at(19)));
        let second = store
            .take_lease("scroll", "b", LIFE, at(19))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(second.fence, 2);
        let mut old = first;
        assert!(!store.renew_lease(&mut old, LIFE, at(20)).await.unwrap());
        store.end_lease(&old).await.unwrap();
        assert_eq!(
            store.take_lease("scroll", "a", LIFE, at(20)).await.unwrap(),
            None,
            "the old holder cannot end it"
        );
        store.end_lease(&second).await.unwrap();
        assert_eq!(
            store
                .take_lease("scroll", "a", LIFE, at(20))
                .await
                .unwrap()
                .unwrap()
                .fence,
            3
        );
    })
    .await;
}

#[tokio::test]
async fn of_many_who_want_a_lease_at_once_one_gets_it() {
    on_each(async |store| {
        let names: Vec<String> = (0..20).map(|index| format!("process-{index}")).collect();
        let mut taken = 0;
        let mut waiting = Vec::new();
        for name in &names {
            waiting.push(store.take_lease("turn", name, LIFE, at(0)));
        }
        for outcome in join_all(waiting).await {
            taken += u32::from(outcome.unwrap().is_some());
        }
        assert_eq!(taken, 1);
    })
    .await;
}

/// Polls all of them side by side.
pub(crate) async fn join_all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, outcome) in &mut pending {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *outcome = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, outcome)| outcome).collect()
}
