//! A search finds what a scan of everything finds: random queries, judged by what the answers themselves show.
//!
//! The one rule: the judge here is written from the facts of the search language and shares nothing with the compiler.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    TestSim,
    steps::{self, Step, World},
};

/// What a field holds, for the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    /// Compared to the second.
    Second,
    /// Compared by day in the workspace's time zone.
    Day,
    Flag,
    /// Compared by `=` and `!=` only; holds any of several.
    Id,
}

use Kind::{Day, Flag, Id, Number, Second, Text};

/// A field's name, its kind, and where a row shows it; `*` goes through a list.
type Field = (&'static str, Kind, &'static str);

const CONTACT: &[Field] = &[
    ("id", Text, "id"),
    ("role", Text, "role"),
    ("name", Text, "name"),
    ("email", Text, "email"),
    ("email_domain", Text, "email_domain"),
    ("phone", Text, "phone"),
    ("external_id", Text, "external_id"),
    ("owner_id", Text, "owner_id"),
    ("browser_language", Text, "browser_language"),
    ("location.city", Text, "location/city"),
    ("created_at", Day, "created_at"),
    ("updated_at", Day, "updated_at"),
    ("signed_up_at", Day, "signed_up_at"),
    ("last_seen_at", Day, "last_seen_at"),
    ("unsubscribed_from_emails", Flag, "unsubscribed_from_emails"),
    ("tag_id", Id, "tags/data/*/id"),
    (
        "custom_attributes.lifetime_value",
        Number,
        "custom_attributes/lifetime_value",
    ),
    ("custom_attributes.Plan tier", Text, "custom_attributes/Plan tier"),
];
const CONVERSATION: &[Field] = &[
    ("id", Text, "id"),
    ("state", Text, "state"),
    ("priority", Id, "priority"),
    ("open", Flag, "open"),
    ("read", Flag, "read"),
    ("admin_assignee_id", Id, "admin_assignee_id"),
    ("team_assignee_id", Id, "team_assignee_id"),
    ("created_at", Second, "created_at"),
    ("updated_at", Second, "updated_at"),
    ("waiting_since", Second, "waiting_since"),
    ("snoozed_until", Second, "snoozed_until"),
    ("contact_ids", Id, "contacts/contacts/*/id"),
    ("teammate_ids", Id, "teammates/admins/*/id"),
    ("tag_ids", Id, "tags/tags/*/id"),
    ("source.id", Text, "source/id"),
    ("source.delivered_as", Text, "source/delivered_as"),
    ("source.url", Text, "source/url"),
    ("source.author.id", Text, "source/author/id"),
    ("source.author.type", Text, "source/author/type"),
    ("source.author.email", Text, "source/author/email"),
    (
        "statistics.count_conversation_parts",
        Number,
        "statistics/count_conversation_parts",
    ),
    ("statistics.count_reopens", Number, "statistics/count_reopens"),
    (
        "statistics.time_to_admin_reply",
        Number,
        "statistics/time_to_admin_reply",
    ),
    (
        "statistics.first_admin_reply_at",
        Second,
        "statistics/first_admin_reply_at",
    ),
    ("statistics.last_close_at", Second, "statistics/last_close_at"),
    ("conversation_rating.score", Number, "conversation_rating/rating"),
    ("custom_attribute.Topic", Text, "custom_attributes/Topic"),
];
const TICKET: &[Field] = &[
    ("id", Text, "id"),
    ("title", Text, "ticket_attributes/_default_title_"),
    ("description", Text, "ticket_attributes/_default_description_"),
    ("ticket_type_id", Text, "ticket_type/id"),
    ("state", Text, "ticket_state/category"),
    ("open", Flag, "open"),
    ("admin_assignee_id", Id, "admin_assignee_id"),
    ("team_assignee_id", Id, "team_assignee_id"),
    ("contact_ids", Id, "contacts/contacts/*/id"),
    ("created_at", Second, "created_at"),
    ("updated_at", Second, "updated_at"),
    ("snoozed_until", Second, "snoozed_until"),
];

/// Only Preview searches companies.
const COMPANY: &[Field] = &[
    ("id", Text, "id"),
    ("company_id", Text, "company_id"),
    ("name", Text, "name"),
    ("website", Text, "website"),
    ("industry", Text, "industry"),
    ("plan", Text, "plan/name"),
    ("size", Number, "size"),
    ("monthly_spend", Number, "monthly_spend"),
    ("user_count", Number, "user_count"),
    ("created_at", Second, "created_at"),
    ("updated_at", Second, "updated_at"),
    ("last_request_at", Second, "last_request_at"),
    ("remote_created_at", Second, "remote_created_at"),
    ("tag_id", Id, "tags/tags/*/id"),
];

/// What is searched: version, path, the key of the rows, and their fields.
type Search = (&'static str, &'static str, &'static str, &'static [Field]);

