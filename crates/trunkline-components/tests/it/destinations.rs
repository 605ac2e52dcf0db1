//! The destination `file`, with good and bad records and files; one for each record, too.

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

#[tokio::test]
async fn a_file_for_each_record_is_as_its_record_says() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    let text = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let markdown = harness::destination(
        r#"file: { path: out, each: '"\(.kind)/\(.id).md"', format: markdown, text: words, delete_when: .gone }"#,
        &site,
    );
    let first = json!({ "id": 1, "kind": "a", "a: b": [1, null], "title": "It's \"so\": #1\n--- no", "on": true, "words": "\n# Hi\n\n---\nyou\n\n" });
    let bare = json!({ "id": 2, "kind": "a", "words": null });
    assert!(
        bring(&*markdown, &[first.clone(), bare.clone()])
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(
        text("a/1.md"),
        "---\n\"a: b\": [1,null]\nid: 1\nkind: \"a\"\n\"on\": true\ntitle: \"It's \\\"so\\\": #1\\n--- no\"\n---\n\n# Hi\n\n---\nyou\n"
    );
    assert_eq!(text("a/2.md"), "---\nid: 2\nkind: \"a\"\n---\n");
    // What was written is read as it was.
    let source = harness::source("{ file: { path: out, format: markdown, text: words } }", &site);
    let (values, broken, _) = harness::read_all(&*source, None).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
    let mut expected = first.clone();
    expected["words"] = json!("# Hi\n\n---\nyou");
    let mut read = values[0].clone();
    assert_eq!(
        read.as_object_mut().unwrap().remove("file").unwrap()["path"],
        "a/1.md"
    );
    assert_eq!(read, expected);
    // What is there as it should be is not touched.
    let modified = |name: &str| {
        std::fs::metadata(folder.path().join("out").join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let (one, two) = (modified("a/1.md"), modified("a/2.md"));
    let changed = json!({ "id": 2, "kind": "a", "words": "new" });
    assert!(
        bring(&*markdown, &[first, changed])
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(modified("a/1.md"), one);
    assert!(modified("a/2.md") >= two && text("a/2.md").ends_with("---\n\nnew\n"));
    let gone = json!({ "id": 2, "kind": "a", "gone": true });
    assert!(
        bring(&*markdown, &[gone.clone(), gone])
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert!(!folder.path().join("out/a/2.md").exists());
    let own = harness::destination("file: { path: out, each: .id }", &site);
    assert!(bring(&*own, &[json!({ "id": "x.json", "b": [1] })]).await[0].is_ok());
    assert_eq!(
        text("x.json"),
        "{\n  \"b\": [\n    1\n  ],\n  \"id\": \"x.json\"\n}\n"
    );
}

#[tokio::test]
async fn no_record_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    let each = harness::destination("file: { path: out, each: .name, format: markdown }", &site);
    for name in [
        json!(null),
        json!(""),
        json!("/etc/x"),
        json!("../x"),
        json!("a/../../x"),
        json!("./x"),
        json!("a\\b"),
        json!("a/"),
        json!(".hidden"),
        json!("a/.git/x"),
        json!("x\u{0}"),
        json!("x".repeat(201)),
    ] {
        let error = refusal(&*each, &json!({ "name": name })).await;
        assert_eq!(
            (error.code, error.verdict),
            ("TL0951", Verdict::Reject),
            "{name}: {error}"
        );
    }
    for value in [
        json!({ "name": "x.md", "body": 7 }),
        json!({ "name": "x.md", "body": {} }),
    ] {
        assert_eq!(refusal(&*each, &value).await.code, "TL0952", "{value}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn settings_of_a_file_for_each_record_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for (settings, part) in [
        ("{ path: x, format: markdown }", "holds one record"),
        ("{ path: x, format: json }", "holds one record"),
        ("{ path: x, each: .id, format: csv }", "holds many records"),
        ("{ path: x, each: .id, columns: [a] }", "only a table"),
        ("{ path: x, delete_when: .gone }", "for a file of each record"),
        ("{ path: x, text: body }", "for a file of each record"),
    ] {
        let text =
            format!("flow: tried\nsource: {{ file: {{ path: x }} }}\ndestinations:\n  - file: {settings}\n");
        let mistakes = harness::flow(&text, &site).unwrap_err();
        assert!(
            mistakes.contains("line 4") && mistakes.contains(part),
            "{mistakes}"
        );
    }
}
