//! Answers of small descriptions become lines.

use super::{Answers, merge, read};
use crate::catalog::{description::Description, files::parse};

/// A description with one operation, whose answer and named schemas are these.
fn answers(answer: &str, schemas: &str) -> Answers {
    let text = format!(
        "paths: {{'/x/{{id}}': {{get: {{responses: {{'200': {{content: {{application/json: {answer}}}}}}}}}}}}}\ncomponents: {{schemas: {schemas}}}"
    );
    let root = parse(&text).expect("the case is YAML");
    read(&Description { name: "2.16", root }).expect("the case is a description")
}

fn lines(versions: &[Answers]) -> Vec<String> {
    let answered = merge(versions);
    let flags = |required, nullable| {
        let words = [(required, " required"), (nullable, " nullable")];
        words
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| word)
            .collect::<String>()
    };
    let mut lines = Vec::new();
    for (_, status, facts, _) in &answered.bodies {
        let of = facts.as_ref().map(|facts| facts.of.join("|")).unwrap_or_default();
        lines.push(format!("{status} {of}"));
    }
    for (shape, field, facts, range) in &answered.fields {
        let (first, last) = range.names();
        let versions = if versions.len() > 1 {
            format!(" {first}-{last}")
        } else {
            String::new()
        };
        lines.push(format!(
            "{shape} {field} {}{}{}{}{versions}",
            facts.types.join("|"),
            flags(facts.required, facts.nullable),
            facts
                .enumeration
                .iter()
                .map(|value| format!(" ={value}"))
                .collect::<String>(),
            facts
                .of
                .iter()
                .map(|name| format!(" @{name}"))
                .collect::<String>(),
        ));
    }
    lines
}

fn check(answer: &str, schemas: &str, expected: &[&str]) {
    assert_eq!(
        lines(&[answers(answer, schemas)]),
        expected,
        "{answer} with {schemas}"
    );
}

#[test]
fn a_named_schema_stays_one_shape() {
    check(
        "{schema: {$ref: '#/components/schemas/tag'}}",
        "{tag: {type: object, required: [id], properties: {id: {type: string}, by: {$ref: '#/components/schemas/admin', nullable: true}, all: {type: array, items: {$ref: '#/components/schemas/admin'}}}}, admin: {properties: {id: {type: integer}, kind: {type: string, enum: [a, b]}}}}",
        &[
            "200 tag",
            "admin id integer",
            "admin kind string =a =b",
            "tag all array",
            "tag all[] object @admin",
            "tag by object nullable @admin",
            "tag id string required",
        ],
    );
}

#[test]
fn what_has_no_name_is_named_after_the_call() {
    check(
        "{schema: {type: object, properties: {rows: {type: array, items: {type: object, properties: {n: {type: number}}}}, map: {type: object, additionalProperties: {type: string}}}}}",
        "{}",
        &[
            "200 GET /x/{}",
            "GET /x/{} map object",
            "GET /x/{} map.* string",
            "GET /x/{} rows array",
            "GET /x/{} rows[] object",
            "GET /x/{} rows[].n number",
        ],
    );
    check("{}", "{}", &["200 "]);
}

#[test]
fn several_schemas_in_turn_are_kept_apart_when_they_have_names() {
    check(
        "{schema: {$ref: '#/components/schemas/any'}}",
        "{any: {oneOf: [{$ref: '#/components/schemas/a'}, {$ref: '#/components/schemas/b'}]}, a: {properties: {x: {type: string}}}, b: {properties: {y: {oneOf: [{type: string}, {type: integer}]}}}}",
        &["200 a|b", "a x string", "b y integer|string"],
    );
}

#[test]
fn schemas_that_hold_together_become_one() {
    check(
        "{schema: {allOf: [{$ref: '#/components/schemas/a'}, {type: object, properties: {y: {type: string, nullable: true}}}]}}",
        "{a: {properties: {x: {type: string}, inner: {allOf: [{$ref: '#/components/schemas/a'}], nullable: true}}}}",
        &[
            "200 GET /x/{}",
            "GET /x/{} inner object nullable @a",
            "GET /x/{} x string",
            "GET /x/{} y string nullable",
            "a inner object nullable @a",
            "a x string",
        ],
    );
}

#[test]
fn an_example_is_believed() {
    check(
        "{schema: {$ref: '#/components/schemas/tag'}, examples: {one: {value: {id: 1, name: null, kind: z, new: [{a: true}], map: {k: v}}}}}",
        "{tag: {required: [id, gone], properties: {id: {type: string}, name: {type: string}, kind: {type: string, enum: [x]}, gone: {type: string}, map: {type: object}}}}",
        &[
            "200 tag",
            "tag gone string",
            "tag id integer|string required",
            "tag kind string =x =z",
            "tag map object",
            "tag name string nullable",
            "tag new array nullable",
            "tag new[] object nullable",
            "tag new[].a boolean nullable",
        ],
    );
}

#[test]
fn versions_that_say_the_same_share_a_line() {
    let version = |kind: &str| {
        answers(
            "{schema: {$ref: '#/components/schemas/tag'}}",
            &format!("{{tag: {{properties: {{id: {{type: string}}, n: {{type: {kind}}}}}}}}}"),
        )
    };
    let kinds = ["string", "integer", "string", "boolean", "boolean"];
    assert_eq!(
        lines(&kinds.map(version)),
        [
            "200 tag",
            "tag id string 2.7-2.11",
            "tag n string 2.7-2.9",
            "tag n boolean 2.10-2.11"
        ]
    );
}

#[test]
fn a_reference_to_nothing_says_nothing() {
    check(
        "{schema: {properties: {a: {$ref: '#/components/schemas/gone'}}}}",
        "{}",
        &["200 GET /x/{}", "GET /x/{} a any"],
    );
}
