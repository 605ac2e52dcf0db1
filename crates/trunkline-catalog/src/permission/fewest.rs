//! The fewest permissions that serve a set of needs.
//!
//! The one rule: the answer is exact. Fewer ticks win; among as many, those that allow less. There are some forty
//! permissions and most needs have one that serves them, so trying them all is quick.

use std::collections::BTreeSet;

use super::{Need, Permission, permissions};

/// The fewest permissions that serve every need, in the order of the table.
#[must_use]
pub fn fewest(needs: &BTreeSet<Need>) -> Vec<&'static Permission> {
    cover(permissions(), needs)
}

pub(super) fn cover<'p>(known: &'p [Permission], needs: &BTreeSet<Need>) -> Vec<&'p Permission> {
    let mut open: Vec<Choices> = needs
        .iter()
        .map(|need| {
            let mut choices: Vec<usize> = (0..known.len())
                .filter(|index| known[*index].serves(need))
                .collect();
            // What was asked for comes before what is more.
            choices.sort_by_key(|index| (!need.any.contains(&known[*index].label), breadth(&known[*index])));
            choices
        })
        .filter(|choices| !choices.is_empty())
        .collect();
    // Needs without a choice first: what they force may serve the others.
    open.sort_by_key(Vec::len);
    let mut search = Search {
        known,
        open: &open,
        best: None,
    };
    search.descend(0, &mut Vec::new());
    let mut found = search.best.unwrap_or_default();
    found.sort_unstable();
    found.into_iter().map(|index| &known[index]).collect()
}

/// The permissions that serve one need.
type Choices = Vec<usize>;

/// How much a permission allows beyond its own words.
fn breadth(permission: &Permission) -> usize {
    permission.covers.len()
}

struct Search<'p, 'n> {
    known: &'p [Permission],
    open: &'n [Choices],
    best: Option<Vec<usize>>,
}

impl Search<'_, '_> {
    fn descend(&mut self, place: usize, chosen: &mut Vec<usize>) {
        if self
            .best
            .as_ref()
            .is_some_and(|best| !self.is_better(chosen, best))
        {
            return;
        }
        let unserved = self.open[place..]
            .iter()
            .position(|choices| !choices.iter().any(|index| chosen.contains(index)));
        let Some(offset) = unserved else {
            self.best = Some(chosen.clone());
            return;
        };
        let place = place + offset;
        for index in &self.open[place] {
            chosen.push(*index);
            self.descend(place + 1, chosen);
            chosen.pop();
        }
    }

    /// Whether a choice, as far as it got, can still be better than the best.
    fn is_better(&self, chosen: &[usize], best: &[usize]) -> bool {
        let weight = |choice: &[usize]| -> (usize, usize) {
            let breadths = choice.iter().map(|index| breadth(&self.known[*index]));
            (choice.len(), breadths.sum())
        };
        weight(chosen) < weight(best)
    }
}
