//! Modules about data events: what contacts did in the product.

mod list_of_contact;
mod submit;

use crate::Action;

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let mut all = Vec::new();
    all.extend(list_of_contact::actions());
    all.extend(submit::actions());
    all
}
