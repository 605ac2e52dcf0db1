//! What mirrors hold, in the browser.

use reqwest::StatusCode;
use trunkline_store::{MirrorDetails, NewMirror, Role};

use super::{Browser, signed_in};
use crate::{
    harness::{Process, now},
    mirrored,
};

/// A process with a mirror that has been filled, and one that has no file yet.
async fn with_mirrors() -> Process {
    let process = Process::start().await;
    let acme = process.connection("acme", "abcd1234", None, None).await;
    // Another process keeps the workspace, so that nothing here changes by itself.
    let life = jiff::SignedDuration::from_hours(1);
    let kept = process
        .store
        .take_lease("workspace/abcd1234", "another", life, now());
    assert!(kept.await.unwrap().is_some());
    for name in ["main", "new"] {
        let mirror = NewMirror {
            name: name.to_owned(),
            connection: acme.id.clone(),
            details: MirrorDetails {
                to: format!("sqlite:{name}.db"),
                interval_seconds: 600,
                ..MirrorDetails::default()
            },
        };
        process.store.add_mirror(&mirror, now()).await.unwrap();
    }
    mirrored::put(&process.folder.path().join("main.db")).await;
    process
}

async fn sees(browser: &mut Browser<'_>, path: &str, words: &[&str]) -> String {
    let seen = browser.look(path).await;
    assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
    for word in words {
        assert!(seen.text.contains(word), "{path}: {word}\n{}", seen.text);
    }
    seen.text
}

#[tokio::test]
async fn a_mirror_is_looked_through_from_its_streams_to_one_record() {
    let process = with_mirrors().await;
    let mut ann = signed_in(&process, "ann", Role::Read).await;
    sees(&mut ann, "/data", &["/data/main", "/data/new"]).await;
    sees(&mut ann, "/data/new", &["holds nothing yet"]).await;
    sees(&mut ann, "/data/main", &["contacts", "/data/main/streams/tags"]).await;
    let contacts = "/data/main/streams/contacts";
    sees(&mut ann, contacts, &["Ann 1", "Ann 5", "/data/main/contacts/k1"]).await;
    let narrowed = format!("{contacts}?column=name&how=is&value=Ann+2");
    let text = sees(&mut ann, &narrowed, &["Ann 2"]).await;
    assert!(!text.contains("Ann 3"));
    let wrong = format!("{contacts}?sort=name");
    sees(&mut ann, &wrong, &["is not a column with an index"]).await;
    sees(
        &mut ann,
        "/data/main/contacts/k1",
        &[
            "Ann 1",
            "Ducks &amp; Co",
            "&lt;b&gt;pro&lt;/b&gt;",
            "/data/main/conversations/c1",
        ],
    )
    .await;
    sees(&mut ann, "/data/main/companies/co1", &["Ducks &amp; Co", "Ann 4"]).await;
    sees(&mut ann, "/data/main/streams/tags/record?key=t1", &["vip"]).await;
    for nowhere in [
        "/data/none",
        "/data/main/streams/nothing",
        "/data/main/contacts/k9",
        "/data/main/conversations/..%2Fc1",
        "/data/main/streams/tags/record?key=t9",
        "/data/main/streams/tags/record",
    ] {
        let seen = ann.look(nowhere).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{nowhere}: {}", seen.text);
    }
    process.stop().await;
}

#[tokio::test]
async fn what_a_customer_wrote_never_runs_in_the_thread() {
    let process = with_mirrors().await;
    let mut ann = signed_in(&process, "ann", Role::Read).await;
    let text = sees(
        &mut ann,
        "/data/main/conversations/c1",
        &["<p>Hello</p>", "Grace", "&lt;i&gt;Ann"],
    )
    .await;
    for bad in ["<script>alert", "<img", "javascript:", "onerror"] {
        assert!(!text.contains(bad), "{bad}: {text}");
    }
    process.stop().await;
}

