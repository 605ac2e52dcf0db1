//! A form that is made of an action's fields, and the input that is made of what was typed.
//!
//! The one rule: a field of the form has the name by which the API blames it (`input.path.id`), so what is wrong stands where it was
//! typed, and nothing is checked here that the API checks.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use futures::future::join_all;
use maud::{Markup, Render, html};
use serde_json::{Map, Number, Value};
use tokio::time::timeout;
use trunkline_catalog::Version;

use crate::{
    api::{
        actions::Field,
        lookups::{self, Picks, Wanted},
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::Asked,
        parts::{self, Pick},
    },
    reply::Refusal,
};

/// How long the lists of a form may take to be read.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// The most that is offered to pick from.
const OFFERED: u32 = 200;
/// The most fields that are shown at once; the others are a click away.
const AT_ONCE: usize = 12;
/// Texts that are longer than a line, by the last part of their names.
const LONG: [&str; 7] = [
    "body",
    "message",
    "note",
    "description",
    "content",
    "text",
    "content_html",
];

/// How a value is typed or picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Long,
    Whole,
    Number,
    YesNo,
    Day,
    Moment,
    Choice,
    Choices,
    List,
    /// What has no better way: JSON.
    Document,
}

/// One field of the form.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    field: Field,
    kind: Kind,
    /// Its name in the form.
    name: String,
    choices: Vec<&'static str>,
    lookup: Option<&'static str>,
    /// Names within the items of a list or the entries of an object.
    within: Vec<&'static str>,
    is_required: bool,
}

/// The fields of a form, of those that this version of the API has.
pub(super) fn leaves(fields: &[Field], version: Version) -> Vec<Leaf> {
    let there: Vec<&Field> = fields.iter().filter(|field| is_in(field, version)).collect();
    let mut seen = BTreeSet::new();
    let mut leaves: Vec<Leaf> = there
        .iter()
        .filter(|field| {
            let inner = format!("{}.", field.name);
            let has_own = there
                .iter()
                .any(|other| other.place == field.place && other.name.starts_with(&inner));
            !field.name.contains("[]") && !has_own && seen.insert((field.place, field.name))
        })
        .map(|field| leaf(field, &there))
        .collect();
    leaves.sort_by_key(|leaf| (!leaf.is_required, leaf.field.group.is_none()));
    leaves
}

fn is_in(field: &Field, version: Version) -> bool {
    let of = |text: &str| text.parse::<Version>().unwrap_or(version);
    (of(field.since)..=of(field.until)).contains(&version)
}

fn leaf(field: &Field, all: &[&Field]) -> Leaf {
    let of_items = format!("{}[]", field.name);
    let items = all
        .iter()
        .find(|other| other.place == field.place && other.name == of_items);
    let within: Vec<&'static str> = all
        .iter()
        .filter(|other| other.place == field.place)
        .filter_map(|other| other.name.strip_prefix(&of_items)?.strip_prefix('.'))
        .collect();
    let choices = match items {
        Some(items) if field.choices.is_empty() => items.choices.clone(),
        _ => field.choices.clone(),
    };
    let last = field.name.rsplit('.').next().unwrap_or(field.name);
    let kind = match (field.kind, field.time) {
        (_, Some("date")) => Kind::Day,
        (_, Some(_)) => Kind::Moment,
        ("array", _) if !choices.is_empty() => Kind::Choices,
        _ if !choices.is_empty() => Kind::Choice,
        ("boolean", _) => Kind::YesNo,
        ("integer", _) => Kind::Whole,
        ("number", _) => Kind::Number,
        ("array", _) if within.is_empty() && items.is_none_or(|items| items.kind != "object") => Kind::List,
        ("array" | "object" | "any", _) => Kind::Document,
        _ if LONG.contains(&last) => Kind::Long,
        _ => Kind::Text,
    };
    let place = match field.place {
        part @ ("path" | "query") => format!("{part}."),
        _ => String::new(),
    };
    Leaf {
        kind,
        name: format!("input.{place}{}", field.name),
        choices,
        lookup: field
            .lookup
            .or_else(|| items.and_then(|items| items.lookup))
            .filter(|_| matches!(kind, Kind::Text | Kind::Whole | Kind::List)),
        within,
        is_required: field.required && field.alternative == 0 && !field.name.contains('.'),
        field: field.clone(),
    }
}

