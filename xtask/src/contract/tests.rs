//! The whole way over small descriptions: a real simulator answers, and the differences are those expected.

use std::collections::BTreeSet;

use trunkline_catalog::Version;

use super::{
    difference::{Class, Difference},
    operations,
    probe::Probe,
    recipes::Recipes,
};
use crate::catalog::{description::Description, files};

/// The differences of the one operation that `description` has.
fn differences(description: &str) -> BTreeSet<Difference> {
    let description = Description {
        name: "2.16",
        root: files::parse(description).expect("the case is YAML"),
    };
    let operations = operations::read(&description, Version::V2_16).expect("the case is a description");
    let recipes = Recipes::committed().expect("the table can be read");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime starts");
    let probe = Probe::new(&runtime, &recipes, &description, &operations).expect("the examples can be read");
    let [operation] = operations.as_slice() else {
        panic!("the case has {} operations", operations.len())
    };
    probe.differences(operation).expect("the simulator can be called")
}

fn check(description: &str, expected: &[(Class, &str, &str)]) {
    let found = differences(description);
    let found: Vec<_> = found
        .iter()
        .map(|difference| {
            (
                difference.class,
                difference.path.as_str(),
                difference.what.as_str(),
            )
        })
        .collect();
    assert_eq!(found, expected, "{description}");
}

/// `GET /tags/{id}` with these documented answers.
fn tag(responses: &str) -> String {
    format!("paths: {{'/tags/{{tag_id}}': {{get: {{responses: {responses}}}}}}}")
}

const TAG: &str = "{type: object, properties: {type: {type: string}, id: {type: string}, name: {type: string}, applied_at: {nullable: true}, applied_by: {nullable: true}}}";

#[test]
fn an_answer_as_documented_has_no_differences() {
    let refusals = "'401': {content: {application/json: {example: {errors: [{code: unauthorized}]}}}}, '404': {description: gone}";
    check(
        &tag(&format!(
            "{{'200': {{content: {{application/json: {{schema: {TAG}}}}}}}, {refusals}}}"
        )),
        &[],
    );
}

#[test]
fn an_answer_that_breaks_its_schema_is_found() {
    let schema = TAG.replace("id: {type: string}", "id: {type: integer}");
    let description = tag(&format!(
        "{{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}"
    ));
    check(
        &description,
        &[(Class::Schema, "$.id", "integer expected, string found")],
    );
    // The example shows text, so the schema is wrong and the answer is not.
    let description = tag(&format!(
        "{{'200': {{content: {{application/json: {{schema: {schema}, example: {{id: '1'}}}}}}}}}}"
    ));
    check(&description, &[]);
}

#[test]
fn what_only_the_example_or_only_the_answer_has_is_found() {
    let description = tag(
        "{'200': {content: {application/json: {schema: {properties: {id: {}, name: {}, type: {}, applied_at: {}}}, example: {id: '1', color: red}}}}}",
    );
    check(
        &description,
        &[
            (Class::Undocumented, "$.applied_by", "undocumented field"),
            (Class::Example, "$.color", "shown by the example, missing"),
        ],
    );
}

#[test]
fn a_refusal_with_another_code_is_found() {
    let description = tag(
        "{'200': {description: ok}, '404': {content: {application/json: {example: {errors: [{code: lost}]}}}}}",
    );
    let found = differences(&description);
    let found: Vec<_> = found
        .iter()
        .map(|difference| (difference.class, difference.path.as_str()))
        .collect();
    assert_eq!(found, [(Class::Refusal, "404 $.errors[].code")]);
}

#[test]
fn another_status_than_the_documented_one_is_found() {
    let found = differences(&tag("{'204': {description: nothing}}"));
    assert_eq!(
        found.first().map(|difference| difference.class),
        Some(Class::Status)
    );
}

#[test]
fn an_operation_that_the_catalog_lacks_is_an_error() {
    let description = Description {
        name: "2.16",
        root: files::parse("paths: {/nowhere: {get: {responses: {}}}}").expect("the case is YAML"),
    };
    assert!(operations::read(&description, Version::V2_16).is_err());
}
