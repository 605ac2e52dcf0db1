//! `trunkline request`: any request to the API, written by hand.
//!
//! The one rule: what can be judged before the network is judged there, and every answer is an output: status, headers and
//! body are printed also when Intercom refuses, and then the exit code is that of a refused call.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::Value;
use trunkline_client::{Draft, Priority, RawAnswer, RawCall};

use crate::{cli, failure::Failure, output::json, settings};

/// An answer as it is printed.
#[derive(Serialize)]
struct Shown<'a> {
    status: u16,
    headers: BTreeMap<&'a str, String>,
    #[serde(flatten)]
    body: Body<'a>,
}

/// The body: JSON where it is, else text, else what keeps every byte.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Value { body: Value },
    Binary { body_base64: String },
    File { body_file: &'a Path, body_bytes: usize },
}

/// A request that is not sent, as it is printed.
#[derive(Serialize)]
struct ShownDraft<'a> {
    method: &'static str,
    url: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    body: Value,
    operation: Option<&'static str>,
    effect: &'static str,
}

/// Sends the request, or shows it.
pub(crate) async fn run(arguments: cli::Request) -> Result<ExitCode, Failure> {
    let call = call(&arguments)?;
    let through = arguments.jq.as_ref().map(|expression| {
        let more = cli::More {
            jq: Some(expression.clone()),
            ..cli::More::default()
        };
        more.open(false)
    });
    let through = through.transpose()?;
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let session = settings::client(&arguments.workspace, &file).await?;
    if arguments.dry_run {
        let draft = session.client().draft(&call);
        session.close().await;
        print_draft(&draft?, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = session.client().request(call).await;
    session.close().await;
    let answer = answer?;
    let shown = shown(&answer, arguments.output.as_deref())?;
    match through {
        Some(records) => records.one(serde_json::json!(shown))?,
        None => print(&shown, arguments.json)?,
    }
    match answer.refused {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn call(arguments: &cli::Request) -> Result<RawCall, Failure> {
    let mut call = RawCall::new(arguments.method, &arguments.path)?.priority(Priority::Interactive);
    for text in &arguments.query {
        let (name, value) = pair(text, '=', "--query", "`--query per_page=5`")?;
        call = call.query(name, value);
    }
    for text in &arguments.header {
        let (name, value) = pair(text, ':', "--header", "`--header 'Intercom-Version: 2.14'`")?;
        call = call.header(name, value)?;
    }
    match &arguments.body {
        Some(text) => Ok(call.body(body(text)?)?),
        None => Ok(call),
    }
}

/// Both sides of the first separator. What was typed is not repeated: it may be a secret.
fn pair<'t>(
    text: &'t str,
    separator: char,
    flag: &str,
    example: &str,
) -> Result<(&'t str, &'t str), Failure> {
    text.split_once(separator).ok_or_else(|| {
        Failure::usage(
            "TL0007",
            format!("a value of `{flag}` has no `{separator}`"),
            format!("Write the name, `{separator}` and the value, such as {example}."),
        )
    })
}

fn body(text: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |what: &str, error: std::io::Error| {
        Failure::usage(
            "TL0007",
            format!("the body cannot be read from {what}: {error}"),
            "Give JSON itself, `@` and a file that can be read, or `-` for standard input.",
        )
    };
    match text.strip_prefix('@') {
        Some(file) if file != "-" => fs::read(file).map_err(|error| unreadable(file, error)),
        None if text != "-" => Ok(text.as_bytes().to_vec()),
        _ => {
            let mut read = Vec::new();
            std::io::stdin()
                .read_to_end(&mut read)
                .map_err(|error| unreadable("standard input", error))?;
            Ok(read)
        }
    }
}

fn shown<'a>(answer: &'a RawAnswer, output: Option<&'a Path>) -> Result<Shown<'a>, Failure> {
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in &answer.headers {
        // Cookies are a session's; nothing that keeps an output should keep them.
        if name == "set-cookie" {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str())
            .and_modify(|before| {
                before.push_str(", ");
                before.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    let body = match output {
        Some(file) if (200..300).contains(&answer.status) => {
            fs::write(file, &answer.body).map_err(|error| {
                Failure::new(
                    "TL0008",
                    format!("the body cannot be written to {}: {error}", file.display()),
                    "Check the folder, its permissions and the space on the disk.",
                )
            })?;
            Body::File {
                body_file: file,
                body_bytes: answer.body.len(),
            }
        }
        _ => of_bytes(&answer.body, headers.get("content-type").map(String::as_str)),
    };
    Ok(Shown {
        status: answer.status,
        headers,
        body,
    })
}

fn of_bytes(bytes: &[u8], content_type: Option<&str>) -> Body<'static> {
    if bytes.is_empty() {
        return Body::Value { body: Value::Null };
    }
    let is_json = content_type.is_none_or(|text| text.contains("json"));
    if is_json && let Ok(body) = serde_json::from_slice(bytes) {
        return Body::Value { body };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Body::Value {
            body: Value::from(text),
        },
        Err(_) => Body::Binary {
            body_base64: STANDARD.encode(bytes),
        },
    }
}

fn print_draft(draft: &Draft, on_one_line: bool) -> Result<(), Failure> {
    let headers = draft
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let content_type = draft
        .headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map(|(_, value)| value.as_str());
    let body = match of_bytes(draft.body.as_deref().unwrap_or_default(), content_type) {
        Body::Value { body } => body,
        Body::Binary { body_base64 } => Value::from(body_base64),
        Body::File { .. } => Value::Null,
    };
    let shown = ShownDraft {
        method: draft.method,
        url: &draft.url,
        headers,
        body,
        operation: draft.operation,
        effect: draft.effect.as_str(),
    };
    print(&shown, on_one_line)
}

fn print(value: &impl Serialize, on_one_line: bool) -> Result<(), Failure> {
    if on_one_line {
        json::print_line(value)
    } else {
        json::print(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_where_it_says_so_and_keeps_every_byte_where_it_is_none() {
        for (bytes, content_type, printed) in [
            (&b""[..], Some("application/json"), r#"{"body":null}"#),
            (
                b"{\"a\":1}",
                Some("application/json; charset=utf-8"),
                r#"{"body":{"a":1}}"#,
            ),
            (b"{\"a\":1}", None, r#"{"body":{"a":1}}"#),
            (b"{\"a\":1}", Some("text/plain"), r#"{"body":"{\"a\":1}"}"#),
            (b"{\"a\":", Some("application/json"), r#"{"body":"{\"a\":"}"#),
            (b"a,b\n1,2\n", Some("text/csv"), r#"{"body":"a,b\n1,2\n"}"#),
            (
                b"\x1f\x8b\x00",
                Some("application/octet-stream"),
                r#"{"body_base64":"H4sA"}"#,
            ),
        ] {
            let body = serde_json::to_string(&of_bytes(bytes, content_type)).unwrap();
            assert_eq!(body, printed);
        }
    }
}
