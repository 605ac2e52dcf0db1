//! A step as a card: what it is, its settings as fields, what can be done with it.
//!
//! The one rule: what a step needs, and what is set, is seen at once; the rest is a click away.

use maud::{Markup, html};
use trunkline_flow::document::Node;

use super::{
    Builder, PATHS,
    control::{self, Control, Setting},
    tree::{self, End, Place},
};
use crate::{
    api::flows::Component,
    console::{
        pages::flows::choose,
        parts::{self, Icon},
        visit::Visit,
    },
};

/// Longer values are typed into several lines.
const LONG: usize = 60;

/// The name of a setting's field.
pub(super) fn field_of(place: Place, setting: &Setting) -> String {
    format!("{}.{}", place.name(), setting.key.as_deref().unwrap_or("value"))
}

/// A value of a step's settings.
pub(super) fn value_of<'n>(settings: &'n Node, setting: &Setting) -> Option<&'n Node> {
    match &setting.key {
        Some(key) => settings.get(key),
        None => Some(settings).filter(|settings| !settings.is_same(&Node::of_json(serde_json::json!({})))),
    }
}

/// A setting's key as a label.
fn label(key: Option<&str>) -> String {
    let words = key.unwrap_or("value").replace('_', " ");
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}

impl Builder {
    pub(super) fn card(&self, visit: &Visit, root: &Node, place: Place) -> Markup {
        let Some(item) = tree::item(root, place) else {
            return html! {};
        };
        let (kind, settings) = tree::part(item);
        let name = place.name();
        let known = self.component(place.kind(), &kind);
        let picture: Icon = match place {
            Place::Source => "into",
            Place::Destination(_) => "out",
            _ => "bolt",
        };
        html! {
            section class="card step" id={ "step-" (name) } aria-labelledby={ "title-" (name) } {
                div class="step-head" {
                    h2 id={ "title-" (name) } { (parts::icon(visit, picture)) " " (kind) " " span class="quiet" { (place.kind()) } }
                    (self.moves(visit, root, place))
                }
                input type="hidden" name="steps" value=(name);
                @match known {
                    Some(component) => {
                        p class="quiet" { (component.summary) }
                        (self.mistakes_at(place))
                        (self.settings(visit, place, component, &settings))
                    }
                    None => {
                        (self.mistakes_at(place))
                        p class="wrong" { "This version knows no " (place.kind()) " " code { (kind) } ". Take it away, or mend its name in the text." }
                    }
                }
                @if let Place::Destination(_) = place { (Self::which(place, item)) }
                (self.came_of(place))
            }
        }
    }

    fn moves(&self, visit: &Visit, root: &Node, place: Place) -> Markup {
        let name = place.name();
        let button = |deed: &str, words: &str, sign: &str, is_off: bool| {
            let to = format!("{}#step-{name}", visit.to(&self.path()));
            html! { button class="plain" name="do" value={ (deed) " " (name) } formaction=(to) disabled[is_off] aria-label={ (words) " " (name) } title=(words) { (sign) } }
        };
        let (at, count) = match place {
            Place::Source => return html! {},
            Place::Transform(at) => (at, tree::items(root, "transforms").len()),
            Place::Destination(at) => (at, tree::items(root, "destinations").len()),
            Place::Own(way, at) => {
                let own = tree::items(root, "destinations").get(way);
                (at, own.map_or(0, |item| tree::items(item, "transforms").len()))
            }
        };
        html! {
            div class="actions" {
                (button("up", "Move up", "↑", at == 0))
                (button("down", "Move down", "↓", at + 1 == count))
                (button("remove", "Take away", "✕", false))
            }
        }
    }

    fn mistakes_at(&self, place: Place) -> Markup {
        html! {
            @for (at, mistake) in &self.mistakes {
                @if *at == Some(place) { p class="wrong" { (mistake.message) ". " span class="quiet" { (mistake.advice) } } }
            }
        }
    }

