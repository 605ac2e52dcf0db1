//! The guides' calls, held against the actions.
//!
//! The one rule: a guide names only actions and fields that exist; whether a call works is what the binary's tests show.

use trunkline_actions::action;

const GUIDES: [(&str, &str); 2] = [
    (
        "from-other-connectors.md",
        include_str!("../../../../docs/guides/from-other-connectors.md"),
    ),
    ("actions.md", include_str!("../../../../docs/guides/actions.md")),
];

/// The options of `call` and `publish` that are followed by a value.
const WITH_A_VALUE: [&str; 10] = [
    "--path",
    "--query",
    "--payload",
    "--input",
    "--connection",
    "--jq",
    "--key",
    "--time-zone",
    "--from",
    "--map",
];

/// The words of a command line; quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Every call of an action in a guide's blocks of code: its id, and the names of its fields.
fn calls(guide: &str) -> Vec<(String, Vec<String>)> {
    let guide = guide.replace("\\\n", "");
    let mut calls = Vec::new();
    let mut is_code = false;
    for line in guide.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        for command in ["trunkline call ", "trunkline publish "] {
            let Some((_, rest)) = line.split_once(command).filter(|_| is_code) else {
                continue;
            };
            let mut words = words(rest).into_iter();
            let Some(id) = words.next().filter(|id| !id.starts_with('-')) else {
                continue;
            };
            let mut fields = Vec::new();
            while let Some(word) = words.next() {
                if WITH_A_VALUE.contains(&word.as_str()) {
                    words.next();
                } else if let Some((field, _)) = word.split_once('=').filter(|_| !word.starts_with('-')) {
                    fields.push(field.trim_end_matches(':').to_owned());
                }
            }
            calls.push((id, fields));
        }
    }
    calls
}

#[test]
fn every_action_and_field_in_a_guide_exists() {
    let mut wrong = Vec::new();
    for (guide, text) in GUIDES {
        let calls = calls(text);
        assert!(calls.len() >= 8, "{guide} calls {}", calls.len());
        for (id, fields) in calls {
            let Ok(found) = action(&id) else {
                wrong.push(format!("{guide}: there is no action {id}"));
                continue;
            };
            for field in fields {
                // Within an object of the user's own, any name may follow.
                let outer = field.split('.').next().unwrap_or(&field);
                if found.field(&field).is_none() && found.field(outer).is_none() {
                    wrong.push(format!("{guide}: {id} has no field {field}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
