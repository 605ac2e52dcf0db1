//! Conversations go to the team that they are for.

use std::{cell::Cell, collections::BTreeMap};

use serde_json::json;

use super::{
    change,
    chat_bridge::{admins, conversations, says, subscribe},
    desk_with,
};
use crate::{
    flows::connected,
    harness::{Desk, Simulator},
    killing,
    process::{Process, json as shown, until},
};

/// The team that each conversation is assigned to.
fn assigned(simulator: &Simulator, conversations: &[(String, String)]) -> BTreeMap<String, String> {
    let team = |id: &str| {
        let (_, conversation) = simulator.api("GET", &format!("/conversations/{id}"), None);
        conversation["team_assignee_id"]
            .to_string()
            .trim_matches('"')
            .to_owned()
    };
    conversations
        .iter()
        .map(|(id, _)| (id.clone(), team(id)))
        .collect()
}

/// The recipe with ids of this workspace, in a desk that knows it.
fn desk(simulator: &Simulator) -> (Desk, [String; 2]) {
    let desk = desk_with("conversation-routing");
    let teams = simulator.truth("teams", "2.16");
    let team = |at: usize| teams[at]["id"].as_str().unwrap().to_owned();
    let (admin, _) = admins(simulator);
    change(&desk, "flow.yaml", "'\"1\"'", &format!("'\"{admin}\"'"));
    change(&desk, "flow.yaml", "'\"42\"'", &format!("'\"{}\"'", team(0)));
    change(&desk, "flow.yaml", "'\"43\"'", &format!("'\"{}\"'", team(1)));
    change(
        &desk,
        "flow.yaml",
        "  webhook:\n",
        "  webhook:\n    from_start: true\n",
    );
    connected(&desk, simulator);
    (desk, [team(0), team(1)])
}

#[test]
fn fifty_kills_leave_every_urgent_conversation_with_its_team() {
    let simulator = Simulator::small();
    let (desk, [urgent, _]) = desk(&simulator);
    let (admin, _) = admins(&simulator);
    let (_, tag) = simulator.api("POST", "/tags", Some(&json!({ "name": "vip" })));
    let talks = conversations(&simulator, 40);
    let mut expected = assigned(&simulator, &talks);
    for (number, talk) in talks.iter().enumerate() {
        if number % 2 == 0 {
            let wanted = json!({ "id": tag["id"], "admin_id": admin });
            let (status, answer) =
                simulator.api("POST", &format!("/conversations/{}/tags", talk.0), Some(&wanted));
            assert_eq!(status, 200, "{answer}");
            expected.insert(talk.0.clone(), urgent.clone());
        }
    }
    // Those that a word marks go to a team, too; only tags are looked at here.
    let bodies = simulator.truth("conversations", "2.16");
    let words = ["urgent", "outage", "down", "invoice", "refund", "billing"];
    let is_marked = |id: &String| {
        let body = bodies.iter().find(|one| one["id"] == **id).unwrap()["source"]["body"].to_string();
        words.iter().any(|word| body.to_lowercase().contains(word))
    };
    expected.retain(|id, team| *team == urgent || !is_marked(id));
    let process = Process::start(&desk, &[]);
    subscribe(&simulator, &process);
    for talk in &talks {
        says(&simulator, talk, "Hello?");
    }
    let store = rusqlite::Connection::open(desk.path().join("trunkline-data/trunkline.db")).unwrap();
    until("all notifications", || {
        let count = "select count(*) from notifications where topic = 'conversation.user.replied'";
        store.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 40
    });
    drop(process);
    let arguments = [
        "flow",
        "run",
        "flow.yaml",
        "--connection",
        "acme",
        "--request-log",
        "requests.log",
    ];
    let began = Cell::new(0);
    let calls = || killing::lines(&desk, "requests.log");
    // When nothing is left to do, a process has gone as far as it can.
    let far = |_| {
        if calls() > 100 {
            u32::MAX
        } else {
            calls() - began.get()
        }
    };
    killing::at_random(&desk, &arguments, &[], 4, |_| began.set(calls()), far);
    let mut last = desk.trunkline(&arguments).spawn().unwrap();
    until("every conversation with its team", || {
        let now = assigned(&simulator, &talks);
        expected.iter().all(|(id, team)| now[id] == *team)
    });
    last.kill().unwrap();
    last.wait().unwrap();
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}
