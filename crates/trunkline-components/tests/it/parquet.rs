//! Parquet in flows: what is written is read again, and what is no whole file is said to be none.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{self, bring, read_all, refusal, variables};

/// Writes values into a folder as one file, which is given.
async fn written(folder: &Path, values: &[Value]) -> PathBuf {
    let site = harness::site(folder, &variables([]));
    let destination = harness::destination("file: { path: out.parquet }", &site);
    for result in bring(&*destination, values).await {
        result.unwrap();
    }
    let mut files = files(&folder.join("out.parquet"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn numbers(range: std::ops::Range<i64>) -> Vec<Value> {
    range.map(|number| json!({ "number": number })).collect()
}

#[tokio::test]
async fn each_kind_of_value_has_its_column() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let file = written(
        at,
        &[
            json!({ "whole": 1, "real": 1, "text": "Zoë", "truth": true, "json": [1, { "a": null }], "mixed": 1, "none": null }),
            json!({ "whole": i64::MIN, "real": 0.5, "text": null, "json": "x", "mixed": "x", "large": u64::MAX }),
        ],
    )
    .await;
    let site = harness::site(at, &variables([]));
    let source = harness::source(&format!("{{ file: {{ path: {} }} }}", file.display()), &site);
    let (values, broken, _) = read_all(&*source, None).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
    let expected = [
        json!({ "whole": 1, "real": 1.0, "text": "Zoë", "truth": true, "json": "[1,{\"a\":null}]", "mixed": "1", "none": null, "large": null }),
        json!({ "whole": i64::MIN, "real": 0.5, "text": null, "truth": null, "json": "\"x\"", "mixed": "x", "none": null, "large": u64::MAX.to_string() }),
    ];
    assert_eq!(values, expected);
}

#[tokio::test]
async fn a_file_is_added_each_time_that_a_position_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let site = harness::site(at, &variables([]));
    let settings = "file: { path: out, format: parquet, columns: [number, missing] }";
    for _ in 0..2 {
        // As a process that begins again would.
        let destination = harness::destination(settings, &site);
        bring(&*destination, &numbers(0..3)).await;
        bring(&*destination, &[json!({ "number": 3, "left": "out" })]).await;
        let refused = refusal(&*destination, &json!([1])).await;
        assert_eq!(refused.code, "TL0874");
        destination.settle().await.unwrap();
    }
    assert_eq!(files(&at.join("out")).len(), 4);
    let source = harness::source("{ file: { path: out } }", &site);
    let (values, ..) = read_all(&*source, None).await.unwrap();
    let expected: Vec<Value> = (0..2)
        .flat_map(|_| (0..4).map(|number| json!({ "number": number, "missing": null })))
        .collect();
    assert_eq!(values, expected);
}

#[tokio::test]
async fn what_is_no_whole_file_is_refused_and_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let file = written(at, &numbers(0..2_000)).await;
    let whole = std::fs::read(&file).unwrap();
    let read = async |name: &str| {
        let site = harness::site(at, &variables([]));
        read_all(
            &*harness::source(&format!("{{ file: {{ path: {name} }} }}"), &site),
            None,
        )
        .await
    };
    for (what, bytes) in [
        ("half", &whole[..whole.len() / 2]),
        ("without its end", &whole[..whole.len() - 1]),
        ("text", &b"number\n1\n"[..]),
        ("empty", &b""[..]),
        ("marks and nothing else", &b"PAR1PAR1"[..]),
    ] {
        std::fs::write(at.join("bad.parquet"), bytes).unwrap();
        let error = read("bad.parquet").await.unwrap_err();
        assert!(
            error.code == "TL0894" && error.message.contains("bad.parquet"),
            "{what}: {error:?}"
        );
        std::fs::copy(at.join("bad.parquet"), at.join("out.parquet/0-bad.parquet")).unwrap();
        let (values, broken, _) = read("out.parquet").await.unwrap();
        assert_eq!(
            (values.len(), broken.len(), broken[0].code),
            (2_000, 1, "TL0894"),
            "{what}"
        );
    }
    // Its end is right and what stands before is not.
    let mut damaged = whole.clone();
    damaged[4..60].fill(0xff);
    std::fs::write(at.join("bad.parquet"), damaged).unwrap();
    let (values, broken, _) = read("bad.parquet").await.unwrap();
    assert_eq!((values.len(), broken.len()), (0, 1), "{broken:?}");
    assert!(
        broken[0].code == "TL0895" && broken[0].message.contains("rows 1 to 2000"),
        "{broken:?}"
    );
}