    fn settings(&self, visit: &Visit, place: Place, component: &Component, settings: &Node) -> Markup {
        let all = control::settings(&component.settings);
        let is_seen = |setting: &Setting| {
            setting.is_required
                || value_of(settings, setting).is_some()
                || setting.key.as_deref() == Some("connection")
                || self.wrong.contains_key(&field_of(place, setting))
                || all.len() <= 4
        };
        let (seen, rest): (Vec<&Setting>, Vec<&Setting>) = all.iter().partition(|setting| is_seen(setting));
        html! {
            @for setting in seen { (self.field(visit, place, setting, settings)) }
            @if !rest.is_empty() {
                details class="more-fields" {
                    summary { "More settings" }
                    @for setting in rest { (self.field(visit, place, setting, settings)) }
                }
            }
        }
    }

    fn field(&self, visit: &Visit, place: Place, setting: &Setting, settings: &Node) -> Markup {
        let field = field_of(place, setting);
        let value = value_of(settings, setting);
        if setting.key.as_deref() == Some("connection") && setting.control == Control::Text {
            let chosen = self.typed(&field).unwrap_or_else(|| setting.control.typed(value));
            return choose::connection(visit, &field, &chosen, &self.connections);
        }
        let control = setting.control.for_value(value);
        let wrong = self.wrong.get(&field).map(|(_, reason)| reason.as_str());
        let (id, words) = (format!("f-{field}"), label(setting.key.as_deref()));
        let typed = self.typed(&field).unwrap_or_else(|| control.typed(value));
        let described = format!("{id}-hint");
        let again = self.typed(&field).map(|typed| control::rows_again(&typed));
        let list = match (setting.key.as_deref(), &control) {
            (Some("operation"), Control::Text) => Some("reads"),
            (Some("action"), Control::Text) => Some("writes"),
            (_, Control::Expression) => Some(PATHS),
            _ => None,
        };
        html! {
            div class="field" {
                @if let Control::Pairs { of_expressions } = control {
                    fieldset {
                        legend { (words) @if !setting.is_required { span class="quiet" { " optional" } } }
                        @for (at, (key, value)) in again.unwrap_or_else(|| control::rows(value)).into_iter().enumerate() {
                            div class="row" {
                                input name={ (field) ".k" (at) } value=(key) aria-label={ (words) ": name " (at + 1) } placeholder="name" autocomplete="off" spellcheck="false";
                                input name={ (field) ".v" (at) } value=(value) aria-label={ (words) ": value " (at + 1) } placeholder=(if of_expressions { ".field" } else { "value" })
                                    list=[of_expressions.then_some(PATHS)] data-expression[of_expressions] autocomplete="off" spellcheck="false";
                            }
                        }
                    }
                } @else {
                    label for=(id) { (words) @if !setting.is_required { span class="quiet" { " optional" } } }
                    (one(&control, &field, &typed, wrong.is_some(), list, &described))
                }
                @if let Some(wrong) = wrong { p class="wrong" { (words) " " (wrong) "." } }
                p class="hint" id=(described) {
                    (setting.hint)
                    @if control == Control::Yaml { " As YAML." } @else if control == Control::Lines { " One a line." }
                    @else if control == Control::Expression && !setting.hint.contains("expression") { " An expression." }
                }
            }
        }
    }

    /// Which records a destination is given, and what it is called.
    fn which(place: Place, item: &Node) -> Markup {
        let name = place.name();
        let typed = |key: &str| Control::Text.typed(item.get(key));
        let is_open = ["name", "when", "route"]
            .iter()
            .any(|key| item.get(key).is_some());
        html! {
            details class="more-fields" open[is_open] {
                summary { "Its name, and which records it is given" }
                (parts::Field::text(&format!("{name}:name"), "Name", &typed("name")).hint("What it is called in this flow."))
                div class="field" {
                    label for={ "f-" (name) ":when" } { "Only when" span class="quiet" { " optional" } }
                    input id={ "f-" (name) ":when" } name={ (name) ":when" } value=(typed("when")) list=(PATHS) data-expression autocomplete="off" spellcheck="false";
                    p class="hint" { "An expression: only records for which it holds come here." }
                }
                (parts::Field::text(&format!("{name}:route"), "Route", &typed("route")).hint("Only records that a step `route` sent here."))
            }
        }
    }

