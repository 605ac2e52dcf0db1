//! `jq`: makes of a record what an expression gives, nothing, one or several.

use std::sync::Arc;

use jiff::Timestamp;
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

use super::joined::apart;
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "jq",
    summary: "Makes of a record what an expression gives: nothing, one record or several.",
    schema: |generator| generator.subschema_for::<Jq>(),
    build,
};

struct Expressed(Jq);

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let expression: Jq = read(node)?;
    Ok(Arc::new(move || Box::new(Expressed(expression.clone()))))
}

impl Transform for Expressed {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let values = self.0.values(&record, now)?;
        Ok(apart(record, values))
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let made = self.0.values_of_all(&records, now);
        records
            .into_iter()
            .zip(made)
            .map(|(record, made)| match made {
                Ok(values) => Ok(apart(record, values)),
                Err(error) => Err(Failed::new(record, error)),
            })
            .collect()
    }
}
