//! The console: everything seen and steered in a browser. Pages are made here; nothing is built beforehand.
//!
//! The one rule: a page does nothing by itself. Whatever it shows or changes goes through the JSON API's own functions (`api/*`), so
//! roles, checks and errors are the same for people and programs.
//!
//! # How a page is added
//!
//! 1. One file in `pages/`: a type that holds what is shown (the context) and implements [`page::View`]: title, markup, and **samples**
//!    of the context: empty, usual, in trouble. Functions from [`page::Asked`] to the context call `api::…` and nothing else.
//! 2. Its `pages()` returns [`page::Page`]s: `Page::look` for what is seen, `Page::deed` for what is changed, each with its role and a
//!    name such as `connections.rename`, under which the change stands in the audit log. `.in_menu(…)` puts a page into the menu;
//!    `.with_file()` lets a table come with a form; `Page::file` is for what is downloaded.
//!    `.live()` sends the regions of [`page::View::live`] anew while somebody looks.
//! 3. One line in `registry.rs`. The menu is made of the registry, so it never leads to what is not there.
//!
//! Addresses that programs use stand in `routes.rs`, and a page keeps away from them: records are pushed to `/flows/{flow}`, webhooks to
//! `/webhooks/{connection}`. A page of the same shape has to write its name in braces the same way.
//!
//! `tests.rs` then renders every page with all its samples, as every role: links lead somewhere, forms carry their token and go where
//! something answers, nothing is inline, ids are there once, fields have labels, and a first view is small. Building blocks are in
//! `parts.rs` (tables, forms, empty states, charts); looks are in `assets/console.css`, where the colours have names for light and dark.
//!
//! The policy of every page forbids inline script **and inline style**: use classes, and SVG attributes for what is drawn. Text that came
//! from anywhere is escaped by maud; HTML that customers wrote goes through [`clean::html`], and only through it.
//!
//! Read `door.rs` for who comes in, `page.rs` for how a page answers, `live.rs` for how it moves.

mod assets;
mod clean;
mod door;
mod fields;
mod layout;
mod live;
mod page;
mod pages;
mod parts;
mod password;
mod registry;
#[cfg(test)]
mod tests;
mod upload;
mod visit;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, on},
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{reply::Refusal, shared::Shared};
pub(crate) use door::Doorman;
pub(crate) use layout::alone;
pub(crate) use live::Audience;
use page::Page;
pub(crate) use visit::named;

/// What every page is sent with, beside its policy.
const SEALS: [(HeaderName, &str); 5] = [
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Every address of the console.
pub(crate) fn router() -> Router<Arc<Shared>> {
    let menu = Arc::new(registry::menu());
    let mut router = Router::new();
    for asset in assets::ALL {
        router = router.route(asset.path, get(move || async move { asset.answer() }));
    }
    for page in registry::pages() {
        let page = Arc::new(page);
        if page.is_live {
            router = router.route(&live::address(page.path), method(&page, &menu, true));
        }
        router = router.route(page.path, method(&page, &menu, false));
    }
    router.fallback(async move |State(shared): State<Arc<Shared>>, request: Request| {
        lost(&shared, &menu, request).await
    })
}

fn method(page: &Arc<Page>, menu: &Arc<registry::Menu>, is_live: bool) -> MethodRouter<Arc<Shared>> {
    let filter = page.method();
    let (page, menu) = (Arc::clone(page), Arc::clone(menu));
    let handler = async move |State(shared): State<Arc<Shared>>, names: RawPathParams, request: Request| {
        let names = names.iter().map(|(_, value)| value.to_owned()).collect();
        match door::enter(&shared, &menu, &page, names, request).await {
            Ok(asked) if is_live => live::stream(&page, asked).await,
            Ok(asked) => {
                let (visit, shared) = (asked.visit.clone(), Arc::clone(&asked.shared));
                let mut response = (page.answer)(asked).await;
                visit.leave(&mut response);
                sealed(&shared, response)
            }
            Err(turned_away) => {
                tracing::debug!(page = page.id, "somebody was not let in");
                sealed(&shared, *turned_away)
            }
        }
    };
    on(filter, handler)
}

/// Nothing is at this address: a page for browsers, a word for programs.
async fn lost(shared: &Arc<Shared>, menu: &Arc<registry::Menu>, request: Request) -> Response {
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.contains("text/html"));
    if !wants_page {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (parts, _) = request.into_parts();
    let visit = match door::visit(shared, menu, &parts).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal.into_response(),
    };
    sealed(shared, layout::refused(&visit, &Refusal::unknown_address()))
}

fn sealed(shared: &Shared, mut response: Response) -> Response {
    for (name, value) in SEALS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    // A grant begins where its way back leads, which may be another name of this process than the one that is in the address bar.
    let known_by = shared
        .options
        .reached_at()
        .map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self' {known_by}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
