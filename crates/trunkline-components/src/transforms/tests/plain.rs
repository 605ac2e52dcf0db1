//! What each transform makes of records, one after the other.

use serde_json::{Value, json};

use super::{check, flow, noon, records};

#[test]
fn filter_lets_through_what_holds() {
    let input = [
        json!({ "a": 1 }),
        json!({ "a": null }),
        json!({ "a": false }),
        json!({ "a": 0 }),
    ];
    check(
        "  - filter: .a",
        &input,
        Ok(vec![json!({ "a": 1 }), json!({ "a": 0 })]),
    );
    check("  - filter: empty", &input, Ok(vec![]));
    check(
        "  - filter: '$head.id == \"2\"'",
        &input,
        Ok(vec![json!({ "a": null })]),
    );
    check(
        "  - filter: '$now == 1795262400 and now == $now'",
        &input[..1],
        Ok(vec![json!({ "a": 1 })]),
    );
    check(
        "  - filter: '.a, .a'",
        &input[..1],
        Err(("TL0811", "gives 2 values")),
    );
    check("  - filter: .a.b", &input[..1], Err(("TL0811", "cannot index")));
}

#[test]
fn jq_makes_nothing_one_or_several() {
    let input = [json!({ "a": [1, 2], "b": 18446744073709551615_u64 })];
    check("  - jq: .a[]", &input, Ok(vec![json!(1), json!(2)]));
    check("  - jq: empty", &input, Ok(vec![]));
    check("  - jq: .b", &input, Ok(vec![json!(18446744073709551615_u64)]));
    check("  - jq: .", &input, Ok(input.to_vec()));
    check("  - jq: error(\"no\")", &input, Err(("TL0811", "failed: no")));
    check(
        "  - jq: '{id: $head.id, stream: $head.stream}'",
        &input,
        Ok(vec![json!({ "id": "1", "stream": "things" })]),
    );
}

#[test]
fn map_sets_renames_and_leaves_out() {
    let input = [json!({ "a": 1, "b": { "c": 2 }, "d": 3 })];
    for (settings, expected) in [
        (
            "{ set: { a: .d, d: .a } }",
            json!({ "a": 3, "b": { "c": 2 }, "d": 1 }),
        ),
        (
            "{ set: { e: .b.c, f: .nothing } }",
            json!({ "a": 1, "b": { "c": 2 }, "d": 3, "e": 2, "f": null }),
        ),
        (
            "{ rename: { a: d, d: a } }",
            json!({ "a": 3, "b": { "c": 2 }, "d": 1 }),
        ),
        (
            "{ rename: { nothing: x } }",
            json!({ "a": 1, "b": { "c": 2 }, "d": 3 }),
        ),
        ("{ remove: [a, nothing] }", json!({ "b": { "c": 2 }, "d": 3 })),
        ("{ keep: [a] }", json!({ "a": 1 })),
        (
            "{ set: { x: .a }, rename: { x: z }, keep: [z] }",
            json!({ "z": 1 }),
        ),
    ] {
        check(&format!("  - map: {settings}"), &input, Ok(vec![expected]));
    }
    check(
        "  - map: { keep: [a] }",
        &[json!([1])],
        Err(("TL0841", "no object")),
    );
    check(
        "  - map: { set: { a: .b.c.d.e } }",
        &[json!({ "b": 1 })],
        Err(("TL0811", "")),
    );
}

#[test]
fn route_takes_the_first_branch_that_holds() {
    let route = "  - route:
      branches:
        - { name: vip, when: .vip }
        - { name: loud, when: '.text | test(\"!\")' }
      otherwise: rest";
    let branch = |value: Value| {
        let flow = flow(route).unwrap();
        let applied = (flow.transforms)().apply(records(&[value]), noon());
        match applied.refused.first() {
            Some(refused) => refused.error.code.to_owned(),
            None => applied.records[0].head.branch.clone().unwrap_or_default(),
        }
    };
    for (value, expected) in [
        (json!({ "vip": true, "text": "hi!" }), "vip"),
        (json!({ "text": "hi!" }), "loud"),
        (json!({ "text": "hi" }), "rest"),
        // What is asked of it fails, and is not taken for a no.
        (json!({ "text": 3 }), "TL0811"),
    ] {
        assert_eq!(branch(value.clone()), expected, "{value}");
    }
}

