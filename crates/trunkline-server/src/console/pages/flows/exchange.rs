//! Incoming and Outgoing: flows that bring records of Intercom elsewhere, and flows that bring records into it; a wizard for each.
//!
//! The one rule: a wizard makes a flow's text and nothing else: it is previewed, checked and put by the functions of every flow's text, and
//! can be gone on with step by step. Read `exchange/wizard.rs` for the wizard.

mod reads;
mod wizard;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{ONE, dead, runs_drawn, state};
use crate::{
    api::{
        flows::{self, Made, Shown},
        read::Named,
    },
    console::{
        page::{Asked, Group, Page, View},
        parts,
        visit::Visit,
    },
    reply::Refusal,
};

/// Sources whose records are Intercom's.
const OF_INTERCOM: [&str; 3] = ["intercom", "webhook", "mirror"];

/// Which way records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From Intercom.
    In,
    /// Into Intercom.
    Out,
}

impl Way {
    const fn list(self) -> &'static str {
        match self {
            Self::In => "/incoming",
            Self::Out => "/outgoing",
        }
    }

    const fn wizard(self) -> &'static str {
        match self {
            Self::In => "/incoming/new",
            Self::Out => "/outgoing/new",
        }
    }

    /// What a flow of this way does with Intercom; none when it is not of this way.
    fn what(self, made: &Made) -> Option<String> {
        match self {
            Self::In => OF_INTERCOM
                .contains(&made.source.kind.as_str())
                .then(|| format!("{}: {}", made.source.kind, made.source.says)),
            Self::Out => made
                .destinations
                .iter()
                .find(|way| way.part.kind == "intercom")
                .map(|way| way.part.says.clone()),
        }
    }

    /// Where records go to, or come from.
    fn other(self, made: &Made) -> String {
        match self {
            Self::In => {
                let names: Vec<&str> = made.destinations.iter().map(|way| way.name.as_str()).collect();
                names.join(", ")
            }
            Self::Out => format!("{}: {}", made.source.kind, made.source.says),
        }
    }
}

pub(super) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("flows.incoming", Way::In.list(), Role::Read, async |asked| {
            list(asked, Way::In).await
        })
        .in_menu(Group::Flow, "into", "Incoming"),
        Page::look("flows.outgoing", Way::Out.list(), Role::Read, async |asked| {
            list(asked, Way::Out).await
        })
        .in_menu(Group::Flow, "out", "Outgoing"),
    ];
    pages.extend(wizard::pages());
    pages
}

/// Flows that go one way.
struct Exchange {
    way: Way,
    items: Vec<(Shown, Made)>,
}

impl Exchange {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self.items.iter().filter_map(|(flow, made)| {
            let what = self.way.what(made)?;
            Some(vec![
                html! { a href=(visit.at(ONE, &flow.name)) { strong { (flow.name) } } },
                html! { code { (what) } },
                html! { (self.way.other(made)) },
                state(flow),
                runs_drawn(flow),
                parts::moment_or(flow.runs.first().map(|run| run.started_at), visit.now(), "never"),
                dead(visit, flow),
            ])
        });
        let columns = match self.way {
            Way::In => [
                "Name",
                "What is read",
                "Goes to",
                "State",
                "Last runs",
                "Last run",
                "Dead letters",
            ],
            Way::Out => [
                "Name",
                "What is done",
                "Comes from",
                "State",
                "Last runs",
                "Last run",
                "Dead letters",
            ],
        };
        parts::table(&self.title(), &columns, rows.collect())
    }
}

impl View for Exchange {
    fn title(&self) -> String {
        match self.way {
            Way::In => "Incoming".to_owned(),
            Way::Out => "Outgoing".to_owned(),
        }
    }

    fn lead(&self) -> Option<String> {
        Some(match self.way {
            Way::In => "Flows that bring what Intercom has, or tells, to where it is needed.".to_owned(),
            Way::Out => "Flows that bring records of yours into Intercom.".to_owned(),
        })
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let words = match self.way {
            Way::In => "New subscriber",
            Way::Out => "New publisher",
        };
        (visit.may(Role::Admin) && !self.items.is_empty())
            .then(|| parts::first_link(visit, self.way.wizard(), Some("plus"), words))
    }

    fn main(&self, visit: &Visit) -> Markup {
        if !self.items.is_empty() {
            return self.table(visit);
        }
        let (picture, title, text, words) = match self.way {
            Way::In => (
                "into",
                "Nothing comes in yet",
                "A subscriber asks Intercom for records, all pages of them, and brings them to a file, a database, or an address of yours.",
                "New subscriber",
            ),
            Way::Out => (
                "out",
                "Nothing goes out yet",
                "A publisher takes records of yours, from a file, a database or a call, and runs an action of Intercom with each.",
                "New publisher",
            ),
        };
        let next = html! {
            @if visit.may(Role::Admin) { (parts::first_link(visit, self.way.wizard(), Some("plus"), words)) }
            (parts::link(visit, "/recipes", Some("recipe"), "Pick a recipe"))
        };
        parts::empty(visit, picture, title, text, Some(next))
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let of = |way, items| Self { way, items };
        let made = |kind: &str| {
            let mut made = super::graph::sample();
            kind.clone_into(&mut made.source.kind);
            "intercom".clone_into(&mut made.destinations[0].part.kind);
            made
        };
        vec![
            ("nothing in", of(Way::In, Vec::new())),
            ("nothing out", of(Way::Out, Vec::new())),
            ("in", of(Way::In, vec![(super::sample(), made("webhook"))])),
            ("out", of(Way::Out, vec![(super::sample(), made("file"))])),
        ]
    }
}

async fn list(asked: Asked, way: Way) -> Result<Exchange, Refusal> {
    let Json(all) = flows::list(State(asked.shared.clone())).await?;
    let mut items = Vec::new();
    for flow in all.items {
        let Json(whole) = flows::show(State(asked.shared.clone()), Named(flow.name)).await?;
        if let Some(made) = whole.made.filter(|made| way.what(made).is_some()) {
            items.push((whole.flow, made));
        }
    }
    Ok(Exchange { way, items })
}
