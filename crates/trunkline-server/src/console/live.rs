//! News for pages that somebody looks at: their regions, rendered anew and sent when they changed.
//!
//! The one rule: a stream holds the last text of each region and nothing else, so it does not grow; and it ends with its session, with
//! the role it was opened with, and with the process.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::response::{
    IntoResponse as _, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::stream;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    fields::Fields,
    layout,
    page::{Asked, Page},
    visit::Visit,
};
use crate::{reply::Refusal, shared::Shared};

/// How often somebody who looks is told what is new.
const TICK: Duration = Duration::from_secs(2);
/// How many streams there are at a time.
const MOST: usize = 200;

/// Those who look at something that moves.
#[derive(Clone, Debug)]
pub(crate) struct Audience(Arc<Semaphore>);

impl Audience {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

/// Where a page's news come from.
pub(super) fn address(path: &str) -> String {
    format!("{}/live", path.trim_end_matches('/'))
}

/// What a stream remembers.
struct Watching {
    page: Arc<Page>,
    shared: Arc<Shared>,
    visit: Visit,
    names: Vec<String>,
    query: Fields,
    /// The last text of each region.
    told: BTreeMap<&'static str, String>,
    is_first: bool,
    _place: OwnedSemaphorePermit,
}

/// The stream of a page's news.
pub(super) async fn stream(page: &Arc<Page>, asked: Asked) -> Response {
    let places = Arc::clone(&asked.shared.audience.0);
    let Ok(place) = places.try_acquire_owned() else {
        let message = "too many pages are looked at; this one does not move until others are closed";
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TL0933", message);
        return layout::refused(&asked.visit, &refusal);
    };
    let watching = Watching {
        page: Arc::clone(page),
        shared: asked.shared,
        visit: asked.visit,
        names: asked.names,
        query: asked.query,
        told: BTreeMap::new(),
        is_first: true,
        _place: place,
    };
    let news = stream::unfold(watching, async |mut watching| {
        let event = watching.next().await?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    Sse::new(news).keep_alive(KeepAlive::new()).into_response()
}

impl Watching {
    /// The next news; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if !self.is_first {
                let mut stopping = self.shared.stopping.clone();
                tokio::select! {
                    _ = stopping.wait_for(|stops| *stops) => return None,
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            let is_first = std::mem::take(&mut self.is_first);
            self.visit.now = self.shared.clock.now();
            let session = self.shared.store.session(&self.visit.word, self.visit.now).await;
            let role = session.ok().flatten().map(|session| session.person.role);
            if role.is_none() || role != self.visit.person.as_ref().map(|who| who.role) {
                return None;
            }
            let asked = Asked {
                shared: Arc::clone(&self.shared),
                visit: self.visit.clone(),
                names: self.names.clone(),
                query: self.query.clone(),
                form: Fields::default(),
                file: None,
            };
            // What cannot be made now is made at the next tick; what is gone for good has its own page.
            let Ok(regions) = (self.page.news)(asked).await else {
                continue;
            };
            let mut news = BTreeMap::new();
            for (id, html) in regions {
                if self.told.get(id) != Some(&html) {
                    self.told.insert(id, html.clone());
                    news.insert(id, html);
                }
            }
            if is_first || !news.is_empty() {
                let text = serde_json::to_string(&news).unwrap_or_default();
                return Some(Event::default().data(text));
            }
        }
    }
}
