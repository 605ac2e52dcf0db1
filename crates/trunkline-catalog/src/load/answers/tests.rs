//! Malformed lines are refused with their place; corrections correct; the embedded texts are whole.

use serde_json::{Value, json};

use super::{Sources, load};
use crate::{Catalog, Difference, FieldType, Version, Weight, answer::Answers};

const GOOD: Sources = Sources {
    answers: "method\tpath\tstatus\ttype\tnullable\tof\tfirst\tlast\n\
        DELETE\t/tags/{id}\t200\tnone\t0\t\t2.7\tPreview\n\
        GET\t/tags/{id}\t200\tobject\t0\ttag\t2.7\tPreview\n",
    shapes: "shape\tfield\ttype\trequired\tnullable\tenum\tof\tfirst\tlast\n\
        user\tid\tstring\t1\t0\t\t\t2.7\tPreview\n\
        user\ttype\tstring\t1\t0\tuser\t\t2.7\tPreview\n\
        team\tid\tinteger\t1\t0\t\t\t2.7\tPreview\n\
        team\ttype\tstring\t1\t0\tteam\t\t2.7\tPreview\n\
        tag\tby\tobject\t0\t1\t\tteam|user\t2.7\tPreview\n\
        tag\tkeys\tobject\t0\t0\t\t\t2.7\tPreview\n\
        tag\tkeys.*\tstring|integer\t0\t0\t\t\t2.7\tPreview\n\
        tag\tlist\tarray\t0\t0\t\t\t2.10\tPreview\n\
        tag\tlist[]\tobject\t0\t0\t\t\t2.10\tPreview\n\
        tag\tlist[].size\tinteger\t1\t0\t\t\t2.10\tPreview\n\
        tag\tname\tstring\t1\t0\t\t\t2.7\t2.15\n\
        tag\tname\tstring\t0\t1\t\t\t2.16\tPreview\n",
    corrections: "shape\tfield\tchange\tvalue\tfirst\tlast\twhy\n",
};

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn good_with(corrections: &str) -> Sources {
    Sources {
        corrections: leak(format!("{}{corrections}", GOOD.corrections)),
        ..GOOD
    }
}

fn differences(answers: &Answers, version: Version, value: &Value) -> Vec<Difference> {
    let operation = Catalog::embedded().operation("tags.get").expect("an operation");
    let answer = answers.of(operation, version)[0];
    answer.body.expect("it has a body").check(value)
}

fn check(version: Version, value: &Value, expected: &[&str]) {
    let answers = load(&GOOD).expect("the texts are well formed");
    let found: Vec<String> = differences(&answers, version, value)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, expected, "{value}");
}

#[test]
fn the_embedded_answers_are_whole() {
    if let Err(error) = load(&Sources::EMBEDDED) {
        panic!("{error}");
    }
}

#[test]
fn a_value_is_held_against_what_its_version_states() {
    let good = json!({"name": "a", "by": null, "keys": {"any": "b", "other": 1}, "list": [{"size": 1}, {"size": 2.0}]});
    check(Version::V2_15, &good, &[]);
    check(Version::V2_16, &json!({"name": null}), &[]);
    check(Version::V2_16, &json!({}), &[]);
    check(
        Version::V2_15,
        &json!({"name": null}),
        &["$.name (tag.name): string expected, null found"],
    );
    check(
        Version::V2_15,
        &json!({}),
        &["$.name (tag.name): required, missing"],
    );
    check(
        Version::V2_16,
        &json!({"list": [{"size": "1"}, {}]}),
        &[
            "$.list[].size (tag.list[].size): integer expected, string found",
            "$.list[].size (tag.list[].size): required, missing",
        ],
    );
    check(
        Version::V2_16,
        &json!([]),
        &["$ ($): object expected, array found"],
    );
    check(
        Version::V2_16,
        &json!({"keys": {"any": true}}),
        &["$.keys.* (tag.keys.*): string or integer expected, boolean found"],
    );
}

#[test]
fn a_field_of_a_later_version_weighs_less_than_one_of_none() {
    let answers = load(&GOOD).expect("the texts are well formed");
    let found = differences(
        &answers,
        Version::V2_9,
        &json!({"name": "a", "list": [], "own": 1}),
    );
    let weights: Vec<_> = found.iter().map(|difference| difference.weight).collect();
    assert_eq!(weights, [Weight::Later, Weight::Undocumented]);
    let paths: Vec<_> = found.iter().map(|difference| difference.path.as_str()).collect();
    assert_eq!(paths, ["$.list", "$.own"]);
}

#[test]
fn of_several_shapes_the_best_one_judges() {
    check(Version::V2_16, &json!({"by": {"type": "team", "id": 1}}), &[]);
    check(Version::V2_16, &json!({"by": {"type": "user", "id": "1"}}), &[]);
    check(
        Version::V2_16,
        &json!({"by": {"type": "user", "id": "1", "age": 1}}),
        &["$.by.age (user.age): undocumented field"],
    );
}