/// The input that was typed, nested as the API takes it.
pub(super) fn input(
    leaves: &[Leaf],
    typed: &Fields,
    is_operation: bool,
) -> Result<Map<String, Value>, Refusal> {
    let mut input = Map::new();
    let mut problems = Vec::new();
    for leaf in leaves {
        match leaf.value(typed) {
            Ok(None) => {}
            Ok(Some(value)) => {
                let place = match leaf.field.place {
                    part @ ("path" | "query" | "payload") if is_operation => Some(part),
                    _ => None,
                };
                put(
                    &mut input,
                    place.into_iter().chain(leaf.field.name.split('.')),
                    value,
                );
            }
            Err(what) => problems.push((leaf.name.clone(), what)),
        }
    }
    match problems.as_slice() {
        [] => Ok(input),
        [(field, what), ..] => Err(Refusal::of_field(field, what.clone()).at_each(problems.iter().cloned())),
    }
}

fn put<'n>(into: &mut Map<String, Value>, mut path: impl Iterator<Item = &'n str>, value: Value) {
    let Some(first) = path.next() else { return };
    let mut path = path.peekable();
    if path.peek().is_none() {
        into.insert(first.to_owned(), value);
    } else if let Value::Object(inner) = into.entry(first).or_insert_with(|| Value::Object(Map::new())) {
        put(inner, &mut path as &mut dyn Iterator<Item = &'n str>, value);
    }
}

impl Leaf {
    /// What was typed, of its type where that is certain; the API tells the rest.
    fn value(&self, typed: &Fields) -> Result<Option<Value>, String> {
        let whole = typed.whole(&self.name);
        let text = whole.trim();
        let many = typed.all(&self.name);
        if text.is_empty() && many.is_empty() {
            return Ok(None);
        }
        let json = || {
            trunkline_actions::read_record(text)
                .map(Some)
                .map_err(|problem| problem.what)
        };
        let as_text = || Value::from(text);
        Ok(Some(match self.kind {
            Kind::Choices => Value::from(many),
            Kind::List if many.len() > 1 => Value::from(many),
            Kind::List | Kind::Document if text.starts_with('[') => return json(),
            Kind::Document if text.starts_with('{') => return json(),
            Kind::Document if self.field.kind == "any" => {
                serde_json::from_str(text).unwrap_or_else(|_| as_text())
            }
            Kind::YesNo if text == "yes" => Value::Bool(true),
            Kind::YesNo if text == "no" => Value::Bool(false),
            Kind::Whole => text.parse::<i64>().map_or_else(|_| as_text(), Value::from),
            Kind::Number => text
                .parse::<i64>()
                .map(Number::from)
                .ok()
                .or_else(|| text.parse().ok().and_then(Number::from_f64))
                .map_or_else(as_text, Value::Number),
            Kind::Long => Value::from(whole),
            _ => as_text(),
        }))
    }

    /// What a refusal says of it.
    fn wrong(&self, refusal: Option<&Refusal>) -> Option<String> {
        let refusal = refusal?;
        let own = |field: &str| {
            field
                .strip_prefix(&self.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if let Some(problem) = refusal.problems.iter().find(|problem| own(&problem.field)) {
            let inner = problem.field[self.name.len()..].trim_start_matches('.');
            let label = match inner {
                "" => self.label(),
                inner => format!("`{inner}`"),
            };
            return Some(parts::wrong(&label, &problem.message));
        }
        let named = refusal.field.as_deref()?;
        (refusal.problems.is_empty() && own(named)).then(|| parts::wrong(&self.label(), &refusal.message))
    }

    /// Its name in words.
    fn label(&self) -> String {
        let words = self.field.name.replace(['_', '.'], " ");
        let mut letters = words.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        let label = format!("{first}{}", letters.as_str());
        match label.strip_suffix(" id") {
            Some(start) => format!("{start} ID"),
            None => label,
        }
    }

    fn hint(&self, picks: Option<&Result<Picks, String>>) -> String {
        let mut parts = Vec::new();
        if !self.field.help.is_empty() {
            parts.push(self.field.help.to_owned());
        }
        match self.kind {
            Kind::List if self.lookup.is_none() || !matches!(picks, Some(Ok(_))) => {
                parts.push("Several with commas between them, or a JSON list.".to_owned());
            }
            Kind::Document if self.field.kind == "array" => parts.push("A JSON list.".to_owned()),
            Kind::Document if self.field.kind == "object" => {
                parts.push("A JSON object, such as {\"plan\": \"pro\"}.".to_owned());
            }
            Kind::Document => parts.push("Text, or JSON.".to_owned()),
            _ => {}
        }
        if !self.within.is_empty() {
            parts.push(format!("Each item has {}.", self.within.join(", ")));
        }
        if let Some(default) = self.field.default {
            parts.push(format!("Unless given: {default}."));
        }
        match picks {
            Some(Err(reason)) => parts.push(format!("The list could not be read: {reason}")),
            Some(Ok(found)) if found.more => {
                parts.push("The first are offered; any other ID can be typed.".to_owned());
            }
            _ => {}
        }
        parts.join(" ")
    }

    fn markup(
        &self,
        typed: &Fields,
        refusal: Option<&Refusal>,
        picks: Option<&Result<Picks, String>>,
    ) -> Markup {
        let (label, hint, wrong) = (self.label(), self.hint(picks), self.wrong(refusal));
        let hint = Some(hint.as_str()).filter(|hint| !hint.is_empty());
        let value = typed.whole(&self.name);
        let pick = |options: Vec<(String, String)>, takes_many: bool| {
            let chosen = if takes_many {
                typed.all(&self.name)
            } else {
                vec![value.clone()]
            };
            let nothing = (!takes_many).then(|| (String::new(), "—".to_owned()));
            Pick {
                name: &self.name,
                label: &label,
                options: nothing.into_iter().chain(options).collect(),
                chosen,
                hint,
                wrong: wrong.clone(),
                is_required: self.is_required,
                takes_many,
                is_sent: false,
            }
            .render()
        };
        let same = |word: &str| (word.to_owned(), word.to_owned());
        match (self.kind, picks) {
            (Kind::YesNo, _) => {
                return pick(vec![same("yes"), same("no")], false);
            }
            (Kind::Choice | Kind::Choices, _) => {
                let options = self.choices.iter().map(|choice| same(choice)).collect();
                return pick(options, self.kind == Kind::Choices);
            }
            (_, Some(Ok(found))) if !found.more && !found.items.is_empty() => {
                return pick(offered(found), self.kind == Kind::List);
            }
            _ => {}
        }
        let list = format!("list-{}", self.name);
        let mut field = parts::Field::text(&self.name, &label, &value)
            .said(wrong)
            .marked();
        if let Some(hint) = hint {
            field = field.hint(hint);
        }
        field = match self.kind {
            Kind::Whole => field.of_kind("number"),
            Kind::Day => field.of_kind("date"),
            Kind::Moment => field.of_kind("datetime-local"),
            Kind::Long | Kind::Document => field.long(4),
            _ => field,
        };
        if self.is_required {
            field = field.required();
        }
        match picks {
            Some(Ok(found)) if !found.items.is_empty() => html! {
                (field.suggests(&list))
                datalist id=(list) { @for (value, words) in offered(found) { option value=(value) { (words) } } }
            },
            _ => field.render(),
        }
    }
}

/// Ids with their names, and what tells one from another of its name.
fn offered(found: &Picks) -> Vec<(String, String)> {
    let words = |pick: &lookups::Pick| match pick.details.values().next() {
        Some(detail) if *detail != pick.name => format!("{} ({detail})", pick.name),
        _ => pick.name.clone(),
    };
    found
        .items
        .iter()
        .map(|pick| (pick.id.clone(), words(pick)))
        .collect()
}

/// What is wrong with no field that is shown, or with several that exclude each other.
pub(super) fn general(leaves: &[Leaf], refusal: &Refusal) -> Option<String> {
    let is_shown = |leaf: &&Leaf| leaf.wrong(Some(refusal)).is_some();
    let placed = leaves.iter().filter(is_shown).count();
    if placed == 0 || placed < refusal.problems.len() {
        return Some(refusal.message.clone());
    }
    None
}

/// The fields, those that are needed first.
pub(super) fn markup(
    leaves: &[Leaf],
    typed: &Fields,
    refusal: Option<&Refusal>,
    picks: &BTreeMap<&'static str, Result<Picks, String>>,
) -> Markup {
    let one = |leaf: &Leaf| leaf.markup(typed, refusal, leaf.lookup.and_then(|lookup| picks.get(lookup)));
    let is_first = |leaf: &Leaf| leaf.is_required || leaf.field.group.is_some();
    let (first, mut rest): (Vec<&Leaf>, Vec<&Leaf>) = leaves.iter().partition(|leaf| is_first(leaf));
    let room = AT_ONCE.saturating_sub(first.len()).max(3).min(rest.len());
    let more = rest.split_off(if rest.len() <= room + 2 { rest.len() } else { room });
    let is_open = more
        .iter()
        .any(|leaf| typed.given(&leaf.name).is_some() || leaf.wrong(refusal).is_some());
    html! {
        @for group in first.chunk_by(|one, other| one.field.group == other.field.group) {
            @match group[0].field.group {
                Some(name) => fieldset {
                    legend { (legend(name, group[0].field.group_required)) }
                    @for leaf in group { (one(leaf)) }
                },
                None => { @for leaf in group { (one(leaf)) } },
            }
        }
        @for leaf in &rest { (one(leaf)) }
        @if !more.is_empty() {
            details class="more-fields" open[is_open] {
                summary { (more.len()) " more fields" }
                @for leaf in &more { (one(leaf)) }
            }
        }
    }
}

fn legend(group: &str, is_required: bool) -> String {
    let words = group.replace('_', " ");
    let how = if is_required {
        "one of these"
    } else {
        "at most one of these"
    };
    format!("The {words}, by {how}")
}

/// Whether some field is a time, which may need a zone.
pub(super) fn has_times(leaves: &[Leaf]) -> bool {
    leaves.iter().any(|leaf| leaf.kind == Kind::Moment)
}

/// The lists from which values are picked, read from the workspace side by side.
pub(super) async fn picks(
    asked: &Asked,
    connection: Option<&str>,
    leaves: &[Leaf],
) -> BTreeMap<&'static str, Result<Picks, String>> {
    let names: BTreeSet<&'static str> = leaves.iter().filter_map(|leaf| leaf.lookup).collect();
    let read = names.into_iter().map(|name| async move {
        let wanted = Wanted {
            connection: connection.map(str::to_owned),
            words: String::new(),
            limit: Some(OFFERED),
        };
        let found = lookups::show(State(asked.shared.clone()), Named(name.to_owned()), Query(wanted));
        let found = match timeout(PATIENCE, found).await {
            Ok(Ok(Json(found))) => Ok(found),
            Ok(Err(refusal)) => Err(refusal.message),
            Err(_) => Err("Intercom did not answer in time".to_owned()),
        };
        (name, found)
    });
    join_all(read).await.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::actions::ActionPage;

    async fn shown(id: &str) -> (ActionPage, Vec<Leaf>) {
        let Json(page) = crate::api::actions::show(Named(id.to_owned())).await.unwrap();
        let leaves = leaves(&page.fields, Version::DEFAULT);
        (page, leaves)
    }

    #[tokio::test]
    async fn what_was_typed_becomes_the_input_that_the_api_takes() {
        for (id, typed, expected) in [
            (
                "contacts.upsert",
                &[
                    ("input.email", " ann@example.com "),
                    ("input.custom_attributes", "{\"plan\": \"pro\"}"),
                    ("input.unsubscribed_from_emails", "no"),
                ][..],
                json!({
                    "email": "ann@example.com", "custom_attributes": { "plan": "pro" }, "unsubscribed_from_emails": false,
                }),
            ),
            (
                "tags.get",
                &[("input.path.id", "12")],
                json!({ "path": { "id": "12" } }),
            ),
            (
                "tags.upsert",
                &[("input.name", "vip"), ("other", "x")],
                json!({ "payload": { "name": "vip" } }),
            ),
            ("tags.list", &[("input.limit", "")], json!({})),
        ] {
            let (page, leaves) = shown(id).await;
            let made = input(&leaves, &Fields::of(typed), page.line.is_operation);
            assert_eq!(Value::from(made.unwrap()), expected, "{id}");
        }
    }

    #[tokio::test]
    async fn a_document_that_is_none_is_blamed_where_it_was_typed() {
        let (_, leaves) = shown("contacts.upsert").await;
        let typed = Fields::of(&[("input.custom_attributes", "{\"plan\": }")]);
        let refusal = input(&leaves, &typed, false).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("input.custom_attributes"));
        let html = markup(&leaves, &typed, Some(&refusal), &BTreeMap::new()).into_string();
        let (_, field) = html.split_once("id=\"f-input.custom_attributes\"").unwrap();
        let field = field.split("</div>").next().unwrap();
        assert!(
            field.contains("aria-invalid=\"true\"") && field.contains("is not valid JSON"),
            "{field}"
        );
        assert!(
            field.contains("{&quot;plan&quot;: }"),
            "what was typed stays: {field}"
        );
        assert_eq!(general(&leaves, &refusal), None);
    }

    #[tokio::test]
    async fn every_action_has_a_form_in_which_each_field_has_its_own_name() {
        for action in trunkline_actions::actions() {
            let (_, leaves) = shown(action.id).await;
            let names: BTreeSet<&str> = leaves.iter().map(|leaf| leaf.name.as_str()).collect();
            assert_eq!(names.len(), leaves.len(), "{}", action.id);
            let (first, last) = action.versions;
            let version = Version::DEFAULT.clamp(first, last);
            for field in action.fields.iter().filter(|field| {
                field.required
                    && field.alternative == 0
                    && !field.name.contains('.')
                    && (field.versions.0..=field.versions.1).contains(&version)
            }) {
                let there = super::leaves(&shown(action.id).await.0.fields, version);
                let inner = format!("{}.", field.name);
                assert!(
                    there
                        .iter()
                        .any(|leaf| leaf.field.name == field.name || leaf.field.name.starts_with(&inner)),
                    "{} cannot be given {}",
                    action.id,
                    field.name
                );
            }
        }
    }
}
