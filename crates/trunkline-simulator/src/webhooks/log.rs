//! Every attempt at delivering a notification, as `/_sim/deliveries` shows it.
//!
//! The one rule: it forgets the oldest attempts rather than grow without end; numbers are never given twice.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::value::RawValue;

/// The most attempts, and the most bytes of their bodies, that are remembered.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: usize = 64 * 1_024 * 1_024;

/// One attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) at: i64,
    pub(super) webhook: u32,
    pub(super) url: String,
    pub(super) topic: &'static str,
    pub(super) notification: Option<String>,
    pub(super) attempt: u32,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) milliseconds: u64,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
}

/// An attempt as it is shown.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    at: i64,
    webhook: u32,
    url: &'a str,
    topic: &'static str,
    notification: Option<&'a str>,
    attempt: u32,
    status: Option<u16>,
    error: Option<&'a str>,
    milliseconds: u64,
    signature: &'a str,
    body: &'a RawValue,
}

/// The attempts that are remembered.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Attempt>,
    bytes: usize,
    /// How many attempts were forgotten.
    forgotten: u64,
}

impl Log {
    pub(super) fn push(&mut self, attempt: Attempt) {
        self.bytes += attempt.body.len();
        self.entries.push_back(attempt);
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.body.len();
            self.forgotten += 1;
        }
    }

    /// One line of JSON for every attempt with a number above this one; numbers begin with 1.
    pub(super) fn lines(&self, since: u64) -> Vec<u8> {
        let mut lines = Vec::new();
        let skipped = usize::try_from(since.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        for (place, entry) in self.entries.iter().enumerate().skip(skipped) {
            let line = Line {
                number: self.forgotten + place as u64 + 1,
                at: entry.at,
                webhook: entry.webhook,
                url: &entry.url,
                topic: entry.topic,
                notification: entry.notification.as_deref(),
                attempt: entry.attempt,
                status: entry.status,
                error: entry.error.as_deref(),
                milliseconds: entry.milliseconds,
                signature: &entry.signature,
                body: serde_json::from_slice(&entry.body).unwrap_or(RawValue::NULL),
            };
            serde_json::to_writer(&mut lines, &line).expect("log entries have string keys");
            lines.push(b'\n');
        }
        lines
    }

    /// The number of the newest attempt; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.forgotten + self.entries.len() as u64
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.forgotten += self.entries.len() as u64;
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(bytes: usize) -> Attempt {
        Attempt {
            at: 0,
            webhook: 1,
            url: String::new(),
            topic: "ping",
            notification: None,
            attempt: 1,
            status: Some(200),
            error: None,
            milliseconds: 1,
            signature: String::new(),
            body: format!("\"{}\"", "a".repeat(bytes)).into_bytes(),
        }
    }

    fn numbers(lines: &[u8]) -> Vec<u64> {
        String::from_utf8_lossy(lines)
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["number"]
                    .as_u64()
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn attempts_are_numbered_from_one_and_keep_their_numbers() {
        let mut log = Log::default();
        for _ in 0..5 {
            log.push(attempt(3));
        }
        assert_eq!(numbers(&log.lines(0)), [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&log.lines(3)), [4, 5]);
        log.clear();
        log.push(attempt(3));
        assert_eq!(numbers(&log.lines(0)), [6]);
        assert_eq!(numbers(&log.lines(6)), [0; 0]);
        assert_eq!(log.newest(), 6);
    }

    #[test]
    fn the_oldest_attempts_are_forgotten_when_there_are_too_many_bytes() {
        let mut log = Log::default();
        for _ in 0..3 {
            log.push(attempt(MOST_BYTES / 2 - 10));
        }
        assert_eq!(numbers(&log.lines(0)), [2, 3]);
    }
}
