//! Sources: what they make of good and bad files and databases.

use std::path::Path;

use futures::FutureExt as _;
use serde_json::{Value, json};
use trunkline_components::Site;
use trunkline_flow::{ComponentError, Cursor, Occasion, Read, Trigger};

use crate::harness::{self, read_all, variables};

fn site(folder: &Path) -> Site {
    harness::site(folder, &variables([]))
}

type Found = Result<(Vec<Value>, Vec<ComponentError>, Option<Cursor>), ComponentError>;

async fn read(settings: &str, folder: &Path, cursor: Option<Cursor>) -> Found {
    read_all(&*harness::source(settings, &site(folder)), cursor).await
}

/// What is broken, as codes with the places that messages name.
fn places(broken: &[ComponentError]) -> Vec<String> {
    let place = |error: &ComponentError| {
        let place = error.message.split(" of ").next().unwrap_or_default();
        format!("{} {place}", error.code)
    };
    broken.iter().map(place).collect()
}

#[tokio::test]
async fn tables_are_read_whatever_they_are_written_in() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name;Ort\nZoë;Köln\n";
    let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let expected = [json!({ "name": "Zoë", "Ort": "Köln" })];
    for (name, bytes, settings) in [
        ("a.csv", text.as_bytes().to_vec(), ""),
        ("b.csv", [b"\xef\xbb\xbf", text.as_bytes()].concat(), ""),
        ("c.csv", latin.clone(), ""),
        ("d.csv", latin, ", encoding: latin1"),
        ("e.csv", [b"\xff\xfe".to_vec(), wide].concat(), ""),
        (
            "f.txt",
            text.replace(';', "\t").into_bytes(),
            ", format: csv, delimiter: tab",
        ),
        ("g.tsv", text.replace(';', "\t").into_bytes(), ""),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let settings = format!("{{ file: {{ path: {name}{settings} }} }}");
        let (values, broken, _) = read(&settings, folder.path(), None).await.unwrap();
        assert_eq!(
            (values.as_slice(), broken.len()),
            (expected.as_slice(), 0),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_broken_has_its_place_and_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let table = "a,b\n1,x\n2\n3,\"open\n4,y\n\"5\"z,y\n6,x,y\n7,z\n";
    std::fs::write(folder.path().join("in.csv"), table).unwrap();
    let (values, broken, last) = read("{ file: { path: in.csv } }", folder.path(), None)
        .await
        .unwrap();
    let good: Vec<&Value> = values.iter().map(|value| &value["a"]).collect();
    assert_eq!(good, [&json!("1"), &json!("4"), &json!("7")]);
    let expected = [
        "TL0873 line 3, column 2",
        "TL0873 line 4, column 3",
        "TL0873 line 6, column 4",
        "TL0873 line 7, column 5",
    ];
    assert_eq!(places(&broken), expected);
    assert_eq!(last, Some(Cursor(json!({ "row": 7, "size": table.len() }))));
    let lines = "{\"a\":1}\n{\"a\":\n\nnull\n{\"a\":2} x\n";
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let (values, broken, _) = read("{ file: { path: in.jsonl } }", folder.path(), None)
        .await
        .unwrap();
    assert_eq!(values, [json!({ "a": 1 }), Value::Null]);
    assert_eq!(
        places(&broken),
        ["TL0845 line 2, column 5", "TL0845 line 5, column 9"]
    );
}

#[tokio::test]
async fn what_makes_every_row_doubtful_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, code) in [
        ("zip.csv", &b"PK\x03\x04rest"[..], "TL0782"),
        ("twice.csv", b"a,a\n1,2\n", "TL0872"),
        ("mark.csv", b"\"a\"b,c\n1,2\n", "TL0784"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let settings = format!("{{ file: {{ path: {name} }} }}");
        let error = read(&settings, folder.path(), None).await.unwrap_err();
        assert_eq!(error.code, code, "{name}: {error}");
    }
    let error = read("{ file: { path: none.csv } }", folder.path(), None)
        .await
        .unwrap_err();
    assert_eq!(error.code, "TL0844");
    std::fs::write(folder.path().join("empty.csv"), "").unwrap();
    let (values, ..) = read("{ file: { path: empty.csv } }", folder.path(), None)
        .await
        .unwrap();
    assert!(values.is_empty(), "a file without anything is no mistake");
    std::fs::write(folder.path().join("unnamed.csv"), "a,,\n1,2,3\n").unwrap();
    let (values, ..) = read("{ file: { path: unnamed.csv } }", folder.path(), None)
        .await
        .unwrap();
    assert_eq!(values, [json!({ "a": "1", "_2": "2", "_3": "3" })]);
}

