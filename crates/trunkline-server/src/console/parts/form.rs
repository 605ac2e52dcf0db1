//! Forms: fields with their labels, what is wrong with them, buttons.
//!
//! The one rule: a form is made with [`form`], which puts in the token and where the browser came from; what was typed is shown again, and
//! a secret never is.

use maud::{Markup, Render, html};

use super::{Icon, icon, notice};
use crate::{
    console::{page::sentence, visit::Visit},
    reply::Refusal,
};

/// A form that changes something; `path` is the deed's own path.
pub(crate) fn form(visit: &Visit, path: &str, body: &impl Render) -> Markup {
    html! {
        form method="post" action=(visit.to(path)) {
            input type="hidden" name="_token" value=(visit.token());
            input type="hidden" name="_from" value=(visit.path);
            (body)
        }
    }
}

/// A form that a file may come with; its token comes first, so nothing is read of a file that nobody may send.
pub(crate) fn file_form(visit: &Visit, path: &str, body: &impl Render) -> Markup {
    html! {
        form method="post" action=(visit.to(path)) enctype="multipart/form-data" {
            input type="hidden" name="_token" value=(visit.token());
            input type="hidden" name="_from" value=(visit.path);
            (body)
        }
    }
}

/// One button that does one thing.
pub(crate) fn press(visit: &Visit, path: &str, picture: Option<Icon>, words: &str) -> Markup {
    form(
        visit,
        path,
        &html! { button { @if let Some(picture) = picture { (icon(visit, picture)) } (words) } },
    )
}

/// The button at the end of a form.
pub(crate) fn submit(words: &str) -> Markup {
    html! { button class="first" { (words) } }
}

/// What is wrong with a form as a whole, or with a field that is not shown.
pub(crate) fn trouble(visit: &Visit, refusal: Option<&Refusal>, fields: &[&str]) -> Markup {
    let general = refusal.filter(|refusal| {
        !refusal
            .field
            .as_deref()
            .is_some_and(|field| fields.contains(&field))
    });
    html! {
        @if let Some(refusal) = general {
            (notice(visit, false, &html! {
                (wrong(refusal.field.as_deref().unwrap_or_default(), &refusal.message).trim_start())
                " " span class="quiet" { (refusal.code) }
            }))
        }
    }
}

/// What is wrong with a field, as a sentence: the API's words begin with what the field does, or with what was given.
pub(crate) fn wrong(label: &str, words: &str) -> String {
    let is_about_field = [
        "is ", "has ", "names ", "holds ", "cannot ", "must ", "exists ", "stands ",
    ]
    .iter()
    .any(|start| words.starts_with(start));
    if is_about_field {
        sentence(&format!("{label} {words}"))
    } else {
        sentence(words)
    }
}

/// A field to type into.
#[derive(Clone, Debug)]
pub(crate) struct Field<'f> {
    name: &'f str,
    label: &'f str,
    kind: &'static str,
    value: &'f str,
    hint: Option<&'f str>,
    wrong: Option<String>,
    is_required: bool,
    is_needed: bool,
    has_focus: bool,
    complete: &'static str,
    placeholder: &'f str,
    rows: u8,
    list: Option<&'f str>,
    marks_required: bool,
}

impl<'f> Field<'f> {
    pub(crate) const fn text(name: &'f str, label: &'f str, value: &'f str) -> Self {
        Self {
            name,
            label,
            kind: "text",
            value,
            hint: None,
            wrong: None,
            is_required: false,
            is_needed: false,
            has_focus: false,
            complete: "off",
            placeholder: "",
            rows: 0,
            list: None,
            marks_required: false,
        }
    }

    /// For what nobody should see; never shown again.
    pub(crate) const fn secret(name: &'f str, label: &'f str) -> Self {
        let mut field = Self::text(name, label, "");
        field.kind = "password";
        field.complete = "new-password";
        field
    }

    /// For something else than text: a number, a day, a moment.
    pub(crate) const fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Says so beside its name when it cannot be left out: for forms in which most can.
    pub(crate) const fn marked(mut self) -> Self {
        self.marks_required = true;
        self
    }

    /// With suggestions, which stand in a list of this id.
    pub(crate) const fn suggests(mut self, list: &'f str) -> Self {
        self.list = Some(list);
        self
    }

    /// Says what is wrong with it.
    pub(crate) fn said(mut self, wrong: Option<String>) -> Self {
        self.wrong = wrong;
        self
    }

    /// For text of several lines.
    pub(crate) const fn long(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }

