//! A stream's rows, page by page, sorted and narrowed.
//!
//! The one rule: a page goes on behind the last row of the one before it (keyset paging), so the thousandth page is as quick as the
//! first; rows are sorted only by what has an index.

use rusqlite::{Error, ToSql, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value};

use super::{BrowseError, Reader, reader::object, streams::ColumnShape};
use crate::tables::{self, Table};

/// What a row's value is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is this value.
    Is,
    /// It begins with this text.
    Begins,
    /// It has this text in it, in small letters or large.
    Contains,
    /// It is less, or earlier.
    Below,
    /// It is more, or later.
    Above,
    /// There is no value.
    Empty,
    /// There is a value.
    Filled,
}

impl How {
    /// Every way, with its word.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Is, "is"),
        (Self::Begins, "begins"),
        (Self::Contains, "contains"),
        (Self::Below, "below"),
        (Self::Above, "above"),
        (Self::Empty, "empty"),
        (Self::Filled, "filled"),
    ];

    /// The way with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == word)
            .map(|(how, _)| how)
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column.
    pub column: String,
    /// How its value is looked at.
    pub how: How,
    /// What it is held against.
    pub value: String,
}

/// What is asked of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuestion {
    /// The column that rows are sorted by; as they came when none is named.
    pub sort: Option<String>,
    /// Whether small values stand first; the newest or largest do otherwise.
    pub rising: bool,
    /// Which rows.
    pub filter: Option<Filter>,
    /// Whether rows that are kept as deleted are shown instead of those that exist.
    pub deleted: bool,
    /// Where the last page ended.
    pub after: Option<String>,
    /// How many rows; at least one.
    pub limit: u32,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The columns of the stream; large ones are not in the rows.
    pub columns: Vec<ColumnShape>,
    /// The rows: the key by which [`Reader::record`] finds it, and its values.
    pub rows: Vec<(String, Map<String, Value>)>,
    /// Where the next page begins; nothing when this is the last.
    pub next: Option<String>,
}

/// A row with its place in the order.
type Placed = (String, Map<String, Value>);

/// The rows that come after a place.
#[derive(Default)]
struct Part {
    condition: String,
    params: Vec<Sql>,
}

/// The order of the rows of one question, and how a place in it is written.
struct Order {
    /// The columns, the last of which tells any two rows apart.
    columns: Vec<String>,
    descending: bool,
    /// Whether the first column may have no value.
    is_nullable: bool,
}

impl Reader {
    /// A page of a stream's rows.
    ///
    /// # Errors
    /// When there is no such stream, what was asked cannot be, or it takes too long.
    pub fn page(&self, stream: &str, question: &PageQuestion) -> Result<Listing, BrowseError> {
        let table = self.table(stream)?;
        let columns = self.columns_of(table.name)?;
        let order = order(table, &columns, question)?;
        let filter = question
            .filter
            .as_ref()
            .map(|filter| narrowed(filter, &columns))
            .transpose()?;
        let after = question
            .after
            .as_deref()
            .map(|text| order.place(text))
            .transpose()?;
        let wanted = question.limit.max(1) as usize;
        let mut rows = Vec::new();
        for part in order.parts(after) {
            let left = wanted + 1 - rows.len();
            let sql_rows = self
                .rows_of(table, &columns, &order, &part, filter.as_ref(), question, left)
                .map_err(|error| self.failed(error))?;
            rows.extend(sql_rows);
            if rows.len() > wanted {
                break;
            }
        }
        let is_more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| is_more).map(|(place, _)| place.clone());
        let rows = rows
            .into_iter()
            .map(|(_, row)| (key_of(table, &row), row))
            .collect();
        Ok(Listing { columns, rows, next })
    }

    /// The columns of a stream.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn columns_of_stream(&self, stream: &str) -> Result<Vec<ColumnShape>, BrowseError> {
        self.columns_of(self.table(stream)?.name)
    }

    /// A declared stream that this file has a table for.
    pub(super) fn table(&self, stream: &str) -> Result<&'static Table, BrowseError> {
        let none = || BrowseError::not_found("stream", stream);
        let table = tables::table(stream).ok_or_else(none)?;
        if self.holds(table.name)? {
            Ok(table)
        } else {
            Err(none())
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn rows_of(
        &self,
        table: &Table,
        columns: &[ColumnShape],
        order: &Order,
        part: &Part,
        filter: Option<&Part>,
        question: &PageQuestion,
        limit: usize,
    ) -> Result<Vec<Placed>, Error> {
        let shown: Vec<&ColumnShape> = columns.iter().filter(|column| !column.is_large).collect();
        let names: Vec<String> = shown.iter().map(|column| quoted(&column.name)).collect();
        let places: Vec<String> = order.columns.iter().map(|name| quoted(name)).collect();
        let direction = if order.descending { " DESC" } else { "" };
        let sorted: Vec<String> = places.iter().map(|name| format!("{name}{direction}")).collect();
        let mut conditions = vec![if question.deleted {
            "_deleted_at IS NOT NULL"
        } else {
            "_deleted_at IS NULL"
        }];
        let mut params: Vec<&dyn ToSql> = Vec::new();
        for part in [Some(part), filter].into_iter().flatten() {
            if !part.condition.is_empty() {
                conditions.push(&part.condition);
                params.extend(part.params.iter().map(|value| value as &dyn ToSql));
            }
        }
        // The places stand first, so that what they are called among the columns does not matter.
        let sql = format!(
            "SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {limit}",
            places.join(", "),
            names.join(", "),
            quoted(table.name),
            conditions.join(" AND "),
            sorted.join(", ")
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(params))?;
        let mut rows = Vec::new();
        let own: Vec<String> = shown.iter().map(|column| column.name.clone()).collect();
        while let Some(row) = found.next()? {
            let place: Vec<Value> = (0..places.len())
                .map(|at| row.get_ref(at).map(super::reader::value))
                .collect::<Result<_, _>>()?;
            let mut all: Vec<String> = (0..places.len()).map(|at| format!("\u{0}{at}")).collect();
            all.extend(own.iter().cloned());
            let mut values = object(&all, row)?;
            values.retain(|name, _| !name.starts_with('\u{0}'));
            rows.push((Value::Array(place).to_string(), values));
        }
        Ok(rows)
    }
}

