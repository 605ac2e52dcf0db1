//! What expressions give, how they fail, and that nothing they do harms their caller.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CompileError, Expression, Input, Limits, MAX_DEPTH, MAX_STEPS, MAX_TEXT, RunError, RunFailure};

fn run(text: &str, input: Value) -> Result<Vec<Value>, RunError> {
    Expression::compile(text).unwrap().run(input, &Limits::default())
}

fn check(text: &str, input: Value, expected: &Value) {
    assert_eq!(run(text, input).map(Value::from).as_ref(), Ok(expected), "{text}");
}

#[test]
fn expressions_give_what_jq_gives() {
    let contact = json!({
        "id": "6723", "name": "Ada", "email": null, "created_at": 1_700_000_000,
        "tags": { "data": [{ "id": "1", "name": "vip" }, { "id": "2", "name": "beta" }] },
        "custom_attributes": { "plan": "pro", "seats": 12 },
    });
    for (text, expected) in [
        (".", json!([contact])),
        (".id, .name", json!(["6723", "Ada"])),
        (".email // \"none\"", json!(["none"])),
        (".nothing.at.all", json!([null])),
        (".tags.data[].name", json!(["vip", "beta"])),
        (".tags.data | map(.id) | join(\"+\")", json!(["1+2"])),
        (".tags.data[1:][0].name", json!(["beta"])),
        (".tags.data[-1].id", json!(["2"])),
        (
            "{id, plan: .custom_attributes.plan}",
            json!([{ "id": "6723", "plan": "pro" }]),
        ),
        (".custom_attributes | keys", json!([["plan", "seats"]])),
        (
            ".custom_attributes.seats / 4, .custom_attributes.seats / 5",
            json!([3, 2.4]),
        ),
        (".created_at | todate", json!(["2023-11-14T22:13:20Z"])),
        (".created_at | gmtime | mktime", json!([1_700_000_000])),
        (".created_at | strftime(\"%Y-%m-%d\")", json!(["2023-11-14"])),
        ("\"\\(.name) <\\(.email)>\"", json!(["Ada <null>"])),
        (
            ".custom_attributes.seats |= . + 1 | .custom_attributes.seats",
            json!([13]),
        ),
        (
            "del(.tags) | del(.custom_attributes.plan) | keys | length",
            json!([5]),
        ),
        (
            ".tags.data | map({(.name): .id}) | add",
            json!([{ "vip": "1", "beta": "2" }]),
        ),
        (
            "[.tags.data[] | select(.name | test(\"^v\")) | .id]",
            json!([["1"]]),
        ),
        ("try error({a: 1}) catch .a", json!([1])),
        (".id?, (.id | .x?), \"end\"", json!(["6723", "end"])),
        ("reduce range(5) as $i (0; . + $i)", json!([10])),
        ("[limit(3; repeat(1))]", json!([[1, 1, 1]])),
        (
            "[.tags.data[].name] | @csv, @tsv",
            json!(["\"vip\",\"beta\"", "vip\tbeta"]),
        ),
        (
            "[{name: \"a\", value: 1}, {key: null, value: 2}, {k: 3, v: false}] | from_entries",
            json!([{ "a": 1, "null": 2, "3": false }]),
        ),
        ("with_entries(select(.key == \"id\"))", json!([{ "id": "6723" }])),
        ("\"[1, {\\\"a\\\": 2.5}]\" | fromjson", json!([[1, { "a": 2.5 }]])),
        (
            ".tags.data[0] | tojson",
            json!(["{\"id\":\"1\",\"name\":\"vip\"}"]),
        ),
        ("\"12\" | tonumber", json!([12])),
        (
            "[3, 1, 2] | sort, min, max, (map(. * 2) | contains([4])), index(2)",
            json!([[1, 2, 3], 1, 3, true, 2]),
        ),
        (
            "\"héllo\" | .[1:3], length, utf8bytelength, ascii_upcase",
            json!(["él", 5, 6, "HéLLO"]),
        ),
        (
            "\"aXbX\" | gsub(\"X\"; \"-\"), split(\"X\"), indices(\"X\"), rtrimstr(\"X\")",
            json!(["a-b-", ["a", "b", ""], [1, 3], "aXb"]),
        ),
        (
            "[1, [2, [3]]] | flatten, (.. | numbers)",
            json!([[1, 2, 3], 1, 2, 3]),
        ),
        (
            "paths(type == \"number\")",
            json!([["created_at"], ["custom_attributes", "seats"]]),
        ),
        ("{a: {b: 1}} * {a: {c: 2}}", json!([{ "a": { "b": 1, "c": 2 } }])),
        (
            "null | .a.b |= 3, setpath([\"x\", \"y\"]; 1)",
            json!([{ "a": { "b": 3 } }, { "x": { "y": 1 } }]),
        ),
        (
            "[1, 2, 3, 4] | .[1:3] = [9], (.[1:3] |= map(. * 10)), del(.[0, 2])",
            json!([[1, 9, 4], [1, 20, 30, 4], [2, 4]]),
        ),
        (
            "[1, 2, 3, 2] - [2], ([[1, 2]] | inside([[1, 2, 3]])), ([1, 2] | has(1), has(2), has(-1))",
            json!([[1, 3], true, true, false, false]),
        ),
        (
            "[{a: 1, b: 2}, {a: 1, b: 3}] | group_by(.a) | map(length), (.[0] | unique_by(.a) | length)",
            json!([[2], 1]),
        ),
        ("nan, infinite, -infinite", json!([null, f64::MAX, f64::MIN])),
        ("empty", json!([])),
    ] {
        check(text, contact.clone(), &Value::from(vec![expected.clone()])[0]);
    }
}

