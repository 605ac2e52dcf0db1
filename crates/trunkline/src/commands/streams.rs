//! `trunkline streams`: what a mirror can hold.

use std::process::ExitCode;

use serde_json::{Value, json};
use trunkline_catalog::{Catalog, Stream, StreamKind, StreamRead};
use trunkline_mirror::tables;

use crate::{
    cli,
    failure::Failure,
    output::{json, tables as output_tables},
};

/// Lists the streams, or shows the columns of one.
pub(crate) fn run(arguments: &cli::Streams) -> Result<ExitCode, Failure> {
    let catalog = Catalog::embedded();
    let chosen: Vec<&Stream> = match &arguments.name {
        None => catalog.streams().iter().collect(),
        Some(name) => vec![catalog.stream(name).ok_or_else(|| unknown(catalog, name))?],
    };
    if arguments.json || arguments.more.is_any() {
        let described = chosen.iter().map(|stream| describe(stream));
        arguments.more.open(arguments.json)?.all(described)?;
    } else if arguments.name.is_some() {
        chosen.iter().try_for_each(|stream| show(stream))?;
    } else {
        list(&chosen)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn unknown(catalog: &Catalog, name: &str) -> Failure {
    let stem = name.trim_end_matches('s');
    let near: Vec<&str> = catalog
        .streams()
        .iter()
        .map(|stream| stream.name)
        .filter(|known| known.contains(stem))
        .take(6)
        .collect();
    let advice = if near.is_empty() {
        "`trunkline streams` lists them all.".to_owned()
    } else {
        format!(
            "Near it: {}. `trunkline streams` lists them all.",
            near.join(", ")
        )
    };
    Failure::usage("TL0250", format!("there is no stream {name:?}"), advice)
}

fn list(streams: &[&Stream]) -> Result<(), Failure> {
    let mut table = output_tables::new(&["stream", "key", "cursor", "since", "read by", "what it holds"]);
    for stream in streams {
        table.add_row([
            stream.name.to_owned(),
            stream.primary_key.join(", "),
            stream.cursor_field.unwrap_or("").to_owned(),
            stream.since.to_string(),
            read(stream.read).to_owned(),
            stream.summary.to_owned(),
        ]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!(
        "{} streams; `trunkline streams NAME` lists the columns of one",
        streams.len()
    ))
}

fn show(stream: &Stream) -> Result<(), Failure> {
    json::line(&format!("{}: {}", stream.name, stream.summary))?;
    let Some(schema) = tables::schema(stream.name) else {
        return Ok(());
    };
    let mut table = output_tables::new(&["column", "type", "what it means"]);
    for column in &schema.columns {
        table.add_row([column.name.as_str(), column.kind, column.summary.as_str()]);
    }
    json::line(&table.trim_fmt())
}

fn describe(stream: &Stream) -> Value {
    let schema = tables::schema(stream.name);
    json!({
        "name": stream.name,
        "summary": stream.summary,
        "kind": kind(stream.kind),
        "read": read(stream.read),
        "operation": stream.operation,
        "since": stream.since.as_str(),
        "primary_key": stream.primary_key,
        "cursor_field": stream.cursor_field,
        "parent": stream.parent,
        "permission": stream.permission,
        "columns": schema.as_ref().map(|schema| &schema.columns),
        "custom_view": schema.as_ref().and_then(|schema| schema.custom_view.as_ref()),
        "schema": schema.as_ref().map(tables::TableSchema::json_schema),
    })
}

fn kind(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Collection => "collection",
        StreamKind::Nested => "nested",
        StreamKind::Membership => "membership",
    }
}

fn read(read: StreamRead) -> &'static str {
    match read {
        StreamRead::Search => "search",
        StreamRead::WholeList => "whole list",
        StreamRead::Scroll => "scroll",
        StreamRead::NewestFirst => "newest first",
        StreamRead::InsideParent => "inside its parent",
        StreamRead::PerParent => "per parent",
    }
}
