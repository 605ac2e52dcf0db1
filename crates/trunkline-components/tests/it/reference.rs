//! The description of all components that is committed, of which `docs/flows/reference.md` is made.

/// The description as it is committed.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flows/components.json");

#[test]
fn the_committed_description_of_components_is_the_one_of_their_settings() {
    let described = trunkline_components::described();
    let now = format!("{}\n", serde_json::to_string_pretty(&described).unwrap());
    if std::env::var_os("TRUNKLINE_WRITE_COMPONENTS").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == now,
        "docs/flows/components.json is stale; run `cargo xtask docs --components`"
    );
}

#[test]
fn every_setting_of_every_component_is_described() {
    for component in trunkline_components::described() {
        let settings = &component.settings;
        let shapes = settings["anyOf"].as_array().or(settings["oneOf"].as_array());
        let shapes = shapes.cloned().unwrap_or_else(|| vec![settings.clone()]);
        for shape in shapes {
            for (name, setting) in shape["properties"].as_object().into_iter().flatten() {
                let text = setting["description"].as_str().unwrap_or_default();
                assert!(
                    !text.is_empty(),
                    "{} {}: {name} is not described",
                    component.kind,
                    component.name
                );
            }
        }
    }
}
