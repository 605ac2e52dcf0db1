//! A body as a form in parts, for the operations that take files.
//!
//! The one rule: a field that the catalog calls one of any type is a file, everything else is plain text.

use bytes::Bytes;
use serde_json::Value;
use trunkline_catalog::{FieldType, Operation};

/// The content type and the form of `body`; the same body gives the same form.
pub(super) fn encode(operation: &Operation, body: &Value) -> (String, Bytes) {
    let parts: Vec<(&String, String)> = body
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => (name, text.clone()),
            other => (name, other.to_string()),
        })
        .collect();
    let mut boundary = "----trunkline".to_owned();
    while parts
        .iter()
        .any(|(name, text)| name.contains(&boundary) || text.contains(&boundary))
    {
        boundary.push('-');
    }
    let mut form = String::new();
    for (name, text) in parts {
        let field = operation.body_fields.iter().find(|field| field.name == name);
        let name = quoted(name);
        let file = match field {
            Some(field) if field.field_type == FieldType::Any => {
                format!("; filename=\"{name}.json\"\r\ncontent-type: application/json")
            }
            _ => String::new(),
        };
        form.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n"
        ));
    }
    form.push_str(&format!("--{boundary}--\r\n"));
    (
        format!("multipart/form-data; boundary={boundary}"),
        Bytes::from(form),
    )
}

/// A name as it stands in a header of a part.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn files_have_names_and_nothing_in_them_ends_the_form() {
        let operation = Catalog::embedded().operation("ecommerce.upload_catalog").unwrap();
        for (body, boundary, parts) in [
            (json!({}), "----trunkline", vec![]),
            (json!({"catalog": null}), "----trunkline", vec![]),
            (
                json!({"catalog": [{"id": "1"}], "part_number": 2}),
                "----trunkline",
                vec![
                    "name=\"catalog\"; filename=\"catalog.json\"\r\ncontent-type: application/json\r\n\r\n[{\"id\":\"1\"}]",
                    "name=\"part_number\"\r\n\r\n2",
                ],
            ),
            (
                json!({"catalog": "[\"----trunkline--\"]"}),
                "----trunkline---",
                vec![
                    "name=\"catalog\"; filename=\"catalog.json\"\r\ncontent-type: application/json\r\n\r\n[\"----trunkline--\"]",
                ],
            ),
            (
                json!({"a\"\r\nb: c": "d"}),
                "----trunkline",
                vec!["name=\"a%22%0D%0Ab: c\"\r\n\r\nd"],
            ),
        ] {
            let (kind, form) = encode(operation, &body);
            assert_eq!(kind, format!("multipart/form-data; boundary={boundary}"));
            let mut expected = String::new();
            for part in parts {
                expected.push_str(&format!(
                    "--{boundary}\r\ncontent-disposition: form-data; {part}\r\n"
                ));
            }
            expected.push_str(&format!("--{boundary}--\r\n"));
            assert_eq!(std::str::from_utf8(&form).unwrap(), expected, "{body}");
        }
    }
}
