//! One page of a search.

use serde_json::{Map, Value, json};

use super::Filter;
use crate::{
    errors::Refusal,
    paging::Cursor,
    workspace::{Workspace, order::Order},
};

/// What was asked for, beside the filter.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    per_page: usize,
    after: Option<Cursor>,
    ascending: bool,
    /// The field to sort by; the index serves `updated_at`.
    field: String,
}

impl Plan {
    /// Reads `pagination` and `sort` of a search's body.
    pub(crate) fn read(body: &Value, default: usize, max: usize) -> Result<Self, Refusal> {
        let pagination = &body["pagination"];
        let per_page = match &pagination["per_page"] {
            Value::Null => default,
            value => match value.as_u64().or_else(|| value.as_str()?.parse().ok()) {
                Some(count @ 1..) => usize::try_from(count).unwrap_or(max).min(max),
                _ => return Err(Refusal::invalid("per_page must be a positive number")),
            },
        };
        let after = match &pagination["starting_after"] {
            Value::Null => None,
            Value::String(text) => Some(Cursor::decode(text)?),
            _ => return Err(Refusal::invalid("starting_after must be text")),
        };
        let ascending = match body["sort"]["order"].as_str() {
            None | Some("descending") => false,
            Some("ascending") => true,
            Some(other) => {
                let message = format!("Invalid sort order '{other}'. Must be one of: ascending, descending");
                return Err(Refusal::new(400, "invalid_sort_order", message));
            }
        };
        let field = body["sort"]["field"].as_str().unwrap_or("updated_at").to_owned();
        Ok(Self {
            per_page,
            after,
            ascending,
            field,
        })
    }

    /// Whether an entry comes after the page before. Its last row may have moved or gone since; what comes after its place
    /// has not.
    fn is_ahead(&self, entry: (i64, u32)) -> bool {
        match (self.after, self.ascending) {
            (None, _) => true,
            (Some(cursor), true) => entry > (cursor.value, cursor.row),
            (Some(cursor), false) => entry < (cursor.value, cursor.row),
        }
    }
}

/// A page of row numbers.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rows: Vec<u32>,
    pub(crate) total: usize,
    pub(crate) pages: Value,
}

/// Runs a search over an index. `key` gives a row's value to sort by when it is not `updated_at`; `known` is the number of
/// all rows that pass, when an earlier page counted them.
pub(crate) fn run(
    plan: &Plan,
    filter: &Filter,
    order: &Order,
    passes: &dyn Fn(u32) -> bool,
    key: &dyn Fn(&str, u32) -> i64,
    known: Option<usize>,
) -> Found {
    let earliest = filter.earliest();
    let page_number = plan.after.map_or(1, |cursor| cursor.page);
    let (mut hits, total) = match (plan.field.as_str(), known) {
        ("updated_at", Some(total)) => (by_index(plan, earliest, order, passes), total),
        ("updated_at", None) => by_whole_index(plan, earliest, order, passes),
        _ => by_key(plan, earliest, order, passes, key),
    };
    let has_more = hits.len() > plan.per_page;
    hits.truncate(plan.per_page);
    let mut pages = Map::new();
    pages.insert("type".to_owned(), json!("pages"));
    if let (true, Some((value, row))) = (has_more, hits.last()) {
        let cursor = Cursor {
            value: *value,
            row: *row,
            page: page_number + 1,
        };
        pages.insert(
            "next".to_owned(),
            json!({ "page": page_number + 1, "starting_after": cursor.encode() }),
        );
    }
    pages.insert("page".to_owned(), json!(page_number));
    pages.insert("per_page".to_owned(), json!(plan.per_page));
    pages.insert("total_pages".to_owned(), json!(total.div_ceil(plan.per_page)));
    Found {
        rows: hits.into_iter().map(|(_, row)| row).collect(),
        total,
        pages: Value::Object(pages),
    }
}

/// As [`run`], with the total counted once for each revision of the workspace; `asked` tells one search from another.
pub(crate) fn run_counted_once(
    workspace: &Workspace,
    asked: String,
    plan: &Plan,
    filter: &Filter,
    order: &Order,
    passes: &dyn Fn(u32) -> bool,
    key: &dyn Fn(&str, u32) -> i64,
) -> Found {
    let known = workspace.counted(&asked);
    let found = run(plan, filter, order, passes, key, known);
    if known.is_none() {
        workspace.remember_count(asked, found.total);
    }
    found
}

/// One row more than a page, so that the caller sees whether there is another.
fn by_index(plan: &Plan, earliest: i64, order: &Order, passes: &dyn Fn(u32) -> bool) -> Vec<(i64, u32)> {
    let wanted = plan.per_page + 1;
    let hit = |entry: &(i64, u32)| passes(entry.1);
    match (plan.ascending, plan.after) {
        (true, None) => order.after(earliest, None).filter(hit).take(wanted).collect(),
        (true, Some(cursor)) => order
            .after(cursor.value, Some(cursor.row))
            .filter(hit)
            .take(wanted)
            .collect(),
        (false, None) => order
            .before(i64::MAX, None)
            .take_while(|(at, _)| *at >= earliest)
            .filter(hit)
            .take(wanted)
            .collect(),
        (false, Some(cursor)) => order
            .before(cursor.value, Some(cursor.row))
            .take_while(|(at, _)| *at >= earliest)
            .filter(hit)
            .take(wanted)
            .collect(),
    }
}

/// As [`by_index`], and how many pass in all: each row is looked at once.
fn by_whole_index(
    plan: &Plan,
    earliest: i64,
    order: &Order,
    passes: &dyn Fn(u32) -> bool,
) -> (Vec<(i64, u32)>, usize) {
    let wanted = plan.per_page + 1;
    let mut total = 0;
    let mut hits = Vec::with_capacity(wanted);
    let mut take = |entry: (i64, u32)| {
        if !passes(entry.1) {
            return;
        }
        total += 1;
        if hits.len() < wanted && plan.is_ahead(entry) {
            hits.push(entry);
        }
    };
    if plan.ascending {
        order.after(earliest, None).for_each(&mut take);
    } else {
        order
            .before(i64::MAX, None)
            .take_while(|(at, _)| *at >= earliest)
            .for_each(&mut take);
    }
    (hits, total)
}

fn by_key(
    plan: &Plan,
    earliest: i64,
    order: &Order,
    passes: &dyn Fn(u32) -> bool,
    key: &dyn Fn(&str, u32) -> i64,
) -> (Vec<(i64, u32)>, usize) {
    let mut all: Vec<(i64, u32)> = order
        .after(earliest, None)
        .filter(|(_, row)| passes(*row))
        .map(|(_, row)| {
            (
                key(&plan.field, row).clamp(-Cursor::LARGEST, Cursor::LARGEST),
                row,
            )
        })
        .collect();
    all.sort_unstable();
    if !plan.ascending {
        all.reverse();
    }
    let total = all.len();
    let hits = all
        .into_iter()
        .filter(|entry| plan.is_ahead(*entry))
        .take(plan.per_page + 1);
    (hits.collect(), total)
}
