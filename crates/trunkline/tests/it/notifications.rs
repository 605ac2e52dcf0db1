//! A mirror that follows a living workspace by its webhooks alone, and the poll that audits it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use trunkline_catalog::{Catalog, Version};
use trunkline_client::{Client, Connection, Disposition, ManualClock, Settings, SystemClock};
use trunkline_mirror::{
    notifications::{self, AppliedReport, Notification, Outcome, decode},
    report::SyncReport,
    storage::{Storage, StorageOptions},
    sync::{SyncOptions, sync},
};

use crate::{
    harness::{Desk, Simulator, TOKEN, small},
    receiver::Receiver,
    truth,
};

/// Whoever receives webhooks for a mirror: it has the workspace's clock, a client and the mirror's file.
struct Follower<'a> {
    simulator: &'a Simulator,
    desk: &'a Desk,
    runtime: tokio::runtime::Runtime,
    clock: Arc<ManualClock>,
    client: Client,
    storage: Option<Storage>,
}

impl<'a> Follower<'a> {
    fn new(simulator: &'a Simulator, desk: &'a Desk) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let connection = Connection::at(simulator.base_url(), TOKEN.into(), Version::DEFAULT).unwrap();
        let client = Client::new(connection, Settings::new(Arc::new(SystemClock))).unwrap();
        Self {
            simulator,
            desk,
            runtime,
            clock: Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
            client,
            storage: None,
        }
    }

    /// Looks at the workspace's clock and opens the mirror.
    fn ready(&mut self) -> Storage {
        let clock: Value = serde_json::from_str(&self.simulator.control("GET", "/clock", None)).unwrap();
        self.clock
            .set(Timestamp::from_second(clock["now"].as_i64().unwrap()).unwrap());
        let path = self.desk.mirror();
        self.storage
            .get_or_insert_with(|| Storage::open(&path, StorageOptions::default()).unwrap())
            .clone()
    }

    fn sync(&mut self) -> SyncReport {
        let storage = self.ready();
        let (options, clock) = (SyncOptions::default(), Arc::clone(&self.clock));
        let run = sync(&self.client, &storage, &options, clock, &|_| {});
        self.runtime.block_on(run).unwrap()
    }

    fn apply(&mut self, told: &[Notification]) -> AppliedReport {
        let storage = self.ready();
        let options = SyncOptions::default();
        let run = notifications::apply(&self.client, &storage, &options, self.clock.as_ref(), told);
        self.runtime.block_on(run).unwrap()
    }

    /// Applies in batches; what is to be tried again must succeed once searches show what changed.
    fn apply_all(&mut self, told: &[Notification], batch: usize) {
        let mut again = Vec::new();
        for some in told.chunks(batch) {
            let report = self.apply(some);
            let outcomes = some.iter().zip(report.outcomes);
            let left = outcomes.filter(|(_, outcome)| matches!(outcome, Outcome::TryAgain(_)));
            again.extend(left.map(|(notification, _)| notification.clone()));
        }
        if again.is_empty() {
            return;
        }
        assert!(again.len() < 10, "{} are left of {}", again.len(), told.len());
        self.simulator.advance(700);
        let report = self.apply(&again);
        assert_eq!(report.outcomes, vec![Outcome::Applied; again.len()]);
    }
}

/// Lets the workspace live: a few things happen at a time, and seconds pass.
pub(crate) fn live(simulator: &Simulator, steps: u32) {
    for _ in 0..steps / 5 {
        simulator.activity(5);
        simulator.advance(7);
    }
}

fn decoded(bodies: &[Vec<u8>]) -> Vec<Notification> {
    bodies
        .iter()
        .map(|body| decode(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body))))
        .collect()
}

/// What no topic tells: a contact that got a note, a conversation that lost a tag, what somebody thought of Fin.
pub(crate) fn untold(desk: &Desk, simulator: &Simulator) -> BTreeSet<String> {
    let mirror = desk.open();
    let rows = |sql: &str| -> BTreeSet<(String, String)> {
        let mut statement = mirror.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(|row| row.unwrap()).collect()
    };
    let truth = |stream: &str, left: &str, right: &str| -> BTreeSet<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let rows = simulator.truth(stream, "2.16");
        rows.iter()
            .map(|row| (text(&row[left]), text(&row[right])))
            .collect()
    };
    let notes = rows("SELECT contact_id, id FROM notes WHERE _deleted_at IS NULL");
    let tags = rows("SELECT conversation_id, tag_id FROM conversation_tags WHERE _deleted_at IS NULL");
    let ratings =
        rows("SELECT id, CAST(ai_agent_rating AS TEXT) FROM conversations WHERE ai_agent_rating IS NOT NULL");
    let rated: BTreeSet<(String, String)> = simulator
        .truth("conversations", "2.16")
        .iter()
        .filter_map(|row| {
            Some((
                row["id"].as_str()?.to_owned(),
                row["ai_agent"]["rating"].as_u64()?.to_string(),
            ))
        })
        .collect();
    let noted = truth("notes", "contact_id", "id");
    let tagged = truth("conversation_tags", "conversation_id", "tag_id");
    noted
        .difference(&notes)
        .chain(tags.difference(&tagged))
        .chain(rated.difference(&ratings))
        .map(|(id, _)| id.clone())
        .collect()
}

