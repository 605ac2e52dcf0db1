//! The pages that a person sees when an app asks for a grant.
//!
//! The one rule: whatever was sent is escaped, which `html!` does with everything that it is not told to leave alone.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{App, permissions};
use crate::reply::Reply;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:8vh auto;padding:0 1.25rem}\
main{border:1px solid #8886;border-radius:14px;padding:2rem}\
h1{font-size:1.35rem;margin:0 0 .5rem}\
ul{padding-left:1.2rem;columns:2;font-size:.9rem;overflow-wrap:anywhere}\
select,button{font:inherit;padding:.55rem 1.1rem;border-radius:8px;border:1px solid #8888}\
button[value=authorize]{background:#1f6feb;border-color:#1f6feb;color:#fff}\
footer{margin-top:1.2rem;font-size:.85rem;opacity:.7}";

fn page(status: u16, title: &str, content: &Markup) -> Reply {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    };
    Reply::text(status, "text/html; charset=utf-8", markup.into_string())
}

/// Asks whether the app may have what it asks for.
pub(super) fn consent(
    app: &App,
    workspaces: &[(String, String)],
    redirect_uri: &str,
    state: Option<&str>,
) -> Reply {
    let asked: Vec<&str> = if app.permissions.is_empty() {
        permissions::labels().collect()
    } else {
        app.permissions.iter().map(String::as_str).collect()
    };
    let content = html! {
        h1 { (app.name) " would like to access your workspace" }
        form method="post" action="/oauth" {
            input type="hidden" name="client_id" value=(app.client_id);
            input type="hidden" name="redirect_uri" value=(redirect_uri);
            @if let Some(state) = state {
                input type="hidden" name="state" value=(state);
            }
            p {
                label {
                    "Workspace "
                    select name="workspace" {
                        @for (place, (code, name)) in workspaces.iter().enumerate() {
                            option value=(place) { (name) " (" (code) ")" }
                        }
                    }
                }
            }
            p { "It will be able to:" }
            ul { @for label in asked { li { (label) } } }
            p {
                button name="decision" value="authorize" { "Authorize access" }
                " "
                button name="decision" value="cancel" { "Cancel" }
            }
        }
        footer { "This is a simulated workspace. You will go back to " (redirect_uri) "." }
    };
    page(200, "Authorize access", &content)
}

/// Says why nothing can be asked.
pub(super) fn refusal(message: &str) -> Reply {
    let title = "This cannot be authorized";
    page(400, title, &html! { h1 { (title) } p { (message) } })
}
