//! What people write for a time.
//!
//! The one rule: an error says what to write instead and never repeats the value. Without an offset or a zone of its own, a
//! time is one of the zone that is given; where clocks jump, the rule of RFC 5545 picks the moment (a time in the gap is
//! as much later, a time that comes twice is the first).

use jiff::{SignedDuration, Span, Timestamp, Zoned, civil, fmt::temporal::Pieces, tz::TimeZone};
use serde_json::Value;

/// The first number that is taken for milliseconds: in seconds it would be the year 5138.
const FIRST_MILLIS: f64 = 1e11;

/// Why something is not taken for a time. Each reads on from the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Nothing that is known as a time.
    #[error(
        "is no time; write `2026-11-21T10:00:00Z`, `2026-11-21`, seconds since 1970, `now`, `today`, `tomorrow`, or a span \
         from now such as `+2d` or `-90m`"
    )]
    NotATime,
    /// Neither text nor a number.
    #[error("is no time: a text or a number is needed")]
    NotText,
    /// A number that is too large for seconds.
    #[error("looks like milliseconds; write seconds since 1970 (the number without its last three digits)")]
    Milliseconds,
    /// A number that looks like a year.
    #[error("looks like a year, not like a time; write a whole day, such as `2026-01-01`")]
    Year,
    /// A number that looks like a day without hyphens.
    #[error("looks like a day without hyphens; write `2026-11-21`, or seconds since 1970")]
    Day,
    /// A span without units.
    #[error("is a span without a unit; write `+2d`, `-90m`, `+1w2d` or `+1mo` (units: y, mo, w, d, h, m, s)")]
    Unit,
    /// A zone that does not exist.
    #[error("names a time zone that does not exist; write one such as `Europe/Dublin`")]
    Zone,
    /// Offset and zone contradict each other.
    #[error("has an offset that its time zone does not have then; leave one of the two out")]
    OffsetOfZone,
    /// Before 1970 or after 9999.
    #[error("is before 1970 or after 9999, which Intercom has no times for")]
    OutOfRange,
}

/// Reads a time from text or from a number.
pub fn read(value: &Value, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    match value {
        Value::String(text) => read_text(text, now, zone),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(seconds), _) => of_number(seconds as f64),
            (None, Some(seconds)) => of_number(seconds),
            (None, None) => Err(TimeError::NotATime),
        },
        _ => Err(TimeError::NotText),
    }
}

/// Reads a time from text.
pub fn read_text(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    let time = match text.to_ascii_lowercase().as_str() {
        "now" => now,
        "today" => day_from(now, zone, 0)?,
        "tomorrow" => day_from(now, zone, 1)?,
        "yesterday" => day_from(now, zone, -1)?,
        _ if is_number(text) => return of_number(text.parse().map_err(|_| TimeError::NotATime)?),
        _ => match text.strip_prefix(['+', '-']) {
            Some(span) => shifted(span, text.starts_with('-'), now, zone)?,
            None => moment(text, zone)?,
        },
    };
    in_range(time)
}

/// Digits, with a fraction at most.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn of_number(seconds: f64) -> Result<Timestamp, TimeError> {
    let is_whole = seconds.fract() == 0.0;
    if seconds >= FIRST_MILLIS {
        return Err(TimeError::Milliseconds);
    }
    if is_whole && (1900.0..3000.0).contains(&seconds) {
        return Err(TimeError::Year);
    }
    if is_whole && is_day(seconds) {
        return Err(TimeError::Day);
    }
    let since = SignedDuration::try_from_secs_f64(seconds).map_err(|_| TimeError::OutOfRange)?;
    in_range(Timestamp::from_duration(since).map_err(|_| TimeError::OutOfRange)?)
}

/// Whether a number is a day of this age, written as `20261121`: in seconds it would be one of 1970.
fn is_day(number: f64) -> bool {
    let whole = number as i64;
    let (year, month, day) = (whole / 10_000, whole / 100 % 100, whole % 100);
    (1900..3000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// The start of the day that is so many days away, which is not always midnight.
fn day_from(now: Timestamp, zone: &TimeZone, days: i64) -> Result<Timestamp, TimeError> {
    let today = now.to_zoned(zone.clone()).date();
    today
        .checked_add(Span::new().days(days))
        .and_then(|day| day.to_zoned(zone.clone()))
        .map(|start| start.timestamp())
        .map_err(|_| TimeError::OutOfRange)
}

/// So much from now, days and longer by the calendar of the zone.
fn shifted(span: &str, is_back: bool, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    if is_number(span) {
        return Err(TimeError::Unit);
    }
    // A second sign, or a word such as `ago`, would turn the direction around.
    let is_plain = span
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b','))
        && !span.contains("ago")
        && span.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if !is_plain {
        return Err(TimeError::NotATime);
    }
    let span: Span = span.parse().map_err(|_| TimeError::Unit)?;
    let span = if is_back { span.negate() } else { span };
    now.to_zoned(zone.clone())
        .checked_add(span)
        .map(|time| time.timestamp())
        .map_err(|_| TimeError::OutOfRange)
}

/// ISO 8601 and RFC 3339, with or without offset, time or zone in brackets.
fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    let pieces = Pieces::parse(text).map_err(|_| TimeError::NotATime)?;
    let zoned = match (pieces.time_zone_annotation(), pieces.offset()) {
        (Some(_), _) => {
            let own = pieces
                .to_time_zone()
                .map_err(|_| TimeError::Zone)?
                .ok_or(TimeError::Zone)?;
            if pieces.offset().is_some() {
                text.parse::<Zoned>().map_err(|_| TimeError::OffsetOfZone)
            } else {
                in_zone(pieces.date(), pieces.time(), &own)
            }
        }
        (None, Some(_)) => return text.parse().map_err(|_| TimeError::NotATime),
        (None, None) => in_zone(pieces.date(), pieces.time(), zone),
    };
    zoned.map(|zoned| zoned.timestamp())
}

fn in_zone(date: civil::Date, time: Option<civil::Time>, zone: &TimeZone) -> Result<Zoned, TimeError> {
    match time {
        Some(time) => date.to_datetime(time).to_zoned(zone.clone()),
        None => date.to_zoned(zone.clone()),
    }
    .map_err(|_| TimeError::OutOfRange)
}

fn in_range(time: Timestamp) -> Result<Timestamp, TimeError> {
    if time < Timestamp::UNIX_EPOCH {
        return Err(TimeError::OutOfRange);
    }
    Ok(time)
}
