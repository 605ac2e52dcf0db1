//! The editor of a flow's text, which says what is wrong with it, and where.
//!
//! The one rule: what was typed stays, whatever is wrong with it; and it takes the place only of the version that was opened.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{EDIT, ONE, build, tried};
use crate::{
    api::{
        flows::{self, Mistake, NewText, Put, Text, Tried, Try},
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

/// Not below `/flows/`, where programs send records to flows by their names.
pub(super) const NEW: &str = "/flow-editor";
/// What a new flow begins as.
const FIRST: &str = "flow: my-first\n\
description: Conversations that were closed, as lines of JSON in the data folder.\n\
source: { webhook: { topics: [conversation.admin.closed] } }\n\
transforms:\n  - jq: '{ id, state, closed_at: .updated_at }'\n\
destinations:\n  - file: { path: closed.jsonl }\n";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("flows.new", NEW, Role::Admin, begin),
        Page::deed("flows.apply", NEW, Role::Admin, apply),
        Page::look("flows.edit", EDIT, Role::Admin, open),
        Page::deed("flows.change", EDIT, Role::Admin, apply),
    ]
}

/// The editor.
pub(super) struct Editor {
    /// The flow that is edited; none for a new one.
    name: Option<String>,
    text: String,
    /// The version that was opened.
    replaces: Option<i64>,
    /// Whether its text came from a file, which somebody may apply again.
    is_of_file: bool,
    /// What was found when it was checked; none before that.
    checked: Option<Vec<Mistake>>,
    refusal: Option<Refusal>,
    trial: Trial,
}

/// What the flow is tried with, and what became of that.
#[derive(Default)]
pub(super) struct Trial {
    /// Records, as they are typed.
    pub(super) sample: String,
    /// What `enrich` finds, as it is typed.
    answers: String,
    refusal: Option<Refusal>,
    pub(super) tried: Option<Tried>,
}

impl Trial {
    /// What is typed, before anything was tried.
    pub(super) fn typed(form: &Fields) -> Self {
        Self {
            sample: form.whole("sample"),
            answers: form.whole("answers"),
            ..Self::default()
        }
    }

    /// Tries a text with what is typed, or with what is asked for.
    pub(super) async fn made(asked: &Asked, text: &str, take: &str) -> Result<Self, Refusal> {
        let mut trial = Self::typed(&asked.form);
        match with(asked, text, take, &trial).await {
            Ok(tried) => {
                if !tried.records.is_empty() {
                    trial.sample = tried::to_type(&tried.records);
                }
                trial.tried = Some(tried);
            }
            Err(refusal) if refusal.status.is_client_error() => trial.refusal = Some(refusal),
            Err(refusal) => return Err(refusal),
        }
        Ok(trial)
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        Self {
            sample: "{\"a\": \"</textarea><b>\"}".to_owned(),
            tried: Some(tried::sample()),
            ..Self::default()
        }
    }

    pub(super) fn shown(&self, visit: &Visit, path: &str, name: Option<&str>, text: &str) -> Markup {
        let way = format!("{}#tried", visit.to(path));
        let rows = u8::try_from(self.sample.lines().count().clamp(4, 16)).unwrap_or(4);
        html! {
            section class="card" aria-labelledby="tried-title" {
                h2 id="tried-title" { "Try it" }
                p class="quiet" { "Nothing is brought anywhere and nothing is kept. Only the last button calls anybody: it reads the source." }
                (Field::text("sample", "Records", &self.sample).long(rows).like("{\"id\": \"1\"}")
                    .hint("As the source gives them: an object of JSON, several in a list, or one a line. Empty: the text's own sample, or the newest dead letter.")
                    .wrong(self.refusal.as_ref()))
                details class="more-fields" open[!self.answers.is_empty()] {
                    summary { "Answers for enrich" }
                    (Field::text("answers", "Answers", &self.answers).long(3).like("{\"company\": {\"name\": \"Acme\"}}")
                        .hint("An object of JSON: what is found, by the field that it is put into. Without it, records go on as they are.")
                        .wrong(self.refusal.as_ref()))
                }
                div class="actions" {
                    button name="try" value="given" formaction=(way) { (parts::icon(visit, "play")) "Try" }
                    @if name.is_some() { button name="try" value="letter" formaction=(way) { "With the newest dead letter" } }
                    button name="try" value="source" formaction=(way) { (parts::icon(visit, "into")) "With records of the source" }
                }
                div id="tried" role="status" {
                    (parts::trouble(visit, self.refusal.as_ref(), &["sample", "answers"]))
                    @if let Some(tried) = &self.tried { (tried::shown(visit, tried, text)) }
                }
            }
        }
    }
}

