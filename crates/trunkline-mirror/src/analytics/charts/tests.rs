//! The charts, from their numbers.

use super::{Bars, Heat, Lines, Series, escape, svg::scale};

const EVIL: &str = "\"><script>alert('x')</script>&\u{0}\u{202e}";

fn bars() -> Bars {
    Bars {
        title: EVIL.to_owned(),
        labels: vec![EVIL.to_owned(), "b".to_owned()],
        series: vec![(EVIL.to_owned(), vec![3, 12])],
    }
}

#[test]
fn no_label_gets_out_of_its_place() {
    let charts = [
        bars().svg(),
        Lines {
            title: EVIL.to_owned(),
            days: vec!["2026-11-20".parse().unwrap(), "2026-11-21".parse().unwrap()],
            series: vec![Series {
                name: EVIL.to_owned(),
                values: vec![1, 2],
                filled: true,
            }],
        }
        .svg(),
        Heat {
            title: EVIL.to_owned(),
            rows: vec![EVIL.to_owned()],
            columns: vec![EVIL.to_owned()],
            cells: vec![vec![1]],
        }
        .svg(),
    ];
    for svg in charts {
        assert!(!svg.contains("<script") && !svg.contains("alert('"), "{svg}");
        assert!(!svg.contains(['\0', '\u{202e}']), "{svg}");
        assert!(
            svg.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)"),
            "{svg}"
        );
        assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{svg}");
    }
    assert_eq!(escape("a\nb \u{7}"), "a b \u{fffd}");
}

#[test]
fn nothing_at_all_is_still_a_chart() {
    for svg in [
        Bars::default().svg(),
        Lines::default().svg(),
        Heat::default().svg(),
    ] {
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_highest_bar_ends_within_the_scale() {
    for (most, step, steps) in [
        (0, 1, 1),
        (1, 1, 1),
        (4, 1, 4),
        (7, 2, 4),
        (12, 5, 3),
        (99, 20, 5),
        (1_234, 500, 3),
    ] {
        assert_eq!(scale(most), (step, steps), "{most}");
    }
    let svg = bars().svg();
    // Of 15, at 182 points: 12 is 145.6 high.
    assert!(svg.contains("height=\"145.6\""), "{svg}");
    assert!(svg.contains(">15</text>"), "{svg}");
}
