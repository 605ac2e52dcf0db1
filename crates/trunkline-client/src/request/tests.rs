//! The request of each sort of call, and what is refused before anything is sent.

use serde_json::json;
use trunkline_catalog::{Catalog, FieldType, Operation};

use super::*;
use crate::testing;

fn operation(id: &str) -> &'static Operation {
    testing::operation(id).unwrap()
}

#[test]
fn path_and_query_values_can_never_change_the_address() {
    for (value, path) in [
        ("abc", "/things/abc"),
        ("a b/c", "/things/a%20b%2Fc"),
        ("../admins", "/things/..%2Fadmins"),
        ("x?y=1#z", "/things/x%3Fy%3D1%23z"),
        ("é%", "/things/%C3%A9%25"),
        ("a~b-c_d.e", "/things/a~b-c_d.e"),
    ] {
        let request = build(operation("test.get"), &Call::new("test.get").path("id", value)).unwrap();
        assert_eq!(request.uri(), path, "{value}");
    }
    let call = Call::new("test.get")
        .path("id", "1")
        .query("name", "a&b=c")
        .query("tag", "x y");
    assert_eq!(
        build(operation("test.get"), &call).unwrap().uri(),
        "/things/1?name=a%26b%3Dc&tag=x%20y"
    );
}

#[test]
fn a_call_that_does_not_fit_is_refused_with_the_reason() {
    for (id, call, words) in [
        ("test.get", Call::new("x"), "`id` has no value"),
        ("test.get", Call::new("x").path("id", ""), "must not be \"\""),
        ("test.get", Call::new("x").path("id", ".."), "must not be \"..\""),
        (
            "test.get",
            Call::new("x").path("id", "1").path("ids", "2"),
            "no path parameter `ids`; it has id",
        ),
        ("test.whole", Call::new("x").path("id", "1"), "it has none"),
        (
            "test.get",
            Call::new("x").path("id", "1").body(json!({})),
            "takes no body",
        ),
        ("test.create", Call::new("x"), "needs a body"),
        ("test.required", Call::new("x"), "`since` is required"),
    ] {
        let error = build(operation(id), &call).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_body_is_json_and_says_so() {
    let call = Call::new("test.create").body(json!({"email": "a@b.c"}));
    let request = build(operation("test.create"), &call).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.body().as_ref(), br#"{"email":"a@b.c"}"#);
    assert!(!format!("{call:?}").contains("a@b.c"));
}

/// A call with a value for everything that the operation requires.
fn sample(operation: &'static Operation) -> Call {
    let mut call = Call::new(operation.id);
    for name in operation.path.split('/').filter_map(parameter_of) {
        call = call.path(name, "1 2");
    }
    for parameter in operation
        .query_parameters
        .iter()
        .filter(|parameter| parameter.required)
    {
        call = call.query(parameter.name, "v");
    }
    let top_level = operation
        .body_fields
        .iter()
        .filter(|field| field.required && !field.name.contains(['.', '[']));
    let fields: serde_json::Map<_, _> = top_level
        .map(|field| {
            let value = match field.field_type {
                FieldType::Array => json!([]),
                FieldType::Object => json!({}),
                FieldType::Integer | FieldType::Number => json!(1),
                FieldType::Boolean => json!(true),
                FieldType::String | FieldType::Any => json!("v"),
            };
            (field.name.to_owned(), value)
        })
        .collect();
    if operation.body_required || !fields.is_empty() {
        call = call.body(serde_json::Value::Object(fields));
    }
    call
}

#[test]
fn every_operation_of_the_catalog_becomes_a_request() {
    let lines: Vec<String> = Catalog::embedded()
        .operations()
        .iter()
        .map(|operation| {
            let request = build(operation, &sample(operation))
                .unwrap_or_else(|error| panic!("{}: {error}", operation.id));
            let body = std::str::from_utf8(request.body()).unwrap();
            format!(
                "{:<44} {} {} {body}",
                operation.id,
                request.method(),
                request.uri()
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    insta::assert_snapshot!("requests", lines.join("\n"));
}
