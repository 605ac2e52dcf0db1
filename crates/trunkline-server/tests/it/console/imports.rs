//! Imports in a browser: a table is uploaded, its columns are chosen, its rows become tags of something that answers.

use std::time::Duration;

use reqwest::StatusCode;
use trunkline_store::Role;

use super::{Browser, Seen, actions::connected, signed_in};

/// How long an import of a few rows may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A form with a file, as a browser sends it.
async fn upload(browser: &mut Browser<'_>, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Seen {
    let token = browser.look("/import").await.token();
    let mut body = Vec::new();
    for (name, value) in [("_token", token.as_str())].iter().chain(fields) {
        body.extend(
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let (name, content) = file.unwrap_or_default();
    let head = format!(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/csv\r\n\r\n"
    );
    body.extend(head.bytes());
    body.extend(content);
    body.extend(b"\r\n--b--\r\n");
    let request = browser
        .http
        .post(browser.process.url("/import"))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    browser.send(request).await
}

/// The page of an import once it says this.
async fn once(browser: &mut Browser<'_>, path: &str, says: &str) -> Seen {
    let looking = async {
        loop {
            let seen = browser.look(path).await;
            if seen.text.contains(says) {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{path} never says {says}"))
}

#[tokio::test]
async fn a_table_with_broken_rows_is_imported_and_the_rejected_ones_come_back_with_reasons() {
    let (process, _intercom) = connected().await;
    let mut browser = signed_in(&process, "ann@example.com", Role::Operate).await;
    // A mark at the beginning, semicolons, a cell that is never closed, a row that is too short, an empty name.
    let table = "\u{feff}Name;Notes\nvip;x\n\"open;y\nalone\n;z\nlast;w\n";
    let fields = [("action", "tags.upsert"), ("connection", "live")];
    let seen = upload(&mut browser, &fields, Some(("people <b>.csv", table.as_bytes()))).await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
    let path = seen.location.clone();
    let page = browser.look(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.text.contains("<option value=\"name\" selected"),
        "the column is known: {}",
        page.text
    );
    assert!(page.text.contains("people &lt;b&gt;.csv"), "{}", page.text);

    let table = path.split('?').next().unwrap().to_owned();
    let chosen = [
        ("action", "tags.upsert"),
        ("connection", "live"),
        ("name", "people.csv"),
        ("to.0", "name"),
        ("to.1", ""),
    ];
    let token = page.token();
    let planned = browser.post(&format!("{table}/plan"), &token, &chosen).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.text);
    assert!(
        planned.text.contains("5 rows") && planned.text.contains("3 do not fit"),
        "{}",
        planned.text
    );
    assert!(planned.text.contains("Import 2 rows"), "{}", planned.text);

    let begun = browser.post(&format!("{table}/begin"), &token, &chosen).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let import = begun.location.clone();
    let done = once(&mut browser, &import, "badge good\">done").await;
    assert!(
        done.text.contains("5 of 5 rows") && done.text.contains("3 rejected"),
        "{}",
        done.text
    );
    let rejected = browser.look(&format!("{import}?outcome=rejected")).await;
    assert_eq!(
        rejected.text.matches("badge bad\">rejected").count(),
        3,
        "{}",
        rejected.text
    );
    let file = browser.look(&format!("{import}/rejects")).await;
    let disposition = file.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("people-rejected.csv"), "{disposition}");
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines.len(), 4, "{}", file.text);
    assert_eq!(lines[0], "Name,Notes,_error,_code");
    assert!(
        lines[1].contains("closed") && lines[1].contains("TL0786"),
        "{}",
        lines[1]
    );
    let list = browser.look("/import").await;
    assert!(list.text.contains("people.csv"), "{}", list.text);
    process.stop().await;
}

#[tokio::test]
async fn what_cannot_be_imported_is_said_before_anything_is_sent() {
    let (process, _intercom) = connected().await;
    let mut browser = signed_in(&process, "ann@example.com", Role::Operate).await;
    let fields = [("action", "tags.upsert"), ("connection", "live")];
    for (fields, file, says) in [
        (
            &[("action", "tags.list")][..],
            Some(("a.csv", &b"name\nx\n"[..])),
            "only reads",
        ),
        (&[("action", "none")], Some(("a.csv", b"name\nx\n")), "no action"),
        (&fields, None, "is not chosen, and nothing is pasted"),
        (
            &[("action", "tags.upsert"), ("text", " ")],
            None,
            "is not chosen, and nothing is pasted",
        ),
    ] {
        let seen = upload(&mut browser, fields, file).await;
        assert_eq!(
            seen.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{says}: {}",
            seen.text
        );
        assert!(seen.text.contains(says), "{says}: {}", seen.text);
    }
    let pasted = [
        ("action", "tags.upsert"),
        ("connection", "live"),
        ("text", "Label\nvip\n"),
    ];
    let seen = upload(&mut browser, &pasted, None).await;
    let table = seen.location.split('?').next().unwrap().to_owned();
    let page = browser.look(&seen.location).await;
    let token = page.token();
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        fields.iter().copied().chain(more.iter().copied()).collect()
    };
    for (chosen, says) in [
        (with(&[("to.0", "")]), "the field `name` is required"),
        (with(&[("map", "{name: ")]), "aria-invalid=\"true\""),
        (
            with(&[("map", ".Label")]),
            "gives something that is not an object",
        ),
        (with(&[("to.0", "name"), ("set", "[1]")]), "is not a JSON object"),
        (
            with(&[("to.0", "name"), ("time_zone", "Mars")]),
            "is not a time zone",
        ),
    ] {
        let seen = browser.post(&format!("{table}/begin"), &token, &chosen).await;
        assert_eq!(
            seen.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{says}: {}",
            seen.text
        );
        assert!(seen.text.contains(says), "{says}: {}", seen.text);
    }
    let gone = browser
        .look("/import/table/0190aaaa-0000-7000-8000-000000000000?action=tags.upsert")
        .await;
    assert!(gone.status.is_client_error(), "{}", gone.text);
    assert!(
        process
            .store
            .batches(
                &trunkline_store::BatchFilter::default(),
                10,
                crate::harness::now()
            )
            .await
            .unwrap()
            .is_empty()
    );
    process.stop().await;
}

#[tokio::test]
async fn a_table_that_is_too_large_is_refused_and_nothing_of_it_stays() {
    let (process, _intercom) = connected().await;
    let mut browser = signed_in(&process, "ann@example.com", Role::Operate).await;
    let table = vec![b'x'; (50 << 20) + 1];
    let fields = [("action", "tags.upsert"), ("connection", "live")];
    let seen = upload(&mut browser, &fields, Some(("large.csv", &table))).await;
    assert!(
        seen.text.contains("larger than 50 MB") && seen.text.contains("TL0961"),
        "{}",
        seen.text
    );
    let left = std::fs::read_dir(process.folder.path().join("imports"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
    process.stop().await;
}

#[tokio::test]
async fn a_file_of_another_sites_form_is_not_kept() {
    let (process, _intercom) = connected().await;
    let browser = signed_in(&process, "ann@example.com", Role::Operate).await;
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nname\nx\n\r\n--b--\r\n";
    let mut browser = browser;
    let request = browser
        .http
        .post(process.url("/import"))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    let seen = browser.send(request).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(!process.folder.path().join("imports").exists());
    process.stop().await;
}
