//! The report as text.

use super::{cell, duration, escaped, markdown};
use crate::analytics::{
    read::report,
    testing::{Desk, now, week},
};

#[test]
fn minutes_as_people_say_them() {
    for (minutes, text) in [
        (None, "–"),
        (Some(0.0), "0 s"),
        (Some(0.5), "30 s"),
        (Some(1.0), "1 min"),
        (Some(59.4), "59 min"),
        (Some(60.0), "1 h"),
        (Some(59.9), "1 h"),
        (Some(125.0), "2 h 5 min"),
        (Some(1_440.0), "1 d"),
        (Some(3_990.0), "2 d 18 h"),
    ] {
        assert_eq!(duration(minutes), text, "{minutes:?}");
    }
}

#[test]
fn cells_stay_in_their_place() {
    for (text, expected) in [
        ("plain", "plain"),
        ("-5", "-5"),
        ("=1+1", "\"'=1+1\""),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("", ""),
    ] {
        assert_eq!(cell(text), expected, "{text:?}");
    }
    assert_eq!(escaped("New_York _x_"), "New_York \\_x\\_");
    assert_eq!(escaped("a|b\n<c> *d*"), "a\\|b &lt;c&gt; \\*d\\*");
}

#[tokio::test]
async fn the_report_as_a_person_reads_it() {
    let desk = Desk::full().await;
    insta::assert_snapshot!("report", markdown(&report(&desk.path(), &week(), now()).unwrap()));
}
