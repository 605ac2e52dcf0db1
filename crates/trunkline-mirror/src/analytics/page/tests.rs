//! The page of the workspace that was made by hand, and of one whose names are hostile.

use serde_json::json;

use super::html;
use crate::analytics::{
    plain::{csv, markdown},
    read::report,
    testing::{Desk, now, records, week},
};

#[tokio::test]
async fn the_page_is_whole_and_needs_nothing() {
    let desk = Desk::full().await;
    let page = html(&report(&desk.path(), &week(), now()).unwrap());
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for forbidden in [
        "<script", "http://", "https://", "src=", "href=", "@import", "url(",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for expected in [
        "Hand &amp; Made",
        "2026-10-19 to 2026-10-26",
        "First &lt;b&gt;line&lt;/b&gt;",
        "Duck &quot;&amp; Co&quot;",
        "<b>30 min</b><small>median; 30 min in office hours</small>",
        "prefers-color-scheme:dark",
        "office hours: <b>Berlin (Europe/Berlin)</b>",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert_eq!(page.matches("<svg").count(), 6);
    for element in [
        "figure", "section", "table", "svg", "div", "p", "text", "title", "td",
    ] {
        let opened =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{element}>")).count(),
            "{element}"
        );
    }
}

#[tokio::test]
async fn names_cannot_inject() {
    let evil = "\"'><img src=x onerror=alert(1)>|`*_[a](javascript:b)\n| x |=1+1";
    let mut desk = Desk::full().await;
    desk.write(vec![
        records("teams", &[json!({ "id": "10", "name": evil })]),
        records("tags", &[json!({ "id": "20", "name": "=cmd|' /C calc'!A0" })]),
        records(
            "companies",
            &[
                json!({ "id": "30", "name": evil }),
                json!({ "id": "31", "name": "@x,\"y\"" }),
            ],
        ),
        records(
            "admins",
            &[
                json!({ "id": "1", "name": evil }),
                json!({ "id": "2", "name": "</style></td>" }),
            ],
        ),
    ])
    .await;
    let report = report(&desk.path(), &week(), now()).unwrap();
    let page = html(&report);
    assert!(
        !page.contains("<img") && !page.contains("</style></td>"),
        "{page}"
    );
    assert!(page.contains("&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;"));
    let text = markdown(&report);
    assert!(!text.contains("<img") && !text.contains("[a]("), "{text}");
    for line in text
        .lines()
        .filter(|line| line.starts_with('|') && line.contains("img"))
    {
        let columns = line.replace("\\|", "").matches('|').count();
        assert!(columns == 11 || columns == 12, "{columns}: {line}");
    }
    let table = csv(&report);
    assert!(
        !table.contains(",=cmd") && table.contains("'=cmd|' /C calc'!A0"),
        "{table}"
    );
    assert!(table.contains("\"'@x,\"\"y\"\"\""), "{table}");
}
