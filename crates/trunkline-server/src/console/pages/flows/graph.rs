//! A flow, drawn: its source, its transforms, its destinations, in the order in which records go through them.
//!
//! The one rule: the drawing is a list of lists, so that whoever hears it hears the same order; lines between boxes are for the eye.

use maud::{Markup, html};

use crate::{
    api::flows::{Made, Part, Whole},
    console::{
        pages::deliveries,
        parts::{self, Icon, Tone, badge},
        visit::Visit,
        words,
    },
};

/// The drawing, with what waits at each destination.
pub(super) fn drawn(visit: &Visit, made: &Made, whole: &Whole) -> Markup {
    html! {
        ol class="graph" {
            li { (node(visit, "into", "source", &made.source)) }
            @for part in &made.transforms { li { (node(visit, "bolt", "transform", part)) } }
            li class="ends" {
                ul {
                    @for way in &made.destinations {
                        li {
                            ol class="graph" {
                                @if let Some(only) = &way.only { li { div class="node case" { span class="says" { (only) } } } }
                                @for part in &way.transforms { li { (node(visit, "bolt", "transform", part)) } }
                                li {
                                    div class="node" {
                                        (parts::icon(visit, "out"))
                                        div {
                                            strong { (way.name) }
                                            @if way.name != way.part.kind { span class="quiet" { " " (way.part.kind) } }
                                            (says(&way.part))
                                            (held(visit, &way.name, whole))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn node(visit: &Visit, picture: Icon, role: &str, part: &Part) -> Markup {
    html! {
        div class="node" {
            (parts::icon(visit, picture))
            div { strong { (part.kind) } span class="quiet" { " " (role) } (says(part)) }
        }
    }
}

fn says(part: &Part) -> Markup {
    html! { @if !part.says.is_empty() { code class="says" { (part.says) } } }
}

/// What waits at a destination.
fn held(visit: &Visit, name: &str, whole: &Whole) -> Markup {
    let queued: u64 = whole
        .waiting
        .iter()
        .filter(|waiting| waiting.destination == name)
        .map(|waiting| waiting.queued)
        .sum();
    let dead: u64 = whole
        .dead_letters
        .iter()
        .filter(|dead| dead.destination == name)
        .map(|dead| dead.count)
        .sum();
    html! {
        @if queued > 0 { (badge(Tone::Busy, &format!("{} waiting", words::count(queued)))) }
        @if dead > 0 {
            a href={ (visit.to("/deliveries")) "?" (deliveries::of_flow(&whole.flow.name)) } { (badge(Tone::Bad, &words::some(dead, "dead letter"))) }
        }
    }
}

#[cfg(test)]
pub(super) fn sample() -> Made {
    use crate::api::flows::Way;
    let part = |kind: &str, says: &str| Part {
        kind: kind.to_owned(),
        says: says.to_owned(),
    };
    Made {
        description: Some("What is <b>urgent</b>.".to_owned()),
        schedule: Some("every 5m".to_owned()),
        source: part("webhook", "acme · conversation.user.created"),
        transforms: vec![part("filter", ".number > 2"), part("window", "")],
        destinations: vec![
            Way {
                name: "file".to_owned(),
                only: None,
                transforms: Vec::new(),
                part: part("file", "<script>.jsonl"),
            },
            Way {
                name: "big".to_owned(),
                only: Some("when .number > 9".to_owned()),
                transforms: vec![part("jq", ".number")],
                part: part("http", "https://example.com"),
            },
        ],
    }
}
