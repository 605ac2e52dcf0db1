//! Many rows in one statement, as few different texts as possible.
//!
//! The one rule: both databases keep a statement prepared by its text, so rows come in lots of a few sizes.

use std::fmt::Write as _;

use crate::database::{Statement, Value};

/// How many rows a statement takes, the most first.
const LOTS: [usize; 5] = [256, 64, 16, 4, 1];

/// The types of a row's columns, as both databases name them.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    Int,
    Text,
}

/// Statements whose text is `before`, a list of values, and `after`. `first` are the values that the rest of the text names, from `$1`
/// on.
pub(crate) fn in_lots(
    (before, after): (&str, &str),
    types: &[Type],
    first: &[Value],
    rows: Vec<Vec<Value>>,
) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut left = rows.into_iter();
    for lot in LOTS {
        while left.len() >= lot {
            let mut statement = Statement::new(text(before, after, types, first.len(), lot));
            statement.values.extend_from_slice(first);
            statement.values.extend(left.by_ref().take(lot).flatten());
            statements.push(statement);
        }
    }
    statements
}

fn text(before: &str, after: &str, types: &[Type], first: usize, lot: usize) -> String {
    let mut text = String::with_capacity(before.len() + after.len() + lot * types.len() * 24);
    text.push_str(before);
    let mut number = first;
    for row in 0..lot {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for (column, kind) in types.iter().enumerate() {
            number += 1;
            let comma = if column == 0 { "" } else { ", " };
            // PostgreSQL wants to be told what a value is that stands in no column yet.
            let kind = match kind {
                Type::Int => "BIGINT",
                Type::Text => "TEXT",
            };
            // Writing into a string does not fail.
            write!(text, "{comma}CAST(${number} AS {kind})").ok();
        }
        text.push(')');
    }
    text.push_str(after);
    text
}

/// `IN (…)` over numbers, the last one again and again up to a size that is used often; its values begin at `$first`.
pub(crate) fn among(numbers: &[i64], first: usize) -> (String, Vec<Value>) {
    let size = LOTS
        .into_iter()
        .rev()
        .find(|lot| *lot >= numbers.len())
        .unwrap_or(numbers.len());
    let places: Vec<String> = (first..first + size).map(|number| format!("${number}")).collect();
    let last = numbers.last().copied().unwrap_or(0);
    let mut values: Vec<Value> = numbers.iter().map(|number| Value::Int(*number)).collect();
    values.resize(size, Value::Int(last));
    (format!("IN ({})", places.join(", ")), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_lots_and_none_is_left_out() {
        let rows: Vec<Vec<Value>> = (0..341)
            .map(|number| vec![Value::Int(number), "a".into()])
            .collect();
        let statements = in_lots(
            ("VALUES ", " END $1"),
            &[Type::Int, Type::Text],
            &["first".into()],
            rows,
        );
        let sizes: Vec<usize> = statements
            .iter()
            .map(|statement| (statement.values.len() - 1) / 2)
            .collect();
        assert_eq!(sizes, [256, 64, 16, 4, 1]);
        assert_eq!(
            statements[4].sql,
            "VALUES (CAST($2 AS BIGINT), CAST($3 AS TEXT)) END $1"
        );
        assert_eq!(
            statements[4].values,
            ["first".into(), Value::Int(340), "a".into()]
        );
    }

    #[test]
    fn lists_of_numbers_have_few_sizes() {
        for (count, size) in [(1, 1), (2, 4), (25, 64), (300, 300)] {
            let numbers: Vec<i64> = (0..count).collect();
            let (text, values) = among(&numbers, 3);
            assert_eq!(values.len(), size);
            assert!(text.starts_with("IN ($3"), "{text}");
            assert_eq!(values.last(), Some(&Value::Int(count - 1)));
        }
    }
}
