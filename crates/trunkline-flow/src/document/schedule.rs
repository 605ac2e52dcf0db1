//! When a flow runs, where its source does not say so itself.
//!
//! The one rule: the next time is counted from the last time that was due, not from when a run ended; so nothing drifts, and a clock
//! that jumps leads to one run, not to many.

use croner::{Cron, parser::CronParser};
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// When a flow runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The time between two runs, as in `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Minute, hour, day of the month, month and day of the week; with seconds before them if there are six.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The one moment, as in `2027-01-01T09:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub once: Option<Timestamp>,
    /// The zone of `cron`, as in `Europe/Dublin`; UTC unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Each run waits up to this long, by chance, so that many flows do not begin at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
    /// What becomes of runs whose time passed while nothing ran.
    #[serde(default)]
    pub missed: Missed,
    /// Whether a run begins while the one before it goes on.
    #[serde(default)]
    pub overlap: bool,
}

/// What becomes of runs whose time passed while nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// One run makes up for all of them.
    #[default]
    RunOnce,
    /// They are left out.
    Skip,
}

impl Schedule {
    /// Checks that it says one time, and one that comes; `now` is the moment of the check.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and under which key.
    pub fn check(&self, now: Timestamp) -> Result<(), (&'static str, String)> {
        let given = [self.every.is_some(), self.cron.is_some(), self.once.is_some()];
        match given.iter().filter(|given| **given).count() {
            1 => {}
            0 => return Err(("", "a schedule needs one of every, cron and once".to_owned())),
            _ => {
                return Err((
                    "",
                    "a schedule has one of every, cron and once, not several".to_owned(),
                ));
            }
        }
        if self.every.is_some_and(|every| every.0.as_secs() == 0) {
            return Err(("every", "less than a second is too often".to_owned()));
        }
        self.zone().map_err(|why| ("time_zone", why))?;
        if let Some(text) = &self.cron {
            let cron = parsed(text).map_err(|why| ("cron", why))?;
            if self.next_of(&cron, now).is_none() {
                return Err(("cron", format!("{text:?} never comes")));
            }
        }
        if self.once.is_some_and(|once| once <= now) {
            return Err(("once", "this moment has passed; it would never run".to_owned()));
        }
        Ok(())
    }

    /// The first time after `last` at which a run is due; none when there is no further one. Where nothing ran yet, `last` is
    /// the moment when the flow was begun.
    pub fn next(&self, last: Timestamp) -> Option<Timestamp> {
        if let Some(every) = self.every {
            return last
                .checked_add(jiff::SignedDuration::try_from(every.0).ok()?)
                .ok();
        }
        if let Some(once) = self.once {
            return (once > last).then_some(once);
        }
        let cron = parsed(self.cron.as_ref()?).ok()?;
        self.next_of(&cron, last)
    }

    fn next_of(&self, cron: &Cron, last: Timestamp) -> Option<Timestamp> {
        let zoned = last.to_zoned(self.zone().ok()?);
        cron.find_next_occurrence(&zoned, false)
            .ok()
            .map(|next| next.timestamp())
    }

    fn zone(&self) -> Result<TimeZone, String> {
        let Some(name) = &self.time_zone else {
            return Ok(TimeZone::UTC);
        };
        TimeZone::get(name)
            .map_err(|_| format!("there is no time zone {name}; write one such as Europe/Dublin"))
    }
}

fn parsed(text: &str) -> Result<Cron, String> {
    CronParser::builder()
        .seconds(croner::parser::Seconds::Optional)
        .build()
        .parse(text)
        .map_err(|error| format!("{text:?} is no cron expression: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(json: &str) -> Schedule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_next_time_follows_from_the_last() {
        let check = |json: &str, last: &str, expected: Option<&str>| {
            assert_eq!(
                schedule(json).next(at(last)),
                expected.map(at),
                "{json} after {last}"
            );
        };
        check(
            r#"{"every":"5m"}"#,
            "2026-03-01T00:00:00Z",
            Some("2026-03-01T00:05:00Z"),
        );
        check(
            r#"{"cron":"0 9 * * *"}"#,
            "2026-03-01T09:00:00Z",
            Some("2026-03-02T09:00:00Z"),
        );
        check(
            r#"{"cron":"0 9 * * 1-5","time_zone":"Europe/Dublin"}"#,
            "2026-07-03T12:00:00Z",
            Some("2026-07-06T08:00:00Z"),
        );
        // The hour that is left out in spring, and the one that comes twice in autumn.
        check(
            r#"{"cron":"30 1 * * *","time_zone":"Europe/Dublin"}"#,
            "2026-10-24T12:00:00Z",
            Some("2026-10-25T00:30:00Z"),
        );
        check(
            r#"{"once":"2026-03-01T00:00:00Z"}"#,
            "2026-02-01T00:00:00Z",
            Some("2026-03-01T00:00:00Z"),
        );
        check(r#"{"once":"2026-03-01T00:00:00Z"}"#, "2026-03-01T00:00:00Z", None);
    }

    #[test]
    fn a_schedule_that_never_fires_is_refused() {
        let now = at("2026-03-01T00:00:00Z");
        for (json, key, part) in [
            ("{}", "", "needs one of"),
            (r#"{"every":"5m","cron":"* * * * *"}"#, "", "not several"),
            (r#"{"every":"5ms"}"#, "every", "too often"),
            (r#"{"cron":"0 0 31 2 *"}"#, "cron", "never"),
            (r#"{"cron":"61 * * * *"}"#, "cron", "no cron expression"),
            (
                r#"{"cron":"0 9 * * *","time_zone":"Mars/Base"}"#,
                "time_zone",
                "Mars/Base",
            ),
            (r#"{"once":"2020-01-01T00:00:00Z"}"#, "once", "has passed"),
        ] {
            let (found, why) = schedule(json).check(now).unwrap_err();
            assert_eq!(found, key, "{json}");
            assert!(why.contains(part), "{json}: {why}");
        }
    }
}