#[test]
fn integers_of_64_bits_stay_what_they_are() {
    for number in [
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(9_007_199_254_740_993_u64),
        json!(-0.0),
        json!(1.0),
    ] {
        check(".", number.clone(), &json!([number]));
        check(".[0]", json!([number]), &json!([number]));
    }
    check(". + 1 - 1", json!(u64::MAX), &json!([u64::MAX]));
    check("tojson | fromjson", json!(u64::MAX), &json!([u64::MAX]));
    check("9223372036854775807", json!(null), &json!([i64::MAX]));
}

#[test]
fn variables_are_bound_by_name_at_every_run() {
    let expression =
        Expression::compile_with("[$now, $last_success, now]", &["now", "last_success"]).unwrap();
    let bind = |pairs: &[(&str, Value)]| -> BTreeMap<String, Value> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    for now in [1, 2] {
        let variables = bind(&[("last_success", json!("before")), ("now", json!(now))]);
        let outputs = expression.run_with(json!(null), &variables, &Limits::default());
        assert_eq!(outputs.unwrap(), [json!([now, "before", now])]);
    }
    for (pairs, missing) in [
        (
            &[("now", json!(1))][..],
            RunFailure::NoVariable("last_success".into()),
        ),
        (
            &[("now", json!(1)), ("last_success", json!(1)), ("x", json!(1))],
            RunFailure::StrangeVariable("x".into()),
        ),
    ] {
        let error = expression
            .run_with(json!(null), &bind(pairs), &Limits::default())
            .unwrap_err();
        assert_eq!((error.code(), error.failure), ("TL0804", missing));
    }
    for name in ["", "1a", "a-b", "$a", "ä"] {
        assert_eq!(
            Expression::compile_with(".", &[name]).unwrap_err().code(),
            "TL0804",
            "{name}"
        );
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, code, line, column, says) in [
        ("", "TL0801", 1, 1, "the end"),
        (".a |", "TL0801", 1, 5, "a value is expected"),
        (".a | | .b", "TL0801", 1, 6, "`|`"),
        ("map(.id", "TL0801", 1, 8, "`(` is never closed"),
        (".a\n| .b\n| {c: }", "TL0801", 3, 7, "a value is expected"),
        ("\"ünï\" & 1", "TL0801", 1, 7, "`&`"),
        (".a ]", "TL0801", 1, 4, "`]`"),
        ("if . then 1", "TL0801", 1, 12, "else or end"),
        ("mapp(.id)", "TL0802", 1, 1, "mapp/1"),
        ("1 + $x", "TL0802", 1, 5, "variable `$x`"),
        ("break $out", "TL0802", 1, 7, "label"),
        ("map(.; .)", "TL0802", 1, 1, "map/2"),
        (".a | halt", "TL0803", 1, 6, "end the whole process"),
        ("halt_error(1)", "TL0803", 1, 1, "end the whole process"),
        ("env.HOME", "TL0803", 1, 1, "secrets"),
        ("$ENV.PATH", "TL0803", 1, 1, "secrets"),
        ("[inputs]", "TL0803", 1, 2, "one value at a time"),
        ("input_filename", "TL0803", 1, 1, "one value at a time"),
        (".a | debug", "TL0803", 1, 6, "no output"),
        ("stderr", "TL0803", 1, 1, "no output"),
        ("now - 3600", "TL0803", 1, 1, "$now"),
        ("$now", "TL0803", 1, 1, "$now"),
        ("localtime", "TL0803", 1, 1, "time zone"),
        ("import \"secrets\" as s; .", "TL0803", 1, 9, "no files"),
        ("import \"/etc/passwd\" as $p; $p", "TL0803", 1, 9, "no files"),
        ("include \"x\"; .", "TL0803", 1, 10, "no files"),
    ] {
        let error = Expression::compile(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
        let (CompileError::Syntax { place, .. }
        | CompileError::Unknown { place, .. }
        | CompileError::LeftOut { place, .. }) = &error
        else {
            panic!("{text}: {error:?}")
        };
        assert_eq!((place.line, place.column), (line, column), "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    assert_eq!(
        Expression::compile(&" ".repeat(MAX_TEXT + 1)).unwrap_err().code(),
        "TL0801"
    );
}

#[test]
fn a_mark_stands_below_the_place() {
    let error = Expression::compile(".a\n| mapp(.b) | .c").unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("\n| mapp(.b) | .c\n  ^"), "{text}");
    let error = Expression::compile(&format!("{} | nope", ".aaaaaaaaa | ".repeat(40))).unwrap_err();
    assert!(error.to_string().lines().all(|line| line.len() <= 130), "{error}");
}

#[test]
fn a_failure_names_value_and_expression_and_keeps_what_came_before() {
    let error = run(".a, (.b | .c)", json!({ "a": 1, "b": [2] })).unwrap_err();
    assert_eq!(error.before, [json!(1)]);
    assert_eq!(
        error.to_string(),
        "the expression `.a, (.b | .c)` failed: cannot index [2] with \"c\", on {\"a\":1,\"b\":[2]}"
    );
    for (text, says) in [
        ("error(\"no plan\")", "failed: no plan,"),
        ("error({code: 7})", "failed: {\"code\":7},"),
        (".long | .x", "…"),
        ("{(1): 2}", "key of an object"),
        ("1 % 0", "cannot calculate 1 % 0"),
        ("\"{\" | fromjson", "is not JSON"),
        ("\"(\" | test(.)", "regex"),
    ] {
        let error = run(text, json!({ "long": "x".repeat(10_000) })).unwrap_err();
        assert_eq!(error.code(), "TL0805", "{text}");
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert!(error.to_string().len() < 600, "{text}: {error}");
    }
}

#[test]
fn what_does_not_end_is_ended() {
    let quick = Limits {
        steps: 100_000,
        memory: 16 << 20,
        outputs: 1_000,
        time: Duration::from_secs(60),
    };
    for (text, code) in [
        ("def f: f; f", "TL0807"),
        ("def f: 1 + f; f", "TL0808"),
        ("def f: [f]; f", "TL0808"),
        ("def f(g): f(g | g); f(.)", "TL0807"),
        ("[range(1e12)]", "TL0807"),
        ("[range(1; infinite)] | length", "TL0807"),
        ("[range(0; 1; 0)]", "TL0807"),
        ("last(range(1e15))", "TL0807"),
        ("[repeat(1)]", "TL0807"),
        ("repeat(.)", "TL0807"),
        ("until(false; .)", "TL0807"),
        ("[while(true; .)]", "TL0807"),
        ("[recurse(.)]", "TL0807"),
        ("\"x\" * 1e12", "TL0807"),
        ("reduce range(60) as $i (\"x\"; . + .)", "TL0807"),
        ("reduce range(60) as $i ([0]; . + .)", "TL0807"),
        ("reduce range(60) as $i (0; [., .])", "TL0807"),
        ("reduce range(60) as $i (0; [., .]) | tojson", "TL0807"),
        ("reduce range(60) as $i (0; [., .]) | . == .", "TL0807"),
        ("reduce range(60) as $i (0; {a: ., b: .}) | . * .", "TL0807"),
        ("reduce range(60) as $i (0; [., .]) | flatten", "TL0807"),
        ("reduce range(60) as $i (0; [., .]) | error", "TL0805"),
        ("reduce range(60) as $i (0; [., .]) | {(.): 1}", "TL0805"),
        ("reduce range(100000) as $i (2; . * .)", "TL0805"),
        ("reduce range(100000) as $i (0; [.])", "TL0808"),
        ("reduce range(100000) as $i (0; {a: .})", "TL0808"),
        ("reduce range(100000) as $i ({}; .a = .)", "TL0808"),
        ("(\"[\" * 100000) | fromjson", "TL0805"),
        ("[limit(100000; repeat(\"a\"))] as $p | setpath($p; 1)", "TL0807"),
        ("null | last(path(limit(30000; recurse(.a)))) | length", "TL0807"),
        (
            "def f(g; $n): if $n == 0 then g else f(g | . + 1; $n - 1) end; 0 | f(.; 10000)",
            "TL0807",
        ),
        ("combinations(30)", "TL0807"),
        (
            "[limit(100; repeat(\"ab\"))] | add * 1000 | [match(\"(a|b)*\"; \"g\")] | length | range(. * 1e9)",
            "TL0807",
        ),
    ] {
        let input = json!([[0, 1, 2, 3], [4, 5]]);
        let error = Expression::compile(text).unwrap().run(input, &quick).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
    }
    // The next one runs on the same threads.
    check(".", json!(1), &json!([1]));
}

#[test]
fn a_run_that_takes_too_long_is_left_behind() {
    let limits = Limits {
        time: Duration::from_millis(50),
        steps: MAX_STEPS,
        ..Limits::default()
    };
    let slow = "[range(3000)] as $a | [$a[] | . as $x | $a | map(select(. == $x))] | length";
    let error = Expression::compile(slow)
        .unwrap()
        .run(json!(null), &limits)
        .unwrap_err();
    assert_eq!(
        (error.code(), &error.failure),
        ("TL0806", &RunFailure::Late(limits.time))
    );
}

#[test]
fn what_many_steps_leave_behind_can_be_dropped() {
    let limits = Limits {
        steps: 400_000,
        time: Duration::from_secs(120),
        ..Limits::default()
    };
    let names: Vec<String> = (0..50).map(|n| format!("g{n}")).collect();
    let many = format!(
        "def f({0}): f({0}); f({1})",
        names.join("; "),
        [". + 1"; 50].join("; ")
    );
    for text in [
        "path(recurse(.a) | select(0 == 1))",
        "def f(g): f(g | . + 1); f(.)",
        "def f(g): def h(k): f(k | .); h(g); f(.)",
        "def f(g; $x): if g then f([g]; $x) else . end; f(1; 2)",
        "def f($x): f([1]); f(0)",
        "def f: . as $x | f; f",
        "def f: label $x | f; f",
        "def f: try f catch .; f",
        "def f: (., f); [f]",
        &many,
    ] {
        let error = Expression::compile(text)
            .unwrap()
            .run(json!(null), &limits)
            .unwrap_err();
        assert!(["TL0807", "TL0808"].contains(&error.code()), "{text}: {error}");
    }
}

#[test]
fn functions_that_call_themselves_with_filters_do_what_they_did() {
    let input = json!({ "a": [1, { "b": 2 }], "c": 3 });
    let walk = "def walk(f): . as $in | if type == \"object\" then reduce keys[] as $key ({}; . + { ($key): ($in[$key] | \
                walk(f)) }) | f elif type == \"array\" then map(walk(f)) | f else f end;";
    for (text, expected) in [
        (
            format!("{walk} walk(if type == \"number\" then . + 1 else . end)"),
            json!({ "a": [2, { "b": 3 }], "c": 4 }),
        ),
        ("def up(f): .., f; [up(.c)] | length".to_owned(), json!(7)),
        (
            "def f(g): if . > 3 then . else (. + 1 | f(g)) end; .c | [path(f(.))]?".to_owned(),
            json!(null),
        ),
        (
            "def down(f): if type == \"object\" then .a | down(f) else . end; path(down(.))".to_owned(),
            json!(["a"]),
        ),
        (
            "def down(f): if type == \"object\" then .a | down(f) else . end; down(.) |= length".to_owned(),
            json!({ "a": 2, "c": 3 }),
        ),
    ] {
        let outputs = Expression::compile(&text)
            .unwrap()
            .run(input.clone(), &Limits::default())
            .unwrap();
        assert_eq!(outputs.first().cloned().unwrap_or_default(), expected, "{text}");
    }
    let error = Expression::compile("def f(g): f(nope); f(.)").unwrap_err();
    assert_eq!(error.code(), "TL0802", "{error}");
}

#[test]
fn texts_that_nest_as_deep_as_they_can_be_written_are_survived() {
    for (before, middle, after) in [
        ("(", ".", ")"),
        ("[", "", "]"),
        ("-", "1", ""),
        ("{a:", "1", "}"),
        ("\"\\(", "1", ")\""),
        ("try ", ".", ""),
        ("if . then ", ".", " else . end"),
        (". as $x|", ".", ""),
        (".|", ".", ""),
        (".+", ".", ""),
        (".//", ".", ""),
        ("def f:", ".", ";."),
        ("def f(g): ", "1", "; f(1)"),
        ("map(", ".", ")"),
        ("label $x|", ".", ""),
        ("reduce . as [$x] (", ".", ";.)"),
        (". as [", "$x", "]|."),
        (".[", "0", "]"),
        ("..", "", ""),
        ("(", "", ""),
        ("", "", "[]?"),
    ] {
        let times = (MAX_TEXT - middle.len()) / (before.len() + after.len());
        let text = format!("{}{middle}{}", before.repeat(times), after.repeat(times));
        if let Ok(expression) = Expression::compile(&text) {
            // Whatever it gives.
            let _ = expression.run(json!(1), &Limits::default());
        }
    }
}

#[test]
fn a_value_is_taken_as_deep_as_it_may_be_and_no_deeper() {
    let deep = |depth: usize| (0..depth).fold(json!(1), |value, _| json!([value]));
    check(".", deep(MAX_DEPTH), &json!([deep(MAX_DEPTH)]));
    let error = run(".", deep(MAX_DEPTH + 2)).unwrap_err();
    assert_eq!(error.code(), "TL0808", "{error}");
    // What is wrapped and unwrapped again does not become deeper by that.
    check(
        "reduce range(5000) as $i ({a: {b: 1}, c: [1]}; {a: {b: .c}, c: .c}) | .c",
        json!(null),
        &json!([[1]]),
    );
}

#[test]
fn one_expression_serves_many_threads() {
    let expression = Expression::compile(".n * 2").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let expression = expression.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    let outputs = expression.run(json!({ "n": n + thread }), &Limits::default());
                    assert_eq!(outputs.unwrap(), [json!((n + thread) * 2)]);
                }
            });
        }
    });
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Texts that look like expressions more often than chance would make them.
fn any_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        ".",
        "..",
        ".a",
        ".[0]",
        "[]",
        "|",
        ",",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\(",
        "$x",
        "$",
        "as",
        "def f:",
        ";",
        "f",
        "if",
        "then",
        "else",
        "end",
        "try",
        "catch",
        "reduce",
        "foreach",
        "label $x",
        "break $x",
        "1",
        "1e999",
        "-",
        "+",
        "*",
        "/",
        "//",
        "%",
        "==",
        "<",
        "and",
        "or",
        "not",
        "|=",
        "=",
        "?",
        "@csv",
        "@json \"",
        "map",
        "select",
        "range",
        "length",
        "keys",
        "sort",
        "add",
        "test(\"a\")",
        "tojson",
        "fromjson",
        "path",
        "limit(3;",
        "first",
        "import \"a\" as a;",
        "#",
        "\n",
        "é",
        "\u{0}",
        ":",
        "recurse",
        "env",
        "halt",
        "input",
        "null",
        "true",
        "\"a\"",
        "splits",
        "ltrimstr",
        "strptime",
        "implode",
    ]);
    prop_oneof![
        prop::collection::vec(words, 0..14).prop_map(|words| words.join(" ")),
        any::<String>(),
    ]
}

