//! Runs against a scripted Intercom: what is asked, what is kept, what is reported.

mod scripted;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_client::{ManualClock, Region};

use super::*;
use crate::{
    report::{StreamReport, StreamState},
    storage::StorageOptions,
};
use scripted::{Intercom, Reply};

fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

struct Desk {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(now())),
        }
    }

    fn storage(&self) -> Storage {
        Storage::open(&self.folder.path().join("mirror.db"), StorageOptions::default()).unwrap()
    }

    async fn sync(
        &self,
        intercom: &Arc<Intercom>,
        streams: &[&str],
        full: bool,
    ) -> Result<SyncReport, SyncError> {
        let storage = self.storage();
        let streams = Some(streams.iter().map(|name| (*name).to_owned()).collect());
        let options = SyncOptions {
            streams,
            full,
            ..SyncOptions::default()
        };
        let client = intercom.client();
        let outcome = sync(&client, &storage, &options, self.clock.clone(), &|_| ()).await;
        storage.close().await.unwrap();
        outcome
    }

    async fn line(&self, intercom: &Arc<Intercom>, stream: &str, full: bool) -> StreamReport {
        let report = self.sync(intercom, &[stream], full).await.unwrap();
        report.stream(stream).unwrap().clone()
    }

    async fn ids(&self, stream: &'static str) -> Vec<String> {
        let storage = self.storage();
        let ids = storage.ids(stream, None, 1_000).await.unwrap();
        storage.close().await.unwrap();
        ids
    }
}

fn contact(id: &str, updated_at: i64) -> Value {
    json!({ "type": "contact", "id": id, "updated_at": updated_at })
}

const DAY: i64 = 86_400;
const T: i64 = 1_700_000_000;

#[tokio::test]
async fn a_first_run_reads_every_page_and_a_second_one_stops_at_what_is_held() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("POST", "/contacts/search") if request.sorted("descending") => Reply::search(
            "data",
            &[
                contact("c", T + 2),
                contact("b", T - 5_000),
                contact("a", T - 9_000),
            ],
            Some("more"),
            3,
        ),
        ("POST", "/contacts/search") => match request.after().as_deref() {
            None => Reply::search("data", &[contact("a", T), contact("b", T + 1)], Some("p2"), 3),
            Some("p2") => Reply::search("data", &[contact("c", T + 2)], None, 3),
            other => panic!("{other:?}"),
        },
        ("GET", "/contacts") => Reply::search("data", &[], None, 3),
        _ => Reply::not_found(),
    });
    let first = desk.line(&intercom, "contacts", false).await;
    assert_eq!(
        (first.state, first.records, first.requests, first.held),
        (StreamState::Complete, 3, 2, 3)
    );
    let second = desk.line(&intercom, "contacts", false).await;
    assert_eq!(
        (second.state, second.requests),
        (StreamState::Complete, 2),
        "one page and one total"
    );
    let query = intercom.bodies("/contacts/search").pop().unwrap();
    let after = query["query"]["value"].as_i64().unwrap();
    assert!(after + DAY <= T && after > T - 4 * DAY, "{query}");
}

#[tokio::test]
async fn a_run_goes_on_after_the_last_page_that_was_written() {
    let desk = Desk::new();
    let failing = Intercom::new(|request| match (request.line(), request.after().as_deref()) {
        (("POST", "/contacts/search"), None) => Reply::search("data", &[contact("a", T)], Some("p2"), 2),
        (("POST", "/contacts/search"), _) => Reply::html(),
        _ => Reply::not_found(),
    });
    let failed = desk.line(&failing, "contacts", false).await;
    assert_eq!(
        (failed.state, failed.held, failed.code),
        (StreamState::Failed, 1, Some("TL0115"))
    );
    let healthy = Intercom::new(|request| match (request.line(), request.after().as_deref()) {
        (("POST", "/contacts/search"), Some("p2")) => Reply::search("data", &[contact("b", T + 1)], None, 2),
        (("GET", "/contacts"), _) => Reply::search("data", &[], None, 2),
        _ => Reply::not_found(),
    });
    let resumed = desk.line(&healthy, "contacts", false).await;
    assert_eq!(
        (resumed.state, resumed.held, resumed.requests),
        (StreamState::Complete, 2, 1)
    );
}

