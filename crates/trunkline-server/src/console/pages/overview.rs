//! Is everything well? In one look, and moving.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use super::alerts::place;
use crate::{
    api::{
        alerts::{self, AlertsQuery},
        connections::{self, Standing as ConnectionState},
        mirrors, notifications,
        overview::{self, Flow, Overview},
        read::{Named, Query},
        runs::{self, Outcome, RunsQuery},
    },
    console::{
        page::{Asked, Group, Page, View},
        parts::{self, Series, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

/// How many errors are shown.
const ERRORS: usize = 6;

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("overview.show", "/", Role::Read, show)
            .in_menu(Group::Now, "overview", "Overview")
            .live(),
    ]
}

/// How everything is doing.
#[derive(Debug)]
struct Look {
    now: Overview,
    connections: Vec<Connection>,
    mirrors: Vec<Mirror>,
    errors: Vec<Trouble>,
}

#[derive(Debug)]
struct Connection {
    name: String,
    workspace: String,
    state: ConnectionState,
}

/// A mirror with its last runs.
#[derive(Debug)]
struct Mirror {
    name: String,
    is_paused: bool,
    last: Option<Run>,
    streams: Vec<Stream>,
    is_late: bool,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    outcome: Outcome,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Stream {
    name: String,
    state: String,
    held: u64,
}

/// Something that somebody should look at.
#[derive(Debug)]
struct Trouble {
    at: Option<Timestamp>,
    what: String,
    path: String,
}

async fn show(asked: Asked) -> Result<Look, Refusal> {
    let shared = &asked.shared;
    let Json(now) = overview::show(State(shared.clone())).await?;
    let Json(all) = connections::list(State(shared.clone())).await?;
    let mut errors = standing(&asked).await?;
    let connections: Vec<Connection> = all
        .items
        .into_iter()
        .map(|connection| {
            if matches!(connection.state, ConnectionState::NeedsGrant) {
                let reason = connection.reason.unwrap_or_default();
                errors.push(Trouble {
                    at: None,
                    what: format!("{} needs a new grant: {reason}", connection.name),
                    path: named("/connections/{name}", &connection.name),
                });
            }
            Connection {
                workspace: connection
                    .workspace
                    .map(|workspace| workspace.name)
                    .unwrap_or_default(),
                name: connection.name,
                state: connection.state,
            }
        })
        .collect();
    let Json(all) = mirrors::list(State(shared.clone())).await?;
    let mut mirrors = Vec::new();
    for mirror in all.items {
        let newest = RunsQuery {
            before: None,
            limit: Some(2),
        };
        let Json(runs) = runs::list(State(shared.clone()), Named(mirror.name.clone()), Query(newest)).await?;
        let found = held(&mirror, &runs.items, now.at);
        if let Some(run) = runs.items.iter().find(|run| matches!(run.state, Outcome::Failed)) {
            let why = run
                .report
                .as_ref()
                .and_then(|report| report["error"].as_str())
                .unwrap_or("no report");
            errors.push(Trouble {
                at: run.finished_at,
                what: format!(
                    "The mirror {} could not be brought up to date: {why}",
                    mirror.name
                ),
                path: named("/mirrors/{name}", &mirror.name),
            });
        }
        mirrors.push(found);
    }
    if now.failed > 0 {
        let failed = notifications::NotificationsQuery {
            state: Some(notifications::Progress::Failed),
            limit: Some(3),
            ..notifications::NotificationsQuery::default()
        };
        let Json(failed) = notifications::list(State(shared.clone()), Query(failed)).await?;
        errors.extend(failed.items.into_iter().map(|one| Trouble {
            at: Some(one.received_at),
            what: format!(
                "{}: {}",
                one.topic,
                one.error.unwrap_or_else(|| "could not be applied".to_owned())
            ),
            path: format!("/notifications/{}", one.seq),
        }));
    }
    // What an alert says already is not said twice.
    let mut places = BTreeSet::new();
    errors.retain(|trouble| places.insert(trouble.path.clone()));
    errors.truncate(ERRORS);
    Ok(Look {
        now,
        connections,
        mirrors,
        errors,
    })
}

/// The alerts that stand.
async fn standing(asked: &Asked) -> Result<Vec<Trouble>, Refusal> {
    let standing = AlertsQuery {
        ended: None,
        limit: None,
    };
    let Json(alerts) = alerts::list(State(asked.shared.clone()), Query(standing)).await?;
    Ok(alerts
        .items
        .into_iter()
        .map(|alert| Trouble {
            at: Some(alert.began_at),
            path: place(&alert.kind, &alert.subject).unwrap_or_else(|| format!("/alerts#{}", alert.id)),
            what: alert.title,
        })
        .collect())
}

/// What a mirror holds, by its newest runs.
fn held(mirror: &mirrors::Shown, runs: &[runs::Shown], now: Timestamp) -> Mirror {
    let last = runs.first().map(|run| Run {
        outcome: run.state,
        started_at: run.started_at,
        finished_at: run.finished_at,
    });
    let report = runs
        .iter()
        .find_map(|run| run.report.as_ref()?.get("streams")?.as_array());
    let text = |stream: &Value, name: &str| stream[name].as_str().unwrap_or_default().to_owned();
    let streams = report
        .into_iter()
        .flatten()
        .map(|stream| Stream {
            name: text(stream, "stream"),
            state: text(stream, "state"),
            held: stream["held"].as_u64().unwrap_or(0),
        })
        .collect();
    // Two runs that did not come are more than a delay.
    let patience = i64::try_from(mirror.interval_seconds)
        .unwrap_or(i64::MAX / 4)
        .saturating_mul(2);
    Mirror {
        name: mirror.name.clone(),
        is_paused: mirror.is_paused,
        is_late: !mirror.is_paused
            && now.duration_since(mirror.next_run_at) > SignedDuration::from_secs(patience),
        last,
        streams,
    }
}

impl Mirror {
    fn state(&self) -> (Tone, &'static str) {
        match (self.is_paused, self.is_late, &self.last) {
            (true, ..) => (Tone::Quiet, "paused"),
            (_, true, _) => (Tone::Bad, "late"),
            (.., None) => (Tone::Busy, "begins soon"),
            (.., Some(run)) => outcome(run.outcome),
        }
    }
}

/// A run's outcome, in a word.
pub(super) const fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Running => (Tone::Busy, "running"),
        Outcome::Complete => (Tone::Good, "complete"),
        Outcome::Incomplete => (Tone::Warn, "incomplete"),
        Outcome::Failed => (Tone::Bad, "failed"),
        Outcome::Lost => (Tone::Bad, "lost"),
    }
}