    /// One line on what belongs in.
    pub(crate) const fn hint(mut self, hint: &'f str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// It cannot be left out.
    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// It cannot be left out where it is asked for; the server says so, since a browser would ask for it where it is not shown, too.
    pub(crate) const fn needed(mut self) -> Self {
        self.is_needed = true;
        self
    }

    /// The page begins here.
    pub(crate) const fn first(mut self) -> Self {
        self.has_focus = true;
        self
    }

    /// What a browser may fill in.
    pub(crate) const fn complete(mut self, complete: &'static str) -> Self {
        self.complete = complete;
        self
    }

    /// An example.
    pub(crate) const fn like(mut self, placeholder: &'f str) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// Takes over what a refusal says of this field.
    pub(crate) fn wrong(mut self, refusal: Option<&Refusal>) -> Self {
        self.wrong = refusal
            .filter(|refusal| refusal.field.as_deref() == Some(self.name))
            .map(|refusal| wrong(self.label, &refusal.message));
        self
    }
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        let id = format!("f-{}", self.name);
        let hint = self.hint.map(|_| format!("{id}-hint"));
        let wrong = self.wrong.as_ref().map(|_| format!("{id}-wrong"));
        let described: Vec<&str> = [&wrong, &hint]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let invalid = self.wrong.as_ref().map(|_| "true");
        html! {
            div class="field" {
                label for=(id) { (marked(self.label, self.is_required || self.is_needed, self.marks_required)) }
                @if self.rows > 0 {
                    textarea id=(id) name=(self.name) rows=(self.rows) placeholder=[some(self.placeholder)] required[self.is_required]
                        autofocus[self.has_focus] aria-describedby=[described] aria-invalid=[invalid] { (self.value) }
                } @else {
                    input id=(id) name=(self.name) type=(self.kind) value=[some(self.value)] placeholder=[some(self.placeholder)]
                        autocomplete=(self.complete) spellcheck="false" required[self.is_required] autofocus[self.has_focus]
                        list=[self.list] aria-describedby=[described] aria-invalid=[invalid];
                }
                @if let Some(text) = &self.wrong { p class="wrong" id=[wrong] { (text) } }
                @if let Some(text) = self.hint { p class="hint" id=[hint] { (text) } }
            }
        }
    }
}

/// A label: what can be left out is marked, or what cannot.
fn marked(label: &str, is_required: bool, marks_required: bool) -> Markup {
    html! {
        @match (is_required, marks_required) {
            (true, true) => { strong { (label) } span class="quiet" { " required" } },
            (false, false) => { (label) span class="quiet" { " optional" } },
            (false, true) => span class="lighter" { (label) },
            (true, false) => (label),
        }
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// One of a few: values with their words.
pub(crate) fn choice(name: &str, label: &str, chosen: &str, options: &[(&str, &str)]) -> Markup {
    let id = format!("f-{name}");
    html! {
        div class="field" {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, words) in options { option value=(value) selected[*value == chosen] { (words) } }
            }
        }
    }
}

/// Some of a few, with what belongs in and what is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pick<'p> {
    pub(crate) name: &'p str,
    pub(crate) label: &'p str,
    /// Values with their words.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) chosen: Vec<String>,
    pub(crate) hint: Option<&'p str>,
    pub(crate) wrong: Option<String>,
    pub(crate) is_required: bool,
    /// Whether several can be chosen.
    pub(crate) takes_many: bool,
    /// Whether the form is sent as soon as something is chosen.
    pub(crate) is_sent: bool,
}

impl Render for Pick<'_> {
    fn render(&self) -> Markup {
        let id = format!("f-{}", self.name);
        let hint = self.hint.map(|_| format!("{id}-hint"));
        let wrong = self.wrong.as_ref().map(|_| format!("{id}-wrong"));
        let described: Vec<&str> = [&wrong, &hint]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let lines = self
            .takes_many
            .then(|| (self.options.len() + self.chosen.len()).clamp(3, 7));
        let strangers = self
            .chosen
            .iter()
            .filter(|chosen| !chosen.is_empty() && !self.options.iter().any(|(value, _)| value == *chosen));
        html! {
            div class="field" {
                label for=(id) { (marked(self.label, self.is_required, true)) }
                select id=(id) name=(self.name) multiple[self.takes_many] size=[lines] required[self.is_required] data-send[self.is_sent]
                    aria-describedby=[described] aria-invalid=[self.wrong.as_ref().map(|_| "true")] {
                    @for (value, words) in &self.options { option value=(value) selected[self.chosen.contains(value)] { (words) } }
                    // What was given and is not in the list is not lost.
                    @for value in strangers { option value=(value) selected { (value) } }
                }
                @if let Some(text) = &self.wrong { p class="wrong" id=[wrong] { (text) } }
                @if let Some(text) = self.hint { p class="hint" id=[hint] { (text) } }
            }
        }
    }
}

/// Yes or no.
pub(crate) fn tick(name: &str, words: &str, is_ticked: bool, hint: Option<&str>) -> Markup {
    let id = format!("f-{name}");
    let described = hint.map(|_| format!("{id}-hint"));
    html! {
        div class="tick" {
            input id=(id) name=(name) type="checkbox" value="yes" checked[is_ticked] aria-describedby=[described.as_deref()];
            label for=(id) { (words) }
            @if let Some(hint) = hint { p class="hint" id=[described] { (hint) } }
        }
    }
}
