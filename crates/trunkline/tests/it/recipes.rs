//! The recipes that are shipped: each is in order, has its samples, and does what it says in a simulated workspace.
//!
//! Each has a file of its own: what it does end to end, and that a run which is killed again and again ends as one that was not.

mod audience_activation;
mod chat_bridge;
mod contact_enrichment;
mod conversation_routing;
mod gdpr_erasure;
mod help_center;
mod lead_nurture;
mod nightly_backup;
mod unified_support_data;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{harness::Desk, process::json as shown};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes")
}

/// The files below a folder by their names, in order.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, text);
            }
        }
    }
    found
}

/// A desk with a copy of a recipe.
fn desk_with(recipe: &str) -> Desk {
    let desk = Desk::new();
    for (name, text) in files(&folder().join(recipe)) {
        let path = desk.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    desk
}

/// Changes a file of a desk.
fn change(desk: &Desk, name: &str, from: &str, to: &str) {
    let path = desk.path().join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn every_recipe_is_in_order_and_makes_of_its_input_what_it_says() {
    let desk = Desk::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let recipe = entry.unwrap().path();
        let name = recipe.file_name().unwrap().to_string_lossy().into_owned();
        for part in ["flow.yaml", "README.md", "input.jsonl", "output.json"] {
            assert!(recipe.join(part).is_file(), "{name} has no {part}");
        }
        let readme = fs::read_to_string(recipe.join("README.md")).unwrap();
        for (file, text) in files(&recipe) {
            let Some(stem) = file.strip_suffix(".yaml") else {
                continue;
            };
            let flow = recipe.join(&file);
            let flow = flow.to_str().unwrap();
            let checked = desk.run(&["flow", "check", flow]);
            assert_eq!(checked.code, 0, "{}", checked.stdout);
            let tested = desk.run(&["flow", "test", flow]);
            assert_eq!(tested.code, 0, "{}{}", tested.stdout, tested.stderr);
            let called = match stem {
                "flow" => name.clone(),
                other => format!("{name}-{other}"),
            };
            assert!(
                text.contains(&format!("flow: {called}\n")),
                "{name}/{file} is called otherwise in its file"
            );
            assert!(
                readme.contains(&file),
                "the README of {name} says nothing of {file}"
            );
        }
        count += 1;
    }
    assert!(count >= 9);
}

#[test]
fn every_recipe_is_in_the_program_and_can_be_copied() {
    let desk = Desk::new();
    let listed = shown(&desk, &["recipes", "list"]);
    let listed: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|recipe| recipe["name"].as_str().unwrap())
        .collect();
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(listed, names);
    let page = fs::read_to_string(folder().join("../docs/flows/README.md")).unwrap();
    for name in &names {
        let copied = desk.run(&["recipes", "copy", name, &format!("mine/{name}")]);
        assert_eq!(copied.code, 0, "{}", copied.stderr);
        assert_eq!(
            files(&desk.path().join("mine").join(name)),
            files(&folder().join(name))
        );
        let readme = desk.run(&["recipes", "show", name]).stdout;
        assert_eq!(
            readme,
            fs::read_to_string(folder().join(name).join("README.md")).unwrap()
        );
        assert!(
            page.contains(&format!("recipes/{name}/README.md")),
            "the guide lacks {name}"
        );
        assert!(desk.run(&["recipes", "list"]).stdout.contains(name.as_str()));
    }
    let again = desk.run(&["recipes", "copy", &names[0], &format!("mine/{}", names[0])]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("TL0956"), "{}", again.stderr);
    let unknown = desk.run(&["recipes", "copy", "help-centre", "there"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("TL0955") && unknown.stderr.contains("help-center"),
        "{}",
        unknown.stderr
    );
    assert!(!desk.path().join("there").exists());
}
