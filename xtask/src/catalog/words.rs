//! Makes sure that our summaries are our own words.
//!
//! The rule: no summary in an overlay may be a sentence, a title or a heading of the descriptions, whatever the case
//! and punctuation.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::description::Description;

/// The overlays with a `summary` in the last column.
const OVERLAYS: [&str; 2] = ["operations.tsv", "streams.tsv"];

pub(super) fn check(versions: &[Description], overlays: &Path) -> anyhow::Result<()> {
    let mut theirs = HashSet::new();
    for version in versions {
        collect(&version.root, &mut theirs);
    }
    let mut copied = BTreeMap::new();
    for file in OVERLAYS {
        let path = overlays.join(file);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#'))
        {
            let summary = line.rsplit('\t').next().unwrap_or_default();
            if theirs.contains(&plain(summary)) {
                copied.insert((file, index + 1), summary.to_owned());
            }
        }
    }
    if copied.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = copied
        .iter()
        .map(|((file, line), summary)| format!("  {file}:{line}: {summary}"))
        .collect();
    bail!(
        "these summaries stand in the published descriptions; say it in our own words\n{}",
        lines.join("\n")
    )
}

fn collect(value: &Value, sentences: &mut HashSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if let ("summary" | "description" | "title", Value::String(text)) = (key.as_str(), member) {
                    sentences.insert(plain(text));
                    sentences.extend(text.split(['\n', '.', '!', '?']).map(plain));
                }
                collect(member, sentences);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, sentences)),
        _ => {}
    }
}

/// Lower case, letters and digits only, single spaces.
fn plain(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
