//! The frame of every page: head, menu, title, notes.
//!
//! The one rule: a page works without its script and without its looks: the order of the text is the order in which it is read.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::{Asset, ICONS, MARK, SCRIPT, STYLE},
    page::{View, sentence},
    parts::{self, icon},
    visit::{Note, Visit},
};
use crate::reply::Refusal;

/// A page with its status.
pub(super) fn page<V: View>(status: StatusCode, visit: &Visit, view: &V) -> Response {
    answer(status, &markup(visit, view))
}

/// A page.
pub(super) fn markup<V: View>(visit: &Visit, view: &V) -> Markup {
    let title = view.title();
    let body = html! {
        header class="head" {
            div {
                h1 { (title) }
                @if let Some(lead) = view.lead() { p class="lead" { (lead) } }
            }
            @if let Some(actions) = view.actions(visit) { div class="actions" { (actions) } }
        }
        (view.main(visit))
    };
    frame(visit, &title, V::STANDS_ALONE || visit.person.is_none(), &body)
}

/// A refusal as a page.
pub(super) fn refused(visit: &Visit, refusal: &Refusal) -> Response {
    let title = match refusal.status {
        StatusCode::NOT_FOUND => "Nothing is here",
        StatusCode::FORBIDDEN => "This is not yours to do",
        StatusCode::SERVICE_UNAVAILABLE => "Not now",
        _ => "This did not work",
    };
    let (place, words) = match visit.person {
        Some(_) => ("/", "Back to the overview"),
        None => ("/sign-in", "To the sign-in"),
    };
    let body = html! {
        div class="empty" role="alert" {
            (icon(visit, "alert"))
            h1 { (title) }
            p { (sentence(&refusal.message)) }
            p class="quiet" { "Code " code { (refusal.code) } }
            p { a class="button" href=(visit.to(place)) { (words) } }
        }
    };
    answer(
        refusal.status,
        &frame(visit, title, visit.person.is_none(), &body),
    )
}

fn answer(status: StatusCode, markup: &Markup) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, markup.0.clone()).into_response()
}

fn frame(visit: &Visit, title: &str, stands_alone: bool, body: &Markup) -> Markup {
    let body = html! { (noted(visit)) (body) };
    if stands_alone {
        let home = visit.to(if visit.person.is_some() { "/" } else { "/sign-in" });
        return alone(&visit.base, visit.theme, title, &home, &body);
    }
    whole(
        &visit.base,
        visit.theme,
        title,
        &html! {
            body {
                a class="skip" href="#main" { "Skip to the content" }
                header class="bar" {
                    a class="brand" href=(visit.to("/")) { (mark()) "Trunkline" }
                    button type="button" class="plain" popovertarget="menu" aria-label="Menu" { (icon(visit, "menu")) }
                }
                aside class="side" id="menu" aria-label="Menu and account" popover {
                    a class="brand" href=(visit.to("/")) { (mark()) "Trunkline" }
                    (menu(visit))
                    (person(visit))
                }
                main id="main" data-live=[visit.live.as_deref()] { (body) }
            }
        },
    )
}

/// A page that stands alone, for somebody who need not be signed in; `base` is what a proxy puts before our own paths.
pub(crate) fn alone(base: &str, theme: Option<&str>, title: &str, home: &str, body: &Markup) -> Markup {
    whole(
        base,
        theme,
        title,
        &html! {
            body class="alone" {
                header { a class="brand" href=(home) { (mark()) "Trunkline" } }
                main id="main" { (body) }
            }
        },
    )
}

fn whole(base: &str, theme: Option<&str>, title: &str, body: &Markup) -> Markup {
    let asset = |asset: Asset| format!("{base}{}", asset.address());
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Trunkline" }
                link rel="icon" type="image/svg+xml" href=(asset(MARK));
                link rel="stylesheet" href=(asset(STYLE));
                script defer src=(asset(SCRIPT)) {}
            }
            (body)
        }
    }
}

/// The address of the icons, for `use`.
pub(super) fn sprite(visit: &Visit) -> String {
    visit.to(&ICONS.address())
}

fn mark() -> Markup {
    html! {
        svg class="mark" viewBox="0 0 32 32" aria-hidden="true" {
            rect class="mark-ground" width="32" height="32" rx="9" {}
            path class="mark-line" d="M8 11h6.5c3 0 3 10 6 10H24M8 21h4M20 11h4" {}
            circle class="mark-end" cx="8" cy="11" r="2.2" {}
            circle class="mark-end" cx="24" cy="21" r="2.2" {}
        }
    }
}

fn noted(visit: &Visit) -> Markup {
    html! { @if let Some(Note { is_good, text }) = &visit.note { (parts::notice(visit, *is_good, &html! { (text) })) } }
}

fn menu(visit: &Visit) -> Markup {
    let items: Vec<_> = visit
        .menu
        .items
        .iter()
        .filter(|item| item.role.is_none_or(|role| visit.may(role)))
        .collect();
    let is_here = |path: &str| {
        visit.path == path
            || (path != "/"
                && visit
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/')))
    };
    html! {
        nav aria-label="Main" {
            @for group in items.chunk_by(|one, other| one.entry.group == other.entry.group) {
                @let title = group[0].entry.group.title();
                @if !title.is_empty() { p class="group" { (title) } }
                ul {
                    @for item in group {
                        li {
                            a href=(visit.to(item.path)) aria-current=[is_here(item.path).then_some("page")] {
                                (icon(visit, item.entry.icon)) (item.entry.label)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn person(visit: &Visit) -> Markup {
    html! {
        div class="person" {
            a href=(visit.to("/account")) class="who" {
                (icon(visit, "person"))
                span { span class="name" { (visit.name()) } @if let Some(who) = &visit.person { span class="quiet" { (who.role) } } }
            }
            button type="button" class="plain" data-theme-switch aria-label="Light or dark" { (icon(visit, "theme")) }
            (parts::form(visit, "/sign-out", &html! {
                button class="plain" aria-label="Sign out" title="Sign out" { (icon(visit, "leave")) }
            }))
        }
    }
}
