//! Turns: whoever works on a person waits for whoever works on the same person in this process.
//!
//! The one rule: a turn is held by every identity that an input gives, taken in one order by all, so that nobody waits in a
//! circle; the map holds an identity only while somebody works or waits there, so it is as large as what is under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use super::who::Key;

type Places = Mutex<HashMap<Key, Arc<Queue<()>>>>;

/// Who is worked on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<Places>);

/// The right to work on a person, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _tickets: Vec<Ticket>,
}

#[derive(Debug)]
struct Ticket {
    places: Arc<Places>,
    key: Key,
    queue: Option<Arc<Queue<()>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else works on any of these identities.
    pub(crate) async fn take(&self, mut keys: Vec<Key>) -> Turn {
        keys.sort_unstable();
        keys.dedup();
        let mut tickets = Vec::with_capacity(keys.len());
        for key in keys {
            let queue = Arc::clone(lock(&self.0).entry(key).or_default());
            // The ticket exists before the wait, so that a wait which is given up leaves nothing behind.
            let mut ticket = Ticket {
                places: Arc::clone(&self.0),
                key,
                queue: Some(Arc::clone(&queue)),
                guard: None,
            };
            ticket.guard = Some(queue.lock_owned().await);
            tickets.push(ticket);
        }
        Turn { _tickets: tickets }
    }

    /// How many identities are worked on or waited for.
    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.guard = None;
        self.queue = None;
        let mut places = lock(&self.places);
        // A place is only ever shared under this lock: when the map alone has it, nobody waits.
        if places
            .get(&self.key)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            places.remove(&self.key);
        }
    }
}

fn lock(places: &Places) -> MutexGuard<'_, HashMap<Key, Arc<Queue<()>>>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn key(text: &str) -> Key {
        Key::email(text)
    }

    #[tokio::test]
    async fn one_at_a_time_works_on_a_person_however_the_person_is_named() {
        let turns = Turns::default();
        let inside = Arc::new(AtomicU32::new(0));
        let mut all = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (turns, inside) = (turns.clone(), Arc::clone(&inside));
            all.spawn(async move {
                let keys = if number % 2 == 0 {
                    vec![key("a"), key("b")]
                } else {
                    vec![key("b"), key("a"), key("b")]
                };
                let turn = turns.take(keys).await;
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(turn);
            });
        }
        while let Some(done) = all.join_next().await {
            done.expect("no task panics");
        }
        assert_eq!(turns.len(), 0, "places were left behind");
    }

    #[tokio::test]
    async fn others_do_not_wait_and_a_wait_that_is_given_up_leaves_nothing() {
        let turns = Turns::default();
        let held = turns.take(vec![key("a")]).await;
        drop(turns.take(vec![key("b")]).await);
        {
            let waiting = turns.take(vec![key("a"), key("c")]);
            tokio::pin!(waiting);
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(waiting.as_mut().poll(context).is_ready())
            })
            .await;
            assert!(!polled);
        }
        assert_eq!(turns.len(), 1);
        drop(held);
        assert_eq!(turns.len(), 0);
    }
}
