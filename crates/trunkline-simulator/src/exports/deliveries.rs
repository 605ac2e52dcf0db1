//! Deliveries of outbound content: who received which e-mail or post, and what they did with it (facts 8).

use std::io;

use bytes::Bytes;

use super::Csv;
use crate::{
    texts::mix,
    workspace::{Workspace, contact::Contact},
};

/// The columns, with the platform's own misspelling.
const COLUMNS: [&str; 26] = [
    "user_id",
    "user_external_id",
    "company_id",
    "email",
    "name",
    "ruleset_id",
    "content_id",
    "content_type",
    "content_title",
    "ruleset_version_id",
    "receipt_id",
    "received_at",
    "series_id",
    "series_title",
    "node_id",
    "first_reply",
    "first_completion",
    "first_series_completion",
    "first_series_disengagement",
    "first_series_exit",
    "first_goal_success",
    "first_open",
    "first_click",
    "first_dismisall",
    "first_unsubscribe",
    "first_hard_bounce",
];
/// What was sent to everybody: kind and title.
const CONTENT: [(&str, &str); 3] = [
    ("email", "Welcome aboard"),
    ("post", "What is new"),
    ("email", "We miss you"),
];
const DAY: u64 = 86_400;

/// A delivery to a contact: its content's place, the moment, and a number from which the rest follows.
fn delivery(seed: u64, contact: &Contact, place: usize) -> (i64, u64) {
    let number = mix(seed, 110 + place as u64, contact.row);
    (contact.created_at + (number % (60 * DAY)) as i64, number)
}

/// Every delivery of the span, in order of contacts.
fn within(workspace: &Workspace, from: i64, until: i64) -> impl Iterator<Item = (&Contact, usize, i64, u64)> {
    workspace
        .contacts
        .iter()
        .filter(|contact| contact.is_listed())
        .flat_map(move |contact| {
            (0..CONTENT.len()).map(move |place| {
                let (at, number) = delivery(workspace.seed, contact, place);
                (contact, place, at, number)
            })
        })
        .filter(move |(_, _, at, _)| from <= *at && *at <= until)
}

/// Whether the span has any delivery.
pub(crate) fn is_empty(workspace: &Workspace, from: i64, until: i64) -> bool {
    within(workspace, from, until).next().is_none()
}

/// The compressed file of a span.
pub(crate) fn file(workspace: &Workspace, from: i64, until: i64) -> io::Result<Bytes> {
    let mut csv = Csv::new(&COLUMNS)?;
    let seed = workspace.seed;
    for (contact, place, at, number) in within(workspace, from, until) {
        let company = contact
            .companies
            .first()
            .map(|row| workspace.companies[*row as usize].id(&workspace.ids));
        let (kind, title) = CONTENT[place];
        let opened = (number >> 20).is_multiple_of(2).then_some(at + 3_600);
        let clicked = opened
            .filter(|_| (number >> 24).is_multiple_of(3))
            .map(|at| at + 40);
        let bounced = (number >> 30).is_multiple_of(97).then_some(at + 5);
        let moment = |at: Option<i64>| at.map(|at| at.to_string()).unwrap_or_default();
        let row: [String; COLUMNS.len()] = [
            contact.id(&workspace.ids),
            contact.external_id(seed).unwrap_or_default(),
            company.unwrap_or_default(),
            contact.email(seed).unwrap_or_default(),
            contact.name(seed).unwrap_or_default(),
            (3_300 + place).to_string(),
            (5_500 + place).to_string(),
            kind.to_owned(),
            title.to_owned(),
            (7_700 + place).to_string(),
            format!("{}", 100_000_000 + number % 900_000_000),
            at.to_string(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            moment(opened),
            moment(clicked),
            String::new(),
            String::new(),
            moment(bounced),
        ];
        csv.line(row.into_iter())?;
    }
    csv.finish()
}
