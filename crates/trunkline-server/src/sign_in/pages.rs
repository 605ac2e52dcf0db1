//! What a person sees on the way to a grant and back.
//!
//! The one rule: nothing on these pages comes from elsewhere, and no address on the way stays in a history of other sites. `base` is what a
//! proxy puts before our own paths.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use maud::{Markup, html};
use trunkline_store::Connection;

use crate::console::{alone, named};

/// What every page is sent with. Where the button's form leads is not limited: the way goes on to Intercom's page, wherever
/// the connection says that this is.
pub(super) const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The page with the button.
pub(super) fn offer(state: &str, base: &str) -> Response {
    let body = html! {
        h1 { "Grant access to Intercom" }
        p {
            "Intercom asks next which workspace this is for, and lists what Trunkline may do there. "
            "The link to this page is good once, for ten minutes."
        }
        form method="post" action={ (base) "/auth/intercom/begin/" (state) } {
            button type="submit" class="first" autofocus { "Grant access to Intercom" }
        }
    };
    page(StatusCode::OK, base, "Grant access to Intercom", &body)
}

/// The grant succeeded: the connection, tested.
pub(super) fn granted(connection: &Connection, base: &str) -> Response {
    let body = html! {
        h1 { "Access is granted" }
        dl class="facts" {
            div { dt { "Connection" } dd { (connection.name) } }
            @if let Some(identity) = &connection.identity {
                div { dt { "Workspace" } dd { (identity.name) " (" (identity.id_code) ")" } }
                div { dt { "Hosted in" } dd { (identity.region) } }
                div { dt { "Time zone" } dd { (identity.time_zone) } }
            }
        }
        p { "The connection was tested and is ready. You can close this page, or go on." }
        p { a class="button first" href={ (base) (named("/connections/{name}", &connection.name)) } { "To the connection" } }
    };
    page(StatusCode::OK, base, "Access is granted", &body)
}

/// It did not succeed.
pub(super) fn failed(status: StatusCode, base: &str, reason: &str) -> Response {
    let body = html! {
        h1 { "Access was not granted" }
        p { (reason) }
        p { "Nothing was changed. To try again, begin the grant anew." }
        p { a class="button" href={ (base) "/connections" } { "To the connections" } }
    };
    page(status, base, "Access was not granted", &body)
}

fn page(status: StatusCode, base: &str, title: &str, body: &Markup) -> Response {
    let page = alone(base, None, title, &format!("{base}/"), body);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, HEADERS, kind, page.into_string()).into_response()
}
