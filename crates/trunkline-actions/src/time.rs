//! Times as people write them, and as operations want them.
//!
//! The one rule: a time is read in one way or refused; what could be two moments (a year alone, milliseconds, a day without
//! hyphens) is asked for again. Read `time/read.rs` for what people write, `time/forms.rs` for which fields are times.

mod forms;
mod read;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

pub(crate) use forms::form;
pub use read::{TimeError, read, read_text};

/// The form in which an operation wants a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// Seconds since 1970, as a number.
    UnixSeconds,
    /// ISO 8601 in UTC, to the second.
    Iso8601,
    /// ISO 8601 in UTC, to the millisecond.
    Iso8601Millis,
    /// A calendar day.
    Date,
}

impl TimeForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::UnixSeconds, Self::Iso8601, Self::Iso8601Millis, Self::Date];

    /// The word for it in tables and descriptions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnixSeconds => "unix_seconds",
            Self::Iso8601 => "iso8601",
            Self::Iso8601Millis => "iso8601_millis",
            Self::Date => "date",
        }
    }

    /// The value that is sent. A day is the one that `zone` has at that moment.
    #[must_use]
    pub fn write(self, time: Timestamp, zone: &TimeZone) -> Value {
        match self {
            Self::UnixSeconds => Value::from(seconds(time)),
            Self::Iso8601 => Value::from(format!("{:.0}", whole(time))),
            Self::Iso8601Millis => Value::from(format!("{time:.3}")),
            Self::Date => Value::from(time.to_zoned(zone.clone()).date().to_string()),
        }
    }
}

/// The second that has begun.
fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds(time)).unwrap_or(time)
}

#[cfg(test)]
mod tests;
