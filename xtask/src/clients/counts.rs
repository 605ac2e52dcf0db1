//! How many tests a suite ran, read from the last lines of its report.
//!
//! The one rule: a number that is not in the report is no success.

use std::fmt;

/// What became of the tests of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) tests: u32,
    pub(super) passed: u32,
}

impl Counts {
    /// Reads the lines `# tests 12` and `# pass 11`; the last ones count.
    pub(super) fn read(report: &str) -> Self {
        let last = |name: &str| {
            let mut numbers = report.lines().filter_map(|line| {
                let number = line.strip_prefix("# ")?.strip_prefix(name)?;
                number.strip_prefix(' ')?.parse().ok()
            });
            numbers.next_back().unwrap_or(0)
        };
        Self {
            tests: last("tests"),
            passed: last("pass"),
        }
    }

    /// Whether there were tests and each of them passed; one that was left out did not.
    pub(super) fn all_passed(self) -> bool {
        self.tests > 0 && self.passed == self.tests
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tests - self.passed.min(self.tests) {
            0 => write!(formatter, "{} tests passed", self.tests),
            rest => write!(formatter, "{rest} of {} tests did not pass", self.tests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_suite_that_ran_and_passed_every_test_has_passed() {
        let check = |report: &str, tests, passed, good| {
            let counts = Counts::read(report);
            assert_eq!(
                (counts, counts.all_passed()),
                (Counts { tests, passed }, good),
                "{report:?}"
            );
        };
        check(
            "TAP version 13\nok 1 - a\n# tests 12\n# suites 1\n# pass 12\n# fail 0\n",
            12,
            12,
            true,
        );
        check("# tests 12\n# pass 11\n# skipped 1\n", 12, 11, false);
        check(
            "# tests 1\n# pass 1\n    # tests 9\n# tests 3\n# pass 2\n",
            3,
            2,
            false,
        );
        check("# tests 0\n# pass 0\n", 0, 0, false);
        check("# tests many\n# pass\n", 0, 0, false);
        check("", 0, 0, false);
    }

    #[test]
    fn the_sentence_names_what_is_missing() {
        let counts = |tests, passed| Counts { tests, passed }.to_string();
        assert_eq!(counts(7, 7), "7 tests passed");
        assert_eq!(counts(7, 5), "2 of 7 tests did not pass");
    }
}
