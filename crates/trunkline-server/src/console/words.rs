//! Times, spans and counts in words.
//!
//! The one rule: what is exact stands in the title of what is short.

use jiff::{Timestamp, tz::TimeZone};

/// How long ago a moment was, or how soon it is.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let (past, span) = (seconds >= 0, seconds.unsigned_abs());
    if span < 5 {
        return "just now".to_owned();
    }
    let words = span_of(span);
    if past {
        format!("{words} ago")
    } else {
        format!("in {words}")
    }
}

/// A span, in its largest whole unit.
pub(crate) fn span_of(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How often something happens.
pub(crate) fn every(seconds: u64) -> String {
    match seconds {
        1 => "every second".to_owned(),
        60 => "every minute".to_owned(),
        3_600 => "every hour".to_owned(),
        86_400 => "every day".to_owned(),
        _ if seconds.is_multiple_of(86_400) => format!("every {} days", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("every {} hours", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("every {} minutes", seconds / 60),
        _ => format!("every {seconds} seconds"),
    }
}

/// A moment, exactly.
pub(crate) fn exact(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%-d %b %Y, %H:%M:%S UTC")
        .to_string()
}

/// A count with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun.
pub(crate) fn some(number: u64, noun: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {noun}{end}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts_are_said_as_people_say_them() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 - seconds).unwrap();
        for (seconds, expected) in [
            (0, "just now"),
            (-3, "just now"),
            (42, "42 seconds ago"),
            (60, "1 minute ago"),
            (7_300, "2 hours ago"),
            (200_000, "2 days ago"),
            (-90, "in 1 minute"),
        ] {
            assert_eq!(ago(at(seconds), now), expected);
        }
        for (seconds, expected) in [
            (600, "every 10 minutes"),
            (3_600, "every hour"),
            (90, "every 90 seconds"),
            (172_800, "every 2 days"),
        ] {
            assert_eq!(every(seconds), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        assert_eq!(
            (some(1, "run"), some(2, "run")),
            ("1 run".to_owned(), "2 runs".to_owned())
        );
        assert_eq!(exact(now), "15 Jan 2027, 08:00:00 UTC");
    }
}
