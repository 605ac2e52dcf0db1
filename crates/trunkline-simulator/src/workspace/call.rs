//! A phone call of a conversation. What was said is made from the seed.

use super::{ids::Ids, kept::Kept};
use crate::texts::{
    mix,
    replies::{self, Turn},
};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Missed,
}

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) row: u32,
    pub(crate) conversation: u32,
    pub(crate) contact: u32,
    /// The admin's number.
    pub(crate) admin: u16,
    pub(crate) is_inbound: bool,
    pub(crate) initiated_at: i64,
    /// How long people talked, in seconds; 0 when nobody answered.
    pub(crate) seconds: i64,
    pub(crate) end: End,
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

/// Seconds that it rings before somebody answers.
pub(crate) const RINGING: i64 = 6;
/// The first call's id.
pub(super) const FIRST: u64 = 84_000;
/// Seconds from one sentence to the next.
const PACE: i64 = 7;

impl Call {
    pub(crate) fn id(&self, ids: &Ids) -> String {
        ids.call(self.row)
    }

    pub(crate) fn answered_at(&self) -> Option<i64> {
        (self.end == End::Answered).then_some(self.initiated_at + RINGING)
    }

    pub(crate) fn ended_at(&self) -> i64 {
        self.initiated_at + RINGING + self.seconds
    }

    /// What was said: second, whether a teammate said it, the sentence.
    pub(crate) fn transcript(&self, seed: u64) -> Vec<(i64, bool, &'static str)> {
        if self.end == End::Missed {
            return Vec::new();
        }
        (0..(self.seconds / PACE).clamp(1, 40))
            .map(|turn| {
                let is_teammate = turn % 2 == 0;
                let side = if is_teammate { Turn::Answer } else { Turn::Question };
                let salt = mix(seed, 97, self.row.wrapping_mul(64).wrapping_add(turn as u32)) as u32;
                let line = replies::line(u64::from(replies::number("en", side, salt)));
                (3 + turn * PACE, is_teammate, line)
            })
            .collect()
    }
}

/// The row that a number was made for.
pub(super) fn row(number: u64) -> Option<u32> {
    number.checked_sub(FIRST).and_then(|row| u32::try_from(row).ok())
}

/// The call that a generated conversation is about, if it is about one: every twenty-fifth is.
pub(crate) fn generated(seed: u64, row: u32, conversation: u32, contact: u32, at: i64) -> Option<Call> {
    let number = mix(seed, 98, conversation);
    if !number.is_multiple_of(25) {
        return None;
    }
    let end = if (number >> 8).is_multiple_of(6) {
        End::Missed
    } else {
        End::Answered
    };
    Some(Call {
        row,
        conversation,
        contact,
        admin: ((number >> 16) % 11) as u16,
        is_inbound: (number >> 24).is_multiple_of(2),
        initiated_at: at,
        seconds: if end == End::Answered {
            (30 + (number >> 32) % 900) as i64
        } else {
            0
        },
        end,
        kept: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_call_has_nothing_to_read() {
        let calls: Vec<Call> = (0..400)
            .filter_map(|number| generated(7, number, number, 1, 1_700_000_000))
            .collect();
        assert!((5..40).contains(&calls.len()), "{}", calls.len());
        for call in &calls {
            assert_eq!(call.transcript(7).is_empty(), call.end == End::Missed);
            assert_eq!(call.answered_at().is_some(), call.end == End::Answered);
        }
    }
}