/// A connection's state, in a word.
pub(super) const fn connected(state: ConnectionState) -> (Tone, &'static str) {
    match state {
        ConnectionState::New => (Tone::Warn, "not tested"),
        ConnectionState::Ready => (Tone::Good, "ready"),
        ConnectionState::NeedsGrant => (Tone::Bad, "needs a new grant"),
        ConnectionState::Paused => (Tone::Quiet, "paused"),
    }
}

impl Look {
    fn troubles(&self, visit: &Visit) -> Markup {
        html! {
            @if self.errors.is_empty() {
                p class="well" { span class="badge good" { "All is well" } }
            } @else {
                ul class="troubles" {
                    @for trouble in &self.errors {
                        li { a href=(visit.to(&trouble.path)) { (trouble.what) } @if let Some(at) = trouble.at { " " (parts::moment(at, self.now.at)) } }
                    }
                }
            }
        }
    }

    fn figures(&self, visit: &Visit) -> Markup {
        let figure = |name: &str, number: u64, path: &str, is_bad: bool| {
            html! {
                div class=[(is_bad && number > 0).then_some("bad")] {
                    dt { (name) }
                    dd { a href=(visit.to(path)) { (words::count(number)) } }
                }
            }
        };
        let received = self.now.minutes.last().map_or(0, |minute| minute.received);
        html! {
            dl class="figures" {
                (figure("Received this minute", received, "/notifications", false))
                (figure("Waiting to be applied", self.now.waiting, "/notifications?state=waiting", false))
                (figure("Failed to apply", self.now.failed, "/notifications?state=failed", true))
                (figure("Deliveries waiting", self.now.queued, "/flows", false))
                (figure("Dead letters", self.now.dead_letters, "/deliveries", true))
            }
        }
    }

    fn hour(&self) -> Markup {
        if self
            .now
            .minutes
            .iter()
            .all(|minute| minute.received + minute.delivered == 0)
        {
            return html! { p class="quiet" { "Nothing was received or delivered." } };
        }
        let series = [
            Series {
                name: "received",
                values: self.now.minutes.iter().map(|minute| minute.received).collect(),
            },
            Series {
                name: "delivered",
                values: self.now.minutes.iter().map(|minute| minute.delivered).collect(),
            },
        ];
        parts::bars("The last hour, minute by minute", &series, "an hour ago", "now")
    }

