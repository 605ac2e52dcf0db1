//! Articles become Markdown files and an index, and Markdown files become articles.

use std::{cell::Cell, fs};

use serde_json::{Value, json};

use super::{desk_with, files};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
};

fn run(desk: &Desk, simulator: &Simulator, flow: &str) -> Value {
    shown(desk, &["flow", "run", flow, "--base-url", simulator.base_url()])
}

fn articles(simulator: &Simulator) -> Vec<Value> {
    simulator.truth("articles", "2.16")
}

fn titled(simulator: &Simulator, title: &str) -> Vec<Value> {
    let mut found = articles(simulator);
    found.retain(|article| article["title"] == title);
    found
}

/// What the index finds.
fn found(desk: &Desk, words: &str) -> Vec<String> {
    let index = rusqlite::Connection::open(desk.path().join("help-center.db")).unwrap();
    let mut query = index
        .prepare("select _key from articles_search where articles_search match ? order by _key")
        .unwrap();
    let keys = query.query_map([words], |row| row.get(0)).unwrap();
    keys.collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_article_is_a_file_and_is_found() {
    let simulator = Simulator::small();
    let desk = desk_with("help-center");
    let count = articles(&simulator).len();
    assert!(count > 5);
    run(&desk, &simulator, "flow.yaml");
    let calls = shown(&desk, &["flow", "runs", "help-center"])[0]["calls"].as_u64();
    assert!(
        calls.is_some_and(|calls| calls >= 1),
        "the pages that were asked for are counted"
    );
    let first = files(&desk.path().join("articles"));
    assert_eq!(first.len(), count);
    let changed = articles(&simulator)[0]["id"].as_str().unwrap().to_owned();
    let text = json!({ "title": "About zebras", "body": "<h1>Stripes</h1><p>Black <b>and</b> white</p>" });
    simulator.api("PUT", &format!("/articles/{changed}"), Some(&text));
    run(&desk, &simulator, "flow.yaml");
    let second = files(&desk.path().join("articles"));
    let differ: Vec<&String> = second
        .keys()
        .filter(|name| first.get(*name) != second.get(*name))
        .collect();
    assert_eq!(differ, [&format!("{changed}.md")]);
    let text = &second[differ[0]];
    assert!(
        text.starts_with("---\n") && text.contains("\ntitle: \"About zebras\"\n"),
        "{text}"
    );
    assert!(
        text.ends_with("---\n\n# Stripes\n\nBlack **and** white\n"),
        "{text}"
    );
    assert_eq!(found(&desk, "zebras"), std::slice::from_ref(&changed));
    assert_eq!(found(&desk, "stripes AND white"), [changed]);
    assert_eq!(found(&desk, "giraffes"), [] as [String; 0]);
}

#[test]
fn an_article_that_is_deleted_loses_its_file_and_its_row_and_no_other_does() {
    let simulator = Simulator::small();
    let desk = desk_with("help-center");
    super::change(&desk, "gone.yaml", "{ mirror: {", "{ mirror: { file: mirror.db,");
    let only = ["--streams", "articles"];
    desk.sync(&simulator, &only);
    run(&desk, &simulator, "gone.yaml");
    run(&desk, &simulator, "flow.yaml");
    let before = files(&desk.path().join("articles"));
    let gone = articles(&simulator)[0]["id"].as_str().unwrap().to_owned();
    let (status, _) = simulator.api("DELETE", &format!("/articles/{gone}"), None);
    assert_eq!(status, 200);
    desk.sync(&simulator, &only);
    assert_eq!(run(&desk, &simulator, "gone.yaml")["read"], 1);
    run(&desk, &simulator, "flow.yaml");
    let after = files(&desk.path().join("articles"));
    assert!(!after.contains_key(&format!("{gone}.md")));
    assert_eq!(after.len(), before.len() - 1);
    let index = rusqlite::Connection::open(desk.path().join("help-center.db")).unwrap();
    for table in ["articles", "articles_search"] {
        let count = |of: &str| -> i64 {
            let sql = format!("select count(*) from {table} where _key {of}");
            index.query_row(&sql, [&gone], |row| row.get(0)).unwrap()
        };
        assert_eq!(count("= ?1"), 0, "{table}");
        assert_eq!(count("<> ?1") as usize, after.len(), "{table}");
    }
    // Nothing is left to do.
    assert_eq!(run(&desk, &simulator, "gone.yaml")["read"], 0);
}

#[test]
fn every_markdown_file_is_an_article_once() {
    let simulator = Simulator::small();
    let desk = desk_with("help-center");
    let before = articles(&simulator).len();
    assert_eq!(run(&desk, &simulator, "back.yaml")["delivered"]["intercom"], 2);
    // Whose token it is, is asked once before the run begins.
    let sent = simulator.requests().len() as u64 - 1;
    assert_eq!(
        shown(&desk, &["flow", "runs", "help-center-back"])[0]["calls"],
        sent
    );
    assert_eq!(run(&desk, &simulator, "back.yaml")["read"], 0);
    assert_eq!(articles(&simulator).len(), before + 2);
    let made = titled(&simulator, "Choose a new password");
    assert_eq!((made.len(), &made[0]["state"]), (1, &json!("published")));
    assert!(
        made[0]["body"].as_str().unwrap().contains("Forgot password"),
        "{}",
        made[0]
    );
    // Changed, named by its id, and broken.
    let written = desk.path().join("written");
    super::change(&desk, "written/invoices.md", "comes by mail", "comes by post");
    let id = made[0]["id"].as_str().unwrap();
    let renamed = format!("---\nid: {id}\ntitle: Lost passwords\nstate: draft\n---\nAsk us.\n");
    fs::write(written.join("account/reset-your-password.md"), renamed).unwrap();
    fs::write(written.join("broken.md"), "---\ntitle: 'x\n---\n").unwrap();
    fs::write(written.join("nameless.md"), "No title.\n").unwrap();
    let again = desk.run(&[
        "flow",
        "run",
        "back.yaml",
        "--base-url",
        simulator.base_url(),
        "--json",
    ]);
    let told = again.json();
    assert_eq!(
        (&told["read"], &told["dead_letters"]),
        (&json!(4), &json!(2)),
        "{told}"
    );
    assert_eq!(articles(&simulator).len(), before + 2);
    assert!(titled(&simulator, "Choose a new password").is_empty());
    assert_eq!(titled(&simulator, "Lost passwords")[0]["id"], id);
    let invoices = titled(&simulator, "Where invoices are");
    assert!(invoices[0]["body"].as_str().unwrap().contains("by post"));
    // The broken ones are mended and read again.
    fs::write(written.join("nameless.md"), "---\ntitle: Named now\n---\n").unwrap();
    assert_eq!(run(&desk, &simulator, "back.yaml")["read"], 1);
    assert_eq!(titled(&simulator, "Named now").len(), 1);
    // Two of one title are never guessed between.
    let author = simulator.truth("admins", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .parse::<u64>()
        .unwrap();
    for _ in 0..2 {
        let (status, _) = simulator.api(
            "POST",
            "/articles",
            Some(&json!({ "title": "Twice", "author_id": author })),
        );
        assert_eq!(status, 200);
    }
    fs::write(written.join("twice.md"), "---\ntitle: Twice\n---\n").unwrap();
    let twice = desk.run(&[
        "flow",
        "run",
        "back.yaml",
        "--base-url",
        simulator.base_url(),
        "--json",
    ]);
    assert_eq!(twice.json()["dead_letters"], 1);
    let letters = shown(&desk, &["flow", "dead-letters", "--code", "TL0953"]);
    assert_eq!(letters.as_array().unwrap().len(), 1, "{letters}");
}

#[test]
fn fifty_kills_leave_the_files_and_the_index_as_one_run_does() {
    let simulator = Simulator::small();
    let desk = desk_with("help-center");
    let ids: Vec<String> = articles(&simulator)
        .iter()
        .map(|article| article["id"].as_str().unwrap().to_owned())
        .collect();
    let arguments = ["flow", "run", "flow.yaml", "--base-url", simulator.base_url()];
    let folder = desk.path().join("articles");
    let change = |round: u32| {
        for id in &ids {
            let text = json!({ "title": format!("Round {round} of {id}"), "body": format!("<p>It is {round}.</p>") });
            simulator.api("PUT", &format!("/articles/{id}"), Some(&text));
        }
    };
    let done = |round: u32| {
        let round = format!("\"Round {round} of");
        let files = files(&folder);
        let new = files
            .iter()
            .filter(|(name, text)| name.ends_with(".md") && !name.starts_with('.') && text.contains(&round));
        u32::try_from(new.count()).unwrap()
    };
    let most = u32::try_from(ids.len()).unwrap();
    killing::at_random(&desk, &arguments, &[], most, change, done);
    shown(&desk, &arguments);
    let fresh = desk_with("help-center");
    shown(&fresh, &arguments);
    let shown_files = |desk: &Desk| {
        let mut files = files(&desk.path().join("articles"));
        // What a dead process left beside a file is read by nobody.
        files.retain(|name, _| !name.starts_with('.'));
        files
    };
    assert_eq!(shown_files(&desk), shown_files(&fresh));
    let rows = |desk: &Desk| -> Vec<String> {
        let index = rusqlite::Connection::open(desk.path().join("help-center.db")).unwrap();
        let mut query = index
            .prepare("select a._key || a.title || a.body || s.title || s.body from articles a join articles_search s on s._key = a._key order by 1")
            .unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(rows(&desk), rows(&fresh));
    assert_eq!(rows(&desk).len(), ids.len());
}

#[test]
fn fifty_kills_leave_every_written_file_there_once() {
    let simulator = Simulator::small();
    let desk = desk_with("help-center");
    let before = articles(&simulator).len();
    let more = [
        "--request-log",
        "requests.log",
        "--base-url",
        simulator.base_url(),
    ];
    let arguments = [&["flow", "run", "back.yaml"][..], &more].concat();
    let last = Cell::new(0);
    let write = |round: u32| {
        drop(fs::remove_file(desk.path().join("requests.log")));
        last.set(round);
        // Each round has one file more, and all those before it changed.
        for number in 0..=round.min(25) {
            let text = format!("---\ntitle: Kill {number}\n---\nRound {round} of {number}.\n");
            fs::write(desk.path().join(format!("written/{number}.md")), text).unwrap();
        }
    };
    killing::at_random(&desk, &arguments, &[], 30, write, |_| {
        killing::lines(&desk, "requests.log")
    });
    shown(&desk, &arguments);
    let count = last.get().min(25);
    for number in 0..=count {
        let found = titled(&simulator, &format!("Kill {number}"));
        assert_eq!(found.len(), 1, "Kill {number}: {found:?}");
        let text = format!("Round {} of {number}.", last.get());
        assert!(found[0]["body"].as_str().unwrap().contains(&text), "{}", found[0]);
    }
    assert_eq!(articles(&simulator).len(), before + 3 + count as usize);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}
