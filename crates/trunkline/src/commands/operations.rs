//! `trunkline operations` and `trunkline operation`: what Intercom's API offers, from the catalog.

use std::process::ExitCode;

use serde_json::{Value, json};
use trunkline_catalog::{
    BodyField, Catalog, Effect, ErrorShape, FieldType, Operation, PageStyle, Parameter, SearchGranularity,
};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
    settings,
};

/// Lists operations, one line each.
pub(crate) fn list(arguments: &cli::Operations) -> Result<ExitCode, Failure> {
    let catalog = Catalog::embedded();
    let version = match arguments.api_version.as_str() {
        "all" => None,
        text => Some(settings::version(Some(text))?),
    };
    let words: Vec<String> = arguments.words.iter().map(|word| word.to_lowercase()).collect();
    let found: Vec<&Operation> = catalog
        .operations()
        .iter()
        .filter(|operation| version.is_none_or(|version| operation.exists_in(version)))
        .filter(|operation| words.iter().all(|word| mentions(operation, word)))
        .collect();
    if arguments.shape.is_any() {
        let described = found.iter().map(|operation| describe(operation));
        arguments.shape.open()?.all(described)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["operation", "call", "since", "effect", "what it does"]);
    for operation in &found {
        table.add_row([
            operation.id.to_owned(),
            format!("{} {}", operation.method, operation.path),
            operation.versions.0.to_string(),
            effect(operation.effect).to_owned(),
            operation.summary.to_owned(),
        ]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!("{} operations", found.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn mentions(operation: &Operation, word: &str) -> bool {
    [operation.id, operation.path, operation.summary, operation.tag]
        .iter()
        .any(|text| text.to_lowercase().contains(word))
}

/// Explains one operation.
pub(crate) fn explain(arguments: &cli::Operation) -> Result<ExitCode, Failure> {
    let catalog = Catalog::embedded();
    let operation = catalog
        .operation(&arguments.id)
        .or_else(|| {
            catalog
                .operations()
                .iter()
                .find(|operation| operation.upstream_id == Some(arguments.id.as_str()))
        })
        .ok_or_else(|| unknown(catalog, &arguments.id))?;
    if arguments.shape.is_any() {
        arguments.shape.open()?.one(describe(operation))?;
    } else {
        json::line(&page(operation))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(catalog: &Catalog, id: &str) -> Failure {
    let family = id.split('.').next().unwrap_or(id).trim_end_matches('s');
    let near: Vec<&str> = catalog
        .operations()
        .iter()
        .map(|operation| operation.id)
        .filter(|known| !family.is_empty() && known.contains(family))
        .take(6)
        .collect();
    let advice = if near.is_empty() {
        "`trunkline operations` lists them all.".to_owned()
    } else {
        format!(
            "Near it: {}. `trunkline operations` lists them all.",
            near.join(", ")
        )
    };
    Failure::usage("TL0006", format!("there is no operation `{id}`"), advice)
}

fn page(operation: &Operation) -> String {
    let mut lines = vec![
        format!("{}: {}", operation.id, operation.summary),
        format!("  call        {} {}", operation.method, operation.path),
        format!(
            "  versions    {} to {}",
            operation.versions.0, operation.versions.1
        ),
        format!("  effect      {}", effect(operation.effect)),
        format!("  pages       {}", pages(operation.page_style)),
        format!("  budget      {}", operation.rate_class),
    ];
    if let Some(search) = operation.search {
        lines.push(format!("  times       compared by {}", granularity(search)));
    }
    if !operation.permission.is_empty() {
        lines.push(format!("  permission  {}", operation.permission));
    }
    if let Some(upstream) = operation.upstream_id {
        lines.push(format!("  upstream    {upstream}"));
    }
    for (heading, parameters) in [
        ("path", &operation.path_parameters),
        ("query", &operation.query_parameters),
    ] {
        if !parameters.is_empty() {
            lines.push(format!("\n{heading} parameters"));
            lines.extend(parameters.iter().map(|parameter| {
                line(
                    parameter.name,
                    parameter.field_type,
                    parameter.required,
                    &parameter.enumeration,
                )
            }));
        }
    }
    if !operation.body_fields.is_empty() {
        lines.push(format!(
            "\nbody{}",
            if operation.body_required {
                " (required)"
            } else {
                ""
            }
        ));
        lines.extend(
            operation
                .body_fields
                .iter()
                .map(|field| line(field.name, field.field_type, field.required, &field.enumeration)),
        );
    }
    let answers: Vec<String> = operation.success.iter().map(u16::to_string).collect();
    lines.push(format!("\nanswers {}", answers.join(", ")));
    lines.extend(
        operation
            .errors
            .iter()
            .map(|error| format!("  {} {}", error.status, error.code)),
    );
    lines.join("\n")
}

fn line(name: &str, field_type: FieldType, required: bool, enumeration: &[&str]) -> String {
    let mut text = format!("  {name:<40} {}", type_name(field_type));
    if required {
        text.push_str(", required");
    }
    if !enumeration.is_empty() {
        text.push_str(": ");
        text.push_str(&enumeration.join(" | "));
    }
    text
}

fn describe(operation: &Operation) -> Value {
    json!({
        "id": operation.id,
        "upstream_id": operation.upstream_id,
        "method": operation.method.as_str(),
        "path": operation.path,
        "tag": operation.tag,
        "summary": operation.summary,
        "since": operation.versions.0.as_str(),
        "until": operation.versions.1.as_str(),
        "effect": effect(operation.effect),
        "pages": pages(operation.page_style),
        "search": operation.search.map(granularity),
        "rate_class": operation.rate_class,
        "permission": operation.permission,
        "path_parameters": operation.path_parameters.iter().map(parameter).collect::<Vec<_>>(),
        "query_parameters": operation.query_parameters.iter().map(parameter).collect::<Vec<_>>(),
        "body_required": operation.body_required,
        "body_fields": operation.body_fields.iter().map(field).collect::<Vec<_>>(),
        "success": operation.success,
        "errors": operation.errors.iter().map(error).collect::<Vec<_>>(),
    })
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "type": type_name(parameter.field_type),
        "required": parameter.required,
        "enumeration": parameter.enumeration,
        "since": parameter.versions.0.as_str(),
        "until": parameter.versions.1.as_str(),
    })
}

fn field(field: &BodyField) -> Value {
    json!({
        "name": field.name,
        "type": type_name(field.field_type),
        "required": field.required,
        "nullable": field.nullable,
        "enumeration": field.enumeration,
        "since": field.versions.0.as_str(),
        "until": field.versions.1.as_str(),
        "alternative": field.alternative,
    })
}

fn error(error: &ErrorShape) -> Value {
    json!({ "status": error.status, "code": error.code })
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::IdempotentWrite => "idempotent write",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    }
}

fn granularity(search: SearchGranularity) -> &'static str {
    match search {
        SearchGranularity::Day => "day",
        SearchGranularity::Second => "second",
    }
}

fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::String => "string",
        FieldType::Integer => "integer",
        FieldType::Number => "number",
        FieldType::Boolean => "boolean",
        FieldType::Array => "array",
        FieldType::Object => "object",
        FieldType::Any => "any",
    }
}

fn pages(style: PageStyle) -> String {
    let sized = |name: &str, default: u16, max: u16| format!("{name}, {default} a page, at most {max}");
    match style {
        PageStyle::Single => "none".to_owned(),
        PageStyle::WholeList => "the whole list at once".to_owned(),
        PageStyle::CursorInQuery { default, max } => sized("cursor in the query", default, max),
        PageStyle::CursorInBody { default, max } => sized("cursor in the body", default, max),
        PageStyle::Offset { default, max } => sized("page numbers", default, max),
        PageStyle::OffsetInBody { default, max } => sized("page numbers in the body", default, max),
        PageStyle::Scroll => "the workspace's one scroll".to_owned(),
        PageStyle::NextCursor { default, max } => sized("next_cursor", default, max),
        PageStyle::NextUrl => "a URL to follow".to_owned(),
    }
}