impl Editor {
    /// The editor with a text that was made elsewhere.
    pub(super) fn with(asked: &Asked, text: String) -> Self {
        Self {
            name: asked.names.first().cloned(),
            text,
            replaces: asked.form.get("replaces").parse().ok(),
            is_of_file: false,
            checked: None,
            refusal: None,
            trial: Trial::typed(&asked.form),
        }
    }

    fn path(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| NEW.to_owned(), |name| named(EDIT, name))
    }

    /// Where the same is built of steps.
    fn steps(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| build::NEW.to_owned(), |name| named(build::EDIT, name))
    }

    fn found(&self, visit: &Visit) -> Markup {
        html! {
            div id="checked" role="status" {
                @match &self.checked {
                    None => {},
                    Some(found) if found.is_empty() => (parts::notice(visit, true, &html! { "The text is in order." })),
                    Some(found) => {
                        p class="wrong" { strong { (words::some(found.len() as u64, "mistake")) } ". Nothing was changed." }
                        (mistakes(found, &self.text))
                    }
                }
            }
        }
    }
}

/// Mistakes, each with its place and the line that it is in.
pub(super) fn mistakes(found: &[Mistake], text: &str) -> Markup {
    let lines: Vec<&str> = text.lines().collect();
    let line = |number: u64| {
        usize::try_from(number)
            .ok()
            .and_then(|number| lines.get(number.checked_sub(1)?).copied())
    };
    html! {
        ol class="mistakes" {
            @for mistake in found {
                li {
                    button type="button" class="plain" data-spot={ (mistake.line) ":" (mistake.column) } {
                        "Line " (mistake.line) ", column " (mistake.column)
                    }
                    @if let Some(line) = line(mistake.line) { code { (line.trim()) } }
                    p { (mistake.message) ". " span class="quiet" { (mistake.advice) } }
                }
            }
        }
    }
}

