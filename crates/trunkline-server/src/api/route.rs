//! A route: an address, who may use it, what it takes, what it answers, and the function that does it.
//!
//! The one rule: nothing is routed but through here, so nothing is without a description or a role.

use std::sync::Arc;

use axum::{
    Router,
    handler::Handler,
    middleware::{self, Next},
    routing::{MethodFilter, MethodRouter, on},
};
use http::StatusCode;
use trunkline_store::Role;
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::guard;
use crate::shared::Shared;

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As the description writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// The shape of a body, of an answer, or of a query.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) schema: RefOr<Schema>,
    /// The shapes that it refers to.
    pub(super) others: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        Self {
            name: T::name().into_owned(),
            schema: T::schema(),
            others,
        }
    }
}

/// A route of the API.
pub(super) struct Route {
    pub(super) role: Role,
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    /// Resource and deed, such as `connections.add`.
    pub(super) id: &'static str,
    /// One line on what it does.
    pub(super) summary: &'static str,
    pub(super) query: Option<Shape>,
    pub(super) body: Option<Shape>,
    pub(super) status: StatusCode,
    pub(super) answer: Option<Shape>,
    pub(super) may_conflict: bool,
    pub(super) asks_intercom: bool,
    handler: MethodRouter<Arc<Shared>>,
}

impl Route {
    /// A route that answers 204 until [`Route::answers`] says otherwise.
    pub(super) fn new<H, T>(
        role: Role,
        verb: Verb,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        Self {
            role,
            verb,
            path,
            id,
            summary,
            query: None,
            body: None,
            status: StatusCode::NO_CONTENT,
            answer: None,
            may_conflict: false,
            asks_intercom: false,
            handler: on(verb.filter(), handler),
        }
    }

    /// What may stand behind the `?`.
    pub(super) fn asks<T: ToSchema>(mut self) -> Self {
        self.query = Some(Shape::of::<T>());
        self
    }

    /// The body that it takes.
    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(Shape::of::<T>());
        self
    }

    /// What it answers when all is well.
    pub(super) fn answers<T: ToSchema>(mut self, status: StatusCode) -> Self {
        self.status = status;
        self.answer = Some(Shape::of::<T>());
        self
    }

    /// What is there already may be in its way.
    pub(super) fn may_conflict(mut self) -> Self {
        self.may_conflict = true;
        self
    }

    /// It calls Intercom, which may not answer.
    pub(super) fn asks_intercom(mut self) -> Self {
        self.asks_intercom = true;
        self
    }

    pub(super) fn add_to(self, router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
        let (role, takes_query, id) = (self.role, self.query.is_some(), self.id);
        let guarded = self
            .handler
            .route_layer(middleware::from_fn(move |request, next: Next| {
                guard::allow(role, takes_query, id, request, next)
            }));
        router.route(self.path, guarded)
    }
}
