//! Exchanges codes for tokens, renews them and gives them back.
//!
//! The one rule: an exchange is sent once. A code is good once, so a second attempt after a lost answer could only fail, and
//! would hide why.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::{
    AppCredentials, Endpoints, Grant, OAuthError, Told,
    answer::{self, Asked},
    record::{self, Sent},
};
use crate::{
    BuildError, Clock, RequestLog, Transport, TransportError,
    stack::USER_AGENT,
    transport::{HttpOptions, HttpTransport},
};

/// How a sign-in behaves. [`SignInSettings::new`] gives what suits most.
#[derive(Clone, Debug)]
pub struct SignInSettings {
    /// The longest that an exchange may take, body included.
    pub timeout: Duration,
    /// The longest that a connection may take to open.
    pub connect_timeout: Duration,
    /// The most bytes that an answer may have.
    pub body_limit: usize,
    /// The time of day, for when tokens end and for the log.
    pub clock: Arc<dyn Clock>,
    /// Where each exchange is written down, without codes, secrets and tokens.
    pub request_log: Option<Arc<dyn RequestLog>>,
}

impl SignInSettings {
    /// The settings that suit most, with the time from `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            body_limit: 64 * 1024,
            clock,
            request_log: None,
        }
    }
}

/// Exchanges codes with one server.
pub struct SignIn {
    endpoints: Endpoints,
    settings: SignInSettings,
    /// To the access token URL's host.
    of_tokens: Arc<dyn Transport>,
    /// To the uninstall URL's host.
    of_uninstall: Arc<dyn Transport>,
}

impl SignIn {
    /// A sign-in at `endpoints`.
    ///
    /// # Errors
    /// When one of the addresses is not one that secrets may be sent to.
    pub fn new(endpoints: Endpoints, settings: SignInSettings) -> Result<Self, OAuthError> {
        endpoints.check()?;
        let transport = |url: &Url| -> Result<Arc<dyn Transport>, OAuthError> {
            let options = HttpOptions {
                connect_timeout: settings.connect_timeout,
                gzip: false,
                body_limit: Some(settings.body_limit),
            };
            Ok(Arc::new(
                HttpTransport::new(&origin(url), options).map_err(|error| of_build(&error))?,
            ))
        };
        Ok(Self {
            of_tokens: transport(&endpoints.access_token)?,
            of_uninstall: transport(&endpoints.uninstall)?,
            endpoints,
            settings,
        })
    }

