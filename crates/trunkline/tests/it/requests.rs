//! The request log of a connection: what is kept, what is not, and what of it survives.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    harness::{Desk, Simulator, TOKEN, small},
    places::Place,
};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sync(place: &Place, streams: &str) -> std::process::Command {
    let flags = place.flags();
    let mut arguments = vec![
        "sync",
        "--connection",
        "acme",
        "--to",
        "sqlite:mirror.db",
        "--json",
        "--streams",
        streams,
    ];
    arguments.extend(flags.iter().map(String::as_str));
    place.desk.trunkline(&arguments)
}

#[test]
fn every_call_of_a_connection_that_logs_is_kept_and_nothing_secret_or_personal() {
    for place in [Place::sqlite(), Place::postgres()] {
        let simulator = Simulator::small();
        place.connect(&simulator, &["--log-requests"]);
        let outcome = sync(&place, "contacts,conversations,conversation_parts")
            .output()
            .unwrap();
        assert!(
            outcome.status.success(),
            "{}",
            String::from_utf8_lossy(&outcome.stderr)
        );
        let answered = simulator.requests();
        let kept = place.run(&["requests", "--json", "--limit", "100000"]);
        assert_eq!(kept.code, 0, "{}", kept.stderr);
        let found = lines(&kept.stdout);
        let counts = |entries: &[Value]| {
            let mut counts = BTreeMap::<String, usize>::new();
            for entry in entries {
                *counts
                    .entry(entry["operation"].as_str().unwrap().to_owned())
                    .or_default() += 1;
            }
            counts
        };
        assert_eq!(counts(&found), counts(&answered));
        assert!(
            found
                .iter()
                .all(|line| line["connection"] == "acme" && line["status"] == 200)
        );
        assert!(
            found.iter().any(|line| line["operation"] == "me.get"),
            "the test of the connection too"
        );
        for secret in [TOKEN, "@", "Bearer", "request_body"] {
            assert!(!kept.stdout.contains(secret), "{secret}");
        }
        let conversation = simulator.truth("conversations", "2.16")[0]["id"].clone();
        assert!(
            !kept
                .stdout
                .contains(&format!("/{}", conversation.as_str().unwrap())),
            "values of a path"
        );

        // (flags, how many are found)
        let all = found.len();
        let cases: [(&[&str], usize); 8] = [
            (&["--connection", "acme"], all),
            (&["--status", "200"], all),
            (&["--status", "2xx"], all),
            (&["--status", "100-299"], all),
            (&["--status", "429"], 0),
            (&["--status", "none"], 0),
            (&["--since", "1h"], all),
            (&["--since", "2100-01-01"], 0),
        ];
        for (flags, count) in cases {
            let mut arguments = vec!["requests", "--json", "--limit", "100000"];
            arguments.extend_from_slice(flags);
            assert_eq!(lines(&place.run(&arguments).stdout).len(), count, "{flags:?}");
        }
        let two = place.run(&["requests", "--limit", "2"]);
        assert_eq!(two.stdout.matches("acme").count(), 2, "{}", two.stdout);
        // What stood on disk all the while.
        if place.flags().len() == 2 {
            let file = std::fs::read(place.desk.path().join("data/trunkline.db")).unwrap();
            assert!(!file.windows(TOKEN.len()).any(|some| some == TOKEN.as_bytes()));
        }
    }
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for_and_bad_flags_are_refused() {
    let place = Place::sqlite();
    let simulator = Simulator::small();
    place.connect(&simulator, &[]);
    assert!(sync(&place, "tags").output().unwrap().status.success());
    let none = place.run(&["requests"]);
    assert_eq!(none.code, 0);
    assert!(none.stdout.contains("--log-requests"), "{}", none.stdout);
    // (flags, exit code, what is said)
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--status", "44xx"], 2, "TL0007"),
        (&["--status", "299-200"], 2, "TL0007"),
        (&["--since", "yesterday"], 2, "TL0007"),
        (&["--limit", "0"], 2, "0"),
        (&["--limit", "-1"], 2, "-1"),
        (&["--connection", "nobody"], 3, "TL0507"),
    ];
    for (flags, code, said) in cases {
        let mut arguments = vec!["requests"];
        arguments.extend_from_slice(flags);
        let outcome = place.run(&arguments);
        assert_eq!(outcome.code, code, "{flags:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{flags:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_kill_costs_the_log_its_last_moment_only() {
    let place = Place::sqlite();
    let simulator = Simulator::start(trunkline_simulator::Options {
        latency: std::time::Duration::from_millis(30),
        rate_limit: Some(200),
        start: None,
        clock_stands: false,
        ..small()
    });
    place.connect(&simulator, &["--log-requests"]);
    let desk: &Desk = &place.desk;
    assert!(desk.path().exists());
    let mut child = sync(&place, "conversations,conversation_parts").spawn().unwrap();
    let at_work = loop {
        let answered = simulator.requests().len();
        if answered >= 60 {
            break answered;
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended after {answered} calls"
        );
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = lines(&place.run(&["requests", "--json", "--limit", "100000"]).stdout).len();
    // Twenty calls a second are allowed, and a record waits for a fifth of a second.
    assert!(kept + 40 >= at_work, "{kept} of {at_work}");
}