#[tokio::test]
async fn a_place_that_is_no_longer_accepted_begins_the_same_query_again() {
    let desk = Desk::new();
    let failing = Intercom::new(|request| match (request.line(), request.after().as_deref()) {
        (("POST", "/tickets/search"), None) => Reply::search("tickets", &[contact("1", T)], Some("p2"), 2),
        (("POST", "/tickets/search"), _) => Reply::html(),
        _ => Reply::not_found(),
    });
    assert_eq!(
        desk.line(&failing, "tickets", false).await.state,
        StreamState::Failed
    );
    let forgetful = Intercom::new(|request| match (request.line(), request.after().as_deref()) {
        (("POST", "/tickets/search"), Some(_)) => {
            Reply::error(400, "client_error", "Invalid starting_after param")
        }
        (("POST", "/tickets/search"), None) => {
            Reply::search("tickets", &[contact("1", T), contact("2", T + 1)], None, 2)
        }
        _ => Reply::not_found(),
    });
    let line = desk.line(&forgetful, "tickets", false).await;
    assert_eq!((line.state, line.held), (StreamState::Complete, 2));
}

#[tokio::test]
async fn records_of_the_boundary_second_are_asked_for_again() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("POST", "/tickets/search") => Reply::search("tickets", &[contact("1", T)], None, 1),
        _ => Reply::not_found(),
    });
    desk.line(&intercom, "tickets", false).await;
    desk.line(&intercom, "tickets", false).await;
    let asked: Vec<i64> = intercom
        .bodies("/tickets/search")
        .iter()
        .filter(|body| body["query"]["field"] == "updated_at")
        .map(|body| body["query"]["value"].as_i64().unwrap())
        .collect();
    assert_eq!(asked, [0, T - 600 - 1]);
}

#[tokio::test]
async fn a_clock_that_jumps_back_loses_nothing() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("POST", "/tickets/search") => Reply::search("tickets", &[contact("1", T)], None, 1),
        _ => Reply::not_found(),
    });
    desk.clock.set(Timestamp::from_second(T - 50 * DAY).unwrap());
    desk.line(&intercom, "tickets", false).await;
    desk.line(&intercom, "tickets", false).await;
    let asked = intercom.bodies("/tickets/search");
    let last = asked
        .iter()
        .rfind(|body| body["query"]["field"] == "updated_at")
        .unwrap();
    assert_eq!(last["query"]["value"].as_i64(), Some(T - 50 * DAY - 600 - 1));
}

#[tokio::test]
async fn a_stream_without_permission_is_never_complete_and_stops_no_other() {
    for (status, code) in [
        (401, "unauthorized"),
        (403, "forbidden"),
        (403, "api_plan_restricted"),
    ] {
        let desk = Desk::new();
        let intercom = Intercom::new(move |request| match request.line() {
            ("GET", "/tags") => Reply::error(status, code, "no"),
            ("GET", "/admins") => Reply::list("admins", &[json!({ "id": "1" })]),
            _ => Reply::not_found(),
        });
        let report = desk.sync(&intercom, &["tags", "admins"], false).await.unwrap();
        assert_eq!(
            report.stream("tags").unwrap().state,
            StreamState::EmptyByPermission,
            "{code}"
        );
        assert_eq!(
            report.stream("admins").unwrap().state,
            StreamState::Complete,
            "{code}"
        );
        assert!(report.is_success());
    }
}

#[tokio::test]
async fn a_stream_that_the_version_lacks_costs_no_request() {
    let desk = Desk::new();
    let intercom = Intercom::at("2.10", |_| Reply::not_found());
    let report = desk
        .sync(&intercom, &["macros", "brands", "ticket_states"], false)
        .await
        .unwrap();
    assert!(
        report
            .streams
            .iter()
            .all(|line| line.state == StreamState::NotInVersion),
        "{report:?}"
    );
    assert_eq!(report.requests, 1);
}

#[tokio::test]
async fn a_list_that_was_read_whole_marks_what_vanished() {
    let desk = Desk::new();
    let tags = |ids: &'static [&'static str]| {
        Intercom::new(move |request| match request.line() {
            ("GET", "/tags") => Reply::list(
                "data",
                &ids.iter()
                    .map(|id| json!({ "id": id, "name": id }))
                    .collect::<Vec<_>>(),
            ),
            _ => Reply::not_found(),
        })
    };
    desk.line(&tags(&["1", "2"]), "tags", false).await;
    let line = desk.line(&tags(&["2"]), "tags", false).await;
    assert_eq!((line.deleted, line.held), (1, 1));
    assert_eq!(desk.ids("tags").await, ["2"]);
}

