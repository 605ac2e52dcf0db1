//! `filter`: lets through the records for which an expression holds.

use std::sync::Arc;

use jiff::Timestamp;
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "filter",
    summary: "Lets through the records for which an expression holds.",
    schema: |generator| generator.subschema_for::<Jq>(),
    build,
};

struct Filter(Jq);

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let condition: Jq = read(node)?;
    Ok(Arc::new(move || Box::new(Filter(condition.clone()))))
}

impl Transform for Filter {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        Ok(if self.0.holds(&record, now)? {
            vec![record]
        } else {
            Vec::new()
        })
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let holds = self.0.holds_for_all(&records, now);
        records
            .into_iter()
            .zip(holds)
            .map(|(record, holds)| match holds {
                Ok(true) => Ok(vec![record]),
                Ok(false) => Ok(Vec::new()),
                Err(error) => Err(Failed::new(record, error)),
            })
            .collect()
    }
}
