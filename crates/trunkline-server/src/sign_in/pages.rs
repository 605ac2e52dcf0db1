//! What a person sees on the way to a grant and back.
//!
//! The one rule: nothing on these pages runs or loads anything, and no address on the way stays in a history of other sites.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use trunkline_store::Connection;

const STYLE: &str = "\
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto 0; padding: 0 1.5rem }
h1 { font-size: 1.4rem; font-weight: 600 }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 0; border-radius: .5rem; background: #1f5fe0; color: #fff; cursor: pointer }
button:focus-visible { outline: 3px solid #8ab4ff; outline-offset: 2px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem }
dt { opacity: .7 } dd { margin: 0 }";

/// What every page is sent with. Where the button's form leads is not limited: the way goes on to Intercom's page, wherever
/// the connection says that this is.
pub(super) const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The page with the button; `path` is what a proxy puts before our own paths.
pub(super) fn offer(state: &str, path: &str) -> Response {
    let body = html! {
        h1 { "Grant access to Intercom" }
        p {
            "Intercom asks next which workspace this is for, and lists what Trunkline may do there. "
            "The link to this page is good once, for ten minutes."
        }
        form method="post" action={ (path) "/auth/intercom/begin/" (state) } {
            button type="submit" autofocus { "Grant access to Intercom" }
        }
    };
    page(StatusCode::OK, "Grant access to Intercom", &body)
}

/// The grant succeeded: the connection, tested.
pub(super) fn granted(connection: &Connection) -> Response {
    let body = html! {
        h1 { "Access is granted" }
        dl {
            dt { "Connection" } dd { (connection.name) }
            @if let Some(identity) = &connection.identity {
                dt { "Workspace" } dd { (identity.name) " (" (identity.id_code) ")" }
                dt { "Hosted in" } dd { (identity.region) }
                dt { "Time zone" } dd { (identity.time_zone) }
            }
        }
        p { "The connection was tested and is ready. You can close this page." }
    };
    page(StatusCode::OK, "Access is granted", &body)
}

/// It did not succeed.
pub(super) fn failed(status: StatusCode, reason: &str) -> Response {
    let body = html! {
        h1 { "Access was not granted" }
        p { (reason) }
        p { "Nothing was changed. To try again, begin the grant anew." }
    };
    page(status, "Access was not granted", &body)
}

fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Trunkline" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, HEADERS, kind, page.into_string()).into_response()
}