static IDENTITIES: LazyLock<Vec<Expression>> = LazyLock::new(|| {
    [".", "[.][0]", "{a: .} | .a", ". as $x | $x", "[.] | map(.) | .[]"]
        .iter()
        .map(|text| Expression::compile(text).unwrap())
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn identity_keeps_every_value(value in any_json()) {
        for expression in IDENTITIES.iter() {
            let outputs = expression.run(value.clone(), &Limits::default()).unwrap();
            prop_assert_eq!(outputs, [value.clone()], "{}", expression.text());
        }
    }

    #[test]
    fn no_text_and_no_value_makes_it_panic(text in any_text(), value in any_json()) {
        let limits = Limits { steps: 20_000, memory: 8 << 20, outputs: 100, time: Duration::from_secs(60) };
        match Expression::compile(&text) {
            Ok(expression) => {
                if let Err(error) = expression.run(value, &limits) {
                    prop_assert_ne!(error.code(), "TL0809", "{}", error);
                }
            }
            Err(error) => prop_assert_ne!(error.code(), "TL0809", "{}", error),
        }
    }

    #[test]
    fn functions_take_whatever_they_are_given(
        function in prop::sample::select(vec![
            "length", "keys", "values", "add", "sort", "unique", "reverse", "tojson", "tostring", "tonumber", "ascii_downcase",
            "explode | implode", "todate", "fromdate", "gmtime | mktime", "floor", "abs", "round", "-.", "to_entries", "from_entries", "flatten",
            ".[0]", ".[-1]", ".[1:]", ".[:-1]", ".a", ".[]", "..", "min", "max", "group_by(.)", "unique_by(length)", "transpose",
            "@csv", "@tsv", "@html", "@uri", "@base64", "@base64d", "@sh", "@json", "@text", "ltrimstr(\"a\")", "split(\"a\")",
            "test(\"a\")", "[paths]", "del(.[0])", ".[0] = 1", ".a = 1", ".[0:1] = [1]", "map_values(.)", "walk(.)",
            "has(0)", "contains(.)", "indices(1)", "index(\"a\")", "bsearch(1)", "splits(\"a\")", "strftime(\"%Y\")", "strptime(\"%Y\")",
            ". * .", ". + .", ". - .", ". / .", ". % .", ". * 3", "range(.)", "limit(3; .[])", "tostream?", "implode", "any", "all", "not",
            "frexp", "ldexp(.; 2)", "scalbln(.; 3)", "significand", "logb", "pow(.; 2)", "getpath([\"a\"])", "input_line_number?", "trim",
        ]),
        value in any_json(),
    ) {
        if let Ok(expression) = Expression::compile(function) {
            let limits = Limits { steps: 200_000, ..Limits::default() };
            if let Err(error) = expression.run(value, &limits) {
                prop_assert_ne!(error.code(), "TL0809", "{}", error);
            }
        }
    }
}

#[test]
fn a_moment_that_no_calendar_has_is_refused() {
    for (text, said) in [
        ("-9223372036855 | gmtime", "no moment of the years"),
        ("9223372036855 | strftime(\"%Y\")", "no moment of the years"),
        ("nan | gmtime", "no moment"),
        ("[2026, 127, 1, 0, 0, 0, 0, 0] | mktime", "no month"),
        ("[2026, -1, 1, 0, 0, 0, 0, 0] | strftime(\"%Y\")", "no month"),
    ] {
        let error = Expression::compile(text)
            .unwrap()
            .run(Value::Null, &Limits::default())
            .unwrap_err();
        assert_ne!(error.code(), "TL0809", "{text}: {error}");
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
}

#[test]
fn many_are_run_as_if_each_were_alone() {
    let limits = Limits {
        time: Duration::from_millis(400),
        ..Limits::default()
    };
    let expression = Expression::compile_with(
        "if .bad == \"late\" then last(range(1e12)) elif .bad then error(\"no\") else .n + $plus, .n end",
        &["plus"],
    )
    .unwrap();
    let input = |value: Value| Input {
        value: value.into(),
        variables: vec![json!(10)],
    };
    let mut inputs: Vec<Input> = (0..50).map(|n| input(json!({ "n": n }))).collect();
    inputs[3] = input(json!({ "bad": true }));
    inputs[7] = input(json!({ "bad": "late" }));
    inputs[8] = input(json!({ "bad": "late" }));
    inputs[49] = input(json!({ "bad": "late" }));
    inputs[20].variables.clear();
    let made = expression.run_many(
        &Arc::new(inputs),
        &Limits {
            steps: MAX_STEPS,
            ..limits
        },
    );
    assert_eq!(made.len(), 50);
    for (n, made) in made.into_iter().enumerate() {
        match (n, made) {
            (3, Err(error)) => assert_eq!(error.failure, RunFailure::Failed("no".to_owned())),
            (7 | 8 | 49, Err(error)) => assert!(
                matches!(error.failure, RunFailure::Late(_) | RunFailure::Steps(_)),
                "{error}"
            ),
            (20, Err(error)) => assert_eq!(error.failure, RunFailure::NoVariable("plus".to_owned())),
            (n, made) => assert_eq!(made.unwrap(), [json!(n + 10), json!(n)]),
        }
    }
    assert!(expression.run_many(&Arc::default(), &limits).is_empty());
}
