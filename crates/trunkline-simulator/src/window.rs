//! The rate window: ten seconds, aligned to the clock, counted at arrival (facts 3).

/// Length of a window in seconds.
const SECONDS: i64 = 10;

/// What the window says of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Calls allowed a window.
    pub(crate) limit: u32,
    /// Calls left in this window.
    pub(crate) remaining: u32,
    /// When the window ends, in unix seconds.
    pub(crate) reset: i64,
    /// Whether this call is beyond the limit.
    pub(crate) refused: bool,
}

/// Counts the calls of the current window.
#[derive(Debug)]
pub(crate) struct Window {
    limit: Option<u32>,
    ends: i64,
    used: u32,
}

impl Window {
    /// A window with this limit, or none.
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            ends: 0,
            used: 0,
        }
    }

    /// Counts a call that arrives now; `None` when nothing is limited.
    pub(crate) fn count(&mut self, now: i64) -> Option<Verdict> {
        let limit = self.limit?;
        let ends = now - now.rem_euclid(SECONDS) + SECONDS;
        if ends != self.ends {
            self.ends = ends;
            self.used = 0;
        }
        let refused = self.used >= limit;
        if !refused {
            self.used += 1;
        }
        Some(Verdict {
            limit,
            remaining: limit - self.used,
            reset: ends,
            refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_its_limit_and_starts_anew_on_the_grid() {
        let mut window = Window::new(Some(2));
        let verdicts: Vec<(u32, i64, bool)> = [101, 105, 109, 110]
            .map(|now| window.count(now).unwrap())
            .map(|verdict| (verdict.remaining, verdict.reset, verdict.refused))
            .to_vec();
        assert_eq!(
            verdicts,
            [(1, 110, false), (0, 110, false), (0, 110, true), (1, 120, false)]
        );
    }

    #[test]
    fn without_a_limit_nothing_is_said() {
        assert_eq!(Window::new(None).count(5), None);
    }
}
