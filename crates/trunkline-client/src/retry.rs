//! Whether and when a failed attempt is made again.
//!
//! The one rule: a write is sent again only when it certainly was not carried out, or when carrying it out twice changes
//! nothing. Read `stack.rs` for where this is asked.

use std::time::Duration;

use rand::{Rng, RngExt as _};
use trunkline_catalog::Effect;

/// How often and how long a failed call is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The most requests a call may take, the first included.
    pub max_attempts: u32,
    /// The most attempts while no connection ever opened: an address where nobody listens is more likely wrong than
    /// unlucky, and whoever typed it waits for the word.
    pub max_first_attempts: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub base: Duration,
    /// The longest pause of our own choosing.
    pub cap: Duration,
    /// The longest that a call may take in all, pauses included.
    pub total: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_attempts: 8,
            max_first_attempts: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            total: Duration::from_secs(300),
        }
    }
}

/// What is known about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection never opened: nothing was sent.
    NotSent,
    /// Something was sent, and no whole answer came.
    Unanswered,
    /// An answer came, with this status, and whether it named a time to come back.
    Answered {
        /// The HTTP status.
        status: u16,
        /// Whether `Retry-After` was there.
        retry_after: bool,
    },
    /// A success status with a body that cannot be used.
    BadAnswer,
}

/// Whether an operation with this effect may be sent again after this failure.
pub(crate) const fn may_repeat(effect: Effect, failure: Failure) -> bool {
    let harmless = matches!(effect, Effect::Read | Effect::IdempotentWrite);
    match failure {
        Failure::NotSent => true,
        Failure::Unanswered => harmless,
        // A write that was answered with success was carried out, however odd the body is.
        Failure::BadAnswer => matches!(effect, Effect::Read),
        // 429 is given before anything is done; so is a 503 that names a time to come back.
        Failure::Answered { status: 429, .. }
        | Failure::Answered {
            status: 503,
            retry_after: true,
        } => true,
        Failure::Answered { status, .. } => harmless && (status == 408 || status >= 500),
    }
}

/// The pause after attempt number `attempt`: between half and all of the doubled base, so that callers spread.
pub(crate) fn pause(policy: &Policy, attempt: u32, random: &mut impl Rng) -> Duration {
    let doubled = policy
        .base
        .saturating_mul(1_u32 << attempt.saturating_sub(1).min(16))
        .min(policy.cap);
    doubled.mul_f64(random.random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_write_is_repeated_only_when_it_was_not_carried_out() {
        let answered = |status| Failure::Answered {
            status,
            retry_after: false,
        };
        let come_back = Failure::Answered {
            status: 503,
            retry_after: true,
        };
        // (failure, read, idempotent write, write, destructive)
        let cases = [
            (Failure::NotSent, true, true, true, true),
            (Failure::Unanswered, true, true, false, false),
            (Failure::BadAnswer, true, false, false, false),
            (answered(429), true, true, true, true),
            (come_back, true, true, true, true),
            (answered(503), true, true, false, false),
            (answered(500), true, true, false, false),
            (answered(502), true, true, false, false),
            (answered(408), true, true, false, false),
            (answered(400), false, false, false, false),
            (answered(401), false, false, false, false),
            (answered(404), false, false, false, false),
            (answered(409), false, false, false, false),
        ];
        for (failure, read, idempotent, write, destructive) in cases {
            assert_eq!(may_repeat(Effect::Read, failure), read, "{failure:?}");
            assert_eq!(
                may_repeat(Effect::IdempotentWrite, failure),
                idempotent,
                "{failure:?}"
            );
            assert_eq!(may_repeat(Effect::Write, failure), write, "{failure:?}");
            assert_eq!(
                may_repeat(Effect::Destructive, failure),
                destructive,
                "{failure:?}"
            );
        }
    }

    #[test]
    fn pauses_grow_up_to_the_cap_and_repeat_by_seed() {
        let policy = Policy::default();
        let pauses = |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            (1..=20)
                .map(|attempt| pause(&policy, attempt, &mut random))
                .collect::<Vec<_>>()
        };
        let first = pauses(7);
        assert_eq!(first, pauses(7));
        assert_ne!(first, pauses(8));
        assert!(first[0] >= policy.base / 2 && first[0] <= policy.base);
        assert!(first.iter().all(|pause| *pause <= policy.cap));
        assert!(first[19] >= policy.cap / 2);
    }
}
