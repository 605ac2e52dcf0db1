//! `route`: chooses a branch for a record; destinations take it by their `route`.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "route",
    summary: "Chooses a branch for a record; destinations with that `route` get it.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Branches in their order; the first whose expression holds is taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Branches in their order.
    branches: Vec<Branch>,
    /// The branch of what none of them takes; without it, such a record goes only where no `route` is asked for.
    #[serde(default)]
    otherwise: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Branch {
    /// Its name.
    name: String,
    /// It takes records for which this holds.
    when: Jq,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    if settings.branches.is_empty() {
        return Err(Mistake::new(
            node.spot,
            "a route needs branches",
            "Add one, such as `- { name: vip, when: .vip }`.",
        ));
    }
    Ok(Arc::new(move || Box::new(settings.clone())))
}

impl Transform for Settings {
    fn apply(&mut self, mut record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mut chosen = self.otherwise.clone();
        for branch in &self.branches {
            if branch.when.holds(&record, now)? {
                chosen = Some(branch.name.clone());
                break;
            }
        }
        record.head.branch = chosen;
        Ok(vec![record])
    }
}
