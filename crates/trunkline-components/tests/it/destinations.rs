//! The destination `file`, with good and bad records and files.

use serde_json::json;
use trunkline_flow::Verdict;

use crate::harness::{self, bring, refusal, variables};

#[tokio::test]
async fn columns_are_the_files_or_the_flows() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let own = harness::destination("file: { path: own.csv }", &site);
    let values = [
        json!({ "b": 1, "a": "x, y" }),
        json!({ "a": null }),
        json!({ "a": { "deep": [1] }, "b": true }),
    ];
    assert!(bring(&*own, &values).await.iter().all(Result::is_ok));
    assert_eq!(
        text("own.csv"),
        "a,b\n\"x, y\",1\n\"\",\n\"{\"\"deep\"\":[1]}\",true\n"
    );
    let told = harness::destination("file: { path: told.txt, format: csv, columns: [b, z] }", &site);
    assert!(bring(&*told, &values[..1]).await[0].is_ok());
    assert_eq!(text("told.txt"), "b,z\n1,\n");
    for value in [json!([1]), json!("x"), json!({ "c": 1 })] {
        let error = refusal(&*own, &value).await;
        assert_eq!(
            (error.code, error.verdict),
            ("TL0874", Verdict::Reject),
            "{value}"
        );
    }
    let none = harness::destination("file: { path: none.csv }", &site);
    assert_eq!(refusal(&*none, &json!({})).await.code, "TL0874");
    let other = harness::destination("file: { path: own.csv, columns: [a, c] }", &site);
    let error = refusal(&*other, &json!({ "a": 1 })).await;
    assert_eq!((error.code, error.verdict), ("TL0875", Verdict::Stop));
    assert!(
        error.message.contains("line 4") && error.message.contains("a, b"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_dead_process_left_half_written_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for (name, before, after) in [
        ("out.jsonl", "{\"a\":1}\n{\"a\":", "{\"a\":1}\n{\"a\":2}\n"),
        ("out.csv", "a,b\n1,\"x\ny", "a,b\n2,\n"),
        ("torn.csv", "a,", "a\n2\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, before).unwrap();
        let destination = harness::destination(&format!("file: {{ path: {name} }}"), &site);
        assert!(
            bring(&*destination, &[json!({ "a": 2 })]).await[0].is_ok(),
            "{name}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    std::fs::create_dir(folder.path().join("folder.csv")).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for name in ["folder", "folder.csv"] {
        let destination = harness::destination(&format!("file: {{ path: {name} }}"), &site);
        let error = refusal(&*destination, &json!({ "a": 1 })).await;
        assert_eq!((error.code, error.verdict), ("TL0843", Verdict::Stop), "{error}");
    }
}

#[test]
fn columns_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for settings in [
        "{ path: x.csv, columns: [] }",
        "{ path: x.csv, columns: [a, a] }",
        "{ path: x.csv, columns: [' a'] }",
        "{ path: x.jsonl, columns: [a] }",
    ] {
        let text =
            format!("flow: tried\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - file: {settings}\n");
        let mistakes = harness::flow(&text, &site).unwrap_err();
        assert!(
            mistakes.contains("line 4") && mistakes.contains("column"),
            "{mistakes}"
        );
    }
}
