//! `trunkline topics`: what Intercom can tell by webhooks, and the names that stand for several topics.

use std::process::ExitCode;

use serde_json::{Value, json};
use trunkline_catalog::{Catalog, Topic, TopicAlias};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
};

/// Lists the topics that all words name or are mentioned by.
pub(crate) fn run(arguments: &cli::Topics) -> Result<ExitCode, Failure> {
    let catalog = Catalog::embedded();
    let mut found: Vec<&Topic> = catalog.topics().iter().collect();
    for word in &arguments.words {
        let is_alias = catalog.topic_aliases().iter().any(|alias| alias.name == word);
        if is_alias || word.contains('*') {
            let chosen = catalog.expand_topics(&[word])?;
            found.retain(|topic| chosen.contains(topic));
        } else {
            let word = word.to_lowercase();
            found.retain(|topic| mentions(topic, &word));
        }
    }
    if arguments.shape.is_any() {
        let described = found.iter().map(|topic| describe(topic));
        arguments.shape.open()?.all(described)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["topic", "since", "stream", "permission", "what it tells"]);
    for topic in &found {
        table.add_row([
            topic.name.to_owned(),
            topic.since.to_string(),
            topic.stream.unwrap_or("").to_owned(),
            topic.permissions.join(" or "),
            topic.summary.to_owned(),
        ]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!("{} topics", found.len()))?;
    if arguments.words.is_empty() {
        for TopicAlias { name, topics, .. } in catalog.topic_aliases() {
            json::line(&format!("{name} stands for {}", topics.join(", ")))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn mentions(topic: &Topic, word: &str) -> bool {
    [topic.name, topic.summary, topic.stream.unwrap_or("")]
        .iter()
        .chain(&topic.permissions)
        .any(|text| text.to_lowercase().contains(word))
}

fn describe(topic: &Topic) -> Value {
    let aliases: Vec<&str> = Catalog::embedded()
        .topic_aliases()
        .iter()
        .filter(|alias| alias.topics.contains(&topic.name))
        .map(|alias| alias.name)
        .collect();
    json!({
        "topic": topic.name,
        "since": topic.since.as_str(),
        "permissions": topic.permissions,
        "stream": topic.stream,
        "change": topic.change.as_str(),
        "also_called": aliases,
        "summary": topic.summary,
    })
}
