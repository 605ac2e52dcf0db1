//! Expressions over records, for whatever a record passes through on its way.
//!
//! The one rule: nothing here knows HTTP, SQL or Intercom, reads a file, looks at the clock or at the environment. What an
//! expression may know is its input and the variables that its caller binds. Read [`jq`] next.

pub mod jq;
