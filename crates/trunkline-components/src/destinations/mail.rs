//! `mail`: sends a mail for each record, by SMTP.
//!
//! The one rule: a password never goes over a way that others can read. A mail that is sent a second time has the id of the first,
//! so that mailboxes know it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_client::with_causes;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node, Span, read},
};
use xxhash_rust::xxh3::xxh3_128;

use super::one_by_one;
use crate::{
    Site,
    registry::DestinationKind,
    text::{Env, Secrets},
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "mail",
    summary: "Sends a mail for each record, by SMTP.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The longest subject, in letters.
const LONGEST_SUBJECT: usize = 250;
/// The most addresses of one mail.
const MOST_ADDRESSES: usize = 50;
/// What a server answers to credentials that it does not take (RFC 4954).
const REFUSED_LOGIN: [&str; 4] = ["530", "534", "535", "538"];

/// Sends a mail for each record, by SMTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server's name.
    server: String,
    /// Its port; 587 with `starttls`, 465 with `tls`, 25 with `none` unless told.
    #[serde(default)]
    port: Option<u16>,
    /// How the way to it is protected.
    #[serde(default)]
    security: Security,
    /// The name to sign in with.
    #[serde(default)]
    user: Option<String>,
    /// The variable of the environment that holds the password.
    #[serde(default)]
    password: Option<Env>,
    /// Whom it is from, such as `Trunkline <trunkline@example.com>`.
    from: String,
    /// The expression that gives the address, or a list of them, such as `'["ops@example.com"]'`.
    to: Jq,
    /// The expression that gives the subject.
    subject: Jq,
    /// The expression that gives the text.
    text: Jq,
    /// How long the server may take.
    #[serde(default = "half_a_minute")]
    timeout: Span,
}

fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Security {
    /// It begins in the open and turns to TLS before anything is said; a server that cannot is not used.
    #[default]
    Starttls,
    /// TLS from the beginning.
    Tls,
    /// None, for a server on this machine. A password is not sent so.
    None,
}

impl Security {
    const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

struct Mailing {
    settings: Settings,
    from: Mailbox,
    site: Site,
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    let from = settings.from.parse().map_err(|_| {
        let message = format!("{:?} is no address of a mail", settings.from);
        Mistake::new(
            spot("from"),
            message,
            "Write it as `name@example.com` or `Name <name@example.com>`.",
        )
    })?;
    if settings.user.is_some() != settings.password.is_some() {
        let message = "a name and a password belong together";
        return Err(Mistake::new(
            spot("user"),
            message,
            "Give both of `user` and `password`, or none.",
        ));
    }
    if settings.password.is_some() && settings.security == Security::None {
        let message = "a password would go over a way that others can read";
        return Err(Mistake::new(
            spot("security"),
            message,
            "Use `starttls` or `tls`, or leave the password out.",
        ));
    }
    Ok(Arc::new(Mailing {
        settings,
        from,
        site: site.clone(),
        transport: OnceLock::new(),
    }))
}

/// A mail before it is put into its form.
struct Draft {
    to: Vec<String>,
    subject: String,
    text: String,
}

impl Mailing {
    fn draft(&self, record: &Record, now: Timestamp) -> Result<Draft, ComponentError> {
        let wrong = |message: &str, key: &str| {
            let advice = format!("Mend the expression of `{key}`, or filter such records out.");
            ComponentError::reject("TL0915", message.to_owned(), advice)
        };
        let to: Vec<String> = match self.settings.to.value(record, now)? {
            Value::String(one) => vec![one],
            Value::Array(all) => all
                .into_iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("an address of this mail is no text", "to"))?,
            _ => Vec::new(),
        };
        if to.is_empty() || to.len() > MOST_ADDRESSES {
            let message = format!(
                "this mail has {} addresses; one to {MOST_ADDRESSES} are possible",
                to.len()
            );
            return Err(wrong(&message, "to"));
        }
        let text = self.settings.text.key(record, now)?.unwrap_or_default();
        if text.trim().is_empty() {
            return Err(wrong("there is no text to send for this record", "text"));
        }
        let subject = self.settings.subject.key(record, now)?.unwrap_or_default();
        // A line break would begin another header.
        let subject: String = subject
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        Ok(Draft {
            to,
            subject: subject.trim().chars().take(LONGEST_SUBJECT).collect(),
            text,
        })
    }

    fn shown(&self, draft: &Draft) -> Value {
        json!({ "from": self.settings.from, "to": draft.to, "subject": draft.subject, "text": draft.text })
    }

