//! What cannot be published is refused, before any call where that can be known, with the place and what to do.

use serde_json::Value;

use super::{publish, results, write};
use crate::harness::{Desk, Simulator};

#[test]
fn a_source_that_is_none_is_refused_before_any_call() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let table = "company_id,name\nx1,A\n";
    for (name, bytes) in [
        ("good.csv", table.as_bytes()),
        ("empty.csv", b""),
        ("blank.csv", b"\n\r\n"),
        ("doubled.csv", b"company_id,name,name\nx1,A,B\n"),
        ("nameless.csv", b"company_id,\nx1,A\n"),
        ("unknown.csv", b"company_id,nmae\nx1,A\n"),
        ("open.csv", b"company_id,\"name\nx1,A\n"),
        ("book.csv", b"PK\x03\x04\x14\0\0\0"),
        ("bytes.csv", b"a\0b\x01\0\0\0c\x02"),
        ("list.jsonl", b"[{\"company_id\":\"x1\"}]"),
        ("misfits.jsonl", b"{\"company_id\":[1]}\n{\"nmae\":1}\n"),
        ("some.jsonl", b"{\"company_id\":\"x1\"}\n{\"nmae\":1}\n"),
        (
            "not.db",
            b"this is no database, whatever its name says, for longer than a header",
        ),
    ] {
        write(&desk, name, bytes);
    }
    rusqlite::Connection::open(desk.path().join("crm.db"))
        .unwrap()
        .execute_batch("CREATE TABLE firms (id TEXT); INSERT INTO firms VALUES ('x1')")
        .unwrap();
    let good = &["companies.upsert", "--from", "good.csv"][..];
    for (arguments, code, exit, words) in [
        (
            &["companies.upsret", "--from", "good.csv"][..],
            "TL0701",
            2,
            "companies.upsert",
        ),
        (
            &["companies.get", "--from", "good.csv"],
            "TL0794",
            2,
            "only reads",
        ),
        (
            &["companies.upsert", "--from", "missing.csv"],
            "TL0780",
            2,
            "missing.csv",
        ),
        (&["companies.upsert", "--from", "."], "TL0780", 2, "folder"),
        (
            &["companies.upsert", "--from", "empty.csv"],
            "TL0781",
            2,
            "no rows",
        ),
        (
            &["companies.upsert", "--from", "blank.csv"],
            "TL0781",
            2,
            "no rows",
        ),
        (
            &["companies.upsert", "--from", "book.csv"],
            "TL0782",
            2,
            "workbook",
        ),
        (
            &["companies.upsert", "--from", "bytes.csv"],
            "TL0782",
            2,
            "binary",
        ),
        (
            &["companies.upsert", "--from", "list.jsonl"],
            "TL0782",
            2,
            "one JSON list",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--encoding", "klingon"],
            "TL0783",
            2,
            "klingon",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--delimiter", ",,"],
            "TL0783",
            2,
            "delimiter",
        ),
        (
            &["companies.upsert", "--from", "doubled.csv"],
            "TL0784",
            2,
            "columns 2 and 3",
        ),
        (
            &["companies.upsert", "--from", "nameless.csv"],
            "TL0784",
            2,
            "column 2 has no name",
        ),
        (
            &["companies.upsert", "--from", "unknown.csv"],
            "TL0784",
            2,
            "did you mean `name`",
        ),
        (
            &["companies.upsert", "--from", "open.csv"],
            "TL0784",
            2,
            "never closed",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--column", "name=Firm"],
            "TL0784",
            2,
            "no column `Firm`",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--column", "name"],
            "TL0784",
            2,
            "field=column",
        ),
        (
            &["contacts.update", "--from", "good.csv", "--ignore", "company_id"],
            "TL0784",
            2,
            "`id` is required",
        ),
        (
            &["companies.upsert", "--from", "sqlite:crm.db"],
            "TL0785",
            2,
            "no query",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "sqlite:crm.db",
                "--query",
                "SELECT nothing FROM firms",
            ],
            "TL0785",
            2,
            "nothing",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "sqlite:crm.db",
                "--query",
                "DELETE FROM firms",
            ],
            "TL0785",
            2,
            "would write",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "sqlite:not.db",
                "--query",
                "SELECT 1",
            ],
            "TL0785",
            2,
            "fails",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "sqlite:gone.db",
                "--query",
                "SELECT 1",
            ],
            "TL0780",
            2,
            "gone.db",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--query", "SELECT 1"],
            "TL0785",
            2,
            "database",
        ),
        (
            &["companies.upsert", "--from", "misfits.jsonl"],
            "TL0789",
            2,
            "all of 2 rows",
        ),
        (
            &["companies.upsert", "--from", "some.jsonl", "--strict"],
            "TL0789",
            2,
            "line 2:",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "good.csv",
                "--rejects",
                "no/such/folder.csv",
            ],
            "TL0792",
            2,
            "cannot be written",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--results", "."],
            "TL0792",
            2,
            "cannot be written",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--rejects", "good.csv"],
            "TL0792",
            2,
            "where the rows come from",
        ),
        (
            &["companies.upsert", "--from", "some.jsonl", "--rejects", "r.csv"],
            "TL0792",
            2,
            ".jsonl",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--map", "missing.jq"],
            "TL0795",
            2,
            "missing.jq",
        ),
        (
            &["companies.upsert", "--from", "good.csv", "--map", "{"],
            "TL0801",
            2,
            "",
        ),
        (
            &[
                "companies.upsert",
                "--from",
                "good.csv",
                "--time-zone",
                "Mars/Base",
            ],
            "TL0007",
            2,
            "Mars/Base",
        ),
        (&["--resume", "nothing"], "TL0507", 3, "batch"),
    ] {
        let outcome = publish(&desk, &simulator, arguments);
        assert_eq!(outcome.code, exit, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(code), "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(words),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
    let written: Vec<Value> = simulator
        .requests()
        .into_iter()
        .filter(|request| request["method"] != "GET")
        .collect();
    assert!(written.is_empty(), "{written:?}");
    // What was refused left nothing behind that is in the way.
    let outcome = publish(&desk, &simulator, good);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_row_that_cannot_be_read_is_rejected_with_its_line_and_the_others_are_written() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    write(
        &desk,
        "firms.csv",
        b"external_id,name,signed_up_at\nr1,A,1\nr2,\"never closed,2\nr3,C\nr4,D,much\nr5,E,5,6\nr6,\xff\xc3\xab,6\nr7,\xc3\xab,7\n",
    );
    for (arguments, rejects) in [
        (["--rejects", "rejects.csv"], "rejects.csv"),
        (["--rejects", "rejects.jsonl"], "rejects.jsonl"),
    ] {
        let mut all = vec![
            "contacts.upsert",
            "--from",
            "firms.csv",
            "--results",
            "results.jsonl",
            "--json",
        ];
        all.extend_from_slice(&arguments);
        let outcome = publish(&desk, &simulator, &all);
        assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
        let rejected: Vec<(u64, String)> = results(&desk, "results.jsonl")
            .iter()
            .filter(|row| row["outcome"] == "rejected")
            .map(|row| {
                (
                    row["line"].as_u64().unwrap(),
                    row["code"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let expected = [
            (3, "TL0786"),
            (4, "TL0786"),
            (5, "TL0702"),
            (6, "TL0786"),
            (7, "TL0786"),
        ]
        .map(|(line, code)| (line, code.to_owned()));
        assert_eq!(rejected, expected);
        let found = super::people(&simulator, "r");
        assert_eq!(found.keys().collect::<Vec<_>>(), ["r1", "r7"]);
        // What was rejected is rejected again for the same reasons, and nothing is added to it.
        let again = publish(
            &desk,
            &simulator,
            &[
                "contacts.upsert",
                "--from",
                rejects,
                "--results",
                "again.jsonl",
                "--json",
            ],
        );
        assert_eq!(again.code, 2, "{}{}", again.stdout, again.stderr);
        assert!(again.stderr.contains("all of 5 rows"), "{}", again.stderr);
    }
}

#[test]
fn what_no_row_can_get_around_stops_the_whole_and_leaves_it_to_be_resumed() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let rows: String = (1..=40)
        .map(|number| format!("h{number},Firm {number}\n"))
        .collect();
    write(&desk, "firms.csv", format!("external_id,name\n{rows}"));
    let revoked =
        serde_json::json!([{"operation": "contacts.create", "status": 403, "after": 10, "times": 1_000}]);
    simulator.faults(&revoked);
    let publish_all = &[
        "contacts.upsert",
        "--from",
        "firms.csv",
        "--results",
        "results.jsonl",
        "--json",
    ];
    let outcome = publish(&desk, &simulator, publish_all);
    assert_eq!(outcome.code, 3, "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stderr.contains("TL0102"), "{}", outcome.stderr);
    let summary = outcome.json();
    let batch = summary["batch"].as_str().unwrap();
    assert_eq!(summary["state"], "stopped");
    assert!(
        outcome.stderr.contains(&format!("--resume {batch}")),
        "{}",
        outcome.stderr
    );
    // The same rows do not begin twice.
    let twice = publish(&desk, &simulator, publish_all);
    assert_eq!(twice.code, 2);
    assert!(twice.stderr.contains("TL0788"), "{}", twice.stderr);
    let whole = std::fs::read_to_string(desk.path().join("firms.csv")).unwrap();
    write(&desk, "firms.csv", whole.replace("Firm 7", "Firm X"));
    let other = publish(&desk, &simulator, &["--resume", batch]);
    assert!(other.stderr.contains("TL0790"), "{}", other.stderr);
    write(&desk, "firms.csv", whole);
    simulator.control("DELETE", "/faults", None);
    let rest = publish(&desk, &simulator, &["--resume", batch, "--json"]);
    assert_eq!(rest.code, 0, "{}{}", rest.stdout, rest.stderr);
    assert_eq!(super::people(&simulator, "h").len(), 40);
    let told: Vec<u64> = results(&desk, "results.jsonl")
        .iter()
        .map(|row| row["row"].as_u64().unwrap())
        .collect();
    assert_eq!(told, (1..=40).collect::<Vec<_>>());
    let ended = publish(&desk, &simulator, &["--resume", batch]);
    assert!(ended.stderr.contains("TL0791"), "{}", ended.stderr);
}

#[test]
fn what_passes_is_waited_for_and_is_no_reject() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let rows: String = (1..=30)
        .map(|number| format!("w{number},Firm {number}\n"))
        .collect();
    write(&desk, "firms.csv", format!("external_id,name\n{rows}"));
    simulator.faults(&serde_json::json!([
        {"operation": "contacts.create", "status": 429, "retry_after": 1, "times": 3, "after": 5},
        {"operation": "contacts.create", "status": 503, "times": 3, "after": 5},
        {"operation": "contacts.create", "status": 500, "times": 2, "applied": true},
    ]));
    let outcome = publish(
        &desk,
        &simulator,
        &["contacts.upsert", "--from", "firms.csv", "--json"],
    );
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.json()["rejected"], 0);
    assert_eq!(super::people(&simulator, "w").len(), 30);
}
