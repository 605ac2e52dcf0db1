//! `route`: chooses a branch for a record; destinations take it by their `route`.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
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
    fn remembers(&self) -> bool {
        false
    }

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

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let mut all: Vec<Option<Result<Vec<Record>, Failed>>> = records.iter().map(|_| None).collect();
        let mut places: Vec<usize> = (0..records.len()).collect();
        let mut open = records;
        for branch in &self.branches {
            let holds = branch.when.holds_for_all(&open, now);
            let mut still = (Vec::new(), Vec::new());
            for ((mut record, at), holds) in open.into_iter().zip(places).zip(holds) {
                match holds {
                    Ok(false) => {
                        still.0.push(record);
                        still.1.push(at);
                    }
                    Ok(true) => {
                        record.head.branch = Some(branch.name.clone());
                        all[at] = Some(Ok(vec![record]));
                    }
                    Err(error) => all[at] = Some(Err(Failed::new(record, error))),
                }
            }
            (open, places) = still;
        }
        for (mut record, at) in open.into_iter().zip(places) {
            record.head.branch = self.otherwise.clone();
            all[at] = Some(Ok(vec![record]));
        }
        all.into_iter().flatten().collect()
    }
}
