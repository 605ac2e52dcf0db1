//! `jq`: makes of a record what an expression gives, nothing, one or several.

use std::sync::Arc;

use jiff::Timestamp;
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

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
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let values = self.0.values(&record, now)?;
        Ok(values.into_iter().map(|value| record.derive(value)).collect())
    }
}
