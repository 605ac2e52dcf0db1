//! Who comes in: the session of a browser, the role that a page needs, and whether a form is one of ours.
//!
//! The one rule: nothing is done before all of it is checked: the browser is not sent by a page of another site, it has a session, its
//! person has the role, and the form carries the token of this very browser.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    fields::Fields,
    layout, live,
    page::{self, Asked, Page},
    password::Passwords,
    registry::Menu,
    upload,
    visit::{self, Note, Visit, Who},
};
use crate::{api::origin, cookie, reply::Refusal, shared::Shared};

/// The largest form, in bytes.
pub(super) const LARGEST_FORM: usize = 1 << 20;
/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often somebody may be wrong before they wait.
const TRIES: u32 = 5;
/// How long they wait.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Names that are remembered for having been wrong.
const REMEMBERED: usize = 10_000;

/// What the door needs to know between two visits.
#[derive(Debug)]
pub(crate) struct Doorman {
    pub(super) passwords: Passwords,
    /// Passwords are made slow to check on purpose; so many are checked at a time.
    pub(super) hashing: Semaphore,
    wrong: Mutex<HashMap<String, (u32, Timestamp)>>,
}

impl Doorman {
    pub(crate) fn new() -> Self {
        Self {
            passwords: Passwords::new(),
            hashing: Semaphore::new(2),
            wrong: Mutex::default(),
        }
    }

    /// Whether somebody of this name was wrong too often of late.
    pub(super) fn waits(&self, name: &str, now: Timestamp) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong
            .get(name)
            .is_some_and(|(tries, at)| *tries >= TRIES && now.duration_since(*at) < PAUSE)
    }

    /// Somebody of this name was wrong.
    pub(super) fn was_wrong(&self, name: &str, now: Timestamp) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= REMEMBERED {
            wrong.retain(|_, (_, at)| now.duration_since(*at) < PAUSE);
        }
        if wrong.len() < REMEMBERED {
            let (tries, at) = wrong.entry(name.to_owned()).or_insert((0, now));
            *tries = if now.duration_since(*at) < PAUSE {
                *tries + 1
            } else {
                1
            };
            *at = now;
        }
    }

    /// Somebody of this name was right.
    pub(super) fn was_right(&self, name: &str) {
        self.wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }
}

/// Who visits, and where.
pub(super) async fn visit(shared: &Arc<Shared>, menu: &Arc<Menu>, parts: &Parts) -> Result<Visit, Refusal> {
    let now = shared.clock.now();
    let brought = cookie::word(&parts.headers, visit::WORD);
    let session = match &brought {
        Some(word) => shared.store.session(word, now).await?,
        None => None,
    };
    Ok(Visit {
        base: shared.options.public_path(),
        path: parts.uri.path().to_owned(),
        person: session.map(|session| Who {
            id: session.person.id,
            name: session.person.name,
            role: session.person.role,
        }),
        is_new_word: brought.is_none(),
        word: brought.unwrap_or_else(|| shared.store.entropy().word()),
        is_https: shared.options.is_https(),
        note: visit::note(&parts.headers),
        theme: visit::theme(&parts.headers),
        now,
        menu: Arc::clone(menu),
        live: None,
    })
}

/// Lets a request in, or says why not.
pub(super) async fn enter(
    shared: &Arc<Shared>,
    menu: &Arc<Menu>,
    page: &Page,
    names: Vec<String>,
    request: Request,
) -> Result<Asked, Box<Response>> {
    let (parts, body) = request.into_parts();
    let mut visit = visit(shared, menu, &parts)
        .await
        .map_err(|refusal| Box::new(refusal.into_response()))?;
    let refuse = |visit: &Visit, refusal: &Refusal| Box::new(layout::refused(visit, refusal));
    if page.is_deed && origin::is_foreign(&parts.headers, shared.options.public_url.as_ref()) {
        let message = "a page of another site may not use this";
        return Err(refuse(
            &visit,
            &Refusal::new(StatusCode::FORBIDDEN, "TL0623", message),
        ));
    }
    if let Some(role) = page.role {
        if visit.person.is_none() {
            return Err(Box::new(to_sign_in(&visit, &parts)));
        }
        if !visit.may(role) {
            let message =
                format!("this needs the role `{role}`; somebody with the role `admin` can give it to you");
            return Err(refuse(
                &visit,
                &Refusal::new(StatusCode::FORBIDDEN, "TL0931", message),
            ));
        }
    }
    let query = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    let mut form = Fields::default();
    let mut file = None;
    if page.is_deed {
        let sent = match upload::boundary(&parts).filter(|_| page.takes_file) {
            Some(boundary) => upload::read(shared, &visit, boundary, body).await,
            None => read(&parts, body).await.map(|form| (form, None)),
        };
        (form, file) = sent.map_err(|refusal| refuse(&visit, &refusal))?;
        if !visit.is_own(form.get("_token")) {
            let message = "this form is not of this browser, or was open for too long; go back, load the page anew and send it again";
            return Err(refuse(
                &visit,
                &Refusal::new(StatusCode::FORBIDDEN, "TL0932", message),
            ));
        }
    }
    if page.is_live {
        let path = visit.path.trim_end_matches("/live").to_owned();
        let query = parts
            .uri
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        visit.live = Some(visit.to(&format!("{}{query}", live::address(&path))));
    }
    Ok(Asked {
        shared: Arc::clone(shared),
        visit,
        names,
        query,
        form,
        file,
    })
}

/// Sends somebody to the sign-in, and back to where they wanted to go afterwards.
fn to_sign_in(visit: &Visit, parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    let next = wanted
        .filter(|_| parts.method == http::Method::GET)
        .and_then(page::own_path)
        .filter(|path| path != "/" && !path.ends_with("/live"));
    let path = match next {
        Some(next) => format!("/sign-in?{}", Fields::default().with("next", &next)),
        None => "/sign-in".to_owned(),
    };
    let nothing = Note {
        is_good: true,
        text: String::new(),
    };
    page::lead(visit, &path, &nothing)
}

async fn read(parts: &Parts, body: axum::body::Body) -> Result<Fields, Refusal> {
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        let message = "a form is sent as `application/x-www-form-urlencoded`";
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "TL0629",
            message,
        ));
    }
    let Ok(collected) = timeout(PATIENCE, Limited::new(body, LARGEST_FORM).collect()).await else {
        let message = "the form did not arrive in time";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "TL0632", message));
    };
    let bytes = collected
        .map_err(|_| {
            let message = format!("the form is larger than {LARGEST_FORM} bytes, or was cut off");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0630", message)
        })?
        .to_bytes();
    Ok(Fields::read(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_wrong_too_often_waits_a_minute() {
        let doorman = Doorman::new();
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        for second in 0..5 {
            assert!(!doorman.waits("ann", at(second)));
            doorman.was_wrong("ann", at(second));
        }
        assert!(doorman.waits("ann", at(5)) && doorman.waits("ann", at(63)));
        assert!(!doorman.waits("ben", at(5)));
        assert!(!doorman.waits("ann", at(64)));
        doorman.was_wrong("ann", at(70));
        assert!(!doorman.waits("ann", at(70)), "the count begins anew");
        for second in 71..76 {
            doorman.was_wrong("ann", at(second));
        }
        assert!(doorman.waits("ann", at(76)));
        doorman.was_right("ann");
        assert!(!doorman.waits("ann", at(76)));
    }
}
