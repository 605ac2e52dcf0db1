//! What every declared table keeps to.

use std::collections::HashSet;

use trunkline_catalog::Catalog;

use super::{Kind, TableKind, all, schema, table};

#[test]
fn every_table_names_only_what_exists() {
    let mut names = HashSet::new();
    for table in all() {
        assert!(names.insert(table.name), "{} is declared twice", table.name);
        let mut columns = HashSet::new();
        for column in table.columns {
            assert!(
                columns.insert(column.name),
                "{}.{} is declared twice",
                table.name,
                column.name
            );
            assert!(
                !column.summary.is_empty() && column.summary.ends_with('.'),
                "{}.{}",
                table.name,
                column.name
            );
            assert!(
                !column.path.is_empty() || column.name == table.parent_column(),
                "{}.{}",
                table.name,
                column.name
            );
        }
        for named in table
            .key
            .iter()
            .chain(table.lookup.unwrap_or(&[]))
            .chain(&table.updated)
            .chain(&table.custom)
        {
            assert!(
                table.column(named).is_some(),
                "{} has no column {named}",
                table.name
            );
        }
        for list in table.lists {
            let filled = super::table(list.stream).unwrap_or_else(|| panic!("no table {}", list.stream));
            assert_ne!(filled.kind, TableKind::Records, "{}", list.stream);
        }
        assert!(
            table
                .updated
                .is_none_or(|name| table.column(name).unwrap().kind == Kind::Time),
            "{}",
            table.name
        );
    }
}

#[test]
fn every_stream_of_the_catalog_has_its_table_and_key() {
    for stream in Catalog::embedded().streams() {
        let table = table(stream.name).unwrap_or_else(|| panic!("the stream {} has no table", stream.name));
        let key: HashSet<&str> = table.key.iter().copied().collect();
        assert_eq!(
            key,
            stream.primary_key.iter().copied().collect(),
            "{}",
            stream.name
        );
    }
}

#[test]
fn a_schema_describes_a_row() {
    let schema = schema("conversation_parts").unwrap();
    assert_eq!(schema.key, ["id"]);
    let json = schema.json_schema();
    assert_eq!(
        json["properties"]["body_text"]["type"],
        serde_json::json!(["string", "null"])
    );
    assert_eq!(json["properties"]["created_at"]["format"], "date-time");
    assert_eq!(
        json["properties"]["redacted"]["enum"],
        serde_json::json!([0, 1, null])
    );
    let required = json["required"].as_array().unwrap();
    for name in ["id", "_synced_at", "_hash", "record"] {
        assert!(required.contains(&serde_json::json!(name)), "{name}");
    }
    assert!(super::schema("no_such_stream").is_none());
}