#[tokio::test]
async fn a_scroll_that_is_lost_deletes_nothing() {
    let desk = Desk::new();
    let company = |id: &str| json!({ "id": id, "company_id": id, "updated_at": T });
    let whole = Intercom::new(
        move |request| match (request.line(), request.query("scroll_param")) {
            (("GET", "/companies/scroll"), None) => Reply::scroll(&[company("a"), company("b")], "s1"),
            (("GET", "/companies/scroll"), Some(_)) => Reply::scroll(&[], "s1"),
            _ => Reply::not_found(),
        },
    );
    desk.line(&whole, "companies", false).await;
    assert_eq!(desk.ids("companies").await, ["a", "b"]);
    let broken = Intercom::new(
        move |request| match (request.line(), request.query("scroll_param")) {
            (("POST", "/companies/list"), _) => Reply::error(403, "forbidden", "no"),
            (("GET", "/companies/scroll"), None) => Reply::scroll(&[company("a")], "s1"),
            _ => Reply::not_found(),
        },
    );
    let line = desk.line(&broken, "companies", false).await;
    assert_ne!(line.state, StreamState::Complete);
    assert_eq!(desk.ids("companies").await, ["a", "b"]);
}

#[tokio::test]
async fn a_merged_contact_becomes_an_alias_after_a_whole_reading() {
    let desk = Desk::new();
    let before = Intercom::new(|request| match request.line() {
        ("POST", "/contacts/search") => {
            Reply::search("data", &[contact("lead", T), contact("user", T)], None, 2)
        }
        _ => Reply::not_found(),
    });
    desk.line(&before, "contacts", false).await;
    let after = Intercom::new(|request| match request.line() {
        ("POST", "/contacts/search") => Reply::search("data", &[contact("user", T + 5)], None, 1),
        ("GET", "/contacts") => Reply::search("data", &[], None, 1),
        ("GET", "/contacts/lead") => Reply::merged("/contacts/user"),
        _ => Reply::not_found(),
    });
    let line = desk.line(&after, "contacts", false).await;
    assert_eq!((line.held, line.deleted), (1, 1));
    let storage = desk.storage();
    let alias = storage
        .alias("contacts", "lead".to_owned())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alias.new_id, "user");
    storage.close().await.unwrap();
}

#[tokio::test]
async fn parts_are_read_only_where_some_are_lacking_and_a_vanished_conversation_is_marked() {
    let desk = Desk::new();
    let conversation = |id: &str, count: u64| json!({ "id": id, "updated_at": T, "statistics": { "count_conversation_parts": count } });
    let intercom = Intercom::new(move |request| match request.line() {
        ("POST", "/conversations/search") if request.body()["query"]["field"] == "created_at" => {
            Reply::search("conversations", &[], None, 2)
        }
        ("POST", "/conversations/search") => Reply::search(
            "conversations",
            &[conversation("1", 1), conversation("2", 3), conversation("3", 2)],
            None,
            3,
        ),
        ("GET", "/conversations/2") => Reply::json(json!({
            "id": "2",
            "conversation_parts": { "conversation_parts": [{ "id": "21" }, { "id": 22 }], "total_count": 2 },
        })),
        _ => Reply::not_found(),
    });
    let report = desk
        .sync(&intercom, &["conversation_parts"], false)
        .await
        .unwrap();
    assert_eq!(intercom.count("/conversations/1"), 0);
    assert_eq!(report.stream("conversation_parts").unwrap().held, 2);
    assert_eq!(desk.ids("conversations").await, ["1", "2"]);
    assert_eq!(report.lacking.conversations_lacking_parts, 0);
    desk.sync(&intercom, &["conversation_parts"], false)
        .await
        .unwrap();
    assert_eq!(intercom.count("/conversations/2"), 1);
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_makes_the_parts_partial() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("POST", "/conversations/search") => Reply::search(
            "conversations",
            &[json!({ "id": "1", "updated_at": T, "statistics": { "count_conversation_parts": 9 } })],
            None,
            1,
        ),
        ("GET", "/conversations/1") => Reply::json(json!({ "id": "1" })),
        _ => Reply::not_found(),
    });
    let report = desk
        .sync(&intercom, &["conversation_parts"], false)
        .await
        .unwrap();
    assert_eq!(
        report.stream("conversation_parts").unwrap().state,
        StreamState::Partial
    );
    assert_eq!(
        report.stream("conversations").unwrap().state,
        StreamState::Complete
    );
    assert_eq!(report.lacking.conversations_lacking_parts, 1);
    assert!(!report.is_success());
}

