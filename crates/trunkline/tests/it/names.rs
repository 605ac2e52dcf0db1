//! The names of other connectors, at the command line: actions are found by them, and commands are what the table says.
//!
//! The one rule: what the table says of a command stands in that command's own help.

use std::collections::BTreeMap;

use crate::harness::Desk;

const NAMES: &str = include_str!("../../../trunkline-actions/overlays/names.tsv");

#[test]
fn an_action_is_found_by_what_another_connector_calls_it() {
    let desk = Desk::new();
    for (words, expected) in [
        (&["list a contact's tags"][..], "contacts.list_tags"),
        (&["add", "tag", "based", "on", "email"], "contacts.tag_by_email"),
        (&["RETRIEVE a ticket"], "tickets.get"),
        (&["alumio", "tag to a ticket"], "tags.attach_to_ticket"),
        (&["delete-article"], "articles.delete"),
        (
            &["make an api call"],
            "`trunkline request` is Make (Ibexa Connect): Make an API Call",
        ),
        (
            &["watch events"],
            "`trunkline watch` is Make (Ibexa Connect): Watch Events",
        ),
    ] {
        let found = desk.run(&[&["actions"], words].concat()).stdout;
        assert!(
            found.contains(expected),
            "{words:?}: {expected} is not in\n{found}"
        );
    }
    let nothing = desk.run(&["actions", "no connector calls it so"]).stdout;
    assert!(nothing.contains("0 actions"), "{nothing}");
}

#[test]
fn an_action_says_what_others_call_it() {
    let desk = Desk::new();
    let page = desk.run(&["action", "contacts.tag_by_email"]).stdout;
    assert!(page.contains("Tealium: Add Tag Based on Email"), "{page}");
    let json = desk.run(&["action", "contacts.tag_by_email", "--json"]).json();
    let untag = json["elsewhere"]
        .as_array()
        .unwrap()
        .iter()
        .find(|name| name["field"] == "Untag");
    assert_eq!(untag.unwrap()["our_fields"][0], "untag");
}

#[test]
fn every_command_and_option_that_answers_another_connector_is_there() {
    let desk = Desk::new();
    let mut helps: BTreeMap<&str, String> = BTreeMap::new();
    let mut missing = Vec::new();
    for row in NAMES.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let Some(command) = cells[3].strip_prefix("command:") else {
            continue;
        };
        let help = helps.entry(command).or_insert_with(|| {
            let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
            desk.run(&words).stdout
        });
        for option in cells[4].split('|').filter(|option| !option.is_empty()) {
            let said = if option.starts_with("--") {
                help.lines()
                    .flat_map(str::split_whitespace)
                    .any(|word| word.trim_end_matches(',') == option)
            } else {
                help.contains(&format!("<{option}>")) || help.contains(&format!("[{option}]"))
            };
            if !said {
                missing.push(format!("{command} has no {option} ({}, {})", cells[0], cells[1]));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
