//! The tables in the schema: what is there, what has to be, and the statements between the two.
//!
//! The one rule: nothing is taken away and no type gets narrower. A table that the mirror did not make is taken over only when
//! it is exactly as the mirror would have made it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::{Client, Error};

use super::{CellKind, Custom, TableShape, quote};
use crate::targets::shape::is_left_out;

/// The table with the checkpoint.
pub(super) const TARGET: &str = "_trunkline_target";
/// The table with the names of the tables that the mirror made.
pub(super) const WRITTEN: &str = "_trunkline_tables";

/// A relation as the schema has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldTable {
    /// Whether rows can be written to it.
    pub(super) is_table: bool,
    pub(super) columns: Vec<HeldColumn>,
    pub(super) key: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldColumn {
    pub(super) name: String,
    pub(super) sql_type: String,
    /// Whether a row needs a value for it that it does not make itself.
    pub(super) is_needed: bool,
}

/// What has to be done before rows can be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) statements: Vec<String>,
    /// All rows have to be written anew.
    pub(super) whole: bool,
    /// What the columns are, in the order of the shape.
    pub(super) kinds: Vec<CellKind>,
}

/// Everything that the schema has.
pub(super) async fn held(client: &Client, schema: &str) -> Result<HashMap<String, HeldTable>, Error> {
    let mut tables: HashMap<String, HeldTable> = HashMap::new();
    let rows = client
        .query(
            "SELECT c.relname::text, c.relkind::text IN ('r', 'p'), a.attname::text, format_type(a.atttypid, NULL), \
             a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE n.nspname = $1 AND c.relkind::text IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname, a.attnum",
            &[&schema],
        )
        .await?;
    for row in rows {
        let table = tables.entry(row.get(0)).or_default();
        table.is_table = row.get(1);
        if let Some(name) = row.get(2) {
            table.columns.push(HeldColumn {
                name,
                sql_type: row.get(3),
                is_needed: row.get(4),
            });
        }
    }
    let keys = client
        .query(
            "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace, \
             unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) \
             JOIN pg_attribute a ON a.attnum = k.attnum \
             WHERE n.nspname = $1 AND i.indisprimary AND a.attrelid = c.oid ORDER BY c.relname, k.place",
            &[&schema],
        )
        .await?;
    for row in keys {
        if let Some(table) = tables.get_mut(&row.get::<_, String>(0)) {
            table.key.push(row.get(1));
        }
    }
    Ok(tables)
}

/// The first of our own tables that is not as we make it.
pub(super) fn unlike_ours(held: &HashMap<String, HeldTable>) -> Option<(&'static str, String)> {
    let wanted: [(&str, &[&str]); 2] = [
        (
            TARGET,
            &["one", "format", "workspace", "feed", "seq", "mark", "written_at"],
        ),
        (WRITTEN, &["name"]),
    ];
    wanted.into_iter().find_map(|(name, columns)| {
        let table = held.get(name)?;
        let names: BTreeSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let lacking: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|column| !names.contains(column))
            .collect();
        (!lacking.is_empty()).then(|| (name, format!("it lacks {}", listed(&lacking))))
    })
}

/// The statements that make our own tables.
pub(super) fn ours(target: &str, written: &str, held: &HashMap<String, HeldTable>) -> String {
    let mut sql = String::new();
    if !held.contains_key(TARGET) {
        sql.push_str(&format!(
            "CREATE TABLE {target} (one boolean PRIMARY KEY CHECK (one), format bigint NOT NULL, \
             workspace text NOT NULL, feed text NOT NULL, seq bigint NOT NULL, mark bigint NOT NULL, \
             written_at timestamptz NOT NULL);"
        ));
    }
    if !held.contains_key(WRITTEN) {
        sql.push_str(&format!("CREATE TABLE {written} (name text PRIMARY KEY);"));
    }
    sql
}

/// What the columns of the tables of custom attributes hold.
pub(super) fn custom(held: &HashMap<String, HeldTable>, ours: &BTreeSet<String>) -> Custom {
    held.iter()
        .filter(|(name, _)| name.ends_with("_custom") && ours.contains(*name))
        .map(|(name, table)| {
            let columns: BTreeMap<String, CellKind> = table
                .columns
                .iter()
                .filter(|column| !table.key.contains(&column.name))
                .filter_map(|column| Some((column.name.clone(), kind(&column.sql_type)?)))
                .collect();
            (name.clone(), columns)
        })
        .collect()
}

