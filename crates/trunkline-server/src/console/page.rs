//! A page: its address, who may see it, and the function that makes it; or a deed, which changes something and leads back to a page.
//!
//! The one rule: every change goes through [`Page::deed`], which has checked role and token before, and notes in the audit log
//! what was done after.

use std::{convert::Infallible, sync::Arc};

use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode, header};
use maud::Markup;
use trunkline_store::Role;

use super::{
    fields::Fields,
    layout,
    parts::Icon,
    visit::{Note, Visit},
};
use crate::{api::audit, reply::Refusal, shared::Shared};

/// A request to a page, by somebody who may make it.
pub(crate) struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) visit: Visit,
    /// The names in the address, in their order.
    pub(crate) names: Vec<String>,
    /// What stands behind the `?`.
    pub(crate) query: Fields,
    /// What was sent.
    pub(crate) form: Fields,
    /// The file that was sent with it, or why it was not taken.
    pub(crate) file: Option<Result<File, Refusal>>,
}

/// A table that was sent with a form, kept already.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its id.
    pub(crate) id: String,
    /// What its owner calls it.
    pub(crate) name: String,
}

/// A file to keep.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

impl Asked {
    /// The first name in the address.
    pub(crate) fn name(&self) -> String {
        self.names.first().cloned().unwrap_or_default()
    }
}

/// What a page shows.
pub(crate) trait View: Send + Sized + 'static {
    /// Whether it stands alone, without a menu.
    const STANDS_ALONE: bool = false;

    /// What the window is called, and what the page begins with.
    fn title(&self) -> String;

    /// One line below the title.
    fn lead(&self) -> Option<String> {
        None
    }

    /// Buttons beside the title.
    fn actions(&self, _: &Visit) -> Option<Markup> {
        None
    }

    /// The page below its title.
    fn main(&self, visit: &Visit) -> Markup;

    /// The parts that are sent anew while somebody looks, by their ids; `main` shows them with [`super::parts::region`].
    fn live(&self, _: &Visit) -> Vec<(&'static str, Markup)> {
        Vec::new()
    }

    /// What it may have to show, by name: for the tests, which render them all.
    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)>;
}

/// For deeds that never show a form again.
impl View for Infallible {
    fn title(&self) -> String {
        match *self {}
    }

    fn main(&self, _: &Visit) -> Markup {
        match *self {}
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        Vec::new()
    }
}

/// A deed that is done.
#[derive(Debug)]
pub(crate) struct Done {
    /// The own path that the browser goes to, or a whole address that is ours.
    pub(crate) go: String,
    /// What the next page says.
    pub(crate) note: String,
    /// Whether that is good news.
    pub(crate) is_good: bool,
    /// What it was done to, for the audit log.
    pub(crate) subject: String,
    /// Who did it, where that is not who visited: somebody who has just signed in.
    pub(crate) by_whom: Option<String>,
    /// A cookie to keep.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Done {
    /// It was done to `subject`; the browser goes to an own path, which says so.
    pub(crate) fn to(go: impl Into<String>, subject: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            go: go.into(),
            note: note.into(),
            is_good: true,
            subject: subject.into(),
            by_whom: None,
            cookie: None,
        }
    }

    /// It was done, and what came of it is no good news.
    pub(crate) fn but(mut self) -> Self {
        self.is_good = false;
        self
    }
}

/// Why a deed is not done.
pub(crate) enum Again<V> {
    /// The form once more, with what was typed and what is wrong with it.
    Form(Box<V>),
    /// A page to read instead: what was made is shown this once. The deed is done, to this subject.
    Shown(Box<V>, String),
    /// It cannot be, whatever is typed.
    Refused(Refusal),
}

impl<V> Again<V> {
    /// The form once more.
    pub(crate) fn form(view: V) -> Self {
        Self::Form(Box::new(view))
    }

    /// What was made, shown this once.
    pub(crate) fn shown(view: V, subject: impl Into<String>) -> Self {
        Self::Shown(Box::new(view), subject.into())
    }
}

impl<V, E: Into<Refusal>> From<E> for Again<V> {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        // Letters that a header cannot carry are said in the other form, which every browser prefers.
        let plain: String = self
            .name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || "-_. ".contains(letter) {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        let whole: String = url::form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        let whole = whole.replace('+', "%20");
        let named = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_str(&named).unwrap_or(HeaderValue::from_static("attachment")),
            ),
        ];
        (StatusCode::OK, headers, self.text).into_response()
    }
}