    fn budgets(&self) -> Markup {
        html! {
            @if self.now.budgets.is_empty() {
                p class="quiet" { "No workspace has said its limit yet." }
            } @else {
                div class="gauges" {
                    @for budget in &self.now.budgets { (parts::gauge(&budget.connections.join(", "), budget.used.into(), budget.limit.into())) }
                }
            }
        }
    }

    fn kept(&self, visit: &Visit) -> Markup {
        html! {
            ul class="rows" {
                @for connection in &self.connections {
                    @let (tone, word) = connected(connection.state);
                    li {
                        a href=(visit.at("/connections/{name}", &connection.name)) { (connection.name) }
                        span class="quiet" { (connection.workspace) }
                        (badge(tone, word))
                    }
                }
            }
        }
    }

    fn mirrored(&self, visit: &Visit) -> Markup {
        html! {
            @for mirror in &self.mirrors {
                @let (tone, word) = mirror.state();
                div class="mirror" {
                    p {
                        a href=(visit.at("/mirrors/{name}", &mirror.name)) { (mirror.name) }
                        " " (badge(tone, word)) " "
                        @if let Some(run) = mirror.last { span class="quiet" { (parts::moment(run.finished_at.unwrap_or(run.started_at), self.now.at)) } }
                    }
                    @if !mirror.streams.is_empty() { (streams(&mirror.streams)) }
                }
            }
        }
    }

    fn flows(&self, visit: &Visit) -> Markup {
        let rows = self
            .now
            .flows
            .iter()
            .map(|flow| {
                let (tone, word) = flow_state(flow);
                vec![
                    html! { a href=(visit.at("/flows/{flow}", &flow.name)) { strong { (flow.name) } } },
                    badge(tone, word),
                    parts::moment_or(
                        flow.last_run.as_ref().map(|run| run.started_at),
                        self.now.at,
                        "never",
                    ),
                    html! { (words::count(flow.last_run.as_ref().map_or(0, |run| run.delivered))) },
                    html! { (words::count(flow.queued)) },
                    html! { (words::count(flow.dead_letters)) },
                ]
            })
            .collect();
        parts::table(
            "Flows",
            &[
                "Flow",
                "State",
                "Last run",
                "Delivered",
                "Waiting",
                "Dead letters",
            ],
            rows,
        )
    }
}

fn flow_state(flow: &Flow) -> (Tone, &'static str) {
    if flow.is_paused {
        return (Tone::Quiet, "paused");
    }
    match flow.last_run.as_ref().map(|run| run.state) {
        None => (Tone::Quiet, "not run yet"),
        Some("running") => (Tone::Busy, "running"),
        Some("done") => (Tone::Good, "done"),
        Some("stopped") => (Tone::Warn, "stopped"),
        Some(_) => (Tone::Bad, "failed"),
    }
}

/// A board of streams: each with its state and what is held.
fn streams(streams: &[Stream]) -> Markup {
    let streams: Vec<&Stream> = streams
        .iter()
        .filter(|stream| stream.state != "not_asked_for")
        .collect();
    let complete = streams.iter().filter(|stream| stream.state == "complete").count();
    html! {
        details class="board" {
            summary {
                (words::count(complete as u64)) " of " (words::some(streams.len() as u64, "stream")) " complete, "
                (words::some(streams.iter().map(|stream| stream.held).sum(), "record"))
            }
            ul {
                @for stream in &streams {
                    @let tone = match stream.state.as_str() { "complete" => Tone::Good, "failed" => Tone::Bad, "partial" => Tone::Warn, _ => Tone::Quiet };
                    li class=(tone.class()) { span { (stream.name) } span class="quiet" { (words::count(stream.held)) } span class="hidden" { ", " (stream.state) } }
                }
            }
        }
    }
}

