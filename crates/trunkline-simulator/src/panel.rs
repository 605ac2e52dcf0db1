//! The simulator's own page at `/`: the workspace at a glance, the last requests, activity, faults, the clock, webhooks.
//!
//! The one rule: the page only shows and does what the control surface offers; without the control surface it shows how to
//! switch it on. What moves is fetched by `panel/panel.js`; the page works without it as a still picture.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use crate::{
    pipeline::{State, lock, read},
    reply::Reply,
};

const STYLE: &str = include_str!("panel/style.css");
const SCRIPT: &str = include_str!("panel/panel.js");
/// How many requests the page shows.
const SHOWN: usize = 40;

/// Faults that one button sets: what the button says and what it asks for.
const FAULTS: [(&str, &str); 5] = [
    (
        "429 for 10 s of each minute",
        r#"{"operation":"*","status":429,"retry_after":2,"every":60,"lasting":10}"#,
    ),
    (
        "5 % server errors",
        r#"{"operation":"*","status":500,"probability":0.05}"#,
    ),
    (
        "2 s late",
        r#"{"operation":"*","latency_ms":2000,"probability":1.0}"#,
    ),
    (
        "not JSON, ten times",
        r#"{"operation":"*","body":"not_json","times":10}"#,
    ),
    (
        "cut answers, ten times",
        r#"{"operation":"*","body":"cut","times":10}"#,
    ),
];

/// What the page shows of a workspace, as JSON.
pub(crate) fn overview(state: &State) -> Value {
    let workspace = read(&state.workspace);
    let requests = state.requests();
    let last: Vec<_> = requests.iter().rev().take(SHOWN).collect();
    json!({
        "name": workspace.name,
        "id_code": workspace.id_code,
        "time_zone": workspace.zone_name,
        "now": state.clock.now(),
        "revision": workspace.revision,
        "counts": counts(&workspace),
        "answered": state.answered(),
        "requests": last,
        "faults": lock(&state.faults).set,
        "deliveries": state.webhooks.attempts(),
    })
}

/// Totals that are known without counting.
fn counts(workspace: &crate::workspace::Workspace) -> Vec<(&'static str, usize)> {
    vec![
        ("Contacts", workspace.contact_order.len()),
        ("Companies", workspace.companies.len()),
        ("Conversations", workspace.conversation_order.len()),
        ("Tickets", workspace.ticket_order.len()),
        ("Calls", workspace.calls.len()),
        ("Events", workspace.events.len()),
        ("Articles", workspace.reference.articles.len()),
        ("Teammates", workspace.reference.admins.len()),
    ]
}

fn tiles(state: &State) -> Markup {
    let workspace = read(&state.workspace);
    html! {
        dl #counts class="tiles" {
            @for (name, count) in counts(&workspace) {
                div { dt { (name) } dd { (count) } }
            }
        }
    }
}

fn controls(state: &State) -> Markup {
    html! {
        section aria-labelledby="do" {
            h2 #do { "Do something" }
            div class="row" {
                @for steps in [1, 25, 1_000] {
                    button data-post="/_sim/activity" data-body=(json!({ "steps": steps })) {
                        (steps) @if steps == 1 { " thing happens" } @else { " things happen" }
                    }
                }
            }
            div class="row" {
                @for (label, seconds) in [("1 minute", 60), ("1 hour", 3_600), ("1 day", 86_400), ("30 days", 2_592_000)] {
                    button data-put="/_sim/clock" data-body=(json!({ "advance_seconds": seconds })) { "+ " (label) }
                }
            }
        }
        section aria-labelledby="workspace" {
            h2 #workspace { "Workspace" }
            div class="row" {
                @if state.options.save.is_some() {
                    button data-post="/_sim/workspace/save" data-body="{}" { "Save into its folder" }
                }
                @if state.options.load.is_some() {
                    button data-post="/_sim/workspace/load" data-body="{}" { "Load from its folder" }
                }
                a href="/_sim/workspace" download="workspace.json" { "Download as one file" }
            }
        }
        section aria-labelledby="faults" {
            h2 #faults { "Faults" }
            div class="row" {
                @for (label, fault) in FAULTS {
                    button data-fault=(fault) { (label) }
                }
                button data-delete="/_sim/faults" { "No faults" }
            }
            pre #set hidden {}
        }
    }
}

fn live() -> Markup {
    html! {
        section aria-labelledby="requests" {
            h2 #requests { "Last requests" }
            table {
                thead { tr { th { "Time" } th { "Status" } th { "Operation" } th { "Request" } th { "Version" } } }
                tbody #log { tr { td colspan="5" { "None yet." } } }
            }
        }
        section aria-labelledby="webhooks" {
            h2 #webhooks { "Webhooks sent" }
            table {
                thead { tr { th { "Time" } th { "Outcome" } th { "Topic" } th { "To" } th { "Attempt" } } }
                tbody #deliveries { tr { td colspan="5" { "None yet." } } }
            }
        }
    }
}

/// The page.
pub(crate) fn page(state: &State) -> Reply {
    let (name, code) = {
        let workspace = read(&state.workspace);
        (workspace.name.clone(), workspace.id_code.clone())
    };
    let with_control = state.options.control;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (name) " · simulated Intercom" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (name) }
                    p { "A simulated Intercom workspace, " code { (code) } ". " span #clock {} }
                }
                main {
                    (tiles(state))
                    @if with_control {
                        (controls(state))
                        (live())
                    } @else {
                        section {
                            h2 { "More to see" }
                            p {
                                "Start the simulator with " code { "--control" }
                                " and this page shows requests and webhooks as they come, and has buttons for activity, faults and the clock."
                            }
                        }
                    }
                    section aria-labelledby="call" {
                        h2 #call { "Call it" }
                        pre { "curl -H 'Authorization: Bearer " (state.options.tokens.first().map_or("anything", |_| "YOUR_TOKEN")) "' \\\n     -H 'Intercom-Version: 2.16' \\\n     " span #origin { "http://127.0.0.1:7071" } "/contacts" }
                    }
                }
                @if with_control {
                    p #error role="alert" hidden {}
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    };
    Reply::text(200, "text/html; charset=utf-8", markup.into_string())
}
