//! `enrich` by a mirror's file, and what of it by an operation shows without a network.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{check, check_flow, flow_at, site};

/// A file like a mirror's.
pub(super) fn mirror(folder: &std::path::Path) {
    let file = Connection::open(folder.join("mirror.db")).unwrap();
    file.execute_batch(
        "CREATE TABLE contacts (id TEXT PRIMARY KEY, email TEXT, record TEXT, _deleted_at TEXT);
         INSERT INTO contacts VALUES ('1', 'ada@example.com', '{\"id\":\"1\",\"name\":\"Ada\",\"big\":18446744073709551615}', NULL);
         INSERT INTO contacts VALUES ('2', 'bob@example.com', '{\"id\":\"2\",\"name\":\"Bob\"}', '2026-01-01');
         CREATE TABLE plans (\"the \"\"id\" INTEGER PRIMARY KEY, price REAL, name TEXT);
         INSERT INTO plans VALUES (7, 9.5, 'small');",
    )
    .unwrap();
}

fn check_mirror(settings: &str, input: &[Value], expected: super::Expected<'_>) {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path());
    let transforms = format!("  - enrich: {settings}");
    let flow = flow_at(&transforms, &site(folder.path().to_path_buf()))
        .unwrap_or_else(|mistakes| panic!("{transforms}\n{mistakes:#?}"));
    check_flow(&flow, &transforms, input, expected);
}

#[test]
fn a_row_of_the_mirror_is_put_into_the_record() {
    let contacts = "file: mirror.db, table: contacts, key: .of";
    for (settings, of, expected) in [
        (
            format!("{{ into: c, mirror: {{ {contacts} }} }}"),
            json!("1"),
            Some(json!({ "id": "1", "name": "Ada", "big": 18446744073709551615_u64 })),
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts} }}, take: .name }}"),
            json!("1"),
            Some(json!("Ada")),
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts} }}, take: .nothing }}"),
            json!("1"),
            None,
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts}, columns: [email] }} }}"),
            json!("1"),
            Some(json!({ "email": "ada@example.com" })),
        ),
        // An id as a number finds one as text.
        (
            format!("{{ into: c, mirror: {{ {contacts} }}, take: .id }}"),
            json!(1),
            Some(json!("1")),
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts}, column: email }}, take: .id }}"),
            json!("ada@example.com"),
            Some(json!("1")),
        ),
        // Deleted, unknown, or nothing to look for.
        (
            format!("{{ into: c, mirror: {{ {contacts} }} }}"),
            json!("2"),
            None,
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts} }} }}"),
            json!("' OR 1=1 --"),
            None,
        ),
        (
            format!("{{ into: c, mirror: {{ {contacts} }} }}"),
            json!(null),
            None,
        ),
        (
            "{ into: c, mirror: { file: mirror.db, table: plans, column: 'the \"id', key: .of } }".to_owned(),
            json!("7"),
            Some(json!({ "the \"id": 7, "price": 9.5, "name": "small" })),
        ),
    ] {
        let mut value = json!({ "of": of });
        let input = [value.clone()];
        if let Some(expected) = expected {
            value["c"] = expected;
        }
        check_mirror(&settings, &input, Ok(vec![value]));
    }
}

#[test]
fn what_is_missing_is_left_dropped_or_a_dead_letter() {
    let settings = |missing: &str| {
        format!(
            "{{ into: c, mirror: {{ file: mirror.db, table: contacts, key: .of }}, take: .id, missing: {missing} }}"
        )
    };
    let input = [json!({ "of": "1" }), json!({ "of": "9" }), json!({})];
    let found = json!({ "of": "1", "c": "1" });
    check_mirror(
        &settings("leave"),
        &input,
        Ok(vec![found.clone(), input[1].clone(), input[2].clone()]),
    );
    check_mirror(&settings("drop"), &input, Ok(vec![found]));
    check_mirror(
        &settings("fail"),
        &input[1..2],
        Err(("TL0853", "nothing was found for this record's c")),
    );
    check_mirror(&settings("leave"), &[json!([1])], Err(("TL0811", "")));
}

#[test]
fn a_mirror_that_cannot_be_looked_in_says_why() {
    for (mirror, why) in [
        ("{ file: none.db, table: contacts, key: .of }", "no such file"),
        ("{ file: ., table: contacts, key: .of }", "no such file"),
        (
            "{ file: mirror.db, table: contact, key: .of }",
            "no table contact; did you mean contacts?",
        ),
        (
            "{ file: mirror.db, table: contacts, column: mail, key: .of }",
            "no column mail",
        ),
        (
            "{ file: mirror.db, table: contacts, columns: [emial], key: .of }",
            "did you mean email?",
        ),
        (
            "{ file: mirror.db, table: 'contacts; DROP TABLE contacts', key: .of }",
            "no table",
        ),
    ] {
        check_mirror(
            &format!("{{ into: c, mirror: {mirror} }}"),
            &[json!({ "of": "1" })],
            Err(("TL0855", why)),
        );
    }
}

#[test]
fn samples_are_not_asked_about_over_the_network() {
    check(
        "  - enrich: { into: c, operation: contacts.get, with: { id: .of } }",
        &[json!({ "of": "1" })],
        Err(("TL0854", "nobody to ask")),
    );
    // Nothing to ask is nothing to ask.
    check(
        "  - enrich: { into: c, operation: contacts.get, with: { id: .of } }",
        &[json!({})],
        Ok(vec![json!({})]),
    );
}
