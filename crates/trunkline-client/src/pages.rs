//! Long lists, page by page, in every style that the API has (facts 4.2).
//!
//! The one rule: a list ends only when the answer says so; a page that cannot be read, a repeated cursor or a lost scroll
//! is an error, never an early end. One file a style; `rows.rs` finds the rows, `state.rs` is what a checkpoint keeps.

mod cursor;
mod next_cursor;
mod next_url;
mod offset;
mod rows;
mod scroll;
mod size;
mod state;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use trunkline_catalog::{Effect, Operation, PageStyle};

use crate::{
    Call, CallError, Client, ErrorKind,
    stack::{self, Prepared},
};
use rows::List;
use size::PageSize;
use state::Position;

pub use state::PageState;

/// How long an open scroll of somebody else is waited for, and how often it is looked at.
const SCROLL_PATIENCE: Duration = Duration::from_secs(90);
const SCROLL_PAUSE: Duration = Duration::from_secs(5);

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    rows: Vec<Bytes>,
    body: Bytes,
    /// How many rows there are in all, when the answer says so.
    pub total_count: Option<u64>,
    /// What to keep in order to go on after this page; none when it is the last.
    pub next: Option<PageState>,
    /// How many requests the page took.
    pub requests: u32,
}

impl Page {
    /// The rows, each one JSON value; slices of the body, not copies.
    #[must_use]
    pub fn rows(&self) -> &[Bytes] {
        &self.rows
    }

    /// The rows, taken out.
    #[must_use]
    pub fn into_rows(self) -> Vec<Bytes> {
        self.rows
    }

    /// The whole body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// The pages of a list, fetched one after the other.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    call: Call,
    step: Step,
    size: PageSize,
    asked_size: Option<u16>,
    last_body: Option<Bytes>,
    /// Hashes of the cursors and URLs that were followed: a list that comes back to one would never end.
    followed: HashSet<u64>,
}

/// Where a pager stands.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Start,
    At(Position),
    End,
}

impl Pages {
    pub(crate) fn new(client: Client, call: Call, from: Option<PageState>) -> Self {
        let (step, asked_size) = match from {
            None => (Step::Start, None),
            Some(state) => (Step::At(state.position), state.per_page),
        };
        Self {
            client,
            call,
            step,
            size: PageSize::none(),
            asked_size,
            last_body: None,
            followed: HashSet::new(),
        }
    }

    /// Asks for this many rows a page instead of the most that the operation gives.
    #[must_use]
    pub fn with_per_page(mut self, rows: u16) -> Self {
        // A page number means nothing without the page size it was counted with.
        if !matches!(self.step, Step::At(Position::Page(_))) {
            self.asked_size = Some(rows);
        }
        self
    }

    /// The next page; none after the last. After an error the same page is fetched again.
    pub async fn next(&mut self) -> Result<Option<Page>, CallError> {
        let operation = self.client.operation(&self.call)?;
        let from = match &self.step {
            Step::End => return Ok(None),
            Step::Start => None,
            Step::At(position) => Some(position.clone()),
        };
        if let Some(position) = &from
            && !position.fits(operation.page_style)
        {
            let message = format!(
                "the saved page state is {}, which this operation does not use",
                position.name()
            );
            return Err(CallError::of(operation, ErrorKind::BadCall, message));
        }
        self.size.settle(operation.page_style, self.asked_size);
        let fetched = self.fetch_patiently(operation, from).await?;
        let next = self.next_step(operation, &fetched).map_err(|reason| {
            let mut error = CallError::of(operation, ErrorKind::BadAnswer, reason);
            error.attempts = fetched.requests;
            error
        })?;
        let Fetched {
            list,
            body,
            requests,
            position,
        } = fetched;
        self.last_body = Some(body.clone());
        self.step = next;
        let next = match &self.step {
            Step::At(position) => Some(PageState {
                position: position.clone(),
                per_page: self.size.asked(),
            }),
            Step::Start | Step::End => None,
        };
        if list.rows.is_empty() && next.is_none() && position.is_some() {
            return Ok(None);
        }
        Ok(Some(Page {
            rows: list.rows,
            body,
            total_count: list.total_count,
            next,
            requests,
        }))
    }

    /// Fetches a page; halves it when the server chokes on it, waits when another scroll is open.
    async fn fetch_patiently(
        &mut self,
        operation: &'static Operation,
        mut position: Option<Position>,
    ) -> Result<Fetched, CallError> {
        let started = Instant::now();
        let mut requests = 0;
        loop {
            match self.fetch(operation, position.as_ref()).await {
                Ok((list, body, attempts)) => {
                    return Ok(Fetched {
                        list,
                        body,
                        requests: requests + attempts,
                        position,
                    });
                }
                Err(mut error) => {
                    requests += error.attempts;
                    if matches!(error.status, Some(502 | 504)) && self.halve(&mut position) {
                        continue;
                    }
                    if error.kind == ErrorKind::ScrollBusy
                        && started.elapsed() + SCROLL_PAUSE <= SCROLL_PATIENCE
                    {
                        tokio::time::sleep(SCROLL_PAUSE).await;
                        continue;
                    }
                    if operation.page_style == PageStyle::Scroll
                        && position.is_some()
                        && scroll::is_lost(&error)
                    {
                        error.kind = ErrorKind::ScrollLost;
                    }
                    error.attempts = requests;
                    error.elapsed = started.elapsed();
                    return Err(error);
                }
            }
        }
    }

