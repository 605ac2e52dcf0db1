//! Answers that are still fresh.
//!
//! The one rule: it never holds more answers, nor more bytes of them, than it may; the oldest go first.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trunkline_flow::document::Span;

use crate::transforms::joined::weight;

/// The most bytes of answers, about.
const MOST_BYTES: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Cache {
    size: usize,
    span: SignedDuration,
    answers: HashMap<String, Kept>,
    order: VecDeque<(String, Timestamp)>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    answer: Option<Value>,
    at: Timestamp,
    bytes: usize,
}

impl Cache {
    pub(super) fn new(size: usize, span: Span) -> Self {
        Self {
            size,
            span: SignedDuration::try_from(span.0).unwrap_or(SignedDuration::MAX),
            answers: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    /// An answer that is fresh; inside of it none where nothing was found.
    pub(super) fn get(&mut self, question: &str, now: Timestamp) -> Option<Option<Value>> {
        let kept = self.answers.get(question)?;
        (now.duration_since(kept.at) < self.span).then(|| kept.answer.clone())
    }

    /// Keeps an answer.
    pub(super) fn put(&mut self, question: String, answer: Option<Value>, now: Timestamp) {
        let bytes = 2 * question.len() + answer.as_ref().map_or(0, weight);
        if bytes > MOST_BYTES || self.size == 0 {
            return;
        }
        self.bytes += bytes;
        self.order.push_back((question.clone(), now));
        let kept = Kept {
            answer,
            at: now,
            bytes,
        };
        if let Some(earlier) = self.answers.insert(question, kept) {
            self.bytes -= earlier.bytes;
        }
        while (self.order.len() > self.size || self.bytes > MOST_BYTES)
            && let Some((oldest, at)) = self.order.pop_front()
        {
            // It may have been asked for again since.
            if self.answers.get(&oldest).is_some_and(|kept| kept.at == at)
                && let Some(gone) = self.answers.remove(&oldest)
            {
                self.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn answers_are_kept_for_their_time_and_the_oldest_go_first() {
        let mut cache = Cache::new(2, Span(Duration::from_secs(10)));
        cache.put("a".to_owned(), Some(json!(1)), at(0));
        cache.put("b".to_owned(), None, at(1));
        assert_eq!(cache.get("a", at(9)), Some(Some(json!(1))));
        assert_eq!(cache.get("b", at(9)), Some(None));
        assert_eq!(cache.get("a", at(10)), None);
        assert_eq!(cache.get("c", at(9)), None);
        cache.put("c".to_owned(), Some(json!(3)), at(2));
        assert_eq!(cache.get("a", at(3)), None);
        assert_eq!(cache.get("c", at(3)), Some(Some(json!(3))));
        assert_eq!(cache.answers.len(), 2);
    }

    #[test]
    fn large_answers_do_not_pile_up() {
        let mut cache = Cache::new(1_000, Span(Duration::from_secs(10)));
        for number in 0..100 {
            cache.put(number.to_string(), Some("x".repeat(1 << 20).into()), at(0));
        }
        assert!(cache.bytes <= MOST_BYTES, "{}", cache.bytes);
        assert_eq!(cache.get("99", at(0)).map(|answer| answer.is_some()), Some(true));
        cache.put("all".to_owned(), Some("x".repeat(MOST_BYTES).into()), at(0));
        assert_eq!(cache.get("all", at(0)), None);
    }
}
