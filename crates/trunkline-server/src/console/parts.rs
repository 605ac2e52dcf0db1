//! Building blocks of pages.
//!
//! The one rule: a block is made so that the right thing is the short thing: forms carry their token, fields have labels and say what is
//! wrong with them, tables can be read on a phone, times say how exactly they are meant.

mod chart;
mod form;

use jiff::Timestamp;
use maud::{Markup, Render, html};

use super::{layout::sprite, visit::Visit, words};
pub(crate) use chart::{Series, bars, gauge, ranked, spark};
pub(crate) use form::{Field, Pick, choice, file_form, form, press, submit, tick, trouble, wrong};

/// An icon by its id in `assets/icons.svg`; the tests hold every page to those that are drawn.
pub(crate) type Icon = &'static str;

/// How something is doing; each has a colour and a shape, so that nobody needs to see colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
    /// Under way.
    Busy,
    Quiet,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Quiet => "quiet",
        }
    }
}

/// An icon beside words that say the same.
pub(crate) fn icon(visit: &Visit, icon: Icon) -> Markup {
    html! {
        svg class="icon" width="18" height="18" aria-hidden="true" { use href={ (sprite(visit)) "#" (icon) } {} }
    }
}

/// A state in a word.
pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (word) } }
}

/// A moment, said shortly and meant exactly.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(words::exact(at)) data-ago { (words::ago(at, now)) } }
}

/// A moment, if there was one.
pub(crate) fn moment_or(at: Option<Timestamp>, now: Timestamp, otherwise: &str) -> Markup {
    html! { @match at { Some(at) => (moment(at, now)), None => span class="quiet" { (otherwise) } } }
}

/// News or trouble above everything else.
pub(crate) fn notice(visit: &Visit, is_good: bool, what: &Markup) -> Markup {
    let (class, picture, role) = if is_good {
        ("notice good", "good", "status")
    } else {
        ("notice bad", "alert", "alert")
    };
    html! { div class=(class) role=(role) { (icon(visit, picture)) div { (what) } } }
}

/// What is there when there is nothing yet: what it would be, and what to do next.
pub(crate) fn empty(visit: &Visit, picture: Icon, title: &str, text: &str, next: Option<Markup>) -> Markup {
    html! {
        div class="empty" {
            (icon(visit, picture))
            h2 { (title) }
            p { (text) }
            @if let Some(next) = next { div class="actions" { (next) } }
        }
    }
}

/// A link that looks like a button.
pub(crate) fn link(visit: &Visit, path: &str, picture: Option<Icon>, words: &str) -> Markup {
    html! { a class="button" href=(visit.to(path)) { @if let Some(picture) = picture { (icon(visit, picture)) } (words) } }
}

/// The link that most people want, where there are several.
pub(crate) fn first_link(visit: &Visit, path: &str, picture: Option<Icon>, words: &str) -> Markup {
    html! { a class="button first" href=(visit.to(path)) { @if let Some(picture) = picture { (icon(visit, picture)) } (words) } }
}

/// The name of a column of buttons, which is heard and not seen.
pub(crate) const DEEDS: &str = "What to do";

/// A table: a caption for those who hear it, names of columns, rows. On a phone each row is a card with the names beside the values.
pub(crate) fn table(caption: &str, columns: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    // What is wider than the page is moved with the arrow keys; where nothing in it can be gone to, it has to be gone to itself.
    let stops = ["<a ", "<button", "<input", "<select"];
    let has_stop = rows
        .iter()
        .flatten()
        .any(|cell| stops.iter().any(|stop| cell.0.contains(stop)));
    let (place, role) = if has_stop {
        (None, None)
    } else {
        (Some("0"), Some("group"))
    };
    html! {
        div class="wide" tabindex=[place] role=[role] aria-label=[role.map(|_| caption)] {
            table {
                caption { (caption) }
                thead { tr { @for column in columns {
                    th scope="col" { @if *column == DEEDS { span class="hidden" { (column) } } @else { (column) } }
                } } }
                tbody {
                    @for row in rows {
                        tr { @for (cell, column) in row.into_iter().zip(columns) { td data-label=(if *column == DEEDS { "" } else { column }) { div { (cell) } } } }
                    }
                }
            }
        }
    }
}

/// Names and values.
pub(crate) fn facts(pairs: Vec<(&str, Markup)>) -> Markup {
    html! { dl class="facts" { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } } }
}

/// A part of a page with a title.
pub(crate) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section class="card" aria-labelledby=(id) { h2 id=(id) { (title) } (body) } }
}

/// A part that is sent anew while somebody looks; `id` is the one of [`super::page::View::live`].
pub(crate) fn region(id: &str, body: &impl Render) -> Markup {
    html! { div class="region" id=(id) { (body) } }
}

/// A text to copy, with its button.
pub(crate) fn copyable(visit: &Visit, name: &str, text: &str) -> Markup {
    html! {
        div class="copy" {
            code { (text) }
            button type="button" class="plain" data-copy=(text) aria-label={ "Copy " (name) } { (icon(visit, "copy")) span class="said" aria-live="polite" {} }
        }
    }
}

/// A button that copies a text which is not shown beside it.
pub(crate) fn copy_button(visit: &Visit, words: &str, text: &str) -> Markup {
    html! { button type="button" data-copy=(text) { (icon(visit, "copy")) (words) span class="said" aria-live="polite" {} } }
}

/// Links to what is before and after, in lists that are longer than a page.
pub(crate) fn older(visit: &Visit, path: &str, query: Option<String>) -> Markup {
    html! { @if let Some(query) = query { p class="more" { a class="button" href={ (visit.to(path)) "?" (query) } { "Older" } } } }
}

/// A text of several lines, letter by letter.
pub(crate) fn block(text: &str) -> Markup {
    html! { pre tabindex="0" { code { (text) } } }
}