impl View for Editor {
    fn title(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| "New flow".to_owned(), |name| format!("Edit {name}"))
    }

    fn lead(&self) -> Option<String> {
        Some("Where records come from, what becomes of them, where they go.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let back = self
            .name
            .as_ref()
            .map_or_else(|| "/flows".to_owned(), |name| named(ONE, name));
        let rows = self.text.lines().count().clamp(14, 40) + 2;
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            @if self.is_of_file {
                p class="quiet" { "The text came from a file. After a change here, whoever applies that file again is told of the conflict." }
            }
            (parts::form(visit, &self.path(), &html! {
                @if let Some(version) = self.replaces { input type="hidden" name="replaces" value=(version); }
                div class="editor" {
                    label for="f-text" { "The flow, as YAML" }
                    textarea id="f-text" name="text" rows=(rows) required spellcheck="false" autocapitalize="off" data-check="checked" { (self.text) }
                }
                (self.found(visit))
                div class="actions" {
                    button class="first" { (if self.name.is_some() { "Save" } else { "Save and switch on" }) }
                    button name="check" value="yes" { "Check" }
                    button name="open" value="yes" formaction=(visit.to(&self.steps())) { "As steps" }
                    (parts::link(visit, &back, None, "Cancel"))
                }
                (self.trial.shown(visit, &self.path(), self.name.as_deref(), &self.text))
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let editor = |name: Option<&str>, checked, refusal| Self {
            name: name.map(str::to_owned),
            text: "flow: </textarea><script>\nsource: x\n".to_owned(),
            replaces: name.map(|_| 3),
            is_of_file: name.is_some(),
            checked,
            refusal,
            trial: Trial::default(),
        };
        let trial = |refusal, tried| Editor {
            trial: Trial {
                sample: "{\"a\": \"</textarea><b>\"}".to_owned(),
                answers: "{}".to_owned(),
                refusal,
                tried,
            },
            ..editor(Some("urgent"), None, None)
        };
        let wrong = Refusal::of_field("sample", "is no JSON");
        let none = Refusal::new(http::StatusCode::CONFLICT, "TL0970", "there is no sample").at("records");
        let late = Refusal::new(http::StatusCode::CONFLICT, "TL0816", "somebody changed it").at("replaces");
        vec![
            ("new", editor(None, None, None)),
            ("in order", editor(None, Some(Vec::new()), None)),
            ("wrong", editor(Some("urgent"), Some(sample_mistakes()), None)),
            ("tried", trial(None, Some(tried::sample()))),
            ("tried with nothing", trial(Some(none), None)),
            ("tried with no JSON", trial(Some(wrong), None)),
            ("changed meanwhile", editor(Some("urgent"), None, Some(late))),
        ]
    }
}

async fn begin(_: Asked) -> Result<Editor, Refusal> {
    Ok(Editor {
        name: None,
        text: FIRST.to_owned(),
        replaces: None,
        is_of_file: false,
        checked: None,
        refusal: None,
        trial: Trial::default(),
    })
}

async fn open(asked: Asked) -> Result<Editor, Refusal> {
    let Json(whole) = flows::show(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Editor {
        replaces: Some(whole.flow.version),
        is_of_file: whole.flow.origin == "file",
        name: Some(whole.flow.name),
        text: whole.text,
        checked: None,
        refusal: None,
        trial: Trial::default(),
    })
}

async fn with(asked: &Asked, text: &str, take: &str, trial: &Trial) -> Result<Tried, Refusal> {
    let is_taken = ["letter", "source"].contains(&take);
    let answers = tried::typed("answers", &trial.answers)?.and_then(|all| all.into_iter().next());
    let body = Try {
        text: text.to_owned(),
        records: if is_taken {
            None
        } else {
            tried::typed("sample", &trial.sample)?
        },
        take: is_taken.then(|| take.to_owned()),
        limit: None,
        answers,
    };
    let Json(tried) = flows::try_text(State(asked.shared.clone()), Body(body)).await?;
    Ok(tried)
}

async fn apply(asked: Asked) -> Result<Done, Again<Editor>> {
    let text = asked.form.whole("text");
    if let Some(take) = asked.form.given("try") {
        return Err(Again::form(Editor {
            trial: Trial::made(&asked, &text, &take).await?,
            name: asked.names.first().cloned(),
            replaces: asked.form.get("replaces").parse().ok(),
            is_of_file: false,
            checked: None,
            refusal: None,
            text,
        }));
    }
    let editor = |checked, refusal| {
        Again::form(Editor {
            trial: Trial::typed(&asked.form),
            name: asked.names.first().cloned(),
            text: text.clone(),
            replaces: asked.form.get("replaces").parse().ok(),
            is_of_file: false,
            checked,
            refusal,
        })
    };
    let given = Text { text: text.clone() };
    let Json(checked) = flows::check(State(asked.shared.clone()), Body(given)).await?;
    let Some(name) = checked.name.filter(|_| !asked.form.is_ticked("check")) else {
        return Err(editor(Some(checked.mistakes), None));
    };
    if let Some(opened) = asked.names.first().filter(|opened| **opened != name) {
        let reason = format!("is the name of another flow: this one is {opened}, and a name stays");
        return Err(editor(None, Some(Refusal::of_field("flow", reason))));
    }
    let new = NewText {
        text: text.clone(),
        replaces: asked.form.get("replaces").parse().ok(),
    };
    match flows::apply(&asked.shared, new, asked.visit.name()).await {
        Ok(put) => {
            let note = told(&put);
            Ok(Done::to(named(ONE, &put.name), put.name, note))
        }
        Err(refusal) => Err(editor(None, Some(refusal))),
    }
}

/// What became of a text.
pub(super) fn told(put: &Put) -> String {
    match put.outcome.as_str() {
        "new" => "The flow is on.".to_owned(),
        "changed" => format!("Version {} is in place.", put.version),
        _ => "It was so already; nothing changed.".to_owned(),
    }
}

#[cfg(test)]
pub(super) fn sample_mistakes() -> Vec<Mistake> {
    let mistake = |line, message: &str| Mistake {
        line,
        column: 1,
        message: message.to_owned(),
        advice: "Did you mean `file`?".to_owned(),
    };
    vec![
        mistake(2, "there is no source `<b>x</b>`"),
        mistake(99, "it ends too soon"),
    ]
}
