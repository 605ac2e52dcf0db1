//! The index says what the mirror says: after builds that were cut off, after changes, after everything was lost.

use serde_json::{Value, json};

use super::{Found, Keeper, KeeperOptions, Progress, file_of, find, forget};
use crate::{
    browse::tests::{Desk, contact, parts, records},
    storage::Change,
};

fn options(chunk: u32) -> KeeperOptions {
    KeeperOptions {
        feed: "feed-1".to_owned(),
        chunk,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

/// Takes steps until everything is taken; how many there were.
fn keep(desk: &Desk, chunk: u32) -> u32 {
    let keeper = Keeper::open(&desk.path(), options(chunk)).unwrap();
    let mut steps = 1;
    while keeper.step().unwrap() == Progress::More {
        steps += 1;
    }
    steps
}

fn found(desk: &Desk, words: &str) -> Found {
    find(&desk.path(), words, None, 0, 100).unwrap().unwrap()
}

fn ids(desk: &Desk, words: &str) -> Vec<String> {
    let mut ids: Vec<String> = found(desk, words).hits.into_iter().map(|hit| hit.id).collect();
    ids.sort();
    ids
}

fn article(id: &str, body: &str) -> Value {
    json!({ "id": id, "title": "How to return a duck", "body": body, "state": "published", "created_at": 1_795_000_000, "updated_at": 1_795_000_000 })
}

#[tokio::test]
async fn words_are_found_in_conversations_contacts_and_articles() {
    let mut desk = Desk::full().await;
    desk.write(vec![records(
        "articles",
        &[article("a1", "<p>Crème brûlée &amp; <b>refunds</b></p>")],
    )])
    .await;
    assert_eq!(find(&desk.path(), "help", None, 0, 10).unwrap(), None);
    keep(&desk, 10);
    for (words, expected) in [
        ("help", vec!["c1"]),
        ("CAREFUL here", vec!["c1"]),
        ("\"Here you are\"", vec!["c1"]),
        ("\"you here\"", vec![]),
        ("creme brulee", vec!["a1"]),
        ("refu", vec!["a1"]),
        ("refu ", vec![]),
        ("zoe", vec!["c1", "k03"]),
        ("p5@example.com", vec!["k10", "k11"]),
        ("duck careful", vec![]),
        ("script", vec![]),
    ] {
        assert_eq!(ids(&desk, words), expected, "{words}");
    }
    let hits = find(&desk.path(), "refunds", Some("articles"), 0, 10)
        .unwrap()
        .unwrap()
        .hits;
    assert_eq!(hits[0].title, "How to return a duck");
    let pieces = &hits[0].pieces;
    assert!(
        pieces.iter().any(|piece| piece.is_hit && piece.text == "refunds"),
        "{pieces:?}"
    );
    let none = find(&desk.path(), "refunds", Some("contacts"), 0, 10)
        .unwrap()
        .unwrap();
    assert!(none.hits.is_empty() && none.is_whole);
    assert_eq!(none.indexed, 27);
    let first = find(&desk.path(), "pro", Some("contacts"), 0, 20)
        .unwrap()
        .unwrap();
    let second = find(&desk.path(), "pro", Some("contacts"), 20, 20)
        .unwrap()
        .unwrap();
    assert_eq!(
        (first.hits.len(), first.is_cut, second.hits.len(), second.is_cut),
        (20, true, 5, false)
    );
}

#[tokio::test]
async fn a_build_that_is_cut_off_anywhere_goes_on_and_ends_the_same() {
    let desk = Desk::full().await;
    keep(&desk, 4);
    let whole = ids(&desk, "pro");
    assert_eq!(whole.len(), 25);
    let mut all = 1;
    let mut cut = 0;
    while cut < all {
        forget(&desk.path(), options(4).now).unwrap();
        assert!(!file_of(&desk.path()).exists());
        let keeper = Keeper::open(&desk.path(), options(4)).unwrap();
        for _ in 0..cut {
            keeper.step().unwrap();
        }
        drop(keeper);
        let half = found(&desk, "pro");
        let rest = keep(&desk, 4);
        all = cut + rest;
        assert!(
            rest > 1 || cut + 1 == all,
            "cut after {cut} steps, {rest} were left"
        );
        assert!(half.indexed <= 26);
        assert_eq!(ids(&desk, "pro"), whole, "cut after {cut} steps");
        assert!(found(&desk, "pro").is_whole);
        cut += 1;
    }
    assert!(all > 8, "{all}");
}

#[tokio::test]
async fn what_changes_while_it_is_built_is_in_it_at_the_end() {
    let mut desk = Desk::full().await;
    let keeper = Keeper::open(&desk.path(), options(5)).unwrap();
    for _ in 0..3 {
        assert_eq!(keeper.step().unwrap(), Progress::More);
    }
    desk.write(vec![records(
        "contacts",
        &[contact(1, "Wilhelmina"), contact(99, "Newcomer")],
    )])
    .await;
    while keeper.step().unwrap() == Progress::More {}
    assert_eq!(ids(&desk, "wilhelmina"), ["k01"]);
    assert_eq!(ids(&desk, "newcomer"), ["k99"]);
}

#[tokio::test]
async fn what_is_written_changed_and_deleted_is_followed() {
    let mut desk = Desk::full().await;
    keep(&desk, 50);
    let mut said = parts();
    said.push(json!({
        "id": "11", "part_type": "comment", "body": "<p>xylophone</p>", "created_at": 1_795_000_800, "updated_at": 1_795_000_800,
        "author": { "type": "user", "id": "k03" },
    }));
    let bodies = said
        .iter()
        .map(|value| bytes::Bytes::from(value.to_string()))
        .collect();
    desk.write(vec![
        Change::Children {
            stream: "conversation_parts",
            parent_id: "c1".to_owned(),
            records: bodies,
        },
        records("contacts", &[contact(7, "Renamed")]),
    ])
    .await;
    assert_eq!(ids(&desk, "xylophone"), Vec::<String>::new());
    let steps = keep(&desk, 50);
    assert!(steps <= 3, "{steps} steps for two changes");
    assert_eq!(
        (ids(&desk, "xylophone"), ids(&desk, "renamed")),
        (vec!["c1".to_owned()], vec!["k07".to_owned()])
    );
    desk.write(vec![
        Change::Vanished {
            stream: "conversations",
            ids: vec!["c1".to_owned()],
        },
        records("contacts", &[contact(7, "Ann")]),
    ])
    .await;
    keep(&desk, 50);
    assert!(ids(&desk, "xylophone").is_empty() && ids(&desk, "renamed").is_empty());
    assert_eq!(found(&desk, "ann").indexed, 25);
}

#[tokio::test]
async fn an_index_that_was_lost_spoilt_or_left_behind_is_made_anew() {
    let mut desk = Desk::full().await;
    keep(&desk, 50);
    let path = file_of(&desk.path());
    std::fs::remove_file(&path).unwrap();
    keep(&desk, 50);
    assert_eq!(ids(&desk, "pro").len(), 25);
    std::fs::write(&path, "no database ".repeat(900)).unwrap();
    keep(&desk, 50);
    assert_eq!(ids(&desk, "pro").len(), 25);
    // The reader was forgotten, and the feed with it: changes were lost.
    let kept = std::fs::read(&path).unwrap();
    forget(&desk.path(), options(1).now).unwrap();
    desk.write(vec![records("contacts", &[contact(2, "Unheard")])])
        .await;
    std::fs::write(&path, kept).unwrap();
    let other = KeeperOptions {
        feed: "feed-2".to_owned(),
        ..options(50)
    };
    let keeper = Keeper::open(&desk.path(), other).unwrap();
    while keeper.step().unwrap() == Progress::More {}
    assert_eq!(ids(&desk, "unheard"), ["k02"]);
}

#[tokio::test]
async fn nothing_that_is_typed_is_wrong() {
    let desk = Desk::full().await;
    keep(&desk, 50);
    for words in [
        "",
        " ",
        "\"",
        "\"\"",
        "*",
        "a*b",
        "AND",
        "NOT",
        "OR OR",
        "NEAR(a b)",
        "title:help",
        "-help",
        "^help",
        "(",
        ")",
        "{a b}",
        "a + b",
        "'; DROP TABLE words; --",
        "\u{0}",
        "help\u{0}",
        "\u{2}\u{3}",
        "💥",
        "%",
        "col : x",
        &"long ".repeat(5_000),
    ] {
        found(&desk, words);
    }
    assert_eq!(
        ids(&desk, "help AND"),
        Vec::<String>::new(),
        "AND is a word like any other"
    );
}