    fn message(&self, draft: Draft, now: Timestamp) -> Result<Message, ComponentError> {
        let wrong = |message: String| {
            ComponentError::reject("TL0915", message, "Mend the record, and redrive the dead letter.")
        };
        let seed = format!(
            "{}\n{:?}\n{}\n{}",
            self.site.flow, draft.to, draft.subject, draft.text
        );
        let host = self.from.email.domain();
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(draft.subject)
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{:032x}@{host}>", xxh3_128(seed.as_bytes()))))
            .header(ContentType::TEXT_PLAIN);
        for address in &draft.to {
            let to: Mailbox = address
                .parse()
                .map_err(|_| wrong(format!("{address:?} is no address of a mail")))?;
            builder = builder.to(to);
        }
        builder
            .body(draft.text)
            .map_err(|error| wrong(format!("no mail can be made of this record: {error}")))
    }

    fn transport(
        &self,
        secrets: &mut Secrets,
    ) -> Result<&AsyncSmtpTransport<Tokio1Executor>, ComponentError> {
        let settings = &self.settings;
        // Looked up each time, so that its absence is told and its value never shown.
        let password = settings
            .password
            .as_ref()
            .map(|password| password.value(&self.site, secrets))
            .transpose()?;
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let tls = || {
            TlsParameters::new(settings.server.clone()).map_err(|error| {
                ComponentError::stop(
                    "TL0913",
                    format!(
                        "no protected way to {} can be made: {}",
                        settings.server,
                        with_causes(&error)
                    ),
                    "This is about the server's name or the machine's certificates.",
                )
            })
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port.unwrap_or_else(|| settings.security.port()))
            .timeout(Some(settings.timeout.0))
            .tls(match settings.security {
                Security::Starttls => Tls::Required(tls()?),
                Security::Tls => Tls::Wrapper(tls()?),
                Security::None => Tls::None,
            });
        if let (Some(user), Some(password)) = (&settings.user, password) {
            builder = builder.credentials(Credentials::new(
                user.clone(),
                password.expose_secret().to_owned(),
            ));
        }
        Ok(self.transport.get_or_init(|| builder.build()))
    }

    async fn one(&self, record: &Record) -> Delivered {
        let now = (self.site.now)();
        let draft = self.draft(record, now)?;
        let shown = self.shown(&draft);
        let message = self.message(draft, now)?;
        let mut secrets = Secrets::default();
        let transport = self.transport(&mut secrets)?;
        let sending = tokio::time::timeout(self.settings.timeout.0, transport.send(message));
        let failed = match sending.await {
            Ok(Ok(answer)) => {
                let said: Vec<&str> = answer.message().collect();
                return Ok(Some(
                    json!({ "code": answer.code().to_string(), "message": said.join("\n") }),
                ));
            }
            Ok(Err(error)) => self.failed(&error),
            Err(_) => {
                let message = format!(
                    "{} did not answer within {:?}",
                    self.place(),
                    self.settings.timeout.0
                );
                ComponentError::retry(
                    "TL0913",
                    message,
                    "It is tried again; give it longer with `timeout`.",
                )
            }
        };
        Err(ComponentError {
            message: secrets.hide(&failed.message),
            ..failed.with_exchange(Some(shown), None)
        })
    }

    fn place(&self) -> String {
        let port = self
            .settings
            .port
            .unwrap_or_else(|| self.settings.security.port());
        format!("{}:{port}", self.settings.server)
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> ComponentError {
        let place = self.place();
        let told = with_causes(error);
        let status = error.status().map(|status| status.to_string());
        match status.as_deref() {
            Some(code) if REFUSED_LOGIN.contains(&code) => ComponentError::stop(
                "TL0914",
                format!("{place} does not take the name and the password: {told}"),
                "Look at `user`, and at the variable that holds the password.",
            ),
            Some(_) if error.is_permanent() => ComponentError::reject(
                "TL0914",
                format!("{place} refused the mail: {told}"),
                "Mend the addresses or what the server asks for, and redrive the dead letter.",
            ),
            Some(_) => ComponentError::retry(
                "TL0914",
                format!("{place} does not take the mail now: {told}"),
                "It is tried again.",
            ),
            None => ComponentError::retry(
                "TL0913",
                format!("{place} cannot be reached, or the connection broke: {told}"),
                "It is tried again; check the server's name, its port, `security`, and the way there.",
            ),
        }
    }
}

impl Destination for Mailing {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(one_by_one(records, |record| self.one(record)))
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let draft = self.draft(record, (self.site.now)())?;
        Ok(self.shown(&draft))
    }
}
