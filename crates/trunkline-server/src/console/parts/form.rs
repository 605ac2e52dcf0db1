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
                @if let Some(field) = &refusal.field { strong { (field) } " " }
                (if refusal.field.is_some() { with_stop(&refusal.message) } else { sentence(&refusal.message) })
                " " span class="quiet" { (refusal.code) }
            }))
        }
    }
}

fn with_stop(words: &str) -> String {
    format!("{}.", words.trim_end_matches('.'))
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
    has_focus: bool,
    complete: &'static str,
    placeholder: &'f str,
    rows: u8,
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
            has_focus: false,
            complete: "off",
            placeholder: "",
            rows: 0,
        }
    }

    /// For what nobody should see; never shown again.
    pub(crate) const fn secret(name: &'f str, label: &'f str) -> Self {
        let mut field = Self::text(name, label, "");
        field.kind = "password";
        field.complete = "new-password";
        field
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
            .map(|refusal| with_stop(&refusal.message));
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
                label for=(id) { (self.label) @if !self.is_required { span class="quiet" { " optional" } } }
                @if self.rows > 0 {
                    textarea id=(id) name=(self.name) rows=(self.rows) placeholder=[some(self.placeholder)] required[self.is_required]
                        autofocus[self.has_focus] aria-describedby=[described] aria-invalid=[invalid] { (self.value) }
                } @else {
                    input id=(id) name=(self.name) type=(self.kind) value=[some(self.value)] placeholder=[some(self.placeholder)]
                        autocomplete=(self.complete) spellcheck="false" required[self.is_required] autofocus[self.has_focus]
                        aria-describedby=[described] aria-invalid=[invalid];
                }
                @if let Some(text) = &self.wrong { p class="wrong" id=[wrong] { (text) } }
                @if let Some(text) = self.hint { p class="hint" id=[hint] { (text) } }
            }
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