/// A query in numbers, which choose fields, operators and values.
#[derive(Clone, Debug)]
enum Query {
    Leaf {
        field: u8,
        operator: u8,
        /// Whose value is looked for.
        row: u8,
        /// What is added to numbers, and how texts are cut.
        nudge: i8,
    },
    Group(bool, Vec<Query>),
}

fn query() -> impl Strategy<Value = Query> {
    let leaf = (any::<u8>(), any::<u8>(), any::<u8>(), -1..2_i8).prop_map(|(field, operator, row, nudge)| {
        Query::Leaf {
            field,
            operator,
            row,
            nudge,
        }
    });
    let flat = prop_oneof![
        2 => leaf.clone(),
        1 => (any::<bool>(), proptest::collection::vec(leaf, 0..4)).prop_map(|(all, of)| Query::Group(all, of)),
    ];
    prop_oneof![
        1 => flat.clone(),
        2 => (any::<bool>(), proptest::collection::vec(flat, 0..4)).prop_map(|(all, of)| Query::Group(all, of)),
    ]
}

/// Everything that a row shows at a place.
fn shown<'r>(row: &'r Value, place: &str) -> Vec<&'r Value> {
    place.split('/').fold(vec![row], |held, step| {
        held.into_iter()
            .flat_map(|value| match step {
                "*" => value
                    .as_array()
                    .map(|all| all.iter().collect())
                    .unwrap_or_default(),
                step => vec![&value[step]],
            })
            .collect()
    })
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A filter in the API's words, and what a row must show to pass.
struct Filter {
    json: Value,
    passes: Box<dyn Fn(&Value) -> bool>,
}

fn build(query: &Query, fields: &[Field], rows: &[Value]) -> Filter {
    match query {
        Query::Group(all, of) => {
            let all = *all;
            let of: Vec<Filter> = of.iter().map(|one| build(one, fields, rows)).collect();
            let json: Vec<&Value> = of.iter().map(|one| &one.json).collect();
            let json = json!({ "operator": if all { "AND" } else { "OR" }, "value": json });
            let passes = move |row: &Value| {
                if all {
                    of.iter().all(|one| (one.passes)(row))
                } else {
                    of.iter().any(|one| (one.passes)(row))
                }
            };
            Filter {
                json,
                passes: Box::new(passes),
            }
        }
        Query::Leaf {
            field,
            operator,
            row,
            nudge,
        } => {
            let field = fields[usize::from(*field) % fields.len()];
            let operators: &[&'static str] = match field.1 {
                Text => &["=", "!=", "IN", "NIN", "~", "!~", "^", "$"],
                Number => &["=", "!=", "IN", "NIN", ">", "<", ">=", "<="],
                Second => &["=", ">", "<", ">=", "<="],
                Day => &["=", ">", "<"],
                Flag | Id => &["=", "!="],
            };
            let operator = operators[usize::from(*operator) % operators.len()];
            let held = rows.get(usize::from(*row) % rows.len().max(1));
            let held = held.and_then(|row| shown(row, field.2).first().copied().cloned());
            let value = wanted(field.1, operator, &held.unwrap_or_default(), *nudge);
            let json = json!({ "field": field.0, "operator": operator, "value": value });
            let passes = move |row: &Value| judge(field.1, operator, &value, &shown(row, field.2));
            Filter {
                json,
                passes: Box::new(passes),
            }
        }
    }
}

/// A value to ask for, near to what some row holds.
fn wanted(kind: Kind, operator: &str, held: &Value, nudge: i8) -> Value {
    let value = match kind {
        Number | Second | Day => json!(held.as_i64().unwrap_or(1_700_000_000) + i64::from(nudge)),
        Flag => json!(nudge > 0),
        Id => json!(if held.is_null() {
            "1".to_owned()
        } else {
            word(held)
        }),
        Text if held.is_null() && operator == "=" => Value::Null,
        Text => {
            let text = held.as_str().unwrap_or("nothing").to_owned();
            let text = if nudge > 0 {
                text.to_ascii_uppercase()
            } else {
                text
            };
            let letters: Vec<char> = text.chars().collect();
            let middle = letters.len() / 2;
            json!(match operator {
                "~" | "!~" => letters[middle / 2..letters.len().min(middle + 1)]
                    .iter()
                    .collect::<String>(),
                "^" => letters[..middle].iter().collect(),
                "$" => letters[middle..].iter().collect(),
                _ => text,
            })
        }
    };
    match operator {
        "IN" | "NIN" => json!([value, if kind == Number { json!(3) } else { json!("user") }]),
        _ => value,
    }
}

