use std::collections::BTreeMap;

use jiff::Timestamp;
use trunkline_flow::document::Document;

use super::*;

/// Every flow of every recipe.
fn flows() -> Vec<(&'static Recipe, AboutFlow)> {
    RECIPES
        .iter()
        .flat_map(|recipe| {
            let about = recipe.about().unwrap_or_else(|| panic!("{}", recipe.name));
            about.flows.into_iter().map(move |flow| (recipe, flow))
        })
        .collect()
}

fn flow_of(recipe: &str, file: &str) -> (&'static Recipe, AboutFlow) {
    let found = flows()
        .into_iter()
        .find(|(own, flow)| own.name == recipe && flow.file == file);
    found.unwrap()
}

fn parsed(text: &str) -> Document {
    Document::parse(text, &trunkline_components::kinds(), Timestamp::UNIX_EPOCH)
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

#[test]
fn every_recipe_says_what_it_needs_and_names_each_of_its_flows_and_secrets() {
    for recipe in RECIPES {
        let about: About = serde_json::from_str(recipe.file("recipe.json").unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        assert!(
            !about.needs.is_empty() && !about.title.is_empty(),
            "{}",
            recipe.name
        );
        assert_eq!(about.flows[0].file, "flow.yaml", "{}", recipe.name);
        let told: Vec<&str> = about.flows.iter().map(|flow| flow.file.as_str()).collect();
        for (file, text) in recipe.files.iter().filter(|(file, _)| file.ends_with(".yaml")) {
            assert!(told.contains(file), "{} says nothing of {file}", recipe.name);
            let flow = about.flows.iter().find(|flow| flow.file == *file).unwrap();
            for piece in text.split("env: ").skip(1) {
                let name = piece.split([',', ' ', '}', '\n']).next().unwrap();
                assert!(
                    flow.environment.iter().any(|known| known == name),
                    "{file}: {name}"
                );
            }
        }
        for input in about.flows.iter().filter_map(|flow| flow.input.as_deref()) {
            let records = records(recipe.file(input).unwrap()).unwrap();
            assert!(
                records.iter().all(Value::is_object) && !records.is_empty(),
                "{input}"
            );
        }
    }
}

#[test]
fn a_flow_that_is_filled_with_what_is_shipped_is_the_shipped_one() {
    for (recipe, flow) in flows() {
        let usual = flow
            .values
            .iter()
            .map(|blank| (blank.name.clone(), blank.usual.clone()));
        let with = Filling {
            values: usual.collect(),
            ..Filling::default()
        };
        let text = fill(recipe, &flow, &with).unwrap();
        assert_eq!(text, recipe.file(&flow.file).unwrap(), "{}", recipe.name);
    }
}

#[test]
fn every_value_changes_the_text_which_stays_in_order() {
    for (recipe, flow) in flows() {
        for blank in &flow.values {
            let other = match blank.kind {
                BlankKind::Words => "other words",
                BlankKind::Number => "13",
                BlankKind::Span => "7m",
                BlankKind::File => "other/file.db",
                BlankKind::Address => "other.example/x",
            };
            let with = Filling {
                values: values(&[(&blank.name, other)]),
                ..Filling::default()
            };
            let text = fill(recipe, &flow, &with).unwrap();
            assert_ne!(
                text,
                recipe.file(&flow.file).unwrap(),
                "{}: {}",
                recipe.name,
                blank.name
            );
            assert!(text.contains(&blank.piece(other)), "{}", blank.name);
            parsed(&text);
        }
    }
}

#[test]
fn a_connection_is_put_into_every_part_that_means_a_workspace() {
    for (recipe, flow) in flows() {
        let with = Filling {
            name: Some("my-own".to_owned()),
            connection: Some("acme".to_owned()),
            ..Filling::default()
        };
        let text = fill(recipe, &flow, &with).unwrap();
        let document = parsed(&text);
        assert_eq!(document.name, "my-own");
        let branches = document.destinations.iter();
        let parts = branches
            .flat_map(|branch| branch.transforms.iter().chain([&branch.part]))
            .chain(&document.transforms)
            .chain([&document.source]);
        for part in parts.filter(|part| ["intercom", "webhook", "enrich"].contains(&part.kind.as_str())) {
            let connection = part.settings.to_json()["connection"].clone();
            assert_eq!(connection, "acme", "{}/{}: {}", recipe.name, flow.file, part.kind);
        }
        let comments = |text: &str| text.matches("  # ").count();
        assert_eq!(comments(&text), comments(recipe.file(&flow.file).unwrap()));
    }
}

#[test]
fn two_values_that_swap_places_are_not_taken_for_each_other() {
    let (recipe, flow) = flow_of("conversation-routing", "flow.yaml");
    let with = Filling {
        values: values(&[("tier_two", "43"), ("billing", "42")]),
        ..Filling::default()
    };
    let document = parsed(&fill(recipe, &flow, &with).unwrap());
    let teams: Vec<String> = document
        .destinations
        .iter()
        .map(|branch| branch.part.settings.to_json()["with"]["team_id"].to_string())
        .collect();
    assert_eq!(teams, [r#""\"43\"""#, r#""\"42\"""#]);
}

#[test]
fn what_a_value_must_not_hold_is_refused_by_its_name() {
    let (recipe, routing) = flow_of("conversation-routing", "flow.yaml");
    let (center, index) = flow_of("help-center", "flow.yaml");
    for (recipe, flow, name, bad) in [
        (recipe, &routing, "tier_two", ""),
        (recipe, &routing, "tier_two", "4'2"),
        (recipe, &routing, "urgent_tag", "a\"b"),
        (recipe, &routing, "urgent_tag", "a\nb"),
        (recipe, &routing, "surprise", "1"),
        (center, &index, "folder", "../etc"),
        (center, &index, "folder", "/etc"),
        (center, &index, "every", "often"),
    ] {
        let with = Filling {
            values: values(&[(name, bad)]),
            ..Filling::default()
        };
        let (field, _) = fill(recipe, flow, &with).unwrap_err();
        assert_eq!(field, name, "{bad:?}");
    }
}