/// Where a page stands in the menu.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) group: Group,
    pub(crate) icon: Icon,
    pub(crate) label: &'static str,
}

/// The groups of the menu, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// How everything is doing.
    Now,
    /// What flows, in and out.
    Flow,
    /// What is kept, and what it says.
    Data,
    /// What it rests on.
    Workspace,
    /// Trunkline itself.
    Process,
}

impl Group {
    /// In the order of the menu.
    pub(super) const ALL: [Self; 5] = [Self::Now, Self::Flow, Self::Data, Self::Workspace, Self::Process];

    /// What stands above it; nothing above the first.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Now => "",
            Self::Flow => "Flows",
            Self::Data => "Data",
            Self::Workspace => "Intercom",
            Self::Process => "Trunkline",
        }
    }
}

type Answer = Arc<dyn Fn(Asked) -> BoxFuture<'static, Response> + Send + Sync>;
type News =
    Arc<dyn Fn(Asked) -> BoxFuture<'static, Result<Vec<(&'static str, String)>, Refusal>> + Send + Sync>;

/// A sample of a page: which, as who sees it, rendered.
#[cfg(test)]
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) html: String,
}

/// A page or a deed.
pub(crate) struct Page {
    /// Resource and deed, such as `connections.rename`, as in the API.
    pub(super) id: &'static str,
    pub(super) path: &'static str,
    /// The least role; none for what is there before anybody signs in.
    pub(super) role: Option<Role>,
    pub(super) is_deed: bool,
    /// Whether it answers a file, which has nothing to render.
    #[cfg(test)]
    pub(super) is_file: bool,
    pub(super) is_live: bool,
    /// Whether a file may come with its form.
    pub(super) takes_file: bool,
    pub(super) entry: Option<Entry>,
    pub(super) answer: Answer,
    pub(super) news: News,
    #[cfg(test)]
    pub(super) samples: fn(&Visit) -> Vec<Sample>,
}