/// Lets a workspace live, applies what its webhooks of `version` told, some at a time, and compares with the truth.
fn check(seed: u64, version: &str, batch: usize, in_order: bool) {
    let simulator = Simulator::start(trunkline_simulator::Options { seed, ..small() });
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, version);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..2 {
        live(&simulator, 350);
        let mut told = decoded(&receiver.drain(&simulator, webhook));
        assert!(told.len() > 300, "{} notifications", told.len());
        if !in_order {
            let again: Vec<Notification> = told.iter().step_by(7).cloned().collect();
            told.extend(again);
            told.shuffle(&mut rng);
        }
        follower.apply_all(&told, batch);
        let untold = untold(&desk, &simulator);
        truth::compare_told(&desk, &simulator, "2.16", &untold);
    }
}

#[test]
fn notifications_alone_keep_the_mirror_equal_to_the_truth() {
    check(1, "2.14", 60, true);
}

#[test]
fn notifications_out_of_order_and_repeated_keep_the_mirror_equal_to_the_truth() {
    check(2, "2.16", 17, false);
}

#[test]
fn many_notifications_at_once_keep_the_mirror_equal_to_the_truth() {
    check(3, "2.14", 400, false);
}

#[test]
fn the_poll_finds_exactly_what_nothing_was_told_of() {
    let simulator = Simulator::small();
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, "2.14");
    live(&simulator, 300);
    follower.apply_all(&decoded(&receiver.drain(&simulator, webhook)), 50);
    let missed = untold(&desk, &simulator);
    assert!(!missed.is_empty());
    simulator.advance(600);
    let report = follower.sync();
    truth::compare(&desk, &simulator, "2.16");
    let gaps = notifications::gaps(&report);
    for gap in gaps.iter().filter(|gap| gap.told) {
        let is_missed = |id: &String| missed.contains(id);
        assert!(
            ["contacts", "conversations", "conversation_tags"].contains(&gap.stream),
            "{gap:?}"
        );
        assert!(gap.newest.iter().all(is_missed), "{gap:?} {missed:?}");
    }
    let found: u64 = gaps
        .iter()
        .filter(|gap| ["contacts", "conversations"].contains(&gap.stream))
        .map(|gap| gap.found)
        .sum();
    assert_eq!(found, missed.len() as u64, "{gaps:?}");

    // Now nothing is told any more.
    let since = Timestamp::from_second(0).unwrap();
    let topics = Catalog::embedded().expand_topics(&["conversation.*"]).unwrap();
    simulator.control("DELETE", &format!("/webhooks/{webhook}"), None);
    live(&simulator, 50);
    simulator.advance(600);
    let gaps = notifications::gaps(&follower.sync());
    let silence = notifications::silent(&topics, None, since, &gaps).unwrap();
    assert!(
        silence.changes > 10 && silence.streams.contains(&"conversation_parts"),
        "{silence:?}"
    );
    assert!(notifications::gaps(&follower.sync()).is_empty());
}

#[test]
fn what_cannot_be_fetched_yet_is_to_be_tried_again() {
    let simulator = Simulator::small();
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, "2.14");
    live(&simulator, 60);
    let told = decoded(&receiver.drain(&simulator, webhook));
    simulator.faults(&json!([{ "operation": "conversations.get", "status": 400, "times": 10_000 }]));
    let report = follower.apply(&told);
    let is_again = |outcome: &Outcome| matches!(outcome, Outcome::TryAgain(_));
    let again: Vec<Notification> = told
        .iter()
        .zip(&report.outcomes)
        .filter(|(_, outcome)| is_again(outcome))
        .map(|(told, _)| told.clone())
        .collect();
    assert!(
        !again.is_empty() && again.len() < told.len(),
        "{} of {}",
        again.len(),
        told.len()
    );
    for (told, outcome) in told.iter().zip(&report.outcomes) {
        let is_of_conversation =
            told.topic.starts_with("conversation.") && told.topic != "conversation.deleted";
        if is_of_conversation {
            assert!(is_again(outcome), "{} {outcome:?}", told.topic);
        }
    }
    simulator.faults(&json!([]));
    let report = follower.apply(&again);
    assert_eq!(report.outcomes, vec![Outcome::Applied; again.len()]);
    truth::compare_told(&desk, &simulator, "2.16", &untold(&desk, &simulator));
}

