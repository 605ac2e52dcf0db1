//! Anything that a family lists, looked for after a lost answer: a row with the values that were sent.

use serde_json::Value;
use trunkline_catalog::Catalog;
use trunkline_client::Call;

use super::{Found, same, same_text, since};
use crate::{ActionError, KeptWrite, run::Run};

/// The most rows that are looked through.
const MOST: usize = 2000;

/// A row that was made since, with every plain value that was sent.
pub(super) async fn made(run: &mut Run, family: &str, write: &KeptWrite) -> Result<Found, ActionError> {
    let list = Catalog::embedded()
        .operation(&format!("{family}.list"))
        .filter(|list| {
            list.path_parameters.is_empty()
                && list.query_parameters.iter().all(|parameter| !parameter.required)
                && (list.versions.0..=list.versions.1).contains(&run.version())
        });
    let Some(list) = list else {
        return Ok(Found::unknown("Intercom has no list in which it would show"));
    };
    let rows = run.rows(Call::new(list.id), Some(MOST)).await?;
    let is_cut = rows.len() == MOST;
    let tells_when = |row: &&Value| row["created_at"].is_i64();
    if !rows.is_empty() && !rows.iter().any(|row| tells_when(&row)) {
        return Ok(Found::unknown("the list does not tell when something was made"));
    }
    let mut fitting = rows.iter().filter(tells_when).filter(|row| {
        row["created_at"].as_i64() >= Some(since(write)) && has_values(row, write.payload.as_ref())
    });
    match (fitting.next(), fitting.next()) {
        (Some(row), None) => Ok(Found::Done(row.clone())),
        (Some(_), Some(_)) => Ok(Found::unknown("several like it were made since")),
        (None, _) if is_cut => Ok(Found::unknown("the list is too long to look through")),
        (None, _) => Ok(Found::NotDone),
    }
}

/// Whether a row shows every plain value that was sent and that it has a field for, and at least one.
fn has_values(row: &Value, payload: Option<&Value>) -> bool {
    let mut compared = 0;
    for (name, value) in payload.and_then(Value::as_object).into_iter().flatten() {
        let shown = &row[name];
        if value.is_null() || value.is_object() || value.is_array() || shown.is_null() {
            continue;
        }
        let is_same = same(value, shown) || (value.is_string() && same_text(value, shown));
        if !is_same {
            return false;
        }
        compared += 1;
    }
    compared > 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_known_by_the_plain_values_that_it_shows() {
        let row = json!({"id": "1", "name": "Ann", "body": "<p>Hi</p>", "author_id": 5, "state": "draft"});
        for (payload, expected) in [
            (json!({"name": "Ann"}), true),
            (json!({"name": "Ann", "body": "Hi", "author_id": "5"}), true),
            (json!({"name": "Bob"}), false),
            (json!({"name": "Ann", "state": "published"}), false),
            (json!({"other": "x"}), false),
            (json!({}), false),
        ] {
            assert_eq!(has_values(&row, Some(&payload)), expected, "{payload}");
        }
    }
}