    /// A sign-in that sends through `transport`; this is how tests do without a network.
    ///
    /// # Errors
    /// When one of the addresses is not one that secrets may be sent to.
    pub fn over(
        endpoints: Endpoints,
        settings: SignInSettings,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, OAuthError> {
        endpoints.check()?;
        Ok(Self {
            endpoints,
            settings,
            of_tokens: Arc::clone(&transport),
            of_uninstall: transport,
        })
    }

    /// Where it signs in.
    #[must_use]
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The grant for a code. `redirect_uri` and `verifier` are those of the beginning, where there were any.
    ///
    /// # Errors
    /// When the code is wrong, old or used, when the app is not known, or when there is no answer that can be used.
    pub async fn exchange_code(
        &self,
        app: &AppCredentials,
        code: &SecretString,
        redirect_uri: Option<&Url>,
        verifier: Option<&SecretString>,
    ) -> Result<Grant, OAuthError> {
        app.check()?;
        let mut form = vec![
            ("grant_type", Cow::Borrowed("authorization_code")),
            ("client_id", Cow::Borrowed(app.client_id.as_str())),
            ("client_secret", Cow::Borrowed(app.client_secret.expose_secret())),
            ("code", Cow::Borrowed(code.expose_secret())),
        ];
        if let Some(redirect_uri) = redirect_uri {
            form.push(("redirect_uri", Cow::Borrowed(redirect_uri.as_str())));
        }
        let mut secrets = vec![code, &app.client_secret];
        if let Some(verifier) = verifier {
            form.push(("code_verifier", Cow::Borrowed(verifier.expose_secret())));
            secrets.push(verifier);
        }
        self.for_grant(Asked::Exchange, &form, &secrets).await
    }

    /// A new grant for a refresh token, from servers that give any. Where the answer has no refresh token of its own, the
    /// old one stays good.
    ///
    /// # Errors
    /// When the refresh token is not accepted any more, or when there is no answer that can be used.
    pub async fn refresh(
        &self,
        app: &AppCredentials,
        refresh_token: &SecretString,
    ) -> Result<Grant, OAuthError> {
        app.check()?;
        let form = [
            ("grant_type", Cow::Borrowed("refresh_token")),
            ("client_id", Cow::Borrowed(app.client_id.as_str())),
            ("client_secret", Cow::Borrowed(app.client_secret.expose_secret())),
            ("refresh_token", Cow::Borrowed(refresh_token.expose_secret())),
        ];
        let secrets = [refresh_token, &app.client_secret];
        let mut grant = self.for_grant(Asked::Refresh, &form, &secrets).await?;
        grant.refresh_token.get_or_insert_with(|| refresh_token.clone());
        Ok(grant)
    }

    /// Takes the app out of the token's workspace, with every token that it has there.
    ///
    /// # Errors
    /// [`OAuthError::GrantOver`] when the token was none any more; or when there is no answer that can be used.
    pub async fn uninstall(&self, token: &SecretString) -> Result<(), OAuthError> {
        let mut request = request(&self.endpoints.uninstall, Bytes::new())?;
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
                OAuthError::App {
                    part: "access token",
                    reason: "has a character that no token has",
                }
            })?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let secrets = [token];
        let sent = Sent {
            asked: Asked::Uninstall,
            path: self.endpoints.uninstall.path(),
            form: &[],
            bytes: 0,
            secrets: &secrets,
        };
        let answer = self.exchange(&*self.of_uninstall, request, sent).await?;
        if answer::is_success(&answer) {
            Ok(())
        } else {
            Err(answer::refusal(&answer, Asked::Uninstall, &secrets))
        }
    }

    async fn for_grant(
        &self,
        asked: Asked,
        form: &[(&'static str, Cow<'_, str>)],
        secrets: &[&SecretString],
    ) -> Result<Grant, OAuthError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let sent = Sent {
            asked,
            path: self.endpoints.access_token.path(),
            form,
            bytes: body.len(),
            secrets,
        };
        let mut request = request(&self.endpoints.access_token, Bytes::from(body))?;
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let answer = self.exchange(&*self.of_tokens, request, sent).await?;
        if answer::is_success(&answer) {
            answer::grant(&answer, secrets, self.settings.clock.now())
        } else {
            Err(answer::refusal(&answer, asked, secrets))
        }
    }

    /// One exchange, once, within the time limit, written down.
    async fn exchange(
        &self,
        transport: &dyn Transport,
        request: Request<Bytes>,
        sent: Sent<'_>,
    ) -> Result<Response<Bytes>, OAuthError> {
        let started = Instant::now();
        let timeout = self.settings.timeout;
        let result = match tokio::time::timeout(timeout, transport.send(request)).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::TimedOut(format!(
                "no whole answer within {timeout:?}"
            ))),
        };
        if let Some(log) = &self.settings.request_log {
            let now = self.settings.clock.now();
            log.record(&record::record(
                sent,
                &result,
                now,
                started.elapsed(),
                log.wants_bodies(),
            ));
        }
        result.map_err(|error| OAuthError::Unavailable {
            may_have_arrived: !matches!(error, TransportError::NotConnected(_)),
            told: Told {
                message: answer::clean_text(&error.to_string(), sent.secrets),
                ..Told::default()
            },
        })
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// The address without its path, which the request carries.
fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin
}

fn request(url: &Url, body: Bytes) -> Result<Request<Bytes>, OAuthError> {
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    let uri: Uri = path.parse().map_err(|_| OAuthError::Address {
        what: "sign-in URL",
        url: origin(url).to_string(),
        reason: "its path cannot be sent".to_owned(),
    })?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    Ok(request)
}

fn of_build(error: &BuildError) -> OAuthError {
    OAuthError::Unavailable {
        told: Told {
            message: error.to_string(),
            ..Told::default()
        },
        may_have_arrived: false,
    }
}
