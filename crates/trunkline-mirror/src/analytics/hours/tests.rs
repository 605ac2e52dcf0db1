//! Office hours, counted by hand and by brute force.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use proptest::prelude::*;

use super::{Exception, Interval, OfficeHours};

fn week() -> Vec<Interval> {
    // Monday to Friday, 9 to 17.
    (0..5)
        .map(|day| Interval {
            start: day * 1_440 + 540,
            end: day * 1_440 + 1_020,
        })
        .collect()
}

fn exception(date: &str, every_year: bool, hours: &[(i64, i64)]) -> Exception {
    Exception {
        date: date.parse().unwrap(),
        every_year,
        hours: hours
            .iter()
            .map(|&(start, end)| Interval { start, end })
            .collect(),
    }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn check(hours: &OfficeHours, cases: &[(&str, &str, i64)]) {
    for (from, to, minutes) in cases {
        let seconds = hours.seconds_between(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(seconds, minutes * 60, "{from} until {to}");
    }
}

#[test]
fn a_night_and_a_weekend_do_not_count() {
    let hours = OfficeHours::new(TimeZone::UTC, &week(), &[]);
    check(
        &hours,
        &[
            ("2026-11-16T10:00:00Z", "2026-11-16T10:30:00Z", 30),
            // Before opening, after closing, over the night.
            ("2026-11-16T08:00:00Z", "2026-11-16T09:10:00Z", 10),
            ("2026-11-16T16:50:00Z", "2026-11-16T20:00:00Z", 10),
            ("2026-11-16T16:00:00Z", "2026-11-17T10:00:00Z", 120),
            ("2026-11-16T17:00:00Z", "2026-11-17T09:00:00Z", 0),
            // Friday evening until Monday.
            ("2026-11-20T16:30:00Z", "2026-11-23T09:15:00Z", 45),
            ("2026-11-21T00:00:00Z", "2026-11-22T23:00:00Z", 0),
            // A whole week, a whole year of 261 working days.
            ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", 2_400),
            ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 261 * 480),
            // Nothing passed, and time that ran backwards.
            ("2026-11-16T10:00:00Z", "2026-11-16T10:00:00Z", 0),
            ("2026-11-16T11:00:00Z", "2026-11-16T10:00:00Z", 0),
        ],
    );
}

#[test]
fn the_office_has_its_own_time_zone_and_its_clock_changes() {
    let hours = OfficeHours::new(zone("America/New_York"), &week(), &[]);
    check(
        &hours,
        &[
            // Winter: UTC-5. Summer: UTC-4.
            ("2026-11-16T13:00:00Z", "2026-11-16T15:00:00Z", 60),
            ("2026-07-13T12:00:00Z", "2026-07-13T14:00:00Z", 60),
            // Over the Sunday of the change: Friday 16:00 to Monday 10:00 by the wall.
            ("2026-03-06T21:00:00Z", "2026-03-09T14:00:00Z", 120),
            ("2026-10-30T20:00:00Z", "2026-11-02T15:00:00Z", 120),
        ],
    );
    // Nights on which the clock changes, in an office that is open at night.
    let night = [Interval {
        start: 6 * 1_440,
        end: 6 * 1_440 + 240,
    }];
    let hours = OfficeHours::new(zone("Europe/Berlin"), &night, &[]);
    check(
        &hours,
        &[
            // 0:00 to 4:00 by the wall is three hours in March, five in October, four otherwise.
            ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 180),
            ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 300),
            ("2026-11-07T12:00:00Z", "2026-11-08T12:00:00Z", 240),
        ],
    );
}

#[test]
fn a_day_may_be_closed_or_have_hours_of_its_own() {
    let days = [
        exception("2026-12-25", true, &[]),
        exception("2026-11-17", false, &[(600, 720)]),
        // Wednesday, in minutes of the week.
        exception("2026-11-18", false, &[(2 * 1_440 + 600, 2 * 1_440 + 660)]),
        // A Saturday that is open.
        exception("2026-11-21", false, &[(600, 660)]),
        exception("2026-11-19", false, &[(540, 1_020)]),
        exception("2026-11-19", false, &[(960, 1_080)]),
    ];
    let hours = OfficeHours::new(TimeZone::UTC, &week(), &days);
    check(
        &hours,
        &[
            ("2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z", 120),
            ("2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z", 60),
            ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", 60),
            ("2028-12-25T00:00:00Z", "2028-12-26T00:00:00Z", 0),
            ("2028-12-26T00:00:00Z", "2028-12-27T00:00:00Z", 480),
            // Two for one day: what both have.
            ("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", 60),
        ],
    );
    let always = OfficeHours::always(TimeZone::UTC, &days[..1]);
    check(
        &always,
        &[("2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z", 2 * 1_440)],
    );
}

#[test]
fn hours_over_midnight_and_hours_that_overlap_count_once() {
    let odd = [
        Interval {
            start: 1_320,
            end: 1_560,
        },
        Interval {
            start: 1_500,
            end: 1_600,
        },
        Interval { start: 300, end: 200 },
        Interval {
            start: 10_000,
            end: 99_999,
        },
    ];
    let hours = OfficeHours::new(TimeZone::UTC, &odd, &[]);
    check(
        &hours,
        &[
            ("2026-11-16T00:00:00Z", "2026-11-17T00:00:00Z", 120),
            ("2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z", 160),
            ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", 80),
        ],
    );
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Pacific/Apia",
    ])
}

fn intervals() -> impl Strategy<Value = Vec<Interval>> {
    prop::collection::vec((0_i64..10_080, 1_i64..2_000), 0..8).prop_map(|list| {
        list.into_iter()
            .map(|(start, length)| Interval {
                start,
                end: (start + length).min(10_080),
            })
            .collect()
    })
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // 2025 to 2028, whole minutes.
    (28_928_160_i64..31_032_000).prop_map(|minute| Timestamp::from_second(minute * 60).unwrap())
}

proptest! {
    #[test]
    fn it_adds_up_and_never_exceeds_what_passed(
        name in zones(), week in intervals(), mut moments in prop::array::uniform3(moment()),
        closed in 0_i8..28,
    ) {
        moments.sort_unstable();
        let [from, between, to] = moments;
        let days = [exception(&format!("2026-03-{:02}", closed + 1), true, &[])];
        let hours = OfficeHours::new(zone(name), &week, &days);
        let whole = hours.seconds_between(from, to);
        prop_assert_eq!(hours.seconds_between(from, between) + hours.seconds_between(between, to), whole);
        prop_assert!(whole >= 0 && whole <= to.as_second() - from.as_second());
        prop_assert_eq!(
            OfficeHours::always(zone(name), &[]).seconds_between(from, to),
            to.as_second() - from.as_second()
        );
    }

    #[test]
    fn it_is_what_the_clock_on_the_wall_says_minute_by_minute(
        name in zones(), week in intervals(), from in moment(), minutes in 0_i64..6_000,
    ) {
        let hours = OfficeHours::new(zone(name), &week, &[]);
        let mut expected = 0;
        for minute in 0..minutes {
            let now = (from + minute.minutes()).to_zoned(zone(name));
            let of_week = i64::from(now.weekday().to_monday_zero_offset()) * 1_440
                + i64::from(now.hour()) * 60
                + i64::from(now.minute());
            expected += i64::from(week.iter().any(|open| open.start <= of_week && of_week < open.end));
        }
        prop_assert_eq!(hours.seconds_between(from, from + minutes.minutes()), expected * 60);
    }
}