#[test]
fn a_shape_tells_its_fields() {
    let answers = load(&GOOD).expect("the texts are well formed");
    let operation = Catalog::embedded().operation("tags.get").expect("an operation");
    let body = answers.of(operation, Version::V2_16)[0]
        .body
        .expect("it has a body");
    let fields = body.fields();
    assert_eq!(
        fields.keys().copied().collect::<Vec<_>>(),
        ["by", "keys", "list", "name"]
    );
    assert_eq!(fields["by"].names(), ["team", "user"]);
    assert_eq!(fields["by"].fields()["type"].enumeration(), ["user"]);
    assert_eq!(
        fields["keys"].rest().expect("a map").types(),
        [FieldType::String, FieldType::Integer]
    );
    assert_eq!(
        fields["list"].entry().expect("a list").fields()["size"].types(),
        [FieldType::Integer]
    );
    assert!(fields["name"].nullable() && !fields["name"].required());
    let none = Catalog::embedded()
        .operation("tags.delete")
        .expect("an operation");
    assert!(answers.of(none, Version::V2_16)[0].body.is_none());
}

#[test]
fn a_malformed_line_is_refused_with_its_place() {
    let check = |sources: Sources, code: &str, place: &str| {
        let error = load(&sources).expect_err(place);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().starts_with(place), "{error} names {place}");
    };
    let shapes = |from: &str, to: &str| Sources {
        shapes: leak(GOOD.shapes.replacen(from, to, 1)),
        ..GOOD
    };
    let file = "tables/shapes.tsv";
    check(
        shapes("user\tid\tstring", "user\tid\ttext"),
        "TL0402",
        &format!("{file}:2"),
    );
    check(
        shapes("user\tid\tstring\t1", "user\tid\tstring\tyes"),
        "TL0402",
        &format!("{file}:2"),
    );
    check(
        shapes("user\tid\tstring", "\tid\tstring"),
        "TL0402",
        &format!("{file}:2"),
    );
    check(
        shapes("\t2.7\tPreview", "\t2.8\t2.7"),
        "TL0402",
        &format!("{file}:2"),
    );
    check(shapes("team|user", "team|nobody"), "TL0403", &format!("{file}:6"));
    check(
        shapes("tag\tlist[]\t", "tag\tother[]\t"),
        "TL0403",
        &format!("{file}:10"),
    );
    check(
        shapes("\t2.7\t2.15", "\t2.7\t2.16"),
        "TL0404",
        &format!("{file}:13"),
    );
    let answers = |from: &str, to: &str| Sources {
        answers: leak(GOOD.answers.replacen(from, to, 1)),
        ..GOOD
    };
    let file = "tables/answers.tsv";
    check(answers("200", "ok"), "TL0402", &format!("{file}:2"));
    check(answers("DELETE", "DROP"), "TL0402", &format!("{file}:2"));
    check(answers("\ttag\t", "\tlabel\t"), "TL0403", &format!("{file}:3"));
    let file = "overlays/answers.tsv:2";
    for (line, code) in [
        ("tag\tname\tnull\t\t2.7\t2.15\t\n", "TL0402"),
        ("tag\tname\tmaybe\t\t2.7\t2.15\tReason.\n", "TL0402"),
        ("label\tname\tnull\t\t2.7\t2.15\tReason.\n", "TL0403"),
        (
            "GET /tags/{id}\t(answer)\tshape\tlabel\t2.7\tPreview\tReason.\n",
            "TL0403",
        ),
        (
            "GET /labels\t(answer)\tshape\ttag\t2.7\tPreview\tReason.\n",
            "TL0403",
        ),
        (
            "GET /tags/{id}\t(answer)\tshape\ttag\t2.7\tPreview\tIs so already.\n",
            "TL0403",
        ),
        ("tag\tage\tnull\t\t2.7\t2.15\tReason.\n", "TL0403"),
        ("tag\tname\tnull\t\t2.16\tPreview\tCorrects nothing.\n", "TL0403"),
        (
            "tag\tname\tadd\tstring\t2.16\tPreview\tIs there already.\n",
            "TL0404",
        ),
    ] {
        check(good_with(line), code, file);
    }
}

#[test]
fn corrections_change_what_the_descriptions_say() {
    let check = |line: &str, version: Version, value: Value| {
        let before = load(&GOOD).expect("the texts are well formed");
        assert!(!differences(&before, version, &value).is_empty(), "{line}");
        let after = load(&good_with(line)).expect(line);
        assert_eq!(differences(&after, version, &value), [], "{line}");
    };
    check(
        "tag\tname\tnull\t\t2.7\t2.15\tReason.\n",
        Version::V2_7,
        json!({"name": null}),
    );
    check(
        "tag\tname\toptional\t\t2.7\t2.15\tReason.\n",
        Version::V2_7,
        json!({}),
    );
    check(
        "tag\tname\ttype\tinteger\t2.7\tPreview\tReason.\n",
        Version::V2_16,
        json!({"name": 1}),
    );
    check(
        "tag\tkeys.*\tany\t\t2.7\tPreview\tReason.\n",
        Version::V2_16,
        json!({"keys": {"a": [null]}}),
    );
    check(
        "tag\tage\tadd\tinteger\t2.7\tPreview\tReason.\n",
        Version::V2_16,
        json!({"age": 1}),
    );
    check(
        "user\ttype\tvalue\tlead\t2.7\tPreview\tReason.\n",
        Version::V2_16,
        json!({"by": {"type": "lead", "id": "1"}}),
    );
    check(
        "tag\t(all)\tnull\t\t2.7\tPreview\tReason.\n",
        Version::V2_16,
        json!({"list": null, "keys": null}),
    );
    check(
        "GET /tags/{id}\t(answer)\tshape\tteam\t2.7\tPreview\tReason.\n",
        Version::V2_7,
        json!({"type": "team", "id": 1}),
    );
}
