use super::*;

fn second(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

/// The first moment that `updated_at > value` gives when days are cut in `zone`.
fn first_given(value: i64, zone: &TimeZone) -> i64 {
    let day = Timestamp::from_second(value)
        .unwrap()
        .to_zoned(zone.clone())
        .date();
    day.tomorrow()
        .unwrap()
        .to_zoned(zone.clone())
        .unwrap()
        .timestamp()
        .as_second()
}

#[test]
fn a_day_query_gives_the_whole_day_of_the_position_in_every_time_zone() {
    let zones = [
        "UTC",
        "America/Los_Angeles",
        "America/New_York",
        "Europe/Berlin",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
    ];
    let moments = [
        "2026-11-21T00:00:00Z",
        "2026-11-20T23:59:59Z",
        "2026-03-08T09:59:59Z",
        "2026-03-08T10:00:00Z",
        "2026-11-01T08:30:00Z",
        "2026-11-01T09:30:00Z",
        "2026-03-29T00:59:59Z",
        "2026-10-25T01:30:00Z",
        "2011-12-30T09:59:59Z",
        "2011-12-30T10:00:01Z",
        "2018-11-04T03:00:00Z",
        "2026-12-31T23:30:00Z",
        "2027-01-01T00:30:00Z",
    ];
    for name in zones {
        let zone = TimeZone::get(name).unwrap();
        for moment in moments {
            let since = second(moment);
            let value = after(since, SearchGranularity::Day, Some(&zone));
            let given = first_given(value, &zone);
            assert!(
                given <= since,
                "{name} {moment}: begins at {given}, after {since}"
            );
            assert!(
                since - given <= 3 * 86_400,
                "{name} {moment}: reads {} seconds again",
                since - given
            );
        }
    }
}

#[test]
fn an_unknown_time_zone_still_gives_everything() {
    for offset in -12..=14 {
        let zone = TimeZone::fixed(jiff::tz::offset(offset));
        for moment in [
            "2026-11-21T00:00:00Z",
            "2026-11-20T11:59:59Z",
            "2026-11-20T12:00:00Z",
            "2026-11-20T23:59:59Z",
        ] {
            let since = second(moment);
            let value = after(since, SearchGranularity::Day, None);
            assert!(first_given(value, &zone) <= since, "UTC{offset:+} {moment}");
        }
    }
}

#[test]
fn an_exact_query_gives_the_second_of_the_position_itself() {
    let since = second("2026-11-21T03:04:05Z");
    assert_eq!(after(since, SearchGranularity::Second, None), since - 1);
    for (since, value) in [(0, 0), (1, 0), (-5, 0)] {
        assert_eq!(after(since, SearchGranularity::Second, None), value);
    }
    assert_eq!(after(0, SearchGranularity::Day, Some(&TimeZone::UTC)), 0);
    assert_eq!(after(i64::MAX, SearchGranularity::Day, Some(&TimeZone::UTC)), 0);
}

#[test]
fn only_preview_is_exact_for_contacts() {
    for (version, granularity) in [
        (Version::V2_10, SearchGranularity::Day),
        (Version::V2_16, SearchGranularity::Day),
        (Version::Preview, SearchGranularity::Second),
    ] {
        assert_eq!(contact_granularity(version), granularity, "{version:?}");
    }
}

#[test]
fn the_high_water_mark_never_moves_back_and_never_into_the_future() {
    // (before, seen, now, after)
    let cases = [
        (None, None, 100, None),
        (None, Some(90), 100, Some(90)),
        (Some(50), Some(90), 100, Some(90)),
        (Some(50), None, 100, Some(50)),
        (Some(90), Some(50), 100, Some(90)),
        (Some(50), Some(9_999), 100, Some(100)),
        (Some(500), Some(600), 100, Some(500)),
    ];
    for (before, seen, now, expected) in cases {
        assert_eq!(
            high_water(before, seen, now),
            expected,
            "{before:?} {seen:?} {now}"
        );
    }
}

#[test]
fn a_search_is_sorted_and_bounded_below() {
    assert_eq!(
        changed_after(7, Order::Descending),
        json!({
            "query": { "field": "updated_at", "operator": ">", "value": 7 },
            "sort": { "field": "updated_at", "order": "descending" },
        })
    );
}
