//! Values against schemas, good and bad.

use super::*;
use crate::catalog::files;

/// A schema in YAML, a value in JSON, and the findings as `path: what`.
fn check_case(schema: &str, value: &str, expected: &[&str]) {
    let description = Description {
        name: "2.16",
        root: files::parse(schema).expect("the case is YAML"),
    };
    let value = serde_json::from_str(value).expect("the case is JSON");
    let outcome = check(&description, &description.root["is"], &value, "is").expect("the case is a schema");
    let found: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.path, finding.what))
        .collect();
    assert_eq!(found, expected, "{value} against {schema}");
}

#[test]
fn values_of_the_right_type_pass_and_others_are_named() {
    check_case("is: {type: string}", r#""a""#, &[]);
    check_case("is: {type: string}", "1", &["$: string expected, integer found"]);
    check_case(
        "is: {type: integer}",
        "1.5",
        &["$: integer expected, number found"],
    );
    check_case("is: {type: number}", "1", &[]);
    check_case("is: {}", "[1]", &[]);
    check_case(
        "is: {type: array, items: {type: object, properties: {id: {type: string}}}}",
        r#"[{"id": "1"}, {"id": 2}, {"id": 3}]"#,
        &["$[].id: string expected, integer found"],
    );
}

#[test]
fn null_passes_only_where_something_allows_it() {
    check_case("is: {type: string}", "null", &["$: string expected, null found"]);
    check_case("is: {type: string, nullable: true}", "null", &[]);
    check_case("is: {type: [string, 'null']}", "null", &[]);
    check_case("is: {oneOf: [{type: string}, {type: 'null'}]}", "null", &[]);
    check_case(
        "is: {nullable: true, $ref: '#/o'}\no: {type: object}",
        "null",
        &[],
    );
    check_case(
        "is: {$ref: '#/o'}\no: {type: object}",
        "null",
        &["$: object expected, null found"],
    );
    check_case("is: {nullable: true, allOf: [{type: object}]}", "null", &[]);
    check_case("is: {nullable: true, anyOf: [{type: object}]}", "null", &[]);
    check_case(
        "is: {anyOf: [{type: object}]}",
        "null",
        &["$: object expected, null found"],
    );
    check_case("is: {type: string, enum: [a, null]}", "null", &[]);
}

#[test]
fn required_fields_and_documented_values_are_held_to() {
    check_case(
        "is: {required: [id], properties: {id: {type: string}, kind: {enum: [a, b]}}}",
        r#"{"kind": "c"}"#,
        &[
            "$.id: required, missing",
            "$.kind: \"c\" is not one of the documented values",
        ],
    );
}

#[test]
fn fields_that_the_schema_does_not_know_are_found_but_not_in_maps() {
    check_case(
        "is: {properties: {a: {type: string}}}",
        r#"{"b": 1}"#,
        &["$.b: undocumented field"],
    );
    check_case("is: {type: object}", r#"{"b": 1}"#, &[]);
    check_case(
        "is: {additionalProperties: {type: string}}",
        r#"{"b": 1}"#,
        &["$.*: string expected, integer found"],
    );
    check_case(
        "is: {additionalProperties: true, properties: {a: {}}}",
        r#"{"b": 1}"#,
        &[],
    );
}

#[test]
fn parts_that_hold_together_know_each_others_fields() {
    let schema = "is: {allOf: [{$ref: '#/base'}, {properties: {b: {type: string}}}]}\nbase: {properties: {a: {type: string}}}";
    check_case(schema, r#"{"a": "x", "b": "y"}"#, &[]);
    check_case(
        schema,
        r#"{"a": 1, "c": "y"}"#,
        &["$.a: string expected, integer found", "$.c: undocumented field"],
    );
}

#[test]
fn the_alternative_that_fits_best_judges() {
    let schema = "is: {properties: {x: {}}, oneOf: [{type: string}, {properties: {a: {type: string}, b: {type: string}}}]}";
    check_case(
        schema,
        r#"{"x": 0, "a": 1, "b": "y"}"#,
        &["$.a: string expected, integer found"],
    );
}

#[test]
fn references_to_nothing_and_schemas_in_circles_end() {
    check_case("is: {$ref: '#/gone'}", "1", &[]);
    check_case("is: {allOf: [{allOf: [{$ref: '#/is'}]}]}", "1", &[]);
    check_case("is: {oneOf: [{$ref: '#/is'}]}", "1", &[]);
}
