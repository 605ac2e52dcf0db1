//! The generator over small descriptions.

use super::{description::Description, fields::flatten, files::parse, tables};

fn fields_of(schema: &str) -> Vec<String> {
    let root = parse(schema).expect("the case is YAML");
    let description = Description { name: "2.16", root };
    let body = &description.root["body"];
    flatten(&description, body)
        .expect("the case is a schema")
        .into_iter()
        .map(|((alternative, name), field)| {
            let mut line = format!("{alternative} {name} {}", field.kind);
            for (flag, word) in [(field.required, " required"), (field.nullable, " nullable")] {
                if flag {
                    line.push_str(word);
                }
            }
            if !field.enumeration.is_empty() {
                line.push_str(&format!(" {}", field.enumeration.join("|")));
            }
            line
        })
        .collect()
}

fn check(schema: &str, expected: &[&str]) {
    assert_eq!(fields_of(schema), expected, "{schema}");
}

#[test]
fn bodies_become_flat_fields() {
    check("body: {type: object}", &[]);
    check(
        "body: {type: object, required: [a], properties: {a: {type: string, nullable: true}, b: {enum: [x, y], type: string}}}",
        &["0 a string required nullable", "0 b string x|y"],
    );
    check(
        "body: {properties: {list: {type: array, items: {type: object, properties: {id: {type: integer}}}}}}",
        &["0 list array", "0 list[] object", "0 list[].id integer"],
    );
    check(
        "body: {$ref: '#/known/a'}\nknown: {a: {allOf: [{$ref: '#/known/b'}, {required: [y], properties: {y: {type: boolean}}}]}, b: {properties: {x: {type: number}}}}",
        &["0 x number", "0 y boolean required"],
    );
}

#[test]
fn alternatives_of_a_body_are_numbered_and_what_they_share_is_not() {
    check(
        "body: {oneOf: [{properties: {id: {type: string}, a: {type: string}}}, {properties: {id: {type: string}, b: {type: string}}}]}",
        &["0 id string", "1 a string", "2 b string"],
    );
}

#[test]
fn alternatives_that_only_require_keep_the_fields_of_the_body() {
    check(
        "body: {properties: {a: {type: string}, b: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}",
        &[
            "1 a string required",
            "1 b string",
            "2 a string",
            "2 b string required",
        ],
    );
}

#[test]
fn alternatives_inside_a_body_are_merged() {
    check(
        "body: {properties: {id: {oneOf: [{type: string}, {type: integer}]}, n: {anyOf: [{type: string}, {type: 'null'}]}}}",
        &["0 id any", "0 n string nullable"],
    );
    // A value of several types that may be null as well is not the same as null.
    check(
        "body: {properties: {q: {oneOf: [{properties: {v: {nullable: true, oneOf: [{type: string}, {type: boolean}]}}}, {properties: {v: {type: array, items: {type: object}}}}]}}}",
        &["0 q object", "0 q.v any nullable", "0 q.v[] object"],
    );
}

#[test]
fn a_reference_to_nothing_says_nothing() {
    check("body: {properties: {a: {$ref: '#/gone'}}}", &["0 a any"]);
    check("body: {$ref: '#/gone'}", &[]);
    check(
        "body: {properties: {a: {type: string, format: binary}}}",
        &["0 a any"],
    );
}

#[test]
fn references_that_lead_out_or_in_circles_are_errors() {
    for case in ["body: {$ref: '#/body'}", "body: {$ref: 'other.yaml'}"] {
        let description = Description {
            name: "2.16",
            root: parse(case).expect("the case is YAML"),
        };
        assert!(
            flatten(&description, &description.root["body"]).is_err(),
            "{case}"
        );
    }
}

#[test]
fn a_schema_that_contains_itself_ends() {
    let fields = fields_of("body: {properties: {child: {$ref: '#/body'}}}");
    assert_eq!(
        fields.last().map(String::as_str),
        Some("0 child.child.child.child.child object")
    );
}

#[test]
fn the_difference_names_the_lines() {
    let summary = tables::difference("t.tsv", "# x\na\nb\n", "# y\na\nc\n");
    assert_eq!(summary, "t.tsv: 1 lines to add, 1 to remove\n  + c\n  - b");
}
