//! Every envelope that was seen, and bodies that are none.

use super::*;

fn read(body: &'static str) -> Result<List, String> {
    List::read(&Bytes::from_static(body.as_bytes()))
}

#[test]
fn rows_are_found_wherever_the_api_puts_them() {
    for (body, rows) in [
        (
            r#"{"type":"list","data":[{"id":"1"},{"id":"2"}]}"#,
            vec![r#"{"id":"1"}"#, r#"{"id":"2"}"#],
        ),
        (
            r#"{"conversations":[{"a":[1, 2]}],"total_count":1}"#,
            vec![r#"{"a":[1, 2]}"#],
        ),
        (r#"{"data":{"articles":[1],"highlights":[2]}}"#, vec!["1"]),
        (
            r#"{"type":"x","odd_things":[1,"two",null]}"#,
            vec!["1", "\"two\"", "null"],
        ),
        (r#"{"warnings":[9],"tickets":[1]}"#, vec!["1"]),
        (r" [ {} , 3 ] ", vec!["{}", "3"]),
        (r#"{"data":[]}"#, vec![]),
        // One company, where a list of companies was asked for one of them.
        (
            r#"{"type":"company","id":"1","tags":{"tags":[{"id":"2"}]}}"#,
            vec![r#"{"type":"company","id":"1","tags":{"tags":[{"id":"2"}]}}"#],
        ),
    ] {
        let list = read(body).unwrap();
        let found: Vec<&str> = list
            .rows
            .iter()
            .map(|row| std::str::from_utf8(row).unwrap())
            .collect();
        assert_eq!(found, rows, "{body}");
    }
}

#[test]
fn rows_are_slices_of_the_body() {
    let body = Bytes::from_static(br#"{"data":[{"id":"1"}]}"#);
    let row = List::read(&body).unwrap().rows.remove(0);
    assert!(body.as_ptr_range().contains(&row.as_ptr()));
}

#[test]
fn the_next_page_is_an_object_a_url_null_or_absent() {
    for (pages, next) in [
        (
            r#"{"next":{"page":2,"starting_after":"abc"}}"#,
            NextPage::Cursor("abc".to_owned()),
        ),
        (
            r#"{"next":{"starting_after":7}}"#,
            NextPage::Cursor("7".to_owned()),
        ),
        (r#"{"next":{"starting_after":null}}"#, NextPage::None),
        (r#"{"next":{"starting_after":""}}"#, NextPage::None),
        (r#"{"next":{}}"#, NextPage::None),
        (
            r#"{"next":"https://x/y?page=2"}"#,
            NextPage::Url("https://x/y?page=2".to_owned()),
        ),
        (r#"{"next":""}"#, NextPage::None),
        (r#"{"next":null}"#, NextPage::None),
        (r#"{"page":1}"#, NextPage::None),
        ("null", NextPage::None),
        ("[]", NextPage::None),
    ] {
        let body = Bytes::from(format!(r#"{{"data":[1],"pages":{pages}}}"#));
        assert_eq!(List::read(&body).unwrap().next, next, "{pages}");
    }
}

#[test]
fn counts_may_be_numbers_or_text_in_either_place() {
    let list =
        read(r#"{"data":[1],"total_count":"12","pages":{"total_pages":3,"per_page":"5","total_count":99}}"#)
            .unwrap();
    assert_eq!(
        (list.total_count, list.total_pages, list.per_page),
        (Some(12), Some(3), Some(5))
    );
    let flat = read(r#"{"data":[1],"total_count":2,"page":1,"per_page":50,"total_pages":1,"has_more":true}"#)
        .unwrap();
    assert_eq!(
        (flat.total_pages, flat.per_page, flat.has_more),
        (Some(1), Some(50), Some(true))
    );
    let odd = read(r#"{"data":[1],"total_count":null,"x":-1,"y":1.5,"z":{"w":[1]}}"#).unwrap();
    assert_eq!(odd.total_count, None);
}

#[test]
fn a_body_without_rows_is_an_error_with_a_reason() {
    for (body, words) in [
        ("", "not the JSON of a list"),
        ("<html>", "not the JSON of a list"),
        (r#"{"data":[{"id":"1"}"#, "not the JSON of a list"),
        (r#"{"data":[1]} trailing"#, "not the JSON of a list"),
        (r#"{"type":"list"}"#, "no rows"),
        (r#"{"data":null}"#, "no rows"),
        (r#"{"a":[1],"b":[2]}"#, "2 lists"),
        (r#"{"type":"error.list","errors":[{"code":"x"}]}"#, "is an error"),
        ("3", "no rows"),
    ] {
        let error = read(body).unwrap_err();
        assert!(error.contains(words), "{body}: {error}");
    }
    assert!(
        List::read(&Bytes::from_static(b"{\"data\":[\"\xff\"]}"))
            .unwrap_err()
            .contains("UTF-8")
    );
}
