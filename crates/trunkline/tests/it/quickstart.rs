//! The first two minutes of a new user.

use std::io::{BufRead, BufReader};

use crate::harness::{Desk, Outcome};

#[test]
fn quickstart_once_mirrors_reports_and_ends_with_zero() {
    let desk = Desk::new();
    let outcome = desk.run(&["quickstart", "--once"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    for expected in [
        "contacts",
        "conversation_parts",
        "complete",
        "SELECT",
        "trunkline-data/mirror.db",
    ] {
        assert!(
            outcome.stdout.contains(expected),
            "{expected} is not in\n{}",
            outcome.stdout
        );
    }
}

#[test]
fn the_three_queries_that_quickstart_shows_give_rows() {
    let desk = Desk::new();
    let outcome = desk.run(&["quickstart", "--once", "--json", "--data", "here"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let queries = outcome.json()["queries"].as_array().unwrap().clone();
    assert_eq!(queries.len(), 3);
    let mirror = rusqlite::Connection::open(desk.path().join("here/mirror.db")).unwrap();
    for query in queries {
        let sql = query["sql"].as_str().unwrap();
        let mut statement = mirror
            .prepare(sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        assert!(
            statement.query([]).unwrap().next().unwrap().is_some(),
            "no rows: {sql}"
        );
    }
}

#[test]
fn quickstart_runs_again_in_its_own_folder_and_never_over_somebody_elses_mirror() {
    let desk = Desk::new();
    for _ in 0..2 {
        let outcome = desk.run(&["quickstart", "--once", "--json"]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
    std::fs::create_dir(desk.path().join("mine")).unwrap();
    std::fs::write(desk.path().join("mine/mirror.db"), "precious").unwrap();
    let outcome = desk.run(&["quickstart", "--once", "--data", "mine"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("TL0010"), "{}", outcome.stderr);
    assert_eq!(
        std::fs::read(desk.path().join("mine/mirror.db")).unwrap(),
        b"precious"
    );
}

#[test]
fn quickstart_goes_on_following_the_living_workspace_until_it_is_interrupted() {
    let desk = Desk::new();
    let mut child = desk.trunkline(&["quickstart", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The first mirror's object, then one line for each round.
    let round = lines
        .by_ref()
        .map(|line| line.unwrap())
        .find(|line| line.starts_with('{') && line.contains("\"round\""))
        .expect("a round");
    let round: serde_json::Value = serde_json::from_str(&round).unwrap();
    assert!(round["requests"].as_u64().unwrap() > 0, "{round}");
    let interrupted = std::process::Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(interrupted.success());
    lines.for_each(drop);
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn quickstart_ends_with_a_link_that_opens_the_console() {
    let desk = Desk::new();
    let mut child = desk.trunkline(&["quickstart"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let link = lines
        .by_ref()
        .map(|line| line.unwrap())
        .find_map(|line| line.trim().strip_prefix("http").map(|rest| format!("http{rest}")))
        .expect("a link");
    let page = crate::browser::drive(async {
        let http = reqwest::Client::builder().build().unwrap();
        http.get(&link).send().await.unwrap().text().await.unwrap()
    });
    assert!(page.contains("Welcome to Trunkline"), "{link}: {page}");
    // What the demo's flows bring is there to be opened.
    let people = desk.path().join("trunkline-data/flows/people.db");
    crate::process::until("the people", || {
        let hidden = "SELECT count(*) > 1000 AND min(email LIKE '***@%') FROM people WHERE email IS NOT NULL";
        rusqlite::Connection::open(&people)
            .and_then(|database| database.query_row(hidden, [], |row| row.get(0)))
            .unwrap_or(false)
    });
    let interrupted = std::process::Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(interrupted.success());
    lines.for_each(drop);
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let flows = crate::process::json(&desk, &["flow", "list"]);
    for flow in flows.as_array().unwrap() {
        assert_eq!(
            (&flow["state"], &flow["dead_letters"]),
            (&"active".into(), &0.into()),
            "{flow}"
        );
    }
    let connections = crate::process::json(&desk, &["connections", "list"]);
    assert_eq!(connections[0]["name"], "quickstart", "{connections}");
    assert_eq!(connections[0]["state"], "ready", "{connections}");
}
