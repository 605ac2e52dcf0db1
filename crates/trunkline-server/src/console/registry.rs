//! Every page of the console, in the order of the menu.
//!
//! The one rule: what is not listed here is not there: the router, the menu and the tests are made of this list.

use super::{
    page::{Entry, Group, Page},
    pages::{
        account, actions, alerts, audit, connections, data, deliveries, flows, import, keys, mirrors,
        notifications, overview, people, recipes, reports, requests, settings, sign_in, simulator, writes,
    },
};

/// Every page and deed.
pub(super) fn pages() -> Vec<Page> {
    [
        sign_in::pages(),
        overview::pages(),
        alerts::pages(),
        flows::pages(),
        recipes::pages(),
        deliveries::pages(),
        data::pages(),
        reports::pages(),
        mirrors::pages(),
        actions::pages(),
        import::pages(),
        writes::pages(),
        connections::pages(),
        notifications::pages(),
        requests::pages(),
        simulator::pages(),
        settings::pages(),
        people::pages(),
        keys::pages(),
        audit::pages(),
        account::pages(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The menu: what has a place in it, group by group.
#[derive(Debug, Default)]
pub(crate) struct Menu {
    pub(super) items: Vec<Item>,
}

/// A line of the menu.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) entry: Entry,
    pub(super) path: &'static str,
    pub(super) role: Option<trunkline_store::Role>,
}

/// The menu, made of the pages.
pub(super) fn menu() -> Menu {
    let mut items: Vec<Item> = pages()
        .into_iter()
        .filter_map(|page| {
            page.entry.map(|entry| Item {
                entry,
                path: page.path,
                role: page.role,
            })
        })
        .collect();
    items.sort_by_key(|item| Group::ALL.iter().position(|group| *group == item.entry.group));
    Menu { items }
}