impl Page {
    /// A page that is looked at.
    pub(crate) fn look<V: View, F>(
        id: &'static str,
        path: &'static str,
        role: Role,
        make: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<V, Refusal>> + Send + 'static,
    {
        let for_news = make.clone();
        let answer: Answer = Arc::new(move |asked: Asked| {
            let visit = asked.visit.clone();
            let made = make(asked);
            Box::pin(async move {
                match made.await {
                    Ok(view) => layout::page(StatusCode::OK, &visit, &view),
                    Err(refusal) => layout::refused(&visit, &refusal),
                }
            })
        });
        let news: News = Arc::new(move |asked: Asked| {
            let visit = asked.visit.clone();
            let made = for_news(asked);
            Box::pin(async move {
                let view = made.await?;
                Ok(view
                    .live(&visit)
                    .into_iter()
                    .map(|(id, markup)| (id, markup.into_string()))
                    .collect())
            })
        });
        Self {
            id,
            path,
            role: Some(role),
            is_deed: false,
            #[cfg(test)]
            is_file: false,
            is_live: false,
            takes_file: false,
            entry: None,
            answer,
            news,
            #[cfg(test)]
            samples: samples::<V>,
        }
    }

    /// A file to keep, which is made while it is sent.
    pub(crate) fn file<R: IntoResponse, F>(
        id: &'static str,
        path: &'static str,
        role: Role,
        make: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<R, Refusal>> + Send + 'static,
    {
        let answer: Answer = Arc::new(move |asked: Asked| {
            let visit = asked.visit.clone();
            let made = make(asked);
            Box::pin(async move {
                match made.await {
                    Ok(file) => file.into_response(),
                    Err(refusal) => layout::refused(&visit, &refusal),
                }
            })
        });
        Self {
            id,
            path,
            role: Some(role),
            is_deed: false,
            #[cfg(test)]
            is_file: true,
            is_live: false,
            takes_file: false,
            entry: None,
            answer,
            news: Arc::new(|_| Box::pin(async { Ok(Vec::new()) })),
            #[cfg(test)]
            samples: samples::<Infallible>,
        }
    }

    /// A form's way in: something is changed, and the browser goes on to a page; or the form is shown again.
    pub(crate) fn deed<V: View, F>(
        id: &'static str,
        path: &'static str,
        role: Role,
        make: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Done, Again<V>>> + Send + 'static,
    {
        let answer: Answer = Arc::new(move |asked: Asked| {
            let (shared, visit, from) = (
                Arc::clone(&asked.shared),
                asked.visit.clone(),
                own_path(asked.form.get("_from")),
            );
            let made = make(asked);
            Box::pin(async move {
                match made.await {
                    Ok(done) => {
                        let by_whom = done.by_whom.as_deref().unwrap_or_else(|| who(&visit));
                        audit::note(&shared, by_whom, id, &done.subject).await;
                        let note = Note {
                            is_good: done.is_good,
                            text: done.note,
                        };
                        let mut response = lead(&visit, &done.go, &note);
                        if let Some(cookie) = done.cookie {
                            response.headers_mut().append(header::SET_COOKIE, cookie);
                        }
                        response
                    }
                    Err(Again::Form(view)) => layout::page(StatusCode::UNPROCESSABLE_ENTITY, &visit, &*view),
                    Err(Again::Shown(view, subject)) => {
                        audit::note(&shared, who(&visit), id, &subject).await;
                        layout::page(StatusCode::OK, &visit, &*view)
                    }
                    Err(Again::Refused(refusal)) => match from {
                        Some(from) => {
                            let text = format!("{} ({})", sentence(&refusal.message), refusal.code);
                            lead(&visit, &from, &Note { is_good: false, text })
                        }
                        None => layout::refused(&visit, &refusal),
                    },
                }
            })
        });
        Self {
            id,
            path,
            role: Some(role),
            is_deed: true,
            #[cfg(test)]
            is_file: false,
            is_live: false,
            takes_file: false,
            entry: None,
            answer,
            news: Arc::new(|_| Box::pin(async { Ok(Vec::new()) })),
            #[cfg(test)]
            samples: samples::<V>,
        }
    }

    /// A file may come with its form.
    pub(crate) const fn with_file(mut self) -> Self {
        self.takes_file = true;
        self
    }

    /// It is there before anybody signs in.
    pub(super) fn for_anybody(mut self) -> Self {
        self.role = None;
        self
    }

    /// It has a place in the menu.
    pub(crate) const fn in_menu(mut self, group: Group, icon: Icon, label: &'static str) -> Self {
        self.entry = Some(Entry { group, icon, label });
        self
    }

    /// Its regions are sent anew while somebody looks.
    pub(crate) const fn live(mut self) -> Self {
        self.is_live = true;
        self
    }

    pub(super) const fn method(&self) -> MethodFilter {
        if self.is_deed {
            MethodFilter::POST
        } else {
            MethodFilter::GET
        }
    }
}

#[cfg(test)]
fn samples<V: View>(visit: &Visit) -> Vec<Sample> {
    V::samples()
        .into_iter()
        .map(|(name, view)| Sample {
            name,
            html: layout::markup(visit, &view).into_string(),
        })
        .collect()
}

fn who(visit: &Visit) -> &str {
    match visit.name() {
        "" => "somebody",
        name => name,
    }
}

/// Sends the browser to an own path, or to an address that we made ourselves.
pub(super) fn lead(visit: &Visit, path: &str, note: &Note) -> Response {
    let whole = if path.starts_with('/') {
        visit.to(path)
    } else {
        path.to_owned()
    };
    let place = HeaderValue::from_str(&whole).unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
    if !note.text.is_empty() {
        visit.leave_note(&mut response, note);
    }
    response
}

/// A path of ours that a form or a query names; anything that could lead elsewhere is none.
pub(super) fn own_path(given: &str) -> Option<String> {
    let is_own = given.starts_with('/')
        && !given.starts_with("//")
        && given.len() <= 500
        && given.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_own.then(|| given.to_owned())
}

/// A refusal's words as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_gone_to() {
        for good in ["/", "/connections/acme", "/requests?status=4xx"] {
            assert_eq!(own_path(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "connections",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/ü",
        ] {
            assert_eq!(own_path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_is_said_as_a_sentence() {
        assert_eq!(sentence("there is no mirror `x`"), "There is no mirror `x`.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }
}
