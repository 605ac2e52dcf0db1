//! The pages that a person sees when an app asks for a grant. Everything that was sent is escaped.

use super::{App, permissions};
use crate::{reply::Reply, resources::common::escape};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:8vh auto;padding:0 1.25rem}\
main{border:1px solid #8886;border-radius:14px;padding:2rem}\
h1{font-size:1.35rem;margin:0 0 .5rem}\
ul{padding-left:1.2rem;columns:2;font-size:.9rem}\
select,button{font:inherit;padding:.55rem 1.1rem;border-radius:8px;border:1px solid #8888}\
button[value=authorize]{background:#1f6feb;border-color:#1f6feb;color:#fff}\
footer{margin-top:1.2rem;font-size:.85rem;opacity:.7}";

fn page(status: u16, title: &str, content: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    );
    Reply::text(status, "text/html; charset=utf-8", html)
}

fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}

/// Asks whether the app may have what it asks for.
pub(super) fn consent(
    app: &App,
    workspaces: &[(String, String)],
    redirect_uri: &str,
    state: Option<&str>,
) -> Reply {
    let mut hidden = vec![
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", redirect_uri),
    ];
    hidden.extend(state.map(|state| ("state", state)));
    let hidden: String = hidden
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                attribute(value)
            )
        })
        .collect();
    let options: String = workspaces
        .iter()
        .enumerate()
        .map(|(place, (code, name))| {
            format!(
                "<option value=\"{place}\">{} ({})</option>",
                escape(name),
                escape(code)
            )
        })
        .collect();
    let asked: Vec<&str> = if app.permissions.is_empty() {
        permissions::labels().collect()
    } else {
        app.permissions.iter().map(String::as_str).collect()
    };
    let list: String = asked
        .iter()
        .map(|label| format!("<li>{}</li>", escape(label)))
        .collect();
    let name = escape(&app.name);
    page(
        200,
        "Authorize access",
        &format!(
            "<h1>{name} would like to access your workspace</h1>\
             <form method=\"post\" action=\"/oauth\">{hidden}\
             <p><label>Workspace <select name=\"workspace\">{options}</select></label></p>\
             <p>It will be able to:</p><ul>{list}</ul>\
             <p><button name=\"decision\" value=\"authorize\">Authorize access</button> \
             <button name=\"decision\" value=\"cancel\">Cancel</button></p></form>\
             <footer>This is a simulated workspace. You will go back to {}.</footer>",
            escape(redirect_uri)
        ),
    )
}

/// Says why nothing can be asked.
pub(super) fn refusal(message: &str) -> Reply {
    page(
        400,
        "This cannot be authorized",
        &format!("<h1>This cannot be authorized</h1><p>{}</p>", escape(message)),
    )
}
