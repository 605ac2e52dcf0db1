//! The page about transforms: each of its examples does what it says, and each transform has one.

use serde_json::Value;

use super::{check_flow, enrich, flow_at, site};
use crate::registry;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flows/transforms.md");

/// The blocks of a section, each with its language.
fn blocks(section: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = section;
    while let Some((_, from)) = rest.split_once("```") {
        let (language, from) = from.split_once('\n').unwrap();
        let (block, after) = from.split_once("```").unwrap();
        blocks.push((language, block));
        rest = after;
    }
    blocks
}

fn lines(block: &str) -> Vec<Value> {
    block
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

#[test]
fn every_example_of_the_page_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    enrich::mirror(folder.path());
    let site = site(folder.path().to_path_buf());
    let page = std::fs::read_to_string(PAGE).unwrap();
    let mut sections: Vec<&str> = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let name = section.lines().next().unwrap();
        let blocks = blocks(section);
        let mut examples = 0;
        for (at, (language, transforms)) in blocks.iter().enumerate() {
            if *language != "yaml" {
                continue;
            }
            let what = format!("{name}:\n{transforms}");
            let flow = flow_at(transforms, &site).unwrap_or_else(|mistakes| panic!("{what}{mistakes:#?}"));
            assert!(transforms.starts_with(&format!("- {name}:")), "{what}");
            if let [_, ("json", input), ("json", output), ..] = &blocks[at..] {
                check_flow(&flow, &what, &lines(input), Ok(lines(output)));
                examples += 1;
            }
        }
        assert!(examples > 0, "{name} has no example");
        sections.push(name);
    }
    sections.sort_unstable();
    let names: Vec<&str> = registry::transforms().iter().map(|kind| kind.name).collect();
    assert_eq!(sections, names);
}
