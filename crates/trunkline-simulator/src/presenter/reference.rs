//! Rows of the small lists in the shapes of older versions.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::workspace::{people::Tag, reference::fields};

/// An article: one parent instead of several before 2.16.
pub(crate) fn article(article: &Value, version: Version) -> Value {
    let mut shown = article.clone();
    if version < Version::V2_16 {
        let map = fields(&mut shown);
        let parent = map
            .remove("parent_ids")
            .and_then(|parents| parents.get(0).cloned());
        map.insert(
            "parent_type".to_owned(),
            parent.as_ref().map_or(Value::Null, |_| json!("collection")),
        );
        map.insert("parent_id".to_owned(), parent.unwrap_or(Value::Null));
        map.remove("tags");
    }
    shown
}

/// A tag outside any tagging.
pub(crate) fn tag(tag: &Tag) -> Value {
    json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name, "applied_at": Value::Null, "applied_by": Value::Null })
}
