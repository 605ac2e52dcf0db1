//! What runs here: versions, health, how long things are kept, where it is reached.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::about,
    console::{
        page::{Asked, Group, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("settings.show", "/settings", Role::Read, show).in_menu(
            Group::Process,
            "settings",
            "Settings",
        ),
    ]
}

/// What runs here.
#[derive(Debug)]
struct Settings {
    is_ready: bool,
    version: &'static str,
    intercom: Vec<&'static str>,
    listens: String,
    public_url: Option<String>,
    kept: Vec<(&'static str, u64)>,
}

impl View for Settings {
    fn title(&self) -> String {
        "Settings".to_owned()
    }

    fn main(&self, _: &Visit) -> Markup {
        let newest = self
            .intercom
            .iter()
            .rfind(|version| **version != "Preview")
            .copied()
            .unwrap_or_default();
        html! {
            (parts::section("process", "This process", &parts::facts(vec![
                ("Health", if self.is_ready { badge(Tone::Good, "ready") } else { badge(Tone::Bad, "the store does not answer") }),
                ("Version", html! { (self.version) }),
                ("Speaks Intercom's API", html! { (self.intercom.first().copied().unwrap_or_default()) " to " (newest) }),
                ("Listens on", html! { code { (self.listens) } }),
                ("Reached from outside at", html! {
                    @match &self.public_url {
                        Some(url) => code { (url) },
                        None => span class="quiet" { "nowhere; start it with " code { "--public-url" } " so that Intercom can send webhooks" },
                    }
                }),
            ])))
            (parts::section("kept", "How long things are kept", &html! {
                (parts::facts(self.kept.iter().map(|(what, seconds)| (*what, html! { (words::span_of(*seconds)) })).collect()))
                p class="hint" { "Set when the process is started: " code { "trunkline serve --keep-notifications 14d --keep-requests 7d --keep-runs 90d" } }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |is_ready, public_url| Self {
            is_ready,
            version: "0.1.0",
            intercom: vec!["2.7", "2.16", "Preview"],
            listens: "127.0.0.1:7070".to_owned(),
            public_url,
            kept: vec![("Notifications", 1_209_600)],
        };
        vec![
            ("usual", sample(true, Some("https://t.example/".to_owned()))),
            ("in trouble", sample(false, None)),
        ]
    }
}

async fn show(asked: Asked) -> Result<Settings, Refusal> {
    let Json(about) = about::version().await;
    let options = &asked.shared.options;
    let kept = options.retention;
    Ok(Settings {
        is_ready: about::health(State(asked.shared.clone())).await.is_ok(),
        version: about.version,
        intercom: about.intercom_versions,
        listens: options.listen.to_string(),
        public_url: options.public_url.as_ref().map(ToString::to_string),
        kept: vec![
            ("Notifications", kept.notifications.as_secs()),
            ("Requests", kept.requests.as_secs()),
            ("Runs and dead letters", kept.runs.as_secs()),
            ("Audit log", kept.audit.as_secs()),
        ],
    })
}