#[tokio::test]
async fn lists_that_a_contact_shows_in_part_are_read_whole() {
    let desk = Desk::new();
    let tags: Vec<Value> = (0..12)
        .map(|tag| json!({ "type": "tag", "id": tag.to_string() }))
        .collect();
    let shown = tags[..10].to_vec();
    let intercom = Intercom::new(move |request| match request.line() {
        ("POST", "/contacts/search") => {
            let list = json!({ "type": "list", "data": shown, "total_count": 12, "has_more": true });
            let mut record = contact("a", T);
            record["tags"] = list;
            Reply::search("data", &[record, contact("b", T)], None, 2)
        }
        ("GET", "/contacts") => Reply::search("data", &[], None, 2),
        ("GET", "/contacts/a/tags") => Reply::list("data", &tags),
        _ => Reply::not_found(),
    });
    let report = desk.sync(&intercom, &["contact_tags"], false).await.unwrap();
    assert_eq!(report.stream("contact_tags").unwrap().held, 12);
    assert_eq!(report.lacking.contacts_lacking_lists, 0);
    desk.sync(&intercom, &["contact_tags"], false).await.unwrap();
    assert_eq!(
        intercom.count("/contacts/a/tags"),
        1,
        "what is held is not read again"
    );
}

#[tokio::test]
async fn a_segment_is_read_again_only_when_it_may_have_changed() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("GET", "/segments") => Reply::list(
            "segments",
            &[json!({ "id": "s", "person_type": "user", "count": 2 })],
        ),
        ("POST", "/contacts/search") => Reply::search("data", &[contact("a", T), contact("b", T)], None, 2),
        _ => Reply::not_found(),
    });
    let first = desk.line(&intercom, "contact_segments", false).await;
    assert_eq!((first.held, first.stated, first.requests), (2, Some(2), 1));
    let second = desk.line(&intercom, "contact_segments", false).await;
    assert_eq!((second.held, second.requests), (2, 0));
}

#[tokio::test]
async fn deleted_conversations_are_read_down_to_the_first_that_is_known() {
    let desk = Desk::new();
    let deleted = |ids: &'static [u32], pages: u32| {
        Intercom::new(
            move |request| match (request.line(), request.query("page").unwrap_or("1")) {
                (("GET", "/conversations/deleted"), page) => {
                    let next = (page.parse::<u32>().unwrap() < pages)
                        .then_some("http://127.0.0.1:1/conversations/deleted?page=2");
                    let rows: Vec<Value> = ids
                        .iter()
                        .skip(if page == "1" { 0 } else { 1 })
                        .take(1)
                        .map(|id| json!({ "type": "conversation", "id": id, "deleted_at": T }))
                        .collect();
                    Reply::json(json!({
                        "type": "conversations.list", "conversations": rows, "total_count": ids.len(),
                        "pages": { "type": "pages", "page": page.parse::<u32>().unwrap(), "per_page": 1, "total_pages": pages, "next": next },
                    }))
                }
                _ => Reply::not_found(),
            },
        )
    };
    let first = deleted(&[2, 1], 2);
    let line = desk.line(&first, "deleted_conversations", false).await;
    assert_eq!((line.held, line.requests), (2, 2));
    let again = deleted(&[2, 1], 2);
    assert_eq!(
        desk.line(&again, "deleted_conversations", false).await.requests,
        1
    );
}