#[test]
fn a_token_that_no_longer_works_is_not_tried_for_every_object() {
    let simulator = Simulator::small();
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, "2.14");
    live(&simulator, 300);
    let told = decoded(&receiver.drain(&simulator, webhook));
    simulator.faults(&json!([{ "operation": "*", "status": 401, "times": 10_000 }]));
    let report = follower.apply(&told);
    simulator.faults(&json!([]));
    assert!(report.requests <= 80, "{} requests", report.requests);
    for (told, outcome) in told.iter().zip(&report.outcomes) {
        if let Outcome::TryAgain(again) = outcome {
            assert_eq!(
                again.disposition,
                Disposition::Reauthenticate,
                "{} {again:?}",
                told.topic
            );
        } else if told.topic.starts_with("conversation.") {
            assert_eq!(told.topic, "conversation.deleted", "{outcome:?}");
        }
    }
}

#[test]
fn many_notifications_of_one_object_cost_one_request() {
    let simulator = Simulator::small();
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, "2.14");
    let conversation = simulator.truth("conversations", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let admin = simulator.truth("admins", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for number in 0..20 {
        let reply = json!({ "type": "admin", "admin_id": admin, "message_type": "comment", "body": format!("{number}") });
        let (status, _) = simulator.api(
            "POST",
            &format!("/conversations/{conversation}/reply"),
            Some(&reply),
        );
        assert_eq!(status, 200);
    }
    let told = decoded(&receiver.drain(&simulator, webhook));
    assert!(told.len() >= 20);
    let report = follower.apply(&told);
    assert_eq!(report.requests, 1, "{report:?}");
    // The same again: it is asked for, and nothing is new.
    let report = follower.apply(&told);
    assert_eq!(
        (report.requests, report.written.inserted, report.written.updated),
        (1, 0, 0)
    );
}

#[test]
fn parts_beyond_the_limit_of_the_api_are_kept_from_what_was_told() {
    let mut options = small();
    options.habits = trunkline_simulator::Habits::default();
    let simulator = Simulator::start(options);
    let (desk, receiver) = (Desk::new(), Receiver::new());
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let webhook = receiver.subscribe(&simulator, "2.14");
    let (made, body) = (simulator.truth("contacts", "2.16"), "hello");
    let contact = made[0]["id"].as_str().unwrap();
    let begun = json!({ "from": { "type": made[0]["role"], "id": contact }, "body": body });
    let (status, message) = simulator.api("POST", "/conversations", Some(&begun));
    assert_eq!(status, 200, "{message}");
    let conversation = message["conversation_id"].as_str().unwrap().to_owned();
    for _ in 0..510 {
        let answer = json!({ "what": "fin_reply", "conversation_id": conversation });
        simulator.control("POST", "/happen", Some(&answer));
    }
    let told = decoded(&receiver.drain(&simulator, webhook));
    follower.apply_all(&told, 10_000);
    let row: (i64, i64, i64) = desk
        .open()
        .query_row(
            "SELECT (SELECT count(*) FROM conversation_parts WHERE conversation_id = c.id), _parts_held, _truncated \
             FROM conversations AS c WHERE id = ?",
            [&conversation],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(row, (510, 510, 0));
}

#[test]
fn a_notification_of_another_workspace_or_of_nothing_kept_changes_nothing() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let mut follower = Follower::new(&simulator, &desk);
    follower.sync();
    let body = |app: &str, topic: &str, item: &str| {
        let text = format!(
            r#"{{"type":"notification_event","app_id":"{app}","data":{{"item":{item}}},"id":"n","topic":"{topic}","created_at":1763640000}}"#
        );
        decode(text.as_bytes()).unwrap()
    };
    let storage = follower.ready();
    let ours = follower
        .runtime
        .block_on(storage.workspace())
        .unwrap()
        .unwrap()
        .id_code;
    let gone = r#"{"type":"contact","id":"c","deleted":true}"#;
    let told = [
        body("zzzzzzzz", "contact.deleted", gone),
        body(&ours, "ping", "{}"),
        body(&ours, "content_stat.chat", "{}"),
        body(&ours, "pigeon.arrived", r#"{"id":"1"}"#),
        body(&ours, "contact.deleted", gone),
    ];
    let report = follower.apply(&told);
    assert_eq!(
        report.outcomes,
        [
            Outcome::OtherWorkspace,
            Outcome::Nothing,
            Outcome::Nothing,
            Outcome::Nothing,
            Outcome::Applied
        ]
    );
    assert_eq!(report.requests, 0);
    // What is told late does not bring it back.
    let late = body(
        &ours,
        "contact.user.updated",
        r#"{"type":"contact","id":"c","role":"user","updated_at":1763639000}"#,
    );
    follower.apply(&[late]);
    truth::compare(&desk, &simulator, "2.16");
}
