//! Which operation a request line names.
//!
//! The rule: a literal segment wins over a parameter (`/contacts/search` is not the contact `search`). Read
//! `catalog.rs` next.

use std::collections::HashMap;

use crate::{Method, Operation};

#[derive(Debug)]
struct Route {
    segments: Vec<Segment>,
    operation: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Literal(&'static str),
    Parameter(&'static str),
}

/// Routes by method, number of segments and first segment, which is a literal in every path.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    groups: HashMap<(Method, usize, &'static str), Vec<Route>>,
}

impl Routes {
    pub(crate) fn new(operations: &[Operation]) -> Self {
        let mut routes = Self::default();
        for (operation, described) in operations.iter().enumerate() {
            let segments: Vec<Segment> = described
                .path
                .trim_start_matches('/')
                .split('/')
                .map(segment)
                .collect();
            let first = match segments[0] {
                Segment::Literal(text) | Segment::Parameter(text) => text,
            };
            routes
                .groups
                .entry((described.method, segments.len(), first))
                .or_default()
                .push(Route { segments, operation });
        }
        for group in routes.groups.values_mut() {
            group.sort_by_key(|route| {
                let parameters = route
                    .segments
                    .iter()
                    .map(|segment| matches!(segment, Segment::Parameter(_)));
                parameters.collect::<Vec<_>>()
            });
        }
        routes
    }

    pub(crate) fn find<'p>(
        &self,
        method: Method,
        path: &'p str,
    ) -> Option<(usize, Vec<(&'static str, &'p str)>)> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let count = path.bytes().filter(|byte| *byte == b'/').count() + 1;
        let first = path.split('/').next()?;
        let group = self.groups.get(&(method, count, first))?;
        let route = group.iter().find(|route| route.fits(path))?;
        let parameters =
            route
                .segments
                .iter()
                .zip(path.split('/'))
                .filter_map(|(segment, sent)| match segment {
                    Segment::Parameter(name) => Some((*name, sent)),
                    Segment::Literal(_) => None,
                });
        Some((route.operation, parameters.collect()))
    }
}

impl Route {
    fn fits(&self, path: &str) -> bool {
        self.segments
            .iter()
            .zip(path.split('/'))
            .all(|(segment, sent)| match segment {
                Segment::Literal(literal) => *literal == sent,
                Segment::Parameter(_) => !sent.is_empty(),
            })
    }
}

fn segment(text: &'static str) -> Segment {
    match text.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => Segment::Parameter(name),
        None => Segment::Literal(text),
    }
}
