//! From a tree of comparisons to searches that miss nothing, and to what must still be compared here.
//!
//! The one rule: a search may find more than was asked for, never less. Contacts are compared by the day up to 2.16, in the
//! workspace's own zone, so a time is widened by more than a day and held against the row itself. Beside other alternatives
//! that cannot be done (a row may have passed by another one), so those with times become searches of their own.

use serde_json::{Value, json};

use super::read::{MOST_FILTERS, MOST_LEVELS, Node};
use crate::modules::sorting::at;

/// A day is at most 25 hours long.
const DAY: i64 = 90_000;
/// The most searches for one question.
const MOST_SEARCHES: usize = 15;

/// A query, as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Query {
    One(Value),
    All(Vec<Query>),
    Any(Vec<Query>),
}

impl Query {
    pub(super) fn body(&self) -> Value {
        let group = |operator: &str, members: &[Self]| {
            let members: Vec<Value> = members.iter().map(Self::body).collect();
            json!({ "operator": operator, "value": members })
        };
        match self {
            Self::One(leaf) => leaf.clone(),
            Self::All(members) => group("AND", members),
            Self::Any(members) => group("OR", members),
        }
    }

    /// Several that must all hold; groups of the same sort become one.
    fn all(members: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 {
            flat.remove(0)
        } else {
            Self::All(flat)
        }
    }

    fn any(members: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 {
            flat.remove(0)
        } else {
            Self::Any(flat)
        }
    }

    /// How deep it lies, and how many filters its largest group holds.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::One(_) => (0, 1),
            Self::All(members) | Self::Any(members) => {
                let inner = members.iter().map(Self::size);
                let (depth, most) = inner.fold((0, 0), |held, one| (held.0.max(one.0), held.1.max(one.1)));
                (depth + 1, most.max(members.len()))
            }
        }
    }
}

/// A time that must be held against the row.
#[derive(Clone, Debug, PartialEq)]
struct Check {
    field: String,
    from: Option<i64>,
    until: Option<i64>,
    /// Whether the search alone finds more; else it is a matter of one second at the edge.
    is_needed: bool,
}

/// One search, and what its rows must pass here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Search {
    pub(super) query: Query,
    checks: Vec<Check>,
}

impl Search {
    /// Whether a row is what was asked for. A row that does not show the time was found by it, and stays.
    pub(super) fn holds(&self, row: &Value) -> bool {
        self.checks.iter().all(|check| {
            seconds(row, &check.field).is_none_or(|at| {
                check.from.is_none_or(|from| from <= at) && check.until.is_none_or(|until| at < until)
            })
        })
    }
}

fn seconds(row: &Value, field: &str) -> Option<i64> {
    // The search names them in the singular, the rows in the plural.
    let field = field.replacen("custom_attribute.", "custom_attributes.", 1);
    match at(row, &field)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_second),
        _ => None,
    }
}

/// The searches that together find what a tree asks for.
pub(super) fn searches(tree: &Node, by_day: bool) -> Result<Vec<Search>, String> {
    let all = expand(tree, by_day)?;
    for search in &all {
        let (depth, most) = search.query.size();
        if most > MOST_FILTERS {
            return Err(format!(
                "make a group of {most}; a group can hold {MOST_FILTERS}, and a whole day counts as two"
            ));
        }
        if depth > MOST_LEVELS {
            return Err(format!(
                "lie {depth} levels deep; {MOST_LEVELS} are allowed, and a whole day counts as one"
            ));
        }
    }
    Ok(all)
}

fn expand(node: &Node, by_day: bool) -> Result<Vec<Search>, String> {
    Ok(match node {
        Node::Compare {
            field,
            operator,
            value,
        } => vec![Search {
            query: Query::One(json!({ "field": field, "operator": operator.sign(), "value": value })),
            checks: Vec::new(),
        }],
        Node::Time { field, from, until } => vec![time(field, *from, *until, by_day)],
        Node::All(members) => {
            let mut whole = vec![(Vec::new(), Vec::new())];
            for member in members {
                let choices = expand(member, by_day)?;
                let mut next = Vec::new();
                for (queries, checks) in &whole {
                    for choice in &choices {
                        let mut queries: Vec<Query> = queries.clone();
                        let mut checks: Vec<Check> = checks.clone();
                        queries.push(choice.query.clone());
                        checks.extend(choice.checks.iter().cloned());
                        next.push((queries, checks));
                    }
                }
                if next.len() > MOST_SEARCHES {
                    return Err(format!(
                        "hold too many times within alternatives; they would take more than {MOST_SEARCHES} searches"
                    ));
                }
                whole = next;
            }
            whole
                .into_iter()
                .map(|(queries, checks)| Search {
                    query: Query::all(queries),
                    checks,
                })
                .collect()
        }
        Node::Any(members) => {
            let mut together = Vec::new();
            let mut apart = Vec::new();
            for member in members {
                for choice in expand(member, by_day)? {
                    if choice.checks.iter().any(|check| check.is_needed) {
                        apart.push(choice);
                    } else {
                        together.push(choice.query);
                    }
                }
            }
            if !together.is_empty() {
                apart.insert(
                    0,
                    Search {
                        query: Query::any(together),
                        checks: Vec::new(),
                    },
                );
            }
            apart
        }
    })
}

/// The search for a time, wide enough for how the operation compares.
fn time(field: &str, from: Option<i64>, until: Option<i64>, by_day: bool) -> Search {
    let leaf =
        |operator: &str, at: i64| Query::One(json!({ "field": field, "operator": operator, "value": at }));
    let moment = from.filter(|from| until == Some(from.saturating_add(1)));
    let query = if let Some(at) = moment {
        leaf("=", at)
    } else if by_day {
        // `>` begins with the midnight after a moment, `<` ends with the one before it.
        Query::all(
            [
                from.map(|from| leaf(">", from.saturating_sub(DAY).max(0))),
                until.map(|until| leaf("<", until.saturating_add(DAY))),
            ]
            .into_iter()
            .flatten()
            .collect(),
        )
    } else {
        Query::all(
            [
                from.map(|from| leaf(">", from.saturating_sub(1))),
                until.map(|until| leaf("<", until)),
            ]
            .into_iter()
            .flatten()
            .collect(),
        )
    };
    Search {
        query,
        checks: vec![Check {
            field: field.to_owned(),
            from,
            until,
            is_needed: by_day,
        }],
    }
}

#[cfg(test)]
mod tests;
