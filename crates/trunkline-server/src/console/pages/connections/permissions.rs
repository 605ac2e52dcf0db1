//! The permissions of a connection's token: by family, with what each missing one costs; asked for when somebody says so.

use std::{collections::BTreeMap, convert::Infallible};

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::ONE;
use crate::{
    api::{
        permissions::{self, Line, Permissions, Probe},
        read::{Body, Named},
    },
    console::{
        page::{Again, Asked, Done, Page},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
};

const ASK: &str = "/connections/{name}/permissions";
/// How many names are shown of streams or operations.
const NAMED: usize = 6;

pub(super) fn pages() -> Vec<Page> {
    vec![Page::deed("permissions.probe", ASK, Role::Operate, ask)]
}

/// The part of a connection's page.
pub(super) fn section(visit: &Visit, connection: &str, can_be_asked: bool, found: &Permissions) -> Markup {
    let button = |words: &str| {
        parts::form(
            visit,
            &named(ASK, connection),
            &html! {
                (parts::tick("writes", "Ask for permissions to write too", found.writes_probed, Some("By calls on objects that cannot exist, so nothing is written.")))
                button { (parts::icon(visit, "again")) (words) }
            },
        )
    };
    let may_ask = visit.may(Role::Operate) && can_be_asked;
    let body = html! {
        @match found.asked_at {
            None => {
                p class="quiet" { "Nobody has asked yet. A small read for each permission tells whether the token has it; nothing is written." }
                @if may_ask { (button("Find out")) }
            },
            Some(at) => {
                p { (summary(&found.items)) " " span class="quiet" { "Asked " (parts::moment(at, visit.now())) "." } }
                (table(&found.items))
                @if may_ask { (button("Ask again")) }
            },
        }
    };
    parts::section("permissions", "Permissions", &body)
}

fn summary(lines: &[Line]) -> Markup {
    let missing = lines.iter().filter(|line| line.state == "missing").count();
    html! {
        @if missing == 0 { (badge(Tone::Good, "nothing is missing")) }
        @else { (badge(Tone::Bad, &format!("{missing} missing"))) " Tick them in the Developer Hub, on the app's page Authentication, then test the connection." }
    }
}

/// Families in the order of the Developer Hub, those with something missing first.
fn table(lines: &[Line]) -> Markup {
    let mut families: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        families.entry(line.family).or_default().push(line);
    }
    let mut families: Vec<(&str, Vec<&Line>)> = families.into_iter().collect();
    families.sort_by_key(|(_, lines)| !lines.iter().any(|line| line.state == "missing"));
    let rows = families
        .iter()
        .flat_map(|(family, lines)| lines.iter().map(|line| row(family, line)))
        .collect();
    parts::table(
        "Permissions",
        &["About", "Permission", "State", "Without it"],
        rows,
    )
}

fn row(family: &str, line: &Line) -> Vec<Markup> {
    let tone = match line.state {
        "granted" => Tone::Good,
        "missing" => Tone::Bad,
        "unknown" => Tone::Warn,
        _ => Tone::Quiet,
    };
    let costs = line.state != "granted";
    vec![
        html! { span class="badges" { (family) } },
        html! { strong { (line.permission) } br; span class="quiet" { (line.allows) } },
        html! { (badge(tone, line.state)) @if let Some(why) = &line.why { br; span class="quiet" { (why) } } },
        html! {
            @if costs {
                (line.cost)
                @if !line.streams.is_empty() { br; span class="quiet" { "Empty: " (few(&line.streams)) } }
                @if !line.operations.is_empty() { br; span class="quiet" { (words::some(line.operations.len() as u64, "action")) " fail: " (few(&line.operations)) } }
            } @else { span class="quiet" { "—" } }
        },
    ]
}

fn few(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

async fn ask(asked: Asked) -> Result<Done, Again<Infallible>> {
    let probe = Probe {
        writes: asked.form.is_ticked("writes"),
    };
    let name = asked.name();
    let found = permissions::ask(State(asked.shared.clone()), Named(name.clone()), Body(probe)).await;
    let Json(found) = found?;
    let missing: Vec<&str> = found
        .items
        .iter()
        .filter(|line| line.state == "missing")
        .map(|line| line.permission)
        .collect();
    let done = match missing.as_slice() {
        [] => Done::to(
            named(ONE, &name),
            &name,
            "No permission that was asked for is missing.",
        ),
        some => Done::to(
            named(ONE, &name),
            &name,
            format!(
                "{} missing: {}.",
                words::some(some.len() as u64, "permission"),
                few(some)
            ),
        )
        .but(),
    };
    Ok(done)
}

#[cfg(test)]
pub(super) fn sample() -> Permissions {
    let line = |state, why: Option<&str>| Line {
        permission: "Read <b>tickets</b>",
        family: "tickets",
        state,
        why: why.map(str::to_owned),
        streams: vec!["tickets"],
        operations: vec!["tickets.get"; 9],
        allows: "Reading tickets.",
        cost: "No tickets are mirrored.",
    };
    Permissions {
        asked_at: "2026-03-01T11:00:00Z".parse().ok(),
        writes_probed: true,
        items: vec![
            line("granted", None),
            line("missing", Some("403 <i>")),
            line("unknown", Some("no answer")),
            line("not probed", None),
        ],
    }
}