    async fn fetch(
        &self,
        operation: &'static Operation,
        position: Option<&Position>,
    ) -> Result<(List, Bytes, u32), CallError> {
        let mut call = self.call.clone();
        match operation.page_style {
            PageStyle::Single | PageStyle::WholeList | PageStyle::NextUrl => {}
            PageStyle::CursorInQuery { .. } => cursor::ask_in_query(&mut call, position, self.size.asked()),
            PageStyle::CursorInBody { .. } => cursor::ask_in_body(&mut call, position, self.size.asked()),
            PageStyle::Offset { .. } => offset::ask_in_query(&mut call, position, self.size.asked()),
            PageStyle::OffsetInBody { .. } => offset::ask_in_body(&mut call, position, self.size.asked()),
            PageStyle::Scroll => scroll::ask(&mut call, position),
            PageStyle::NextCursor { .. } => next_cursor::ask(&mut call, position, self.size.asked()),
        }
        let mut prepared = Prepared::new(operation, &call)?.metered(self.client.meter.as_ref());
        prepared.yield_gateway_errors = self.size.can_halve();
        if let Some(Position::Url(url)) = position {
            prepared.uri = next_url::target(&self.client.stack.connection.base_url, url)
                .map_err(|reason| CallError::of(operation, ErrorKind::BadAnswer, reason))?;
        }
        if operation.page_style == PageStyle::Scroll && position.is_some() {
            // Asking twice with one scroll_param may skip a page, so only what was surely not processed is repeated.
            prepared.effect = Effect::Write;
        }
        let single = operation.page_style == PageStyle::Single;
        stack::execute(
            &self.client.stack,
            &prepared,
            |answer| {
                stack::usable(operation, answer)?;
                if single {
                    Ok(List::single(answer.body()))
                } else {
                    List::read(answer.body())
                }
            },
            |answer, list| (list, answer.body, answer.attempts),
        )
        .await
    }

    fn next_step(&mut self, operation: &Operation, fetched: &Fetched) -> Result<Step, String> {
        let Fetched {
            list, body, position, ..
        } = fetched;
        let asked = self.size.asked();
        let next = match operation.page_style {
            PageStyle::Single | PageStyle::WholeList => None,
            PageStyle::CursorInQuery { .. } | PageStyle::CursorInBody { .. } => cursor::next(list),
            PageStyle::Offset { .. } | PageStyle::OffsetInBody { .. } => {
                let repeated = self.last_body.as_ref() == Some(body);
                offset::next(position.as_ref(), list, asked, repeated)?
            }
            PageStyle::Scroll => scroll::next(list),
            PageStyle::NextCursor { .. } => next_cursor::next(list),
            PageStyle::NextUrl => next_url::next(list),
        };
        let Some(mut next) = next else {
            return Ok(Step::End);
        };
        if let Position::Cursor(text) | Position::Url(text) = &next {
            // The place that was just read counts too, after a resume as well.
            if let Some(Position::Cursor(from) | Position::Url(from)) = position {
                self.followed.insert(hash(from));
            }
            if self.followed.contains(&hash(text)) {
                return Err("the answer names a page that was read already as the next one".to_owned());
            }
        }
        self.size.limit(list.per_page);
        self.size.good_page();
        self.grow(&mut next);
        Ok(Step::At(next))
    }

    /// Asks for less after a failure; false when less would not help.
    fn halve(&mut self, position: &mut Option<Position>) -> bool {
        let page = match position {
            Some(Position::Page(page)) => Some(*page),
            _ => None,
        };
        let Some(smaller) = self.size.half(page) else {
            return false;
        };
        if let Some(position) = position {
            self.resize(smaller, position);
            self.step = Step::At(position.clone());
        } else {
            self.size.set(smaller);
        }
        true
    }

    /// After some good pages the next ones are asked for at twice the size, up to what was asked for at first.
    fn grow(&mut self, next: &mut Position) {
        let before = match next {
            Position::Page(page) => Some(self.size.rows_before(*page)),
            _ => None,
        };
        if let Some(larger) = self.size.grown(before) {
            self.resize(larger, next);
        }
    }

    /// Another page size; a page number is turned into the one of the same place.
    fn resize(&mut self, size: u16, position: &mut Position) {
        if let Position::Page(page) = position {
            let before = self.size.rows_before(*page);
            *page = u32::try_from(before / u64::from(size) + 1).unwrap_or(u32::MAX);
        }
        self.size.set(size);
    }
}

/// A page that was fetched, and the place that it was fetched from.
struct Fetched {
    list: List,
    body: Bytes,
    requests: u32,
    position: Option<Position>,
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