#[tokio::test]
async fn a_file_that_another_one_replaced_is_read_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let file = written(at, &numbers(0..700)).await;
    let site = harness::site(at, &variables([]));
    let source = harness::source(&format!("{{ file: {{ path: {} }} }}", file.display()), &site);
    let (values, _, behind) = read_all(&*source, None).await.unwrap();
    assert_eq!(values.len(), 700);
    let (again, ..) = read_all(&*source, behind.clone()).await.unwrap();
    assert_eq!(again, [0; 0]);
    std::fs::remove_file(&file).unwrap();
    let other = written(at, &numbers(1_000..1_700)).await;
    std::fs::rename(other, &file).ok();
    let (values, ..) = read_all(&*source, behind).await.unwrap();
    assert_eq!((values.len(), &values[0]["number"]), (700, &json!(1_000)));
}

#[test]
fn settings_that_cannot_be_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    std::fs::write(folder.path().join("file.parquet"), "").unwrap();
    for (source, destination, expected) in [
        (
            "a.parquet, follow: true",
            "path: b",
            "line 2, column 44: a table is not followed",
        ),
        ("a", "path: file.parquet", "line 4, column 19: "),
        ("a", "path: b, columns: [x]", "only a table has columns"),
    ] {
        let text = format!(
            "flow: tried\nsource: {{ file: {{ path: {source} }} }}\ndestinations:\n  - file: {{ {destination} }}\n"
        );
        let said = harness::flow(&text, &site).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn each_record_is_in_its_folder_and_only_the_newest_days_stay() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let site = harness::site(at, &variables([]));
    for theirs in [
        "out/2026-01-01-mine.txt",
        "out/notes/mine.txt",
        "out/2026/mine.txt",
    ] {
        let path = at.join(theirs);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "mine").unwrap();
    }
    let settings = r#"file: { path: out, format: parquet, folder: '"\(.day)/\(.kind)"', keep: 2 }"#;
    for day in ["2026-01-02", "2026-01-03T020000", "2026-01-01", "2026-01-04"] {
        let destination = harness::destination(settings, &site);
        let values = [("a", 1), ("b", 2), ("a", 3)]
            .map(|(kind, number)| json!({ "day": day, "kind": kind, "number": number }));
        for result in bring(&*destination, &values).await {
            result.unwrap();
        }
        destination.settle().await.unwrap();
    }
    let mut names: Vec<String> = files(&at.join("out"))
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| name != "2026-01-01-mine.txt");
    assert_eq!(names, ["2026", "2026-01-03T020000", "2026-01-04", "notes"]);
    let source = harness::source("{ file: { path: out/2026-01-04/a } }", &site);
    let (values, ..) = read_all(&*source, None).await.unwrap();
    let numbers: Vec<&Value> = values.iter().map(|value| &value["number"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(3)]);
    let destination = harness::destination(settings, &site);
    for day in ["..", "/etc", ".hidden"] {
        let refused = refusal(&*destination, &json!({ "day": day, "kind": "a" })).await;
        assert_eq!(refused.code, "TL0951", "{day}");
    }
}

#[test]
fn folders_where_there_are_none_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for (settings, expected) in [
        (
            "path: a.jsonl, folder: .stream",
            "line 4, column 36: only Parquet files",
        ),
        ("path: a, format: parquet, keep: 3", "only folders are kept"),
        (
            "path: a, format: parquet, folder: .day, keep: 0",
            "line 4, column 59",
        ),
        (
            "path: a, each: .id, folder: .day",
            "with `each`, folder has no meaning",
        ),
    ] {
        let text = format!(
            "flow: tried\nsource: {{ file: {{ path: a }} }}\ndestinations:\n  - file: {{ {settings} }}\n"
        );
        let said = harness::flow(&text, &site).unwrap_err();
        assert!(said.contains(expected), "{settings}: {said}");
    }
}