/// What has to be done so that a table can take rows of this shape, or why it never can.
pub(super) fn plan(
    schema: &str,
    shape: &TableShape,
    held: Option<&HeldTable>,
    is_ours: bool,
) -> Result<Plan, String> {
    let table = format!("{}.{}", quote(schema), quote(&shape.name));
    let Some(held) = held else {
        return Ok(Plan {
            statements: vec![create(&table, shape)],
            whole: true,
            kinds: shape.columns.iter().map(|column| column.kind).collect(),
        });
    };
    if !held.is_table {
        return Err("it is a view, and rows cannot be written to it".to_owned());
    }
    let key: Vec<&str> = shape.key_names().collect();
    if held.key != key {
        return Err(format!(
            "its primary key is {}, not {}",
            listed(&held.key.iter().map(String::as_str).collect::<Vec<_>>()),
            listed(&key)
        ));
    }
    let beyond: Vec<&str> = held
        .columns
        .iter()
        .filter(|column| !shape.columns.iter().any(|wanted| wanted.name == column.name))
        .filter(|column| column.is_needed || !(is_ours || is_left_out(&shape.name, &column.name)))
        .map(|column| column.name.as_str())
        .collect();
    let lacking: Vec<&str> = shape
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| !held.columns.iter().any(|column| column.name == *name))
        .collect();
    let grows = is_ours || shape.custom.is_some();
    if !beyond.is_empty() && shape.custom.is_none() {
        return Err(format!("it has other columns: {}", listed(&beyond)));
    }
    if !lacking.is_empty() && !grows {
        return Err(format!("it lacks the columns {}", listed(&lacking)));
    }
    let mut plan = Plan::default();
    for column in &shape.columns {
        let name = quote(&column.name);
        let Some(there) = held.columns.iter().find(|held| held.name == column.name) else {
            plan.statements.push(format!(
                "ALTER TABLE {table} ADD COLUMN {name} {}",
                sql_type(column.kind)
            ));
            plan.kinds.push(column.kind);
            // Rows that did not change now have values for it too.
            plan.whole |= shape.custom.is_some();
            continue;
        };
        let wider = kind(&there.sql_type).map(|held| (held, held.join(column.kind)));
        let Some((held, wider)) = wider else {
            return Err(format!(
                "its column `{}` is of the type {}",
                column.name, there.sql_type
            ));
        };
        if held != wider {
            if shape.custom.is_none() {
                return Err(format!(
                    "its column `{}` is of the type {}, not {}",
                    column.name,
                    there.sql_type,
                    sql_type(column.kind)
                ));
            }
            // All rows are written again, so nothing has to be converted.
            plan.statements.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {name} TYPE {0} USING NULL::{0}",
                sql_type(wider)
            ));
            plan.whole = true;
        }
        plan.kinds.push(wider);
    }
    // A column that this mirror file leaves out keeps nothing of what an earlier one brought.
    for column in held
        .columns
        .iter()
        .filter(|column| is_left_out(&shape.name, &column.name))
    {
        if !shape.columns.iter().any(|wanted| wanted.name == column.name) {
            let name = quote(&column.name);
            plan.statements.push(format!(
                "UPDATE {table} SET {name} = NULL WHERE {name} IS NOT NULL"
            ));
        }
    }
    plan.whole |= !is_ours;
    Ok(plan)
}

fn create(table: &str, shape: &TableShape) -> String {
    let columns: Vec<String> = shape
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let needed = if shape.key.contains(&place) {
                " NOT NULL"
            } else {
                ""
            };
            format!("{} {}{needed}", quote(&column.name), sql_type(column.kind))
        })
        .collect();
    let key: Vec<String> = shape.key_names().map(quote).collect();
    format!(
        "CREATE TABLE {table} ({}, PRIMARY KEY ({}))",
        columns.join(", "),
        key.join(", ")
    )
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The type of a column in PostgreSQL.
pub(super) fn sql_type(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Boolean => "boolean",
        CellKind::Integer => "bigint",
        CellKind::Real => "double precision",
        CellKind::Text => "text",
        CellKind::Json => "jsonb",
    }
}

