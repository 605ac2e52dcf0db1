//! What a report counts: conversations and a window in, figures out.
//!
//! The one rule: no clock, no database. Everything follows from the facts of the conversations, so that each definition
//! of `docs/guides/report.md` is tested with conversations that were made by hand. Read `figures/spread.rs` for medians,
//! `figures/days.rs` for what goes by the day, `figures/groups.rs` for teams, teammates, tags and companies.

mod days;
mod groups;
mod spread;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::hours::OfficeHours;
pub use days::Day;
pub(crate) use days::last_day;
pub use groups::{AdminLine, GroupLine};
pub use spread::{BUCKETS, Bucket, Spread, Times};

/// The state of a conversation from some moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is open.
    Open,
    /// It sleeps.
    Snoozed,
    /// It is closed.
    Closed,
}

impl State {
    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "snoozed" => Some(Self::Snoozed),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }
}

/// What happened in one conversation, as `conversation_metrics` has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Intercom's id.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When a contact first wrote.
    pub asked_at: Option<Timestamp>,
    /// Whether a contact began it.
    pub by_contact: bool,
    /// When a teammate first answered.
    pub first_response_at: Option<Timestamp>,
    /// Who did.
    pub first_response_by: Option<String>,
    /// When it was closed for the last time, if it is closed.
    pub resolved_at: Option<Timestamp>,
    /// Who closed it last.
    pub closed_by: Option<String>,
    /// What they are: admin, bot, user.
    pub closed_by_type: Option<String>,
    /// Its state now.
    pub state: State,
    /// How often it was opened again.
    pub reopens: i64,
    /// The rating that it has now.
    pub rating: Option<i64>,
    /// Who was rated.
    pub rated: Option<String>,
    /// The teammate that it is assigned to now.
    pub assignee: Option<String>,
    /// The team that it is assigned to now.
    pub team: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The companies that it is about.
    pub companies: Vec<String>,
    /// Its states, from its beginning on.
    pub states: Vec<(Timestamp, State)>,
}

/// From when to when, by which clock.
#[derive(Clone, Debug)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment that is not within.
    pub to: Timestamp,
    /// What is not known yet: the mirror was read then.
    pub now: Timestamp,
    /// The time zone that days and hours are counted in.
    pub zone: TimeZone,
}

impl Window {
    fn has(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// What ids are called.
pub trait Names {
    /// The name of a teammate, a team, a tag or a company.
    fn name(&self, kind: Kind, id: &str) -> String;
}

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A teammate.
    Admin,
    /// A team.
    Team,
    /// A tag.
    Tag,
    /// A company.
    Company,
}

/// Everything that a report counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Conversations that began within the window.
    pub totals: Totals,
    /// From the contact's first message to a teammate's first answer.
    pub first_response: Times,
    /// From the beginning to the last close, of those that are closed.
    pub resolution: Times,
    /// What happened on each day, and what was left at its end.
    pub days: Vec<Day>,
    /// Conversations that contacts began, by weekday (Monday first) and hour.
    pub hours: [[u64; 24]; 7],
    /// Ratings of the conversations.
    pub ratings: Ratings,
    /// By the team that a conversation is assigned to.
    pub teams: Vec<GroupLine>,
    /// By teammate: what they answered first, closed last and were rated for.
    pub admins: Vec<AdminLine>,
    /// By tag; a conversation with two counts in both.
    pub tags: Vec<GroupLine>,
    /// By company; a conversation of two counts in both.
    pub companies: Vec<GroupLine>,
}

/// How many conversations there are, and how they stand now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// All that began within the window.
    pub conversations: u64,
    /// Those that a contact began.
    pub begun_by_contacts: u64,
    /// Those in which a contact wrote.
    pub asked: u64,
    /// Those of them that a teammate answered.
    pub answered: u64,
    /// Those of them that nobody answered and that are not closed.
    pub waiting: u64,
    /// Those of them that were closed without an answer of a teammate.
    pub closed_unanswered: u64,
    /// Those of these that a bot closed last.
    pub closed_by_bot: u64,
    /// Closed now.
    pub closed: u64,
    /// Open now.
    pub open: u64,
    /// Asleep now.
    pub snoozed: u64,
    /// Opened again at least once.
    pub reopened: u64,
}

/// How contacts rated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ratings {
    /// How many there are.
    pub count: u64,
    /// Ratings of 1, 2, 3, 4 and 5.
    pub by_value: [u64; 5],
    /// Their mean.
    pub average: Option<f64>,
    /// The share of 4 and 5, in percent.
    pub positive_percent: Option<f64>,
}

impl Ratings {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of conversations are far below 2^52"
    )]
    fn of<'f>(facts: impl Iterator<Item = &'f Facts>) -> Self {
        let mut ratings = Self::default();
        let mut sum = 0;
        for rating in facts.filter_map(|facts| facts.rating) {
            if let Some(place) = usize::try_from(rating - 1)
                .ok()
                .and_then(|place| ratings.by_value.get_mut(place))
            {
                *place += 1;
                ratings.count += 1;
                sum += rating;
            }
        }
        if ratings.count > 0 {
            let count = ratings.count as f64;
            ratings.average = Some(spread::rounded(sum as f64 / count));
            let positive = (ratings.by_value[3] + ratings.by_value[4]) as f64;
            ratings.positive_percent = Some(spread::rounded(positive * 100.0 / count));
        }
        ratings
    }
}

/// Counts.
#[must_use]
pub fn figures(all: &[Facts], window: &Window, hours: Option<&OfficeHours>, names: &dyn Names) -> Figures {
    let began: Vec<&Facts> = all.iter().filter(|facts| window.has(facts.created_at)).collect();
    Figures {
        totals: totals(&began),
        first_response: spread::first_response(&began, hours),
        resolution: spread::resolution(&began, hours),
        days: days::days(all, window),
        hours: days::hours(&began, window),
        ratings: Ratings::of(began.iter().copied()),
        teams: groups::teams(&began, hours, names),
        admins: groups::admins(&began, hours, names),
        tags: groups::tags(&began, hours, names),
        companies: groups::companies(&began, hours, names),
    }
}

fn totals(began: &[&Facts]) -> Totals {
    let count = |wanted: &dyn Fn(&Facts) -> bool| began.iter().filter(|facts| wanted(facts)).count() as u64;
    let unanswered = |facts: &Facts| facts.asked_at.is_some() && facts.first_response_at.is_none();
    let is = |state| move |facts: &Facts| facts.state == state;
    let left = |facts: &Facts| unanswered(facts) && facts.state == State::Closed;
    Totals {
        conversations: began.len() as u64,
        begun_by_contacts: count(&|facts| facts.by_contact),
        asked: count(&|facts| facts.asked_at.is_some()),
        answered: count(&|facts| facts.asked_at.is_some() && facts.first_response_at.is_some()),
        waiting: count(&|facts| unanswered(facts) && facts.state != State::Closed),
        closed_unanswered: count(&left),
        closed_by_bot: count(&|facts| left(facts) && facts.closed_by_type.as_deref() == Some("bot")),
        closed: count(&is(State::Closed)),
        open: count(&is(State::Open)),
        snoozed: count(&is(State::Snoozed)),
        reopened: count(&|facts| facts.reopens > 0),
    }
}

#[cfg(test)]
mod tests;