#[tokio::test]
async fn companies_are_listed_and_counted_once_they_are_held() {
    let company = |id: &str| json!({ "id": id, "company_id": id, "updated_at": T });
    // (rows of the list, stated total, rows held after it)
    for (listed, total, held) in [(vec!["b"], 1, vec!["b"]), (vec!["b"], 2, vec!["a", "b"])] {
        let desk = Desk::new();
        let intercom = Intercom::new(
            move |request| match (request.line(), request.query("scroll_param")) {
                (("GET", "/companies/scroll"), None) => Reply::scroll(&[company("a"), company("b")], "s1"),
                (("GET", "/companies/scroll"), Some(_)) => Reply::scroll(&[], "s1"),
                (("POST", "/companies/list"), _) => Reply::search(
                    "data",
                    &listed.iter().map(|id| company(id)).collect::<Vec<_>>(),
                    None,
                    total,
                ),
                _ => Reply::not_found(),
            },
        );
        desk.line(&intercom, "companies", false).await;
        let before = intercom.count("/companies/scroll");
        desk.line(&intercom, "companies", false).await;
        assert_eq!(intercom.count("/companies/scroll"), before);
        assert_eq!(desk.ids("companies").await, held);
    }
}

#[tokio::test]
async fn events_are_read_for_every_contact_when_they_are_named() {
    let desk = Desk::new();
    let intercom = Intercom::new(
        |request| match (request.line(), request.query("intercom_user_id")) {
            (("POST", "/contacts/search"), _) => {
                Reply::search("data", &[contact("a", T), contact("b", T)], None, 2)
            }
            (("GET", "/events"), Some(id)) => Reply::json(json!({
                "type": "event.list",
                "events": [{ "type": "event", "id": format!("e{id}"), "intercom_user_id": id, "event_name": "x", "created_at": T }],
                "pages": {},
            })),
            _ => Reply::not_found(),
        },
    );
    let line = desk.line(&intercom, "data_events", false).await;
    assert_eq!((line.state, line.held), (StreamState::Complete, 2), "{line:?}");
}

#[tokio::test]
async fn verify_names_what_is_missing_and_check_says_what_a_mirror_costs() {
    let desk = Desk::new();
    let intercom = Intercom::new(|request| match request.line() {
        ("POST", "/tickets/search") if request.body()["query"]["field"] == "created_at" => {
            Reply::search("tickets", &[], None, 301)
        }
        ("POST", "/tickets/search") => Reply::search("tickets", &[contact("1", T)], None, 1),
        ("GET", "/tags") => Reply::error(403, "forbidden", "no"),
        _ => Reply::not_found(),
    });
    desk.sync(&intercom, &["tickets", "tags"], false).await.unwrap();
    let storage = desk.storage();
    let report = crate::verify::verify(&intercom.client(), &storage).await.unwrap();
    storage.close().await.unwrap();
    let line = |name| report.streams.iter().find(|line| line.stream == name).unwrap();
    assert_eq!((line("tickets").missing, line("tags").out_of_reach), (300, true));
    assert!(!report.is_complete());
    let streams = ["tickets".to_owned(), "tags".to_owned()];
    let found = crate::check::check(&intercom.client(), Some(&streams))
        .await
        .unwrap();
    assert!(!found.is_success());
    assert_eq!(found.expected_requests, 1 + 1 + 3);
    assert_eq!(found.time_zone, "America/Los_Angeles");
}

#[tokio::test]
async fn check_tells_when_the_workspace_lives_in_another_region() {
    let streams = ["tags".to_owned()];
    for (told, called, expected) in [
        ("US", Region::Us, None),
        ("US", Region::Eu, Some("eu")),
        ("EU", Region::Us, Some("us")),
        ("", Region::Au, None),
    ] {
        let me = json!({ "app": { "id_code": "w", "timezone": "Etc/UTC", "region": told } });
        let intercom = Intercom::with_me(move || Reply::json(me.clone()), |_| Reply::list("data", &[]));
        let found = crate::check::check(&intercom.client_in(called), Some(&streams))
            .await
            .unwrap();
        assert_eq!(found.wrong_region.as_deref(), expected, "{told} {called}");
    }
}

#[tokio::test]
async fn a_wrong_token_and_an_answer_without_a_workspace_end_the_run() {
    type Me = fn() -> Reply;
    let cases: [(Me, &str); 3] = [
        (
            || Reply::error(401, "unauthorized", "Access Token Invalid"),
            "TL0101",
        ),
        (|| Reply::json(json!({ "type": "admin", "id": "1" })), "TL0251"),
        (|| Reply::json(json!({ "app": { "id_code": "" } })), "TL0251"),
    ];
    for (me, code) in cases {
        let desk = Desk::new();
        let intercom = Intercom::with_me(me, |_| Reply::not_found());
        let error = desk.sync(&intercom, &["tags"], false).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.advice().is_empty());
    }
}