#[test]
fn split_gives_each_item_what_it_is_told_of_the_whole() {
    let input = [json!({ "id": "7", "tags": { "tags": [{ "id": "1" }, { "id": "2", "of": "x" }] } })];
    for (settings, expected) in [
        (
            "{ list: tags.tags }",
            vec![json!({ "id": "1" }), json!({ "id": "2", "of": "x" })],
        ),
        (
            "{ list: tags.tags, with: { of: .id } }",
            vec![json!({ "id": "1", "of": "7" }), json!({ "id": "2", "of": "7" })],
        ),
        (
            "{ list: tags.tags, as: tag, with: { count: '.tags.tags | length' } }",
            vec![
                json!({ "tag": { "id": "1" }, "count": 2 }),
                json!({ "tag": { "id": "2", "of": "x" }, "count": 2 }),
            ],
        ),
        ("{ list: nothing.there }", vec![]),
        ("{ list: nothing.there, missing: leave }", input.to_vec()),
    ] {
        check(&format!("  - split: {settings}"), &input, Ok(expected));
    }
    let bad = |settings: &str, value: Value, message: &str| {
        check(
            &format!("  - split: {settings}"),
            &[value],
            Err(("TL0850", message)),
        );
    };
    bad("{ list: id }", json!({ "id": "7" }), "id is no list");
    bad("{ list: a, missing: fail }", json!({ "a": [] }), "no items in a");
    bad(
        "{ list: a, missing: fail }",
        json!({ "a": null }),
        "no items in a",
    );
    bad(
        "{ list: a, with: { b: .b } }",
        json!({ "a": [1] }),
        "is no object",
    );
    check(
        "  - split: { list: a, missing: leave }",
        &[json!({ "a": [] })],
        Ok(vec![json!({ "a": [] })]),
    );
    check(
        "  - split: { list: a }",
        &[json!({ "a": [1, "x"] })],
        Ok(vec![json!(1), json!("x")]),
    );
}

#[test]
fn what_comes_of_one_record_does_not_share_its_id() {
    for transforms in ["  - split: { list: a }", "  - jq: .a[]"] {
        let flow = flow(transforms).unwrap();
        let applied = (flow.transforms)().apply(records(&[json!({ "a": [1, 2] })]), noon());
        let ids: Vec<_> = applied
            .records
            .iter()
            .map(|record| record.head.id.as_deref())
            .collect();
        assert_eq!(ids, [Some("1/0"), Some("1/1")], "{transforms}");
    }
}

#[test]
fn dedupe_lets_the_first_of_each_key_through() {
    let input: Vec<Value> = ["a", "b", "a", "c", "b"]
        .iter()
        .map(|key| json!({ "k": key }))
        .collect();
    let of = |keys: &[&str]| keys.iter().map(|key| json!({ "k": key })).collect::<Vec<_>>();
    check("  - dedupe: { key: .k }", &input, Ok(of(&["a", "b", "c"])));
    // With room for one only neighbors are known.
    check(
        "  - dedupe: { key: .k, last: 1 }",
        &input,
        Ok(of(&["a", "b", "a", "c", "b"])),
    );
    check(
        "  - dedupe: { key: .k, last: 2 }",
        &input,
        Ok(of(&["a", "b", "c"])),
    );
    check("  - dedupe: { key: .nothing }", &input, Ok(input.clone()));
    check(
        "  - dedupe: { key: .k.x }",
        &input[..1],
        Err(("TL0811", "cannot index")),
    );
    // 1 and "1" are one key.
    check(
        "  - dedupe: { key: .k }",
        &[json!({ "k": 1 }), json!({ "k": "1" })],
        Ok(vec![json!({ "k": 1 })]),
    );
}

#[test]
fn mask_hides_what_is_personal() {
    let check = |settings: &str, value: Value, expected: Value| {
        check(&format!("  - mask: {settings}"), &[value], Ok(vec![expected]));
    };
    for (value, partial) in [
        (json!("ada@example.com"), json!("***@example.com")),
        (
            json!(" Ada <x@y>@mail.example.com "),
            json!("***@mail.example.com"),
        ),
        (json!("call ada@example.com or me@x then say hello"), json!("***")),
        (json!("@example.com"), json!("***")),
        (json!("ada@localhost"), json!("***")),
        (json!("+43 660 123-4567"), json!("***4567")),
        (json!("(0660) 1234567"), json!("***4567")),
        (json!("1234567"), json!("***")),
        (json!("born 1970-01-01 x"), json!("***")),
        (json!("Ada"), json!("***")),
        (json!(""), json!("***")),
        (json!(436601234567_u64), json!("***4567")),
        (json!(true), json!("***")),
        (json!(null), json!(null)),
        (
            json!(["ada@example.com", { "x": "Ada" }]),
            json!(["***@example.com", { "x": "***" }]),
        ),
    ] {
        check(
            "{ fields: { a: partial } }",
            json!({ "a": value }),
            json!({ "a": partial }),
        );
    }
    let whole = json!({ "email": "a@b.co", "list": [{ "Email": "c@d.co", "name": "Ada", "n": 1 }], "deep": { "x": { "email": null } } });
    for (settings, expected) in [
        (
            "{ fields: { email: remove, list.name: redact, deep: redact } }",
            json!({ "list": [{ "Email": "c@d.co", "name": "***", "n": 1 }], "deep": "***" }),
        ),
        (
            "{ names: { EMAIL: partial, name: remove }, text: '-' }",
            json!({ "email": "-@b.co", "list": [{ "Email": "-@d.co", "n": 1 }], "deep": { "x": { "email": null } } }),
        ),
        (
            "{ fields: { 'list[]': remove }, names: { x: remove, email: redact } }",
            json!({ "email": "***", "list": [], "deep": {} }),
        ),
        ("{ fields: { nothing.there: redact } }", whole.clone()),
    ] {
        check(settings, whole.clone(), expected);
    }
}

