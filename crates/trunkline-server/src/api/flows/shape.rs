//! What a flow's text is made of, in the order in which records go through it.
//!
//! The one rule: settings are summed up in a few words of their own, and never hold a secret: those are named in a text, not written.

use serde::Serialize;
use serde_json::Value;
use trunkline_flow::document::{Branch, Document, Part as Component, Schedule};
use utoipa::ToSchema;

/// The longest summary of settings, in letters.
const LONGEST: usize = 90;

/// What a flow is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowShape)]
pub(crate) struct Made {
    /// What it is for.
    pub(crate) description: Option<String>,
    /// When it runs, in plain words, where its text says so.
    pub(crate) schedule: Option<String>,
    /// Where records come from.
    pub(crate) source: Part,
    /// What becomes of each, in this order.
    pub(crate) transforms: Vec<Part>,
    /// Where they go.
    pub(crate) destinations: Vec<Way>,
}

/// A component and what its settings say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowPart)]
pub(crate) struct Part {
    /// Its kind, such as `webhook` or `filter`.
    pub(crate) kind: String,
    /// Its settings in short.
    pub(crate) says: String,
}

/// A destination, and which records it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowWay)]
pub(crate) struct Way {
    /// What it is called in this flow.
    pub(crate) name: String,
    /// The condition that records meet, or the route that leads here; none for all records.
    pub(crate) only: Option<String>,
    /// What becomes of records before they are brought here only.
    pub(crate) transforms: Vec<Part>,
    /// The component.
    pub(crate) part: Part,
}

impl Made {
    pub(crate) fn of(document: &Document) -> Self {
        Self {
            description: document.description.clone(),
            schedule: document.schedule.as_ref().map(schedule),
            source: Part::of(&document.source),
            transforms: document.transforms.iter().map(Part::of).collect(),
            destinations: document.destinations.iter().map(Way::of).collect(),
        }
    }
}

/// A destination as it is shown.
pub(super) fn way_of(branch: &Branch) -> Way {
    Way::of(branch)
}

impl Part {
    pub(super) fn of(component: &Component) -> Self {
        Self {
            kind: component.kind.clone(),
            says: short(&component.settings.to_json()),
        }
    }
}

impl Way {
    fn of(branch: &Branch) -> Self {
        let condition = branch.when.as_ref().map(|when| format!("when {}", when.text()));
        let route = branch.route.as_ref().map(|route| format!("route {route}"));
        let both: Vec<String> = route.into_iter().chain(condition).collect();
        Self {
            name: branch.name.clone(),
            only: (!both.is_empty()).then(|| both.join(", ")),
            transforms: branch.transforms.iter().map(Part::of).collect(),
            part: Part::of(&branch.part),
        }
    }
}

/// Settings in short: their values, one after the other.
fn short(settings: &Value) -> String {
    let text = match settings {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(all) => all.iter().map(short).collect::<Vec<_>>().join(", "),
        Value::Object(all) => all
            .iter()
            .map(|(name, value)| match value {
                Value::Object(_) | Value::Bool(_) | Value::Number(_) => format!("{name} {}", short(value)),
                _ => short(value),
            })
            .collect::<Vec<_>>()
            .join(" · "),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    let mut cut: String = text.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

/// A schedule in plain words.
fn schedule(schedule: &Schedule) -> String {
    if let Some(every) = &schedule.every {
        return format!("every {every}");
    }
    if let Some(once) = &schedule.once {
        return format!("once, at {once}");
    }
    let zone = schedule.time_zone.as_deref().unwrap_or("UTC");
    match &schedule.cron {
        Some(cron) => format!("cron {cron} ({zone})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::flows::document;

    #[test]
    fn a_text_is_shown_in_the_order_in_which_records_go_through_it() {
        let text = "
flow: urgent
schedule: { every: 5m }
source: { file: { path: in.jsonl } }
transforms:
  - filter: '.number
      > 2'
destinations:
  - file: { path: out.jsonl }
  - name: big
    when: '.number > 9'
    transforms: [ { jq: '.number' } ]
    file: { path: big.jsonl }
";
        let document = document(text, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let made = Made::of(&document);
        let part = |kind: &str, says: &str| Part {
            kind: kind.to_owned(),
            says: says.to_owned(),
        };
        assert_eq!(made.schedule.as_deref(), Some("every 5m"));
        assert_eq!(made.source, part("file", "in.jsonl"));
        assert_eq!(made.transforms, [part("filter", ".number > 2")]);
        let way = &made.destinations[1];
        assert_eq!(
            (way.name.as_str(), way.only.as_deref()),
            ("big", Some("when .number > 9"))
        );
        assert_eq!(way.transforms, [part("jq", ".number")]);
        assert_eq!(made.destinations[0].part, part("file", "out.jsonl"));
    }

    #[test]
    fn long_settings_are_cut_between_letters() {
        let text = short(&Value::String("ü".repeat(200)));
        assert_eq!(text.chars().count(), LONGEST);
        assert!(text.ends_with('…'));
    }
}
