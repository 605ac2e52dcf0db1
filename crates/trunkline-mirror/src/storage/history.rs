//! Every version of a row and of a membership, with the time from which and until which it held.
//!
//! The one rule: the open versions are exactly the rows that exist; [`History::follow`] makes that true for a part of a
//! table after any change to it, and for the whole table when history is turned on.

use rusqlite::{Connection, Error, ToSql};

use super::layout::{Layout, quote};

/// The columns of a history table.
pub(super) fn definitions(layout: &Layout) -> Vec<(String, String)> {
    let ours = |name: &str| layout.table.own.iter().any(|own| own.name == name);
    let mut list: Vec<(String, String)> = layout
        .definitions()
        .into_iter()
        .filter(|(name, _)| !ours(name) && name != "_deleted_at" && name != "_synced_at")
        .collect();
    list.push(("_valid_from".to_owned(), "TEXT NOT NULL".to_owned()));
    list.push(("_valid_to".to_owned(), "TEXT".to_owned()));
    list
}

/// The statements for a part of one table.
#[derive(Debug)]
pub(super) struct History {
    close: String,
    open: String,
}

impl History {
    /// For the rows of `layout` that `scope` finds, a condition on its columns with one parameter, `?2`, or none.
    pub(super) fn of(layout: &Layout, scope: &str) -> Self {
        let name = layout.table.name;
        let columns: Vec<String> = definitions(layout)
            .into_iter()
            .filter(|(name, _)| !matches!(name.as_str(), "_valid_from" | "_valid_to"))
            .map(|(name, _)| quote(&name))
            .collect();
        let key = |left: &str, right: &str| -> String {
            let equal: Vec<String> = layout
                .key_names()
                .iter()
                .map(|name| format!("{left}.{0} = {right}.{0}", quote(name)))
                .collect();
            equal.join(" AND ")
        };
        let same = if layout.table.is_members() {
            let equal: Vec<String> = columns
                .iter()
                .map(|name| format!("t.{name} IS h.{name}"))
                .collect();
            equal.join(" AND ")
        } else {
            // A nested record may move to another parent without changing.
            let parent = quote(layout.table.parent_column());
            format!("t._hash = h._hash AND t.{parent} IS h.{parent}")
        };
        let list = columns.join(", ");
        Self {
            close: format!(
                "UPDATE {name}_history AS h SET _valid_to = ?1 WHERE _valid_to IS NULL AND {scope} AND NOT EXISTS \
                 (SELECT 1 FROM {name} AS t WHERE {} AND t._deleted_at IS NULL AND {same})",
                key("t", "h")
            ),
            // Two versions within one instant: the later one stands for both.
            open: format!(
                "INSERT OR REPLACE INTO {name}_history ({list}, _valid_from) SELECT {list}, ?1 FROM {name} AS t \
                 WHERE {scope} AND _deleted_at IS NULL AND NOT EXISTS \
                 (SELECT 1 FROM {name}_history AS h WHERE {} AND h._valid_to IS NULL)",
                key("h", "t")
            ),
        }
    }

    /// For one row.
    pub(super) fn of_row(layout: &Layout) -> Self {
        Self::of(layout, &layout.key_condition(2))
    }

    /// Closes the versions that no longer hold and opens those that now do.
    pub(super) fn follow(&self, connection: &Connection, parameters: &[&dyn ToSql]) -> Result<(), Error> {
        connection.prepare_cached(&self.close)?.execute(parameters)?;
        connection.prepare_cached(&self.open)?.execute(parameters)?;
        Ok(())
    }
}