#[tokio::test]
async fn questions_are_answered_kept_when_wrong_and_saved_as_files() {
    let process = with_mirrors().await;
    let mut ann = signed_in(&process, "ann", Role::Read).await;
    sees(
        &mut ann,
        "/data/main/sql",
        &["conversation_metrics", "To begin with"],
    )
    .await;
    let sql = "/data/main/sql?sql=SELECT+role,+count(*)+AS+n%0AFROM+contacts+GROUP+BY+1";
    sees(
        &mut ann,
        sql,
        &["1 row", ">5<", "n by role", "/data/main/sql/file?"],
    )
    .await;
    for wrong in [
        "DROP+TABLE+contacts",
        "PRAGMA+journal_mode%3Ddelete",
        "SELEC+1",
        "SELECT+1%3BSELECT+2",
    ] {
        let seen = ann.look(&format!("/data/main/sql?sql={wrong}")).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.text.contains("aria-invalid"), "{wrong}: {}", seen.text);
        let file = ann.look(&format!("/data/main/sql/file?sql={wrong}")).await;
        assert_eq!(file.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let file = "/data/main/sql/file?sql=SELECT+id,name+FROM+contacts+ORDER+BY+id+LIMIT+2";
    let csv = ann.look(file).await;
    assert_eq!(csv.text, "id,name\r\nk1,Ann 1\r\nk2,Ann 2\r\n");
    assert_eq!(
        csv.headers["content-disposition"],
        "attachment; filename=\"answer.csv\""
    );
    let jsonl = ann.look(&format!("{file}&format=jsonl")).await;
    assert_eq!(
        jsonl.text.lines().next(),
        Some("{\"id\":\"k1\",\"name\":\"Ann 1\"}")
    );
    // Whoever leaves takes the question along: it would never end by itself.
    let endless = "/data/main/sql/file?sql=WITH+RECURSIVE+n(i)+AS+(SELECT+1+UNION+ALL+SELECT+i%2B1+FROM+n)+SELECT+i+FROM+n";
    for _ in 0..8 {
        let cookies: Vec<String> = ann
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = ann
            .http
            .get(process.url(endless))
            .header("cookie", cookies.join("; "));
        let mut answer = request.send().await.unwrap();
        assert!(answer.chunk().await.unwrap().is_some());
    }
    sees(&mut ann, sql, &["1 row"]).await;
    process.stop().await;
}

#[tokio::test]
async fn nobody_sees_a_mirror_without_signing_in() {
    let process = with_mirrors().await;
    let mut nobody = Browser::new(&process);
    for path in [
        "/data",
        "/data/main",
        "/data/main/sql?sql=SELECT+1",
        "/data/main/sql/file?sql=SELECT+1",
    ] {
        assert!(nobody.look(path).await.location.starts_with("/sign-in"), "{path}");
    }
    process.stop().await;
}

#[tokio::test]
async fn words_are_found_as_soon_as_the_search_is_switched_on() {
    let process = with_mirrors().await;
    let mut ann = signed_in(&process, "ann", Role::Operate).await;
    let page = "/data/main/search";
    sees(&mut ann, page, &["The search is off"]).await;
    sees(&mut ann, "/data/new/search", &["The search is off"]).await;
    let early = ann.fill(page, "/data/new/search/on", &[]).await;
    assert_eq!(early.status, StatusCode::NOT_FOUND, "{}", early.text);
    assert_eq!(ann.fill(page, "/data/main/search/on", &[]).await.location, page);
    let found = format!("{page}?text=hello");
    while ann.look(page).await.text.contains("being made") {
        tokio::task::yield_now().await;
    }
    sees(
        &mut ann,
        &found,
        &["<mark>Hello</mark>", "/data/main/conversations/c1"],
    )
    .await;
    sees(
        &mut ann,
        &format!("{page}?text=evil"),
        &["Nothing has all these words"],
    )
    .await;
    sees(
        &mut ann,
        &format!("{page}?text=hello&stream=contacts"),
        &["Nothing has all these words"],
    )
    .await;
    sees(
        &mut ann,
        &format!("{page}?text=hello&stream=tags"),
        &["is not one of the words"],
    )
    .await;
    assert_eq!(ann.fill(page, "/data/main/search/off", &[]).await.location, page);
    sees(&mut ann, page, &["The search is off"]).await;
    process.stop().await;
}

/// What a report's page shows once the report is made.
async fn reports(browser: &mut Browser<'_>, path: &str, words: &[&str]) {
    while browser.look(path).await.text.contains("The report is being made") {}
    sees(browser, path, words).await;
}

#[tokio::test]
async fn a_report_is_shown_refused_with_what_was_typed_and_saved() {
    let process = with_mirrors().await;
    let mut ann = signed_in(&process, "ann", Role::Read).await;
    let whole = "/reports?mirror=main&from=2026-02-20&to=2026-03-02";
    reports(
        &mut ann,
        whole,
        &["Time to first response", "Busiest hours", "1 min"],
    )
    .await;
    let wrong = "/reports?mirror=main&from=so%3Cb%3Eon";
    reports(&mut ann, wrong, &["aria-invalid", "so&lt;b&gt;on"]).await;
    reports(&mut ann, "/reports?mirror=new", &["holds nothing yet"]).await;
    let file = ann.look(&whole.replace("/reports", "/reports/file")).await;
    assert!(
        file.text.contains("first") && file.text.contains(','),
        "{}",
        file.text
    );
    assert_eq!(
        file.headers["content-disposition"],
        "attachment; filename=\"report.csv\""
    );
    process.stop().await;
}
