//! Every successful answer that a test gets, held against what the catalog says of it.
//!
//! The one rule: a test needs to do nothing for it; what is asked for through the harness is checked.

use trunkline_catalog::{Catalog, Method, Version, Weight};

use super::Got;

/// Refuses a successful answer that is not what the catalog states for its operation.
pub(super) fn check(version: &str, method: &str, path: &str, got: &Got) {
    let (Ok(version), Ok(method)) = (version.parse::<Version>(), method.parse::<Method>()) else {
        return;
    };
    let path = path.split('?').next().unwrap_or_default();
    let Some(found) = Catalog::embedded().match_path(method, path) else {
        return;
    };
    let answers = Catalog::embedded().answers(found.operation, version);
    let id = found.operation.id;
    let Some(answer) = answers.iter().find(|answer| answer.status == got.status) else {
        if (200..300).contains(&got.status) {
            panic!(
                "{id} at {version} answers {}, which is no stated success",
                got.status
            );
        }
        return;
    };
    let Some(body) = answer.body else { return };
    let found = body.check(&got.json());
    let told = found
        .iter()
        .filter(|difference| difference.weight != Weight::Later);
    let differences: Vec<_> = told.map(ToString::to_string).collect();
    assert!(
        differences.is_empty(),
        "{id} at {version} answers\n  {}\nin {}",
        differences.join("\n  "),
        got.text.chars().take(600).collect::<String>()
    );
}
