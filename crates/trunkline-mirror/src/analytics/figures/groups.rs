//! The same figures by team, teammate, tag and company.
//!
//! The one rule: what has most comes first; equal ones go by name, then by id.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Facts, Kind, Names, Ratings, State, spread};
use crate::analytics::hours::OfficeHours;

/// The conversations of a team, a tag or a company.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupLine {
    /// Intercom's id; empty for conversations without one.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Conversations that began within the window.
    pub conversations: u64,
    /// Those that a teammate answered.
    pub answered: u64,
    /// Median minutes to the first response.
    pub first_response: Option<f64>,
    /// The same within office hours.
    pub office_first_response: Option<f64>,
    /// Those that are closed.
    pub closed: u64,
    /// Median minutes to the last close.
    pub resolution: Option<f64>,
    /// The same within office hours.
    pub office_resolution: Option<f64>,
    /// How many were rated.
    pub ratings: u64,
    /// The mean of their ratings.
    pub average_rating: Option<f64>,
}

/// What a teammate did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdminLine {
    /// Intercom's id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Conversations that they were the first to answer.
    pub first_responses: u64,
    /// Median minutes to those answers.
    pub first_response: Option<f64>,
    /// The same within office hours.
    pub office_first_response: Option<f64>,
    /// Conversations that are closed and that they closed last.
    pub closed: u64,
    /// Median minutes to those closes.
    pub resolution: Option<f64>,
    /// The same within office hours.
    pub office_resolution: Option<f64>,
    /// Conversations that are assigned to them and not closed.
    pub assigned_not_closed: u64,
    /// How many of their ratings there are.
    pub ratings: u64,
    /// The mean of them.
    pub average_rating: Option<f64>,
}

type Groups<'f> = BTreeMap<&'f str, Vec<&'f Facts>>;

pub(super) fn teams(began: &[&Facts], hours: Option<&OfficeHours>, names: &dyn Names) -> Vec<GroupLine> {
    lines(
        grouped(began, |facts| vec![facts.team.as_deref().unwrap_or_default()]),
        Kind::Team,
        hours,
        names,
    )
}

pub(super) fn tags(began: &[&Facts], hours: Option<&OfficeHours>, names: &dyn Names) -> Vec<GroupLine> {
    lines(
        grouped(began, |facts| facts.tags.iter().map(String::as_str).collect()),
        Kind::Tag,
        hours,
        names,
    )
}

pub(super) fn companies(began: &[&Facts], hours: Option<&OfficeHours>, names: &dyn Names) -> Vec<GroupLine> {
    lines(
        grouped(began, |facts| {
            facts.companies.iter().map(String::as_str).collect()
        }),
        Kind::Company,
        hours,
        names,
    )
}

fn grouped<'f>(began: &[&'f Facts], keys: impl Fn(&'f Facts) -> Vec<&'f str>) -> Groups<'f> {
    let mut groups = Groups::new();
    for facts in began {
        for key in keys(facts) {
            groups.entry(key).or_default().push(facts);
        }
    }
    groups
}

fn lines(groups: Groups<'_>, kind: Kind, hours: Option<&OfficeHours>, names: &dyn Names) -> Vec<GroupLine> {
    let mut lines: Vec<GroupLine> = groups
        .into_iter()
        .map(|(id, facts)| {
            let response = spread::first_response(&facts, hours);
            let resolution = spread::resolution(&facts, hours);
            let ratings = Ratings::of(facts.iter().copied());
            GroupLine {
                id: id.to_owned(),
                name: match (kind, id) {
                    (Kind::Team, "") => "no team".to_owned(),
                    _ => names.name(kind, id),
                },
                conversations: facts.len() as u64,
                answered: response.count,
                first_response: response.minutes.median,
                office_first_response: response.office_minutes.and_then(|spread| spread.median),
                closed: facts.iter().filter(|facts| facts.state == State::Closed).count() as u64,
                resolution: resolution.minutes.median,
                office_resolution: resolution.office_minutes.and_then(|spread| spread.median),
                ratings: ratings.count,
                average_rating: ratings.average,
            }
        })
        .collect();
    lines.sort_by(|left, right| {
        (right.conversations, &left.name, &left.id).cmp(&(left.conversations, &right.name, &right.id))
    });
    lines
}

pub(super) fn admins(began: &[&Facts], hours: Option<&OfficeHours>, names: &dyn Names) -> Vec<AdminLine> {
    let by = |key: fn(&Facts) -> Option<&String>| {
        grouped(began, move |facts| {
            key(facts).map(String::as_str).into_iter().collect()
        })
    };
    let answered = by(|facts| facts.first_response_by.as_ref());
    let closed = by(|facts| facts.closed_by.as_ref().filter(|_| is_closed_by_admin(facts)));
    let rated = by(|facts| facts.rated.as_ref().filter(|_| facts.rating.is_some()));
    let assigned = by(|facts| facts.assignee.as_ref().filter(|_| facts.state != State::Closed));
    let mut ids: Vec<&str> = [&answered, &closed, &rated, &assigned]
        .iter()
        .flat_map(|groups| groups.keys().copied())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let of = |groups: &Groups<'_>, id: &str| groups.get(id).map_or(0, |facts| facts.len() as u64);
    let none = Vec::new();
    let mut lines: Vec<AdminLine> = ids
        .into_iter()
        .map(|id| {
            let response = spread::first_response(answered.get(id).unwrap_or(&none), hours);
            let resolution = spread::resolution(closed.get(id).unwrap_or(&none), hours);
            let ratings = Ratings::of(rated.get(id).into_iter().flatten().copied());
            AdminLine {
                id: id.to_owned(),
                name: names.name(Kind::Admin, id),
                first_responses: response.count,
                first_response: response.minutes.median,
                office_first_response: response.office_minutes.and_then(|spread| spread.median),
                closed: of(&closed, id),
                resolution: resolution.minutes.median,
                office_resolution: resolution.office_minutes.and_then(|spread| spread.median),
                assigned_not_closed: of(&assigned, id),
                ratings: ratings.count,
                average_rating: ratings.average,
            }
        })
        .collect();
    lines.sort_by(|left, right| {
        (right.first_responses, right.closed, &left.name, &left.id).cmp(&(
            left.first_responses,
            left.closed,
            &right.name,
            &right.id,
        ))
    });
    lines
}

fn is_closed_by_admin(facts: &Facts) -> bool {
    facts.state == State::Closed && facts.closed_by_type.as_deref().is_none_or(|kind| kind == "admin")
}
