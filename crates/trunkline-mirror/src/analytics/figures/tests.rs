//! Figures from facts, where the right answer is small enough to be seen.

use jiff::{Timestamp, tz::TimeZone};

use super::{Facts, Kind, Names, State, Window, figures, spread::Spread};

struct Ids;

impl Names for Ids {
    fn name(&self, _: Kind, id: &str) -> String {
        id.to_owned()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn facts(id: &str, created: &str, states: &[(&str, State)]) -> Facts {
    let mut all = vec![(at(created), State::Open)];
    all.extend(states.iter().map(|(moment, state)| (at(moment), *state)));
    Facts {
        id: id.to_owned(),
        created_at: at(created),
        asked_at: Some(at(created)),
        by_contact: true,
        first_response_at: None,
        first_response_by: None,
        resolved_at: None,
        closed_by: None,
        closed_by_type: None,
        state: all.last().map_or(State::Open, |(_, state)| *state),
        reopens: 0,
        rating: None,
        rated: None,
        assignee: None,
        team: None,
        tags: Vec::new(),
        companies: Vec::new(),
        states: all,
    }
}

fn window(from: &str, to: &str, now: &str, zone: &str) -> Window {
    Window {
        from: at(from),
        to: at(to),
        now: at(now),
        zone: TimeZone::get(zone).unwrap(),
    }
}

#[test]
fn medians_and_nine_in_ten() {
    for (minutes, median, within, mean) in [
        (vec![], None, None, None),
        (vec![7.0], Some(7.0), Some(7.0), Some(7.0)),
        (vec![4.0, 1.0], Some(2.5), Some(4.0), Some(2.5)),
        (vec![3.0, 1.0, 2.0], Some(2.0), Some(3.0), Some(2.0)),
        ((1..=10).map(f64::from).collect(), Some(5.5), Some(9.0), Some(5.5)),
        (
            (1..=11).map(f64::from).collect(),
            Some(6.0),
            Some(10.0),
            Some(6.0),
        ),
    ] {
        let spread = Spread::of(minutes.clone());
        assert_eq!(
            (spread.median, spread.within_90_percent, spread.mean),
            (median, within, mean),
            "{minutes:?}"
        );
    }
}

#[test]
fn a_day_has_the_length_that_its_time_zone_gives_it() {
    // On 2026-03-29 Berlin skips an hour: the day is from 23:00 to 22:00 UTC.
    let window = window(
        "2026-03-27T23:00:00Z",
        "2026-03-30T22:00:00Z",
        "2026-04-09T00:00:00Z",
        "Europe/Berlin",
    );
    let all = [
        facts("1", "2026-03-28T22:59:59Z", &[]),
        facts("2", "2026-03-28T23:00:00Z", &[]),
        facts(
            "3",
            "2026-03-29T21:59:59Z",
            &[("2026-03-29T22:00:00Z", State::Closed)],
        ),
        // Outside on both sides.
        facts("4", "2026-03-27T22:59:59Z", &[]),
        facts("5", "2026-03-30T22:00:00Z", &[]),
    ];
    let figures = figures(&all, &window, None, &Ids);
    let days: Vec<_> = figures
        .days
        .iter()
        .map(|day| (day.date.to_string(), day.began, day.closed, day.open))
        .collect();
    assert_eq!(
        days,
        [
            ("2026-03-28".to_owned(), 1, 0, 2),
            ("2026-03-29".to_owned(), 2, 0, 4),
            ("2026-03-30".to_owned(), 0, 1, 3),
        ]
    );
    assert_eq!(figures.totals.conversations, 3);
    assert_eq!(
        (figures.hours[5][23], figures.hours[6][0], figures.hours[6][23]),
        (1, 1, 1)
    );
}

#[test]
fn days_that_have_not_begun_are_not_shown_and_the_last_ends_now() {
    let window = window(
        "2026-11-20T00:00:00Z",
        "2026-12-20T00:00:00Z",
        "2026-11-21T12:00:00Z",
        "UTC",
    );
    let all = [facts(
        "1",
        "2026-11-20T08:00:00Z",
        &[
            ("2026-11-21T11:00:00Z", State::Snoozed),
            ("2026-11-21T13:00:00Z", State::Closed),
        ],
    )];
    let days = figures(&all, &window, None, &Ids).days;
    assert_eq!(days.len(), 2);
    assert_eq!((days[0].open, days[0].snoozed), (1, 0));
    assert_eq!((days[1].open, days[1].snoozed, days[1].closed), (0, 1, 0));
}

#[test]
fn a_conversation_that_is_closed_twice_in_a_day_counts_once() {
    let window = window(
        "2026-11-20T00:00:00Z",
        "2026-11-23T00:00:00Z",
        "2026-11-30T00:00:00Z",
        "UTC",
    );
    let all = [facts(
        "1",
        "2026-11-19T08:00:00Z",
        &[
            ("2026-11-20T09:00:00Z", State::Closed),
            ("2026-11-20T10:00:00Z", State::Open),
            ("2026-11-20T11:00:00Z", State::Closed),
            ("2026-11-21T10:00:00Z", State::Open),
            ("2026-11-22T11:00:00Z", State::Closed),
        ],
    )];
    let figures = figures(&all, &window, None, &Ids);
    let days: Vec<_> = figures.days.iter().map(|day| (day.closed, day.open)).collect();
    assert_eq!(days, [(1, 0), (0, 1), (1, 0)]);
    assert_eq!(figures.totals.conversations, 0);
}
