//! Where a window begins and ends.
//!
//! The one rule: windows stand side by side and each holds the moment that it was asked for, also where clocks are changed. Days begin
//! at the zone's midnight, what divides a day counts from midnight by the clock on the wall, and any other length counts from 1970 in UTC.

use std::time::Duration;

use jiff::{
    Span, Timestamp, Unit,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

const DAY: i64 = 86_400_000;
const FIRST: Date = jiff::civil::date(1970, 1, 1);

/// The window of this length around a moment: its first moment, and that of the next one.
pub(super) fn around(now: Timestamp, length: Duration, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1);
    civil(now, length, zone)
        .filter(|(from, to)| *from <= now && now < *to)
        .unwrap_or_else(|| even(now, length))
}

/// By the clock on the wall; none for lengths that no day is made of, and at the ends of time.
fn civil(now: Timestamp, length: i64, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let there = zone.to_datetime(now);
    let at = |moment: DateTime| zone.to_timestamp(moment).ok();
    if length % DAY == 0 {
        let days = length / DAY;
        let gone = i64::from(FIRST.until((Unit::Day, there.date())).ok()?.get_days());
        let from = FIRST
            .checked_add(Span::new().try_days(gone.div_euclid(days) * days).ok()?)
            .ok()?;
        let to = from.checked_add(Span::new().try_days(days).ok()?).ok()?;
        return Some((at(from.into())?, at(to.into())?));
    }
    if DAY % length != 0 {
        return None;
    }
    let midnight = there.date().to_datetime(Time::midnight());
    let gone = there.duration_since(midnight).as_millis();
    let gone = i64::try_from(gone).ok()?;
    let from = midnight
        .checked_add(Span::new().milliseconds(gone / length * length))
        .ok()?;
    let to = from.checked_add(Span::new().milliseconds(length)).ok()?;
    Some((at(from)?, at(to)?))
}

/// By whole multiples of the length.
fn even(now: Timestamp, length: i64) -> (Timestamp, Timestamp) {
    let from = now.as_millisecond().div_euclid(length).saturating_mul(length);
    let at = |millisecond| Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX);
    (at(from), at(from.saturating_add(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(now: &str, minutes: u64, zone: &str, expected: (&str, &str)) {
        let zone = TimeZone::get(zone).unwrap();
        let (from, to) = around(now.parse().unwrap(), Duration::from_mins(minutes), &zone);
        assert_eq!(
            (from.to_string().as_str(), to.to_string().as_str()),
            expected,
            "{now}, {minutes} minutes"
        );
    }

    #[test]
    fn windows_begin_where_people_expect_them_to() {
        let noon = "2026-11-21T12:20:00Z";
        check(noon, 60, "UTC", ("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"));
        check(
            noon,
            1_440,
            "UTC",
            ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        );
        check(
            noon,
            1_440,
            "America/New_York",
            ("2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z"),
        );
        check(
            noon,
            60,
            "Asia/Kolkata",
            ("2026-11-21T11:30:00Z", "2026-11-21T12:30:00Z"),
        );
        check(
            noon,
            360,
            "Europe/Berlin",
            ("2026-11-21T11:00:00Z", "2026-11-21T17:00:00Z"),
        );
        check(
            noon,
            7,
            "Europe/Berlin",
            ("2026-11-21T12:19:00Z", "2026-11-21T12:26:00Z"),
        );
        check(
            "1969-12-31T23:00:00Z",
            2_880,
            "UTC",
            ("1969-12-30T00:00:00Z", "1970-01-01T00:00:00Z"),
        );
    }

    #[test]
    fn a_day_on_which_clocks_change_is_as_long_as_it_is() {
        let dublin = "Europe/Dublin";
        check(
            "2026-03-29T12:00:00Z",
            1_440,
            dublin,
            ("2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
        );
        check(
            "2026-10-25T12:00:00Z",
            1_440,
            dublin,
            ("2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
        );
        // The hour that comes twice, the one that is left out, and those beside it.
        check(
            "2026-10-25T00:30:00Z",
            60,
            dublin,
            ("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        );
        check(
            "2026-10-25T01:30:00Z",
            60,
            dublin,
            ("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        );
        check(
            "2026-03-29T00:30:00Z",
            60,
            dublin,
            ("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        );
        check(
            "2026-03-29T01:30:00Z",
            60,
            dublin,
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
        );
    }

    #[test]
    fn windows_stand_side_by_side_through_a_year_of_changes() {
        for zone in [
            "UTC",
            "Europe/Dublin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
        ] {
            let zone = TimeZone::get(zone).unwrap();
            for minutes in [7, 30, 60, 720, 1_440, 10_080] {
                let length = Duration::from_mins(minutes);
                let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
                let end: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
                while now < end {
                    let (from, to) = around(now, length, &zone);
                    assert!(from <= now && now < to, "{now} {minutes} {zone:?}");
                    assert_eq!(around(to, length, &zone).0, to, "{now} {minutes} {zone:?}");
                    now = to;
                }
            }
        }
    }
}
