//! `trunkline report` and the end models, on a mirror of the simulator's workspace.

use serde_json::Value;

use crate::harness::{Desk, Outcome, Simulator};

const WEEKS: [&str; 6] = [
    "--mirror",
    "mirror.db",
    "--from",
    "2026-10-24",
    "--to",
    "2026-11-20",
];

fn report(desk: &Desk, more: &[&str]) -> Outcome {
    let mut arguments = vec!["report"];
    arguments.extend(WEEKS);
    arguments.extend(more);
    desk.run(&arguments)
}

fn printed(desk: &Desk, more: &[&str]) -> String {
    let outcome = report(desk, more);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

fn number(desk: &Desk, sql: &str) -> i64 {
    desk.open().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_mirror_is_reported_from_in_four_forms() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    insta::assert_snapshot!("report_of_a_small_workspace", printed(&desk, &[]));

    let json: Value = serde_json::from_str(&printed(&desk, &["--format", "json"])).unwrap();
    // From midnight to midnight in the workspace's time zone.
    let (from, to) = (
        json["about"]["from"].as_str().unwrap(),
        json["about"]["to"].as_str().unwrap(),
    );
    assert_eq!((from, to), ("2026-10-24T07:00:00Z", "2026-11-21T08:00:00Z"));
    let moments = [from, to].map(|text| text.parse::<jiff::Timestamp>().unwrap().as_second());
    let began = simulator
        .truth("conversations", "2.16")
        .iter()
        .filter_map(|record| record["created_at"].as_i64())
        .filter(|created| moments[0] <= *created && *created < moments[1])
        .count() as u64;
    assert!(began > 20, "{began}");
    assert_eq!(json["totals"]["conversations"], began);
    let by_team: u64 = json["teams"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|team| team["conversations"].as_u64())
        .sum();
    assert_eq!(by_team, began);
    let by_day: u64 = json["days"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|day| day["began"].as_u64())
        .sum();
    assert_eq!(by_day, began);

    let csv = printed(&desk, &["--format", "csv"]);
    assert!(csv.starts_with("section,id,name,figure,value\r\n"));
    assert!(csv.contains(&format!("conversations,,,all,{began}\r\n")), "{csv}");

    // The name of the file says what is written; nothing is printed.
    assert_eq!(printed(&desk, &["--output", "report.html"]), "");
    let page = std::fs::read_to_string(desk.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("<svg") && !page.contains("<script"));
}

#[test]
fn the_end_models_follow_every_run() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    for round in 0..2 {
        for (view, table) in [
            ("conversation_metrics", "conversations"),
            ("conversation_enhanced", "conversations"),
            ("contact_enhanced", "contacts"),
            ("company_enhanced", "companies"),
            ("company_metrics", "companies"),
            ("admin_metrics", "admins"),
            ("article_enhanced", "articles"),
        ] {
            let rows = number(&desk, &format!("SELECT count(*) FROM {view}"));
            let expected = number(
                &desk,
                &format!("SELECT count(*) FROM {table} WHERE _deleted_at IS NULL"),
            );
            assert_eq!(rows, expected, "{view} in round {round}");
        }
        for figure in ["first_response", "first_close", "resolution"] {
            let lacking = number(
                &desk,
                &format!(
                    "SELECT count(*) FROM conversation_metrics \
                     WHERE (minutes_to_{figure} IS NULL) <> (office_minutes_to_{figure} IS NULL) \
                     OR office_minutes_to_{figure} > minutes_to_{figure}"
                ),
            );
            assert_eq!(lacking, 0, "{figure} in round {round}");
        }
        assert_eq!(number(&desk, "SELECT count(*) FROM _trunkline_office_stale"), 0);
        assert!(
            number(
                &desk,
                "SELECT count(office_minutes_to_first_response) FROM conversation_metrics"
            ) > 50
        );
        simulator.advance(600);
        simulator.activity(200);
        desk.sync(&simulator, &[]);
    }
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "contacts"]);
    let check = |arguments: &[&str], exit: i32, code: &str| {
        let outcome = desk.run(arguments);
        assert_eq!(
            outcome.code, exit,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        assert!(
            outcome.stderr.contains(&format!("error[{code}]")),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("help: "), "{}", outcome.stderr);
    };
    let mirror = ["report", "--mirror", "mirror.db"];
    let with = |more: &[&'static str]| [&mirror[..], more].concat();
    check(&["report"], 2, "TL0170");
    check(&["report", "--mirror", "none.db"], 2, "TL0170");
    check(
        &["report", "--mirror", "postgres://localhost/mirror"],
        2,
        "TL0177",
    );
    // Conversations were never read.
    check(&mirror, 3, "TL0176");
    desk.sync(&simulator, &["--streams", "conversations"]);
    assert_eq!(desk.run(&mirror).code, 0);
    check(
        &with(&["--from", "2026-11-20", "--to", "2026-11-10"]),
        2,
        "TL0172",
    );
    check(&with(&["--from", "yesterday"]), 2, "TL0171");
    check(&with(&["--time-zone", "Mars/Olympus"]), 2, "TL0173");
    check(&with(&["--team", "nobody"]), 2, "TL0174");
    check(&with(&["--tag", "nothing"]), 2, "TL0174");
    check(&with(&["--company", "nowhere"]), 2, "TL0174");
    check(&with(&["--office-hours", "never"]), 2, "TL0175");
    check(&with(&["--output", "no/such/folder.html"]), 2, "TL0008");
}
