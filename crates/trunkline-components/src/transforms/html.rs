//! `html`: makes text or Markdown of HTML.
//!
//! The one rule: whoever wrote the HTML may mean harm. Its size, its elements, their depth and what tables grow to are bounded, and no
//! link that would run something is kept.

mod markdown;

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Mistake, Node, read},
};

use super::{
    one_of,
    place::{Place, Then},
};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "html",
    summary: "Makes text or Markdown of HTML.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Makes text or Markdown of HTML, where it stands.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Ways to fields, such as `conversation_parts.conversation_parts[].body`. What is no text stays as it is.
    fields: Vec<Place>,
    /// What is made of it.
    #[serde(default)]
    to: Format,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// What a person reads, a line for each paragraph; as in the `_text` columns of the mirror.
    #[default]
    Text,
    /// Markdown: headings, lists, links, images, code, tables.
    Markdown,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    one_of(node, &["fields"])?;
    Ok(Arc::new(move || Box::new(settings.clone())))
}

impl Transform for Settings {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, mut record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        for place in &self.fields {
            place.change(&mut record.value, &mut |value| {
                if let Value::String(html) = value {
                    let made = match self.to {
                        Format::Text => trunkline_mirror::text::from_html(html),
                        Format::Markdown => markdown::of(html).map_err(|why| {
                            ComponentError::reject(
                                "TL0852",
                                format!("the HTML of {} {why}", place.text()),
                                "Use `to: text`, which takes any HTML, or leave such records out with `filter`.",
                            )
                        })?,
                    };
                    *value = made.into();
                }
                Ok(Then::Stays)
            })?;
        }
        Ok(vec![record])
    }
}