#[tokio::test]
async fn a_file_that_became_shorter_is_another() {
    let folder = tempfile::tempdir().unwrap();
    for (name, before, after, expected) in [
        (
            "in.jsonl",
            "{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":3}\n",
            json!({ "a": 3 }),
        ),
        ("in.csv", "a\n1\n2\n", "a\n3\n", json!({ "a": "3" })),
    ] {
        let path = folder.path().join(name);
        let settings = format!("{{ file: {{ path: {name} }} }}");
        std::fs::write(&path, before).unwrap();
        let (values, _, last) = read(&settings, folder.path(), None).await.unwrap();
        assert_eq!(values.len(), 2);
        std::fs::write(&path, after).unwrap();
        let (values, ..) = read(&settings, folder.path(), last).await.unwrap();
        assert_eq!(values, [expected], "{name}");
    }
}

#[tokio::test]
async fn a_folder_gives_each_file_once_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("in").join(name), text).unwrap();
    std::fs::create_dir_all(folder.path().join("in/below")).unwrap();
    write("b.jsonl", "{\"n\":\"b\"}");
    write("c.csv", "n\nc\n");
    write("bad.csv", "\0\x01\0\0");
    write("d.jsonl.part", "{\"n\":");
    write(".hidden.jsonl", "{\"n\":1}");
    let settings = "{ file: { path: in } }";
    let (values, broken, last) = read(settings, folder.path(), None).await.unwrap();
    assert_eq!(values, [json!({ "n": "b" }), json!({ "n": "c" })]);
    assert_eq!(broken.len(), 1, "a file that is no table stops no other");
    // One comes with an earlier name, one is done, one has gone.
    write("a.jsonl", "{\"n\":\"a\"}\n");
    std::fs::remove_file(folder.path().join("in/b.jsonl")).unwrap();
    std::fs::rename(
        folder.path().join("in/d.jsonl.part"),
        folder.path().join("in/d.jsonl"),
    )
    .unwrap();
    let (values, broken, last) = read(settings, folder.path(), last).await.unwrap();
    assert_eq!(values, [json!({ "n": "a" })]);
    assert_eq!(broken.len(), 1, "the half line of d.jsonl");
    let (values, broken, _) = read(settings, folder.path(), last).await.unwrap();
    assert_eq!((values.len(), broken.len()), (0, 0));
}

#[tokio::test]
async fn a_query_that_cannot_be_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("in.db")).unwrap();
    connection
        .execute_batch("create table t (id integer, at text, raw blob); insert into t values (1, 'x', x'00ff'), (2, 'y', null), (3, null, null)")
        .unwrap();
    for (query, cursor, words) in [
        ("select * from missing", "id", "no such table"),
        (
            "select * from t",
            "missing",
            "no column missing, only id, at, raw",
        ),
        ("delete from t returning id", "id", "it would write"),
        ("select * from t; select 1", "id", ""),
        ("select * from t where raw is not null", "raw", "holds bytes"),
        ("sel", "id", "syntax"),
    ] {
        let settings = format!("{{ sql: {{ sqlite: in.db, query: '{query}', cursor: {cursor} }} }}");
        let error = read(&settings, folder.path(), None).await.unwrap_err();
        assert!(
            error.code == "TL0870" && error.message.contains(words),
            "{query}: {error}"
        );
    }
    let settings = "{ sql: { sqlite: none.db, query: select 1, cursor: id } }";
    assert_eq!(
        read(settings, folder.path(), None).await.unwrap_err().code,
        "TL0870"
    );
    assert!(!folder.path().join("none.db").exists(), "reading made a database");
    let settings = "{ sql: { sqlite: in.db, query: 'select * from t -- all;', cursor: at } }";
    let (values, broken, last) = read(settings, folder.path(), None).await.unwrap();
    assert_eq!(
        values,
        [json!({ "id": 2, "at": "y", "raw": null })],
        "a null has no place in the order"
    );
    assert_eq!(broken[0].code, "TL0871");
    assert!(broken[0].message.contains("raw"), "{}", broken[0]);
    // The cursor column is another one now.
    let settings = "{ sql: { sqlite: in.db, query: 'select * from t', cursor: id } }";
    assert!(last.is_some());
    let error = read(settings, folder.path(), Some(Cursor(json!({ "value": [1] }))))
        .await
        .unwrap_err();
    assert_eq!(error.code, "TL0876");
}