fn kind(sql_type: &str) -> Option<CellKind> {
    Some(match sql_type {
        "boolean" => CellKind::Boolean,
        "bigint" => CellKind::Integer,
        "double precision" => CellKind::Real,
        "text" => CellKind::Text,
        "jsonb" => CellKind::Json,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::{ColumnShape, shape::CustomShape};

    fn shape(columns: &[(&str, CellKind)], is_custom: bool) -> TableShape {
        TableShape {
            name: "t".to_owned(),
            columns: columns
                .iter()
                .map(|(name, kind)| ColumnShape {
                    name: (*name).to_owned(),
                    kind: *kind,
                })
                .collect(),
            key: vec![0],
            custom: is_custom.then(|| CustomShape {
                of: "s".to_owned(),
                column: "c".to_owned(),
                attributes: Vec::new(),
            }),
        }
    }

    fn table(columns: &[(&str, &str)], key: &[&str]) -> HeldTable {
        HeldTable {
            is_table: true,
            columns: columns
                .iter()
                .map(|(name, sql_type)| HeldColumn {
                    name: (*name).to_owned(),
                    sql_type: (*sql_type).to_owned(),
                    is_needed: false,
                })
                .collect(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_table_that_is_not_as_the_mirror_makes_it_is_refused_with_the_difference() {
        let wanted = shape(&[("id", CellKind::Text), ("n", CellKind::Integer)], false);
        let view = HeldTable {
            is_table: false,
            ..table(&[("id", "text"), ("n", "bigint")], &["id"])
        };
        for (held, is_ours, reason) in [
            (
                table(&[("id", "text"), ("n", "bigint")], &[]),
                true,
                "its primary key is nothing, not `id`",
            ),
            (
                table(&[("id", "integer"), ("n", "bigint")], &["id"]),
                true,
                "its column `id` is of the type integer",
            ),
            (
                table(&[("id", "text"), ("n", "boolean")], &["id"]),
                true,
                "its column `n` is of the type boolean, not bigint",
            ),
            (
                table(&[("id", "text")], &["id"]),
                false,
                "it lacks the columns `n`",
            ),
            (
                table(&[("id", "text"), ("n", "bigint"), ("x", "text")], &["id"]),
                false,
                "it has other columns: `x`",
            ),
            (view, true, "it is a view, and rows cannot be written to it"),
        ] {
            assert_eq!(plan("s", &wanted, Some(&held), is_ours), Err(reason.to_owned()));
        }
    }

    #[test]
    fn a_table_gets_the_columns_that_it_lacks_and_keeps_those_of_others() {
        let wanted = shape(&[("id", CellKind::Text), ("n", CellKind::Integer)], false);
        let held = table(&[("id", "text"), ("mine", "text")], &["id"]);
        let plan = plan("s", &wanted, Some(&held), true).unwrap();
        assert_eq!(
            plan.statements,
            ["ALTER TABLE \"s\".\"t\" ADD COLUMN \"n\" bigint"]
        );
        assert!(!plan.whole);
    }

    #[test]
    fn types_of_custom_attributes_get_wider_and_never_narrower() {
        let widened = |sql_type: &str| {
            vec![format!(
                "ALTER TABLE \"s\".\"t\" ALTER COLUMN \"a\" TYPE {sql_type} USING NULL::{sql_type}"
            )]
        };
        for (held, wanted, statements, kind) in [
            ("bigint", CellKind::Integer, vec![], CellKind::Integer),
            (
                "bigint",
                CellKind::Real,
                widened("double precision"),
                CellKind::Real,
            ),
            ("double precision", CellKind::Integer, vec![], CellKind::Real),
            ("boolean", CellKind::Integer, widened("text"), CellKind::Text),
            ("text", CellKind::Boolean, vec![], CellKind::Text),
            ("jsonb", CellKind::Text, widened("text"), CellKind::Text),
        ] {
            let wanted = shape(&[("id", CellKind::Text), ("a", wanted)], true);
            let held = table(&[("id", "text"), ("a", held)], &["id"]);
            let plan = plan("s", &wanted, Some(&held), true).unwrap();
            assert_eq!(plan.whole, !statements.is_empty());
            assert_eq!((plan.statements, plan.kinds[1]), (statements, kind));
        }
    }
}
