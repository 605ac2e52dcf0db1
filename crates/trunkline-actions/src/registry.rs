//! All actions, in one list: the modules and every operation.
//!
//! The one rule: a module that has the id of an operation stands in its place; the operation as it is stays within reach,
//! by an input of the form `{path, query, payload}`.

use std::{collections::HashMap, sync::LazyLock};

use crate::{Action, ActionError, generated, modules};

static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let mut all = modules::all();
    let own: Vec<&str> = all.iter().map(|action| action.id).collect();
    let operations: Vec<Action> = generated::all()
        .filter(|action| !own.contains(&action.id))
        .collect();
    all.extend(operations);
    all.sort_by_key(|action| action.id);
    all
});

static BY_ID: LazyLock<HashMap<&'static str, &'static Action>> =
    LazyLock::new(|| ACTIONS.iter().map(|action| (action.id, action)).collect());

/// Every action, by id.
#[must_use]
pub fn actions() -> &'static [Action] {
    &ACTIONS
}

/// The action of this id.
///
/// # Errors
///
/// [`ActionError::Unknown`], with the nearest ids.
pub fn action(id: &str) -> Result<&'static Action, ActionError> {
    BY_ID.get(id).copied().ok_or_else(|| ActionError::Unknown {
        id: id.chars().take(80).collect(),
        near: nearest(id, ACTIONS.iter().map(|action| action.id)),
    })
}

/// The names that are most like `asked`, best first.
pub(crate) fn nearest(asked: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let asked: String = asked.chars().take(80).collect::<String>().to_lowercase();
    let (family, verb) = asked.split_once('.').unwrap_or(("", &asked));
    let mut scored: Vec<(usize, &'static str)> = names
        .filter_map(|name| {
            let distance = strsim::osa_distance(&asked, name);
            let (own_family, own_verb) = name.split_once('.').unwrap_or(("", name));
            let shares = !asked.is_empty()
                && (own_verb == verb
                    || (own_family == family && own_verb.contains(verb))
                    || name.contains(&*asked));
            let is_near = distance <= 1 + asked.chars().count() / 4;
            (is_near || shares).then_some((if is_near { distance } else { 100 + distance }, name))
        })
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, name)| name).take(5).collect()
}

#[cfg(test)]
mod tests;