    /// What the last try made at this step.
    fn came_of(&self, place: Place) -> Markup {
        let Some(tried) = &self.trial.tried else {
            return html! {};
        };
        let step = match place {
            Place::Transform(at) => tried.steps.get(at),
            Place::Own(way, at) => tried.ways.get(way).and_then(|way| way.steps.get(at)),
            _ => None,
        };
        let values = match place {
            Place::Source => Some(&tried.records),
            Place::Destination(at) => tried.ways.get(at).map(|way| &way.gets),
            _ => step.map(|step| &step.after),
        };
        html! {
            @if let Some(step) = step { @for trouble in &step.troubles { p class="wrong" { (trouble.message) } } }
            @if let Some(values) = values {
                @match values.first() {
                    Some(first) => details class="more-fields" {
                        summary { @if matches!(place, Place::Destination(_)) { "It would be given" } @else { "After this step" } }
                        (parts::block(&shown(first)))
                    },
                    None => p class="quiet" { "Nothing comes through here." },
                }
            }
        }
    }

    /// The palette: what can be added at an end of a list.
    pub(super) fn palette(&self, visit: &Visit, end: End, words: &str) -> Markup {
        let name = end.name();
        let field = format!("add-{name}");
        let to = format!("{}#steps-end-{name}", visit.to(&self.path()));
        html! {
            div class="palette inline" id={ "steps-end-" (name) } {
                label for={ "f-" (field) } { (words) }
                select id={ "f-" (field) } name=(field) {
                    @for one in self.of_kind(end.kind()) { option value=(one.name) { (one.name) " – " (one.summary) } }
                }
                button name="do" value={ "add " (name) } formaction=(to) { (parts::icon(visit, "plus")) "Add" }
            }
        }
    }
}

fn shown(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    match text.char_indices().nth(3_000) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The one element that holds a value.
fn one(
    control: &Control,
    field: &str,
    typed: &str,
    is_wrong: bool,
    list: Option<&str>,
    described: &str,
) -> Markup {
    let id = format!("f-{field}");
    let invalid = is_wrong.then_some("true");
    let is_expression = *control == Control::Expression;
    let options: Vec<(&str, &str)> = match control {
        Control::Truth => vec![("", "as usual"), ("yes", "yes"), ("no", "no")],
        Control::Choice(words) => {
            let own = words.iter().map(|word| (word.as_str(), word.as_str()));
            [("", "as usual")].into_iter().chain(own).collect()
        }
        _ => Vec::new(),
    };
    let is_long = matches!(control, Control::Lines | Control::Yaml)
        || typed.contains('\n')
        || (is_expression && typed.chars().count() > LONG);
    let rows = typed.lines().count().clamp(2, 14) + 1;
    html! {
        @if !options.is_empty() {
            select id=(id) name=(field) aria-describedby=(described) aria-invalid=[invalid] {
                @for (value, words) in options { option value=(value) selected[value == typed] { (words) } }
            }
        } @else if is_long {
            textarea id=(id) name=(field) rows=(rows) aria-describedby=(described) aria-invalid=[invalid] spellcheck="false" data-expression[is_expression] { (typed) }
        } @else {
            input id=(id) name=(field) value=(typed) aria-describedby=(described) aria-invalid=[invalid] autocomplete="off" spellcheck="false"
                inputmode=[(*control == Control::Number).then_some("decimal")] list=[list] data-expression[is_expression];
        }
    }
}