/// Whether a row that shows this passes.
fn judge(kind: Kind, operator: &str, value: &Value, held: &[&Value]) -> bool {
    match (kind, operator) {
        (_, "!=") => !judge(kind, "=", value, held),
        (_, "!~") => !judge(kind, "~", value, held),
        (_, "NIN") => !judge(kind, "IN", value, held),
        (_, "IN") => {
            let all = value.as_array().expect("a list of values");
            all.iter().any(|value| judge(kind, "=", value, held))
        }
        (Id, _) => held
            .iter()
            .any(|held| word(held).eq_ignore_ascii_case(&word(value))),
        (Flag, _) => held[0] == value,
        (Text, _) => match (held[0].as_str(), value.as_str()) {
            (None, None) => operator == "=",
            (Some(held), Some(value)) => {
                let (held, value) = (held.to_lowercase(), value.to_lowercase());
                match operator {
                    "=" => held == value,
                    "~" => held.contains(&value),
                    "^" => held.starts_with(&value),
                    _ => held.ends_with(&value),
                }
            }
            _ => false,
        },
        (Number | Second, _) => match (held[0].as_i64(), value.as_i64()) {
            (Some(held), Some(value)) => match operator {
                "=" => held == value,
                ">" => held > value,
                "<" => held < value,
                ">=" => held >= value,
                _ => held <= value,
            },
            _ => false,
        },
        (Day, _) => {
            let Some(held) = held[0].as_i64() else {
                return false;
            };
            let (first, next) = day(value.as_i64().expect("a moment"));
            match operator {
                "=" => first <= held && held < next,
                ">" => held >= next,
                _ => held < first,
            }
        }
    }
}

/// The midnights around a moment where the workspace is.
fn day(at: i64) -> (i64, i64) {
    let zone = TimeZone::get("America/Los_Angeles").expect("a constant zone");
    let moment = Timestamp::from_second(at).expect("a moment").to_zoned(zone);
    let first = moment.start_of_day().expect("a day");
    let next = first.checked_add(1.day()).expect("another day");
    (first.timestamp().as_second(), next.timestamp().as_second())
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| word(&row["id"])).collect()
}

fn check(
    (version, path, key, fields): Search,
    before: &[Step],
    queries: &[Query],
) -> Result<(), TestCaseError> {
    let mut sim = TestSim::with(|options| {
        options.contacts = 60;
        options.companies = 6;
        options.conversations = 50;
        options.tickets = 30;
        options.habits.search_lag = false;
        options.habits.empty_200 = false;
        options.habits.ten_items = false;
    });
    let mut world = World::of(&sim);
    for step in before {
        world.take(&sim, *step);
    }
    sim.version = version;
    // Preview compares the times of contacts to the second as well.
    let exact = |(name, kind, place): &Field| match (version, kind) {
        ("Preview", Day) => (*name, Second, *place),
        _ => (*name, *kind, *place),
    };
    let fields: Vec<Field> = fields.iter().map(exact).collect();
    let search = |query: &Value| {
        let body = json!({ "query": query, "pagination": { "per_page": 150 } });
        let (status, found) = sim.json("POST", path, Some(&body));
        assert_eq!(status, 200, "{query}: {found}");
        let rows = found[key].as_array().expect("rows").clone();
        assert_eq!(found["total_count"], rows.len(), "{query}");
        rows
    };
    let all = search(&json!({ "field": "created_at", "operator": ">", "value": 0 }));
    for query in queries {
        let filter = build(query, &fields, &all);
        let expected: Vec<Value> = all.iter().filter(|row| (filter.passes)(row)).cloned().collect();
        let (found, expected) = (ids(&search(&filter.json)), ids(&expected));
        let wrong: Vec<&String> = found.symmetric_difference(&expected).take(3).collect();
        prop_assert!(wrong.is_empty(), "{} finds or misses {wrong:?}", filter.json);
    }
    Ok(())
}

proptest! {
    #![proptest_config(super::cases(40))]

    #[test]
    fn a_search_for_contacts_finds_what_a_scan_finds(
        version in prop_oneof![Just("2.16"), Just("Preview")],
        before in proptest::collection::vec(steps::step(), 0..12),
        queries in proptest::collection::vec(query(), 12),
    ) {
        check((version, "/contacts/search", "data", CONTACT), &before, &queries)?;
    }

    #[test]
    fn a_search_for_companies_finds_what_a_scan_finds(
        before in proptest::collection::vec(steps::step(), 0..12),
        queries in proptest::collection::vec(query(), 12),
    ) {
        check(("Preview", "/companies/search", "data", COMPANY), &before, &queries)?;
    }

    #[test]
    fn a_search_for_conversations_finds_what_a_scan_finds(
        before in proptest::collection::vec(steps::step(), 0..12),
        queries in proptest::collection::vec(query(), 12),
    ) {
        check(("2.16", "/conversations/search", "conversations", CONVERSATION), &before, &queries)?;
    }

    #[test]
    fn a_search_for_tickets_finds_what_a_scan_finds(
        before in proptest::collection::vec(steps::step(), 0..12),
        queries in proptest::collection::vec(query(), 12),
    ) {
        check(("2.16", "/tickets/search", "tickets", TICKET), &before, &queries)?;
    }
}
