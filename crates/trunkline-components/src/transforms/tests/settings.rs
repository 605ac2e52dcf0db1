//! Settings that are wrong: each has its place and a remedy.

use super::flow;

#[test]
fn each_mistake_in_settings_has_its_place_and_a_remedy() {
    let check = |transforms: &str, line: u64, column: u64, message: &str, advice: &str| {
        let Err(mistakes) = flow(transforms) else {
            panic!("{transforms}\nis accepted")
        };
        let [mistake] = mistakes.as_slice() else {
            panic!("{transforms}\n{mistakes:#?}");
        };
        let spot = (mistake.spot.line, mistake.spot.column);
        assert_eq!(spot, (line, column), "{transforms}\n{mistake:#?}");
        assert!(mistake.message.contains(message), "{transforms}\n{mistake:#?}");
        assert!(mistake.advice.contains(advice), "{transforms}\n{mistake:#?}");
    };
    // The list begins in line 4.
    for (transforms, line, column, message, advice) in [
        ("  - filter: '.a |'", 4, 13, "this is no expression", "Mend"),
        ("  - filter: { when: .a }", 4, 13, "invalid type: map", "Mend"),
        ("  - filter", 4, 5, "invalid type: map", "Mend"),
        ("  - jq: nosuch(.a)", 4, 9, "no function `nosuch/1`", "Mend"),
        ("  - jq: halt", 4, 9, "`halt` is left out here", "Mend"),
        ("  - jq: env.PATH", 4, 9, "the environment holds secrets", "Mend"),
        (
            "  - jq: '$ENV.PATH'",
            4,
            9,
            "the environment holds secrets",
            "Mend",
        ),
        ("  - jq: '[inputs]'", 4, 9, "sees one value at a time", "Mend"),
        ("  - jq: 'include \"a\"; .'", 4, 9, "reads no files", "Mend"),
        ("  - map: { sett: { a: .b } }", 4, 12, "no key sett", "set?"),
        (
            "  - map:\n      set:\n        a: '1 +'",
            6,
            12,
            "this is no expression",
            "Mend",
        ),
        ("  - map: { remove: a }", 4, 20, "invalid type: string", "Mend"),
        (
            "  - route: { branches: [] }",
            4,
            12,
            "a route needs branches",
            "Add one",
        ),
        ("  - route: {}", 4, 12, "missing field `branches`", "Mend"),
        (
            "  - route:\n      branches:\n        - { name: a, wen: .b }",
            6,
            22,
            "no key wen",
            "when?",
        ),
        ("  - split: { list: 'a[0]' }", 4, 20, "no way to a field", "Mend"),
        ("  - split: {}", 4, 12, "missing field `list`", "Mend"),
        (
            "  - split: { list: a, missing: skip }",
            4,
            32,
            "skip is not known",
            "drop",
        ),
        ("  - dedupe: { last: 5 }", 4, 13, "missing field `key`", "Mend"),
        (
            "  - dedupe: { key: .id, last: 0 }",
            4,
            31,
            "last is from 1 to 1000000",
            "between",
        ),
        (
            "  - dedupe: { key: .id, within: soon }",
            4,
            33,
            "no length of time",
            "Mend",
        ),
        (
            "  - batch: { size: 5000 }",
            4,
            20,
            "size is from 1 to 1000",
            "between",
        ),
        (
            "  - window: { every: 10ms }",
            4,
            22,
            "at least a second",
            "longer",
        ),
        ("  - window: {}", 4, 13, "missing field `every`", "Mend"),
        (
            "  - window: { every: 1d, time_zone: Mars/Base }",
            4,
            37,
            "no time zone Mars/Base",
            "Europe/Dublin",
        ),
        (
            "  - mask: {}",
            4,
            11,
            "nothing under fields or names",
            "Add `fields:`",
        ),
        (
            "  - mask: { fields: {} }",
            4,
            11,
            "nothing under fields or names",
            "Add",
        ),
        (
            "  - mask: { names: { email: hide } }",
            4,
            29,
            "hide is not known",
            "partial",
        ),
        (
            "  - mask: { fields: { 'a..b': redact } }",
            4,
            31,
            "no way to a field",
            "Mend",
        ),
        (
            "  - hash: { fields: [email] }",
            4,
            11,
            "missing field `key_env`",
            "Mend",
        ),
        (
            "  - hash: { fields: [email], key_env: 'a secret!' }",
            4,
            39,
            "not the key itself",
            "name",
        ),
        (
            "  - hash: { fields: [email], key_env: INTERCOM_TOKEN }",
            4,
            39,
            "INTERCOM_TOKEN is no key to hash with",
            "HASH_KEY",
        ),
        (
            "  - hash: { key_env: HASH_KEY }",
            4,
            11,
            "nothing under fields or names",
            "Add",
        ),
        ("  - html: { fields: [] }", 4, 11, "nothing under fields", "Add"),
        (
            "  - html: { fields: [body], to: pdf }",
            4,
            33,
            "pdf is not known",
            "markdown",
        ),
        (
            "  - enrich: { into: a }",
            4,
            13,
            "nothing under operation or mirror",
            "Add",
        ),
        (
            "  - enrich: { into: a, operation: contacts.get, with: { idd: .id } }",
            4,
            57,
            "has no field idd",
            "id?",
        ),
        (
            "  - enrich: { into: a, operation: contacts.delete }",
            4,
            35,
            "changes the workspace",
            "destination",
        ),
        (
            "  - enrich: { into: a, operation: contacts.gt }",
            4,
            35,
            "contacts.gt",
            "",
        ),
        (
            "  - enrich: { into: a, mirror: { file: m.db, table: t, key: .a }, with: { id: .id } }",
            4,
            73,
            "with is for an operation",
            "Leave it out",
        ),
        (
            "  - enrich: { into: a, operation: contacts.get, mirror: { file: m.db, table: t, key: .a } }",
            4,
            13,
            "not from both",
            "two",
        ),
        (
            "  - enrich: { into: a, operation: contacts.get, concurrency: 0 }",
            4,
            62,
            "concurrency is from 1 to 64",
            "between",
        ),
    ] {
        check(transforms, line, column, message, advice);
    }
}
