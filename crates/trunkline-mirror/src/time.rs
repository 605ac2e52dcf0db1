//! Times as the mirror keeps them: `2026-11-21T03:04:05Z`, with milliseconds when they were given.
//!
//! The one rule: text that is no time becomes nothing, never something that sorts among times. No allocation: a time
//! is a [`Short`].

use std::fmt;

use jiff::Timestamp;

/// A short text that lives without an allocation: a time, or an id that came as a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Short {
    bytes: [u8; 24],
    length: u8,
}

impl Short {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII digits and marks are ever pushed.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("")
    }

    fn empty() -> Self {
        Self {
            bytes: [0; 24],
            length: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length += 1;
        }
    }

    /// A whole number in decimal.
    #[must_use]
    pub fn number(value: i64) -> Self {
        let mut short = Self::empty();
        let mut reversed = [0_u8; 20];
        let mut length = 0;
        let mut rest = value.unsigned_abs();
        loop {
            reversed[length] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            length += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            short.push(b'-');
        }
        for digit in reversed[..length].iter().rev() {
            short.push(*digit);
        }
        short
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// From here on a number is milliseconds: as seconds it would be the year 5138.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

/// A unix time, in seconds or in milliseconds.
#[must_use]
pub fn from_unix(value: i64) -> Option<Short> {
    if value.abs() >= FIRST_MILLISECONDS {
        return civil(
            value.div_euclid(1000),
            Some(u32::try_from(value.rem_euclid(1000)).ok()?),
        );
    }
    civil(value, None)
}

/// An instant; whole seconds are written without a fraction.
#[must_use]
pub fn from_timestamp(value: Timestamp) -> String {
    let milliseconds = value.as_millisecond();
    let fraction = u32::try_from(milliseconds.rem_euclid(1000)).unwrap_or(0);
    civil(milliseconds.div_euclid(1000), (fraction != 0).then_some(fraction))
        .map_or_else(String::new, |short| short.as_str().to_owned())
}

/// ISO-8601 with `T` or a space, a fraction or none, `Z`, `UTC`, an offset or nothing; a bare date; or unix digits.
#[must_use]
pub fn from_text(text: &str) -> Option<Short> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return text.parse().ok().and_then(from_unix);
    }
    let (year, month, day) = (
        number(&bytes[0..4])?,
        number(&bytes[5..7])?,
        number(&bytes[8..10])?,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let mut seconds = days(year, month, day) * 86_400;
    let mut fraction = None;
    let mut rest = &bytes[10..];
    if let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, tail @ ..] = rest {
        let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
        rest = tail;
        let mut second = 0;
        if let [b':', s1, s2, tail @ ..] = rest {
            second = number(&[*s1, *s2])?;
            rest = tail;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        seconds += i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        if let [b'.' | b',', tail @ ..] = rest {
            let length = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digit = |place: usize| {
                tail[..length]
                    .get(place)
                    .map_or(0, |digit| u32::from(digit - b'0'))
            };
            let milliseconds = digit(0) * 100 + digit(1) * 10 + digit(2);
            fraction = (length > 0).then_some(milliseconds);
            rest = &tail[length..];
        }
    }
    if let [b' ', tail @ ..] = rest {
        rest = tail;
    }
    seconds -= match rest {
        [] | [b'Z' | b'z'] | b"UTC" | b"GMT" => 0,
        [sign @ (b'+' | b'-'), h1, h2, minutes @ ..] => {
            let minute = match minutes {
                [] => 0,
                [b':', m1, m2] | [m1, m2] => number(&[*m1, *m2])?,
                _ => return None,
            };
            let offset = i64::from(number(&[*h1, *h2])?) * 3600 + i64::from(minute) * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    civil(seconds, fraction)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + u32::from(digit - b'0'))
    })
}

fn is_leap(year: u32) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counted in eras of 400 years that begin in March, so that leap days come last.
fn days(year: u32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(seconds: i64, milliseconds: Option<u32>) -> Option<Short> {
    let shifted = seconds.div_euclid(86_400) + 719_468;
    let second = u32::try_from(seconds.rem_euclid(86_400)).ok()?;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = u32::try_from(era * 400 + year_of_era + i64::from(month <= 2)).ok()?;
    if year > 9999 {
        return None;
    }
    let mut bytes = *b"0000-00-00T00:00:00.000Z";
    two(&mut bytes, 0, year / 100);
    two(&mut bytes, 2, year % 100);
    two(&mut bytes, 5, u32::try_from(month).ok()?);
    two(&mut bytes, 8, u32::try_from(day).ok()?);
    two(&mut bytes, 11, second / 3600);
    two(&mut bytes, 14, second / 60 % 60);
    two(&mut bytes, 17, second % 60);
    let Some(milliseconds) = milliseconds else {
        bytes[19] = b'Z';
        return Some(Short { bytes, length: 20 });
    };
    two(&mut bytes, 20, milliseconds / 10);
    two(&mut bytes, 22, milliseconds % 10 * 10);
    bytes[23] = b'Z';
    Some(Short { bytes, length: 24 })
}

/// Writes two digits.
fn two(bytes: &mut [u8; 24], at: usize, value: u32) {
    let digit = |value: u32| b'0' + (value % 10) as u8;
    bytes[at] = digit(value / 10);
    bytes[at + 1] = digit(value);
}

#[cfg(test)]
mod tests {
    use super::{from_text, from_timestamp, from_unix};

    #[test]
    fn unix_times_become_text() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_230_245, "2026-11-21T03:04:05Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (1_795_230_245_123, "2026-11-21T03:04:05.123Z"),
        ] {
            assert_eq!(from_unix(unix).unwrap().as_str(), text);
            let seconds = if unix > 100_000_000_000 { unix } else { unix * 1000 };
            assert_eq!(
                from_timestamp(jiff::Timestamp::from_millisecond(seconds).unwrap()),
                text
            );
        }
        assert!(from_unix(i64::MAX).is_none());
        assert!(from_unix(i64::MIN + 1).is_none());
    }

    #[test]
    fn iso_times_become_utc() {
        for (given, text) in [
            ("2026-11-21T03:04:05Z", Some("2026-11-21T03:04:05Z")),
            ("2026-11-21T03:04:05.1Z", Some("2026-11-21T03:04:05.100Z")),
            (
                "2026-11-21T03:04:05.123456+00:00",
                Some("2026-11-21T03:04:05.123Z"),
            ),
            ("2026-11-21T03:04:05+02:00", Some("2026-11-21T01:04:05Z")),
            ("2026-11-21T03:04:05-0530", Some("2026-11-21T08:34:05Z")),
            ("2026-11-21 03:04:05 UTC", Some("2026-11-21T03:04:05Z")),
            ("2026-11-21T03:04", Some("2026-11-21T03:04:00Z")),
            ("2026-11-21", Some("2026-11-21T00:00:00Z")),
            ("1795230245", Some("2026-11-21T03:04:05Z")),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-21T25:00:00Z", None),
            ("2026-11-21Tnoon", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(
                from_text(given).as_ref().map(super::Short::as_str),
                text,
                "{given}"
            );
        }
    }

    #[test]
    fn numbers_become_text() {
        for number in [0, 7, -7, 215_472_629_311_235, i64::MAX, i64::MIN] {
            assert_eq!(super::Short::number(number).as_str(), number.to_string());
        }
    }
}
