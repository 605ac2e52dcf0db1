//! Every style against a scripted network. Time is paused.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::testing::{Reply, Scripted, broken, client, query, reply};

fn rows(page: &Page) -> Vec<String> {
    page.rows()
        .iter()
        .map(|row| String::from_utf8(row.to_vec()).unwrap())
        .collect()
}

/// Everything that the pages hold, and the state that each gave.
async fn all(mut pages: Pages) -> Result<(Vec<String>, Vec<Option<PageState>>), CallError> {
    let (mut found, mut states) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await? {
        found.extend(rows(&page));
        states.push(page.next.clone());
    }
    assert!(pages.next().await?.is_none(), "an ended list stays ended");
    Ok((found, states))
}

fn list(rows: std::ops::Range<u32>, rest: &str) -> Reply {
    let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
    reply(
        200,
        format!(r#"{{"type":"list","data":[{}]{rest}}}"#, rows.join(",")),
    )
}

fn numbers(rows: std::ops::Range<u32>) -> Vec<String> {
    rows.map(|row| row.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_style_reaches_the_end_and_resumes_from_each_page() {
    let cursor = |to: &str| format!(r#","pages":{{"next":{{"starting_after":"{to}"}}}}"#);
    let replies = || {
        vec![
            (
                "test.cursor",
                vec![
                    list(0..2, &cursor("a")),
                    list(2..4, &cursor("b")),
                    list(4..5, r#","pages":{}"#),
                ],
            ),
            (
                "test.search",
                vec![list(0..2, &cursor("a")), list(2..4, &cursor("b")), list(4..5, "")],
            ),
            (
                "test.offset",
                vec![
                    list(
                        0..2,
                        r#","pages":{"next":"http://x/?page=2","per_page":2,"total_pages":3}"#,
                    ),
                    list(2..4, r#","pages":{"next":null,"per_page":2,"total_pages":3}"#),
                    list(4..5, r#","pages":{"next":null,"per_page":2,"total_pages":3}"#),
                ],
            ),
            (
                "test.offset_body",
                vec![
                    list(0..2, r#","total_count":5,"per_page":2"#),
                    list(2..4, r#","total_count":5,"per_page":2"#),
                    list(4..5, r#","total_count":5,"per_page":2"#),
                ],
            ),
            (
                "test.scroll",
                vec![
                    list(0..2, r#","scroll_param":"s1","pages":null"#),
                    list(2..5, r#","scroll_param":"s1","pages":null"#),
                    list(0..0, r#","scroll_param":"s2","pages":null"#),
                ],
            ),
            (
                "test.next_cursor",
                vec![
                    list(0..2, r#","next_cursor":"a","has_more":true"#),
                    list(2..4, r#","next_cursor":"b","has_more":true"#),
                    list(4..5, r#","next_cursor":"c","has_more":false"#),
                ],
            ),
            (
                "test.next_url",
                vec![
                    list(0..2, r#","pages":{"next":"http://127.0.0.1:1/events?p=2"}"#),
                    list(2..4, r#","pages":{"next":"http://127.0.0.1:1/events?p=3"}"#),
                    list(4..5, ""),
                ],
            ),
            ("test.whole", vec![reply(200, "[0,1,2,3,4]")]),
            ("test.get", vec![reply(200, r#" {"id":"1"} "#)]),
        ]
    };
    for (index, (id, answers)) in replies().into_iter().enumerate() {
        let call = || {
            if id == "test.get" {
                Call::new(id).path("id", "1")
            } else {
                Call::new(id)
            }
        };
        let network = Scripted::replies(answers);
        let (found, states) = all(client(&network).pages(call(), None)).await.unwrap();
        let expected = if id == "test.get" {
            vec![r#"{"id":"1"}"#.to_owned()]
        } else {
            numbers(0..5)
        };
        assert_eq!(found, expected, "{id}: {:?}", network.targets());
        let sent = network.targets();
        for (done, state) in states.into_iter().enumerate() {
            let Some(state) = state else { continue };
            let kept = serde_json::to_string(&state).unwrap();
            let state: PageState = serde_json::from_str(&kept).unwrap();
            let rest = replies().swap_remove(index).1.split_off(done + 1);
            let network = Scripted::replies(rest);
            all(client(&network).pages(call(), Some(state))).await.unwrap();
            assert_eq!(network.targets(), sent[done + 1..], "{id} resumed from {kept}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_style_asks_where_the_api_listens() {
    let network = Scripted::replies(vec![
        list(0..1, r#","pages":{"next":{"starting_after":"a"}}"#),
        list(1..2, ""),
        list(0..1, r#","pages":{"next":{"starting_after":"a b"}}"#),
        list(1..2, ""),
    ]);
    let client = client(&network);
    let search = Call::new("test.search").body(json!({"query": {"field": "x"}}));
    all(client.pages(search, None)).await.unwrap();
    all(client
        .pages(Call::new("test.cursor").query("order", "asc"), None)
        .with_per_page(40))
    .await
    .unwrap();
    let requests = network.requests();
    let body = |index: usize| serde_json::from_slice::<serde_json::Value>(requests[index].body()).unwrap();
    assert_eq!(
        body(0),
        json!({"query": {"field": "x"}, "pagination": {"per_page": 150}})
    );
    assert_eq!(
        body(1)["pagination"],
        json!({"per_page": 150, "starting_after": "a"})
    );
    assert_eq!(
        network.targets()[2..],
        [
            "/cursor?order=asc&per_page=40",
            "/cursor?order=asc&per_page=40&starting_after=a%20b"
        ]
    );
}

/// A numbered list of 100 rows that fails on pages above some size until told otherwise.
fn numbered(limit: Arc<std::sync::Mutex<u64>>) -> Arc<Scripted> {
    Scripted::new(move |request| {
        let number = |name| query(request.uri(), name).unwrap().parse::<u64>().unwrap();
        let (page, size) = (number("page"), number("per_page"));
        if size > *limit.lock().unwrap() {
            return reply(502, "<html>");
        }
        let (from, to) = (((page - 1) * size).min(100), (page * size).min(100));
        let pages = format!(
            r#","pages":{{"page":{page},"per_page":{size},"total_pages":{}}}"#,
            100_u64.div_ceil(size)
        );
        list(u32::try_from(from).unwrap()..u32::try_from(to).unwrap(), &pages)
    })
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_big_is_halved_and_grows_again_without_a_gap() {
    let limit = Arc::new(std::sync::Mutex::new(6));
    let network = numbered(Arc::clone(&limit));
    let mut pages = client(&network).pages(Call::new("test.offset"), None);
    let mut found = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        found.extend(rows(&page));
        *limit.lock().unwrap() = 1_000;
    }
    assert_eq!(found, numbers(0..100));
    let sizes: Vec<String> = network
        .requests()
        .iter()
        .map(|request| query(request.uri(), "per_page").unwrap())
        .collect();
    assert_eq!(sizes[..3], ["20", "10", "5"]);
    assert!(
        sizes.contains(&"10".to_owned()) && sizes.iter().skip(3).any(|size| size == "10"),
        "{sizes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_stays_down_is_an_error_after_bounded_attempts() {
    let network = Scripted::new(|_| reply(504, ""));
    let error = all(client(&network).pages(Call::new("test.search"), None))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Server, Some(504)));
    assert_eq!(network.targets().len(), 5 + 8);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_in_circles_is_an_error() {
    let network = Scripted::new(|_| list(0..1, r#","pages":{"next":{"starting_after":"a"}}"#));
    let error = all(client(&network).pages(Call::new("test.cursor"), None))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadAnswer);

    let mut turn = 0;
    let network = Scripted::new(move |_| {
        turn += 1;
        list(
            0..1,
            &format!(
                r#","pages":{{"next":{{"starting_after":"{}"}}}}"#,
                ["a", "b", "c"][turn % 3]
            ),
        )
    });
    let error = all(client(&network).pages(Call::new("test.cursor"), None))
        .await
        .unwrap_err();
    assert!(error.message.contains("read already"), "{error}");

    let network = Scripted::new(|_| list(0..20, r#","pages":{"per_page":20,"total_pages":1000000}"#));
    let error = all(client(&network).pages(Call::new("test.offset"), None))
        .await
        .unwrap_err();
    assert!(error.message.contains("same as the page before"), "{error}");

    // A list that ignores page numbers and tells no counts is whole at once.
    let network = Scripted::new(|_| list(0..20, ""));
    let (found, _) = all(client(&network).pages(Call::new("test.offset"), None))
        .await
        .unwrap();
    assert_eq!(found.len() % 20, 0);
    assert!(network.targets().len() <= 2);
}

#[tokio::test(start_paused = true)]
async fn an_open_scroll_is_waited_for_and_not_for_ever() {
    let busy = || {
        reply(
            400,
            r#"{"type":"error.list","errors":[{"code":"scroll_exists","message":"scroll already exists"}]}"#,
        )
    };
    let network = Scripted::replies(vec![busy(), busy(), busy(), list(0..0, r#","scroll_param":"s""#)]);
    let (found, _) = all(client(&network).pages(Call::new("test.scroll"), None))
        .await
        .unwrap();
    assert!(found.is_empty());

    let network = Scripted::new(move |_| busy());
    let error = all(client(&network).pages(Call::new("test.scroll"), None))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ScrollBusy);
    assert!(
        error.elapsed > Duration::from_secs(80) && error.elapsed <= SCROLL_PATIENCE,
        "{:?}",
        error.elapsed
    );
}

#[tokio::test(start_paused = true)]
async fn a_scroll_page_is_never_asked_for_twice() {
    for failure in [
        reply(404, "{}"),
        reply(500, ""),
        reply(502, ""),
        broken(),
        reply(200, ""),
        reply(200, r#"{"type":"list"}"#),
    ] {
        let shown = format!("{failure:?}");
        let network = Scripted::replies(vec![list(0..1, r#","scroll_param":"s1""#), failure]);
        let mut pages = client(&network).pages(Call::new("test.scroll"), None);
        pages.next().await.unwrap().unwrap();
        let error = pages.next().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ScrollLost, "{shown}");
        assert_eq!(
            network.targets(),
            ["/scroll", "/scroll?scroll_param=s1"],
            "{shown}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_page_is_asked_for_again_and_a_foreign_one_is_not_followed() {
    let network = Scripted::replies(vec![
        reply(200, ""),
        reply(200, "<p>"),
        reply(200, r#"{"type":"list"}"#),
        list(0..1, ""),
    ]);
    let mut pages = client(&network).pages(Call::new("test.whole"), None);
    assert_eq!(pages.next().await.unwrap().unwrap().requests, 4);

    let network = Scripted::replies(vec![list(
        0..1,
        r#","pages":{"next":"https://evil.example/events"}"#,
    )]);
    let mut pages = client(&network).pages(Call::new("test.next_url"), None);
    pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap_err();
    assert!(
        error.kind == ErrorKind::BadAnswer && error.message.contains("evil.example"),
        "{error}"
    );
    assert_eq!(network.targets().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_state_of_another_style_is_refused() {
    let state: PageState = serde_json::from_str(r#"{"v":1,"page":3}"#).unwrap();
    let network = Scripted::replies(vec![]);
    let error = client(&network)
        .pages(Call::new("test.cursor"), Some(state))
        .next()
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadCall);
    assert!(error.message.contains("a page number"), "{error}");
}
