//! Transforms as a flow's file uses them: settings, records, and what becomes of them.
//!
//! The one rule: everything goes through `build`, so that what is tested is what a file gets.

mod bounds;
mod documented;
mod enrich;
mod held;
mod hostile;
mod plain;
mod settings;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use trunkline_flow::{
    Head, Record,
    document::{Document, Mistake},
    engine::Flow,
};

use crate::{Site, build, kinds, outputs};

fn secret(name: &str) -> Option<SecretString> {
    match name {
        "HASH_KEY" | "TRUNKLINE_HASH_KEY" => Some("a key that only tests know".into()),
        "SHORT_HASH_KEY" => Some("short".into()),
        _ => None,
    }
}

/// A Saturday, noon.
fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn site(folder: PathBuf) -> Site {
    Site {
        folder,
        ..Site::alone("test", Arc::new(noon), Arc::new(secret))
    }
}

/// A flow with these transforms, a list in YAML that begins in the fourth line.
fn flow_at(transforms: &str, site: &Site) -> Result<Flow, Vec<Mistake>> {
    let text = format!(
        "flow: test\nsource: {{ file: {{ path: in.jsonl }} }}\ntransforms:\n{}\ndestinations: [stdout]\n",
        transforms.trim_end()
    );
    let document = Document::parse(&text, &kinds(), Timestamp::UNIX_EPOCH)?;
    build(&document, site)
}

fn flow(transforms: &str) -> Result<Flow, Vec<Mistake>> {
    flow_at(transforms, &site(PathBuf::from("/nowhere")))
}

/// Records numbered from 1 by the ids of their heads.
fn records(values: &[Value]) -> Vec<Record> {
    let record = |(at, value): (usize, &Value)| {
        Record::new(value.clone()).with_head(Head {
            stream: Some("things".to_owned()),
            id: Some((at + 1).to_string()),
            ..Head::default()
        })
    };
    values.iter().enumerate().map(record).collect()
}

/// What comes out for one that goes in, or code and part of the message of its error.
type Expected<'e> = Result<Vec<Value>, (&'e str, &'e str)>;

/// Checks what becomes of records, and why they are refused.
fn check(transforms: &str, input: &[Value], expected: Expected<'_>) {
    let flow = flow(transforms).unwrap_or_else(|mistakes| panic!("{transforms}\n{mistakes:#?}"));
    check_flow(&flow, transforms, input, expected);
}

fn check_flow(flow: &Flow, transforms: &str, input: &[Value], expected: Expected<'_>) {
    let (mut given, errors) = outputs(flow, records(input), noon());
    let given = given["stdout"].take();
    match expected {
        Ok(values) => {
            assert!(errors.is_empty(), "{transforms}\n{errors:#?}");
            assert_eq!(given, Value::Array(values), "{transforms}");
        }
        Err((code, message)) => {
            let [error] = errors.as_slice() else {
                panic!("{transforms}\none error was expected, not {errors:#?}; given: {given}");
            };
            assert_eq!(error.code, code, "{transforms}\n{error:#?}");
            assert!(error.message.contains(message), "{transforms}\n{error:#?}");
            assert!(!error.advice.is_empty());
        }
    }
}