#[test]
fn hash_is_keyed_and_stable() {
    // HMAC-SHA-256 of the text with the key, reckoned by another program.
    const ADA: &str = "325c80065e87c61cfa29e5869cb20fb191a3fcfc3b7ee49caf5719444eacf35c";
    const SEVEN: &str = "025a5bfd70beeab00315731916cceced8e450f7802f89d04be7761c5d807dc9d";
    let value = json!({ "email": "ada@example.com", "other": [{ "Email": "ada@example.com", "n": 7 }], "none": null });
    for (settings, expected) in [
        (
            "{ fields: [email, other.n, none], key_env: HASH_KEY }",
            json!({ "email": ADA, "other": [{ "Email": "ada@example.com", "n": SEVEN }], "none": null }),
        ),
        (
            "{ names: [email], key_env: HASH_KEY }",
            json!({ "email": ADA, "other": [{ "Email": ADA, "n": 7 }], "none": null }),
        ),
    ] {
        check(
            &format!("  - hash: {settings}"),
            std::slice::from_ref(&value),
            Ok(vec![expected]),
        );
    }
    check(
        "  - hash: { fields: [a], normalize: true, key_env: HASH_KEY }",
        &[json!({ "a": [" ADA@Example.com\n", "ada@example.com"] })],
        Ok(vec![json!({ "a": [ADA, ADA] })]),
    );
    let hash = |name: &str| format!("  - hash: {{ fields: [a], key_env: {name} }}");
    check(
        &hash("NO_HASH_KEY"),
        &[json!({ "a": 1 })],
        Err(("TL0851", "NO_HASH_KEY is not set")),
    );
    check(
        &hash("SHORT_HASH_KEY"),
        &[json!({ "a": 1 })],
        Err(("TL0851", "too short")),
    );
}

#[test]
fn html_becomes_what_a_person_reads() {
    let article = "<h1>Tea</h1><p class=\"no-margin\">Warm &amp; <b>good</b>, see <a href=\"https://example.com/tea\">this</a>.</p>\
        <ul><li>green</li><li>black<ul><li>Assam</li></ul></li></ul><ol><li>boil</li><li>pour</li></ol>\
        <pre><code>let tea = \"hot\";\n  &lt;b&gt;</code></pre><p>Say <code>please</code><br>now</p><img src=\"https://example.com/t.png\" alt=\"A cup\">";
    let check = |to: &str, html: &str, expected: &str| {
        let transforms = format!("  - html: {{ fields: [parts.body], to: {to} }}");
        let value = json!({ "parts": [{ "body": html }, { "body": null }, { "body": 3 }, {}] });
        let given = json!({ "parts": [{ "body": expected }, { "body": null }, { "body": 3 }, {}] });
        check(&transforms, &[value], Ok(vec![given]));
    };
    check(
        "text",
        article,
        "Tea\nWarm & good, see this.\ngreen\nblack\nAssam\nboil\npour\nlet tea = \"hot\"; <b>\nSay please\nnow",
    );
    check(
        "markdown",
        article,
        "# Tea\n\nWarm & **good**, see [this](https://example.com/tea).\n\n- green\n- black\n  - Assam\n\n1. boil\n2. pour\n\n```\nlet tea = \"hot\";\n  <b>\n```\n\nSay `please`  \nnow\n\n![A cup](https://example.com/t.png)",
    );
    for (html, markdown) in [
        ("", ""),
        ("plain", "plain"),
        ("<p>a *star* and _line_</p>", "a \\*star\\* and \\_line\\_"),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "| a | b |\n| - | - |\n| 1 | 2 |",
        ),
        ("<p>unclosed <b>bold", "unclosed **bold**"),
        (
            "<script>alert(1)</script><style>p{}</style><iframe src=\"https://x\"></iframe>ok",
            "ok",
        ),
    ] {
        check("markdown", html, markdown);
    }
}
