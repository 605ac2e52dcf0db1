//! `stdout`: a line of JSON for each record, for trying a flow out.

use std::{io::Write as _, sync::Arc};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Mistake, Node, read},
};

use crate::{Site, registry::DestinationKind};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "stdout",
    summary: "Prints a line of JSON for each record.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Prints a line of JSON for each record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

fn build(node: &Node, _: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    Ok(Arc::new(settings))
}

impl Destination for Settings {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        let mut text = Vec::new();
        for record in records {
            text.extend_from_slice(record.value.to_string().as_bytes());
            text.push(b'\n');
        }
        let written = {
            let mut out = std::io::stdout().lock();
            out.write_all(&text).and_then(|()| out.flush())
        };
        let result = written.map(|()| None).map_err(|error| {
            ComponentError::stop(
                "TL0842",
                format!("standard output cannot be written: {error}"),
                "Whoever read it has gone; send it somewhere else.",
            )
        });
        let results = records.iter().map(|_| result.clone()).collect();
        Box::pin(async { results })
    }

    fn most_at_once(&self) -> usize {
        500
    }

    fn is_sequential(&self) -> bool {
        true
    }
}
