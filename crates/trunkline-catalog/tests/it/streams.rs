//! What every stream must have.

use trunkline_catalog::{Catalog, Effect, StreamKind, StreamRead, Version};

#[test]
fn streams_hang_on_operations_and_parents_that_exist() {
    let catalog = Catalog::embedded();
    for (place, stream) in catalog.streams().iter().enumerate() {
        let name = stream.name;
        let operation = catalog.operation(stream.operation).expect(name);
        assert_eq!(operation.effect, Effect::Read, "{name}");
        if name != "conversation_attributes" {
            assert!(operation.exists_in(stream.since), "{name} in {}", stream.since);
        }
        if let Some(parent) = stream.parent {
            assert!(
                catalog.streams()[..place]
                    .iter()
                    .any(|above| above.name == parent),
                "{name}"
            );
        }
        assert_eq!(
            stream.kind == StreamKind::Collection,
            stream.parent.is_none(),
            "{name}"
        );
        assert_eq!(
            stream.kind == StreamKind::Membership,
            stream.primary_key.len() == 2 && stream.parent.is_some()
        );
        if stream.read == StreamRead::InsideParent {
            assert!(stream.list.is_some(), "{name}");
        }
        if stream.read == StreamRead::Search {
            assert_eq!(stream.cursor_field, Some("updated_at"), "{name}");
            assert!(operation.search.is_some(), "{name}");
        }
        assert!(
            stream.summary.ends_with('.') && stream.summary.len() <= 90,
            "{name}"
        );
    }
}

#[test]
fn streams_appear_with_their_version() {
    for (name, since) in [
        ("contacts", Version::V2_7),
        ("conversation_attributes", Version::V2_7),
        ("ticket_types", Version::V2_9),
        ("tickets", Version::V2_10),
        ("ticket_states", Version::V2_12),
        ("internal_articles", Version::V2_13),
        ("away_status_reasons", Version::V2_14),
        ("brands", Version::V2_15),
        ("emails", Version::V2_15),
        ("macros", Version::V2_16),
        ("deleted_conversations", Version::V2_16),
    ] {
        assert_eq!(
            Catalog::embedded().stream(name).expect(name).since,
            since,
            "{name}"
        );
    }
}

#[test]
fn the_streams_in_order() {
    let names: Vec<&str> = Catalog::embedded()
        .streams()
        .iter()
        .map(|stream| stream.name)
        .collect();
    insta::assert_snapshot!(names.join("\n"));
}