impl View for Look {
    fn title(&self) -> String {
        "Overview".to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.connections.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, "/connections/new", Some("plus"), "Connect a workspace"));
            let text = "Trunkline joins an Intercom workspace to everything else. It begins with a connection: an access token, or a grant by OAuth.";
            return parts::empty(visit, "plug", "Connect your first workspace", text, next);
        }
        html! {
            (parts::region("troubles", &self.troubles(visit)))
            (parts::region("figures", &self.figures(visit)))
            div class="columns" {
                (parts::section("hour-title", "The last hour", &parts::region("hour", &self.hour())))
                (parts::section("budgets-title", "Rate budget", &parts::region("budgets", &self.budgets())))
            }
            div class="columns" {
                (parts::section("mirrors-title", "Mirrors", &html! {
                    @if self.mirrors.is_empty() {
                        p class="quiet" { "Nothing is mirrored yet." }
                        @if visit.may(Role::Admin) { p { (parts::first_link(visit, "/mirrors/new", Some("plus"), "Mirror a workspace")) } }
                    } @else { (parts::region("mirrors", &self.mirrored(visit))) }
                }))
                (parts::section("connections-title", "Connections", &parts::region("connections", &self.kept(visit))))
            }
            @if !self.now.flows.is_empty() { (parts::section("flows-title", "Flows", &parts::region("flows", &self.flows(visit)))) }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![
            ("troubles", self.troubles(visit)),
            ("figures", self.figures(visit)),
            ("hour", self.hour()),
            ("budgets", self.budgets()),
            ("mirrors", self.mirrored(visit)),
            ("connections", self.kept(visit)),
            ("flows", self.flows(visit)),
        ]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::api::overview::{Budget, FlowRun, Moment};
        let at: Timestamp = "2026-03-01T11:59:30Z".parse().expect("a moment");
        let quiet = Overview {
            at,
            minutes: Vec::new(),
            waiting: 0,
            failed: 0,
            queued: 0,
            dead_letters: 0,
            budgets: Vec::new(),
            flows: Vec::new(),
        };
        let connection = |name: &str, state| Connection {
            name: name.to_owned(),
            workspace: "Acme <b>&".to_owned(),
            state,
        };
        let minute = |number: i64| Moment {
            at,
            received: number.unsigned_abs() * 7 % 13,
            delivered: number.unsigned_abs() % 5,
        };
        let run = |outcome| Run {
            outcome,
            started_at: at,
            finished_at: Some(at),
        };
        let flow = |name: &str, state: Option<&'static str>| Flow {
            name: name.to_owned(),
            is_paused: state.is_none(),
            queued: 3,
            dead_letters: 2,
            last_run: state.map(|state| FlowRun {
                state,
                started_at: at,
                ended_at: None,
                read: 9,
                delivered: 8,
                note: None,
            }),
        };
        let stream = |index: usize| Stream {
            name: format!("stream_{index}"),
            state: if index.is_multiple_of(9) {
                "partial"
            } else {
                "complete"
            }
            .to_owned(),
            held: 1_000,
        };
        let busy = Self {
            now: Overview {
                minutes: (0..60).map(minute).collect(),
                waiting: 4,
                failed: 1,
                queued: 12,
                dead_letters: 3,
                budgets: vec![Budget {
                    connections: vec!["acme".to_owned()],
                    limit: 166,
                    used: 120,
                }],
                flows: vec![
                    flow("urgent", Some("done")),
                    flow("nightly", Some("failed")),
                    flow("old", None),
                ],
                ..quiet.clone()
            },
            connections: vec![
                connection("acme", ConnectionState::Ready),
                connection("spare", ConnectionState::NeedsGrant),
            ],
            mirrors: vec![
                Mirror {
                    name: "all".to_owned(),
                    is_paused: false,
                    last: Some(run(Outcome::Incomplete)),
                    streams: (0..46).map(stream).collect(),
                    is_late: false,
                },
                Mirror {
                    name: "late".to_owned(),
                    is_paused: false,
                    last: None,
                    streams: Vec::new(),
                    is_late: true,
                },
            ],
            errors: vec![Trouble {
                at: Some(at),
                what: "<script>alert(1)</script>".to_owned(),
                path: "/notifications/1".to_owned(),
            }],
        };
        vec![
            (
                "nothing yet",
                Self {
                    now: quiet.clone(),
                    connections: Vec::new(),
                    mirrors: Vec::new(),
                    errors: Vec::new(),
                },
            ),
            (
                "quiet",
                Self {
                    now: quiet,
                    connections: vec![connection("acme", ConnectionState::New)],
                    mirrors: Vec::new(),
                    errors: Vec::new(),
                },
            ),
            ("busy", busy),
        ]
    }
}