fn order(table: &Table, columns: &[ColumnShape], question: &PageQuestion) -> Result<Order, BrowseError> {
    let descending = !question.rising;
    let key = table.lookup.unwrap_or(table.key);
    let by_key = |first: Option<&str>| {
        let rest = key
            .iter()
            .filter(|name| Some(**name) != first)
            .map(|name| (*name).to_owned());
        first.map(str::to_owned).into_iter().chain(rest).collect()
    };
    let Some(sort) = question.sort.as_deref() else {
        let columns = if table.is_members() {
            by_key(None)
        } else {
            vec!["rowid".to_owned()]
        };
        return Ok(Order {
            columns,
            descending,
            is_nullable: false,
        });
    };
    if !columns
        .iter()
        .any(|column| column.name == sort && column.is_indexed)
    {
        let known: Vec<&str> = columns
            .iter()
            .filter(|column| column.is_indexed)
            .map(|column| column.name.as_str())
            .collect();
        let reason = format!("is not a column with an index; these are: {}", known.join(", "));
        return Err(BrowseError::bad("sort", reason));
    }
    let columns = if table.is_members() {
        by_key(Some(sort))
    } else {
        vec![sort.to_owned(), "rowid".to_owned()]
    };
    Ok(Order {
        columns,
        descending,
        is_nullable: !key.contains(&sort),
    })
}

impl Order {
    /// A place as it was written by an earlier page.
    fn place(&self, text: &str) -> Result<Vec<Sql>, BrowseError> {
        let bad = || BrowseError::bad("after", "is not a place that a page gave");
        let values: Vec<Value> = serde_json::from_str(text).map_err(|_| bad())?;
        if values.len() != self.columns.len() {
            return Err(bad());
        }
        values
            .into_iter()
            .map(|value| match value {
                Value::Null => Ok(Sql::Null),
                Value::String(text) => Ok(Sql::Text(text)),
                Value::Number(number) => match number.as_i64() {
                    Some(number) => Ok(Sql::Integer(number)),
                    None => number.as_f64().map(Sql::Real).ok_or_else(bad),
                },
                _ => Err(bad()),
            })
            .collect()
    }

    /// The rows behind a place, in order: those with the same value, those beyond it, those without one. Each part uses the index alone,
    /// which one condition over all of them would not.
    fn parts(&self, after: Option<Vec<Sql>>) -> Vec<Part> {
        let Some(place) = after else {
            return vec![Part::default()];
        };
        let than = if self.descending { "<" } else { ">" };
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        if !self.is_nullable || names.len() < 2 {
            let marks = vec!["?"; names.len()].join(", ");
            return vec![Part {
                condition: format!("({}) {than} ({marks})", names.join(", ")),
                params: place,
            }];
        }
        let (first, rest) = (&names[0], &names[1..]);
        let is_null = place[0] == Sql::Null;
        let marks = vec!["?"; rest.len()].join(", ");
        let mut parts = vec![Part {
            condition: format!("{first} IS ? AND ({}) {than} ({marks})", rest.join(", ")),
            params: place.clone(),
        }];
        match (is_null, self.descending) {
            // Nothing is smaller than what has no value.
            (true, true) => {}
            (true, false) => parts.push(Part {
                condition: format!("{first} IS NOT NULL"),
                params: Vec::new(),
            }),
            (false, _) => {
                parts.push(Part {
                    condition: format!("{first} {than} ?"),
                    params: vec![place[0].clone()],
                });
                if self.descending {
                    parts.push(Part {
                        condition: format!("{first} IS NULL"),
                        params: Vec::new(),
                    });
                }
            }
        }
        parts
    }
}

fn narrowed(filter: &Filter, columns: &[ColumnShape]) -> Result<Part, BrowseError> {
    if !columns.iter().any(|column| column.name == filter.column) {
        return Err(BrowseError::bad("column", "is not a column of this stream"));
    }
    let name = quoted(&filter.column);
    let value = || Sql::Text(filter.value.clone());
    let (condition, params) = match filter.how {
        How::Is => (format!("{name} = ?"), vec![value()]),
        // As a span, which an index can be used for.
        How::Begins => (
            format!("{name} >= ? AND {name} < ?"),
            vec![value(), Sql::Text(format!("{}\u{10ffff}", filter.value))],
        ),
        How::Contains => (format!("instr(lower({name}), lower(?)) > 0"), vec![value()]),
        How::Below => (format!("{name} < ?"), vec![value()]),
        How::Above => (format!("{name} > ?"), vec![value()]),
        How::Empty => (format!("({name} IS NULL OR {name} = '')"), Vec::new()),
        How::Filled => (format!("{name} <> ''"), Vec::new()),
    };
    Ok(Part { condition, params })
}

/// A row's key as one text: the value itself, or a list of them.
pub(super) fn key_of(table: &Table, row: &Map<String, Value>) -> String {
    let key = table.lookup.unwrap_or(table.key);
    let values: Vec<Value> = key
        .iter()
        .map(|name| row.get(*name).cloned().unwrap_or_default())
        .collect();
    match values.as_slice() {
        [Value::String(only)] => only.clone(),
        _ => Value::Array(values).to_string(),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
