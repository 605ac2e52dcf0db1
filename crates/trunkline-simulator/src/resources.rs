//! Every simulated operation, by resource. A resource is one file; its operations are one table at the file's top.

pub(crate) mod companies;
pub(crate) mod contacts;
mod conversation_reads;
mod lists;
mod ticket_reads;

use std::{collections::HashMap, sync::LazyLock};

use crate::{pipeline::Request, reply::Answer, workspace::Workspace};

/// What answers an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// Changes nothing; many may run at once.
    Read(fn(&Workspace, &Request<'_>) -> Answer),
    /// May change the workspace.
    Write(fn(&mut Workspace, &Request<'_>) -> Answer),
}

/// The tables of all resources.
const TABLES: &[&[(&str, Handler)]] = &[
    companies::HANDLERS,
    contacts::HANDLERS,
    conversation_reads::HANDLERS,
    lists::HANDLERS,
    ticket_reads::HANDLERS,
];

static HANDLERS: LazyLock<HashMap<&'static str, Handler>> =
    LazyLock::new(|| TABLES.iter().flat_map(|table| table.iter().copied()).collect());

/// What answers the operation with this id, if it is simulated.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    HANDLERS.get(operation).copied()
}

#[cfg(test)]
mod tests {
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn every_handler_answers_an_operation_of_the_catalog_and_only_one_does() {
        for (operation, _) in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(Catalog::embedded().operation(operation).is_some(), "{operation}");
        }
        assert_eq!(
            HANDLERS.len(),
            TABLES.iter().map(|table| table.len()).sum::<usize>()
        );
    }
}