#[tokio::test]
async fn a_query_on_postgres_only_reads() {
    let Some(address) = harness::postgres() else {
        return;
    };
    let client = harness::schema(&address, "query").await;
    let name = harness::schema_name("query");
    client
        .batch_execute("create table t (id bigint, at numeric)")
        .await
        .unwrap();
    let site = harness::site(
        Path::new("/"),
        &variables([("PG", &address), ("BAD", "postgres://u:s3cret@127.0.0.1:9/x")]),
    );
    for (query, cursor, words) in [
        (format!("select * from {name}.none"), "id", "does not exist"),
        (format!("select * from {name}.t"), "none", "none"),
        (format!("delete from {name}.t returning *"), "id", ""),
        (
            format!("with gone as (delete from {name}.t returning *) select * from gone"),
            "id",
            "WITH",
        ),
        (
            format!("select nextval(id::text::regclass), id from (select 1 as id) q, {name}.t"),
            "id",
            "",
        ),
    ] {
        let settings =
            format!("{{ sql: {{ postgres: {{ env: PG }}, query: \"{query}\", cursor: {cursor} }} }}");
        let error = read_all(&*harness::source(&settings, &site), None)
            .await
            .unwrap_err();
        assert!(
            error.code == "TL0870" && error.message.contains(words),
            "{query}: {error}"
        );
    }
    let settings = "{ sql: { postgres: { env: BAD }, query: select 1 as id, cursor: id } }";
    let error = read_all(&*harness::source(settings, &site), None)
        .await
        .unwrap_err();
    assert!(
        error.code == "TL0867" && !format!("{error:?}").contains("s3cret"),
        "{error:?}"
    );
    let settings = "{ sql: { postgres: { env: NONE }, query: select 1 as id, cursor: id } }";
    let error = read_all(&*harness::source(settings, &site), None)
        .await
        .unwrap_err();
    assert_eq!(error.code, "TL0861");
}

#[test]
fn settings_that_are_wrong_have_their_place() {
    let folder = tempfile::tempdir().unwrap();
    for (settings, words) in [
        (
            "{ file: { path: x.csv, follow: true } }",
            "a table is not followed",
        ),
        (
            "{ file: { path: x.csv, encoding: klingon } }",
            "is not an encoding",
        ),
        ("{ file: { path: x.csv, delimiter: ';;' } }", "is not a delimiter"),
        ("{ file: { path: x, format: xls } }", "xls is not known"),
        ("{ sql: { query: select 1, cursor: id } }", "needs one database"),
        (
            "{ sql: { sqlite: x, postgres: { env: X }, query: select 1, cursor: id } }",
            "needs one database",
        ),
        (
            "{ sql: { sqlite: x, query: ' ; ', cursor: id } }",
            "there is no query",
        ),
        (
            "{ sql: { sqlite: x, query: select 1, cursor: id, batch: 0 } }",
            "from 1 to",
        ),
        (
            "{ sql: { sqlite: x, query: select 1 } }",
            "missing field `cursor`",
        ),
    ] {
        let text = format!("flow: tried\nsource: {settings}\ndestinations: [stdout]\n");
        let mistakes = harness::flow(&text, &site(folder.path())).unwrap_err();
        assert!(
            mistakes.contains("line 2") && mistakes.contains(words),
            "{settings}: {mistakes}"
        );
    }
}

#[tokio::test]
async fn sources_of_what_is_received_are_told_of_it_and_look_less_often_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for settings in ["{ webhook: {} }", "{ http: { key: { env: DOOR } } }"] {
        let (tell, stirred) = tokio::sync::watch::channel(());
        let mut pauses = Vec::new();
        for stirred in [None, Some(stirred)] {
            let is_heard = stirred.is_some();
            let site = Site {
                stirred,
                ..site(folder.path())
            };
            let source = harness::source(settings, &site);
            let occasion = Occasion {
                now: harness::now(),
                last_success: None,
                trigger: Trigger::Event,
                range: None,
            };
            let mut reader = source.open(None, &occasion).await.unwrap();
            let pause = loop {
                if let Read::Idle(pause) = reader.read().await.unwrap() {
                    break pause;
                }
            };
            pauses.push(pause);
            assert!(reader.stirred().now_or_never().is_none(), "nobody told anything");
            tell.send_replace(());
            assert_eq!(reader.stirred().now_or_never().is_some(), is_heard, "{settings}");
        }
        assert!(pauses[0] < pauses[1], "{pauses:?}");
    }
}
